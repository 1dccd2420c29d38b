"""What payments and deposits ask of a biller has dollars, a due date with its basis, and files."""

from __future__ import annotations

import csv
import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from deposit_samples import COVERED, DAY, line, payment
from posting_desk import claim
from posting_desk import payment as an_835
from typer.testing import CliRunner
from x12_samples import delimited, interchange

from billing.bank import BankLine, LineKind
from billing.deposit_findings import DIFFER, MONEY_STEPS, MoneyFinding, money_findings
from billing.deposit_matching import match_deposits
from billing.deposits import QUIET, DepositKind, Payment
from flows.command import app

TODAY = date(2026, 11, 26)
DOCS = Path(__file__).resolve().parent.parent / "docs" / "reconciliation.md"


def found(payments: list[Payment], lines: list[BankLine]) -> tuple[MoneyFinding, ...]:
    return money_findings(match_deposits(payments, lines, covered=COVERED), (), TODAY)


def test_every_result_that_is_not_quiet_asks_something_and_the_docs_say_by_when() -> None:
    assert set(MONEY_STEPS) - {DIFFER} == set(DepositKind) - QUIET
    section = DOCS.read_text(encoding="utf-8").split("| finding | due |")[1].split("##")[0]
    assert set(re.findall(r"`([a-z-]+)`", section)) == set(map(str, MONEY_STEPS))
    rules = [step.rule for step in MONEY_STEPS.values()]
    assert len(rules) == len(set(rules))


@pytest.mark.parametrize(
    ("payments", "lines", "kind", "dollars", "due", "files"),
    [
        ([payment("81", "150.00")], [], "money-missing", "150.00", date(2026, 9, 23), ("a",)),
        (
            [payment("81", "90.10", method="CHK")],
            [],
            "cheque-uncashed",
            "90.10",
            date(2027, 3, 7),
            ("a",),
        ),
        (
            [payment("812345678", "100.00")],
            [line("98.50", trace="812345678")],
            "fee-withheld",
            "1.50",
            date(2026, 9, 24),
            ("a", "b"),
        ),
        (
            [payment("812345678", "100.00")],
            [line("70.00", trace="812345678")],
            "deposit-differs",
            "30.00",
            date(2026, 9, 24),
            ("a", "b"),
        ),
        (
            [],
            [line("70.00", trace="812345678")],
            "eft-without-remittance",
            "70.00",
            date(2026, 9, 15),  # 9 September is a Wednesday
            ("b",),
        ),
        (
            [payment("812345678", "100.00")],
            [line("100.00", trace="812345678"),
             line("-100.00", LineKind.RETURN, trace="812345678", after=3, row=2)],
            "deposit-returned",
            "100.00",
            date(2026, 9, 26),
            ("a", "b"),
        ),
        (
            [payment("812345678", "100.00")],
            [line("100.00", trace="812345678"), line("100.00", trace="812345678", row=2)],
            "deposited-twice",
            "100.00",
            date(2026, 11, 8),
            ("a", "b"),
        ),
        ([], [line("70.00", LineKind.OTHER)], "deposit-unexplained", "70.00", None, ("b",)),
    ],
)  # fmt: skip
def test_a_finding_has_its_dollars_its_due_date_and_the_files_it_rests_on(
    payments: list[Payment],
    lines: list[BankLine],
    kind: str,
    dollars: str,
    due: date | None,
    files: tuple[str, ...],
) -> None:
    (one,) = found(payments, lines)
    said = one.finding
    assert (said.kind, said.dollars, said.due) == (kind, Decimal(dollars), due)
    assert said.observed == files
    assert said.rule == MONEY_STEPS[kind].rule
    assert said.due_basis
    assert said.next_action
    assert one.owner == ("Simulated Health" if payments else "Cash posting")


def test_what_is_there_to_the_cent_asks_nothing() -> None:
    assert found([payment("812345678", "9.00")], [line("9.00", trace="812345678")]) == ()


def test_more_money_and_less_time_come_first() -> None:
    some = found([payment("81", "150.00"), payment("82", "900.00"),
                  payment("83", "150.00", method="CHK")], [])  # fmt: skip
    assert [one.about for one in some] == ["82", "81", "83"]
    # 150 at stake, overdue: 1 + 30 / 1; 79 days old: 1 + 79 / 90
    age = (TODAY - DAY).days
    assert some[1].priority(TODAY) == (150 * 31 * (1 + Decimal(age) / 90)).quantize(Decimal("0.01"))
    assert (some[1].expected, age) == (Decimal("150.00"), 79)


def test_documents_that_differ_and_missing_money_reach_workbook_csv_and_json(
    tmp_path: Path,
) -> None:
    files = []
    for name, amount in (("a", "150.00"), ("b", "151.00")):
        body = an_835("T1", "20260105", amount, claim("C1", "E9", "200.00", amount))
        (tmp_path / name).write_bytes(delimited(interchange([body])))
        files += ["--remittance", str(tmp_path / name)]
    out = tmp_path / "out"
    command = ["reconcile", "--json", "--home", str(tmp_path / "home"), "--out", str(out)]
    done = CliRunner().invoke(app, [*command, *files])
    assert done.exit_code == 1, done.output
    (one,) = json.loads(done.stdout)["findings"]
    assert (one["finding"], one["dollars"], one["due"]) == (DIFFER, "151.00", "2026-01-20")
    assert (one["payment"], one["owner"], len(one["evidence"])) == ("T1", "acme health", 2)
    assert "claimsweep postings settle T1" in one["why"]
    (row,) = csv.DictReader(
        (out / "reconciliation-findings.csv").read_text(encoding="utf-8-sig").splitlines()
    )
    assert (row["At stake"], row["Rule"], row["Due"]) == ("151.00", one["rule"], one["due"])
    sheet = openpyxl.load_workbook(out / "reconciliation.xlsx")["To do"]
    heads = [cell.value for cell in sheet[1]]
    assert {"Priority", "At stake", "Owner", "Next action", "Due basis", "Evidence"} <= set(heads)
    assert sheet.cell(2, heads.index("Finding") + 1).value == MONEY_STEPS[DIFFER].said.title
