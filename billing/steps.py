"""The next step of each kind of finding, and the clock its due date is counted by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Clock(StrEnum):
    """What a due date is counted from, and by which rule."""

    NO_DEADLINE = "no_deadline"
    NEXT_SWEEP = "next_sweep"
    RECHECK = "recheck"
    ESCALATION = "escalation"
    MONEY_ARRIVAL = "money_arrival"
    FILING = "filing"
    APPEAL = "appeal"
    FILING_OR_APPEAL = "filing_or_appeal"
    PAYERS_LETTER = "payers_letter"
    OTHER_PAYER = "other_payer"
    REFUND = "refund"


@dataclass(frozen=True, slots=True)
class Step:
    """What to do about a kind of finding, by which clock, and who recommends it."""

    action: str
    clock: Clock
    source: str


@dataclass(frozen=True, slots=True)
class Cycle:
    """How long a payer's claims stay in the state that this one is in since ``since``.

    ``days`` is what nine of ten reach; None while fewer than ``least`` were seen to change.
    """

    since: date
    days: int | None
    seen: int
    least: int


_TRADE = "field practice"
_SCENARIOS = "scribd.com 868378661, AR scenarios"
_FOLLOW_UP = "scribd.com 753500349, AR follow-up"
_CALLER = "vbcareer.com, AR caller scenarios"
_OURS = "our own rule: never a silent guess"

STEPS: Mapping[str, Step] = {
    "paid-not-posted": Step(
        "Match the payment with the deposit, then approve the proposed postings.",
        Clock.MONEY_ARRIVAL,
        _FOLLOW_UP,
    ),
    "already-posted": Step("Close the claim.", Clock.NO_DEADLINE, _FOLLOW_UP),
    "patient-responsibility": Step(
        "Bill the patient's other insurance, or else the patient.", Clock.NO_DEADLINE, _CALLER
    ),
    "contractual-only": Step(
        "Compare the adjustments with the contract before writing the charge off.",
        Clock.APPEAL,
        _TRADE,
    ),
    "overpaid": Step(
        "Compare what is posted already with the EOB before posting anything.",
        Clock.NO_DEADLINE,
        _TRADE,
    ),
    "corrected-claim": Step(
        "Reverse what was posted for the old claim number, then post the correction.",
        Clock.MONEY_ARRIVAL,
        _TRADE,
    ),
    "underpaid": Step(
        "Compare the named lines with the contract and dispute the difference.",
        Clock.APPEAL,
        _TRADE,
    ),
    "paid-above-contract": Step(
        "Compare the named lines with the contract; keep the difference ready for the payer.",
        Clock.REFUND,
        _TRADE,
    ),
    "contract-unclear": Step(
        "Say which price the contract gives the named lines, and mend the fee schedule.",
        Clock.APPEAL,
        _OURS,
    ),
    "duplicate-payment": Step(
        "Post one of the payments only; return the other, or let the payer take it back.",
        Clock.REFUND,
        _TRADE,
    ),
    "credit-balance": Step(
        "Find out whose money it is, and propose the refund.", Clock.REFUND, _TRADE
    ),
    "posted-not-paid": Step(
        "Find the posted payment and its remittance; reverse it if it is not this claim's.",
        Clock.NO_DEADLINE,
        _TRADE,
    ),
    "secondary-to-file": Step(
        "File with the secondary payer, with this payer's remittance.", Clock.OTHER_PAYER, _CALLER
    ),
    "denied-missing-info": Step(
        "Find what is missing by the remark codes, correct the claim and send it again.",
        Clock.FILING_OR_APPEAL,
        _TRADE,
    ),
    "denied-duplicate": Step(
        "Find the original claim first; appeal only if there is none.", Clock.APPEAL, _FOLLOW_UP
    ),
    "denied-timely-filing": Step(
        "Find the payer's acceptance report dated within the limit and appeal with it; "
        "without one, propose a write-off.",
        Clock.APPEAL,
        _TRADE,
    ),
    "denied-no-authorization": Step(
        "Look for the authorization on file and ask for reprocessing; without one, appeal.",
        Clock.APPEAL,
        _FOLLOW_UP,
    ),
    "denied-authorization-held": Step(
        "Send the payer the authorization number and ask it to process the claim again.",
        Clock.APPEAL,
        _FOLLOW_UP,
    ),
    "denied-eligibility-disputed": Step(
        "Appeal with the payer's own eligibility answer for the day of service.",
        Clock.APPEAL,
        _SCENARIOS,
    ),
    "coverage-ended": Step(
        "Ask the patient for the policy in force on the day of service and bill it, or else the "
        "patient.",
        Clock.OTHER_PAYER,
        _SCENARIOS,
    ),
    "denied-not-covered": Step(
        "Check benefits and group code, then bill the other insurance or the patient, or appeal.",
        Clock.APPEAL,
        _SCENARIOS,
    ),
    "denied-eligibility": Step(
        "Check eligibility on the day of service and look for another policy; "
        "bill it, or else the patient.",
        Clock.APPEAL,
        _SCENARIOS,
    ),
    "denied-other-payer": Step(
        "Find out who pays first and send the claim there.", Clock.FILING_OR_APPEAL, _SCENARIOS
    ),
    "denied-bundled": Step(
        "Check the code pair and its modifiers; correct the claim or write it off.",
        Clock.FILING_OR_APPEAL,
        _TRADE,
    ),
    "denied-medical-necessity": Step(
        "Appeal with the records, or correct the diagnosis if it was coded wrong.",
        Clock.APPEAL,
        _TRADE,
    ),
    "denied-other": Step(
        "Read the reason and remark codes and ask the payer if they do not explain it.",
        Clock.APPEAL,
        _TRADE,
    ),
    "partly-denied": Step(
        "Post the paid lines, then work the denied ones by their reason codes.",
        Clock.APPEAL,
        _TRADE,
    ),
    "pending-wait": Step("Wait, and check again.", Clock.RECHECK, _CALLER),
    "pending-overdue": Step(
        "Ask the payer why it takes so long, and escalate.", Clock.ESCALATION, _CALLER
    ),
    "info-requested": Step(
        "Send the payer the documents it asks for.", Clock.PAYERS_LETTER, _TRADE
    ),
    "patient-info-requested": Step(
        "Ask the patient to answer the payer.", Clock.PAYERS_LETTER, _TRADE
    ),
    "rejected": Step(
        "Correct the claim and send it again; there is nothing to appeal.", Clock.FILING, _TRADE
    ),
    "not-on-file": Step(
        "Look for a clearinghouse rejection, then check payer id and eligibility, and resubmit.",
        Clock.FILING,
        _SCENARIOS,
    ),
    "not-on-file-accepted": Step(
        "Send the payer the acceptance report and ask it to find the claim; if it cannot, resubmit "
        "with the report as proof of timely filing.",
        Clock.FILING,
        _SCENARIOS,
    ),
    "not-on-file-too-early": Step("Wait, and check again.", Clock.RECHECK, _SCENARIOS),
    "not-on-file-filing-limit-near": Step(
        "Resubmit today and keep the acceptance report as proof.", Clock.FILING, _SCENARIOS
    ),
    "not-on-file-filing-limit-passed": Step(
        "Resubmit with proof of timely filing; without proof, propose a write-off.",
        Clock.FILING,
        _SCENARIOS,
    ),
    "filing-limit-near": Step(
        "File or correct the claim now and keep the acceptance report as proof.",
        Clock.FILING,
        _TRADE,
    ),
    "appeal-limit-near": Step("Decide about the appeal and send it now.", Clock.APPEAL, _TRADE),
    "several-matches": Step(
        "Open the matching claims on the portal and say which one is ours.", Clock.FILING, _OURS
    ),
    "wrong-patient": Step(
        "Compare member number and birth date with the patient's card, and tell privacy if a "
        "record is mixed up.",
        Clock.FILING,
        _OURS,
    ),
    "portal-eob-conflict": Step(
        "Compare portal and EOB at the marked places and ask the payer which one holds.",
        Clock.APPEAL,
        _OURS,
    ),
    "status-contradicts-money": Step(
        "Read the claim on the portal and ask the payer what it decided.", Clock.APPEAL, _OURS
    ),
    "adjudication-unclear": Step(
        "Get the EOB and read from it what was paid and what was denied.", Clock.APPEAL, _OURS
    ),
    "eob-unbalanced": Step(
        "Read the EOB by eye at the named place; post nothing from it until it adds up.",
        Clock.APPEAL,
        _OURS,
    ),
    "eob-missing": Step(
        "Get the EOB from the payer; post nothing before it is there.", Clock.MONEY_ARRIVAL, _OURS
    ),
    "unknown-status-phrase": Step(
        "Read the status on the portal and add its words to the payer's profile.",
        Clock.FILING,
        _OURS,
    ),
    "payer-unavailable": Step("Ask again with the next sweep.", Clock.NEXT_SWEEP, _TRADE),
    "unreachable": Step("Ask again with the next sweep.", Clock.NEXT_SWEEP, _TRADE),
    "login-refused": Step(
        "Sign in by hand and renew the password before the next sweep.", Clock.NEXT_SWEEP, _TRADE
    ),
    "unknown-page": Step(
        "Look at the captured page and mend the profile, or check the claim by hand.",
        Clock.NEXT_SWEEP,
        _OURS,
    ),
    "canary-failed": Step("Mend the profile, then sweep again.", Clock.NEXT_SWEEP, _OURS),
    "needs-person": Step("Check this claim on the portal by hand.", Clock.NEXT_SWEEP, _OURS),
    "policy": Step("Check this claim by hand from the list.", Clock.FILING, "the payer's terms"),
    "no-profile": Step(
        "Check this claim by hand, or add a profile for its payer.", Clock.FILING, _OURS
    ),
}
"""One step for every finding; the sentences are ours, the sources say who works that way."""
