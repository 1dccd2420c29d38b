"""``claimsweep export detect`` says how an export is read, and drafts a mapping for an odd one."""

from __future__ import annotations

import io
import json
from datetime import date
from pathlib import Path

import openpyxl
import pytest
import yaml
from exports_samples import KAREO, SSN, kareo_csv, kareo_row, nextgen_xlsx, saved
from typer.testing import CliRunner, Result

from billing.errors import ClaimsweepError
from bots.exports import read_export
from bots.exports.detect import detect
from bots.exports.draft import draft_mapping
from bots.exports.likeness import likeness
from bots.exports.systems import own_systems
from flows.command import app
from sandbox.books import make_world
from sandbox.export_shapes import SHAPES, write_shaped

ODD = """\
Big Practice;;
AR report;;

Acct #;Pt Name;Birthdate;Carrier;Insured ID;DOS;Total Chgs;Current AR Balance;Bucket;SSN
000123;Quillfeather, Jane;01/22/1980;Alder Grove Health;AGH1;03/14/2026;$1,100.00;$20.00;31-60;x
000124;Quillfeather, Sam;05/06/1971;Alder Grove Health;AGH2;03/13/2026;$100.00;($20.00);61-90;x
"""


@pytest.fixture(autouse=True)
def _no_mappings_stay_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLAIMSWEEP_MAPPINGS", raising=False)
    for name in ("CLAIMSWEEP_HOME", "CLAIMSWEEP_PROFILES"):  # the command sets them
        monkeypatch.setenv(name, "")


def run(*words: object) -> Result:
    return CliRunner().invoke(app, ["export", "detect", *map(str, words)])


def document(*words: object) -> dict[str, object]:
    (one,) = json.loads(run(*words, "--json").stdout)["files"]
    return one


def odd(folder: Path) -> Path:
    path = folder / "odd.csv"
    path.write_text(ODD)
    return path


def test_every_column_and_row_is_accounted_for_and_no_patient_shown(tmp_path: Path) -> None:
    path = tmp_path / "aging.xlsx"
    path.write_bytes(nextgen_xlsx(range(1, 8)))
    told = document(path)
    assert (told["system"], told["headings_row"]) == ("nextgen", 2)
    fields = {c["heading"]: c["field"] for c in told["columns"]}
    assert (fields["Enc Nbr"], fields["Svc Dt"], fields["St"]) == ("claim_id", "service_from", None)
    assert told["dropped"] == ["SSN"]
    assert told["unmatched"] == ["Prac Name", "Rendering", "St"]
    assert told["rows_in"] == told["claims"] + len(told["refused"]) == 10
    assert told["notes"] == ["hidden sheets are not read: Lookups"]
    shown = run(path).stdout + json.dumps(told)
    assert "10 rows = 7 claims + 3 refused" in shown
    for private in ("Roe", "0000000003", SSN, "1971", "ENC000"):
        assert private not in shown


@pytest.mark.parametrize("system", SHAPES)
def test_the_figures_are_those_of_the_answer_key(system: str, tmp_path: Path) -> None:
    *paths, key_path = write_shaped(make_world(5, 12, date(2026, 11, 20)), tmp_path, system)
    for path, key in zip(paths, json.loads(key_path.read_text()), strict=True):
        found = detect(path.read_bytes(), path.name)
        assert (found.system, found.rows_in, found.read) == (
            system,
            key["rows"],
            len(key["claims"]),
        )
        assert [r.row for r in found.refused] == sorted(map(int, key["refused"]))


def test_the_exit_code_tells_whether_there_is_something_to_look_at(tmp_path: Path) -> None:
    good, refused, odd_one = tmp_path / "good.csv", tmp_path / "refused.csv", odd(tmp_path)
    good.write_bytes(kareo_csv([kareo_row(1), ["Totals"]]))
    refused.write_bytes(kareo_csv([kareo_row(1), kareo_row(2, Insurance="")]))
    assert run(good).exit_code == 0
    assert run(good, refused).exit_code == 1
    assert "refused 1: Insurance is empty (row 7)" in run(refused).stdout
    assert run(odd_one, good).exit_code == 2
    assert run(tmp_path / "nowhere.csv").exit_code == 2
    assert "cannot be read" in run(tmp_path / "nowhere.csv").stdout


def test_a_draft_is_refused_until_a_person_settled_it_and_reads_the_export_then(
    tmp_path: Path,
) -> None:
    path, draft = odd(tmp_path), tmp_path / "mine" / "ours.yaml"
    assert run(path, "--draft", draft).exit_code == 1
    text = draft.read_text()
    told = yaml.safe_load(text)
    assert told["draft"] is True
    assert told["dates"] == ["%m/%d/%Y", "excel serial"]
    assert {field: heading for field, (heading,) in told["required"].items()} == {
        "claim_id": "Acct #",
        "patient_name": "Pt Name",
        "date_of_birth": "Birthdate",
        "payer_name": "Carrier",
        "member_id": "Insured ID",
        "service_from": "DOS",
        "billed": "Total Chgs",
        "balance": "Current AR Balance",
    }
    assert '# not used: "Bucket"' in text
    assert '# never read, a social security number: "SSN"' in text
    unsure = [line for line in text.splitlines() if "Carrier" in line or "Insured ID" in line]
    assert all("# CHECK" in line for line in unsure)
    assert "Quillfeather" not in text

    assert document(path, "--mappings", draft.parent)["claims"] == 2
    with pytest.raises(ClaimsweepError, match=r"ours.yaml: draft: is still true"):
        own_systems(draft.parent)
    draft.write_text(text.replace("draft: true\n", ""))
    own = own_systems(draft.parent)
    assert len(read_export(path.read_bytes(), "odd.csv", payer_ids={}, own=own).claims) == 2


def test_what_no_column_looks_like_is_left_open(tmp_path: Path) -> None:
    text = draft_mapping(ODD.replace("Carrier", "Zzz").encode(), "odd.csv").text
    assert "payer_name: [] # CHECK: no column looks like it" in text
    (tmp_path / "ours.yaml").write_text(text)
    said = run(odd(tmp_path), "--mappings", tmp_path)
    assert said.exit_code == 2
    assert "payer_name must list a heading of your export" in said.stdout


def test_two_columns_that_may_both_be_it_are_both_named() -> None:
    data = ODD.replace("Bucket", "Total Charge").replace("31-60", "$1.00").replace("61-90", "$2.00")
    text = draft_mapping(data.encode(), "odd.csv").text
    (line,) = [line for line in text.splitlines() if line.strip().startswith("billed:")]
    assert "# CHECK: or is it" in line
    assert "Total Charge" in line
    assert "Total Chgs" in line


def test_headings_run_together_and_names_in_one_column_are_understood() -> None:
    """A sheet that a portal's bot was given; two of its columns may be the day of service."""
    text = draft_mapping(
        b'AltPatientID,"PatientName (Last, First)",DOB,StartDate,EndDate,InvoiceNumber,VisitDate\n'
        b'A12,"Doe, Jane",1/2/1980,11/29/2018 12:00:00 AM,11/29/2018,L0000000012,11/29/2018\n',
        "bot.csv",
    ).text
    told = yaml.safe_load(text)
    assert told["required"]["patient_name"] == ["PatientName (Last, First)"]
    assert told["required"]["claim_id"] == ["InvoiceNumber"]
    assert told["required"]["balance"] == []
    (line,) = [line for line in text.splitlines() if line.startswith("  service_from:")]
    assert "# CHECK: or is it" in line
    assert "StartDate" in line
    assert "VisitDate" in line


def test_whether_the_month_comes_first_is_asked_where_nothing_tells() -> None:
    asked = "dates: # CHECK: is the month before the day?"
    assert asked not in draft_mapping(ODD.encode(), "odd.csv").text
    both = ODD.replace("01/22/1980", "01/02/1980").replace("/14/", "/04/").replace("/13/", "/03/")
    assert asked in draft_mapping(both.encode(), "odd.csv").text
    first = ODD.replace("01/22", "22/01").replace("03/14", "14/03").replace("03/13", "13/03")
    text = draft_mapping(first.encode(), "odd.csv").text
    assert asked not in text
    assert '- "%d/%m/%Y"' in text


def test_a_workbook_is_drafted_like_a_text() -> None:
    book = openpyxl.Workbook()
    for line in ODD.splitlines():
        book.active.append(line.split(";"))
    told = yaml.safe_load(draft_mapping(saved(book), "odd.xlsx").text)
    assert told["required"]["balance"] == ["Current AR Balance"]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda d: (d / "x.yaml").write_text("a: 1"), "is there already"),
        (lambda d: None, "is named .yaml"),
    ],
)
def test_a_draft_is_never_written_over_a_file(tmp_path: Path, spoil, says: str) -> None:
    spoil(tmp_path)
    name = "x.yaml" if (tmp_path / "x.yaml").exists() else "x.txt"
    before = sorted(path.name for path in tmp_path.iterdir())
    said = run(odd(tmp_path), "--draft", tmp_path / name)
    assert says in str(said.exception)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*before, "odd.csv"])


def test_prose_gets_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "prose.csv"
    path.write_text("hello world\nthis is prose\n")
    said = run(path, "--draft", tmp_path / "x.yaml")
    assert "looks like headings" in str(said.exception)


def test_a_schedule_is_told_like_an_export(tmp_path: Path) -> None:
    path = tmp_path / "monday.csv"
    path.write_text(
        "Appt Date,Patient,DOB,Payer,Member ID,Room\n"
        '11/23/2026,"Quillfeather, Ottoline",1/2/1980,Alder Grove Health,A1,4\n'
        '11/23/2026,"Quillfeather, Sam",1/2/2080,Alder Grove Health,A2,4\n'
    )
    told = document(path)
    assert (told["system"], told["visits"], told["rows_in"]) == (
        "schedule with one name column",
        1,
        2,
    )
    assert (told["billed"], told["unmatched"]) == (None, ["Room"])
    assert told["refused"] == [{"row": 3, "why": "DOB is after Appt Date"}]
    text = run(path).stdout
    assert "2 rows = 1 visits + 1 refused\n" in text
    assert "Quillfeather" not in text


def test_hidden_rows_are_read_and_said(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(io.BytesIO(nextgen_xlsx([1, 2, 3])))
    book["Aging"].row_dimensions[4].hidden = True
    found = detect(saved(book), "a.xlsx")
    assert found.read == 3
    (note,) = [note for note in found.notes if "hidden rows" in note]
    assert note.startswith("1 hidden rows are read like the others")
    assert note.endswith("the first is row 4")


def test_ids_that_a_spreadsheet_holds_as_numbers_are_said() -> None:
    book = openpyxl.load_workbook(io.BytesIO(nextgen_xlsx([1, 2, 3])))
    sheet = book["Aging"]
    for row in (3, 4, 5):
        sheet.cell(row, 2).value = 4000 + row
    found = detect(saved(book), "a.xlsx")
    assert found.read == 3
    assert "Enc Nbr is a number in 3 rows" in " ".join(found.notes)
    sheet.cell(3, 2).value = "00004003"
    reading = read_export(saved(book), "a.xlsx", payer_ids={})
    assert [claim.claim_id for claim in reading.claims] == ["00004003"]
    whys = [refused.why for refused in reading.refused if refused.meant]
    assert len(whys) == 2
    assert all("removed its own" in why for why in whys)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("00012345", "8 digits with a leading zero"),
        ('="0012"', "4 digits with a leading zero"),
        ("1.23E+12", "rounded number like 1.23E+12"),
        ("########", "spreadsheet error like ####"),
        ("12/31/2026 12:00:00 AM", "date like 12/31/2026"),
        ("(123.45)", "amount like (123.45)"),
        ("125.00-", "amount like 123.45-"),
        ("$1,234.50", "amount like $1,234.50"),
        ("Doe Jr., Jane Q", "Last, First"),
        ("=SUM(A1)", "formula"),
        ("AGH000001", "letters and digits"),
        ("in process", "words"),
        (date(2026, 1, 2), "date of a spreadsheet"),
    ],
)
def test_a_cell_s_kind_is_said_without_its_value(cell, said: str) -> None:
    assert likeness(cell) == said


def test_mappings_are_found_by_the_environment_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    text = draft_mapping(ODD.encode(), "odd.csv").text.replace("system: ours", "system: env")
    (mine / "ours.yaml").write_text(text)
    monkeypatch.setenv("CLAIMSWEEP_MAPPINGS", str(mine))
    assert document(odd(tmp_path))["system"] == "env"
    assert KAREO[0] not in text
