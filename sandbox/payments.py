"""Decided claims gathered into payments, with what the payer adds or takes back besides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from sandbox.adjudication import dollars, reverse
from sandbox.drafts import Draft
from sandbox.payers import STYLES
from sandbox.world import PayerClaim, ProviderAdjustment, Remittance

WINDOW_DAYS = 6  # claims decided further apart are not paid together
MOST_OF_A_PLAN, MOST_OF_A_PROGRAMME = 6, 12  # claims in one payment
_ADJUSTED_LAST = {"1": 0, "4": 1, "22": 2}
FRIDAY = 4
SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Payee:
    """Who is paid by whom."""

    payer_id: str
    payer_name: str
    name: str
    npi: str


def make_payments(random: Random, payee: Payee, drafts: list[Draft]) -> dict[str, Remittance]:
    """Pay every decided draft, which learns its trace number and payment date by that.

    A corrected claim travels with the reversal of the claim it replaces. Returns the payments by
    trace number, oldest first.
    """
    decided = [(draft.finalized, draft.number, draft) for draft in drafts if draft.finalized]
    decided.sort(key=lambda entry: entry[:2])
    account = _Account(random)
    payments: dict[str, Remittance] = {}
    ordered = [draft for _, _, draft in decided]
    for place, chunk in enumerate(_chunks(random, payee.payer_id, ordered)):
        day = _payment_day(random, payee.payer_id, chunk)
        paid = sum((draft.decision.paid for draft in chunk if draft.decision), Decimal("0.00"))
        corrected = [draft.corrects.decision for draft in chunk if draft.corrects]
        taken_back = [reverse(decision) for decision in corrected if decision]
        total = paid + sum((decision.paid for decision in taken_back), Decimal("0.00"))
        entries = account.entries(place, chunk, total)
        amount = total - sum((entry.amount for entry in entries), Decimal("0.00"))
        method = "NON" if not amount else ("CHK" if random.random() < 0.25 else "ACH")
        trace = _trace_number(payee.payer_id, method, day, place)
        payments[trace] = Remittance(
            trace,
            method,
            amount,
            day,
            payee.payer_name,
            payee.name,
            payee.npi,
            _claims(payee.payer_id, chunk, trace, day),
            entries,
        )
        account.remember(chunk, trace)
    return payments


def _chunks(random: Random, payer_id: str, drafts: list[Draft]) -> Iterator[list[Draft]]:
    """Runs of drafts that are paid together: few claims, decided within a week."""
    chunk: list[Draft] = []
    size = claims = 0
    for draft in drafts:
        needed = 2 if draft.corrects else 1
        late = chunk and (_day(draft) - _day(chunk[0])).days > WINDOW_DAYS
        if chunk and (late or claims + needed > size):
            yield chunk
            chunk, claims = [], 0
        if not chunk:
            size = _size(random, payer_id)
        chunk.append(draft)
        claims += needed
    if chunk:
        yield chunk


def _size(random: Random, payer_id: str) -> int:
    if STYLES[payer_id].public:
        return random.randint(3, MOST_OF_A_PROGRAMME)
    return 1 if random.random() < 0.6 else random.randint(2, MOST_OF_A_PLAN)


def _day(draft: Draft) -> date:
    if draft.finalized is None:
        raise ValueError("only a decided claim is paid")
    return draft.finalized


def _payment_day(random: Random, payer_id: str, chunk: list[Draft]) -> date:
    """A plan: one to four days on, no weekend. A public programme: the next Friday."""
    last = max(_day(draft) for draft in chunk)
    if STYLES[payer_id].public:
        return last + timedelta(days=(FRIDAY - last.weekday() - 1) % 7 + 1)
    day = last + timedelta(days=random.randint(1, 2))
    return day + timedelta(days=7 - day.weekday()) if day.weekday() >= SATURDAY else day


def _trace_number(payer_id: str, method: str, day: date, place: int) -> str:
    style = STYLES[payer_id]
    if style.public:
        return f"{style.first_eft + place * 3:09d}"
    if method == "CHK":
        return f"{style.first_check + place:08d}"
    prefix = "8" if method == "ACH" else "NP"
    return f"{prefix}{day:%y}{place + style.first_eft:07d}"


def _claims(payer_id: str, chunk: list[Draft], trace: str, day: date) -> tuple[PayerClaim, ...]:
    """The payment's claims in the order its document prints them."""
    claims: list[PayerClaim] = []
    if STYLES[payer_id].public:
        chunk = sorted(chunk, key=_section)
    for draft in chunk:
        draft.trace_number, draft.payment_date = trace, day
        earlier = draft.corrects
        if earlier is not None and earlier.decision is not None:
            claims.append(earlier.as_reversal(reverse(earlier.decision), trace, day))
        claims.append(draft.freeze())
    return tuple(claims)


def _section(draft: Draft) -> tuple[int, str]:
    rank = 2 if draft.corrects else _ADJUSTED_LAST[draft.remit_status or "1"]
    return rank, draft.bill.patient.last


class _Account:
    """What payer and practice owe each other beyond single claims."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._earlier: list[str] = []
        self._last_trace = ""
        self._forwarded: list[tuple[str, Decimal]] = []

    def remember(self, chunk: list[Draft], trace: str) -> None:
        """Keep what later entries refer to."""
        self._earlier.append(chunk[0].number)
        self._last_trace = trace

    def entries(
        self, place: int, chunk: list[Draft], total: Decimal
    ) -> tuple[ProviderAdjustment, ...]:
        """The provider adjustments of one payment, whose amount they never make negative."""
        if total < 0:  # more was taken back than is paid: the rest waits for a later payment
            reference = next(d.corrects.number for d in chunk if d.corrects)
            self._forwarded.append((reference, -total))
            return (ProviderAdjustment("FB", reference, total),)
        if not total:
            return ()
        entries = []
        if self._forwarded and self._forwarded[0][1] <= total:
            reference, amount = self._forwarded.pop(0)
            entries.append(ProviderAdjustment("FB", reference, amount))
            total -= amount
        if place % 9 == 4 and self._earlier and total:
            reference = self._random.choice(self._earlier[-40:])
            entries.append(ProviderAdjustment("WO", reference, self._part(total)))
        elif place % 13 == 6 and self._last_trace and total:
            entries.append(ProviderAdjustment("FB", self._last_trace, self._part(total)))
        if place % 7 == 2:
            interest = dollars(self._random.randint(3, 1_450))
            entries.append(ProviderAdjustment("L6", chunk[-1].number, -interest))
        return tuple(entries)

    def _part(self, total: Decimal) -> Decimal:
        cents = int(total.scaleb(2)) * self._random.randint(5, 60) // 100
        return dollars(max(1, cents))
