"""Where no bot may enter: a worklist by hand, a registration sheet, and a warning in time."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree

import openpyxl
import pytest
import yaml
from conftest import PROJECT
from exports_samples import kareo_csv, kareo_row

PROFILES = PROJECT / "payer_profiles"
CLAIMS = [
    kareo_row(
        12345,
        Insurance="Juniper Ridge HP",
        Patient="O'Quillan, =1+1",
        **{"Policy Number": " JRH7 "},
    ),
    kareo_row(12346, Insurance="Franklin State Medicaid"),
    kareo_row(12347, Insurance="Nobody Knows Health"),
]


@pytest.fixture
def profiles(tmp_path: Path) -> Path:
    """The shipped profiles, one of which forbids bots and one expires in ten days."""
    folder = tmp_path / "profiles"
    copytree(PROFILES, folder)
    soon = (datetime.now(UTC) + timedelta(days=10)).date()
    for payer, policy in {
        "juniper-ridge": {"automation": "prohibited"},
        "franklin-medicaid": {"approval_expires": soon},
    }.items():
        path = folder / payer / "profile.yaml"
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        values["policy"] |= policy
        path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return folder


def claimsweep(tmp_path: Path, profiles: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "flows", *arguments, "--profiles", str(profiles)],
        cwd=PROJECT,
        env=os.environ | {"CLAIMSWEEP_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_claims_that_no_bot_may_ask_about_come_ready_to_be_typed(
    suffix: str, tmp_path: Path, profiles: Path
) -> None:
    export, out = tmp_path / "aging.csv", tmp_path / "out" / f"by-hand{suffix}"
    export.write_bytes(kareo_csv(CLAIMS))
    said = claimsweep(
        tmp_path, profiles, "policy", "worklist", "--export", str(export), "--out", str(out)
    )
    assert said == f"2 claims to look up by hand: {out}\n"
    assert out.stat().st_mode & 0o077 == 0
    if suffix == ".csv":
        rows = list(csv.DictReader(io.StringIO(out.read_bytes().decode("utf-8-sig"))))
        assert rows[0]["First name"] == "'=1+1", "nothing in a CSV runs as a formula"
    else:
        head, *cells = openpyxl.load_workbook(out).active.iter_rows(values_only=True)
        rows = [dict(zip(head, row, strict=True)) for row in cells]
        assert rows[0]["First name"] == "=1+1"
    juniper, nobody = rows
    assert juniper["Member ID"] == "JRH7", "a blank at its end fails a search"
    assert juniper["Claim"] == "00012345"
    assert juniper["Date of birth"] == "01/02/1980"
    assert juniper["Billed"] == "13345.50"
    assert "forbid automation" in juniper["Why by hand"]
    assert "Member ID: JRH7; Date of birth: 01/02/1980" in juniper["Type into the portal"]
    assert "no payer profile" in nobody["Why by hand"]


def test_the_registration_sheet_says_what_the_bot_does_and_never_does(
    tmp_path: Path, profiles: Path
) -> None:
    sheet = claimsweep(tmp_path, profiles, "policy", "registration", "juniper-ridge")
    assert "| Hosts | https://providers.juniper-ridge.example |" in sheet
    assert "| Second factor | totp |" in sheet
    assert "| Searched with | member id, date of birth, service from, service to |" in sheet
    assert "It never solves a CAPTCHA" in sheet
    shown = claimsweep(tmp_path, profiles, "policy", "show")
    (line,) = [one for one in sheet.splitlines() if one.startswith("| Hash")]
    assert line.split("|")[2].strip() in shown


def test_an_approval_that_ends_soon_is_told_of(tmp_path: Path, profiles: Path) -> None:
    shown = claimsweep(tmp_path, profiles, "policy", "show").splitlines()
    soon = (datetime.now(UTC) + timedelta(days=10)).date()
    warned = [one for one in shown if "expires on" in one]
    assert warned == [f"  its approval expires on {soon}: have it renewed"]
