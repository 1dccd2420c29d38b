"""One-time codes: never an old one, never another's, never one time step or message twice."""

from __future__ import annotations

import asyncio
import base64
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import uvicorn
from conftest import PROJECT
from door import CODES, PASSWORD, USER, Door, door_profile, opened
from mailbox_server import imap_of
from portal_clients import SetClock

from billing.errors import BadInput, NeedsPerson, StopAccount, TryLater
from billing.ledger import open_ledger
from bots.entrance import CodeMail, SecondFactor
from bots.portal.browser import Browser
from bots.portal.mail import open_mailbox
from bots.portal.second_factor import AskPerson, MailedCodes, clock_code, codes_of
from bots.portal.session import PortalSession
from bots.profile import Profile
from flows.codes import FOLDER, code_from_person, give_code
from flows.login_book import AccountBook
from sandbox.mailbox import Mailbox, mailbox_app, make_mailbox

MAIL = {"from": CODES, "subject": "door code", "wait_seconds": 6}
ASKED: dict[str, object] = {
    "asked_when": {"role": "heading", "name": "How shall we send it?"},
    "ask": [{"click": {"role": "button", "name": "Send code"}}],
    "steps": [
        {"fill": {"label": "Code", "value": "{secret.code}"}},
        {"click": {"role": "button", "name": "Verify"}},
    ],
    "superseded_when": {"text": "We sent you a newer code."},
    "expired_when": {"text": "That code has run out."},
    "again": [{"click": {"role": "button", "name": "Send another"}}],
    "step_up_when": {"role": "heading", "name": "One more code"},
}
MAILED = ASKED | {"kind": "mailed_code", "mail": MAIL}
Inside = Callable[[PortalSession], Awaitable[None]]
BY_PERSON = ASKED | {"kind": "person", "wait_seconds": 2}


@pytest.fixture
def box() -> Mailbox:
    return make_mailbox(1, clock=SetClock())


@pytest.fixture(params=["imap", "page"])
def mailbox_address(request: pytest.FixtureRequest, box: Mailbox) -> Iterator[str]:
    """The same mail by IMAP and as a page."""
    user = box.username.replace("@", "%40")
    if request.param == "imap":
        with imap_of(box) as port:
            yield f"imap://{user}:{box.password}@127.0.0.1:{port}/INBOX"
        return
    server = uvicorn.Server(
        uvicorn.Config(mailbox_app(box), host="127.0.0.1", port=0, log_level="critical")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://{user}:{box.password}@127.0.0.1:{port}/messages.json"
    server.should_exit = True
    thread.join(20)


def read(mailbox_address: str, box: Mailbox, *later: tuple[str, str, str], wait: int = 4) -> str:
    """The code that is read when ``later`` arrives after the question."""
    mail = CodeMail.model_validate(MAIL | {"wait_seconds": wait})
    codes = MailedCodes("acme", open_mailbox("acme/mailbox", mailbox_address), mail)

    async def ask() -> str:
        await codes.ready()
        for one in later:
            box.deliver(*one)
        return await codes.code(None)

    return asyncio.run(ask())


def test_only_a_message_that_came_after_the_question_counts(
    mailbox_address: str, box: Mailbox
) -> None:
    box.deliver(CODES, "Your door code", "Your code is 111111.")
    assert read(mailbox_address, box, (CODES, "Your door code", "It is 222222.")) == "222222"
    with pytest.raises(NeedsPerson, match="no message with a code came in 1 s"):
        read(mailbox_address, box, wait=1)


def test_the_newest_message_of_the_right_sender_and_subject_wins(
    mailbox_address: str, box: Mailbox
) -> None:
    messages = [
        (f"Door <{CODES.upper()}>", "Your DOOR code", "It is 333333."),
        (CODES, "Your door code", "It is 444444, and again 444444."),
        (CODES, "Your invoice", "Number 555555."),
        ("codes@door.example.evil.example", "Your door code", "It is 666666."),
    ]
    assert read(mailbox_address, box, *messages) == "444444"


def test_a_message_with_two_codes_needs_a_person(mailbox_address: str, box: Mailbox) -> None:
    with pytest.raises(NeedsPerson, match="2 codes instead of one") as refused:
        read(mailbox_address, box, (CODES, "Your door code", "123123 or 456456"))
    assert "123123" not in str(refused.value)


def test_a_mailbox_that_cannot_be_used_is_one_sentence_without_its_words(
    mailbox_address: str, box: Mailbox
) -> None:
    wrong = mailbox_address.replace(box.password, "wr0ng")
    with pytest.raises(BadInput) as refused:
        open_mailbox("acme/mailbox", wrong).mark()
    assert "acme/mailbox" in str(refused.value) or "of acme/mailbox" in str(refused.value)
    for word in ("wr0ng", box.username, "larkspur"):
        assert word not in str(refused.value)


@pytest.mark.parametrize(
    "address",
    ["pop://u:hush@mail.example", "imap:///INBOX", "http://mail.example/m.json", "http://:hush"],
)
def test_an_address_that_is_no_mailbox_is_refused_unshown(address: str) -> None:
    with pytest.raises(BadInput) as refused:
        open_mailbox("acme/mailbox", address)
    assert "hush" not in str(refused.value)
    assert "mail.example" not in str(refused.value)


def test_a_mailbox_that_is_away_is_asked_again_later() -> None:
    with pytest.raises(TryLater, match="acme/mailbox does not answer"):
        open_mailbox("acme/mailbox", "imap://u:p@127.0.0.1:9/INBOX").mark()


class Hall:
    """A door with a mailbox, and a ledger that remembers who knocked."""

    def __init__(self, browser: Browser, box: Mailbox, mailbox_address: str, home: Path) -> None:
        self.browser, self.ledger = browser, open_ledger(home)
        self.door = Door(mailbox=box, second_factor=True)
        self.secrets = {"username": USER, "password": PASSWORD, "mailbox": mailbox_address}

    def enter(
        self, profile: Profile, ask: AskPerson | None = None, inside: Inside | None = None
    ) -> None:
        """Sign in, do what is to be done ``inside``, and sign out."""

        async def come_and_go() -> None:
            book = AccountBook(self.ledger, "acme", 3)
            async with PortalSession(
                profile, self.door.address, self.browser, self.secrets.__getitem__, book, ask
            ) as session:
                assert len(self.door.open) == 1
                if inside is not None:
                    await inside(session)

        with opened(self.door):
            asyncio.run(come_and_go())


@pytest.fixture
def hall(browser_executable: Browser, box: Mailbox, mailbox_address: str, tmp_path: Path) -> Hall:
    return Hall(browser_executable, box, mailbox_address, tmp_path / "home")


@pytest.mark.browser
def test_a_mailed_code_opens_the_door_and_nobody_hears_of_it(
    hall: Hall, box: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    box.deliver(CODES, "Your door code", "Your code is 111111.")
    hall.enter(door_profile(MAILED))
    assert (hall.door.logins, hall.door.refusals, hall.door.logouts) == (1, 0, 1)
    assert hall.ledger.login_standing("acme").spent == 0
    assert hall.door.codes[0] not in caplog.text
    assert PASSWORD not in caplog.text


@pytest.mark.browser
def test_a_code_that_a_newer_one_superseded_is_followed_by_that_one_once(hall: Hall) -> None:
    hall.door.late_second = 3.0
    hall.enter(door_profile(MAILED))
    assert (hall.door.logins, hall.door.refusals) == (1, 1)
    assert hall.ledger.login_standing("acme").spent == 0


@pytest.mark.browser
def test_the_newer_code_is_left_alone_where_the_budget_is_short(hall: Hall) -> None:
    hall.ledger.begin_login("acme", datetime.now(UTC), lambda _: True)  # cut off the night before
    hall.door.late_second = 3.0
    with pytest.raises(StopAccount, match="2 of the 3 logins"):
        hall.enter(door_profile(MAILED))
    assert (hall.door.logins, hall.door.refusals, hall.door.locks) == (0, 1, 0)


@pytest.mark.browser
def test_a_mailbox_that_refuses_us_spends_no_attempt(hall: Hall) -> None:
    hall.secrets["mailbox"] = hall.secrets["mailbox"].replace("@127", "x@127")
    with pytest.raises(BadInput, match="juniper-ridge/mailbox"):
        hall.enter(door_profile(MAILED))
    assert "POST /" not in hall.door.shown
    assert hall.ledger.login_standing("acme").last_attempt_at is None


def waiting(home: Path, payer: str) -> Path:
    return home / FOLDER / f"{payer}.asked"


def given_by_command(home: Path, payer: str, typed: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "flows", "code", payer, "--home", str(home)]
    return subprocess.run(
        command, cwd=PROJECT, input=typed, capture_output=True, text=True, timeout=60, check=False
    )


async def until_asked(home: Path, payer: str) -> None:
    async with asyncio.timeout(20):
        while not waiting(home, payer).exists():
            await asyncio.sleep(0.05)


def test_a_code_given_in_another_terminal_reaches_the_run_that_waits(tmp_path: Path) -> None:
    async def ask() -> str:
        until = datetime.now(UTC) + timedelta(seconds=60)
        run = asyncio.create_task(code_from_person(tmp_path, "acme", until))
        await until_asked(tmp_path, "acme")
        assert waiting(tmp_path, "acme").stat().st_mode & 0o077 == 0
        done = await asyncio.to_thread(given_by_command, tmp_path, "acme", "482913\n")
        assert (done.returncode, done.stdout) == (0, "acme: given to the run that waits.\n")
        return await run

    assert asyncio.run(ask()) == "482913"
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_a_code_lies_sealed_and_one_sealed_for_another_question_is_not_taken(
    tmp_path: Path,
) -> None:
    async def ask() -> None:
        until = datetime.now(UTC) + timedelta(seconds=2)
        question, answer = waiting(tmp_path, "acme"), tmp_path / FOLDER / "acme.given"
        run = asyncio.create_task(code_from_person(tmp_path, "acme", until))
        await until_asked(tmp_path, "acme")
        mine = question.read_bytes()
        other = asyncio.create_task(code_from_person(tmp_path, "other", until))
        await until_asked(tmp_path, "other")
        question.write_bytes(waiting(tmp_path, "other").read_bytes())
        give_code(tmp_path, "acme", "482913")
        assert b"482913" not in (answer.read_bytes() if answer.exists() else b"")
        question.write_bytes(mine)
        with pytest.raises(NeedsPerson, match="nobody gave one"):
            await run
        with pytest.raises(NeedsPerson):
            await other

    asyncio.run(ask())


def test_nobody_waits_is_one_sentence(tmp_path: Path) -> None:
    done = given_by_command(tmp_path, "acme", "482913\n")
    assert done.returncode == 2
    assert done.stderr == "No run waits for a code of acme; give --home if it works elsewhere\n"


@pytest.mark.browser
def test_a_person_opens_the_door_or_the_claims_wait_for_one(
    browser_executable: Browser, box: Mailbox, tmp_path: Path
) -> None:
    hall = Hall(browser_executable, box, "", tmp_path)

    async def told(until: datetime) -> str:
        return hall.door.codes[-1]

    hall.enter(door_profile(BY_PERSON), told)
    assert hall.door.logins == 1

    async def nobody(until: datetime) -> str:
        return await code_from_person(tmp_path, "acme", until)

    with pytest.raises(NeedsPerson, match="claimsweep code acme"):
        hall.enter(door_profile(BY_PERSON), nobody)
    assert (hall.door.logins, hall.door.refusals) == (1, 0)


def test_a_clock_code_of_a_used_time_step_is_waited_out(monkeypatch: pytest.MonkeyPatch) -> None:
    factor = SecondFactor.model_validate(ASKED | {"kind": "totp"})

    async def secret(_: str) -> str:
        return "JBSWY3DPEHPK3PXP"

    slept: list[float] = []

    async def cut_short(seconds: float) -> None:
        slept.append(seconds)
        raise InterruptedError

    async def ask() -> None:
        codes = await codes_of("acme", factor, secret, None, SetClock())
        with pytest.raises(InterruptedError):
            await codes.code(datetime.now(UTC))

    monkeypatch.setattr("bots.portal.second_factor.asyncio.sleep", cut_short)
    asyncio.run(ask())
    assert 0 < slept[0] <= 30


def test_clock_codes_are_those_of_the_standard() -> None:
    key = b"12345678901234567890"  # RFC 6238, appendix B
    assert [clock_code(key, at // 30) for at in (59, 1111111109, 20000000000)] == [
        "287082",
        "081804",
        "353130",
    ]


@pytest.mark.parametrize("secret", ["JBSW Y3DP-ehpk 3PXP", "JBSWY3DPEHPK3PXP", "MFRGGZDF", "ME=="])
def test_a_short_or_grouped_secret_is_read_as_portals_show_it(secret: str) -> None:
    factor = SecondFactor.model_validate(ASKED | {"kind": "totp"})

    async def told(_: str) -> str:
        return secret

    async def ask() -> str:
        return await (await codes_of("acme", factor, told, None, SetClock())).code(None)

    code = asyncio.run(ask())
    letters = secret.replace(" ", "").replace("-", "").upper().rstrip("=")
    key = base64.b32decode(letters + "=" * (-len(letters) % 8))
    step = int(time.time()) // 30
    assert code in (clock_code(key, step), clock_code(key, step - 1))


def test_mail_goes_with_mailed_codes_only() -> None:
    for wrong in ({"kind": "totp", "mail": MAIL}, {"kind": "mailed_code"}):
        with pytest.raises(ValueError, match="mail goes with kind mailed_code"):
            SecondFactor.model_validate(ASKED | wrong)
