"""What happened to each claim of one household: billed, and held by the payer or not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from sandbox.adjudication import (
    Decision,
    apply_to_deductible,
    decide_wrongly,
    denial_reason,
    deny,
    pay,
    pay_partly,
)
from sandbox.drafts import Bill, Draft
from sandbox.mix import Kind
from sandbox.payers import DUPLICATE, LATE, STYLES, Style, Words
from sandbox.people import MemberIds, make_person, make_relative
from sandbox.services import Service, make_services
from sandbox.world import Person

SETTLED_DAYS = 8  # nothing is decided in the last days, so that every payment is before today


_REJECTIONS = (
    "Subscriber ID not valid for date of service",
    "Billing provider not on file for date of service",
    "Diagnosis pointer missing on line 1",
    "Patient name does not match subscriber ID",
)
_REQUEST = "Medical records requested from the rendering provider"


@dataclass(slots=True)
class Household:
    """Everyone who shares a member id, and the claims so far; ``taken`` are dates and charges."""

    random: Random
    payer_id: str
    as_of: date
    people: list[Person]
    ids: MemberIds
    bills: list[Bill] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    taken: set[tuple[date, int]] = field(default_factory=set)

    @property
    def words(self) -> Words:
        return self.style.words

    @property
    def style(self) -> Style:
        return STYLES[self.payer_id]

    def bill(
        self,
        ago: tuple[int, int],
        *,
        days: int = 1,
        lines: int = 1,
        exported: bool = True,
        late: bool = False,
        patient: Person | None = None,
    ) -> Bill:
        """A new bill, its last day ``ago`` (fewest, most) days back, unlike any other here."""
        pick = self.random.randint
        last_day = self.as_of - timedelta(days=pick(*ago))
        if last_day.weekday() == 6:
            last_day -= timedelta(days=1)
        first_day = last_day - timedelta(days=days - 1)
        services = self._services(first_day, days=days, lines=lines, few=not exported)
        submitted = last_day + timedelta(days=pick(100, 140) if late else pick(1, 6))
        again = exported and not late and self.random.random() < 0.15
        last_billed = submitted + timedelta(days=pick(2, 20)) if again else submitted
        bill = Bill(
            patient or self.random.choice(self.people),
            first_day,
            last_day,
            services,
            submitted,
            min(last_billed, self.as_of - timedelta(days=1)),
            exported,
        )
        self.bills.append(bill)
        return bill

    def _services(
        self, first_day: date, *, days: int, lines: int, few: bool
    ) -> tuple[Service, ...]:
        while True:
            services = make_services(self.random, days=days, few=few)
            key = (first_day, sum(service.charge for service in services))
            if len(services) >= lines and key not in self.taken:
                self.taken.add(key)
                return services

    def hold(self, bill: Bill, status: str, *, note: str = "", listed_under: str = "") -> Draft:
        """The payer's own record of ``bill``."""
        received = bill.submitted + timedelta(days=self.random.randint(1, 3))
        draft = Draft(bill, received, status, note=note, listed_under=listed_under)
        self.drafts.append(draft)
        return draft

    def decide(self, draft: Draft, decision: Decision, *, denied: bool = False) -> None:
        """The payer decides ten to thirty days after it received the claim."""
        draft.decision = decision
        draft.remit_status = "4" if denied else "1"
        latest = self.as_of - timedelta(days=SETTLED_DAYS)
        draft.finalized = min(draft.received + timedelta(days=self.random.randint(10, 30)), latest)


def tell(household: Household, kind: Kind, days: int) -> Bill:
    """Bill one claim, ``days`` long, and let happen to it what ``kind`` says."""
    return _STORIES[kind](household, days)


def add_history(household: Household, around: Bill | None) -> None:
    """One claim that the biller's books have closed; ``around`` puts it between a bill's days."""
    pick = household.random.randint
    if around is None:
        bill = household.bill((62, 420), exported=False)
    else:
        first, last = ((household.as_of - day).days for day in (around.first_day, around.last_day))
        bill = household.bill((last, max(last, first - 1)), exported=False)
    if around is not None or pick(1, 10) > 2:
        _settle(household, bill, share=pick(0, 1) == 1)
    else:
        _deny(household, bill, said=pick(0, 1) == 1)


def add_same_day(household: Household, bill: Bill) -> None:
    """Another visit on the first day of ``bill``, with another charge and for anyone here."""
    ago = (household.as_of - bill.first_day).days
    other = household.bill((ago, ago), exported=False)
    if other.first_day == bill.first_day:
        _settle_or_wait(household, other)


def _settle(household: Household, bill: Bill, *, share: bool) -> Draft:
    draft = household.hold(bill, household.words.paid)
    decision = pay(household.random, household.payer_id, bill.services, bill.first_day, share=share)
    household.decide(draft, decision)
    return draft


def _settle_or_wait(household: Household, bill: Bill) -> Draft:
    """Paid if there was time for it."""
    if (household.as_of - bill.submitted).days > 45:
        return _settle(household, bill, share=household.random.random() < 0.4)
    return _wait(household, bill)


def _wait(household: Household, bill: Bill) -> Draft:
    status = household.random.choice(household.words.pending)
    note = _REQUEST if status == household.words.requested else ""
    return household.hold(bill, status, note=note)


def _deny(household: Household, bill: Bill, *, said: bool, late: bool = False) -> Draft:
    words = household.words
    draft = household.hold(bill, words.denied if said else words.processed)
    reason = LATE if late else denial_reason(household.random, household.payer_id)
    decision = deny(
        household.random, household.payer_id, bill.services, bill.first_day, reason=reason
    )
    household.decide(draft, decision, denied=said)
    return draft


def _paid(*, share: bool) -> Callable[[Household, int], Bill]:
    def story(household: Household, days: int) -> Bill:
        bill = household.bill((62, 240), days=days)
        _settle(household, bill, share=share)
        return bill

    return story


def _deductible(household: Household, days: int) -> Bill:
    bill = household.bill((62, 240), days=days)
    words = household.words
    draft = household.hold(bill, household.random.choice((words.paid, words.processed)))
    decision = apply_to_deductible(
        household.random, household.payer_id, bill.services, bill.first_day
    )
    household.decide(draft, decision)
    return bill


def _denied(*, said: bool) -> Callable[[Household, int], Bill]:
    def story(household: Household, days: int) -> Bill:
        late = LATE in household.style.denials and household.random.random() < 0.12
        bill = household.bill((225, 300) if late else (62, 240), days=days, late=late)
        _deny(household, bill, said=said, late=late)
        return bill

    return story


def _partly(household: Household, days: int) -> Bill:
    bill = household.bill((62, 240), days=days, lines=2)
    draft = household.hold(bill, household.words.partly)
    decision = pay_partly(household.random, household.payer_id, bill.services, bill.first_day)
    household.decide(draft, decision)
    return bill


def _pending(household: Household, days: int) -> Bill:
    bill = household.bill((12, 75), days=days)
    _wait(household, bill)
    return bill


def _rejected(household: Household, days: int) -> Bill:
    bill = household.bill((15, 120), days=days)
    household.hold(bill, household.words.rejected, note=household.random.choice(_REJECTIONS))
    return bill


def _unknown(household: Household, days: int) -> Bill:
    return household.bill((20, 150), days=days)


def _unknown_other_dates(household: Household, days: int) -> Bill:
    bill = household.bill((20, 150), days=days)
    for _ in range(household.random.randint(1, 2)):
        ago = (household.as_of - bill.first_day).days
        other = household.bill((ago + 3, ago + 60), exported=False, patient=bill.patient)
        _settle_or_wait(household, other)
    return bill


def _unknown_other_charge(household: Household, days: int) -> Bill:
    while True:
        bill = household.bill((20, 150), days=days)
        ago = (household.as_of - bill.first_day).days
        other = household.bill((ago, ago), exported=False, patient=bill.patient)
        if other.first_day == bill.first_day:
            _settle_or_wait(household, other)
            return bill
        household.bills.remove(bill)  # the first day of a longer stay fell on a Sunday
        household.bills.remove(other)


def _several(household: Household, days: int) -> Bill:
    bill = household.bill((100, 240), days=days)
    how = household.random.random()
    if how < 0.35:
        _wait(household, bill)
    else:
        _settle(household, bill, share=False)
    again = bill.submitted + timedelta(days=household.random.randint(20, 35))
    bill.last_billed = again
    if how > 0.7:
        second = household.hold(bill, household.words.denied)
        decision = deny(
            household.random, household.payer_id, bill.services, bill.first_day, reason=DUPLICATE
        )
        second.received = again + timedelta(days=2)
        household.decide(second, decision, denied=True)
    else:
        second = _wait(household, bill)
        second.received = again + timedelta(days=2)
    return bill


def _wrong_patient(household: Household, days: int) -> Bill:
    """The payer holds such a claim for somebody else only.

    A plan: a relative under the same member id. A public programme: someone into whose record the
    payer has merged ours, so that our id finds the other's claim.
    """
    bill = household.bill((62, 240), days=days)
    random = household.random
    if household.style.public:
        other = make_person(random, household.ids.next(), household.as_of, household.style.youngest)
    else:
        other = make_relative(random, bill.patient, household.as_of)
    theirs = Bill(
        other,
        bill.first_day,
        bill.last_day,
        bill.services,
        bill.submitted,
        bill.submitted,
        exported=False,
    )
    household.bills.append(theirs)
    draft = _settle(household, theirs, share=False)
    draft.listed_under = bill.patient.member_id
    return bill


def _corrected(household: Household, days: int) -> Bill:
    random = household.random
    bill = household.bill((130, 250), days=days)
    final = pay(
        random,
        household.payer_id,
        bill.services,
        bill.first_day,
        share=random.random() < 0.3,
    )
    original = household.hold(bill, household.words.reversed)
    household.decide(original, decide_wrongly(random, final, bill.services, bill.first_day))
    current = household.hold(bill, household.words.adjusted)
    current.received = original.received + timedelta(days=random.randint(40, 60))
    household.decide(current, final)
    bill.last_billed = current.received - timedelta(days=1)
    current.corrects, original.corrected_by = original, current
    return bill


_STORIES: dict[Kind, Callable[[Household, int], Bill]] = {
    Kind.PAID_FULL: _paid(share=False),
    Kind.PAID_SHARE: _paid(share=True),
    Kind.PAID_DEDUCTIBLE: _deductible,
    Kind.DENIED_SAID: _denied(said=True),
    Kind.DENIED_SILENT: _denied(said=False),
    Kind.PARTLY: _partly,
    Kind.PENDING: _pending,
    Kind.REJECTED: _rejected,
    Kind.UNKNOWN: _unknown,
    Kind.UNKNOWN_OTHER_DATES: _unknown_other_dates,
    Kind.UNKNOWN_OTHER_CHARGE: _unknown_other_charge,
    Kind.SEVERAL: _several,
    Kind.WRONG_PATIENT: _wrong_patient,
    Kind.CORRECTED: _corrected,
    Kind.DOWN: _paid(share=False),
    Kind.DOWN_ONCE: _paid(share=True),
}
