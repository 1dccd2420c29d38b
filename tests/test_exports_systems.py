"""Each billing system's mapping reads the export that the sandbox writes in its shape."""

from __future__ import annotations

import json
from datetime import date
from itertools import combinations
from pathlib import Path

import pytest
from exports_samples import KAREO, PAYERS, kareo_csv, kareo_row

from billing.errors import BadInput, ProfileError
from billing.model import Claim
from bots.exports import read_export, recognise
from bots.exports.systems import all_systems, own_systems, plain
from sandbox import __main__ as sandbox_command
from sandbox.books import make_world
from sandbox.export_shapes import SHAPES, write_shaped

WORLD = make_world(3, 45, date(2026, 11, 20))
WORDS = {
    "headings repeated": "headings repeated",
    "total row": "total row",
    "a date shown as ####": "Birth Dt Tm shows a spreadsheet error",
    "the first claim again": "Invoice Number repeats that of row 2: the same row once more",
}


@pytest.fixture
def own(tmp_path: Path):
    """A folder of one's own mappings."""
    return tmp_path


def told(claim: Claim) -> dict[str, str]:
    said = {"row": claim.source.row}
    for word in ("claim_id", "member_id", "date_of_birth", "service_from", "service_to"):
        said[word] = str(getattr(claim, word))
    for word in ("patient_last", "patient_first"):
        said[word] = getattr(claim, word).casefold()
    for word in ("submitted", "billed", "balance", "insurance_paid"):
        said[word] = str(getattr(claim, word))
    return said


@pytest.mark.parametrize("system", SHAPES)
def test_a_system_s_export_is_read_as_its_answer_key_says(system: str, tmp_path: Path) -> None:
    *paths, key_path = write_shaped(WORLD, tmp_path, system)
    for path, key in zip(paths, json.loads(key_path.read_text()), strict=True):
        reading = read_export(path.read_bytes(), path.name, payer_ids={})
        assert (path.name, reading.system) == (key["file"], system)
        assert reading.recognised.header_row == key["headings"]
        assert reading.rows_in == key["rows"] == len(reading.claims) + len(reading.refused)
        for claim in key["claims"]:
            claim["patient_last"] = claim["patient_last"].casefold()
            claim["patient_first"] = claim["patient_first"].casefold()
        assert [told(claim) for claim in reading.claims] == key["claims"]
        assert {str(r.row) for r in reading.refused} == set(key["refused"])
        for refused in reading.refused:
            assert WORDS[key["refused"][str(refused.row)]] in refused.why


def test_the_command_writes_a_system_s_exports(tmp_path: Path, capsys) -> None:
    command = ["export", str(tmp_path), "--system", "athena", "--claims", "10"]
    sandbox_command.main(command)
    names = [Path(line).name for line in capsys.readouterr().out.splitlines()]
    assert names[-1] == "answer-key.json"
    assert sorted(names) == sorted(path.name for path in tmp_path.iterdir())
    assert tuple(SHAPES) == sandbox_command.SYSTEMS


def test_social_security_numbers_of_a_system_s_export_are_dropped(tmp_path: Path) -> None:
    path, *_ = write_shaped(WORLD, tmp_path, "eclinicalworks")
    assert recognise(path.read_bytes(), path.name).dropped == ("Patient SSN",)


def test_no_export_with_one_column_for_each_word_fits_two_systems() -> None:
    for one, other in combinations(all_systems(), 2):
        apart = [
            field
            for field in set(one.required) & set(other.required)
            if not {plain(h) for h in one.required[field]}
            & {plain(h) for h in other.required[field]}
        ]
        assert len(apart) >= 2, f"{one.system} and {other.system} are told apart by {apart}"


MINE = """\
system: {name}
title: Our own report
reconstruction: Ours.
dates: ["%d.%m.%Y"]
required:
  claim_id: [Our No]
  patient_name: [Patient]
  payer_name: [Insurance]
  member_id: [Policy Number]
  service_from: [Day]
  billed: [Total Charge]
  balance: [Open]
"""


def born(own: Path, spelled: str, seen: str = "24.12.2025") -> object:
    """The birth date that is read, or why the row is refused."""
    text = MINE.replace("required:", "required:\n  date_of_birth: [Born]").replace("%Y", "%y")
    text = text.format(name="ours").replace('"%d.%m.%y"', '"%d.%m.%Y", "%d.%m.%y"')
    (own / "ours.yaml").write_text(text)
    heads = ["Our No", "Patient", "Insurance", "Policy Number", "Day", "Total Charge", "Open"]
    row = ["A-1", "Doe, Jane", "Alder Grove Health", "AGH1", seen, "10.00", "10.00"]
    data = kareo_csv([[*row, spelled]], headings=[*heads, "Born"], preamble=())
    reading = read_export(data, "ours.csv", payer_ids=PAYERS, own=own_systems(own))
    return reading.claims[0].date_of_birth if reading.claims else reading.refused[0].why


@pytest.mark.parametrize(
    ("spelled", "day"),
    [
        ("02.01.1980", date(1980, 1, 2)),
        ("02.01.80", date(1980, 1, 2)),
        ("02.01.45", date(1945, 1, 2)),  # not 2045, as a computer's own rule would have it
        ("25.12.25", date(1925, 12, 25)),  # the day after the visit
        ("02.01.05", date(2005, 1, 2)),  # nobody is 120
        ("29.02.00", date(2000, 2, 29)),
    ],
)
def test_a_birth_year_of_two_digits_is_read_where_only_one_is_possible(
    own: Path, spelled: str, day: date
) -> None:
    assert born(own, spelled) == day


def test_a_birth_year_of_two_digits_that_may_be_either_is_refused(own: Path) -> None:
    assert born(own, "02.01.20") == (
        "Born has a year of two digits and may be of 1920 or 2020; export it with four"
    )
    assert isinstance(born(own, "02.01.11"), str)
    assert born(own, "02.01.11", seen="24.12.2027") == date(2011, 1, 2)


def our_report() -> bytes:
    heads = ["Our No", "Patient", "Insurance", "Policy Number", "Day", "Total Charge", "Open"]
    row = ["A-1", "Doe, Jane", "Alder Grove Health", "AGH1", "24.12.2025", "10.00", "10.00"]
    return kareo_csv([row], headings=heads, preamble=())


def test_a_mapping_of_one_s_own_is_read_like_a_shipped_one(own: Path) -> None:
    with pytest.raises(BadInput, match="nearest is kareo"):
        recognise(our_report(), "ours.csv")
    (own / "ours.yaml").write_text(MINE.format(name="ours"))
    mine = own_systems(own)
    (claim,) = read_export(our_report(), "ours.csv", payer_ids=PAYERS, own=mine).claims
    assert (claim.claim_id, claim.service_from) == ("A-1", date(2025, 12, 24))
    assert recognise(kareo_csv([kareo_row(1)]), "k.csv", own=mine).system.system == "kareo"


def test_one_s_own_mapping_comes_before_a_shipped_one(own: Path) -> None:
    heads = [*KAREO, "Our No", "Day", "Open"]
    data = kareo_csv([[*kareo_row(1), "A-1", "24.12.2025", "1.00"]], headings=heads)
    assert recognise(data, "k.csv").system.system == "kareo"
    (own / "ours.yaml").write_text(MINE.format(name="ours"))
    assert recognise(data, "k.csv", own=own_systems(own)).system.system == "ours"


def test_one_s_own_mapping_replaces_the_shipped_one_of_its_name(own: Path) -> None:
    (own / "kareo.yaml").write_text(MINE.format(name="kareo"))
    with pytest.raises(BadInput, match="columns are missing"):
        recognise(kareo_csv([kareo_row(1)]), "k.csv", own=own_systems(own))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("claim_id:", "claim_idd:"), r"ours.yaml:6: required.claim_idd: .*did you mean claim_id"),
        (("[Our No]", "[]"), "claim_id must list a heading of your export"),
        (("  billed", "  bill3d"), "bill3d"),
        (("dates:", "negative: [member_id]\ndates:"), "negative lists member_id, which holds no"),
        (("[Day]", "[Day, SSN]"), "a social security number is never read"),
        (("  balance: [Open]\n", ""), "required must map balance"),
    ],
)
def test_a_mistake_in_a_mapping_is_named_with_its_file(
    own: Path, change: tuple[str, str], says: str
) -> None:
    (own / "ours.yaml").write_text(MINE.format(name="ours").replace(*change))
    with pytest.raises(ProfileError, match=says) as caught:
        own_systems(own)
    assert "ours.yaml:" in str(caught.value)


def test_a_folder_without_mappings_and_two_of_one_name_are_refused(own: Path) -> None:
    with pytest.raises(ProfileError, match="no such folder"):
        own_systems(own / "nowhere")
    with pytest.raises(ProfileError, match="holds no mapping"):
        own_systems(own)
    for name in ("one", "two"):
        (own / f"{name}.yaml").write_text(MINE.format(name="ours"))
    with pytest.raises(ProfileError, match=r"two.yaml:1: system: ours is already the name"):
        own_systems(own)
