"""What may be posted, once each, a payment before its reversal before what is decided anew."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from billing.model import Posting, PostingKind
from billing.money import ZERO, usd

PATIENTS = "PR-"
"""Adjustments of this group move a balance to the patient; they take nothing off the account."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one remitted claim or one provider-level adjustment posts: all of it or nothing.

    ``follows`` are the units of the reversals that its own payment makes of the same claim.
    """

    postings: tuple[Posting, ...]
    follows: tuple[str, ...] = ()

    @property
    def unit(self) -> str:
        """What makes it the same entry whoever proposes it."""
        return self.postings[0].unit

    @property
    def payment(self) -> str:
        """The key of the payment it stands on."""
        return self.unit.rsplit("|", 3)[0]

    def under(self, payer: str) -> Entry:
        """The same under another name of its payer."""

        def renamed(unit: str) -> str:
            return payer + unit[len(self.postings[0].payer) :]

        postings = (replace(p, payer=payer, unit=renamed(p.unit)) for p in self.postings)
        return Entry(tuple(postings), tuple(map(renamed, self.follows)))

    def noted(self, note: str) -> Entry:
        """The same with a sentence more in the note of every posting."""
        if not note:
            return self
        postings = (replace(p, note=f"{p.note} {note}".lstrip()) for p in self.postings)
        return replace(self, postings=tuple(postings))

    @property
    def number(self) -> str:
        """The payer's number of the claim, bare."""
        return self.unit.rsplit("|", 3)[1]

    @property
    def kind(self) -> PostingKind:
        """REVERSAL or PROVIDER where it is one; PAYMENT for a decided claim, paid or not."""
        kind = self.postings[0].kind
        return PostingKind.PAYMENT if kind is PostingKind.ADJUSTMENT else kind

    @property
    def totals(self) -> dict[str, Decimal]:
        """Dollars by code, payments under the empty one, whatever lines they stand on."""
        found: dict[str, Decimal] = defaultdict(lambda: ZERO)
        for one in self.postings:
            found[one.code] += one.amount
        return {code: amount for code, amount in found.items() if amount}

    @property
    def paid(self) -> Decimal:
        """Dollars of payment; of a provider-level adjustment what it adds to the payment."""
        held = self.kind is PostingKind.PROVIDER
        return sum((one.amount for one in self.postings if held or not one.code), ZERO)

    @property
    def taken_off(self) -> Decimal:
        """What it takes off the account: payments, and adjustments but for the patient's."""
        amounts = [p.amount for p in self.postings if not p.code.startswith(PATIENTS)]
        return sum(amounts, ZERO)


@dataclass(frozen=True, slots=True)
class Posted:
    """An entry that stands in a batch. ``said`` is what to say of it: "exported on … by …";
    ``after`` is the unit that had to be posted before it, empty where there is none."""

    entry: Entry
    batch: str
    said: str
    after: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """An entry that is not proposed, and why in one sentence.

    ``already`` when it is posted, ``doubt`` when its remittance cannot be believed, which is told
    also of what is posted.
    """

    entry: Entry
    why: str
    already: bool = False
    doubt: bool = False


@dataclass(frozen=True, slots=True)
class Decided:
    """The entries to post in the order to post them, each with the unit before it, and the rest."""

    to_post: tuple[tuple[Entry, str], ...]
    held: tuple[Held, ...]


def decide(candidates: Iterable[Entry], standing: Iterable[Posted]) -> Decided:
    """Which of ``candidates`` may be posted beside what is ``standing``, whatever their order.

    Every entry is posted once. A reversal needs the payment it takes back to be posted here, to
    the cent; a claim decided anew needs the reversal beside it; and nothing may take more off an
    account than was charged. What is refused once is tried again after every other entry.
    """
    books = _Books(standing)
    waiting = {one.unit: one for one in sorted(candidates, key=_in_order)}
    to_post: list[tuple[Entry, str]] = []
    held: dict[str, Held] = {}
    progress = True
    while progress:
        progress = False
        for unit, entry in list(waiting.items()):
            said = books.judge(entry)
            if isinstance(said, Held):
                held[unit] = said
                continue
            books.add(Posted(entry, "", "", said))
            to_post.append((entry, said))
            del waiting[unit]
            held.pop(unit, None)
            progress = True
        if not progress and (made := _made_and_reversed(waiting, books)) is not None:
            waiting[made.unit] = replace(made, follows=())
            progress = True
    return Decided(tuple(to_post), tuple(held.values()))


def _made_and_reversed(waiting: Mapping[str, Entry], books: _Books) -> Entry | None:
    """A claim that may be posted but for the reversal beside it, which takes it back."""
    for one in waiting.values():
        if any(
            unit in waiting and waiting[unit].totals == {c: -a for c, a in one.totals.items()}
            for unit in one.follows
        ) and not isinstance(books.judge(replace(one, follows=())), Held):
            return one
    return None


class _Books:
    """What is posted so far, by all that it is looked for by."""

    def __init__(self, standing: Iterable[Posted]) -> None:
        self._units: dict[str, Posted] = {}
        self._numbers: dict[tuple[str, str], list[Posted]] = defaultdict(list)
        self._accounts: dict[str, list[Posted]] = defaultdict(list)
        self._taken_back: set[str] = set()
        for one in standing:
            self.add(one)

    def add(self, posted: Posted) -> None:
        """Take an entry as posted."""
        entry = posted.entry
        self._units[entry.unit] = posted
        if entry.kind is PostingKind.PROVIDER:
            return
        self._numbers[entry.postings[0].payer, entry.number].append(posted)
        if account := entry.postings[0].account:
            self._accounts[account].append(posted)
        if entry.kind is PostingKind.REVERSAL:
            self._taken_back.add(posted.after)

    def judge(self, entry: Entry) -> str | Held:
        """Why it cannot be posted, or the unit that it comes after."""
        prior = self._units.get(entry.unit)
        if prior is not None:
            return already(entry, prior)
        if entry.kind is PostingKind.PROVIDER:
            return ""
        if entry.kind is PostingKind.REVERSAL:
            return self._original(entry)
        for unit in entry.follows:
            if unit not in self._units:
                return Held(
                    entry,
                    "It decides a claim anew, and the reversal beside it is not posted here.",
                )
        account, charge = entry.postings[0].account, entry.postings[0].charge
        before = self._accounts[account] if account else []
        off = sum((one.entry.taken_off for one in before), ZERO)
        if before and charge is not None and entry.taken_off > 0 and off + entry.taken_off > charge:
            return Held(
                entry,
                f"It would take {usd(off + entry.taken_off)} off a claim of {usd(charge)}: "
                f"{usd(off)} is {before[-1].said or 'in this batch'} already.",
            )
        return entry.follows[-1] if entry.follows else ""

    def _original(self, reversal: Entry) -> str | Held:
        first = reversal.postings[0]
        back = {code: -amount for code, amount in reversal.totals.items()}
        same_claim: list[Posted] = [
            *self._numbers[first.payer, reversal.number],
            *(self._accounts[first.account] if first.account else ()),
        ]
        earlier: list[Entry] = [
            one.entry
            for one in same_claim
            if one.entry.kind is PostingKind.PAYMENT
            and one.entry.unit not in self._taken_back
            and _on(one.entry) <= _on(reversal)
        ]
        for one in sorted(earlier, key=lambda one: one.payment == reversal.payment):
            if one.totals == back:
                return one.unit
        why = "It takes back other amounts than were posted here" if earlier else None
        return Held(
            reversal,
            f"{why or 'It takes back what was never posted here'}: post it by hand, or propose it "
            "again once the payment it takes back is in the books.",
        )


def already(entry: Entry, prior: Posted) -> Held:
    """What is said of an entry that stands in a batch, as it is proposed or otherwise."""
    said = prior.said or "in this batch"
    if prior.entry.totals == entry.totals:
        return Held(entry, f"Already {said}.", already=True)
    ours, theirs = entry.totals, prior.entry.totals
    code = min(c for c in ours.keys() | theirs.keys() if ours.get(c) != theirs.get(c))
    return Held(
        entry,
        f"Already {said}, and otherwise: {code or 'the payment'} was "
        f"{usd(theirs.get(code, ZERO))} there and is {usd(ours.get(code, ZERO))} here.",
    )


def beside(held: Held, prior: Posted | None) -> Held:
    """What is said of an entry that was held back, when it stands in a batch all the same."""
    if prior is None:
        return held
    stands = already(held.entry, prior)
    return replace(held, why=f"{stands.why} {held.why}") if held.doubt else stands


def _on(entry: Entry) -> date:
    return entry.postings[0].payment_date or date.min


def _in_order(entry: Entry) -> tuple[object, ...]:
    kinds: Sequence[PostingKind] = (
        PostingKind.REVERSAL,
        PostingKind.PAYMENT,
        PostingKind.PROVIDER,
    )
    return _on(entry), entry.payment, kinds.index(entry.kind), entry.unit
