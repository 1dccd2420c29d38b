"""``claimsweep doctor --deep``: the whole ledger and its home looked at for damage."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from billing.errors import BadInput, ClaimsweepError

if TYPE_CHECKING:
    from billing.ledger import Ledger

MOST_TOLD = 200
"""Sentences of one part that the JSON holds; all are counted."""


@dataclass(frozen=True, slots=True)
class Looked:
    """One part of the ledger: how many things were looked at, what is wrong, in how long (seconds).

    ``told`` are the first sentences of ``problems``.
    """

    part: str
    looked_at: int
    problems: int
    seconds: float
    told: tuple[str, ...]


def look_deep(
    ledger: Ledger,
    home: Path,
    *,
    kept: tuple[int, str] | None = None,
    tell: Callable[[str], object] = lambda _: None,
) -> tuple[Looked, ...]:
    """Look at all of it, changing nothing; ``tell`` is given each sentence as it is found."""
    looks: Mapping[str, Callable[[], Iterator[str | None]]] = {
        **ledger.looks(kept),
        "permissions": lambda: _open_to_others(home),
    }
    return tuple(_look(part, look, tell) for part, look in looks.items())


def read_seal(text: str) -> tuple[int, str]:
    """The number and hash of an audit seal as ``audit verify`` prints it. Raises BadInput."""
    number, _, sealed = text.partition(":")
    if not number.isdecimal() or len(sealed) != 64:
        raise BadInput(
            f"{text!r} is no seal; it is what an earlier audit verify printed after 'seal'"
        )
    return int(number), sealed


def deep_text(looked: tuple[Looked, ...]) -> str:
    """A line for each part, and the sum."""
    lines = [
        f"{'FAIL' if one.problems else 'ok  '} {one.part}: {one.looked_at:,} looked at, "
        f"{one.problems:,} problems, {one.seconds:.1f} s\n"
        for one in looked
    ]
    return "".join(lines)


def _look(
    part: str, look: Callable[[], Iterator[str | None]], tell: Callable[[str], object]
) -> Looked:
    started, seen, problems = time.monotonic(), 0, 0
    told: list[str] = []

    def note(sentence: str) -> None:
        if len(told) < MOST_TOLD:
            told.append(sentence)
        tell(sentence)

    try:
        for sentence in look():
            seen += 1
            if sentence:
                problems += 1
                note(sentence)
    except ClaimsweepError as error:
        problems += 1
        note(f"The look at the {part} ended early: {error}")
    return Looked(part, seen, problems, time.monotonic() - started, tuple(told))


def _open_to_others(home: Path) -> Iterator[str | None]:
    """The ledger and the evidence hold patients, so nothing in the home is for anybody else."""
    for path in (home, *_below(home)):
        try:
            status = path.lstat()
        except FileNotFoundError:
            continue  # a run that works meanwhile took it away
        if path.is_symlink():
            yield None
        elif status.st_mode & 0o077:
            mode = status.st_mode & 0o777
            yield f"{path} is open to others of this machine (mode {mode:03o}): chmod go= it."
        elif status.st_uid != os.getuid():
            yield f"{path} belongs to another user: chown it."
        else:
            yield None


def _below(folder: Path) -> Iterator[Path]:
    for where, folders, files in os.walk(folder):
        for name in (*folders, *files):
            yield Path(where) / name


def print_problem(sentence: str) -> None:
    """One problem on standard output."""
    sys.stdout.write(f"FAIL {sentence}\n")
