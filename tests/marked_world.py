"""A practice whose patients, claims, passwords and sessions are found wherever they stand."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

import pyotp
import pytest
from marked_bytes import Marks
from portal_clients import SetClock, answering
from starlette.types import Message, Receive, Scope, Send

import sandbox.people
import sandbox.serve
from sandbox.__main__ import AS_OF
from sandbox.books import make_world
from sandbox.exports import write_exports
from sandbox.knobs import Knobs
from sandbox.medicaid_checkpoints import SECURITY_ANSWER
from sandbox.schedule import write_schedule
from sandbox.sessions import SignIns
from sandbox.stopwatch import Stopwatch
from sandbox.world import World

PLAN, PROGRAM = "juniper-ridge", "franklin-medicaid"
FIRST = "Quorvane Zephirel Brüxolim Ozwindra Vyqtoria Ñandulvo Xavrielle Yzquemor".split()
LAST = "Krzvandel|O'Zyndral|Müxenholt|van der Qualm|Jyxbrough-Ovelk|Wyzzenquist".split("|")
WRONG_PASSWORD = "Zyxplor-not-it-41!"
BAD_ROW = "Qwyxbadrow"
LONGEST_CODE = 8
SPARE_STEPS = 4  # of thirty seconds, before and after
_CODES = re.compile(rb'(?:"code"|otp|Code|code)[^0-9]{1,30}([0-9]{6,8})')


@dataclass
class MarkedPractice:
    """Portals in this process, a folder with exports and schedule, and what became known in it.

    ``asked`` are the query strings that the portals saw; what stands before is theirs to choose.
    """

    folder: Path
    world: World
    knobs: dict[str, Knobs]
    settings: str = ""
    secrets: list[tuple[str, str]] = field(default_factory=list)
    codes: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    @property
    def exports(self) -> list[Path]:
        """A file for each payer."""
        return sorted((self.folder / "exports").iterdir())

    @property
    def schedule(self) -> Path:
        """The visits to come."""
        return self.folder / "schedule.csv"

    def marks(self, more: Sequence[tuple[str, str]]) -> Marks:
        """All that must stand nowhere, with ``more`` secrets by what they are."""
        texts = [("first name", name) for name in FIRST] + [("last name", name) for name in LAST]
        texts += [
            ("bad row", BAD_ROW),
            ("password", WRONG_PASSWORD),
            *self.secrets,
            *more,
        ]
        days = set()
        for payer in self.world.payers:
            people = [claim.patient for claim in payer.by_number.values()]
            people += [one.person for some in payer.members.values() for one in some]
            for person in people:
                days.add(person.birth)
                texts.append(("member id", person.member_id))
                if len(person.member_id.lstrip("0")) >= 8:
                    texts.append(("member id", person.member_id.lstrip("0")))
            texts += [("payer's claim number", number) for number in payer.by_number]
            texts += [("claim number", one.claim_id) for one in payer.billed]
        return Marks(dict.fromkeys(texts), [("date of birth", day) for day in days], self.codes)


@contextmanager
def marked_practice(folder: Path, *, claims: int) -> Iterator[MarkedPractice]:
    """Two payers' portals that answer inside, and the files of a biller who works with them."""
    folder.mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sandbox.people, "_FIRST", FIRST)
        patch.setattr(sandbox.people, "_LAST", LAST)
        world = make_world(11, claims, AS_OF, (PLAN, PROGRAM))
        knobs = {payer: Knobs() for payer in (PLAN, PROGRAM)}
        here = MarkedPractice(folder, world, knobs)
        _note_what_portals_issue(here, patch)
        write_exports(world, folder / "exports")
        write_schedule(world, here.schedule)
        _spoil_a_row(folder / "exports" / f"{PLAN}.csv")
        clock = SetClock()
        with answering(world, clock, delay=0, knobs=knobs) as portals:
            here.settings = portals.settings(folder / "home")
            here.secrets.append(("answer of a person", SECURITY_ANSWER))
            for payer, account in portals.accounts.items():
                here.secrets += [
                    (f"{name} of {payer}", getattr(account, name))
                    for name in ("username", "password", "totp", "document_password")
                ]
            begun = clock()
            yield here
            step = begun - timedelta(seconds=30 * SPARE_STEPS)
            while step < clock() + timedelta(seconds=30 * SPARE_STEPS):
                here.codes |= {pyotp.TOTP(one.totp).at(step) for one in portals.accounts.values()}
                step += timedelta(seconds=30)


def _note_what_portals_issue(here: MarkedPractice, patch: pytest.MonkeyPatch) -> None:
    """Sessions' tokens, codes as they come in, and the addresses asked for."""
    for name in ("token_urlsafe", "token_hex"):
        make = getattr(secrets, name)

        def noted(nbytes: int | None = None, *, make=make) -> str:  # type: ignore[no-untyped-def]
            token: str = make(nbytes)
            if len(token) >= 16:
                here.secrets.append(("token of a portal", token))
            return token

        patch.setattr(secrets, name, noted)
    judge = SignIns.try_code

    def try_code(self: SignIns, code: str):  # type: ignore[no-untyped-def]
        here.codes.add(code.strip())
        return judge(self, code)

    patch.setattr(SignIns, "try_code", try_code)

    class Noting(Stopwatch):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            async def heard() -> Message:
                message = await receive()
                body = message.get("body", b"")
                here.codes.update(one.decode() for one in _CODES.findall(body))
                return message

            if scope["type"] == "http":
                here.asked.append(unquote(scope["query_string"].decode()))
            await super().__call__(scope, heard, send)

    patch.setattr(sandbox.serve, "Stopwatch", Noting)


def _spoil_a_row(export: Path) -> None:
    """One more row, which is no claim: its dates and amounts are none."""
    lines = export.read_bytes().splitlines(keepends=True)
    cells = lines[-1].split(b",")
    last = b",".join([b"99999", BAD_ROW.encode(), b"not a day", *cells[3:6], b"x", *cells[7:]])
    export.write_bytes(b"".join([*lines, last]))
