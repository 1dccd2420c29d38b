"""What cannot be written is left out of the file and told; what can be is written all the same."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import PROJECT
from exports_samples import kareo_csv, kareo_row
from test_edi_write import SETTINGS, read_back
from test_several_payments import bound, three
from typer.testing import CliRunner, Result

from billing.errors import BadInput
from bots.layout import load_layout
from bots.reading.eob import read_eob
from flows.command import app

LAYOUT = PROJECT / "tests" / "layouts" / "ferngate.yaml"


@pytest.fixture(autouse=True)
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, issuer = tmp_path / "settings.toml", tmp_path / "profiles" / "_issuers" / "ferngate"
    file.write_text(SETTINGS)
    file.chmod(0o600)
    issuer.mkdir(parents=True)
    (issuer / "eob.yaml").write_bytes(LAYOUT.read_bytes())
    payer = PROJECT / "payer_profiles" / "blue-mesa"
    shutil.copytree(payer, tmp_path / "profiles" / payer.name)
    monkeypatch.setenv("CLAIMSWEEP_SETTINGS", str(file))
    monkeypatch.setenv("CLAIMSWEEP_PROFILES", str(tmp_path / "profiles"))


def documents(tmp_path: Path, quality: str = "text") -> Path:
    """A PDF of three payments, the second in ``quality``."""
    file = tmp_path / "three.pdf"
    file.write_bytes(bound([one.data for one in three(quality)]))
    return file


def write(tmp_path: Path, *files: Path) -> tuple[Result, Path]:
    out = tmp_path / "out.835"
    command = ["edi", "write", "835", *map(str, files), "--out", str(out), "--json"]
    return CliRunner().invoke(app, command), out


def test_a_payment_out_of_balance_is_left_out_and_the_others_are_written(tmp_path: Path) -> None:
    file = documents(tmp_path, "digit")
    done, out = write(tmp_path, file)
    assert done.exit_code == 1, done.output or done.exception
    first, off, last = read_eob(file.read_bytes(), {"ferngate": load_layout(LAYOUT)}).remittances
    assert read_back(out.read_bytes()) == [replace(one, places={}) for one in (first, last)]
    said = json.loads(done.stdout)
    assert said["count"] == 2
    (reason,) = said["left_out"]
    assert reason.startswith(f"{file}: The payment {off.trace_number} does not balance (")


def test_a_file_that_cannot_be_read_is_told_beside_those_that_can(tmp_path: Path) -> None:
    torn = tmp_path / "torn.pdf"
    torn.write_bytes(documents(tmp_path).read_bytes()[:2000])
    done, out = write(tmp_path, torn, tmp_path / "three.pdf")
    assert done.exit_code == 1
    (reason,) = json.loads(done.stdout)["left_out"]
    assert reason.startswith(f"{torn}: ")
    assert len(read_back(out.read_bytes())) == 3


def test_the_same_payment_in_two_files_is_written_once(tmp_path: Path) -> None:
    file, copy = documents(tmp_path), tmp_path / "copy.pdf"
    copy.write_bytes(file.read_bytes())
    done, out = write(tmp_path, file, copy)
    assert done.exit_code == 1
    again = json.loads(done.stdout)["left_out"]
    assert len(again) == 3
    assert all("stands here once more" in reason for reason in again)
    assert len(read_back(out.read_bytes())) == 3


def test_where_nothing_balances_nothing_is_written_and_each_reason_told(tmp_path: Path) -> None:
    first, second = tmp_path / "first.pdf", tmp_path / "second.pdf"
    first.write_bytes(three("digit")[1].data)
    second.write_bytes(b"%PDF-1.7 torn")
    done, out = write(tmp_path, first, second)
    assert isinstance(done.exception, BadInput)
    said = str(done.exception).splitlines()
    assert [one.partition(": ")[0] for one in said] == [str(first), str(second)]
    assert not out.exists()


def test_a_row_that_is_no_claim_is_told_beside_the_claims_asked_about(tmp_path: Path) -> None:
    blue = {"Insurance": "Blue Mesa HP"}
    rows = [kareo_row(1, **blue), kareo_row(2, **blue, **{"DOS From": "someday"}), []]
    export, out = tmp_path / "aging.csv", tmp_path / "out.276"
    export.write_bytes(kareo_csv(rows))
    with (tmp_path / "settings.toml").open("a") as settings:
        settings.write('[edi_payers]\nblue-mesa = "12345"\n')
    command = ["edi", "write", "276", str(export), "--out", str(out)]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 1, done.output or done.exception
    asked, *left_out = done.stdout.splitlines()
    assert asked == f"{out}: a 276 about 1"
    (reason,) = left_out  # the blank row is not missed
    assert "left out: aging.csv: row 7: " in reason
    assert out.read_bytes().count(b"\nTRN*") == 1
