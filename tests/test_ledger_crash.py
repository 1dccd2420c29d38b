"""Workers killed at random moments lose nothing and do nothing twice; a control proves it can fail.

What happened is read from the files by ``sqlite3`` and ``hashlib`` alone, and compared with what
the workers themselves wrote down when the ledger told them that a result was settled.
"""

from __future__ import annotations

import hashlib
import os
import random
import sqlite3
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from ledger_samples import NOW, begin, claim, conclusion, paid, payment
from sqlalchemy import Connection, Table, select, update

import billing.ledger.items
from billing.ledger import Ledger, WorkItem, open_ledger, owner_is_dead, owner_name
from billing.model import Outcome

PROCESSES = get_context("forkserver")
PROCESSES.set_forkserver_preload(["billing.ledger"])  # a worker is at work at once
KILLS = 25
WORKERS = 2
ITEMS_A_SWEEP = 6
DEADLINE = 400.0


def close_unfenced(
    connection: Connection, work: Table, item_id: int, _fence: int, *, state: str, **_: object
) -> str:
    """The control: anybody settles, whoever holds the lease."""
    item = work.c.item_id == item_id
    connection.execute(update(work).where(item).values(state=state))
    return str(connection.execute(select(work.c.sweep_id).where(item)).scalar_one())


def document(claim_id: str) -> bytes:
    """A document of its own for every claim, long enough to be torn."""
    return random.Random(claim_id).randbytes(30_000)


def work(home: Path, sweeps: list[str], witness: Path, fenced: bool, started: Pipe) -> None:
    """Take a few items at a time and settle them, until no sweep has any left."""
    ledger = open_ledger(home)
    if not fenced:
        billing.ledger.items.close = close_unfenced
    owner, chance = owner_name(), random.Random()
    started.send_bytes(b"!")
    descriptor = os.open(witness, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for sweep_id in sweeps:
        while held := [item for _ in range(4) if (item := take(ledger, sweep_id, owner, chance))]:
            for item in held:
                if answer(ledger, item):
                    os.write(descriptor, f"{item.item_id} {item.fence}\n".encode())


def take(ledger: Ledger, sweep_id: str, owner: str, chance: random.Random) -> WorkItem | None:
    # A lease of no length at all is lost to the other worker while its holder is still at work;
    # one of an hour is only ever taken from the dead.
    seconds = chance.choice((0, 0, 3600))
    now = datetime.now(UTC)
    return ledger.lease_item(sweep_id, "acme", owner, seconds=seconds, now=now)


def answer(ledger: Ledger, item: WorkItem) -> bool:
    sha256 = ledger.store(document(item.claim.claim_id), "application/pdf")
    return ledger.settle(
        item.item_id,
        item.fence,
        observations=[paid(sha256, note=f"fence {item.fence}"), paid(sha256)],
        conclusion=conclusion(Outcome.PAID, None, sha256),
        postings=[payment(item.claim.claim_id), payment("shared by all")],
        seconds=Decimal(1),
        at=datetime.now(UTC),
    )


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What the files say after a run."""

    items: int
    unsettled: int
    settled_twice: int
    acknowledged: int
    lost: int
    acknowledged_twice: int
    wrong_observations: int
    postings: list[str]
    torn: int
    not_listed: int
    sound: str
    taken_over: int


def examine(home: Path, witness: Path) -> Aftermath:
    """Read the ledger, the evidence folder and the workers' own notes, each by itself."""
    with closing(sqlite3.connect(home / "ledger.sqlite")) as db:
        settled = db.execute("SELECT item_id, fence FROM conclusions").fetchall()
        seen = Counter(db.execute("SELECT item_id, fence FROM observations").fetchall())
        listed = {sha256 for (sha256,) in db.execute("SELECT sha256 FROM evidence")}
        states = db.execute("SELECT state, fence FROM items").fetchall()
        postings = sorted(key for (key,) in db.execute("SELECT key FROM postings"))
        (sound,) = db.execute("PRAGMA integrity_check").fetchone()
        sound += "".join(map(str, db.execute("PRAGMA foreign_key_check").fetchall()))
    notes = [tuple(map(int, line.split())) for line in witness.read_text().splitlines()]
    shelf = [p for p in (home / "evidence").rglob("*") if p.is_file() and len(p.parent.name) == 2]
    whole = {
        p.parent.name + p.name
        for p in shelf
        if hashlib.sha256(p.read_bytes()).hexdigest() == p.parent.name + p.name
    }
    return Aftermath(
        items=len(states),
        unsettled=sum(state != "answered" for state, _ in states),
        settled_twice=sum(n > 1 for n in Counter(item for item, _ in settled).values()),
        acknowledged=len(notes),
        lost=len(set(notes) - set(settled)),
        acknowledged_twice=sum(n > 1 for n in Counter(note[0] for note in notes).values()),
        wrong_observations=sum(n != 2 for n in seen.values()) + len(seen.keys() ^ set(settled)),
        postings=postings,
        torn=len(shelf) - len(whole),
        not_listed=len(listed - whole),
        sound=sound,
        taken_over=sum(fence > 1 for _, fence in states),
    )


def prepare(home: Path, items: int) -> list[str]:
    """A ledger with many small sweeps, so that the workers meet in every one of them."""
    ledger = open_ledger(home)
    sweeps = [f"sweep {number}" for number in range(items // ITEMS_A_SWEEP)]
    for number, sweep_id in enumerate(sweeps):
        first = number * ITEMS_A_SWEEP
        begin(ledger, sweep_id, [claim(first + n) for n in range(ITEMS_A_SWEEP)])
    ledger.close()
    return sweeps


def run(home: Path, *, items: int, kills: int, fenced: bool, seed: int) -> tuple[Aftermath, int]:
    """Work through all items with two workers and kill one of them so many times."""
    chance, deadline = random.Random(seed), time.monotonic() + DEADLINE
    sweeps, witness = prepare(home, items), home / "witness"
    witness.touch()
    killed = 0

    def start() -> tuple[BaseProcess, Pipe]:
        here, there = PROCESSES.Pipe(duplex=False)
        process = PROCESSES.Process(
            target=work, args=(home, sweeps, witness, fenced, there), daemon=True
        )
        process.start()
        there.close()
        return process, here

    workers = [start() for _ in range(WORKERS)]
    while killed < kills:
        number = chance.randrange(WORKERS)
        process, at_work = workers[number]
        assert at_work.poll(deadline - time.monotonic()), "a worker did not start"
        process.join(chance.uniform(0.0, 0.3))
        if process.exitcode is not None:
            break  # there was nothing left to do
        process.kill()
        process.join(deadline - time.monotonic())
        killed += 1
        workers[number] = start()
    for process, _ in workers:
        process.join(deadline - time.monotonic())
        assert process.exitcode == 0
    return examine(home, witness), killed


@pytest.mark.slow
def test_killed_workers_lose_nothing_and_do_nothing_twice(tmp_path: Path) -> None:
    items = 960
    after, killed = run(tmp_path, items=items, kills=KILLS, fenced=True, seed=1)
    assert killed == KILLS
    assert after.taken_over > 0
    expected = [payment(claim(n).claim_id).key for n in range(items)]
    assert after.postings == sorted([*expected, payment("shared by all").key])
    assert after.acknowledged > items - KILLS - 1
    assert after == Aftermath(
        items=items,
        unsettled=0,
        settled_twice=0,
        acknowledged=after.acknowledged,
        lost=0,
        acknowledged_twice=0,
        wrong_observations=0,
        postings=after.postings,
        torn=0,
        not_listed=0,
        sound="ok",
        taken_over=after.taken_over,
    )


def test_the_crash_test_sees_what_a_missing_fence_does(tmp_path: Path) -> None:
    after, _ = run(tmp_path, items=240, kills=2, fenced=False, seed=2)
    assert after.settled_twice > 0
    assert after.acknowledged_twice > 0


def hold(home: Path, at_work: Pipe) -> None:
    """Take the account, the item and a login attempt, say who holds them, and never come back."""
    ledger, owner = open_ledger(home), owner_name()
    assert ledger.lease_account("acme", owner, seconds=3600, now=NOW) == 1
    assert ledger.lease_item("night-1", "acme", owner, seconds=3600, now=NOW)
    ledger.begin_login("acme", NOW, lambda _: True)
    at_work.send_bytes(owner.encode())
    while True:
        time.sleep(3600)


def test_what_a_killed_process_held_is_free_at_once(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    begin(ledger, claims=[claim(1)])
    here, there = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=hold, args=(tmp_path, there), daemon=True)
    process.start()
    try:
        assert here.poll(DEADLINE)
        holder = here.recv_bytes().decode()
        assert not owner_is_dead(holder)
        assert ledger.lease_account("acme", "me", seconds=60, now=NOW) is None
        assert ledger.lease_item("night-1", "acme", "me", seconds=60, now=NOW) is None
    finally:
        process.kill()
        process.join(DEADLINE)
    assert owner_is_dead(holder)
    assert ledger.lease_account("acme", "me", seconds=60, now=NOW) == 2
    item = ledger.lease_item("night-1", "acme", "me", seconds=60, now=NOW)
    assert item is not None
    assert (item.attempts, item.fence) == (2, 2)
    assert ledger.login_standing("acme").unfinished_attempts == 1


def test_a_killed_process_that_nobody_waited_for_is_dead_too() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    host = owner_name().rsplit(":", 2)[0]
    try:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        os.kill(pid, 0)  # it still answers to its number
        assert owner_is_dead(f"{host}:{pid}:-0")
    finally:
        os.waitpid(pid, 0)


def test_only_certain_death_counts() -> None:
    me = owner_name()
    host, pid, nonce = me.rsplit(":", 2)
    assert owner_name() != me
    assert not owner_is_dead(me)
    assert not owner_is_dead("worker")
    assert not owner_is_dead(f"elsewhere:{pid}:{nonce}")
    assert not owner_is_dead(f"{host}:x:{nonce}")
    assert owner_is_dead(f"{host}:{pid}:1-{nonce}"), "another process had this number before us"
