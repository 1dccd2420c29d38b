"""Random histories of payments, and a plain dict of what the books should hold after each act.

The model knows from its making what takes back what; it compares no amounts and reads no ledger.
"""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from sqlalchemy import event

from billing.balance import residuals
from billing.errors import BadInput
from billing.ledger import BatchState, Ledger, open_ledger
from billing.model import (
    Adjustment,
    Channel,
    ProviderAdjustment,
    Remittance,
    RemittedClaim,
    ServiceLine,
)
from flows.posting import candidates

NOW = datetime(2026, 11, 26, 3, tzinfo=UTC)
DAY = date(2026, 11, 26)
SPELLINGS = ("acme", "ACME HEALTH", "Acme Health of Ohio")

Figures = tuple[tuple[str, int], ...]
"""Cents by code, payments under the empty one, without those that are nothing."""


class Cut(BaseException):
    """The process ends here."""


@dataclass
class Thing:
    """One claim on a payment, or one amount withheld: what it should post, after what else."""

    name: str
    trace: str
    reversal: bool
    figures: Figures
    needs: tuple[str, ...] = ()


@dataclass
class World:
    """Payments as they are made, and what each should post."""

    payments: list[Remittance] = field(default_factory=list)
    things: dict[str, list[Thing]] = field(default_factory=dict)  # by trace number


def cents(amount: Decimal) -> int:
    return int(amount * 100)


def dollars(amount: int) -> Decimal:
    return Decimal(amount).scaleb(-2)


def make_world(chance: random.Random) -> World:
    """A few claims paid, taken back, decided anew, paid by a second payer, in a few payments."""
    count = chance.randint(3, 6)
    claims: list[list[RemittedClaim]] = [[] for _ in range(count)]
    things: list[list[Thing]] = [[] for _ in range(count)]
    second: list[tuple[RemittedClaim, Thing]] = []
    withheld: list[list[ProviderAdjustment]] = [[] for _ in range(count)]
    for n in range(chance.randint(1, 5)):
        at = chance.randrange(count)
        charge = chance.randint(2_000, 30_000)
        claim = decide(chance, f"C{n}", f"E{n}0", charge)
        put(claims, things, at, claim, f"{n} first", ())
        before, known = claim, f"{n} first"
        repeats = chance.random() < 0.3
        for turn in range(chance.choice((0, 0, 1, 1, 2))):
            later = at + 1 + chance.randrange(count)
            if later >= count:
                break
            put(claims, things, later, negative(before), f"{n} back {turn}", (known,))
            if chance.random() < 0.4:
                withheld[later].append(ProviderAdjustment("FB", f"E{n}0", dollars(-500)))
            number = f"E{n}{turn + 1}" if chance.random() < 0.5 else before.payer_claim_number
            if repeats and turn == 0:
                anew = replace(before, payer_claim_number=number)
            else:
                anew = decide(chance, f"C{n}", number, charge, other_than=before)
            put(claims, things, later, anew, f"{n} anew {turn}", (f"{n} back {turn}",))
            at, before, known = later, anew, f"{n} anew {turn}"
            if repeats:
                break
        if chance.random() < 0.3:
            own = min(1 + chance.randrange(500), charge - taken_off(before))
            if own > 0:
                other = charge - own
                adjusted = (Adjustment("OA", "23", dollars(other)),)
                line = ServiceLine("G0463", None, dollars(charge), dollars(own),
                                   adjustments=adjusted)  # fmt: skip
                claim = RemittedClaim(f"C{n}", f"S{n}", "2", dollars(charge), dollars(own),
                                      Decimal(0), lines=(line,))  # fmt: skip
                second.append((claim, Thing(f"{n} second", "", False, (("", own),))))
        if chance.random() < 0.3:
            withheld[chance.randrange(count)].append(
                ProviderAdjustment("WO", f"E{n}0 C{n}", dollars(chance.randint(1, 900)))
            )
    world = World()
    for index in range(count):
        day = DAY - timedelta(days=100 - 7 * index)
        add(world, f"T{index}0", "acme", day, claims[index], things[index], withheld[index])
    if second:
        held, said = [one for one, _ in second], [thing for _, thing in second]
        add(world, "Z1", "zenith", DAY, held, said, [])
    return world


def taken_off(claim: RemittedClaim) -> int:
    return cents(claim.charge) - cents(claim.patient_responsibility)


def decide(
    chance: random.Random,
    own: str,
    number: str,
    charge: int,
    other_than: RemittedClaim | None = None,
) -> RemittedClaim:
    """A decision of one or two lines, of other amounts than ``other_than``."""
    while True:
        whole = chance.random() < 0.15
        halves = [charge] if charge % 2 or chance.random() < 0.5 else [charge // 2] * 2
        lines = []
        equal = chance.random() < 0.5
        for each in halves:
            if lines and equal:
                lines.append(lines[0])
                continue
            off = each if whole else chance.randint(0, each)
            patients = 0 if whole else chance.randint(0, each - off)
            parts = [Adjustment("CO", "16" if whole else "45", dollars(off))] if off else []
            parts += [Adjustment("PR", "1", dollars(patients))] if patients else []
            lines.append(
                ServiceLine("G0463", date(2026, 6, 1), dollars(each),
                            dollars(each - off - patients), adjustments=tuple(parts))
            )  # fmt: skip
        paid = sum((one.paid for one in lines), Decimal(0))
        owed = sum((a.amount for one in lines for a in one.adjustments if a.group == "PR"),
                   Decimal(0))  # fmt: skip
        made = RemittedClaim(own, number, "1", dollars(charge), paid, owed, lines=tuple(lines))
        if other_than is None or figures(made) != figures(other_than):
            return made


def negative(claim: RemittedClaim) -> RemittedClaim:
    """What takes a claim back."""
    lines = tuple(
        replace(
            one,
            charge=-one.charge,
            paid=-one.paid,
            adjustments=tuple(replace(a, amount=-a.amount) for a in one.adjustments),
        )
        for one in claim.lines
    )
    owed = -claim.patient_responsibility
    return replace(claim, status="22", charge=-claim.charge, paid=-claim.paid,
                   patient_responsibility=owed, lines=lines)  # fmt: skip


def figures(claim: RemittedClaim) -> Figures:
    found = Counter({"": cents(claim.paid)})
    for line in claim.lines:
        for one in line.adjustments:
            found[f"{one.group}-{one.reason}"] += cents(one.amount)
    return tuple(sorted((code, amount) for code, amount in found.items() if amount))


def put(
    claims: list[list[RemittedClaim]],
    things: list[list[Thing]],
    at: int,
    claim: RemittedClaim,
    name: str,
    needs: tuple[str, ...],
) -> None:
    claims[at].append(claim)
    things[at].append(Thing(name, "", claim.status == "22", figures(claim), needs))


def add(
    world: World,
    trace: str,
    payer: str,
    day: date,
    claims: list[RemittedClaim],
    things: list[Thing],
    withheld: list[ProviderAdjustment],
) -> None:
    if not claims and not withheld:
        return
    amount = sum((one.paid for one in claims), Decimal(0))
    amount -= sum((one.amount for one in withheld), Decimal(0))
    world.payments.append(
        Remittance(trace, "ACH", amount, day, payer, "", tuple(claims), tuple(withheld))
    )
    plb = [Thing(f"{trace} held {n}", "", False, ((one.reason, -cents(one.amount)),))
           for n, one in enumerate(withheld)]  # fmt: skip
    world.things[trace] = [replace(one, trace=trace) for one in (*things, *plb)]


def respelled(chance: random.Random, paid: Remittance) -> Remittance:
    """The payment as some medium prints it."""
    claims = list(paid.claims)
    chance.shuffle(claims)
    claims = [
        replace(one, payer_claim_number=chance.choice((n, n.lower(), f"{n[0]}-{n[1:]}")))
        for one in claims
        for n in (one.payer_claim_number,)
    ]
    if chance.random() < 0.3:
        claims = [replace(one, lines=tuple(reversed(one.lines))) for one in claims]
    trace = chance.choice((paid.trace_number, f"000{paid.trace_number.lower()}"))
    payer = paid.payer if paid.payer == "zenith" else chance.choice(SPELLINGS)
    return replace(paid, trace_number=trace, payer=payer, claims=tuple(claims))


class History:
    """One ledger, one model, and random acts upon both."""

    def __init__(self, home: Path, template: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.world = make_world(self.chance)
        shutil.copytree(template, home)
        self.ledger: Ledger = open_ledger(home)
        self.read: set[str] = set()
        self.standing: dict[str, str] = {}  # thing → batch
        self.states: dict[str, BatchState] = {}
        self.imported: Counter[tuple[str, str]] = Counter()  # what a billing system would hold
        self.out: dict[str, Counter[tuple[str, str]]] = {}
        self.acts = 0
        self.things = {one.name: one for some in self.world.things.values() for one in some}

    def run(self, acts: int) -> None:
        """So many acts, the books compared after each."""
        moves = (self.propose, self.propose, self.propose, self.approve, self.export, self.undo)
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
                    posted.append(one.name)
                    progress = True
        return posted

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
        before = {self.standing[n] for one in mine for n in self.things[one].needs
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
            if batch != name and mine & set(self.things[one].needs)
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
        self.ledger = open_ledger(self.ledger.home)
        assert {one.batch_id for one in self.ledger.batches()} == set(self.states)

    def compare(self) -> None:
        """The books against the model: what stands, in which batch, with which figures."""
        with closing(sqlite3.connect(self.ledger.home / "ledger.sqlite")) as db:
            states = dict(db.execute("SELECT batch_id, state FROM batches"))
            rows = db.execute(
                "SELECT batch_id, unit, posting FROM postings JOIN batches USING (batch_id) "
                "WHERE state != 'undone'"
            ).fetchall()
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
    open_ledger(folder).close()
    for left in folder.glob("ledger.sqlite-*"):
        left.unlink()
    return folder


def run_history(folder: Path, template: Path, seed: int, acts: int = 7) -> int:
    """Run one history in ``folder`` and remove it; how many acts there were."""
    home = folder / f"history-{seed}"
    try:
        history = History(home, template, seed)
        history.run(acts)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return history.acts
