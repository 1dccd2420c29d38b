"""``claimsweep reconcile`` on simulated payments and bank files, held against their answer key."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from typer.testing import CliRunner

from flows.command import app
from sandbox.books import make_world
from sandbox.deposits import EFT_STORIES, write_deposits
from sandbox.exports import write_exports

AS_OF = date(2026, 11, 20)
CHANCE = "several-deposits-fit"
Key = list[dict[str, Any]]


@pytest.fixture(scope="module", params=[1])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a simulated world; tests/benchmarks/deposits_key.py tries many."""
    place = tmp_path_factory.mktemp(f"seed{request.param}")
    world = make_world(request.param, 60, AS_OF)
    write_deposits(world, place)
    write_exports(world, place)
    return place


def key_of(folder: Path) -> Key:
    found: Key = json.loads((folder / "deposits-truth.json").read_text(encoding="utf-8"))
    return found


def run(home: Path, *arguments: object, code: int = 1) -> dict[str, Any]:
    words = ["reconcile", "--json", "--home", str(home), "--out", str(home / "out")]
    done = CliRunner().invoke(app, [*words, *map(str, arguments)])
    assert done.exit_code == code, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def marks(key: Key, results: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Every row of the key with what became of it; a wrong figure or place fails at once."""
    by_trace = {p["trace_number"]: r for r in results for p in r["payments"]}
    by_line: dict[tuple[str, str], list[str]] = {}
    for result in results:
        if not result["payments"]:
            for line in result["lines"]:
                by_line.setdefault((line["booked"], line["amount"]), []).append(result["kind"])
    for row in key:
        booked = {(one["date"], one["amount"]) for one in row["bookings"]}
        for trace in row["trace_numbers"]:
            result = by_trace[trace]
            yield row["story"], result["kind"]
            if result["kind"] == CHANCE:
                continue
            assert result["kind"] in row["kinds"], row
            lines = {(line["booked"], line["amount"]) for line in result["lines"]}
            assert lines <= booked or row["story"] == "lockbox-items", row
            if len(result["payments"]) == len(row["trace_numbers"]):
                assert Decimal(result["difference"]) == Decimal(row["difference"]), row
        if not row["trace_numbers"] and row["kinds"] and row["kinds"] != ["other-movement"]:
            for one in row["bookings"]:
                assert row["kinds"][0] in by_line[one["date"], one["amount"]], row
                yield row["story"], row["kinds"][0]


@pytest.mark.parametrize("bank", ["bank.bai", "bank.csv"])
def test_every_payment_and_deposit_is_as_the_key_says(
    folder: Path, tmp_path: Path, bank: str
) -> None:
    files = ["--remittance", folder / "payments.835", "--deposits", folder / bank]
    found = run(tmp_path, *files)
    assert found["sentences"] == []
    marked = list(marks(key_of(folder), found["results"]))
    by_chance = [story for story, kind in marked if kind == CHANCE]
    assert len(by_chance) <= len(marked) // 20
    assert set(EFT_STORIES) <= {story for story, _ in marked}
    assert len(marked) > 90


def test_the_same_files_again_and_the_other_bank_file_change_nothing(
    folder: Path, tmp_path: Path
) -> None:
    files = ["--remittance", folder / "payments.835", "--deposits", folder / "bank.bai"]
    once, again = run(tmp_path, *files), run(tmp_path, *files)
    assert again == once
    # nothing is given anew but the books remember, so the money that came is still there
    (tmp_path / "other.835").write_bytes((folder / "payments.835").read_bytes())
    renamed = run(tmp_path, "--remittance", tmp_path / "other.835")
    assert renamed["deposits"] == once["deposits"]


def test_claims_are_agreed_only_where_the_money_is_there_to_the_cent(
    folder: Path, tmp_path: Path
) -> None:
    exports = [
        word
        for path in sorted(folder.glob("*.csv"))
        if path.name != "bank.csv"
        for word in ("--export", path)
    ]
    found = run(
        tmp_path,
        *exports,
        "--remittance",
        folder / "payments.835",
        "--deposits",
        folder / "bank.bai",
    )
    became = {p["trace_number"]: r["kind"] for r in found["results"] for p in r["payments"]}
    stories = {t: row["story"] for row in key_of(folder) for t in row["trace_numbers"]}
    world = make_world(int(folder.name.removeprefix("seed")[0]), 60, AS_OF)
    paid: dict[str, list[tuple[str, Decimal]]] = {}
    for payer in world.payers:
        for payment in payer.remittances.values():
            for claim in payment.claims:
                paid.setdefault(f"{payer.payer_id} {claim.claim_id}", []).append(
                    (payment.trace_number, claim.paid or Decimal(0))
                )
    verdicts = Counter(one["verdict"] for one in found["claim_results"])
    assert verdicts["agreed"] > 20
    assert verdicts["conflict"] > 5
    for one in found["claim_results"]:
        theirs = [
            (trace, amount)
            for trace, amount in paid[f"{one['payer']} {one['claim_id']}"]
            if stories.get(trace) != "unannounced" and trace in became
        ]
        assert Decimal(one["paid"]) == sum(amount for _, amount in theirs), one
        fine = all(
            (became[t].startswith("deposited") and became[t] != "deposited-twice")
            or became[t] == "no-money-due"
            for t, _ in theirs
        )
        assert (one["verdict"] == "agreed") is fine, one
        if not fine:
            gone = {"money-missing", "cheque-uncashed", "money-not-due", CHANCE}
            wrong = {became[t] for t, _ in theirs} - gone
            real = {k for k in wrong if not k.startswith("deposited-b")} - {
                "deposited",
                "no-money-due",
            }
            assert one["verdict"] == ("conflict" if real else "missing"), one


def test_the_files_have_real_dates_and_money_and_no_patient(folder: Path, tmp_path: Path) -> None:
    export = folder / "juniper-ridge.csv"
    files = ["--remittance", folder / "payments.835", "--deposits", folder / "bank.bai"]
    found = run(tmp_path, "--export", export, *files)
    book = openpyxl.load_workbook(found["files"]["reconciliation (workbook)"])
    assert book.sheetnames == ["To do", "Deposits", "Claims", "Bank lines", "Rows not read"]
    sheet = book["Deposits"]
    heads = [cell.value for cell in sheet[1]]
    announced = [row[heads.index("Announced")].value for row in sheet.iter_rows(min_row=2)]
    days = [row[heads.index("Payment date")] for row in sheet.iter_rows(min_row=2)]
    assert all(isinstance(value, (int, float)) for value in announced if value is not None)
    assert all(cell.is_date for cell in days if cell.value is not None)
    world = make_world(int(folder.name.removeprefix("seed")[0]), 60, AS_OF)
    people = {c.patient.last for c in world.commercial.billed} | {
        c.patient.member_id for c in world.commercial.billed
    }
    written = "".join(
        Path(path).read_text(encoding="utf-8-sig")
        for path in found["files"].values()
        if path.endswith(".csv")
    )
    assert not [name for name in people if len(name) > 5 and name in written]
    table = Path(found["files"]["payments and deposits (CSV)"]).read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(table.splitlines()))
    assert {"Result", "Announced in", "Booked in"} <= set(rows[0])
    assert "segment" in rows[0]["Announced in"] or "row" in rows[0]["Booked in"]


def test_a_bank_file_that_is_none_is_one_sentence_and_nothing_is_kept(tmp_path: Path) -> None:
    bad = tmp_path / "bank.csv"
    bad.write_text("hello\n", encoding="utf-8")
    done = CliRunner().invoke(
        app, ["reconcile", "--home", str(tmp_path / "home"), "--deposits", str(bad)]
    )
    assert done.exit_code != 0
    assert "bank.csv" in str(done.exception)
    assert not list(tmp_path.rglob("reconciliation*"))
