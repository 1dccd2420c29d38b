"""The performance figures of a period: what each one is, where its definition comes from, and
what it cannot say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Unit = Literal["percent", "dollars", "days", "claims", "per 100"]

AT_RISK_DAYS = 15
"""A deadline fewer days away than this puts money at risk: a common filing alarm."""

CHARGE_DAYS = 90
"""The days whose charges make the average daily charge of days in A/R."""

FROM_EXPORTS = (
    "Computed from the billing system's exports and from what payers said, not from the general "
    "ledger."
)
"""The caveat that every figure carries."""

_MAP = "after HFMA MAP Keys (MAP Keys is HFMA's trademark; this is not one)"
_OURS = "our own definition"


@dataclass(frozen=True, slots=True)
class Definition:
    """A figure's title and unit, how it is made, after whom, and what it leaves out.

    ``wanted`` says which way is better, where one is.
    """

    title: str
    unit: Unit
    formula: str
    source: str
    caveat: str
    wanted: Literal["more", "less", ""] = ""


DEFINITIONS: Mapping[str, Definition] = {
    "coverage": Definition(
        "Coverage of the sweep",
        "percent",
        "Checks that a payer's system answered, divided by the checks that were due: every claim "
        "row of every export swept, each night anew.",
        _OURS,
        "A row that was refused and may be missed is due; blank, heading, total and footer rows "
        "are not.",
        "more",
    ),
    "touchless": Definition(
        "Touchless share",
        "percent",
        "Checks whose finding needs no person, divided by the checks that a payer answered.",
        _OURS,
        "What a person then decides about the proposals is not counted as a touch.",
        "more",
    ),
    "unchanged": Definition(
        "Nothing new",
        "percent",
        "Checks whose answer was the same as the last one, divided by the checks answered.",
        _OURS,
        "A claim's first answer is always new.",
        "less",
    ),
    "yield": Definition(
        "Yield per 100 checks",
        "per 100",
        "Checks that told something new to act on (a first or changed answer that needs a person "
        "or an action), for each 100 checks that a payer answered.",
        _OURS,
        "The first sweep of a claim yields more than the later ones.",
        "more",
    ),
    "money_found": Definition(
        "Money found",
        "dollars",
        "What payers say they paid on claims that the export still carried as open, each claim "
        "once, as it stood last in the period.",
        _OURS,
        "Paid is the payer's word, proved by an EOB or not; it may have been posted since.",
        "more",
    ),
    "money_at_risk": Definition(
        "Money at risk",
        "dollars",
        f"Dollars at stake on claims whose filing, appeal or document deadline is fewer than "
        f"{AT_RISK_DAYS} days away, and has not passed.",
        _OURS,
        "Only deadlines that are known count; a payer without a rule on record adds nothing.",
        "less",
    ),
    "deadline_passed": Definition(
        "Deadline passed",
        "dollars",
        "Dollars at stake on claims whose filing, appeal or document deadline has passed.",
        _OURS,
        "Some payers take a late appeal; only known deadlines count.",
        "less",
    ),
    "denial_rate": Definition(
        "Denial rate, claims",
        "percent",
        "Claims denied outright, divided by claims paid, partly paid or denied; of the decisions "
        "first seen in the period.",
        f"{_MAP}: AR-5, remittance denial rate",
        "An export holds what is unpaid: claims paid and posted before a sweep saw them are "
        "missing below the line, so this is higher than the rate of all remittances.",
        "less",
    ),
    "denial_dollars": Definition(
        "Denial rate, dollars",
        "percent",
        "Billed dollars of the claims denied outright, divided by billed dollars of the claims "
        "paid, partly paid or denied; of the decisions first seen in the period.",
        "after the AAFP: dollars denied divided by dollars submitted",
        "Higher than the rate of all remittances, for the same reason.",
        "less",
    ),
    "days_in_ar": Definition(
        "Days in A/R, gross",
        "days",
        f"Open balances, divided by the average daily charge: the billed dollars of all claims "
        f"seen whose service lies in the last {CHARGE_DAYS} days, divided by {CHARGE_DAYS}.",
        f"{_MAP}: days in A/R; gross, and export-based",
        "Charges that were paid before a sweep saw them are missing below the line, so it is "
        "higher than days in A/R from the general ledger; compare it with itself only.",
        "less",
    ),
    "open_age": Definition(
        "Age of an open dollar",
        "days",
        "Days since service of every claim with an open balance, weighted by that balance.",
        _OURS,
        "Needs no charges, so unlike days in A/R an export can tell it whole.",
        "less",
    ),
    "over_90": Definition(
        "Open dollars over 90 days",
        "percent",
        "Open balances of claims served more than 90 days ago, divided by all open balances.",
        f"{_MAP}: aged A/R; here by date of service",
        "Aged from the date of service, not from the date of billing.",
        "less",
    ),
    "net_collection": Definition(
        "Net collection rate",
        "percent",
        "Payments, divided by charges less contractual adjustments; of the claims whose postings "
        "were first proposed in the period.",
        "payments divided by collectible charges, as practice consultants define it",
        "Only claims whose EOB adds up to the cent; the patients' payments are not in it.",
        "more",
    ),
    "cost_per_check": Definition(
        "Cost per check",
        "dollars",
        "The operator's cost of an hour times the hours spent on claims, and the operator's cost "
        "of a check times the checks asked; divided by the checks that a payer answered.",
        f"{_OURS}; both costs are settings",
        "Unknown until a cost is set. Signing in, and the time of the people who then act, are "
        "not in it.",
        "less",
    ),
    "portal_reached": Definition(
        "Portal availability",
        "percent",
        "Sessions that reached the portal, divided by all sessions: a sweep has one with each "
        "payer that a bot may ask, and it counts as reached when any of the payer's claims was "
        "answered or met a page.",
        _OURS,
        "A portal that failed for a part of the night only counts as reached; what it left "
        "unanswered is in the coverage.",
        "more",
    ),
    "logins_refused": Definition(
        "Refused logins",
        "percent",
        "Logins that the portal refused, divided by those that it accepted or refused, by the day "
        "of the attempt.",
        _OURS,
        "Logins to check visits count too; an attempt whose result nobody saw does not. A session "
        "that is kept needs no login.",
        "less",
    ),
    "credit_balances": Definition(
        "Credit balances",
        "dollars",
        "What is below zero of the balances in the exports, as a positive sum.",
        _OURS,
        "Not netted with what is open in any other figure.",
        "less",
    ),
}
"""Every figure in the order in which reports show them."""
