"""The exceptions workbook: every owner's share, links to evidence, and data for a pivot table."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from decimal import Decimal

import openpyxl
import pandas
import pytest
from console_samples import FOREIGN, NAMES, TODAY, night, outbreak, to_work

from billing.model import Evidence, Outcome
from billing.report import ClaimResult, SweepReport
from console.workbook import exceptions_csv, exceptions_xlsx

FIXED = 9  # sheets before those of the owners


@pytest.fixture(scope="module")
def report() -> SweepReport:
    return night()


def book_of(report: SweepReport, evidence: dict[str, str] | None = None) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(exceptions_xlsx(report, TODAY, evidence)))


def column(page: object, heading: str) -> list[object]:
    head, *rows = page.iter_rows(values_only=True)  # type: ignore[attr-defined]
    return [row[head.index(heading)] for row in rows]


def desk(result: ClaimResult) -> str:
    return result.claim.owner or NAMES.get(result.claim.payer or "", FOREIGN)


def test_every_exception_stands_on_the_sheet_of_its_owner_and_no_other(report: SweepReport) -> None:
    book = book_of(report)
    owners = book.worksheets[FIXED:]
    work = to_work(report)
    by_desk: dict[str, list[str]] = {}
    for result in work:
        by_desk.setdefault(desk(result), []).append(result.claim.claim_id)
    assert sorted(column(page, "Claim") for page in owners) == sorted(by_desk.values())
    for page in owners:
        (named,) = set(column(page, "Owner"))
        assert by_desk[str(named)] == column(page, "Claim")
    stakes = [sum(map(float, column(page, "At stake"))) for page in owners]  # type: ignore[arg-type]
    assert stakes == sorted(stakes, reverse=True)


def test_a_sheet_has_a_name_that_excel_takes_whatever_an_owner_is_called(
    report: SweepReport,
) -> None:
    odd = ("'History'", "history", "A" * 60, "A" * 61, "[]:*?/\\", "Exceptions", " ", "by kind")
    named = tuple(
        replace(r, claim=replace(r.claim, owner=odd[n % len(odd)]))
        for n, r in enumerate(report.results)
    )
    names = book_of(replace(report, results=named)).sheetnames
    assert len({name.casefold() for name in names}) == len(names) > FIXED + 5
    for name in names:
        assert 0 < len(name) <= 31
        assert not re.search(r"[\[\]:*?/\\]|^'|'$|^history$|^\s|\s$", name, re.I)


def test_the_smallest_of_too_many_owners_share_a_sheet(report: SweepReport) -> None:
    many = night(400)
    named = tuple(
        replace(r, claim=replace(r.claim, owner=f"desk {n}")) for n, r in enumerate(many.results)
    )
    owners = book_of(replace(many, results=named)).worksheets[FIXED:]
    assert len(owners) == 41
    assert owners[-1].title == "Other owners"
    claims = [claim for page in owners for claim in column(page, "Claim")]
    assert sorted(claims) == sorted(r.claim.claim_id for r in to_work(many))


def test_all_claims_are_data_for_a_pivot_table(report: SweepReport) -> None:
    data = exceptions_xlsx(report, TODAY)
    frame = pandas.read_excel(io.BytesIO(data), sheet_name="All claims", dtype={"Claim": str})
    assert len(frame) == len(report.results)
    assert frame.columns.is_unique
    assert not [name for name in frame.columns if str(name).startswith("Unnamed")]
    for heading in ("Service date", "Payment date", "Due", "Last billed", "Checked (UTC)"):
        assert pandas.api.types.is_datetime64_any_dtype(frame[heading]), heading
    for heading in ("Billed", "Balance", "Paid", "At stake", "Money found", "Days since service"):
        assert pandas.api.types.is_numeric_dtype(frame[heading]), heading
    billed = frame.groupby("Payer")["Billed"].sum().round(2).to_dict()
    assert billed == {
        name: float(sum(r.claim.billed for r in report.results if payer_of(r) == name))
        for name in {payer_of(r) for r in report.results}
    }
    at_stake = sum(Decimal(str(value)) for value in frame["At stake"].dropna())
    assert at_stake == sum(r.conclusion.finding.dollars for r in to_work(report))
    book = book_of(report)
    last = openpyxl.utils.get_column_letter(len(frame.columns))
    assert book.defined_names["claims"].attr_text == f"'All claims'!$A$1:${last}${len(frame) + 1}"


def payer_of(result: ClaimResult) -> str:
    return NAMES.get(result.claim.payer or "", FOREIGN)


def test_evidence_opens_from_the_workbook(report: SweepReport) -> None:
    first = report.results[0]
    page, document = first.conclusion.evidence
    places = {
        "status_words": Evidence(page, "row 1", box=(1.0, 2.0, 3.0, 4.0), image=page),
        "paid": Evidence(document, "Paid", page=1),
    }
    shown = replace(first, conclusion=replace(first.conclusion, places=places))
    night_ = replace(report, results=(shown, *report.results[1:3]))
    names = {page: f"evidence/{page}.png", document: f"evidence/{document}.pdf"}
    links = {
        c.hyperlink.target.replace("\\", "/")
        for row in book_of(night_, names)["Exceptions"]
        for c in row
        if c.hyperlink
    }
    assert links == set(names.values())
    rows = book_of(night_, names)["Exceptions"]
    by_claim = dict(zip(column(rows, "Claim"), column(rows, "Confidence"), strict=True))
    assert by_claim[first.claim.claim_id] == "Portal and EOB agree"
    assert by_claim[report.results[1].claim.claim_id] == "Payer's word only"
    assert column(rows, "EOB")[column(rows, "Claim").index(first.claim.claim_id)] == document[:12]


def test_confidence_is_in_words_and_never_better_than_the_evidence(report: SweepReport) -> None:
    page = book_of(report)["All claims"]
    said = set(zip(column(page, "Outcome"), column(page, "Confidence"), strict=True))
    assert said >= {
        ("Wrong patient", "Claim not identified"),
        ("No answer", "Payer not heard"),
        ("No answer", "Answer not settled"),
        ("Paid", "Payer's word only"),
    }
    assert {confidence for outcome, confidence in said if outcome == "No answer"} == {
        "Payer not heard",
        "Answer not settled",
    }


def test_a_biller_says_on_the_own_sheet_what_became_of_a_claim(report: SweepReport) -> None:
    book = book_of(report)
    for page in book.worksheets[FIXED:]:
        head = [cell.value for cell in page[1]]
        (choice,) = page.data_validations.dataValidation
        letter = openpyxl.utils.get_column_letter(head.index("Work status") + 1)
        assert str(choice.sqref) == f"{letter}2:{letter}{page.max_row}"
        assert set(column(page, "Work status")) == {None}
        assert page.print_area.endswith(f"${page.max_row}")
        assert page.freeze_panes == "E2"
    assert not book["Exceptions"].data_validations.dataValidation


def test_days_in_the_queue_are_counted_from_the_first_sweep(report: SweepReport) -> None:
    page = book_of(report)["Exceptions"]
    days = dict(zip(column(page, "Claim"), column(page, "Days in queue"), strict=True))
    expected = {r.claim.claim_id: n % 9 for n, r in enumerate(report.results, start=1)}
    assert days == {claim: expected[claim] for claim in days}
    unknown = replace(report, results=tuple(replace(r, first_asked=None) for r in report.results))
    assert set(column(book_of(unknown)["Exceptions"], "Days in queue")) == {None}


def test_the_csv_has_no_links_and_the_same_columns_otherwise(report: SweepReport) -> None:
    head = exceptions_csv(report, TODAY).decode("utf-8-sig").splitlines()[0].split(",")
    sheet = [cell.value for cell in book_of(report)["Exceptions"][1]]
    assert [one for one in sheet if one not in ("Page seen", "EOB")] == head
    assert {r.conclusion.outcome for r in report.results} == set(Outcome)


def test_a_denial_family_has_a_row_and_its_claims_are_marked(report: SweepReport) -> None:
    family = outbreak(report)
    book = book_of(replace(report, families=(family,)))
    page = book["Denial families"]
    assert column(page, "Reason code") == ["CO-16"]
    assert column(page, "Procedure") == ["G0463"]
    assert column(page, "Claims this week") == [3]
    assert str(column(page, "Claims")[0]).split() == list(family.claims)
    assert column(page, "At stake") == [pytest.approx(float(family.dollars))]
    listed = book["Exceptions"]
    marked = dict(zip(column(listed, "Claim"), column(listed, "Denial family"), strict=True))
    assert {claim for claim, said in marked.items() if said == "CO-16 G0463"} == set(family.claims)
    assert {said for claim, said in marked.items() if claim not in family.claims} == {None}


def test_no_family_and_no_history_are_told_apart(report: SweepReport) -> None:
    told = [
        book_of(replace(report, families=families))["Denial families"]["A2"].value
        for families in (None, ())
    ]
    assert str(told[0]).startswith("not known yet")
    assert str(told[1]).startswith("none")
