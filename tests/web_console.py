"""A console that answers on a local port over a made-up ledger, for the tests of its pages."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import uvicorn
from argon2 import PasswordHasher
from conftest import sealed_ledger
from console_samples import night

from billing.errors import BadInput
from billing.ledger import Ledger, SweptExport
from billing.people import Person, Role
from billing.report import ClaimResult
from console.web.app import make_app
from console.web.desk import Desk
from console.web.doors import ScheduleStanding
from console.web.kept_profiles import KeptProfiles

PROJECT = Path(__file__).resolve().parent.parent
PASSWORD = "correct horse battery staple"
ZONE = ZoneInfo("America/New_York")
KEPT = PasswordHasher(time_cost=1, memory_cost=64).hash(PASSWORD)  # quick to check, for tests alone
SHIPPED = KeptProfiles(PROJECT / "payer_profiles")
EXPORT = SweptExport("aging.csv", "e" * 64, "generic", 0)


@dataclass
class SilentBots:
    """Bots that open no portal: what was asked of them, in order."""

    asked: list[tuple[int, str]] = field(default_factory=list)

    def check(self, item_id: int, *, by: str) -> str:
        """Note it; the policy forbids item 0."""
        if item_id == 0:
            raise BadInput("The payer's policy forbids bots")
        self.asked.append((item_id, by))
        return f"check-{len(self.asked)}"

    def refuse(self, *_: object, **__: object) -> str:
        """No portal is opened here."""
        raise BadInput("No portal is opened here")

    check_member = sweep = sweep_again = resume = stop = give_code = refuse
    canary = replay = apply_drift = appeal = pause_schedule = resume_schedule = refuse

    def obstacle(self, payer: str | None) -> str | None:
        """Every portal may be asked."""
        return None

    def lint(self) -> list[str]:
        """Every profile is well formed."""
        return []

    def schedules(self) -> list[ScheduleStanding]:
        """None is in force."""
        return []

    def drift_patch(self, payer: str, sweep_id: str) -> str:
        """Nothing to change."""
        return ""

    def waits_for_code(self, payer: str) -> datetime | None:
        """No run waits."""
        return None


def desk_over(home: Path) -> Desk:
    """A desk over the ledger in ``home``, with the profiles that ship."""
    return Desk(
        ledger=sealed_ledger(home),
        profiles=SHIPPED,
        bots=SilentBots(),
        key=b"k" * 32,
        time_zone=ZONE,
        files=home / "files",
    )


def swept(
    ledger: Ledger,
    results: Sequence[ClaimResult],
    *,
    sweep_id: str = "night-1",
    business_date: date | None = None,
    at: datetime | None = None,
    take_up: bool = True,
) -> None:
    """Settle ``results`` in a finished sweep, without their evidence, and make cases of them."""
    at = at or datetime.now(UTC) - timedelta(hours=3)
    day = business_date or at.astimezone(ZONE).date()
    claims = [replace(one.claim, payer=one.claim.payer or "unknown") for one in results]
    ledger.begin_sweep(
        sweep_id,
        business_date=day,
        exports=[replace(EXPORT, rows_in=len(claims))],
        claims=claims,
        refused=(),
        at=at,
    )
    by_row = {one.claim.source.row: one for one in results}

    def conclusion_for(claim):  # type: ignore[no-untyped-def]
        return replace(by_row[claim.source.row].conclusion, evidence=(), places={})

    for payer in {one.payer for one in claims}:
        ledger.conclude_unasked(sweep_id, payer, conclusion_for, at)
    ledger.finish_sweep(sweep_id, at + timedelta(hours=1))
    if take_up:
        ledger.take_up(day)


def furnish(ledger: Ledger, claims: int = 60, seed: int = 7) -> None:
    """A night at two invented payers: so many claims, of every kind of finding."""
    results = night(claims, seed).results
    rows = [
        replace(one, claim=replace(one.claim, source=replace(one.claim.source, row=row)))
        for row, one in enumerate(results, start=2)
    ]
    swept(ledger, rows)


def person(ledger: Ledger, role: Role, name: str | None = None) -> Person:
    """A user of this role whose password is PASSWORD."""
    return ledger.add_person(
        name or role.word, role, password=KEPT, by="tests", at=datetime.now(UTC)
    )


@contextmanager
def serving(desk: Desk) -> Iterator[str]:
    """The console's address while it answers."""
    server = uvicorn.Server(
        uvicorn.Config(make_app(desk), port=0, log_level="error", access_log=False)
    )
    ready = threading.Event()
    address: list[str] = []

    async def serve() -> None:
        config = server.config
        config.load()
        server.lifespan = config.lifespan_class(config)
        await server.startup()
        host, port = server.servers[0].sockets[0].getsockname()[:2]
        address.append(f"http://{host}:{port}")
        ready.set()
        await server.main_loop()
        await server.shutdown()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert ready.wait(20)
    try:
        yield address[0]
    finally:
        server.should_exit = True
        thread.join(20)
        desk.ledger.close()


class Visitor(httpx.Client):
    """A browser without a window: keeps its cookie, and brings its page's mark along."""

    def __del__(self) -> None:
        """Hang up."""
        self.close()

    def sign_in(self, name: str, password: str = PASSWORD) -> httpx.Response:
        """Give name and password; follow to the first page."""
        response = self.post("/sign-in", data={"name": name, "password": password})
        return self.get("/") if response.status_code == 303 else response

    def act(self, path: str, **fields: object) -> httpx.Response:
        """Send a form of the page, with its mark."""
        mark = re.search(r'name="csrf" value="(\w+)"', self.get("/").text)
        return self.post(path, data={"csrf": mark[1] if mark else "", **fields})


def visitor(address: str, name: str | None = None) -> Visitor:
    """Somebody at the console, signed in under ``name`` when one is given."""
    made = Visitor(base_url=address, follow_redirects=False, timeout=30)
    if name is not None:
        assert made.sign_in(name).status_code == 200
    return made
