"""Reports at the console: what the command reports, sheets to print, files made on demand."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest
from console_samples import night
from typer.testing import CliRunner
from web_console import desk_over, person, serving, swept, visitor

from billing.kpi_definitions import DEFINITIONS, FROM_EXPORTS
from billing.people import Role
from console.web.desk import Desk
from flows.command import app


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = desk_over(tmp_path_factory.mktemp("home"))
    for nth in (9, 2, 1):
        day = desk.today() - timedelta(days=nth)
        results = [
            replace(one, claim=replace(one.claim, source=replace(one.claim.source, row=row)))
            for row, one in enumerate(night(40, seed=nth).results, start=2)
        ]
        at = desk.now() - timedelta(days=nth)
        swept(desk.ledger, results, sweep_id=f"night-{nth}", business_date=day, at=at)
    for role in Role:
        person(desk.ledger, role)
    return desk


@pytest.fixture(scope="module")
def address(desk: Desk) -> Iterator[str]:
    with serving(desk) as found:
        yield found


def test_the_page_shows_each_figure_with_definition_and_caveat(desk: Desk, address: str) -> None:
    text = visitor(address, "viewer").get("/reports").text
    newest = desk.today() - timedelta(days=1)
    assert f"Week of {newest - timedelta(days=6)} to {newest}" in text
    for one in DEFINITIONS.values():
        for words in (one.title, one.formula, one.caveat):
            assert words.replace("'", "&#39;") in text
    assert FROM_EXPORTS.replace("'", "&#39;") in text
    assert text.count("<svg") == 3
    assert "<style" not in text
    assert not re.search(r"\sstyle=", text)


def test_csv_and_json_are_what_the_command_reports(
    desk: Desk, address: str, tmp_path: Path
) -> None:
    last = desk.today() - timedelta(days=1)
    viewer = visitor(address, "viewer")
    arguments = ["report", "--weekly", "--until", str(last), "--home", str(desk.ledger.home)]
    done = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path)])
    assert done.exit_code == 0, done.exception
    for ending in ("csv", "json", "html"):
        answer = viewer.get(f"/reports/figures.{ending}?span=Week&until={last}")
        name = f"week-{last}.{ending}"
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
        assert answer.content == (tmp_path / name).read_bytes()
    month = viewer.get(f"/reports/figures.json?span=Month&until={last}").json()
    assert month["period"]["first"] == str(last.replace(day=1))


def test_days_without_a_sweep_say_when_the_last_one_was(desk: Desk, address: str) -> None:
    viewer = visitor(address, "viewer")
    text = viewer.get("/reports?span=Week&until=2020-01-31").text
    newest = desk.today() - timedelta(days=1)
    assert f"until={newest}" in text
    assert "is finished" in text
    assert viewer.get("/reports?until=soon").status_code == 400
    refused = viewer.get("/reports/figures.csv?span=Week&until=2020-01-31")
    assert refused.status_code == 400
    assert "no finished sweep" in refused.text


def test_a_morning_sheet_is_read_in_the_console_and_its_files_are_made(
    desk: Desk, address: str
) -> None:
    biller = visitor(address, "biller")
    listed = biller.get("/reports/sweeps").text
    assert [int(n) for n in re.findall(r"sweeps/night-(\d)/morning", listed)] == [1, 2, 9]
    sheet = biller.get("/reports/sweeps/night-1/morning").text
    assert "Do first" in sheet
    assert "<style" not in sheet
    assert desk.ledger.audit_trail(subject="sweep night-1", most=1)[0].act == "morning sheet viewed"
    data = biller.get("/reports/sweeps/night-1/exceptions.csv")
    rows = list(csv.DictReader(io.StringIO(data.content.decode("utf-8-sig"), newline="")))
    book = biller.get("/reports/sweeps/night-1/exceptions.xlsx")
    sheets = openpyxl.load_workbook(io.BytesIO(book.content), read_only=True)
    there = list(sheets["Exceptions"].iter_rows(values_only=True))
    told = {row["Claim"].lstrip("'") for row in rows}  # which keeps a spreadsheet from computing it
    assert told <= {str(cell).lstrip("'") for row in there for cell in row}
    assert len(told) > 5
    for answer, ending in ((data, "csv"), (book, "xlsx")):
        name = f"exceptions-night-1.{ending}"
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    last = desk.ledger.audit_trail(subject="sweep night-1", most=1)[0]
    assert (last.who, last.act, last.detail) == (
        "biller",
        "report downloaded",
        {"file": "exceptions.xlsx"},
    )


def test_a_viewer_reads_initials_and_downloads_no_patient(desk: Desk, address: str) -> None:
    viewer = visitor(address, "viewer")
    assert viewer.get("/reports/sweeps/night-1/exceptions.csv").status_code == 403
    text = viewer.get("/reports/sweeps/night-1/morning").text + viewer.get("/reports").text
    for result in desk.ledger.results("night-1"):
        claim = result.claim
        for word in (claim.patient_last, claim.patient_first, claim.member_id):
            assert not re.search(rf"\b{re.escape(word)}\b", text)
    assert viewer.get("/reports/sweeps/none/morning").status_code == 400


def test_without_a_sweep_the_pages_say_what_to_do(tmp_path: Path) -> None:
    desk = desk_over(tmp_path)
    person(desk.ledger, Role.VIEWER)
    with serving(desk) as address:
        viewer = visitor(address, "viewer")
        assert "No sweep is finished yet" in viewer.get("/reports").text
        assert "No sweep yet" in viewer.get("/reports/sweeps").text


def test_the_json_of_a_week_names_no_patient(desk: Desk, address: str) -> None:
    last = desk.today() - timedelta(days=1)
    told = visitor(address, "viewer").get(f"/reports/figures.json?span=Week&until={last}").json()
    numbers = {one.claim.claim_id for one in desk.ledger.results("night-1")}
    assert not [one for one in numbers if one in json.dumps(told)]
