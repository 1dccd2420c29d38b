"""What the Medicaid portal says when a recipient's eligibility is verified."""

from __future__ import annotations

from typing import Any

from sandbox.inquiry import Eligibility, day_typed, on_day
from sandbox.medicaid_pages import Form
from sandbox.sessions import Counters

CONTENT = "ctl00$MainContent$"
NO_RECIPIENT = "No recipient was found for the ID and date of birth entered."
UNAVAILABLE = (
    "The eligibility system is currently unavailable. Please try your request again later."
)


def verify(members: Eligibility, form: Form, counters: Counters) -> tuple[Form, dict[str, Any]]:
    """What was typed, and what the page says to it; a search that is made is counted."""
    asked = {
        name: form.get(CONTENT + name, "").strip()
        for name in ("txtRecipientId", "txtBirthDate", "txtServiceDate")
    }
    birth, day = day_typed(asked["txtBirthDate"]), day_typed(asked["txtServiceDate"])
    if not asked["txtRecipientId"]:
        return asked, {"problem": "Recipient ID is required."}
    if birth is None or day is None:
        return asked, {"problem": "Enter dates as MM/DD/YYYY."}
    counters.searches += 1
    held = members.search(asked["txtRecipientId"], birth)
    if held is None:
        return asked, {"problem": UNAVAILABLE}
    if not held:
        return asked, {"note": NO_RECIPIENT}
    membership, active = on_day(held, day)
    return asked, {"membership": membership, "active": active, "day": day}
