"""What each channel says of one claim, and where the portal and the EOB differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from billing.balance import PAYMENT, residuals
from billing.identity import same_id
from billing.model import (
    Channel,
    Claim,
    ClaimStatus,
    Evidence,
    Found,
    NoAnswer,
    Observation,
    Remittance,
    RemittedClaim,
)
from billing.money import ZERO, usd
from billing.received_payments import REVERSAL


@dataclass(frozen=True, slots=True)
class Document:
    """Our claim on the remittance that decided it; ``ours`` and ``reversals`` are indexes.

    ``against`` is a clause about another EOB that contradicts it; empty when none does.
    """

    remittance: Remittance
    ours: int
    reversals: tuple[int, ...]
    places: Mapping[str, Evidence]
    against: str = ""

    @property
    def claim(self) -> RemittedClaim:
        """Our claim as remitted."""
        return self.remittance.claims[self.ours]

    @property
    def allowed(self) -> Decimal | None:
        """Sum of the lines' allowed amounts; None unless every line states one."""
        stated = [line.allowed for line in self.claim.lines]
        known = [amount for amount in stated if amount is not None]
        return sum(known, ZERO) if known and len(known) == len(stated) else None

    def place(self, figure: str) -> Evidence | None:
        """The evidence of one of our claim's figures, or of the payment's."""
        return self.places.get(f"claims[{self.ours}].{figure}") or self.places.get(figure)


@dataclass(frozen=True, slots=True)
class Unusable:
    """There is an EOB, and it proves nothing; ``why`` is one sentence.

    ``decides`` when it is about our claim all the same, and leaves open how it was decided: then
    the portal's word does not stand alone, it stands against something.
    """

    why: str
    decides: bool = False


_Payment = tuple[Remittance, Mapping[str, Evidence]]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A figure that portal and EOB state differently, in a clause without patient data."""

    figure: str
    clause: str


def portal_observation(observations: Sequence[Observation]) -> Observation | None:
    """The newest thing that portal or clearinghouse said, whatever came before."""
    said = [one for one in observations if one.channel is not Channel.EOB]
    return max(said, key=lambda one: one.observed_at, default=None)


def observations_used(observations: Sequence[Observation]) -> list[Observation]:
    """The newest portal observation, then every EOB; older portal observations are history."""
    portal = portal_observation(observations)
    rest = [one for one in observations if one.channel is Channel.EOB]
    return [portal, *rest] if portal is not None else rest


def find_document(
    claim: Claim, status: ClaimStatus, observations: Sequence[Observation]
) -> Document | Unusable | None:
    """The one EOB that decided the claim; None when no document was read.

    A document that could not be used spoils the rest, unless the same bytes were read later.
    """
    eobs = sorted(
        (one for one in observations if one.channel is Channel.EOB),
        key=lambda one: one.observed_at,
    )
    for n, one in enumerate(eobs):
        if isinstance(one.answer, NoAnswer) and not _read_again(one, eobs[n + 1 :]):
            return Unusable(one.answer.detail)
    payments: dict[tuple[tuple[str, ...], str], _Payment] = {}
    for one in eobs:
        if isinstance(one.answer, Found) and isinstance(one.answer.value, Remittance):
            value = one.answer.value
            payments[one.captures, value.trace_number] = value, value.places or one.places
    if not payments:
        return None
    return _holding(claim, status, list(payments.values()))


def eob_decides(payer_claim_number: str, observations: Sequence[Observation]) -> bool:
    """Whether any EOB decides the claim with this number of the payer's."""
    return any(
        remitted.payer_claim_number == payer_claim_number and remitted.status != REVERSAL
        for remitted in _remitted(observations)
    )


def eob_holds(claim: Claim, observations: Sequence[Observation]) -> bool:
    """Whether any EOB carries our patient control number."""
    return any(
        same_id(claim.claim_id, remitted.claim_id) is True for remitted in _remitted(observations)
    )


def disagreements(
    claim: Claim, status: ClaimStatus, document: Document
) -> tuple[Disagreement, ...]:
    """Everything that both sources state and state differently; a cent is enough."""
    return tuple(_differences(claim, status, document))


def _remitted(observations: Sequence[Observation]) -> Iterator[RemittedClaim]:
    for one in observations:
        found = one.answer.value if isinstance(one.answer, Found) else None
        if one.channel is Channel.EOB and isinstance(found, Remittance):
            yield from found.claims


def _read_again(failed: Observation, later: Sequence[Observation]) -> bool:
    return any(
        isinstance(one.answer, Found) and set(failed.captures) <= set(one.captures) for one in later
    )


def _holding(
    claim: Claim,
    status: ClaimStatus,
    payments: Sequence[_Payment],
) -> Document | Unusable:
    number = status.payer_claim_number
    every = [
        (remittance, places)
        for remittance, places in payments
        if any(one.payer_claim_number == number for one in remittance.claims)
    ]
    traces = {remittance.trace_number for remittance, _ in every}
    if len(traces) > 1:
        # reversed and paid anew under the same number: the portal says which payment counts
        traces &= {status.trace_number or ""}
    if len(traces) != 1:
        count = f"in {len(every)} payments instead of one" if every else "in no payment"
        why = f"The EOB holds payer claim number {number} {count}."
        return Unusable(why, decides=bool(every))
    holding = [one for one in every if one[0].trace_number in traces]
    remittance, places = holding[-1]
    ours = [
        n
        for n, one in enumerate(remittance.claims)
        if one.payer_claim_number == number and one.status != REVERSAL
    ]
    if len(ours) != 1:
        count = f"{len(ours)} times" if ours else "only as a reversal"
        return Unusable(f"The EOB decides payer claim number {number} {count}.", decides=True)
    reversals = tuple(
        n
        for n, one in enumerate(remittance.claims)
        if one.status == REVERSAL
        and (one.payer_claim_number == number or same_id(claim.claim_id, one.claim_id) is True)
    )
    against = _against(remittance, number, [one for one, _ in every])
    return _balanced(Document(remittance, ours[0], reversals, places, against))


def _against(remittance: Remittance, number: str, others: Sequence[Remittance]) -> str:
    """What another EOB with the same claim says against ``remittance``, in a clause."""
    for other in others:
        back = any(
            one.payer_claim_number == number and one.status == REVERSAL for one in other.claims
        )
        if other.trace_number == remittance.trace_number:
            if replace(other, places={}) != replace(remittance, places={}):
                return "two EOB documents state the same payment differently"
        elif back and other.payment_date >= remittance.payment_date:
            return f"the payment of {other.payment_date} takes the decision back"
        elif other.payment_date > remittance.payment_date:
            return f"the payment of {other.payment_date} decides the claim anew"
    return ""


def _balanced(document: Document) -> Document | Unusable:
    """The document, if its part about this claim closes to the cent.

    The payment as a whole cannot be checked here: of its other claims nothing is known.
    """
    claims = document.remittance.claims
    part = replace(
        document.remittance, claims=tuple(claims[n] for n in (document.ours, *document.reversals))
    )
    open_ones = [one for one in residuals(part) if one.equation != PAYMENT]
    if not open_ones:
        return document
    first = open_ones[0]
    return Unusable(
        f"The EOB does not balance for this claim: {first.equation} is off by {usd(first.dollars)}."
    )


def _differences(claim: Claim, status: ClaimStatus, document: Document) -> Iterator[Disagreement]:
    remitted, payment = document.claim, document.remittance
    if document.against:
        yield Disagreement("claim", document.against)
    if same_id(claim.claim_id, remitted.claim_id) is False:
        yield Disagreement("claim_id", "the EOB gives the claim another patient control number")
    if same_id(claim.member_id, remitted.member_id) is False:
        yield Disagreement("member_id", "the EOB gives the claim another member number")
    amounts = (
        ("charge", claim.billed if status.charge is None else status.charge, remitted.charge),
        ("paid", status.paid, remitted.paid),
        (
            "patient_responsibility",
            status.patient_responsibility,
            remitted.patient_responsibility,
        ),
        ("allowed", status.allowed, document.allowed),
    )
    for figure, ours, theirs in amounts:
        if ours is not None and theirs is not None and ours != theirs:
            yield Disagreement(
                figure,
                f"{figure.replace('_', ' ')} is {usd(ours)} on the portal and "
                f"{usd(theirs)} on the EOB, {usd(abs(ours - theirs))} apart",
            )
    words: tuple[tuple[str, str | date | None, str | date], ...] = (
        ("payment_date", status.payment_date, payment.payment_date),
        ("trace_number", status.trace_number, payment.trace_number),
    )
    for figure, said, printed in words:
        if said is not None and said != printed:
            yield Disagreement(
                figure,
                f"{figure.replace('_', ' ')} is {said} on the portal and {printed} on the EOB",
            )
    printed_codes = {entry.code for entry in remitted.all_adjustments}
    if strange := sorted(set(status.reason_codes) - printed_codes):
        yield Disagreement(
            "reason_codes", f"the portal gives {', '.join(strange)}, which the EOB does not hold"
        )
