"""What people look at after a night: the numbers are right, patients stay out, bytes repeat."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from zipfile import ZipFile

import openpyxl
import pytest
from console_samples import (
    FILES,
    FOREIGN,
    NAMES,
    TODAY,
    UNHEARD,
    night,
    paid_and_open,
    to_work,
    usd,
)

from billing.model import Outcome
from billing.priority import CHANCES, priority
from billing.report import SweepReport
from console.answers import answers
from console.morning import morning_sheet
from console.summary import documents_summary, one_claim, summary, totals
from console.workbook import exceptions_csv, exceptions_xlsx, postings_csv, postings_totals


@pytest.fixture(scope="module")
def report() -> SweepReport:
    return night()


def sheet(report: SweepReport) -> str:
    return morning_sheet(report, files=FILES, today=TODAY)


def table(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_an_empty_night_has_files_too() -> None:
    empty = replace(night(0), refused_rows=(), payer_notes=(), known_postings=0)
    assert exceptions_csv(empty, TODAY).count(b"\r\n") == 1
    assert pages(exceptions_xlsx(empty, TODAY))["Exceptions"][1][0] == "none"
    assert totals(empty)["seconds_per_claim"] == {"median": None, "p95": None}
    assert "No claim needs a person" in summary(empty, {}, color=False)


def test_the_night_has_every_outcome(report: SweepReport) -> None:
    assert {r.conclusion.outcome for r in report.results} == set(Outcome)


def test_no_output_holds_a_name_a_member_id_or_a_birth_date(report: SweepReport) -> None:
    book = openpyxl.load_workbook(io.BytesIO(exceptions_xlsx(report, TODAY)))
    cells = [
        cell.isoformat() if isinstance(cell, date) else str(cell)
        for page in book
        for row in page.iter_rows(values_only=True)
        for cell in row
        if cell is not None
    ]
    outputs = [
        sheet(report),
        exceptions_csv(report, TODAY).decode("utf-8-sig"),
        "\n".join(cells),
        postings_csv(report).decode("utf-8-sig"),
        summary(report, FILES, color=False),
        one_claim(report, color=False),
        json.dumps(answers(report)),
        json.dumps(totals(report)),
    ]
    for result in report.results:
        claim = result.claim
        born = claim.date_of_birth
        assert born is not None
        private = {claim.patient_first, claim.patient_last, claim.member_id, born.isoformat()}
        private |= {f"{born:%m/%d/%Y}", f"{born:%m/%d/%y}"}
        for output in outputs:
            assert not [word for word in private if word in output]


def test_the_same_report_gives_the_same_bytes(report: SweepReport) -> None:
    again = night()
    assert exceptions_xlsx(report, TODAY) == exceptions_xlsx(again, TODAY)
    assert exceptions_csv(report, TODAY) == exceptions_csv(again, TODAY)
    assert postings_csv(report) == postings_csv(again)
    assert postings_totals(report) == postings_totals(again)
    assert sheet(report) == sheet(again)
    assert answers(report) == answers(again)
    for color in (True, False):
        assert summary(report, FILES, color=color) == summary(again, FILES, color=color)


def test_the_workbook_knows_no_clock_but_the_sweeps(report: SweepReport) -> None:
    book = openpyxl.load_workbook(io.BytesIO(exceptions_xlsx(report, TODAY)))
    assert book.properties.created == report.started_at.replace(tzinfo=None)
    assert book.properties.modified == report.started_at.replace(tzinfo=None)
    with ZipFile(io.BytesIO(exceptions_xlsx(report, TODAY))) as parts:
        assert {part.date_time for part in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_exception_list_holds_every_claim_to_work_in_order(report: SweepReport) -> None:
    rows = table(exceptions_csv(report, TODAY))
    work = to_work(report)
    assert [row["Claim"].lstrip("'") for row in rows] == [r.claim.claim_id for r in work]
    for row, result in zip(rows, work, strict=True):
        said, finding = result.conclusion, result.conclusion.finding
        assert Decimal(row["Priority"]) == priority(result, TODAY)
        assert row["At stake"] == f"{finding.dollars:.2f}"
        likely = finding.dollars * CHANCES[finding.kind].share
        assert Decimal(row["Expected"]) == likely.quantize(Decimal("0.01"))
        assert row["Billed"] == f"{result.claim.billed:.2f}"
        assert row["Due"] == (finding.due.isoformat() if finding.due else "")
        assert row["Due basis"] == finding.due_basis
        assert row["Payer status (verbatim)"].lstrip("'") == (said.status_words or "")
        assert row["Reason codes"] == " ".join(sorted(said.reason_codes))
        assert row["Attempts"] == str(result.attempts)
        assert row["Checked (UTC)"].startswith("2026-11-24 07:")
        assert row["Evidence"].split() == [sha256[:12] for sha256 in said.evidence]
        assert bool(row["Why a person is needed"]) == finding.needs_person


def test_a_csv_opens_right_and_runs_nothing(report: SweepReport) -> None:
    data = exceptions_csv(report, TODAY)
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\n") == data.count(b"\r\n") == len(to_work(report)) + 1
    cells = [cell for row in csv.reader(io.StringIO(data.decode("utf-8-sig"))) for cell in row]
    assert "'-0000005" in cells
    assert "'=Finalized/Denial" in cells
    assert not [cell for cell in cells if cell[:1] in set("=+-@\t\r")]


def pages(data: bytes) -> dict[str, list[tuple[object, ...]]]:
    book = openpyxl.load_workbook(io.BytesIO(data))
    return {page.title: list(page.iter_rows(values_only=True)) for page in book}


def test_the_workbook_has_its_sheets_and_every_claim(report: SweepReport) -> None:
    sheets = pages(exceptions_xlsx(report, TODAY))
    assert list(sheets)[:9] == [
        "Exceptions",
        "By kind",
        "Denial families",
        "By outcome",
        "All claims",
        "Postings",
        "Posting totals",
        "Not asked",
        "Refused rows",
    ]
    head, *claims = sheets["All claims"]
    assert [row[0] for row in claims] == [r.claim.claim_id for r in report.results]
    paid = head.index("Paid")
    for row, result in zip(claims, report.results, strict=True):
        said = result.conclusion.paid
        assert row[paid] == (None if said is None else pytest.approx(float(said)))
    head, *outcomes, total = sheets["By outcome"]
    billed = sum((r.claim.billed for r in report.results), Decimal(0))
    assert total[head.index("Billed")] == pytest.approx(float(billed))
    found = sum((r.conclusion.paid or Decimal(0) for r in paid_and_open(report)), Decimal(0))
    assert total[head.index("Money found")] == pytest.approx(float(found))
    assert sum(int(str(row[1])) for row in outcomes) == total[1] == len(report.results)


def test_kinds_add_up_to_the_exceptions(report: SweepReport) -> None:
    _, *kinds, total = pages(exceptions_xlsx(report, TODAY))["By kind"]
    work = to_work(report)
    assert len(kinds) == len({r.conclusion.finding.kind for r in work})
    assert sum(int(str(row[1])) for row in kinds) == total[1] == len(work)
    at_stake = sum((r.conclusion.finding.dollars for r in work), Decimal(0))
    assert total[2] == pytest.approx(float(at_stake))
    mine = [r for r in work if r.conclusion.finding.kind == "denied-timely-filing"]
    (row,) = [row for row in kinds if row[0] == "Denied: filed too late"]
    assert row[1] == len(mine)


def test_numbers_are_numbers_dates_are_dates_and_nothing_runs(report: SweepReport) -> None:
    book = openpyxl.load_workbook(io.BytesIO(exceptions_xlsx(report, TODAY)))
    page = book["Exceptions"]
    headings = {cell.value: cell.column for cell in page[1]}
    for row in range(2, page.max_row + 1):
        assert page.cell(row, headings["At stake"]).data_type == "n"
        assert page.cell(row, headings["At stake"]).number_format == "#,##0.00"
        assert isinstance(page.cell(row, headings["Service date"]).value, datetime)
        assert page.cell(row, headings["Claim"]).data_type == "s"
    assert page.freeze_panes == "E2"
    last_column = openpyxl.utils.get_column_letter(page.max_column)
    assert page.auto_filter.ref == f"A1:{last_column}{page.max_row}"
    for one in book:
        assert not [c for row in one.iter_rows() for c in row if c.data_type == "f" or c.hyperlink]
        assert not one.merged_cells.ranges


def test_a_printed_page_is_headed_by_the_sweep_and_not_by_a_giant_number() -> None:
    """A sweep's name begins with its date, whose figures a font size would take in."""
    named = replace(night(), sweep_id="20261125-5d5dd13c")
    for page in openpyxl.load_workbook(io.BytesIO(exceptions_xlsx(named, TODAY))):
        head = page.oddHeader
        assert (head.left.size, head.right.size) == (10, 10)
        assert head.right.text.strip() == "20261125-5d5dd13c"


def test_no_word_of_a_narrow_column_is_cut_off_by_its_neighbour(report: SweepReport) -> None:
    page = openpyxl.load_workbook(io.BytesIO(exceptions_xlsx(report, TODAY)))["Exceptions"]
    for column in range(1, page.max_column + 1):
        width = page.column_dimensions[page.cell(1, column).column_letter].width
        for row in range(2, page.max_row + 1):
            cell = page.cell(row, column)
            if isinstance(cell.value, str) and not cell.alignment.wrap_text:
                assert len(cell.value) < width, cell.coordinate


def test_not_asked_holds_system_failures_and_policy_only(report: SweepReport) -> None:
    head, *rows = pages(exceptions_xlsx(report, TODAY))["Not asked"]
    claims = [row[1] for row in rows if row[1] != "(whole session)"]
    expected = {r.claim.claim_id for r in report.results if r.conclusion.finding.kind in UNHEARD}
    assert len(claims) == len(expected)
    assert set(claims) == expected
    assert len(rows) == len(claims) + len(report.payer_notes)
    assert head[2] == "Reason"


def test_postings_are_listed_with_their_parts_and_totals(report: SweepReport) -> None:
    rows = table(postings_csv(report))
    assert [Decimal(row["Amount"]) for row in rows] == [p.amount for p in report.new_postings]
    for row, posting in zip(rows, report.new_postings, strict=True):
        assert row["Payer"] == NAMES[posting.payer]
        assert row["Trace number"] == posting.trace_number
        assert row["Payer claim number"] == posting.payer_claim_number
        assert row["Code"] == posting.code
    reversals = [row for row in rows if row["Kind"] == "Reversal"]
    assert {row["Amount"] for row in reversals} == {"-10.00"}
    for row in table(postings_totals(report)):
        mine = [
            p
            for p in report.new_postings
            if (NAMES[p.payer], p.trace_number) == (row["Payer"], row["Trace number"])
        ]
        plain = sum((p.amount for p in mine if not p.code), Decimal(0))
        coded = sum((p.amount for p in mine if p.code), Decimal(0))
        assert Decimal(row["Payments, net"]) == plain
        assert Decimal(row["Adjustments, net"]) == coded
        assert row["Postings"] == str(len(mine))
        assert mine


KEYS = [
    "claim_id",
    "payer",
    "outcome",
    "status_category",
    "payer_claim_number",
    "service_from",
    "charge",
    "paid",
    "patient_responsibility",
    "payment_date",
    "trace_number",
    "reason_codes",
    "finding",
    "why",
    "next_action",
    "due",
    "rule",
    "not_asked",
    "also",
    "evidence",
]


def test_an_answer_a_claim(report: SweepReport) -> None:
    said = answers(report)
    assert [one["claim_id"] for one in said] == [r.claim.claim_id for r in report.results]
    for one, result in zip(said, report.results, strict=True):
        assert list(one) == KEYS
        paid = result.conclusion.paid
        assert one["paid"] == (None if paid is None else f"{paid:.2f}")
        assert one["payer"] == result.claim.payer
        assert one["reason_codes"] == sorted(result.conclusion.reason_codes)
        assert one["evidence"] == list(result.conclusion.evidence)
        assert one["finding"] == result.conclusion.finding.kind
    assert {one["outcome"] for one in said} == {str(outcome) for outcome in Outcome}
    assert json.loads(json.dumps(said)) == said


def test_totals_are_plain_sums(report: SweepReport) -> None:
    counted = totals(report)
    outcomes = [r.conclusion.outcome.value for r in report.results]
    assert counted["claims"] == 60
    assert counted["outcomes"] == {o.value: outcomes.count(o.value) for o in Outcome}
    assert sum(Decimal(one) for one in counted["dollars"].values()) == sum(
        r.claim.billed for r in report.results
    )
    open_ones = sum(outcomes.count(o) for o in ("no_answer", "several_matches", "wrong_patient"))
    assert counted["answered"] == 60 - open_ones
    kinds = [r.conclusion.finding.kind for r in to_work(report)]
    assert counted["exceptions"] == {kind: kinds.count(kind) for kind in kinds}
    seconds = sorted(r.seconds for r in report.results if r.seconds is not None)
    n = len(seconds)
    p95 = next(s for i, s in enumerate(seconds, start=1) if i >= Decimal("0.95") * n)
    assert counted["seconds_per_claim"]["p95"] == pytest.approx(float(p95))
    below = sum(s < counted["seconds_per_claim"]["median"] for s in seconds)
    assert abs(2 * below - n) <= 1
    assert json.loads(json.dumps(counted)) == counted


def lines_of(text: str) -> Iterator[list[str]]:
    for line in text.splitlines():
        yield re.split(r"\s{2,}", line.strip())


def test_the_terminal_shows_the_same_numbers(report: SweepReport) -> None:
    text = summary(report, FILES, color=False)
    rows = {line[0]: line[1:] for line in lines_of(text)}
    denied = [r for r in report.results if r.conclusion.outcome is Outcome.DENIED]
    billed = sum((r.claim.billed for r in denied), Decimal(0))
    assert rows["Denied"] == [str(len(denied)), usd(billed)]
    found = sum((r.conclusion.paid or Decimal(0) for r in paid_and_open(report)), Decimal(0))
    assert f"Money found: {usd(found)} on {len(paid_and_open(report))} claims" in text
    assert "A system failed" in text
    assert FOREIGN in text
    for what, path in FILES.items():
        assert rows[what] == [path]
    assert max(map(len, text.splitlines())) <= 100
    assert "\x1b" not in text
    colored = summary(report, FILES, color=True)
    assert "\x1b[" in colored
    assert re.sub(r"\x1b\[[\d;]*m", "", colored).split() == text.split()


def test_a_path_is_never_broken(report: SweepReport) -> None:
    path = "/srv/" + "long-folder-name/" * 9 + "exceptions.xlsx"
    assert path in summary(report, {"exceptions (workbook)": path}, color=False)


def test_one_claim_is_told_whole(report: SweepReport) -> None:
    one = replace(report, results=report.results[8:9])
    text = one_claim(one, color=False)
    finding = report.results[8].conclusion.finding
    assert "0000009  Partly paid" in text
    assert finding.next_action in text
    assert "CO-197 CO-45" in text


def test_documents_that_do_not_add_up_are_told() -> None:
    payment = {
        "trace_number": "81777",
        "date": "2026-11-02",
        "amount": "120.50",
        "claims": [{}, {}],
        "balanced": False,
        "residuals": [{"equation": "claim", "where": "claims[1]", "amount": "-0.10"}],
    }
    documents = [
        {"file": "a.pdf", "payments": [payment], "errors": []},
        {"file": "b.pdf", "payments": [], "errors": ["b.pdf: no PDF but a web page"]},
    ]
    text = documents_summary(documents, color=False)
    assert "$120.50" in text
    assert "NO" in text
    assert "claims[1]" in text
    assert "no PDF but a web page" in text
