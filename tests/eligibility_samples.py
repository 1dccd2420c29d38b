"""Made-up visits, covers and schedules for the tests of eligibility."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from billing.coverage import (
    Benefit,
    Coverage,
    CoverageObservation,
    Network,
    OtherPayer,
    Visit,
)
from billing.model import Found, SourceRow

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
DAY = date(2026, 11, 25)
HEADINGS = (
    "Appt Date",
    "Patient Last",
    "Patient First",
    "DOB",
    "Payer",
    "Policy Number",
    "Service",
)

VISIT = Visit(
    day=DAY,
    payer="acme",
    payer_name="Acme Plan",
    member_id="00MBR777",
    patient_last="Quillfeather",
    patient_first="Ottoline",
    date_of_birth=date(1961, 2, 3),
    source=SourceRow("e" * 64, 2),
    service_type="98",
)
OFFICE = Benefit(
    words="Office visit",
    service_type="98",
    network=Network.IN,
    covered=True,
    copay=Decimal("25.00"),
    authorization_required=False,
    referral_required=False,
)
WHOLE = Benefit(
    words="Plan",
    service_type="30",
    network=Network.IN,
    coinsurance=Decimal("0.2"),
    deductible=Decimal("500.00"),
    deductible_remaining=Decimal("125.50"),
)
COVER = Coverage(
    words="Active",
    active=True,
    member_id="00mbr777",
    date_of_birth=date(1961, 2, 3),
    patient_last="QUILLFEATHER",
    patient_first="OTTOLINE M",
    plan="Acme Gold",
    begins=date(2026, 1, 1),
    benefits=(OFFICE, WHOLE),
)
OTHER = OtherPayer("Meridian Trust", "M1", primary=True)
IDENTIFIERS = ("member_id", "date_of_birth", "patient_last", "patient_first")


def visit(row: int = 2, **changes: Any) -> Visit:
    """The visit in row ``row`` of the schedule."""
    return replace(VISIT, source=SourceRow("e" * 64, row), **changes)


def observed(cover: Coverage = COVER, at: datetime = NOW) -> CoverageObservation:
    """What a portal said, without captures."""
    return CoverageObservation(at, Found(cover), ())


def schedule_row(**changes: str) -> dict[str, str]:
    """One row of a schedule by its headings."""
    return {
        "Appt Date": "11/25/2026",
        "Patient Last": "Quillfeather",
        "Patient First": "Ottoline",
        "DOB": "02/03/1961",
        "Payer": "Acme Plan",
        "Policy Number": "00MBR777",
        "Service": "Office visit",
    } | changes


def schedule_csv(*rows: dict[str, str]) -> bytes:
    """A schedule as a CSV file."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, HEADINGS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
