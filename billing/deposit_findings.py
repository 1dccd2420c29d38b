"""What payments, deposits and differing documents ask of a biller, as findings with a due date."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from billing.actions import MONEY_USUAL, REFUND_USUAL, Due
from billing.banking_days import banking_days_later
from billing.deposits import STALE_DAYS, Deposit, DepositKind
from billing.findings import FindingKind
from billing.model import Finding
from billing.priority import Chance, chance_of, expected, weight
from billing.received_payments import Received
from billing.reconcile.settled import doubt

LATE_DAYS = 4
"""Banking days after an EFT by which its remittance is late or missing (CAQH CORE 370)."""

NO_PAYER = "Cash posting"
"""Whose work money of no known payer is."""

DIFFER = "documents-differ"
"""The kind of finding of a payment that two documents state differently."""

_WHOLE = Chance(Decimal(1), "nothing is taken off before it is known")
_TRADE = "field practice"
_FOLLOW_UP = "scribd.com 753500349, AR follow-up"


@dataclass(frozen=True, slots=True)
class MoneyStep:
    """A kind of finding, the rule by which it is found, what to do, by which clock, who says so."""

    said: FindingKind
    rule: str
    when: str
    action: str
    clock: Callable[[date], Due]
    source: str
    chance: Chance


@dataclass(frozen=True, slots=True)
class MoneyFinding:
    """A finding of money: ``about`` is the trace number or the deposit, ``owner`` whose work it is,
    ``since`` the day it counts from."""

    finding: Finding
    about: str
    payer: str
    owner: str
    since: date

    @property
    def expected(self) -> Decimal:
        """At stake x chance, to the cent."""
        return expected(self.finding)

    def priority(self, today: date) -> Decimal:
        """How early it belongs on a list, by the same rule as a claim's."""
        one = self.finding
        return weight(
            one.dollars,
            chance_of(one).share,
            one.due,
            needs_person=one.needs_person,
            service_from=self.since,
            today=today,
        )


def _follow_up(day: date) -> Due:
    told = f"{MONEY_USUAL.days} days, {MONEY_USUAL.source}"
    return Due(day + timedelta(MONEY_USUAL.days), f"counted from {day}: {told}")


def _late(day: date) -> Due:
    told = f"{LATE_DAYS} banking days, CAQH CORE 370"
    return Due(banking_days_later(day, LATE_DAYS), f"counted from the deposit of {day}: {told}")


def _stale(day: date) -> Due:
    told = f"{STALE_DAYS} days, as banks need not pay an older one (UCC 4-404)"
    return Due(day + timedelta(STALE_DAYS), f"counted from the cheque of {day}: {told}")


def _refund(day: date) -> Due:
    told = f"{REFUND_USUAL.days} days, {REFUND_USUAL.source}"
    return Due(day + timedelta(REFUND_USUAL.days), f"counted from {day}: {told}")


def _none(_day: date) -> Due:
    return Due(None, "no deadline is known", sure=False)


def _step(
    title: str,
    meaning: str,
    rule: str,
    when: str,
    action: str,
    clock: Callable[[date], Due],
    source: str = _TRADE,
    chance: Chance = _WHOLE,
) -> MoneyStep:
    said = FindingKind(title, meaning, needs_person=True)
    return MoneyStep(said, rule, when, action, clock, source, chance)


MONEY_STEPS: Mapping[str, MoneyStep] = {
    DepositKind.MISSING: _step(
        "Remittance without money",
        "A payer announced an EFT, and nothing is booked long after its date.",
        "money.nothing-booked",
        "no line of the bank is for the payment, and the files hold every banking day since",
        "Ask the payer for the payment's trace and the account it went to.",
        _follow_up,
        _FOLLOW_UP,
    ),
    DepositKind.UNCASHED: _step(
        "Cheque not deposited",
        "A payer announced a cheque, and it never reached the bank.",
        "money.cheque-not-booked",
        "the payment is a cheque, no line is for it, and the files hold every banking day since",
        "Find the cheque, or ask the payer to stop it and pay again.",
        _stale,
        _FOLLOW_UP,
    ),
    DepositKind.NO_REMITTANCE: _step(
        "Money without remittance",
        "A payer's EFT is in the bank, and no remittance announces it.",
        "money.not-announced",
        "the line names a trace number or is a claim payment, and no remittance has it",
        "Ask the payer for the remittance of this trace number.",
        _late,
        "CAQH CORE 370",
    ),
    DepositKind.FEE_WITHHELD: _step(
        "Fee withheld",
        "The bank has less than was announced, by no more than a fee may take.",
        "money.short-by-a-fee",
        "the shortfall is at most 5 %, or is booked as a fee under the trace number",
        "Ask who withheld the fee and book it; refuse paid EFT if you may.",
        _follow_up,
    ),
    DepositKind.AMOUNT_DIFFERS: _step(
        "Deposit and remittance differ",
        "The bank has another amount than was announced under the same trace number.",
        "money.another-amount",
        "the line names the payment, and its amount is another by more than a fee",
        "Compare remittance and deposit before posting; ask the payer.",
        _follow_up,
    ),
    DepositKind.DEPOSITED_TWICE: _step(
        "Deposited twice",
        "A payment that was announced once is in the bank more than once.",
        "money.booked-twice",
        "several lines name the payment, each with its whole amount",
        "Ask the payer; money that is not yours goes back.",
        _refund,
    ),
    DepositKind.RETURNED: _step(
        "Deposit came back",
        "A payment was booked and taken back by the bank or the payer.",
        "money.taken-back",
        "a line takes the amount of the payment back, under its number or as the only one of it",
        "Take the posting back and ask the payer to pay again.",
        _follow_up,
    ),
    DepositKind.SEVERAL_FIT: _step(
        "Several deposits or payments fit",
        "Deposits that name nothing and payments fit each other in more than one way.",
        "money.several-fit",
        "no line names the payments, and amount and date leave more than one way",
        "Look up which cheques the deposit slip or lockbox image shows.",
        _none,
    ),
    DepositKind.NOT_COVERED: _step(
        "Days of the bank are missing",
        "The bank's files lack days on which the payment may have been booked.",
        "money.days-missing",
        "no line is for the payment, and banking days since are in no file",
        "Give the bank's file of those days too.",
        _none,
    ),
    DepositKind.UNEXPLAINED: _step(
        "Deposit of unknown origin",
        "Money is in the bank that no remittance announces and that names no payer.",
        "money.unknown-origin",
        "the line names nothing, and no payment has its amount in those days",
        "Find out whose money it is.",
        _none,
        chance=Chance(Decimal("0.10"), "our assumption: mostly a patient's or another's money"),
    ),
    DepositKind.RETURN_UNEXPLAINED: _step(
        "Return of an unknown deposit",
        "The bank took a deposit back, and which one is not known.",
        "money.unknown-return",
        "the line is a returned item, and no payment or more than one may be what came back",
        "Find out which deposit came back.",
        _none,
    ),
    DIFFER: _step(
        "Documents differ on a payment",
        "Two documents state one payment otherwise; nothing of it can be posted.",
        "money.documents-differ",
        "two statements that balance differ in money, and nobody has settled which stands",
        "Find out which document is right, and settle it.",
        _follow_up,
    ),
}
"""Every kind of finding of money. A result of another kind asks nothing of anybody."""


def money_findings(
    deposits: Iterable[Deposit], contested: Iterable[Received], today: date
) -> tuple[MoneyFinding, ...]:
    """What results and contested payments ask of people, what is most urgent first.

    At stake is the difference, or the whole amount where that is what is missing or unknown.
    """
    found = [_of_deposit(one) for one in deposits if one.kind in MONEY_STEPS]
    found += [_of_contest(one) for one in contested if one.conflict]
    return tuple(sorted(found, key=lambda one: (-one.priority(today), one.about)))


def _of_deposit(one: Deposit) -> MoneyFinding:
    days = [line.booked for line in one.lines] or [each.payment_date for each in one.payments]
    payers = list(dict.fromkeys(each.payer for each in one.payments if each.payer))
    numbers = [each.trace_number for each in one.payments] or [
        number for line in one.lines for number in line.trace_numbers
    ]
    return _found(
        one.kind,
        one.why,
        abs(one.difference or one.dollars),
        max(days),
        about=", ".join(dict.fromkeys(numbers)) or f"deposit of {max(days)}",
        payers=payers,
        observed=tuple(dict.fromkeys(place.sha256 for place in one.places)),
        figures=(*("announced" for _ in one.payments[:1]), *("booked" for _ in one.lines[:1])),
    )


def _of_contest(one: Received) -> MoneyFinding:
    said = one.remittance
    amounts = [abs(each.remittance.amount) for each in one.contenders]
    return _found(
        DIFFER,
        doubt(one),
        max(amounts),
        said.payment_date,
        about=said.trace_number,
        payers=[said.payer],
        observed=tuple(dict.fromkeys(each.sha256 for each in one.contenders)),
        figures=("announced",),
    )


def _found(
    kind: str,
    why: str,
    dollars: Decimal,
    day: date,
    *,
    about: str,
    payers: list[str],
    observed: tuple[str, ...],
    figures: tuple[str, ...],
) -> MoneyFinding:
    step = MONEY_STEPS[kind]
    due = step.clock(day)
    finding = Finding(
        kind=str(kind),
        why=why,
        dollars=dollars,
        next_action=step.action,
        due=due.on,
        due_basis=due.basis,
        needs_person=step.said.needs_person,
        rule=step.rule,
        observed=observed,
        figures=figures,
        chance=step.chance.share,
        chance_source=step.chance.source,
    )
    payer = ", ".join(payers)
    return MoneyFinding(finding, about, payer, payer or NO_PAYER, day)
