"""The file that a billing system can import, and the command that writes what goes back."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from exports_samples import PAYERS, kareo_csv, kareo_row, result_of, results_of
from pydantic import ValidationError
from typer.testing import CliRunner

from billing.findings import FINDINGS
from billing.ledger import open_ledger
from billing.model import Conclusion, Finding, Outcome
from billing.report import ClaimResult, Earlier
from bots.exports import read_export
from bots.exports.import_back import NOTHING_LEARNED, SAID_BEFORE, ImportMade, import_back
from bots.exports.import_shape import ImportFile
from bots.exports.read import ExportReading
from bots.exports.systems import shipped_systems
from flows.command import app
from flows.intake import begin, take_in
from sandbox.books import make_world
from sandbox.export_shapes import write_shaped

DAY = date(2026, 11, 20)
SYSTEMS = {system.system: system for system in shipped_systems()}


@pytest.fixture(autouse=True)
def _nothing_stays_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CLAIMSWEEP_HOME", "CLAIMSWEEP_PROFILES", "CLAIMSWEEP_MAPPINGS"):
        monkeypatch.setenv(name, "")


def shaped(system: str, folder: Path) -> ExportReading:
    path, *_ = write_shaped(make_world(2, 12, DAY), folder, system)
    return read_export(path.read_bytes(), path.name, payer_ids={})


def found(result: ClaimResult, kind: str) -> ClaimResult:
    conclusion = result.conclusion
    return replace(
        result, conclusion=replace(conclusion, finding=replace(conclusion.finding, kind=kind))
    )


def rows_of(made: ImportMade | None) -> list[dict[str, str]]:
    assert made is not None
    return list(csv.DictReader(io.StringIO(made.data.decode(), newline="")))


def test_athena_gets_claim_notes_with_kick_codes(tmp_path: Path) -> None:
    reading = shaped("athena", tmp_path)
    kinds = ["pending-wait", "denied-bundled", "paid-not-posted"]
    results = {
        claim.source.row: found(result_of(claim), kind)
        for claim, kind in zip(reading.claims, kinds, strict=False)
    }
    made = import_back(reading, results, run="20261120-ab12cd34")
    rows = rows_of(made)
    assert made is not None
    assert (made.name, made.rows) == ("claim-notes", 3)
    assert [row["Kick Code"] for row in rows] == ["CIP", "INFORM", "INFORM"]
    assert [row["Claim ID"] for row in rows] == [c.claim_id for c in reading.claims[:3]]
    assert {row["Note Date"] for row in rows} == {"11/20/2026"}
    assert rows[1]["Claim Note"] == (
        '[claimsweep 20261120-ab12cd34] payer says "Paid", status F1, paid -$12.50, patient $7.25, '
        "on 04/01/2026, trace 00998877, payer's claim 0012345678901, CO-45 PR-1. "
        "Denied: bundled: Post the payment. Due 12/01/2026."
    )


def test_oracle_health_gets_action_codes_for_every_kind_of_finding(tmp_path: Path) -> None:
    reading = shaped("cerner", tmp_path)
    claim = reading.claims[0]
    codes = {}
    for kind in FINDINGS:
        made = import_back(reading, {claim.source.row: found(result_of(claim), kind)}, run="r")
        (row,) = rows_of(made)
        codes[kind] = row["ACTION_CODE"]
    assert all(codes.values())
    assert codes["denied-timely-filing"] == codes["partly-denied"] == "CS_DENIED"
    assert codes["pending-overdue"] == "CS_PENDING"
    assert codes["portal-eob-conflict"] == "CS_REVIEW"


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_system_has_a_file_that_says_what_is_known_of_it(system: str) -> None:
    shape = SYSTEMS[system].import_back
    assert shape is not None
    assert "reconstruction" in shape.reconstruction
    assert shape.columns[0].holds == "claim_id"
    # the claim's number stands under a heading that the export itself could have
    heading = shape.columns[0].heading.replace("_", " ").casefold()
    assert heading in [h.casefold() for h in SYSTEMS[system].required["claim_id"]]


def test_what_is_left_out_is_counted_by_its_reason() -> None:
    reading = read_export(kareo_csv([kareo_row(n) for n in range(1, 5)]), "a.csv", payer_ids=PAYERS)
    results = dict(results_of(reading))
    row, again, *_ = results
    nothing = replace(results[row].conclusion, outcome=Outcome.NO_ANSWER)
    results[row] = replace(results[row], conclusion=nothing)
    results[again] = replace(results[again], earlier=Earlier(DAY, results[again].conclusion))
    made = import_back(reading, results, run="r")
    assert made is not None
    assert dict(made.left_out) == {NOTHING_LEARNED: 1, SAID_BEFORE: 1}
    assert made.rows + sum(made.left_out.values()) == len(results) == 4
    assert [line["Claim ID"] for line in rows_of(made)] == ["00000003", "00000004"]
    assert made.data == import_back(reading, results, run="r").data  # type: ignore[union-attr]


def test_nothing_in_the_file_runs_as_a_formula_nor_names_the_patient() -> None:
    reading = read_export(
        kareo_csv([kareo_row(1, **{"Claim ID": "-1"})]), "a.csv", payer_ids=PAYERS
    )
    results = results_of(reading, status_words="=1+1\r\n@x", trace_number="=2")
    made = import_back(reading, results, run="r")
    (row,) = rows_of(made)
    assert row["Claim ID"] == "'-1"
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row.values())
    assert "\n" not in row["Note"]
    assert made is not None
    for private in (b"Doe", b"AGH", b"1980", b"1/2/80"):
        assert private not in made.data


COLUMNS = [{"heading": "No", "holds": "claim_id"}, {"heading": "Text", "holds": "note"}]
CODED = [*COLUMNS, {"heading": "Code", "holds": "code"}]


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ({"columns": COLUMNS[:1]}, "columns must hold claim_id and note"),
        ({"columns": CODED}, "go together"),
        ({"otherwise": "X"}, "go together"),
        (
            {"columns": CODED, "otherwise": "X", "codes": {"paid": "Y"}},
            "no finding is called paid",
        ),
        (
            {"columns": CODED, "otherwise": "X", "codes": {"denied-*": "Y", "denied-other": "Z"}},
            "more than one is given for denied-other",
        ),
        ({"name": "../notes"}, "match pattern"),
    ],
)
def test_a_mistake_in_the_shape_is_refused(part: dict[str, object], says: str) -> None:
    whole = {"name": "notes", "title": "t", "reconstruction": "r", "columns": COLUMNS}
    ImportFile.model_validate(whole)
    with pytest.raises(ValidationError, match=says):
        ImportFile.model_validate(whole | part)


@pytest.fixture
def swept(tmp_path: Path) -> Path:
    """The home of a finished sweep of one export, whose second claim nothing was learned of."""
    export = tmp_path / "aging.csv"
    export.write_bytes(kareo_csv([*(kareo_row(n) for n in range(1, 4)), ["Totals"]]))
    ledger = open_ledger(tmp_path / "home")
    intake = take_in(ledger, [export], {})
    begin(ledger, "night-1", intake, DAY)
    at = datetime(2026, 11, 20, 3, tzinfo=UTC)

    def conclude(claim) -> Conclusion:
        if claim.source.row != 7:
            return replace(result_of(claim).conclusion, evidence=(), places={})
        finding = Finding("no-profile", "w", Decimal(0), "Look.", None, "none", needs_person=True)
        return Conclusion(Outcome.NO_ANSWER, finding)

    ledger.conclude_unasked("night-1", None, conclude, at)
    ledger.finish_sweep("night-1", at)
    ledger.close()
    return tmp_path


def test_the_command_writes_copies_and_import_files_of_a_finished_sweep(swept: Path) -> None:
    words = ["export", "write-back", "--home", str(swept / "home"), "--out", str(swept / "out")]
    said = CliRunner().invoke(app, [*words, "--json"])
    assert said.exit_code == 1, said.output
    (told,) = json.loads(said.stdout)["exports"]
    assert told["totals"]["before"] == told["totals"]["after"]
    assert told["totals"]["after"]["rows"] == 4
    assert told["totals"]["after"]["paid"] == "-25.00"
    assert told["to_import"] == {"rows": 2, "left_out": {NOTHING_LEARNED: 1}}
    names = {path.name for path in (swept / "out").iterdir()}
    assert names == {"aging.swept.csv", "aging.csv.notes.csv"}
    assert {Path(file).name for file in told["files"].values()} == names
    copy = (swept / "out" / "aging.swept.csv").read_bytes()
    assert (swept / "aging.csv").read_bytes().splitlines()[5] in copy
    text = CliRunner().invoke(app, words).stdout
    assert "2 rows to import" in text
    assert f"left out 1: {NOTHING_LEARNED}" in text


def test_a_sweep_read_by_another_mapping_is_not_written_back(swept: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    shipped = Path(read_export.__code__.co_filename).parent / "systems" / "kareo.yaml"
    (mine / "own.yaml").write_text(shipped.read_text().replace("system: kareo", "system: own"))
    words = ["export", "write-back", "--home", str(swept / "home"), "--mappings", str(mine)]
    said = CliRunner().invoke(app, words)
    assert "was swept as kareo and is read as own now" in str(said.exception)
