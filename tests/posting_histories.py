"""Random histories of payments, and a plain dict of what the books should hold after each act.

The model knows from its making what takes back what; it compares no amounts and reads no ledger.
"""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from conftest import sealed_ledger
from payment_worlds import DAY, Figures, Thing, cents, make_world, respelled
from sqlalchemy import event

from billing.balance import residuals
from billing.errors import BadInput
from billing.ledger import Batch, BatchState, Ledger
from billing.model import Channel, Posting, PostingKind, Remittance
from console.batches import totals_sheet
from flows.posting import candidates

NOW = datetime(2026, 11, 26, 3, tzinfo=UTC)


class Cut(BaseException):
    """The process ends here."""


class History:
    """One ledger, one model, and random acts upon both."""

    def __init__(self, home: Path, template: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.world = make_world(self.chance)
        shutil.copytree(template, home)
        self.ledger: Ledger = sealed_ledger(home)
        self.read: set[str] = set()
        self.standing: dict[str, str] = {}  # thing → batch
        self.states: dict[str, BatchState] = {}
        self.imported: Counter[tuple[str, str]] = Counter()  # what a billing system would hold
        self.out: dict[str, Counter[tuple[str, str]]] = {}
        self.acts = 0
        self.things = {one.name: one for some in self.world.things.values() for one in some}
        self.needs = {name: one.needs for name, one in self.things.items()}

    def run(self, acts: int) -> None:
        """So many acts, the books compared after each."""
        self._go(acts, (self.propose,) * 3 + (self.approve, self.export, self.undo))

    def run_parting(self, acts: int) -> None:
        """Everything proposed, then so many acts of which most take batches apart."""
        self.propose(everything=True)
        self._go(acts, (self.part,) * 8 + (self.approve, self.export, self.undo, self.propose))

    def _go(self, acts: int, moves: Sequence[Callable[[], None]]) -> None:
        for _ in range(acts):
            self.acts += 1
            self.chance.choice(moves)()
            self.compare()
        self.finish()
        self.ledger.close()

    def propose(self, *, everything: bool = False) -> None:
        chance = self.chance
        some = chance.sample(self.world.payments, chance.randint(1, len(self.world.payments)))
        some = self.world.payments if everything else some
        documents = []
        sure = everything or chance.random() < 0.8
        with self._cut(None if sure else chance.randint(1, 60)) as alive:
            while some:
                size = chance.randint(1, len(some))
                file, some = some[:size], some[size:]
                documents.append(self._receive([respelled(chance, one) for one in file]))
                self.read |= {one.trace_number for one in file}
            received = self.ledger.remittances(documents=documents)
            entries, held = candidates(self.ledger, received, None)
            chance.shuffle(entries)
            batch, _ = self.ledger.propose_batch(entries, held, by="ann", on=DAY, at=NOW)
        if not alive:
            self._recover()
            return
        asked = [
            thing
            for received_one in received
            for thing in self.world.things[received_one.remittance.trace_number.lstrip("0").upper()]
        ]
        posted = self._post(asked, batch.batch_id if batch else "")
        assert bool(posted) == (batch is not None), (posted, batch)
        if batch is not None:
            self.states[batch.batch_id] = BatchState.PROPOSED

    def _post(self, asked: list[Thing], batch_id: str) -> list[str]:
        posted: list[str] = []
        progress = True
        while progress:
            progress = False
            for one in asked:
                if one.name in self.standing or not one.figures:
                    continue
                if all(n in self.standing or not self.things[n].figures for n in one.needs):
                    self.standing[one.name] = batch_id
                    self.needs[one.name] = one.needs
                    posted.append(one.name)
                    progress = True
            if not progress and (both := self._made_and_reversed(asked)) is not None:
                paid, back = both
                self.needs |= {paid.name: (), back.name: (paid.name,)}
                self.standing |= {paid.name: batch_id, back.name: batch_id}
                posted += [paid.name, back.name]
                progress = True
        return posted

    def _made_and_reversed(self, asked: list[Thing]) -> tuple[Thing, Thing] | None:
        """A claim as it was before, with its reversal beside it and its first payment unknown."""
        names = {one.name for one in asked} - self.standing.keys()
        for paid in asked:
            for name in paid.needs:
                back = self.things[name]
                if (
                    {paid.name, name} <= names
                    and back.trace == paid.trace
                    and paid.figures == tuple((code, -amount) for code, amount in back.figures)
                ):
                    return paid, back
        return None

    def _receive(self, file: list[Remittance]) -> str:
        data = repr(file).encode()
        sha256 = self.ledger.store(data, "application/edi-x12")
        self.ledger.receive(
            sha256,
            file,
            [residuals(one) for one in file],
            channel=self.chance.choice((Channel.EOB, Channel.CLEARINGHOUSE)),
            run="history",
            at=NOW + timedelta(seconds=self.acts),
        )
        return sha256

    def _in_state(self, *states: BatchState) -> str | None:
        there = sorted(name for name, state in self.states.items() if state in states)
        return self.chance.choice(there) if there else None

    def part(self) -> None:
        """Take some of a proposed batch into one of its own, all that look alike together."""
        name = self._in_state(BatchState.PROPOSED)
        if name is None:
            return
        batch = self.ledger.batch(name)
        mine = [self.things[one] for one, there in self.standing.items() if there == name]
        alike = sorted({(one.trace, one.reversal, one.figures) for one in mine})
        chosen = self.chance.sample(alike, self.chance.randint(1, max(1, len(alike) - 1)))
        apart = {one.name for one in mine if (one.trace, one.reversal, one.figures) in chosen}
        units = {one.unit for one in batch.entries if _looks(one.postings) in chosen}
        crossing = {
            need in apart
            for one in mine
            for need in one.needs
            if self.standing.get(need) == name and (need in apart) is not (one.name in apart)
        }
        closed = self._closes(batch)
        try:
            with self._cut(
                self.chance.randint(1, 12) if self.chance.random() < 0.2 else None
            ) as up:
                new = self.ledger.part_batch(name, units, batch.digest, by="lee", at=NOW)
        except BadInput:
            parted = {one.name.split()[0] for one in mine if one.name in apart}
            parted &= {one.name.split()[0] for one in mine if one.name not in apart}
            assert parted or not 0 < len(apart) < len(mine)
            return
        if not up:
            self._recover()
            return
        assert len(crossing) < 2, "one of the two could never go out"
        assert 0 < len(apart) < len(mine)
        rest = self.ledger.batch(name)
        assert Counter(batch.postings) == Counter(rest.postings) + Counter(new.postings)
        assert [one for one in batch.postings if one.unit in units] == list(new.postings)
        assert not closed or (self._closes(rest) and self._closes(new))
        self.states[new.batch_id] = BatchState.PROPOSED
        for one in apart:
            self.standing[one] = new.batch_id

    def _closes(self, batch: Batch) -> bool:
        """Whether the control totals of a batch add up to each of its payments."""
        received = self.ledger.remittances(keys=sorted({one.payment for one in batch.entries}))
        others = [o for o in self.ledger.batches_of_run(batch.run) if o.batch_id != batch.batch_id]
        try:
            rows = totals_sheet(batch, received, others).rows
        except BadInput:
            return False
        amounts = {one.remittance.trace_number: one.remittance.amount for one in received}
        for trace, amount in amounts.items():
            told = {row[2]: row[4] for row in rows if row[1] == trace}
            assert told["Remittance"] == amount
            assert sum(d for what, d in told.items() if str(what).startswith("Money")) == amount
        return True

    def approve(self) -> None:
        name = self._in_state(BatchState.PROPOSED)
        if name is None:
            return
        batch = self.ledger.batch(name)
        data = repr(batch.postings).encode()
        stored = {"postings": self.ledger.store(data, "text/csv")}
        self.ledger.approve_batch(name, batch.digest, stored, by="maria", at=NOW)
        self.states[name] = BatchState.APPROVED

    def export(self) -> None:
        name = self._in_state(BatchState.APPROVED, BatchState.EXPORTED)
        if name is None:
            return
        mine = [one for one, batch in self.standing.items() if batch == name]
        before = {self.standing[n] for one in mine for n in self.needs[one]
                  if n in self.standing} - {name}  # fmt: skip
        may = all(self.states[other] is BatchState.EXPORTED for other in before)
        try:
            batch, again = self.ledger.export_batch(name, by="maria", at=NOW)
        except BadInput:
            assert not may
            return
        assert may
        assert again is (self.states[name] is BatchState.EXPORTED)
        assert self.ledger.fetch(batch.files["postings"]) == repr(batch.postings).encode()
        if not again:
            lines = Counter({(p.key, p.code): cents(p.amount) for p in batch.postings})
            self.out[name] = lines
            for key, amount in lines.items():
                assert not self.imported[key], "it was imported already"
                self.imported[key] += amount
            self.states[name] = BatchState.EXPORTED

    def undo(self) -> None:
        live = (BatchState.PROPOSED, BatchState.APPROVED, BatchState.EXPORTED)
        name = self._in_state(*live)
        if name is None:
            return
        mine = {one for one, batch in self.standing.items() if batch == name}
        later = [
            one
            for one, batch in self.standing.items()
            if batch != name and mine & set(self.needs[one])
        ]
        try:
            self.ledger.undo_batch(name, by="maria", at=NOW)
        except BadInput:
            assert later
            return
        assert not later
        for key, amount in self.out.pop(name, Counter()).items():
            self.imported[key] -= amount
        self.states[name] = BatchState.UNDONE
        for one in mine:
            del self.standing[one]

    def _cut(self, statements: int | None) -> _Cutting:
        return _Cutting(self.ledger, statements)

    def _recover(self) -> None:
        """A run that was cut off left whole documents and no half of a batch."""
        self.ledger.close()
        self.ledger = sealed_ledger(self.ledger.home)
        assert {one.batch_id for one in self.ledger.batches()} == set(self.states)

    def compare(self) -> None:
        """The books against the model: what stands, in which batch, with which figures."""
        with self.ledger._engine.connect() as db:
            states = dict(iter(db.exec_driver_sql("SELECT batch_id, state FROM batches")))
            rows = db.exec_driver_sql(
                "SELECT batch_id, unit, posting FROM postings JOIN batches USING (batch_id) "
                "WHERE state != 'undone'"
            ).all()
        assert states == {name: state.value for name, state in self.states.items()}
        sums: dict[tuple[str, str], Counter[str]] = {}
        about: dict[tuple[str, str], tuple[str, bool]] = {}
        for batch_id, unit, text in rows:
            one = json.loads(text)
            sums.setdefault((batch_id, unit), Counter())[one["code"]] += cents(
                Decimal(one["amount"])
            )
            trace = one["trace_number"].lstrip("0").upper()
            about[batch_id, unit] = trace, one["kind"] == "reversal"
        there = Counter(
            (key[0], *about[key], tuple(sorted((c, a) for c, a in by_code.items() if a)))
            for key, by_code in sums.items()
        )
        should = Counter(
            (batch, self.things[n].trace, self.things[n].reversal, self.things[n].figures)
            for n, batch in self.standing.items()
        )
        assert there == should, (there - should, should - there)

    def finish(self) -> None:
        """Propose everything, let it all out: what was imported is what the payers say."""
        self.propose(everything=True)
        self.compare()
        while name := self._in_state(BatchState.PROPOSED, BatchState.APPROVED):
            if self.states[name] is BatchState.PROPOSED:
                batch = self.ledger.batch(name)
                files = {"postings": self.ledger.store(repr(batch.postings).encode(), "text/csv")}
                self.ledger.approve_batch(name, batch.digest, files, by="maria", at=NOW)
                self.states[name] = BatchState.APPROVED
            self.export()
        money = sum(a for (key, code), a in self.imported.items() if not code or "|plb " in key)
        assert money == sum(cents(one.amount) for one in self.world.payments)
        everything = Counter(self.imported)
        expected = sum(a for one in self.things.values() for _, a in one.figures)
        assert sum(everything.values()) == expected


def _looks(postings: tuple[Posting, ...]) -> tuple[str, bool, Figures]:
    """What can be seen of what a claim posts: its payment, whether it takes back, its figures."""
    sums: Counter[str] = Counter()
    for one in postings:
        sums[one.code] += cents(one.amount)
    figures = tuple(sorted((code, amount) for code, amount in sums.items() if amount))
    trace = postings[0].trace_number.lstrip("0").upper()
    return trace, postings[0].kind is PostingKind.REVERSAL, figures


class _Cutting:
    """Ends everything at the n-th statement to the database, as a killed process would."""

    def __init__(self, ledger: Ledger, statements: int | None) -> None:
        self.ledger, self.left, self.alive = ledger, statements, True

    def __enter__(self) -> _Cutting:
        if self.left is not None:
            event.listen(self.ledger._engine, "before_cursor_execute", self._count)
        return self

    def _count(self, *_: object) -> None:
        assert self.left is not None
        self.left -= 1
        if self.left < 0:
            raise Cut

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        if self.left is not None:
            event.remove(self.ledger._engine, "before_cursor_execute", self._count)
        self.alive = kind is not Cut
        return kind is Cut

    def __bool__(self) -> bool:
        return self.alive


def make_template(folder: Path) -> Path:
    """An empty ledger to copy."""
    sealed_ledger(folder).close()
    for left in folder.glob("ledger.sqlite-*"):
        left.unlink()
    return folder


def run_history(
    folder: Path, template: Path, seed: int, acts: int = 7, *, parting: bool = False
) -> int:
    """Run one history in ``folder`` and remove it; how many acts there were."""
    home = folder / f"history-{seed}"
    try:
        history = History(home, template, seed)
        (history.run_parting if parting else history.run)(acts)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return history.acts
