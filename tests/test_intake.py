"""Exports become a sweep's claims: each file once, each claim once, nothing dropped."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import openpyxl
import pytest
from exports_samples import kareo_csv, kareo_row, nextgen_xlsx, result_of, saved

from billing.errors import BadInput
from billing.ledger import Ledger, open_ledger
from bots.exports import read_export, write_back
from flows.intake import media_type, take_in
from flows.outputs import changes_csv


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return open_ledger(tmp_path / "home")


def put(path: Path, data: bytes) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return path


def test_a_claim_that_two_exports_hold_is_counted_once(ledger: Ledger, tmp_path: Path) -> None:
    monday = put(tmp_path / "monday.csv", kareo_csv([kareo_row(1), kareo_row(2)]))
    same_id = kareo_row(1, **{"Policy Number": "AGH000000099"})  # of another patient
    tuesday = put(tmp_path / "tuesday.csv", kareo_csv([kareo_row(2), kareo_row(3), same_id]))
    intake = take_in(ledger, [monday, tuesday], {})
    assert [c.claim_id for c in intake.claims] == ["00000001", "00000002", "00000003", "00000001"]
    first, second = intake.readings
    assert first.refused == ()
    assert [(r.row, r.why) for r in second.refused] == [
        (6, "the claim of monday.csv, row 7, again")
    ]
    assert second.rows_in == len(second.claims) + len(second.refused)
    assert second.billed_total == sum(claim.billed for claim in second.claims)


def test_one_export_given_twice_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    one = put(tmp_path / "a.csv", kareo_csv([kareo_row(1)]))
    two = put(tmp_path / "b.csv", kareo_csv([kareo_row(1)]))
    with pytest.raises(BadInput, match=r"b\.csv: holds the same bytes as a\.csv"):
        take_in(ledger, [one, two], {})


def test_two_exports_of_one_name_never_write_over_each_other(
    ledger: Ledger, tmp_path: Path
) -> None:
    one = put(tmp_path / "east" / "aging.csv", kareo_csv([kareo_row(1)]))
    two = put(tmp_path / "west" / "Aging.csv", kareo_csv([kareo_row(2)]))
    with pytest.raises(BadInput, match="has the same name; rename one of them"):
        take_in(ledger, [one, two], {})


def test_an_export_that_nothing_can_be_added_to_is_refused_before_the_sweep(
    ledger: Ledger, tmp_path: Path
) -> None:
    book = openpyxl.load_workbook(io.BytesIO(nextgen_xlsx([1])))
    book["Aging"]["XFD3"] = "far right"
    with pytest.raises(BadInput, match="used up to its last column"):
        take_in(ledger, [put(tmp_path / "wide.xlsx", saved(book))], {})


def test_a_workbook_with_macros_is_stored_as_what_it_is(ledger: Ledger, tmp_path: Path) -> None:
    path = put(tmp_path / "aging.XLSM", nextgen_xlsx([1]))
    (reading,) = take_in(ledger, [path], {}).readings
    assert "macroEnabled" in media_type(path)
    assert ledger.media_type(reading.sha256) == media_type(path)


def test_the_list_of_changes_runs_nothing() -> None:
    data = kareo_csv([kareo_row(1, **{"Claim ID": "-1"})])
    reading = read_export(data, "=a.csv", payer_ids={})
    result = result_of(reading.claims[0], status_words="=cmd|' /C calc'!A0")
    changes = write_back(data, reading, {6: result}).changes
    text = changes_csv(("=a.csv", change) for change in changes).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert {(row["Export"], row["Claim"]) for row in rows} == {("'=a.csv", "'-1")}
    after = {row["Column"]: row["After"] for row in rows}
    assert after["Payer status"] == "'=cmd|' /C calc'!A0"
    assert after["Paid"] == "-12.50"
