"""The catalogue of what the front desk may find out about a visit, and what it does about each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VisitStep:
    """One kind of finding of a visit: a title for lists, its meaning, and what to do about it."""

    title: str
    meaning: str
    action: str
    needs_person: bool


STEPS: Mapping[str, VisitStep] = {
    # whose cover is it?
    "name-mismatch": VisitStep(
        "Another person on file",
        "The payer's member has another name, birth date or number; its figures were not taken.",
        "Compare the card with the schedule, correct the wrong one and check again; tell privacy "
        "if two patients are mixed up.",
        needs_person=True,
    ),
    "member-not-found": VisitStep(
        "Not found",
        "The payer's system worked and knows no such member.",
        "Ask the patient for the current card, correct number or birth date and check again.",
        needs_person=True,
    ),
    # is there cover, and who pays?
    "inactive": VisitStep(
        "Not covered that day",
        "The payer says that the member has no cover on the day of the visit.",
        "Call the patient for other insurance; without one, agree on self-pay before the visit.",
        needs_person=True,
    ),
    "unknown-coverage-words": VisitStep(
        "Unknown words for the cover",
        "The payer calls the cover something that its profile does not translate.",
        "Read the cover on the portal and add its words to the payer's profile.",
        needs_person=True,
    ),
    "other-payer-primary": VisitStep(
        "Another payer pays first",
        "The payer knows of other insurance that is primary.",
        "Take down the other insurance, check it too, and bill it first.",
        needs_person=True,
    ),
    "service-not-covered": VisitStep(
        "Service not covered",
        "The plan does not cover the kind of service that the visit is for.",
        "Tell the patient what it will cost before the visit and have the notice signed.",
        needs_person=True,
    ),
    # what must be had before the visit
    "authorization-required": VisitStep(
        "Authorization required",
        "The plan wants an authorization for the kind of service that the visit is for.",
        "Get the authorization number from the payer before the visit, or move the visit.",
        needs_person=True,
    ),
    "referral-required": VisitStep(
        "Referral required",
        "The plan wants a referral for the kind of service that the visit is for.",
        "Get the referral from the patient's primary care provider before the visit.",
        needs_person=True,
    ),
    "plan-changed": VisitStep(
        "Plan changed",
        "The payer names another plan than when it was asked before.",
        "Copy the new card and correct the plan in the practice's system.",
        needs_person=True,
    ),
    "other-payer-known": VisitStep(
        "Other insurance known",
        "The payer knows of other insurance and does not say that it comes second.",
        "Ask the patient which insurance comes first, and note the answer.",
        needs_person=True,
    ),
    "unknown-benefit-words": VisitStep(
        "Unknown words for a benefit",
        "The payer uses words for a service or a network that its profile does not translate.",
        "Read the benefits on the portal and add the words to the payer's profile.",
        needs_person=True,
    ),
    "benefit-not-stated": VisitStep(
        "Benefit not stated",
        "The cover is active, and the payer states nothing for the visit's kind of service.",
        "Ask the payer for the patient's share if it must be collected at the visit.",
        needs_person=False,
    ),
    "covered": VisitStep(
        "Covered",
        "The cover is active on the day of the visit, and nothing stands in the way.",
        "Collect the patient's share at the visit.",
        needs_person=False,
    ),
    # nobody knows
    "payer-unavailable": VisitStep(
        "Payer's system down",
        "The portal said that it could not answer; nothing is known of the cover.",
        "Run the same command again later; call the payer if the visit comes first.",
        needs_person=False,
    ),
    "unreachable": VisitStep(
        "Portal not reached",
        "The portal did not answer or the connection was lost; nothing is known of the cover.",
        "Run the same command again later; call the payer if the visit comes first.",
        needs_person=False,
    ),
    "login-refused": VisitStep(
        "Login refused",
        "The portal refused the account, and no further login was tried.",
        "Sign in by hand, renew the password, then clear the account and run again.",
        needs_person=True,
    ),
    "unknown-page": VisitStep(
        "Unforeseen page",
        "The portal showed a page that its profile does not know.",
        "Check this visit on the portal by hand, and mend the profile by the captured page.",
        needs_person=True,
    ),
    "canary-failed": VisitStep(
        "Known answer failed",
        "The portal did not answer a known question as known, and nothing else was asked.",
        "Check this visit by hand, and mend the profile before the next run.",
        needs_person=True,
    ),
    "several-members": VisitStep(
        "Several members match",
        "The payer holds more than one member that fits.",
        "Open the members on the portal and say which one is the patient.",
        needs_person=True,
    ),
    "needs-person": VisitStep(
        "Only a person can tell",
        "The portal asked for something, or showed something, that a bot must not decide.",
        "Check this visit on the portal by hand.",
        needs_person=True,
    ),
    "policy": VisitStep(
        "Check by hand",
        "No permission in force lets a bot into this portal.",
        "Check this visit on the portal by hand.",
        needs_person=True,
    ),
    "asked-later": VisitStep(
        "Not asked yet",
        "The visit is not urgent, and the payer wants such checks outside its busy hours.",
        "Run the same command again outside those hours.",
        needs_person=False,
    ),
    "no-profile": VisitStep(
        "Payer unknown",
        "No profile claims this payer's name, or it has no eligibility check.",
        "Check this visit by hand, or add the task to the payer's profile.",
        needs_person=True,
    ),
}
"""Every kind of finding, the most pressing first; the order is that of the outputs."""
