"""The faults: each does one thing to a night's sweep, and says what must hold whatever happens."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from chaos_town import PAYERS
from night import Night

HOLDS = "every answer is the key's or is asked for again; nothing twice, nothing half"
HELD_SECONDS = 4.0
COMMIT_SECONDS = 20.0
HOURS = (-6, -5, -3, -1, 1, 2, 4, 6)


@dataclass(frozen=True, slots=True)
class Fault:
    """``inject`` does it to a night that is at work, and says whether it happened."""

    kind: str
    inject: Callable[[Night], bool]
    must_hold: str = HOLDS


def kill_flow(night: Night) -> bool:
    """Kill -9 of the process that runs the flow; its browsers are left to themselves."""
    night.kill()
    return True


def kill_worker(night: Night) -> bool:
    """Kill -9 of the process, its driver and its browsers at once, as when a worker is gone."""
    night.kill_all()
    return True


def kill_browser(night: Night) -> bool:
    """Kill -9 of the browsers alone."""
    return night.kill_browsers() > 0


def kill_in_commit(night: Night) -> bool:
    """Kill -9 as soon as the database's log grows: in a commit, or just after."""
    log = night.home / "ledger.sqlite-wal"
    deadline = time.monotonic() + COMMIT_SECONDS

    def size() -> tuple[int, int]:
        with suppress(OSError):
            status = log.stat()
            return status.st_size, status.st_mtime_ns
        return 0, 0

    before = size()
    while night.alive and time.monotonic() < deadline:
        if size() != before:
            night.kill()
            return True
    return False


def fill_disk(night: Night) -> bool:
    """Nothing more can be written to the desk's disk for some seconds."""
    if not night.own_disk:
        return False
    filler = night.folder / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(b"\0" * 65536):
            pass
    full = os.statvfs(night.folder).f_bavail * 4096 < 65536
    deadline = time.monotonic() + HELD_SECONDS
    while night.alive and time.monotonic() < deadline:
        time.sleep(0.05)
    filler.unlink()
    return full


def break_clock(night: Night) -> bool:
    """The clock of the process jumps by hours, forward or back, while it works."""
    hours = night.chance.choice(HOURS)
    night.clock.write_text(str(hours * 3600))
    return True


def mend_clock(night: Night) -> bool:
    """The clock jumps back to the right time while the process works."""
    wrong = night.clock.exists() and night.clock.read_text() not in ("", "0")
    night.clock.write_text("0")
    return wrong


def corrupt_evidence(night: Night) -> bool:
    """A bit of a stored file flips, its end is cut off, or it is gone."""
    files = [one for one in night.shelf.glob("??/*") if one.is_file() and one.stat().st_size]
    left = [one for one in sorted(files) if one.parent.name + one.name not in night.corrupted]
    if not left:
        return False
    path = night.chance.choice(left)
    name, data = path.parent.name + path.name, path.read_bytes()
    kept = night.folder / "kept"
    kept.mkdir(exist_ok=True)
    (kept / name).write_bytes(data)
    at = night.chance.randrange(len(data))
    flipped = data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :]
    night.corrupted[name] = night.chance.choice((flipped, data[: len(data) // 2], None))
    if (bad := night.corrupted[name]) is None:
        path.unlink()
    else:
        path.write_bytes(bad)
    return True


def spoiled(trouble: str) -> Callable[[Night], bool]:
    """The next answer of one portal meets a trouble on the wire."""

    def inject(night: Night) -> bool:
        payer = night.chance.choice(PAYERS)
        wire = night.town.wires[payer]
        night.note_session_lost(payer)  # what is lost may be the word that signs out
        done = wire.spoil(trouble)
        deadline = time.monotonic() + COMMIT_SECONDS
        while night.alive and not done.is_set() and time.monotonic() < deadline:
            done.wait(0.05)
        wire.mend()
        return done.is_set()

    return inject


def lying(**knobs: object) -> Callable[[Night], bool]:
    """A portal lies for some of its answers, then tells the truth again."""

    def inject(night: Night) -> bool:
        payer = night.chance.choice(PAYERS)
        turned = night.town.knobs[payer]
        for name, value in knobs.items():
            setattr(turned, name, value)
        night.note_session_lost(payer)  # it may lose it, or show no way out of it
        if "stolen_after" in knobs:
            night.note_session_lost(payer)  # who took it is signed in when we come again
        wire = night.town.wires[payer]
        until = wire.asked + night.chance.randint(3, 12)
        deadline = time.monotonic() + COMMIT_SECONDS
        before = wire.asked
        while night.alive and wire.asked < until and time.monotonic() < deadline:
            time.sleep(0.02)
        for name in knobs:
            setattr(turned, name, getattr(type(turned)(), name))
        return wire.asked > before

    return inject


def swap_documents(night: Night) -> bool:
    """For some answers the portals send the document of another payment, the one before."""
    night.town.swaps_documents[0] = True
    happened = night.wait_until_at_work(night.chance.randint(10, 30))
    night.town.swaps_documents[0] = False
    return happened


FAULTS = (
    Fault("kill -9 of the flow", kill_flow),
    Fault("kill -9 of the worker and all it started", kill_worker),
    Fault("kill -9 of the browser", kill_browser),
    Fault("kill -9 in a commit", kill_in_commit),
    Fault("disk full", fill_disk),
    Fault("clock off by hours", break_clock),
    Fault("clock put right", mend_clock),
    Fault("evidence damaged", corrupt_evidence, "it is found, and that file alone"),
    Fault("connection reset", spoiled("reset")),
    Fault("connection stalled", spoiled("stall")),
    Fault("answer cut off", spoiled("cut")),
    Fault("portal shows another patient", lying(wrong_patient=True)),
    Fault("portal's session gone", lying(ends_session_after=0)),
    Fault("portal's session taken by another", lying(stolen_after=0)),
    Fault("outage page with 200", lying(maintenance=True)),
    Fault("layout changed", lying(drift=2)),
    Fault("labels reworded", lying(drift=1)),
    Fault("rows shown twice", lying(duplicate_rows=True)),
    Fault("document cut off", lying(document="truncated")),
    Fault("page instead of a document", lying(document="html")),
    Fault("another claim's document", swap_documents),
)
