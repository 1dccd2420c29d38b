"""Runs that propose, approve, export and undo are killed at random: a batch is there or it is not.

What happened is read from the files by ``sqlite3`` alone.
"""

from __future__ import annotations

import io
import json
import random
import sqlite3
from collections import Counter
from contextlib import closing
from decimal import Decimal
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import pytest
from ledger_samples import DAY, NOW
from x12_samples import remittance_file

from billing.ledger import BatchState, open_ledger
from bots.reading.x12_envelope import Interchanges
from bots.reading.x12_remittance import Payment, whole
from console.batches import approve
from flows import posting
from flows.receiving import X12, receive_payments
from flows.settings import load_settings

PROCESSES = get_context("forkserver")
PROCESSES.set_forkserver_preload(["flows.posting"])  # a worker is at work at once
KILLS = 15
DEADLINE = 120.0


def propose(home: Path, files: list[Path]) -> None:
    """What the command does with these files, without the payers' profiles."""
    ledger = open_ledger(home)
    documents = []
    for file in files:
        data = file.read_bytes()
        sha256 = ledger.store(data, X12)
        found = [whole(Payment(one), sha256) for one in Interchanges(io.BytesIO(data))]
        receive_payments(ledger, sha256, found, {}, "test")
        documents.append(sha256)
    received = ledger.remittances(documents=documents)
    entries, held = posting.candidates(ledger, received, None)
    ledger.propose_batch(entries, held, by="a", on=DAY, at=NOW)
    ledger.close()


def work(home: Path, files: list[Path], started: Pipe) -> None:
    """Take batches through their states without end."""
    settings, chance = load_settings(home=home, profiles=None), random.Random()
    settings.open_ledger().key_ring()
    started.send_bytes(b"!")
    while True:
        propose(home, chance.sample(files, chance.randint(1, len(files))))
        for batch in open_ledger(home).batches():
            if batch.state is BatchState.UNDONE:
                continue
            if batch.state is BatchState.PROPOSED:
                approve(open_ledger(home), batch.batch_id, by="b", at=NOW)
            posting.export(settings, batch.batch_id, home / "out", by="c")
            if chance.random() < 0.7:
                posting.undo(settings, batch.batch_id, home / "out", by="d")


def examine(home: Path) -> Counter[str]:
    """Raise unless every batch is whole; how many there are in each state."""
    with closing(sqlite3.connect(home / "ledger.sqlite")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        states = dict(db.execute("SELECT batch_id, state FROM batches"))
        acts = set(db.execute("SELECT batch_id, state FROM batch_acts"))
        files = Counter(name for (name,) in db.execute("SELECT batch_id FROM batch_files"))
        entries = set(db.execute("SELECT unit, batch_id FROM entries"))
        lines = set(db.execute("SELECT unit, batch_id FROM postings"))
        query = "SELECT sha256, count(*) FROM remitted_claims GROUP BY sha256"
        claims = dict(db.execute(query).fetchall())
    assert set(states.items()) <= acts
    live = {name for name, state in states.items() if state != "undone"}
    assert entries == {(unit, name) for unit, name in lines if name in live}
    assert len({unit for unit, _ in entries}) == len(entries), "posted twice"
    for name, state in states.items():
        assert name in {one for _, one in lines}, "an empty batch"
        frozen = state in ("approved", "exported") or (name, "approved") in acts
        assert files[name] == (3 if frozen else 0)
    assert set(claims.values()) <= {CLAIMS}
    return Counter(states.values())


CLAIMS = 12


def make_files(folder: Path) -> tuple[list[Path], Decimal]:
    """Three payments in overlapping files, and what they come to."""
    files, total = [], Decimal(0)
    for number in range(3):
        data = b"".join(remittance_file(CLAIMS, seed=number))
        for own in (b"TRN*1*T00123", b"CLP*A", b"*P"):
            assert own in data
        data = data.replace(b"T00123", b"T9%d" % number).replace(b"*P0", b"*P%d" % number)
        data = data.replace(b"CLP*A", b"CLP*A%d" % number)
        total += Decimal(data.split(b"BPR*I*")[1].split(b"*")[0].decode())
        for again in range(2):
            files.append(folder / f"{number}-{again}.835")
            files[-1].write_bytes(data + b"\n" * again)
    return files, total


@pytest.mark.slow
def test_a_killed_run_leaves_every_batch_whole(tmp_path: Path) -> None:
    home, chance = tmp_path / "home", random.Random(3)
    files, total = make_files(tmp_path)
    open_ledger(home).close()
    seen: Counter[str] = Counter()
    for _ in range(KILLS):
        here, there = PROCESSES.Pipe(duplex=False)
        process = PROCESSES.Process(target=work, args=(home, files, there), daemon=True)
        process.start()
        there.close()
        assert here.poll(DEADLINE), "a worker did not start"
        time_to_live = chance.uniform(0.1, 2.0)
        process.join(time_to_live)
        assert process.exitcode is None, "the work has no end"
        process.kill()
        process.join(DEADLINE)
        seen += examine(home)
    assert seen["undone"] > 0
    propose(home, files)
    examine(home)
    with closing(sqlite3.connect(home / "ledger.sqlite")) as db:
        texts = db.execute(
            "SELECT posting FROM postings JOIN entries USING (unit, batch_id)"
        ).fetchall()
    standing = [json.loads(text) for (text,) in texts]
    paid = sum(Decimal(p["amount"]) for p in standing if not p["code"])
    assert paid == total
