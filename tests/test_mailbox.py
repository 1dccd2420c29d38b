"""The simulated mailbox: Python's own IMAP client and a plain HTTP client read the same mail."""

from __future__ import annotations

import asyncio
import email
import imaplib
from collections.abc import Iterator
from datetime import timedelta
from email.policy import default

import httpx
import pytest
from mailbox_server import imap_of
from portal_clients import SetClock

from sandbox.mailbox import Mailbox, mailbox_app, make_mailbox

CODES = "codes@portal.example"


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def box(clock: SetClock) -> Mailbox:
    box = make_mailbox(1, clock=clock)
    box.deliver("news@elsewhere.example", "Offers", "Nothing of note.")
    box.deliver(CODES, "Your code", "The code is 123456.")
    return box


@pytest.fixture
def client(box: Mailbox) -> Iterator[imaplib.IMAP4]:
    with imap_of(box) as port, imaplib.IMAP4("127.0.0.1", port, timeout=10) as client:
        client.login(box.username, box.password)
        yield client


def ids(client: imaplib.IMAP4, *keys: str) -> list[bytes]:
    state, found = client.uid("SEARCH", *keys)
    assert state == "OK"
    return list(found[0].split())


def test_a_mail_is_found_by_sender_and_read_whole(client: imaplib.IMAP4, clock: SetClock) -> None:
    assert client.select("INBOX") == ("OK", [b"2"])
    assert client.capabilities == ("IMAP4REV1",)
    today = f"{clock():%d-%b-%Y}"
    assert ids(client, "UNSEEN", "FROM", f'"{CODES}"', "SINCE", today) == [b"2"]
    tomorrow = f"{clock() + timedelta(days=1):%d-%b-%Y}"
    assert ids(client, "SINCE", tomorrow) == []
    state, parts = client.uid("FETCH", "2", "(BODY.PEEK[] FLAGS)")
    assert state == "OK"
    mail = email.message_from_bytes(parts[0][1], policy=default)
    assert (mail["From"], mail["Subject"]) == (CODES, "Your code")
    assert mail.get_content().strip() == "The code is 123456."
    assert ids(client, "UNSEEN") == [b"1", b"2"], "a peek leaves a mail unread"
    client.fetch("2", "(RFC822)")
    assert ids(client, "UNSEEN") == [b"1"]
    assert ids(client, "OR", "SEEN", "SUBJECT", "offers") == [b"1", b"2"]
    client.uid("STORE", "1", "+FLAGS", r"(\Seen)")
    assert ids(client, "UNSEEN") == []
    client.store("1", "-FLAGS.SILENT", r"\Seen")
    assert ids(client, "NOT", "SEEN") == [b"1"]


def test_a_mailbox_opened_to_be_read_is_left_as_it_was(client: imaplib.IMAP4) -> None:
    client.select("INBOX", readonly=True)
    client.fetch("1:*", "(RFC822)")
    assert ids(client, "UNSEEN") == [b"1", b"2"]
    with pytest.raises(imaplib.IMAP4.error):
        client.store("1", "+FLAGS", r"\Seen")


def test_a_late_mail_arrives_while_the_box_is_open(
    client: imaplib.IMAP4, box: Mailbox, clock: SetClock
) -> None:
    client.select()
    box.late = 90
    box.deliver(CODES, "Your code", "The code is 654321.")
    assert ids(client, "FROM", CODES) == [b"2"]
    clock.ahead = timedelta(seconds=91)
    client.noop()
    assert client.response("EXISTS")[1][-1] == b"3"
    assert ids(client, "FROM", CODES) == [b"2", b"3"]


def test_what_is_wrong_is_refused_and_the_talk_goes_on(client: imaplib.IMAP4) -> None:
    state, said = client.select("Archive")
    assert (state, said) == ("NO", [b"there is no mailbox Archive"])
    client.select()
    with pytest.raises(imaplib.IMAP4.error):
        client.search(None, "COLOUR", "red")
    assert ids(client, "ALL") == [b"1", b"2"]


def test_a_wrong_password_opens_nothing(box: Mailbox) -> None:
    with imap_of(box) as port, imaplib.IMAP4("127.0.0.1", port, timeout=10) as client:
        with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
            client.login(box.username, "not-it")
        client.state = "AUTH"  # as a client would have it that did not listen
        assert client.select("INBOX") == ("NO", [b"log in first"])


def test_the_page_of_messages_holds_the_same_and_wants_to_know_who_reads(box: Mailbox) -> None:
    async def read() -> None:
        there = httpx.ASGITransport(mailbox_app(box))
        async with httpx.AsyncClient(transport=there, base_url="http://mail.example") as page:
            assert (await page.get("/messages.json")).status_code == 401
            wrong = await page.get("/messages.json", auth=(box.username, "not-it"))
            assert wrong.status_code == 401
            listed = (await page.get("/messages.json", auth=(box.username, box.password))).json()
            assert [one["from"] for one in listed] == ["news@elsewhere.example", CODES]
            assert listed[1].keys() == {"id", "from", "subject", "received", "text"}
            bearer = {"Authorization": f"Bearer {box.token}"}
            assert (await page.get("/messages.json", headers=bearer)).json() == listed
            assert (await page.get(f"/messages.json?token={box.token}")).json() == listed

    asyncio.run(read())
