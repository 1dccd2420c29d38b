"""The simulated portals on a thread, and browsers without pages or scripts to try them with."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Self

import httpx
import pyotp
from lxml import html

from sandbox.knobs import Knobs
from sandbox.serve import Portals, open_portals
from sandbox.world import World

READY_SECONDS = 30
ANSWER_SECONDS = 20
CONTENT = "ctl00$MainContent$"


@dataclass(slots=True)
class SetClock:
    """A clock that a test moves by hand."""

    ahead: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@contextmanager
def answering(
    world: World,
    clock: SetClock,
    *,
    delay: float = 0.05,
    knobs: Mapping[str, Knobs] = MappingProxyType({}),
) -> Iterator[Portals]:
    """The portals over ``world``, served on their own thread; ``knobs`` by payer id."""
    ready = threading.Event()
    found: list[Portals] = []
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def run() -> None:
        async with open_portals(world, delay=delay, clock=clock, knobs=knobs) as portals:
            found.append(portals)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True)
    thread.start()
    try:
        assert ready.wait(READY_SECONDS), "the portals did not start"
        yield found[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(READY_SECONDS)
        loop.close()


class Commercial:
    """A browser without a page: it speaks the portal's JSON."""

    def __init__(self, portals: Portals) -> None:
        self.http = httpx.Client(
            base_url=portals.addresses["juniper-ridge"], timeout=ANSWER_SECONDS
        )
        self.account = portals.accounts["juniper-ridge"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def password(self, password: str | None = None) -> dict[str, str]:
        given = {
            "userId": self.account.username,
            "password": password or self.account.password,
        }
        answer = self.http.post("/api/login", json=given)
        assert answer.status_code == 200
        return dict(answer.json())

    def code(self, *, steps_ahead: int = 0, code: str | None = None) -> dict[str, str]:
        made = pyotp.TOTP(self.account.totp).at(int(time.time()) + 30 * steps_ahead)
        return dict(self.http.post("/api/login/verify", json={"code": code or made}).json())

    def sign_in(self, *, steps_ahead: int = 0) -> Commercial:
        assert self.password() == {"next": "verify"}
        assert self.code(steps_ahead=steps_ahead) == {"next": "home"}
        return self

    def search(self, member: str, first: str, last: str, **more: str) -> dict[str, object]:
        given = {"memberId": member, "serviceFrom": first, "serviceTo": last} | more
        started = self.http.post("/api/claim-searches", json=given)
        assert started.status_code == 202
        path = f"/api/claim-searches/{started.json()['searchId']}"
        deadline = time.monotonic() + ANSWER_SECONDS
        while (answer := self.http.get(path).json())["state"] == "working":
            assert time.monotonic() < deadline
        return dict(answer) | {"path": path}

    def counters(self) -> dict[str, int]:
        return dict(self.http.get("/sandbox/counters").json())


class Medicaid:
    """A browser without scripts: it keeps the page it has, and posts its form back."""

    def __init__(self, portals: Portals) -> None:
        self.http = httpx.Client(
            base_url=portals.addresses["franklin-medicaid"],
            timeout=ANSWER_SECONDS,
            follow_redirects=True,
        )
        self.account = portals.accounts["franklin-medicaid"]
        self.path, self.title, self.page, self.text = "", "", "", ""
        self.hidden: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def get(self, path: str) -> str:
        return self._keep(self.http.get(path))

    def post(self, event: str, argument: str = "", **fields: str) -> str:
        """Send the kept page's form; ``event`` is a button, or a link's target."""
        form = {**self.hidden, **{CONTENT + name: value for name, value in fields.items()}}
        if event.startswith("btn"):
            form[CONTENT + event] = "pressed"
        else:
            form |= {"__EVENTTARGET": event, "__EVENTARGUMENT": argument}
        return self._keep(self.http.post(self.path, data=form))

    def log_in(self, password: str | None = None) -> str:
        self.get("/Login.aspx")
        return self.post(
            "btnLogin",
            txtUserName=self.account.username,
            txtPassword=password or self.account.password,
        )

    def enter(self) -> Medicaid:
        assert self.log_in() == "Terms of Use"
        assert self.post("btnContinue", chkAccept="on") == "Main Menu"
        assert self.get("/ClaimInquiry.aspx") == "Claim Inquiry"
        assert self.act_for("1234567890") == "Claim Inquiry"
        return self

    def act_for(self, npi: str) -> str:
        """Choose the provider for whom the account acts; Saltmarsh is 1593572460."""
        return self._keep(
            self.http.post(
                self.path,
                data=self.hidden | {"__EVENTTARGET": "ctl00$ddlProvider", "ctl00$ddlProvider": npi},
            )
        )

    def search(self, recipient: str, first: str, last: str) -> str:
        return self.post("btnSearch", txtRecipientId=recipient, txtFromDate=first, txtToDate=last)

    def counters(self) -> dict[str, int]:
        return dict(self.http.get("/sandbox/counters").json())

    def _keep(self, answer: httpx.Response) -> str:
        assert answer.status_code == 200
        tree = html.document_fromstring(answer.text)
        self.path, self.page, self.text = answer.url.path, answer.text, tree.text_content()
        self.title = tree.findtext(".//title") or ""
        self.hidden = {
            str(one.get("name")): one.get("value") or ""
            for one in tree.cssselect("input[type=hidden]")
        }
        return self.title
