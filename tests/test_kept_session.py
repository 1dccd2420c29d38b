"""A session left open spares the next login, opens for nobody else, and never costs an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import PROJECT
from door import PASSWORD, USER, Door, door_profile, opened

from billing.errors import BadInput, ProfileError
from billing.ledger import open_ledger
from bots.entrance import Session
from bots.portal.browser import Browser
from bots.portal.memory import LONGEST, Kept, Memory
from bots.portal.session import PortalSession
from bots.profile import Profile, load_profile
from flows.kept_session import SealedSession, kept_until, sealed_path, session_key
from flows.login_book import AccountBook
from flows.settings import load_settings

KEY = "0f1e2d3c" * 8
REUSE = {"minutes": 10, "start": "/inside"}
TOKEN = "opaque-token-of-the-tab"


class Porch:
    """A door, a ledger, and runs that come and go one after the other."""

    def __init__(self, browser: Browser, home: Path) -> None:
        self.browser, self.home = browser, home
        self.door, self.ledger = Door(), open_ledger(home)
        self.profile, self.key, self.password = door_profile(reuse=REUSE), KEY, PASSWORD

    @property
    def keep(self) -> SealedSession:
        return SealedSession(self.home, self.profile, self.door.address, self.key)

    @property
    def sealed(self) -> Path:
        return sealed_path(self.home, self.profile.id)

    @property
    def login(self) -> dict[str, str]:
        return {"secret.username": USER, "secret.password": self.password}

    def enter(self, inside: str = "location.pathname", fails: bool = False) -> tuple[bool, object]:
        """Come and go; whether the session was one left open, and what ``inside`` evaluates to."""

        async def come_and_go() -> tuple[bool, object]:
            secrets = {"username": USER, "password": self.password}
            book = AccountBook(self.ledger, "acme", 3)
            async with PortalSession(
                self.profile,
                self.door.address,
                self.browser,
                secrets.__getitem__,
                book,
                memory=Memory(self.keep),
            ) as session:
                found = await session.page.evaluate(inside)
                if fails:
                    raise InterruptedError
                return session.reused, found

        return asyncio.run(come_and_go())

    def aged(self, minutes: int) -> None:
        """What is kept was last used so long ago."""
        kept = self.keep.load(self.login)
        assert kept is not None
        then = kept.used_at - timedelta(minutes=minutes)
        self.keep.save(Kept(kept.state, kept.tab, then, then), self.login)


@pytest.fixture
def porch(browser_executable: Browser, tmp_path: Path) -> Iterator[Porch]:
    porch = Porch(browser_executable, tmp_path / "home")
    with opened(porch.door):
        yield porch


@pytest.mark.browser
def test_the_next_run_goes_on_in_the_session_left_open(porch: Porch) -> None:
    assert porch.enter() == (False, "/inside")
    assert porch.enter() == (True, "/inside")
    assert (porch.door.logins, porch.door.logouts) == (1, 0)
    assert [path.name for path in porch.sealed.parent.iterdir()] == ["juniper-ridge.sealed"]
    assert porch.sealed.stat().st_mode & 0o777 == 0o600
    assert porch.sealed.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.browser
def test_what_the_browser_stored_comes_back_and_lies_in_clear_nowhere(porch: Porch) -> None:
    store = f"""async () => {{
      sessionStorage.token = localStorage.token = "{TOKEN}";
      await new Promise((done) => {{
        const open = indexedDB.open("portal");
        open.onupgradeneeded = () => open.result.createObjectStore("tokens").put("{TOKEN}", 1);
        open.onsuccess = done;
      }});
      return document.cookie;
    }}"""
    _, cookie = porch.enter(store)
    assert cookie == "session=s1"
    sealed = porch.sealed.read_bytes()
    for word in (TOKEN, "session", USER, PASSWORD, "127.0.0.1"):
        assert word.encode() not in sealed
    asked = len(porch.door.shown)
    read = """async () => [sessionStorage.token, localStorage.token, await new Promise((done) => {
      const open = indexedDB.open("portal");
      open.onsuccess = () => {
        const get = open.result.transaction("tokens").objectStore("tokens").get(1);
        get.onsuccess = () => done(get.result);
      };
    })]"""
    assert porch.enter(read) == (True, [TOKEN, TOKEN, TOKEN])
    pages = [one for one in porch.door.shown[asked:] if not one.endswith("favicon.ico")]
    assert pages == ["GET /inside"], "putting back asks the portal for nothing"


@pytest.mark.browser
def test_a_session_that_the_portal_ended_costs_one_plain_login(porch: Porch) -> None:
    porch.enter()
    porch.door.open.clear()
    assert porch.enter() == (False, "/inside")
    assert (porch.door.logins, porch.door.refusals) == (2, 0)
    assert porch.ledger.login_standing("acme").spent == 0
    assert porch.enter()[0]


def tampered(porch: Porch) -> None:
    data = bytearray(porch.sealed.read_bytes())
    data[len(data) // 2] ^= 1
    porch.sealed.write_bytes(data)


def truncated(porch: Porch) -> None:
    porch.sealed.write_bytes(porch.sealed.read_bytes()[:-40])


def empty(porch: Porch) -> None:
    porch.sealed.write_bytes(b"")


def another_key(porch: Porch) -> None:
    porch.key = KEY[::-1]


def another_password(porch: Porch) -> None:
    porch.password = porch.door.password = "changed-meanwhile"


def another_profile(porch: Porch) -> None:
    porch.profile = porch.profile.model_copy(update={"sha256": "0" * 64})


def of_another_payer(porch: Porch) -> None:
    mine = porch.sealed
    payer = porch.profile.file.payer.model_copy(update={"id": "acme"})
    file = porch.profile.file.model_copy(update={"payer": payer})
    porch.profile = porch.profile.model_copy(update={"file": file})
    mine.rename(porch.sealed)


def of_another_portal(porch: Porch) -> None:
    kept = porch.keep.load(porch.login)
    assert kept is not None
    there = SealedSession(porch.home, porch.profile, "http://elsewhere.example", KEY)
    there.save(kept, porch.login)


@pytest.mark.browser
@pytest.mark.parametrize(
    "change",
    [
        tampered,
        truncated,
        empty,
        another_key,
        another_password,
        another_profile,
        of_another_payer,
        of_another_portal,
    ],
)
def test_what_is_not_for_this_login_is_dropped_for_a_plain_one(
    porch: Porch, change: Callable[[Porch], None]
) -> None:
    porch.enter()
    change(porch)
    before = porch.sealed.read_bytes()
    assert porch.enter() == (False, "/inside")
    assert (porch.door.logins, porch.door.refusals) == (2, 0)
    assert porch.sealed.read_bytes() != before
    assert porch.enter()[0], "the new one is kept"


@pytest.mark.browser
def test_a_session_past_its_time_is_left_before_another_is_begun(porch: Porch) -> None:
    porch.enter()
    porch.aged(11)
    assert porch.enter() == (False, "/inside")
    assert (porch.door.logins, porch.door.logouts) == (2, 1)


@pytest.mark.browser
def test_a_run_that_fails_leaves_nothing_open(porch: Porch) -> None:
    porch.enter()
    with pytest.raises(InterruptedError):
        porch.enter(fails=True)
    assert (porch.door.logins, porch.door.logouts, porch.door.open) == (1, 1, set())
    assert not porch.sealed.exists()


@pytest.mark.browser
def test_without_room_to_keep_it_a_session_is_left(porch: Porch) -> None:
    porch.sealed.parent.write_bytes(b"no folder")
    assert porch.enter() == (False, "/inside")
    assert (porch.door.logins, porch.door.logouts) == (1, 1)


def test_no_session_serves_longer_than_a_working_day() -> None:
    now = datetime.now(UTC)
    assert Kept({}, {}, now - LONGEST + timedelta(minutes=1), now).may_serve(10, now)
    assert not Kept({}, {}, now - LONGEST, now).may_serve(10, now)
    assert not Kept({}, {}, now, now - timedelta(minutes=10)).may_serve(10, now)
    assert not Kept({}, {}, now, now + timedelta(minutes=1)).may_serve(10, now), "a clock set back"


def test_when_a_kept_session_is_too_old_is_told_without_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile, path = door_profile(reuse=REUSE), sealed_path(tmp_path, "juniper-ridge")
    assert kept_until(tmp_path, profile) is None
    path.parent.mkdir()
    path.touch()
    until = kept_until(tmp_path, profile)
    assert until is not None
    assert timedelta(minutes=9) < until - datetime.now(UTC) <= timedelta(minutes=10)
    assert kept_until(tmp_path, door_profile()) is None


def test_a_key_that_could_be_guessed_is_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match="CLAIMSWEEP_SECRET_CLAIMSWEEP_SESSION_KEY"):
        session_key(load_settings())
    monkeypatch.setenv("CLAIMSWEEP_SECRET_CLAIMSWEEP_SESSION_KEY", "hush")
    with pytest.raises(BadInput, match="4 characters instead of 32") as refused:
        session_key(load_settings())
    assert "hush" not in str(refused.value)
    monkeypatch.setenv("CLAIMSWEEP_SECRET_CLAIMSWEEP_SESSION_KEY", KEY)
    assert session_key(load_settings()) == KEY


def test_a_session_is_not_kept_until_the_portal_has_ended_it() -> None:
    with pytest.raises(ValueError, match=r"reuse\.minutes must be below idle_minutes"):
        door_profile(reuse={"minutes": 15, "start": "/inside"})
    assert Session.model_fields["reuse"].default is None


def test_no_profile_keeps_a_session_where_leaving_it_open_locks(tmp_path: Path) -> None:
    folder = tmp_path / "tri-rivers"
    folder.mkdir()
    text = (PROJECT / "payer_profiles" / "tri-rivers" / "profile.yaml").read_text("utf-8")
    text = text.replace("\nlogin:\n", "\n  reuse: {minutes: 10, start: /}\n\nlogin:\n")
    (folder / "profile.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ProfileError, match=r"session\.reuse: login\.busy_when says"):
        load_profile(folder)


def reusing() -> list[Profile]:
    return [
        profile
        for file in sorted((PROJECT / "payer_profiles").glob("*/profile.yaml"))
        if (profile := load_profile(file.parent)).file.session.reuse is not None
    ]


def test_a_payer_that_ships_keeps_its_session() -> None:
    assert [profile.id for profile in reusing()] == ["juniper-ridge"]
