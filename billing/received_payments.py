"""What a payment and a claim on it are known by, and where two statements of one payment differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from itertools import combinations
from typing import NamedTuple

from billing.model import Adjustment, Channel, Evidence, Remittance, RemittedClaim
from billing.money import ZERO, usd

REVERSAL = "22"
"""CLP02 of a claim that takes an earlier decision back (835 TR3 005010X221)."""


class Mark(NamedTuple):
    """What a claim on a payment is known by, whatever the payment was read from.

    ``number`` is the payer's claim number without punctuation, or the patient control number
    after an equals sign where there is none. ``nth`` counts the claims of a payment that are
    alike in both, in the order of their amounts: media print them in different orders.
    """

    number: str
    reversal: bool
    nth: int

    def unit(self, payment: str) -> str:
        """What the claim's postings are known by, on the payment of this key."""
        return f"{payment}|{self.number}|{'reversal' if self.reversal else 'claim'}|{self.nth}"


@dataclass(frozen=True, slots=True)
class Statement:
    """One document's word on a payment: the ``position``-th payment in the bytes ``sha256``.

    ``channel`` is EOB for a document and CLEARINGHOUSE for an 835; ``run`` is the sweep or call
    that read it first, ``received_at`` when. ``unbalanced`` says which equation does not close,
    empty when all do; ``remittance.payer`` is the payer's name in the books.
    """

    remittance: Remittance
    sha256: str
    position: int
    channel: Channel
    run: str
    received_at: datetime
    unbalanced: str = ""


@dataclass(frozen=True, slots=True)
class Settlement:
    """A person's word that one statement of a payment stands: the ``position``-th payment in the
    bytes ``sha256``. ``differs`` are the clauses in which others were seen to differ from it; a
    difference that is none of them is not settled."""

    sha256: str
    position: int
    differs: tuple[str, ...]
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Received:
    """A payment that the payer says it made, with every document that states it.

    ``key`` is what makes it the same payment. ``remittance`` is the statement that a person has
    settled on, else the fullest that balances; one that does not balance only where there is no
    other. ``conflict`` says where statements that balance differ, empty when they agree to the
    cent or it is ``settled``. ``rivals`` state under the same trace number that money moved where
    these say that none did, or the other way round. ``refuted`` are its statements, by document
    and position, that differ from the one that stands.
    """

    key: str
    remittance: Remittance
    statements: tuple[Statement, ...]
    conflict: str = ""
    rivals: tuple[Statement, ...] = ()
    settled: Settlement | None = None
    refuted: frozenset[tuple[str, int]] = frozenset()

    @property
    def unbalanced(self) -> str:
        """Why no statement of it can be believed; empty when one balances."""
        whole = any(not one.unbalanced for one in self.statements)
        return "" if whole else self.statements[0].unbalanced

    @property
    def contenders(self) -> tuple[Statement, ...]:
        """The statements that balance, its own and its rivals'; one of them stands."""
        return tuple(one for one in (*self.statements, *self.rivals) if not one.unbalanced)

    @property
    def overruled(self) -> bool:
        """Whether a rival was settled on, so that there is no such payment."""
        return self.settled is not None and not any(
            _stands(self.settled, s) for s in self.statements
        )

    def hears(self, statement: Statement) -> bool:
        """Whether a statement of it is believed: it balances, and was not refuted."""
        return (
            not statement.unbalanced and (statement.sha256, statement.position) not in self.refuted
        )

    @property
    def first(self) -> Statement:
        """The statement that came first."""
        return min(self.statements, key=lambda one: one.received_at)


@dataclass(frozen=True, slots=True)
class Referred:
    """A remitted claim that something refers to, by the biller's number, and its payment."""

    claim_id: str
    trace_number: str
    payment_date: date
    reversal: bool


def bare(number: str) -> str:
    """A number without what its spellings differ in: case, blanks and punctuation."""
    if not number.isalnum():
        number = "".join(one for one in number if one.isalnum())
    return number.casefold()


def bare_trace(number: str) -> str:
    """A trace number as it is compared; a document pads a cheque's number with zeros."""
    return bare(number).lstrip("0") or "0"


def payment_key(one: Remittance) -> str:
    """What makes it the same payment in any file and from any channel.

    Amount and date are compared and are no part of it, or a misprint would be another payment.
    Where no money moved, the trace number may be used every day, so the date belongs to it. What
    only takes a payment back, under the payment's own number, is another one.
    """
    key = f"{one.payer}|{bare_trace(one.trace_number)}"
    if not one.amount:
        return f"{key}|{one.payment_date.isoformat()}"
    return f"{key}|reversed" if one.amount < 0 and _takes_back(one) else key


def claim_number(claim: RemittedClaim) -> str:
    """The number a claim on a payment is known by, as :class:`Mark` says."""
    return bare(claim.payer_claim_number) or f"={bare(claim.claim_id)}"


def marks(claims: Sequence[RemittedClaim]) -> list[Mark]:
    """The mark of every claim of a payment, in the order of ``claims``."""
    seen: Counter[tuple[str, bool]] = Counter()
    found: dict[int, Mark] = {}
    for index in sorted(range(len(claims)), key=lambda n: _figures(claims[n])):
        alike = claim_number(claims[index]), claims[index].status == REVERSAL
        seen[alike] += 1
        found[index] = Mark(*alike, seen[alike])
    return [found[index] for index in range(len(claims))]


def gather(
    key: str,
    statements: Sequence[Statement],
    rivals: Sequence[Statement] = (),
    settlement: Settlement | None = None,
) -> Received:
    """One payment from everything that states it, in the order it came.

    A ``settlement`` counts while what it settles on is there, and every difference was seen.
    """
    believed = [one for one in statements if not one.unbalanced]
    ranked = sorted(believed or statements, key=lambda one: -_lines(one.remittance))
    against = tuple(one for one in rivals if believed and not one.unbalanced)
    everyone = (*ranked, *against) if believed else ()
    refuted: frozenset[tuple[str, int]] = frozenset()
    first = next((one for one in everyone if settlement and _stands(settlement, one)), None)
    if settlement is not None and first is not None:
        clauses = [(one, difference(first.remittance, one.remittance)) for one in everyone]
        refuted = frozenset((one.sha256, one.position) for one, clause in clauses if clause)
        conflict = next((c for _, c in clauses if c and c not in settlement.differs), "")
    else:
        pairs = combinations([one.remittance for one in everyone], 2)
        conflict = next((clause for pair in pairs if (clause := difference(*pair))), "")
    if settlement is None or first is None or conflict:
        settlement, refuted = None, frozenset()
    elif first in ranked:
        ranked = [first, *(one for one in ranked if one is not first)]
    fullest = ranked[0].remittance
    if believed and not fullest.amount:
        fullest = _together(one.remittance for one in ranked)
    return Received(key, fullest, tuple(statements), conflict, against, settlement, refuted)


def is_rival(one: Statement, other: Statement) -> bool:
    """Whether two statements under one trace number cannot both be true: money moved by one of them
    only, on the same day or for the same claim.

    A remittance that pays nothing (BPR04 NON) has a number of its own (835 TR3 005010X221, TRN02).
    What only takes claims back is the payment's reversal, and no other word on the payment.
    """
    ours, theirs = one.remittance, other.remittance
    if bool(ours.amount) is bool(theirs.amount) or _takes_back(ours) or _takes_back(theirs):
        return False
    same_day = ours.payment_date == theirs.payment_date
    return same_day or not set(marks(ours.claims)).isdisjoint(marks(theirs.claims))


def _takes_back(one: Remittance) -> bool:
    """Whether it holds claims, and all of them are reversals."""
    return bool(one.claims) and all(claim.status == REVERSAL for claim in one.claims)


def _stands(settlement: Settlement, one: Statement) -> bool:
    return (settlement.sha256, settlement.position) == (one.sha256, one.position)


def difference(one: Remittance, other: Remittance) -> str:
    """Where two statements of one payment differ in money, in a clause; empty when they agree.

    Dates, names and the spelling of numbers are not money, nor are allowed amounts. Lines are
    compared where both state them. Payments of nothing share no total that could be missed, so
    only claims that stand in both are compared.
    """
    if one.amount != other.amount:
        return f"its amount is {usd(one.amount)} and {usd(other.amount)}"
    ours, theirs = _by_mark(one), _by_mark(other)
    for mark in sorted(ours.keys() | theirs.keys()):
        left, right = ours.get(mark), theirs.get(mark)
        if left is None or right is None:
            if one.amount:
                return f"claim {mark.number} stands in one of them only"
        elif clause := _claims_differ(left, right):
            return f"of claim {mark.number} {clause}"
    withheld, said = (
        Counter((entry.reason, entry.amount) for entry in each.provider_adjustments)
        for each in (one, other)
    )
    return "" if withheld == said else "the provider-level adjustments are not the same"


def totals_by_code(adjustments: Iterable[Adjustment]) -> dict[str, Decimal]:
    """Dollars by group and reason code; codes that come to nothing are left out."""
    found: dict[str, Decimal] = {}
    for entry in adjustments:
        found[entry.code] = found.get(entry.code, ZERO) + entry.amount
    return {code: amount for code, amount in found.items() if amount}


def _claims_differ(one: RemittedClaim, other: RemittedClaim) -> str:
    for name in ("charge", "paid", "patient_responsibility"):
        left, right = getattr(one, name), getattr(other, name)
        if left != right:
            return f"the {name.replace('_', ' ')} is {usd(left)} and {usd(right)}"
    ours, theirs = totals_by_code(one.all_adjustments), totals_by_code(other.all_adjustments)
    for code in sorted(ours.keys() | theirs.keys()):
        left, right = ours.get(code, ZERO), theirs.get(code, ZERO)
        if left != right:
            return f"{code} is {usd(left)} and {usd(right)}"
    if one.lines and other.lines and _line_figures(one) != _line_figures(other):
        return "the amounts stand on other lines"
    return ""


def _line_figures(claim: RemittedClaim) -> list[tuple[object, ...]]:
    return sorted(
        (line.charge, line.paid, sorted(totals_by_code(line.adjustments).items()))
        for line in claim.lines
    )


def _figures(claim: RemittedClaim) -> tuple[object, ...]:
    codes = sorted(totals_by_code(claim.all_adjustments).items())
    return claim.paid, claim.charge, codes, _line_figures(claim)


def _by_mark(remittance: Remittance) -> Mapping[Mark, RemittedClaim]:
    return dict(zip(marks(remittance.claims), remittance.claims, strict=True))


def _lines(remittance: Remittance) -> int:
    return sum(len(claim.lines) for claim in remittance.claims)


def _together(remittances: Iterator[Remittance]) -> Remittance:
    """A payment of nothing with the claims of all its statements, each once."""
    first = next(remittances)
    claims, places = list(first.claims), dict(first.places)
    seen = set(marks(claims))
    for other in remittances:
        for index, (mark, claim) in enumerate(zip(marks(other.claims), other.claims, strict=True)):
            if mark not in seen:
                seen.add(mark)
                places |= _moved(other.places, index, len(claims))
                claims.append(claim)
    return replace(first, claims=tuple(claims), places=places)


def _moved(places: Mapping[str, Evidence], index: int, to: int) -> dict[str, Evidence]:
    head = f"claims[{index}]"
    return {
        f"claims[{to}]{path[len(head) :]}": place
        for path, place in places.items()
        if path.startswith(head)
    }


@dataclass(frozen=True, slots=True)
class Part:
    """A claim on one statement of a payment."""

    received: Received
    statement: Statement
    index: int

    @property
    def key(self) -> tuple[str, datetime, str, int, int]:
        """What names it, and puts the parts of a claim in order."""
        told = self.statement
        return self.received.key, told.received_at, told.sha256, told.position, self.index

    @property
    def claim(self) -> RemittedClaim:
        """The claim as remitted."""
        return self.statement.remittance.claims[self.index]

    @property
    def place(self) -> Evidence | None:
        """Where its payment stands."""
        return self.statement.remittance.places.get(f"claims[{self.index}].paid")


def by_number(received: Iterable[Received]) -> dict[str, list[Part]]:
    """Every remitted claim of statements that are believed, by the biller's and the payer's number
    without what spellings differ in."""
    parts: dict[str, list[Part]] = {}
    for payment in received:
        for statement in payment.statements:
            if not payment.hears(statement):
                continue
            for index, claim in enumerate(statement.remittance.claims):
                part = Part(payment, statement, index)
                for number in {bare(claim.claim_id), bare(claim.payer_claim_number)}:
                    if number:
                        parts.setdefault(number, []).append(part)
    return parts
