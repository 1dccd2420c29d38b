"""What the queue says of a stroke that was done, and the reasons and days that it offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from billing.actions import PENDING_USUAL
from billing.cases import Case, CaseAct, CaseDeed
from billing.errors import BadInput
from billing.payer_rules import PayerRules
from console.words import counted

REASONS = (
    "Paid and posted by hand",
    "Corrected claim sent",
    "Appeal filed",
    "Sent to the next payer",
    "Billed to the patient",
    "Adjusted or written off",
    "Not ours, or a duplicate",
)
"""Why a case is resolved, where no words of one's own are needed."""

TOMORROW, WEEK, RECHECK = "tomorrow", "week", "recheck"


def reason_words(reason: str, words: str) -> str:
    """The reason as the ledger keeps it. Raises BadInput where neither was given."""
    said = ": ".join(part for part in (reason.strip(), " ".join(words.split())) if part)
    if not said:
        raise BadInput("Choose a reason or write one; nothing was resolved")
    return said


def snoozed_until(until: str, today: date) -> date:
    """The day that a word or a date means. Raises BadInput for what is no day."""
    days = {TOMORROW: today + timedelta(days=1), WEEK: today + timedelta(days=7)}
    try:
        return days[until] if until in days else date.fromisoformat(until)
    except ValueError:
        raise BadInput("Choose the day on which the cases come back") from None


def recheck_days(
    cases: Sequence[Case], rules: Mapping[str, PayerRules], today: date, zone: ZoneInfo
) -> dict[int, date]:
    """The day on which each case comes back to be asked about, by case."""
    unknown = PayerRules()
    return {
        one.case_id: recheck_day(one, rules.get(one.payer, unknown), today, zone) for one in cases
    }


def recheck_day(case: Case, rules: PayerRules, today: date, zone: ZoneInfo) -> date:
    """When asking the payer anew may tell something: its own days after the last answer, and never
    after the case is due; tomorrow where that has passed."""
    asked = case.result.checked_at
    asked_on = asked.astimezone(zone).date() if asked else case.opened_on
    day = asked_on + timedelta(days=(rules.recheck or PENDING_USUAL).days)
    if case.due is not None:
        day = min(day, case.due)
    return max(day, today + timedelta(days=1))


def stroke_words(deeds: Sequence[CaseDeed], names: Mapping[str, str], me: str) -> str:
    """What one stroke did, in a sentence without its full stop; ``names`` are users' by id."""
    many = counted(len(deeds), "case")
    first = deeds[0]
    match first.act:
        case CaseAct.ASSIGN:
            to = first.after["assignee"]
            if to is None:
                return f"{many} given to nobody"
            return f"{many} assigned to {'you' if to == me else names.get(to, 'somebody')}"
        case CaseAct.SNOOZE:
            days = {deed.after["snoozed_until"] for deed in deeds}
            return f"{many} snoozed until {_days(sorted(day for day in days if day))}"
        case CaseAct.APPROVE:
            return f"{many} approved as found"
        case CaseAct.REOPEN:
            return f"{many} back on the queue"
        case CaseAct.RESOLVE:
            return f"{many} resolved: {first.note}"
        case _:
            return f"{many} changed"


def _days(days: Sequence[str]) -> str:
    first, last = (date.fromisoformat(days[at]) for at in (0, -1))
    said = f"{first:%b} {first.day}, {first.year}"
    return said if first == last else f"days from {said} to {last:%b} {last.day}, {last.year}"
