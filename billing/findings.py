"""The catalogue of findings: what can be true of a claim, in words a biller would use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FindingKind:
    """One kind of finding: a title for lists, its meaning in a sentence, who acts.

    ``needs_person`` is what holds when nothing else is known; a missing payer rule or an unknown
    code makes any finding a person's.
    """

    title: str
    meaning: str
    needs_person: bool


FINDINGS: Mapping[str, FindingKind] = {
    # money that is decided
    "paid-not-posted": FindingKind(
        "Paid, not posted",
        "The payer says it paid, and the billing system still carries the claim as open.",
        needs_person=False,
    ),
    "already-posted": FindingKind(
        "Paid, nothing open",
        "The payer says it paid, and the billing system carries no balance any more.",
        needs_person=False,
    ),
    "patient-responsibility": FindingKind(
        "Patient owes it",
        "The payer allowed the charge and left the allowed amount to the patient.",
        needs_person=False,
    ),
    "contractual-only": FindingKind(
        "Written off by contract",
        "The payer denied nothing and pays nothing: adjustments by contract took the charge.",
        needs_person=True,
    ),
    "overpaid": FindingKind(
        "Would leave a credit",
        "Posting the payment would take more from the account than is open on it.",
        needs_person=True,
    ),
    "corrected-claim": FindingKind(
        "Reversed and corrected",
        "The payer took back an earlier decision and decided anew; the old posting must go.",
        needs_person=True,
    ),
    "underpaid": FindingKind(
        "Paid below contract",
        "The payer allowed less than its contract with the practice says.",
        needs_person=True,
    ),
    "paid-above-contract": FindingKind(
        "Paid above contract",
        "The payer allowed more than its contract with the practice says.",
        needs_person=True,
    ),
    "contract-unclear": FindingKind(
        "Contract price unclear",
        "More than one row of the payer's fee schedule fits, or a code lowered the price.",
        needs_person=True,
    ),
    "duplicate-payment": FindingKind(
        "Paid twice",
        "The payer paid the same service in two payments and took neither back.",
        needs_person=True,
    ),
    "credit-balance": FindingKind(
        "Credit to give back",
        "More was posted on the claim than it bore: somebody is owed a refund.",
        needs_person=True,
    ),
    "posted-not-paid": FindingKind(
        "Posted, not paid",
        "The billing system carries the claim as paid, and the payer says that it did not pay.",
        needs_person=True,
    ),
    "secondary-to-file": FindingKind(
        "Secondary payer to file with",
        "The payer left an amount that the patient's secondary payer may owe.",
        needs_person=True,
    ),
    # denials
    "denied-missing-info": FindingKind(
        "Denied: missing or wrong data",
        "The payer could not use the claim as it was sent.",
        needs_person=True,
    ),
    "denied-duplicate": FindingKind(
        "Denied: duplicate",
        "The payer holds the claim to be one it already has.",
        needs_person=True,
    ),
    "denied-timely-filing": FindingKind(
        "Denied: filed too late",
        "The payer says the claim came after the filing limit.",
        needs_person=True,
    ),
    "denied-no-authorization": FindingKind(
        "Denied: no authorization",
        "The payer found no authorization or referral that fits.",
        needs_person=True,
    ),
    "denied-authorization-held": FindingKind(
        "Denied: authorization is there",
        "The payer found no authorization, and the billing system has its number.",
        needs_person=True,
    ),
    "denied-eligibility-disputed": FindingKind(
        "Denied: cover was confirmed",
        "The payer says not insured that day, and its own eligibility answer says otherwise.",
        needs_person=True,
    ),
    "coverage-ended": FindingKind(
        "Coverage was not in force",
        "The payer's eligibility answer has no cover on the day of service.",
        needs_person=True,
    ),
    "denied-not-covered": FindingKind(
        "Denied: not covered",
        "The patient's plan leaves this service out or its limit is used up.",
        needs_person=True,
    ),
    "denied-eligibility": FindingKind(
        "Denied: not insured that day",
        "The payer says the patient was not its member on the day of service.",
        needs_person=True,
    ),
    "denied-other-payer": FindingKind(
        "Denied: another payer",
        "The payer says somebody else has to pay first or altogether.",
        needs_person=True,
    ),
    "denied-bundled": FindingKind(
        "Denied: bundled",
        "The payer counts the service as part of another one.",
        needs_person=True,
    ),
    "denied-medical-necessity": FindingKind(
        "Denied: medical need",
        "The payer says the records do not show that the service was needed.",
        needs_person=True,
    ),
    "denied-other": FindingKind(
        "Denied: other reason",
        "The payer denied the claim for a reason outside the usual classes, or gave none.",
        needs_person=True,
    ),
    "partly-denied": FindingKind(
        "Partly denied",
        "The payer paid or allowed part of the claim and refused another part.",
        needs_person=True,
    ),
    # not decided yet
    "pending-wait": FindingKind(
        "In process",
        "The payer has the claim and is within the usual time.",
        needs_person=False,
    ),
    "pending-overdue": FindingKind(
        "In process too long",
        "The payer has had the claim for longer than it should take.",
        needs_person=True,
    ),
    "info-requested": FindingKind(
        "Payer asks for documents",
        "The payer waits for records or data from the practice.",
        needs_person=True,
    ),
    "patient-info-requested": FindingKind(
        "Payer asks the patient",
        "The payer waits for something from the patient.",
        needs_person=True,
    ),
    "rejected": FindingKind(
        "Rejected before adjudication",
        "The payer sent the claim back; for the payer it was never filed.",
        needs_person=True,
    ),
    # not there
    "not-on-file": FindingKind(
        "Not on file",
        "The payer's system worked and holds no such claim.",
        needs_person=True,
    ),
    "not-on-file-accepted": FindingKind(
        "Not on file, but accepted",
        "The payer holds no such claim, and a report proves that it was taken on receipt.",
        needs_person=True,
    ),
    "not-on-file-too-early": FindingKind(
        "Not on file yet",
        "The claim was sent so lately that the payer may not show it yet.",
        needs_person=False,
    ),
    "not-on-file-filing-limit-near": FindingKind(
        "Not on file, limit near",
        "The payer holds no such claim, and the filing limit is days away.",
        needs_person=True,
    ),
    "not-on-file-filing-limit-passed": FindingKind(
        "Not on file, limit passed",
        "The payer holds no such claim, and its filing limit is over.",
        needs_person=True,
    ),
    # the calendar
    "filing-limit-near": FindingKind(
        "Filing limit near",
        "The claim may not be on file, and the payer's filing limit is days away.",
        needs_person=True,
    ),
    "appeal-limit-near": FindingKind(
        "Appeal limit near",
        "The payer refused something, and its appeal limit is days away.",
        needs_person=True,
    ),
    # whose claim is it?
    "several-matches": FindingKind(
        "Several claims match",
        "The payer holds more than one claim that every identifier fits.",
        needs_person=True,
    ),
    "wrong-patient": FindingKind(
        "Another patient's claim",
        "What the search found belongs to somebody else; its figures were not taken.",
        needs_person=True,
    ),
    # sources that do not settle it
    "portal-eob-conflict": FindingKind(
        "Portal and EOB disagree",
        "Two sources of the same payer state different figures for this claim.",
        needs_person=True,
    ),
    "status-contradicts-money": FindingKind(
        "Status and money disagree",
        "What the payer calls the claim cannot be true of the money it states.",
        needs_person=True,
    ),
    "adjudication-unclear": FindingKind(
        "Paid or denied is unclear",
        "The payer decided the claim, and what it states does not tell how.",
        needs_person=True,
    ),
    "eob-unbalanced": FindingKind(
        "EOB not accepted",
        "The EOB document cannot be read, does not add up to the cent or lacks this claim.",
        needs_person=True,
    ),
    "eob-missing": FindingKind(
        "EOB missing",
        "The payer decided the claim, and no EOB document proves the figures.",
        needs_person=True,
    ),
    "unknown-status-phrase": FindingKind(
        "Unknown status words",
        "The payer uses a status phrase that its profile does not translate.",
        needs_person=True,
    ),
    # nobody knows
    "payer-unavailable": FindingKind(
        "Payer's system down",
        "The portal said that it could not answer; nothing is known of the claim.",
        needs_person=False,
    ),
    "unreachable": FindingKind(
        "Portal not reached",
        "The portal did not answer or the connection was lost; nothing is known of the claim.",
        needs_person=False,
    ),
    "login-refused": FindingKind(
        "Login refused",
        "The portal refused the account, and no further login was tried.",
        needs_person=True,
    ),
    "unknown-page": FindingKind(
        "Unforeseen page",
        "The portal showed a page that its profile does not know.",
        needs_person=True,
    ),
    "canary-failed": FindingKind(
        "Canary failed",
        "A claim whose answer is known read otherwise, so nothing else was asked of this portal.",
        needs_person=True,
    ),
    "needs-person": FindingKind(
        "Only a person can tell",
        "The portal asked for something, or showed something, that a bot must not decide.",
        needs_person=True,
    ),
    "policy": FindingKind(
        "Work by hand",
        "No permission in force lets a bot into this portal.",
        needs_person=True,
    ),
    "no-profile": FindingKind(
        "Payer unknown",
        "No profile claims this payer's name.",
        needs_person=True,
    ),
}
