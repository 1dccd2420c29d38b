"""Exports are read row for row: every row is a claim or a refusal with a reason."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date
from decimal import Decimal

import openpyxl
import pytest
from exports_samples import (
    KAREO,
    NEXTGEN,
    PAYERS,
    SSN,
    kareo_csv,
    kareo_row,
    nextgen_row,
    nextgen_xlsx,
    saved,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.errors import BadInput, ProfileError
from bots.exports import payer_key, read_export, recognise
from bots.exports.recognise import rows_below
from bots.exports.workbook import column_letters, column_number, day_of_serial, serial_of_day


def refusals(data: bytes, name: str = "aging.csv") -> dict[int, str]:
    return {r.row: r.why for r in read_export(data, name, payer_ids=PAYERS).refused}


def refusal_of(**changes: str) -> str:
    """Why the second of two rows is refused."""
    return refusals(kareo_csv([kareo_row(1), kareo_row(2, **changes)]))[7]


def with_cell(heading: str, value: object, number_format: str | None = None) -> bytes:
    """Three encounters, the second with one cell changed."""
    book = openpyxl.load_workbook(io.BytesIO(nextgen_xlsx([1, 2, 3], subtotal_after=9)))
    cell = book["Aging"].cell(4, NEXTGEN.index(heading) + 1)
    cell.value = value
    if number_format:
        cell.number_format = number_format
    return saved(book)


def test_a_csv_row_becomes_the_claim_it_spells() -> None:
    data = kareo_csv([kareo_row(7, Patient="O'Neil-Ruiz, Mary Ann B.")])
    (claim,) = read_export(data, "aging.csv", payer_ids=PAYERS).claims
    assert claim.claim_id == "00000007"
    assert claim.payer == "alder-grove"
    assert claim.member_id == "AGH000000007"
    assert (claim.patient_last, claim.patient_first) == ("O'Neil-Ruiz", "Mary Ann")
    assert claim.date_of_birth == date(1980, 1, 2)
    assert (claim.service_from, claim.service_to) == (date(2026, 3, 4), date(2026, 3, 5))
    assert (claim.billed, claim.balance) == (Decimal("1007.50"), Decimal("20.00"))
    assert (claim.submitted, claim.last_billed) == (date(2026, 3, 9), date(2026, 4, 9))
    assert (claim.provider_npi, claim.provider_tin) == ("1234567890", "12-3456789")
    assert (claim.source.row, claim.source.sheet) == (6, None)


def test_columns_that_an_export_may_have_are_read_and_those_it_lacks_are_unknown() -> None:
    more = {
        "Secondary Insurance": "Birch Supplement",
        "Auth #": "A-0017",
        "Ins Payments": "$35.00",
        "Assigned To": "4471",
        "Contract": "PPO 2026",
    }
    rows = [[*kareo_row(1), *more.values()], [*kareo_row(2), *[""] * 5]]
    reading = read_export(kareo_csv(rows, headings=[*KAREO, *more]), "a.csv", payer_ids=PAYERS)
    full, bare = reading.claims
    assert full.secondary_payer == "Birch Supplement"
    assert full.authorization_number == "A-0017"
    assert full.insurance_paid == Decimal("35.00")
    assert (full.owner, full.contract) == ("4471", "PPO 2026")
    nothing = (None, None, None, None, None)
    for claim in (bare, *read_export(kareo_csv([kareo_row(2)]), "b.csv", payer_ids={}).claims):
        assert (
            claim.secondary_payer,
            claim.authorization_number,
            claim.insurance_paid,
            claim.owner,
            claim.contract,
        ) == nothing


def test_a_workbook_row_becomes_the_claim_it_holds() -> None:
    reading = read_export(nextgen_xlsx([7]), "aging.xlsx", payer_ids=PAYERS)
    (claim,) = reading.claims
    assert (claim.claim_id, claim.payer) == ("ENC000007", "fern-county")
    assert claim.member_id == "0000000007"
    assert claim.date_of_birth == date(1971, 5, 6)
    assert claim.service_from == claim.service_to == date(2026, 2, 3)
    assert (claim.billed, claim.balance) == (Decimal("107.25"), Decimal("80.10"))
    assert (claim.source.row, claim.source.sheet) == (3, "Aging")


def test_totals_agree_with_sums_made_by_other_libraries() -> None:
    rows = [kareo_row(n) for n in range(1, 40)]
    read = read_export(kareo_csv([*rows, ["Totals"]]), "a.csv", payer_ids=PAYERS)
    charge = KAREO.index("Total Charge")
    assert read.billed_total == sum(Decimal(r[charge].strip("$").replace(",", "")) for r in rows)
    assert (read.rows_in, len(read.claims), len(read.refused)) == (40, 39, 1)

    data = nextgen_xlsx(range(1, 40))
    sheet = openpyxl.load_workbook(io.BytesIO(data))["Aging"]
    cells = [r[13].value for r in sheet.iter_rows(min_row=3) if r[1].value]
    read = read_export(data, "a.xlsx", payer_ids=PAYERS)
    assert read.billed_total == sum(Decimal(str(c)) for c in cells)
    assert read.rows_in == sheet.max_row - 2 == len(read.claims) + len(read.refused)


def test_rows_that_are_no_claims_are_listed_with_the_reason() -> None:
    blank = [""] * len(KAREO)
    data = kareo_csv(
        [
            kareo_row(1),
            [],
            blank,
            KAREO,
            kareo_row(2),
            ["Subtotal", *blank[1:12], "$5.00", "$5.00", "", ""],
            kareo_row(3),
            ["Grand Total:", *blank[1:12], "$5.00", "$5.00", "", ""],
        ]
    )
    assert refusals(data) == {
        7: "blank row",
        8: "blank row",
        9: "headings repeated",
        11: "subtotal row",
        13: "total row",
    }


def test_blank_rows_of_a_workbook_count_as_rows() -> None:
    book = openpyxl.load_workbook(io.BytesIO(nextgen_xlsx([1], subtotal_after=9)))
    book["Aging"].append([])
    book["Aging"].cell(8, 1, "printed on request")
    read = read_export(saved(book), "a.xlsx", payer_ids=PAYERS)
    assert read.rows_in == 6
    assert [r.row for r in read.refused] == [4, 5, 6, 7, 8]


def test_a_stray_cell_far_below_the_claims_is_named_and_not_counted_up_to() -> None:
    book = openpyxl.load_workbook(io.BytesIO(nextgen_xlsx([1, 2])))
    book["Aging"].cell(1_048_576, 1).value = " "
    with pytest.raises(BadInput, match=r"a\.xlsx, row 1048576: more than 10,000 blank rows"):
        read_export(saved(book), "a.xlsx", payer_ids=PAYERS)


def test_a_payer_called_total_is_still_a_claim() -> None:
    data = kareo_csv([kareo_row(1, Insurance="Total Care Plan")])
    (claim,) = read_export(data, "a.csv", payer_ids={}).claims
    assert (claim.payer, claim.payer_name) == (None, "Total Care Plan")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"Claim ID": "00000001"}, "Claim ID repeats that of row 6"),
        ({"Claim ID": ""}, "Claim ID is empty"),
        ({"Claim ID": "1.23E+12"}, "rounded number"),
        ({"Claim ID": "12.3E+11"}, "rounded number"),
        ({"Policy Number": "1.23E12"}, "rounded number"),
        ({"Claim ID": "00000002\u200b"}, "Claim ID holds an invisible character"),
        ({"Policy Number": "AGH\n12"}, "Policy Number holds an invisible character"),
        ({"Claim ID": "#N/A"}, "spreadsheet error"),
        ({"Claim ID": "=A5+1"}, "formula instead of a value"),
        ({"Claim ID": '="00000001"'}, "Claim ID repeats that of row 6"),
        ({"Policy Number": "#####"}, "spreadsheet error"),
        ({"DOS From": "13/40/2026"}, "DOS From is not a date"),
        ({"DOS From": "3/4/26"}, "DOS From is not a date"),
        ({"DOS From": "#######"}, "spreadsheet error"),
        ({"DOS From": "2026", "DOS To": ""}, "DOS From is a year"),
        ({"Patient DOB": "1980"}, "Patient DOB is a year"),
        ({"DOS To": "3/3/2026"}, "DOS To is before DOS From"),
        ({"Patient DOB": "3/5/2026"}, "Patient DOB is after DOS From"),
        ({"Total Charge": "12.345"}, "Total Charge is not an amount"),
        ({"Insurance Balance": ""}, "Insurance Balance is empty"),
        ({"Patient": "Jane Doe"}, "Last, First"),
        ({"Insurance": " "}, "Insurance is empty"),
    ],
)
def test_a_cell_that_cannot_be_trusted_refuses_its_row(changes: dict[str, str], why: str) -> None:
    said = refusal_of(**changes)
    assert why in said
    assert "Doe" not in said
    assert "1980" not in said


def test_an_id_kept_from_losing_its_zeros_is_read_as_it_was() -> None:
    odd = {"Claim ID": '="00000012"', "Policy Number": "'000000777", "Patient": "'t Hart, Jan"}
    (claim,) = read_export(kareo_csv([kareo_row(1, **odd)]), "a.csv", payer_ids=PAYERS).claims
    assert (claim.claim_id, claim.member_id) == ("00000012", "000000777")
    assert claim.patient_last == "'t Hart"


@pytest.mark.parametrize(
    ("spelled", "last", "first"),
    [
        ("Doe Jr., Jane Q", "Doe", "Jane"),
        ("Doe, Jr, Jane", "Doe", "Jane"),
        ("DOE,JANE Q III", "DOE", "JANE"),
        ("Doe, Jane, Sr.", "Doe", "Jane"),
        ("De La Roe, Mary Ann", "De La Roe", "Mary Ann"),
        ("Sr, Jane", "Sr", "Jane"),
    ],
)
def test_a_name_is_read_without_initial_and_generation(spelled: str, last: str, first: str) -> None:
    data = kareo_csv([kareo_row(1, Patient=spelled)])
    (claim,) = read_export(data, "a.csv", payer_ids=PAYERS).claims
    assert (claim.patient_last, claim.patient_first) == (last, first)


@pytest.mark.parametrize("spelled", ["Doe", "Doe, Jr.", ", Jane", "Jane Doe"])
def test_a_name_that_does_not_tell_last_from_first_is_refused(spelled: str) -> None:
    assert 'is not written "Last, First"' in refusal_of(Patient=spelled)


def test_a_row_shifted_by_an_unquoted_comma_is_refused() -> None:
    shifted = [*kareo_row(2)[:12], "$1", "002.50", "$20.00", "", "E2"]
    assert "beyond the last heading" in refusals(kareo_csv([kareo_row(1), shifted]))[7]


def test_money_and_dates_in_every_spelling_of_the_mapping() -> None:
    data = kareo_csv(
        [
            kareo_row(1, **{"Insurance Balance": "(123.45)", "DOS From": "2026-03-04"}),
            kareo_row(2, **{"Insurance Balance": "12.50-", "DOS From": "46085"}),
            kareo_row(3, **{"Insurance Balance": "-7", "DOS From": "03/04/2026 12:00:00 AM"}),
            kareo_row(4, **{"DOS To": "", "Patient DOB": "", "DOS From": "3/4/2026 0:00"}),
        ]
    )
    claims = read_export(data, "a.csv", payer_ids=PAYERS).claims
    assert [str(c.balance) for c in claims] == ["-123.45", "-12.50", "-7.00", "20.00"]
    assert {c.service_from for c in claims} == {date(2026, 3, 4)}
    assert claims[3].service_to == date(2026, 3, 4)
    assert claims[3].date_of_birth is None


def test_zeros_that_a_spreadsheet_ate_are_noticed() -> None:
    eaten = [kareo_row(n, **{"Policy Number": f"{4_000_000_000 + n}"}) for n in range(1, 12)]
    eaten.append(kareo_row(12, **{"Policy Number": "401000099"}))
    assert list(refusals(kareo_csv(eaten))) == [17]
    kept = [*eaten, kareo_row(13, **{"Policy Number": "0401000099"})]
    assert refusals(kareo_csv(kept)) == {}


@pytest.mark.parametrize(
    ("heading", "value", "why"),
    [
        ("Enc Nbr", 1.23e12 + 0.5, "number with a fraction"),
        ("Enc Nbr", 12345678901234567890, "rounded number"),
        ("Enc Nbr", date(2026, 3, 12), "turned into a date"),
        ("Policy Nbr", 12, "leading zeros"),
        ("Charges", "=N3+1", "formula that was never calculated"),
        ("Charges", 10.005, "more than two decimals"),
        ("Charges", 1e30, "larger than any amount"),
        ("Birth Dt", 1980, "Birth Dt is a year"),
        ("Svc Dt", "soon", "Svc Dt is not a date"),
        ("Svc Dt", 60, "Svc Dt is not a date"),
        ("Name", 17, "where words belong"),
        ("Payer", "#REF!", "spreadsheet error"),
    ],
)
def test_a_workbook_cell_that_cannot_be_trusted_refuses_its_row(
    heading: str, value: object, why: str
) -> None:
    number_format = "General" if isinstance(value, int | float) else None
    said = refusals(with_cell(heading, value, number_format), "a.xlsx")[4]
    assert said.startswith(heading)
    assert why in said


def test_workbook_cells_are_understood_by_their_style() -> None:
    plain_serial = with_cell("Svc Dt", 46056, "General")
    padded = with_cell("Policy Nbr", 2, "0000000000")
    typed = with_cell("Enc Nbr", 4711)
    for data in (plain_serial, padded, typed):
        assert len(read_export(data, "a.xlsx", payer_ids=PAYERS).claims) == 3
    claims = read_export(plain_serial, "a.xlsx", payer_ids=PAYERS).claims
    assert claims[1].service_from == date(2026, 2, 3)
    assert read_export(padded, "a.xlsx", payer_ids=PAYERS).claims[1].member_id == "0000000002"
    assert read_export(typed, "a.xlsx", payer_ids=PAYERS).claims[1].claim_id == "4711"


def test_a_number_that_no_spreadsheet_holds_is_damage_and_never_a_long_wait() -> None:
    for heading in ("Enc Nbr", "Charges", "Svc Dt"):
        data = with_cell(heading, 7654321, "General")
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive, zipfile.ZipFile(io.BytesIO(data)) as source:
            for name in source.namelist():
                content = source.read(name).replace(b"<v>7654321</v>", b"<v>1E+999999999</v>")
                archive.writestr(name, content)
        with pytest.raises(BadInput, match="damaged"):
            read_export(out.getvalue(), "a.xlsx", payer_ids=PAYERS)


def test_a_workbook_of_the_1904_calendar_has_the_same_days() -> None:
    book = openpyxl.load_workbook(io.BytesIO(nextgen_xlsx([1])))
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    data = saved(book)
    sheet_xml = zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml")
    assert b"<v>44594</v>" in sheet_xml  # 2026-02-03 counted from 1904
    (claim,) = read_export(data, "a.xlsx", payer_ids=PAYERS).claims
    assert claim.service_from == date(2026, 2, 3)


def test_social_security_numbers_never_leave_the_file() -> None:
    data = nextgen_xlsx([1, 2, 3])
    reading = read_export(data, "a.xlsx", payer_ids=PAYERS)
    kept = [str(getattr(c, f)) for c in reading.claims for f in c.__slots__]
    assert not any(SSN in text for text in (*kept, str(reading.refused), str(reading)))
    for row in rows_below(data, "a.xlsx", reading.recognised):
        assert SSN not in row.cells
    as_text = kareo_csv([[*kareo_row(1), SSN]], headings=[*KAREO, "Patient SSN"])
    found = recognise(as_text, "a.csv")
    assert found.dropped == ("Patient SSN",)
    (row,) = rows_below(as_text, "a.csv", found)
    assert row.cells == [*kareo_row(1), ""]


def test_payer_names_are_compared_without_case_and_blanks() -> None:
    data = kareo_csv([kareo_row(1, Insurance="ALDER  grove health ")])
    (claim,) = read_export(data, "a.csv", payer_ids={"Alder Grove Health": "alder-grove"}).claims
    assert claim.payer == "alder-grove"
    assert payer_key(" Alder  Grove ") == "alder grove"
    with pytest.raises(ProfileError):
        read_export(data, "a.csv", payer_ids={"Alder": "a", "ALDER ": "b"})


@given(st.dates(date(1900, 3, 1), date(2200, 1, 1)), st.booleans())
def test_day_numbers_lead_back_to_their_day(day: date, from_1904: bool) -> None:
    if day >= date(1904, 1, 1) or not from_1904:
        serial = Decimal(serial_of_day(day, from_1904=from_1904))
        assert day_of_serial(serial, from_1904=from_1904) == day


@given(st.integers(0, 16_383))
def test_column_letters_lead_back_to_their_number(position: int) -> None:
    assert column_number(column_letters(position)) == position
    assert column_letters(position) == openpyxl.utils.get_column_letter(position + 1)


@settings(max_examples=60)
@given(
    st.lists(
        st.one_of(
            st.integers(0, 30).map(kareo_row),
            st.lists(
                st.text(st.characters(codec="utf-8", categories=["L", "N", "P"])), max_size=18
            ),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_no_row_is_ever_dropped(rows: list[list[str]]) -> None:
    data = kareo_csv(rows)
    try:
        read = read_export(data, "a.csv", payer_ids=PAYERS)
    except BadInput:
        return
    below = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))[5:]
    listed = sorted([c.source.row for c in read.claims] + [r.row for r in read.refused])
    assert listed == list(range(6, 6 + len(below)))
    assert read.rows_in == len(below)


def test_nextgen_rows_are_as_wide_as_their_headings() -> None:
    assert len(nextgen_row(1)) == len(NEXTGEN)
    assert len(kareo_row(1)) == len(KAREO)
