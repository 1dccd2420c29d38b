"""A sweep of the Medicare contractor's portal, code by mail, answers as the key says."""

from __future__ import annotations

import asyncio
import imaplib
import json
import os
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from conftest import PROJECT, SandboxServer
from medicare_portal import PAYER_ID, Medicare, Visitor, medicare, medicare_books
from portal_clients import SetClock, answering
from sweeping import Desk, differences, furnish, read_answers

from billing.errors import NeedsPerson, StopAccount, TryLater
from billing.ledger import open_ledger
from bots.portal.browser import Browser
from bots.portal.session import PortalSession
from bots.profile import load_profile
from flows.login_book import AccountBook
from sandbox.__main__ import AS_OF
from sandbox.books import make_world
from sandbox.canary import canary
from sandbox.exports import write_exports
from sandbox.truth import truth_rows
from sandbox.world import World

pytestmark = pytest.mark.usefixtures("browser_executable")
SEED, CLAIMS = 5, 16
CLEAN = ("writes", "locks", "refusals", "concurrent_sessions", "expired_sessions")


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(SEED, CLAIMS, AS_OF, (PAYER_ID,))


@pytest.fixture
def sit(world: World, tmp_path: Path) -> Callable[[Medicare], Desk]:
    """A desk with the export on it, whose settings point at a portal and its mailbox."""

    def sit_down(portal: Medicare) -> Desk:
        settings = tmp_path / "settings.toml"
        secrets = [f'"{PAYER_ID}/{name}" = "{said}"' for name, said in portal.secrets().items()]
        secrets.append(f'"{PAYER_ID}/canary" = {json.dumps(canary(portal.payer))}')
        lines = ["[portals]", f'{PAYER_ID} = "{portal.address}"', "[secrets]", *secrets]
        settings.write_text("\n".join(lines) + "\n", encoding="utf-8")
        settings.chmod(0o600)
        write_exports(world, tmp_path / "exports")
        desk = Desk(SandboxServer(SEED, CLAIMS, settings, os.getpid()), tmp_path)
        furnish(desk.home)
        return desk

    return sit_down


def test_every_field_of_every_claim_agrees_with_the_answer_key(
    world: World, sit: Callable[[Medicare], Desk]
) -> None:
    with medicare(world.payer(PAYER_ID)) as portal:
        portal.knobs.announcement = portal.knobs.stale_banner = True
        portal.mailbox.late = 3.0
        swept = sit(portal).sweep()
        counted = portal.counters()
    answers = read_answers(swept)
    assert len(answers) == CLAIMS
    assert differences(list(truth_rows(world)), answers) == []
    denied = [row for row in answers if row["outcome"] == "denied"]
    assert denied
    assert {row["status_category"] for row in denied} == {"F0"}, "the portal never says so"
    assert {name: counted[name] for name in CLEAN} == dict.fromkeys(CLEAN, 0)
    assert counted["logins"] == 1
    assert counted["documents"]


def enter(portal: Medicare, browser: Browser, home: Path, *, wait_seconds: int = 30) -> set[str]:
    """Sign in and out as a sweep would; the drift seen on the way."""
    profile = load_profile(PROJECT / "payer_profiles" / PAYER_ID)
    login = profile.file.login
    factor = login.second_factor
    assert factor is not None
    assert factor.mail is not None
    mail = factor.mail.model_copy(update={"wait_seconds": wait_seconds})
    quick = login.model_copy(update={"second_factor": factor.model_copy(update={"mail": mail})})
    file = profile.file.model_copy(update={"login": quick})

    async def go() -> set[str]:
        book = AccountBook(open_ledger(home), PAYER_ID, login.attempts_before_lockout)
        session = PortalSession(
            profile.model_copy(update={"file": file}),
            portal.address,
            browser,
            portal.secrets().__getitem__,
            book,
        )
        async with session:
            return session.hand.drift

    return asyncio.run(go())


@pytest.fixture
def portal() -> Iterator[Medicare]:
    with medicare(medicare_books()) as opened:
        yield opened


def test_a_first_code_that_is_superseded_is_followed_by_the_second(
    portal: Medicare, browser_executable: Browser, tmp_path: Path
) -> None:
    portal.mailbox.late, portal.mailbox.superseded = 2.0, True
    assert enter(portal, browser_executable, tmp_path / "home") == set()
    counted = portal.counters()
    assert (counted["logins"], counted["refusals"], counted["locks"]) == (1, 1, 0)


def test_a_code_that_has_expired_stops_the_account(
    portal: Medicare, browser_executable: Browser, tmp_path: Path
) -> None:
    portal.mailbox.expired = True
    with pytest.raises(StopAccount, match="refused the login"):
        enter(portal, browser_executable, tmp_path / "home")
    assert portal.counters()["locks"] == 0


def test_a_mail_that_does_not_come_is_for_a_person(
    portal: Medicare, browser_executable: Browser, tmp_path: Path
) -> None:
    portal.mailbox.late = 3600
    with pytest.raises(NeedsPerson, match="no message with a code came in 3 s"):
        enter(portal, browser_executable, tmp_path / "home", wait_seconds=3)
    assert portal.counters()["refusals"] == 0


def test_whoever_left_without_logging_out_tries_later_and_spends_no_login(
    portal: Medicare, browser_executable: Browser, tmp_path: Path
) -> None:
    person = Visitor(portal).inside()
    with pytest.raises(TryLater, match="takes no login before"):
        enter(portal, browser_executable, tmp_path / "home")
    person.get("/logout")
    person.http.close()
    assert enter(portal, browser_executable, tmp_path / "home") == set()
    counted = portal.counters()
    assert (counted["logins"], counted["refusals"]) == (2, 0)


@pytest.mark.parametrize(
    ("knob", "why"),
    [("captcha", "characters in a picture"), ("password_expired", "the password has expired")],
)
def test_what_only_a_person_can_pass_is_left_to_one(
    portal: Medicare, browser_executable: Browser, tmp_path: Path, knob: str, why: str
) -> None:
    setattr(portal.knobs, knob, True)
    with pytest.raises(NeedsPerson, match=why):
        enter(portal, browser_executable, tmp_path / "home")
    counted = portal.counters()
    assert (counted["refusals"], counted["writes"], counted["logins"]) == (0, 0, 0)


def test_the_sandbox_serves_the_portal_with_its_mailbox(world: World) -> None:
    with answering(world, SetClock()) as portals:
        address = urlsplit(portals.mailboxes[PAYER_ID])
        said = tomllib.loads(portals.settings(Path("home")))
        assert said["secrets"][f"{PAYER_ID}/mailbox"] == portals.mailboxes[PAYER_ID]
        with imaplib.IMAP4(str(address.hostname), address.port or 0, timeout=10) as client:
            client.login(unquote(str(address.username)), str(address.password))
            assert client.select("INBOX") == ("OK", [b"0"])
