"""Bad input gets one clear sentence and exit code 2, and leaves nothing half-written."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import PROJECT


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad")
    command = [sys.executable, "-m", "sandbox", "bad", str(folder), "--claims", "10"]
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, timeout=60)
    return folder


def claimsweep(home: Path | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    at_home = ("--home", str(home)) if home else ()
    return subprocess.run(
        [sys.executable, "-m", "flows", *arguments, *at_home],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 2, done.stdout + done.stderr
    said = done.stderr.strip()
    assert said
    assert "\n" not in said
    assert "Traceback" not in said
    assert "Unexpected" not in said
    return said


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("missing-columns.csv", "Policy Number"),
        ("empty.csv", "empty"),
        ("binary.csv", "binary"),
        ("corrupt.xlsx", "damaged"),
        ("not-there.csv", "cannot be read"),
    ],
)
def test_a_bad_export_is_refused_by_name(bad: Path, tmp_path: Path, name: str, says: str) -> None:
    out = tmp_path / "out"
    done = claimsweep(tmp_path / "home", "sweep", "--export", str(bad / name), "--out", str(out))
    said = one_sentence(done)
    assert name in said
    assert says in said
    assert not out.exists()


def test_one_bad_export_among_good_ones_stops_the_sweep_before_it_begins(
    bad: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "sandbox", "export", str(tmp_path / "x"), "--claims", "10"]
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, timeout=60)
    good = str(tmp_path / "x" / "juniper-ridge.csv")
    home = tmp_path / "home"
    exports = ("--export", good, "--export", str(bad / "empty.csv"))
    assert "empty.csv" in one_sentence(claimsweep(home, "sweep", *exports))
    done = claimsweep(home, "report")
    assert "holds no sweep" in one_sentence(done)


def test_with_json_a_refusal_is_one_document_too(bad: Path, tmp_path: Path) -> None:
    done = claimsweep(tmp_path / "h", "sweep", "--export", str(bad / "empty.csv"), "--json")
    assert one_sentence(done) == json.loads(done.stdout)["error"]


def test_a_profile_with_an_unknown_verb_names_file_line_and_what_is_allowed(tmp_path: Path) -> None:
    profiles = tmp_path / "profiles"
    shutil.copytree(PROJECT / "payer_profiles", profiles)
    path = profiles / "juniper-ridge" / "profile.yaml"
    text = path.read_text(encoding="utf-8")
    line = text.splitlines().index("      - click: {role: link, name: Claims}") + 1
    path.write_text(text.replace("click: {role: link, name: Claims}", "tap: {text: Claims}"))
    done = claimsweep(None, "profile", "lint", "--profiles", str(profiles))
    assert done.returncode == 1
    assert f"{path}:{line}:" in done.stdout
    assert "allowed here: check, choose, click, expect, fill, go, gone" in done.stdout


@pytest.mark.parametrize(
    ("name", "says"),
    [("page.html.pdf", "web page"), ("truncated.pdf", "ends too early"), ("no.pdf", "cannot be")],
)
def test_a_document_that_is_none_is_an_error_of_that_file(bad: Path, name: str, says: str) -> None:
    done = claimsweep(None, "eob", "read", str(bad / name), "--json")
    assert done.returncode == 2
    (entry,) = json.loads(done.stdout)["files"]
    assert entry["payments"] == []
    assert says in entry["errors"][0]


def test_a_secret_that_is_missing_stops_before_a_browser_opens(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sandbox", "export", str(tmp_path / "x"), "--claims", "10"]
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, timeout=60)
    export = str(tmp_path / "x" / "juniper-ridge.csv")
    out = tmp_path / "out"
    done = claimsweep(tmp_path / "home", "sweep", "--export", export, "--out", str(out), "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["outcomes"]["no_answer"] == 10
    answers = json.loads((out / "answers.json").read_text(encoding="utf-8"))
    assert {row["outcome"] for row in answers} == {"no_answer"}
    assert "CLAIMSWEEP_SECRET_JUNIPER_RIDGE_" in (out / "exceptions.csv").read_text("utf-8-sig")
