"""Two payers whose every text, and every name of a file, would do something where it is shown."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import cycle
from pathlib import Path

import pytest
from portal_clients import SetClock, answering
from starlette.types import Message, Receive, Scope, Send

import sandbox.people
import sandbox.serve
from sandbox.__main__ import AS_OF
from sandbox.books import make_world
from sandbox.exports import write_exports
from sandbox.knobs import Knobs
from sandbox.stopwatch import Stopwatch
from sandbox.world import World

PLAN, PROGRAM = "juniper-ridge", "franklin-medicaid"
FIRST = ["+1+1", "<b>Ada", "+2-1", "@SUM(3)", "<i>Bo", "-4+2", "+5*1", "<u>Cy"]
LAST = ["+6+1", "<script>owned=1</script>", "@SUM(7)", "+cmd|' /C calc'!A0"]
WORDS = (
    "=HYPERLINK(8) <img src=x onerror=owned=1> "
    "\x1b[2J\x1b[H\x1b]0;owned\x07\x1b[8m\x1b[6n\x9b2J\u202edenwo\u202c"
)
"""A formula, a script; for a terminal: clear, a title, hide, answer; eight bits, turned round."""
MEMORY = Path("/dev/shm")  # noqa: S108 - a browser's downloads pass through it
NAME = "Quelvanthia-Brumeridge"
"""The patient after whom the portals name their documents."""


@dataclass
class HostileWorld:
    """What the portals answer with, and the names of theirs that were found where none belongs."""

    folder: Path
    world: World
    odd: dict[str, str]
    settings: str = ""
    sent: list[str] = field(default_factory=list)
    found: set[str] = field(default_factory=set)

    def look(self) -> None:
        """Note every file that is called what a portal called it, wherever that may lead."""
        beside = [Path(tempfile.gettempdir()), Path.home()]
        self.found |= {str(path) for path in named([self.folder, MEMORY], NAME, beside)}


def named(folders: list[Path], name: str, beside: Sequence[Path] = ()) -> Iterator[Path]:
    """Files called ``name`` in part: anywhere in the folders, and right in what these lie in or in
    what is ``beside`` them."""
    for each in folders:
        for folder, _, files in os.walk(each):
            yield from (Path(folder, file) for file in files if name in file)
    for place in {above for each in (*folders, *beside) for above in each.parents} | {*beside}:
        with suppress(OSError):
            yield from (path for path in place.iterdir() if name in path.name)


def file_names(folder: Path) -> list[str]:
    """What a portal may call a file, as the header says it."""
    up = "%2e%2e%2f" * 12
    return [
        f'filename="{"../" * 12}tmp/{NAME}.pdf"',
        f'filename="{folder}/{NAME}.pdf"',
        f"filename*=UTF-8''{up}tmp%2f{NAME}%00.pdf",
        f'filename="CON..\\\\..\\\\{NAME * 200}.exe"',
    ]


@contextmanager
def hostile_world(folder: Path, *, claims: int) -> Iterator[HostileWorld]:
    """The portals answer inside; the biller's exports lie in ``folder``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sandbox.people, "_FIRST", FIRST)
        patch.setattr(sandbox.people, "_LAST", LAST)
        world = make_world(4, claims, AS_OF, (PLAN, PROGRAM))
        here = HostileWorld(folder, world, _spoil(world))
        names = cycle(file_names(folder))

        class Naming(Stopwatch):
            async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
                async def named(message: Message) -> None:
                    if message["type"] == "http.response.start":
                        message["headers"] = [
                            _named(here, *one, names) for one in message["headers"]
                        ]
                    await send(message)

                if here.sent:
                    here.look()
                await super().__call__(scope, receive, named)

        patch.setattr(sandbox.serve, "Stopwatch", Naming)
        write_exports(world, folder / "exports")
        knobs = {PROGRAM: Knobs(document="attachment")}
        with answering(world, SetClock(), delay=0, knobs=knobs) as portals:
            here.settings = portals.settings(folder / "home")
            yield here


def _named(
    here: HostileWorld, key: bytes, value: bytes, names: Iterator[str]
) -> tuple[bytes, bytes]:
    if key != b"content-disposition":
        return key, value
    name = next(names)
    here.sent.append(name)
    return key, value.split(b";")[0] + f"; {name}".encode()


def _spoil(world: World) -> dict[str, str]:
    """Give every claim a hostile note, and one of each payer a hostile status; those, by payer."""
    odd = {}
    for payer in world.payers:
        for number, claim in payer.by_number.items():
            payer.by_number[number] = replace(claim, status_note=WORDS)
        one = payer.billed[-1]  # the first is the canary
        number = str(one.expected.payer_claim_number)
        payer.by_number[number] = replace(payer.by_number[number], status=WORDS)
        odd[payer.payer_id] = one.claim_id
    return odd
