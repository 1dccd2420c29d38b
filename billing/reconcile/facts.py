"""The named facts that rules are written in: what each says, and which figures it is read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from billing.codes.categories import Stage
from billing.codes.reasons import Denial
from billing.model import Reason


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact in a clause; ``figures`` are named as in the places of a conclusion."""

    clause: str
    figures: tuple[str, ...] = ()


_STATUS = ("status_category", "status_words")
_MONEY = ("paid", "patient_responsibility")

FACTS: Mapping[str, Fact] = {
    "unasked": Fact("the portal was not asked"),
    **{f"no answer: {reason}": Fact(f"there is no answer: {reason}") for reason in Reason},
    "no claim status": Fact("what the portal found is no claim status"),
    "absent": Fact("the payer's system worked and holds no such claim"),
    **{
        f"stage: {stage}": Fact(f"the payer's status category means {stage}", _STATUS)
        for stage in Stage
    },
    "stage: unknown": Fact("the profile does not translate the payer's status words", _STATUS),
    "payer has not paid": Fact("not found, not decided yet, rejected or wholly denied", _STATUS),
    "payer has not decided": Fact("not found, or not decided yet", _STATUS),
    # the EOB
    "eob against the portal": Fact(
        "an EOB decides the claim that the portal has not, or has not decided",
        ("status_category", "payer_claim_number"),
    ),
    "eob leaves it open": Fact("an EOB is about the claim and does not tell how it was decided"),
    "eob cannot be used": Fact("an EOB was got and proves nothing"),
    "no eob": Fact("no EOB document was read"),
    "eob agrees": Fact("the EOB closes to the cent, and the portal says the same", _MONEY),
    "sources differ": Fact("portal and EOB state something differently"),
    # the decision
    "status against money": Fact("the payer's status cannot be true of its money", _MONEY),
    "decision unclear": Fact("what is stated does not tell paid from denied", _STATUS),
    "wholly denied": Fact("nothing is paid, nothing is left to the patient", _MONEY),
    "partly refused": Fact("a part is refused, another paid or allowed", _MONEY),
    "wholly allowed": Fact("no part of the claim is refused", _MONEY),
    **{
        f"refused: {denial}": Fact(f"a reason code of class {denial} refuses", ("reason_codes",))
        for denial in Denial
    },
    **{
        f"mostly refused: {denial}": Fact(
            f"the code that took most is of class {denial}", ("reason_codes",)
        )
        for denial in Denial
    },
    "refused without a reason": Fact("no reason code that we know explains it", ("reason_codes",)),
    "taken back": Fact("an earlier decision was reversed", ("status_category",)),
    "paid twice": Fact("two payments paid the same service, and none was taken back"),
    "something paid": Fact("the payer states a payment", ("paid",)),
    "patient owes": Fact("the payer left an amount to the patient", ("patient_responsibility",)),
    # the contract
    "allowed below contract": Fact("a line was allowed less than the payer's fee schedule says"),
    "allowed above contract": Fact("a line was allowed more than the payer's fee schedule says"),
    "contract unclear": Fact(
        "rows of the fee schedule fit a line and differ, or a code lowered it"
    ),
    "accepted on receipt": Fact(
        "an acceptance report (277CA) took the claim on receipt", ("acceptance",)
    ),
    # the biller's books, as the export states them
    "balance open": Fact("the export's balance is above zero"),
    "zero balance": Fact("the export's balance is zero"),
    "credit": Fact("the export's balance is below zero"),
    "paid above balance": Fact("more was paid than the export has open", ("paid",)),
    "insurance posted": Fact("the export says that an insurance payment is posted"),
    "insurance posted covers it": Fact(
        "the posted insurance payments are no less than what the payer says it paid", ("paid",)
    ),
    "secondary payer": Fact("the export names a secondary payer"),
    "authorization on claim": Fact("the export has an authorization number"),
    # the payer's eligibility answers
    "covered that day": Fact("the payer's eligibility answer has cover on the day of service"),
    "uncovered that day": Fact("the payer's eligibility answer has no cover on that day"),
    # the calendar
    "just sent": Fact("the claim was sent less than seven days ago"),
    "waiting too long": Fact("the day on which waiting ends is past"),
    "filing limit passed": Fact("the claim may not be on file, and its filing limit is past"),
    "filing limit near": Fact(
        "the claim may not be on file, and its filing limit is at most 15 days away"
    ),
    "appeal limit near": Fact(
        "the payer's appeal limit is at most 15 days away", ("payment_date",)
    ),
}
"""Every fact that a rule may name."""
