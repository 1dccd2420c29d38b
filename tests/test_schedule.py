"""Schedules: every row a visit or refused with its reason; the copy keeps what was there."""

from __future__ import annotations

import hashlib
import io
from datetime import UTC, date, datetime, time
from decimal import Decimal

import openpyxl
import pytest
from eligibility_samples import COVER, HEADINGS, NOW, observed, schedule_csv, schedule_row
from hypothesis import given
from hypothesis import strategies as st

from billing.codes.service_types import SERVICE_TYPES, service_type
from billing.coverage import VisitResult
from billing.eligibility import conclude_visit
from billing.errors import BadInput
from bots.exports.schedule import ScheduleReading, read_schedule
from bots.exports.schedule_back import COLUMNS, percent, write_schedule

PAYERS = {"acme plan": "acme"}


def read(data: bytes, name: str = "day.csv") -> ScheduleReading:
    return read_schedule(data, name, payer_ids=PAYERS)


def results_of(reading: ScheduleReading) -> dict[int, VisitResult]:
    return {
        visit.source.row: VisitResult(
            n,
            visit,
            conclude_visit(visit, observed(COVER), earlier=None),
            1,
            Decimal("1.5"),
            datetime(2026, 11, 24, tzinfo=UTC),
        )
        for n, visit in enumerate(reading.visits)
    }


def test_a_row_becomes_the_visit_it_holds() -> None:
    (visit,) = read(schedule_csv(schedule_row())).visits
    assert (visit.day, visit.date_of_birth) == (date(2026, 11, 25), date(1961, 2, 3))
    assert (visit.payer, visit.member_id, visit.service_type) == ("acme", "00MBR777", "98")
    assert visit.source.row == 2


def test_synonyms_one_name_column_and_a_time_are_understood() -> None:
    data = (
        b"Monday\r\n\r\n"
        b"Appointment Date,Time,Patient Name,Date of Birth,Insurance,Member ID,NPI\r\n"
        b'11/25/2026,2:15 PM,"Quillfeather, Ottoline M",2/3/1961,Acme  PLAN,00MBR777,1234567890\r\n'
    )
    (visit,) = read(data).visits
    assert visit.at == time(14, 15)
    assert (visit.patient_last, visit.patient_first) == ("Quillfeather", "Ottoline")
    assert (visit.payer, visit.service_type, visit.provider_npi) == ("acme", "30", "1234567890")
    assert visit.source.row == 4


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"DOB": ""}, "DOB is empty"),
        ({"DOB": "13/13/1961"}, "DOB is not a date"),
        ({"DOB": "11/26/2026"}, "DOB is after Appt Date"),
        ({"Policy Number": ""}, "Policy Number is empty"),
        ({"Policy Number": "1.23E+12"}, "Policy Number was turned into a rounded number"),
        ({"Service": "Wibble"}, "Service is no service type we know"),
        ({"Appt Date": "soon"}, "Appt Date is not a date"),
    ],
)
def test_a_row_that_cannot_be_asked_about_is_refused_without_its_patient(
    changes: dict[str, str], why: str
) -> None:
    reading = read(schedule_csv(schedule_row(), schedule_row(**changes)))
    assert len(reading.visits) == 1
    (refused,) = reading.refused
    assert refused.row == 3
    assert why in refused.why
    assert "uill" not in refused.why


@given(st.lists(st.sampled_from(["good", "blank", "bad", "total", "headings"]), min_size=1))
def test_no_row_is_dropped(rows: list[str]) -> None:
    made = {
        "good": schedule_row(),
        "blank": dict.fromkeys(HEADINGS, ""),
        "bad": schedule_row(DOB="x"),
        "total": dict.fromkeys(HEADINGS, "") | {"Appt Date": "Total"},
        "headings": {heading: heading for heading in HEADINGS},
    }
    data = schedule_csv(schedule_row(), *(made[row] for row in rows))
    reading = read(data)
    assert reading.rows_in == len(rows) + 1 == len(reading.visits) + len(reading.refused)
    assert len(reading.visits) == rows.count("good") + 1


def test_a_schedule_without_visits_or_headings_is_refused_in_a_sentence() -> None:
    with pytest.raises(BadInput, match="no visits below"):
        read(schedule_csv())
    with pytest.raises(BadInput, match="nearest is schedule"):
        read(b"Appt Date,DOB,Payer\r\n11/25/2026,2/3/1961,Acme Plan\r\n")


@given(st.sampled_from(sorted(SERVICE_TYPES)))
def test_a_service_type_is_known_by_its_code_and_by_all_its_spellings(code: str) -> None:
    assert service_type(code.lower()) == code
    assert {service_type(spelled.upper()) for spelled in SERVICE_TYPES[code].spellings} == {code}


def test_the_copy_of_a_text_keeps_every_character_and_says_what_was_learned() -> None:
    data = schedule_csv(schedule_row(), schedule_row(DOB="x"))
    reading = read(data)
    written = write_schedule(data, reading, results_of(reading))
    was, now = data.split(b"\r\n"), written.data.split(b"\r\n")
    assert len(was) == len(now)
    assert all(new.startswith(old) for old, new in zip(was, now, strict=True))
    assert b",active,Covered," in now[1]
    assert b",25.00," in now[1]
    assert now[2] == was[2] + b"," * len(COLUMNS)
    assert {change.row for change in written.changes} == {2}
    with pytest.raises(BadInput, match="already holds the columns"):
        read(written.data)


def test_the_copy_of_a_workbook_keeps_its_cells() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    row = schedule_row()
    sheet.append(list(HEADINGS))
    values = [row[heading] for heading in HEADINGS]
    sheet.append([date(2026, 11, 25), *values[1:3], date(1961, 2, 3), *values[4:]])
    held = io.BytesIO()
    book.save(held)
    data = held.getvalue()
    reading = read(data, "day.xlsx")
    assert reading.visits[0].day == date(2026, 11, 25)
    written = write_schedule(data, reading, results_of(reading))
    copy = openpyxl.load_workbook(io.BytesIO(written.data)).worksheets[0]
    for cells in sheet.iter_rows():
        for cell in cells:
            now = copy[cell.coordinate].value
            assert (now.date() if isinstance(now, datetime) else now) == cell.value
    added = {copy.cell(1, at).value: copy.cell(2, at).value for at in range(8, 8 + len(COLUMNS))}
    assert added["Eligibility"] == "active"
    assert added["Copay"] == 25
    assert added["Coverage from"].date() == date(2026, 1, 1)
    assert added["As of (UTC)"] == f"{NOW:%Y-%m-%d %H:%M:%S}"


def test_results_of_another_schedule_are_refused() -> None:
    data, other = schedule_csv(schedule_row()), schedule_csv(schedule_row(DOB="02/04/1961"))
    with pytest.raises(BadInput, match="belongs to another visit"):
        write_schedule(data, read(data), results_of(read(other)))
    with pytest.raises(BadInput, match="has changed"):
        write_schedule(other, read(data), {})
    assert hashlib.sha256(data).hexdigest() == read(data).sha256


def test_a_share_is_written_as_people_write_it() -> None:
    assert [percent(Decimal(x)) for x in ("0.2", "0", "1", "0.125")] == [
        "20%",
        "0%",
        "100%",
        "12.5%",
    ]
    assert percent(None) is None
