"""What the biller's own books and the calendar say beside the payer's answer."""

from __future__ import annotations

from dataclasses import replace

from billing.acknowledgement import Acceptance
from billing.actions import (
    NEAR_DAYS,
    SETTLING_DAYS,
    appeal_limit,
    escalates_on,
    filing_limit,
    sent_on,
)
from billing.codes.categories import Stage
from billing.model import Evidence
from billing.money import ZERO, usd
from billing.reconcile.weighing import Weighed

_UNDECIDED = (
    "absent",
    f"stage: {Stage.PENDING}",
    f"stage: {Stage.DOCUMENTS_WANTED}",
    f"stage: {Stage.PATIENT_ASKED}",
)
_ON_FILE = (f"stage: {Stage.ADJUDICATED}", *_UNDECIDED[1:])


def weigh_books(weighed: Weighed) -> None:
    """Note what the export says of the claim's money, and tell it."""
    claim, facts = weighed.claim, weighed.facts
    against = "eob against the portal" in facts
    if not against and any(one in facts for one in _UNDECIDED):
        weighed.note("payer has not decided", "payer has not paid")
    if not against and (f"stage: {Stage.REJECTED}" in facts or "wholly denied" in facts):
        weighed.note("payer has not paid")
    balance, posted = claim.balance, claim.insurance_paid or ZERO
    weighed.note("balance open" if balance > 0 else "credit" if balance < 0 else "zero balance")
    paid, owed = weighed.stated.paid or ZERO, weighed.stated.patient_responsibility or ZERO
    if paid > balance:
        weighed.note("paid above balance")
    if posted > 0:
        weighed.note("insurance posted")
        if posted >= paid > 0:
            weighed.note("insurance posted covers it")
    if claim.secondary_payer:
        weighed.note("secondary payer")
    if claim.authorization_number:
        weighed.note("authorization on claim")
    _tell_books(weighed)
    money = weighed.said
    weighed.tell("patient-responsibility", money, owed)
    weighed.tell("secondary-to-file", f"{money} The export names a secondary payer.", owed)
    weighed.tell("already-posted", f"{money} Nothing is open on the claim.", ZERO)
    weighed.tell("overpaid", f"{money} Only {usd(balance)} is open on the claim.", paid - balance)
    weighed.tell("paid-not-posted", f"{money} {usd(balance)} is open on the claim.", paid)


def _tell_books(weighed: Weighed) -> None:
    balance, posted = weighed.claim.balance, weighed.claim.insurance_paid or ZERO
    weighed.tell(
        "credit-balance", f"The export carries a credit of {usd(-balance)} on the claim.", -balance
    )
    books = (
        f"The export has {usd(posted)} of insurance payments posted."
        if posted > 0
        else "The export has nothing open on the claim."
    )
    weighed.tell(
        "posted-not-paid", f"{books} {weighed.said}", posted if posted > 0 else weighed.claim.billed
    )
    contractual = "Adjustments by contract took the whole charge."
    if "something paid" in weighed.facts:
        contractual = f"The payment is posted; {usd(balance)} that the contract takes is open."
    weighed.tell("contractual-only", contractual)
    if "authorization on claim" in weighed.facts and (
        told := weighed.told.get("denied-authorization-held")
    ):
        held = f"{told.why} The export has an authorization number."
        weighed.tell("denied-authorization-held", held, told.dollars)


def weigh_acceptance(weighed: Weighed, accepted: Acceptance, sha256: str) -> None:
    """Note that a report took the claim on receipt, by whose word and when."""
    stated = weighed.stated
    weighed.stated = replace(
        stated,
        places={**stated.places, "acceptance": Evidence(sha256, accepted.where)},
        evidence=tuple(dict.fromkeys((*stated.evidence, sha256))),
    )
    weighed.note("accepted on receipt")
    by = f" by {accepted.by}" if accepted.by else ""
    told = f"It was taken on receipt on {accepted.on.isoformat()}{by} ({accepted.report}"
    limit = filing_limit(weighed.claim, weighed.rules)
    if limit is not None:
        told += f", {'within' if accepted.on <= limit else 'after'} the filing limit of {limit}"
    weighed.tell("not-on-file-accepted", f"{weighed.said} {told}).")


def weigh_calendar(weighed: Weighed) -> None:
    """Note which limits are near or past."""
    claim, rules, today = weighed.claim, weighed.rules, weighed.today
    if today > escalates_on(claim, rules):
        weighed.note("waiting too long")
    if (today - sent_on(claim)[0]).days < SETTLING_DAYS:
        weighed.note("just sent")
    limit = filing_limit(claim, rules)
    if limit is not None and not any(one in weighed.facts for one in _ON_FILE):
        if limit < today:
            weighed.note("filing limit passed")
        elif (limit - today).days <= NEAR_DAYS:
            weighed.note("filing limit near")
        none = "The payer has no such claim, and its filing limit"
        weighed.tell("not-on-file-filing-limit-passed", f"{none} was {limit}.")
        weighed.tell("not-on-file-filing-limit-near", f"{none} is {limit}.")
        weighed.tell("filing-limit-near", f"The filing limit is {limit}.")
    last = appeal_limit(rules, weighed.stated.payment_date)
    if last is not None and 0 <= (last - today).days <= NEAR_DAYS:
        weighed.note("appeal limit near")
        refused = weighed.told.get("partly-denied")
        at_stake = refused.dollars if refused is not None else None
        weighed.tell("appeal-limit-near", f"The appeal limit is {last}.", at_stake)
