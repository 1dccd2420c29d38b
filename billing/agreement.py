"""One claim's money as every channel states it: agreed, one channel missing, or in conflict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import accumulate

from billing.deposits import SETTLED, Deposit, DepositKind
from billing.identity import same_id
from billing.model import (
    Channel,
    Claim,
    ClaimStatus,
    Evidence,
    Found,
    Observation,
)
from billing.money import ZERO, usd
from billing.received_payments import REVERSAL, Part
from billing.received_payments import bare as bare_number
from billing.reconcile.sources import Document, Unusable, disagreements, find_document


class Source(StrEnum):
    """Who states something of a claim's money."""

    PORTAL = "portal"
    STATUS = "277"
    EOB = "EOB"
    ERA = "835"
    BANK = "bank"
    BILLER = "biller"


class Verdict(StrEnum):
    """What the channels come to, taken together."""

    AGREED = "agreed"
    MISSING = "missing"
    CONFLICT = "conflict"


NEEDED: tuple[tuple[Source, ...], ...] = (
    (Source.PORTAL, Source.STATUS),
    (Source.EOB, Source.ERA),
    (Source.BANK,),
)
"""One of each must speak: who decided, what the decision says line by line, the money."""

_OF_CHANNEL = {
    Channel.PORTAL: Source.PORTAL,
    Channel.CLEARINGHOUSE: Source.STATUS,
}
_OF_DOCUMENT = {Channel.EOB: Source.EOB, Channel.CLEARINGHOUSE: Source.ERA}
_NOT_THERE = frozenset(
    {
        DepositKind.MISSING,
        DepositKind.UNCASHED,
        DepositKind.WAITING,
        DepositKind.NOT_COVERED,
        DepositKind.SEVERAL_FIT,
    }
)
_NO_DEPOSIT = _NOT_THERE | {DepositKind.NO_MONEY}
_AT_PEACE = SETTLED | _NO_DEPOSIT


@dataclass(frozen=True, slots=True)
class Said:
    """What one channel states: dollars paid on the claim, its own words, and where it stands.

    A bank states no claim's money: ``paid`` is the claim's part of a payment that is all there.
    """

    source: Source
    paid: Decimal | None
    words: str
    place: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Agreed:
    """All channels of one claim side by side.

    ``missing`` are the channels that were asked for and say nothing, each group by its first;
    ``clauses`` say every difference, ``difference`` is the largest of them in dollars. ``paid`` is
    what the payer says it paid in all, as the best channel states it.
    """

    claim: Claim
    verdict: Verdict
    paid: Decimal
    missing: tuple[Source, ...]
    clauses: tuple[str, ...]
    difference: Decimal
    said: tuple[Said, ...]

    @property
    def why(self) -> str:
        """The verdict in a sentence."""
        if self.clauses:
            return f"{'; '.join(self.clauses)}."
        names = ", ".join(one.source for one in self.said)
        if self.missing:
            lacking = ", ".join(self.missing)
            return f"{usd(self.paid)} by {names}; nothing from {lacking}."
        return f"{usd(self.paid)} by {names}."

    def of(self, source: Source) -> Said | None:
        """What one channel says."""
        return next((one for one in self.said if one.source is source), None)


def may_post(found: Agreed | None) -> bool:
    """Whether a claim's money may be proposed for posting: only where all that was asked agrees."""
    return found is not None and found.verdict is Verdict.AGREED


def agree(
    claim: Claim,
    observations: Sequence[Observation],
    remitted: Mapping[str, Sequence[Part]],
    deposits: Mapping[str, Deposit],
    *,
    asked: frozenset[Source],
) -> Agreed | None:
    """The channels of one claim; None while none of them speaks of a payment.

    ``remitted`` is what :func:`billing.received_payments.by_number` makes of the payments,
    ``deposits`` what became of each payment by its key. ``asked`` are the channels that were looked
    at: one that was not is not missing. A cent is a conflict.
    """
    weighed = _Weighing(claim, observations, remitted, deposits)
    if not weighed.parts and not weighed.statuses:
        return None
    said = tuple(weighed.said())
    paid = next((one.paid for one in said if one.source in _BEST and one.paid is not None), None)
    if paid is None:
        return None
    differing = tuple(weighed.differences())
    missing = tuple(
        group[0]
        for group in NEEDED
        if asked & set(group)
        and not any(one.source in group for one in said)
        and not (group == (Source.BANK,) and weighed.nothing_to_deposit)
    )
    verdict = Verdict.CONFLICT if differing else Verdict.MISSING if missing else Verdict.AGREED
    return Agreed(
        claim,
        verdict,
        paid,
        missing,
        tuple(clause for clause, _ in differing),
        max((dollars for _, dollars in differing), default=ZERO),
        said,
    )


_BEST = (Source.ERA, Source.EOB, Source.PORTAL, Source.STATUS)
_Difference = tuple[str, Decimal]


class _Weighing:
    """One claim with everything said of it, while it is being weighed."""

    def __init__(
        self,
        claim: Claim,
        observations: Sequence[Observation],
        remitted: Mapping[str, Sequence[Part]],
        deposits: Mapping[str, Deposit],
    ) -> None:
        self.claim, self.deposits = claim, deposits
        self.statuses = dict(_statuses(observations)) if observations else {}
        theirs = {bare_number(one.payer_claim_number) for one, _ in self.statuses.values()} - {""}
        found = [
            part
            for number in {bare_number(claim.claim_id), *theirs}
            for part in remitted.get(number, ())
            if same_id(claim.claim_id, part.claim.claim_id) is True
            or (theirs and bare_number(part.claim.payer_claim_number) in theirs)
        ]
        if len(found) > 1:
            by_key = {part.key: part for part in found}
            found = [by_key[key] for key in sorted(by_key)]
        self.parts = found
        self.payments = {part.received.key: part.received for part in self.parts}

    @property
    def nothing_to_deposit(self) -> bool:
        """Whether no payment with the claim moved money."""
        return bool(self.payments) and not any(
            one.remittance.amount for one in self.payments.values()
        )

    def said(self) -> Iterator[Said]:
        """Each channel that speaks, portal first."""
        for source, (status, place) in self.statuses.items():
            if status.paid is not None:
                yield Said(source, status.paid, status.words, place)
        for source in (Source.EOB, Source.ERA):
            mine = [part for part in self.parts if _OF_DOCUMENT[part.statement.channel] is source]
            if mine:
                traces = dict.fromkeys(p.statement.remittance.trace_number for p in mine)
                last = max(mine, key=lambda part: part.statement.remittance.payment_date)
                yield Said(source, _total(mine), ", ".join(traces), last.place)
        booked = [one for key in self.payments if (one := self.deposits.get(key)) is not None]
        there = [one for one in booked if one.kind not in _NO_DEPOSIT]
        if there:
            settled = all(one.kind in SETTLED for one in booked)
            words = ", ".join(dict.fromkeys(one.kind for one in there))
            place = next((line.place for one in there for line in one.lines), None)
            yield Said(Source.BANK, self.remitted if settled else None, words, place)
        posted = self.claim.insurance_paid
        if posted is not None:
            yield Said(Source.BILLER, posted, f"{usd(self.claim.balance)} open")

    @property
    def remitted(self) -> Decimal:
        """What the remittances say was paid in all, each payment once."""
        return _total(self._once())

    def differences(self) -> Iterator[_Difference]:
        """Every difference in a clause, with its dollars."""
        differing = list(self._statements_differ())
        yield from differing
        if not differing:
            yield from self._portal_differs()
        for key, payment in self.payments.items():
            deposit = self.deposits.get(key)
            if deposit is not None and deposit.kind not in _AT_PEACE:
                number = payment.remittance.trace_number
                apart = usd(abs(deposit.difference))
                yield f"payment {number}: {deposit.kind}, {apart}", abs(deposit.difference)
        yield from self._biller_differs()

    def _statements_differ(self) -> Iterator[_Difference]:
        """Documents that state the same payment of this claim otherwise."""
        by_payment: dict[tuple[str, bool], list[Part]] = {}
        for part in self.parts:
            alike = part.received.key, part.claim.status == REVERSAL
            by_payment.setdefault(alike, []).append(part)
        for (key, _), parts in by_payment.items():
            if len(parts) == 1:
                continue
            number = self.payments[key].remittance.trace_number
            figures = {
                "amount": {part.statement.remittance.amount for part in parts},
                "charge": _sums(parts, "charge"),
                "paid": _sums(parts, "paid"),
                "patient responsibility": _sums(parts, "patient_responsibility"),
            }
            for figure, values in figures.items():
                if len(values) > 1:
                    low, high = min(values), max(values)
                    yield (
                        f"{figure} of payment {number} is {usd(low)} in one document and "
                        f"{usd(high)} in another",
                        high - low,
                    )

    def _portal_differs(self) -> Iterator[_Difference]:
        """What portal and 277 state otherwise than the remittances, or than each other."""
        if not self.statuses:
            return
        documents = [
            Observation(
                Channel.EOB,
                statement.received_at,
                Found(statement.remittance),
                (statement.sha256, str(statement.position)),
                statement.remittance.places,
            )
            for payment in self.payments.values()
            for statement in [one for one in payment.statements if payment.hears(one)][:1]
        ]
        for source, (status, _) in self.statuses.items():
            document = find_document(self.claim, status, documents) if documents else None
            if isinstance(document, Unusable):
                if document.decides or self.remitted:
                    yield document.why.rstrip("."), ZERO
            elif document is not None:
                for one in disagreements(self.claim, status, document):
                    apart = _apart(one.figure, status, document)
                    clause = one.clause.replace("the portal", f"the {source}")
                    yield clause.replace("the EOB", "the remittance"), apart
        paid = {status.paid for status, _ in self.statuses.values() if status.paid is not None}
        if len(paid) > 1:
            low, high = min(paid), max(paid)
            yield f"paid is {usd(low)} and {usd(high)} on portal and 277", high - low

    def _biller_differs(self) -> Iterator[_Difference]:
        """Another charge; and insurance money that is no sum of the payments, oldest first."""
        once = self._once()
        charged = {part.claim.charge for part in once if part.claim.status != REVERSAL}
        billed = self.claim.billed
        if charged and not self.statuses and billed not in charged:
            apart = min(abs(billed - one) for one in charged)
            yield (
                f"the charge is {usd(billed)} here and {usd(apart)} apart on the remittance",
                apart,
            )
        posted = self.claim.insurance_paid
        if posted is None or not once:
            return
        dated = sorted(once, key=lambda part: part.statement.remittance.payment_date)
        sums = {ZERO, *accumulate(part.claim.paid for part in dated)}
        if posted not in sums:
            apart = abs(posted - self.remitted)
            clause = (
                f"the billing system has {usd(posted)} of insurance payments and the payer paid "
                f"{usd(self.remitted)}, {usd(apart)} apart"
            )
            yield clause, apart

    def _once(self) -> list[Part]:
        """Our claim's parts, of each payment as one document states it."""
        first: dict[str, str] = {}
        for part in self.parts:
            first.setdefault(part.received.key, f"{part.statement.sha256}{part.statement.position}")
        return [
            part
            for part in self.parts
            if first[part.received.key] == f"{part.statement.sha256}{part.statement.position}"
        ]


def _statuses(
    observations: Sequence[Observation],
) -> Iterator[tuple[Source, tuple[ClaimStatus, Evidence | None]]]:
    """The newest status of portal and of clearinghouse, where each found the claim."""
    for channel, source in _OF_CHANNEL.items():
        newest = max(
            (one for one in observations if one.channel is channel),
            key=lambda one: one.observed_at,
            default=None,
        )
        if newest is not None and isinstance(newest.answer, Found):
            status = newest.answer.value
            if isinstance(status, ClaimStatus):
                yield source, (status, newest.places.get("paid"))


def _apart(figure: str, status: ClaimStatus, document: Document) -> Decimal:
    """Dollars between portal and remittance; zero where the figure is no money."""
    ours = {"charge": status.charge, "paid": status.paid}
    ours["patient_responsibility"] = status.patient_responsibility
    said = ours.get(figure)
    return ZERO if said is None else abs(said - getattr(document.claim, figure))


def _sums(parts: Iterable[Part], figure: str) -> set[Decimal]:
    """What each statement sums up to for our claim."""
    sums: dict[tuple[str, int], Decimal] = {}
    for part in parts:
        key = part.statement.sha256, part.statement.position
        value: Decimal = getattr(part.claim, figure)
        sums[key] = sums.get(key, ZERO) + value
    return set(sums.values())


def _total(parts: Iterable[Part]) -> Decimal:
    """Dollars paid on the claim, a payment that stands in several statements once."""
    seen: dict[str, tuple[str, int]] = {}
    total = ZERO
    for part in parts:
        this = part.statement.sha256, part.statement.position
        if seen.setdefault(part.received.key, this) == this:
            total += part.claim.paid
    return total
