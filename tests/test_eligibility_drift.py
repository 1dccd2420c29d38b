"""A portal whose eligibility pages are not as its profile says is told of, with the change."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from conftest import PROJECT, SandboxServer
from sweeping import Desk, furnish

from bots.profile import load_profile

pytestmark = pytest.mark.usefixtures("browser_executable")
PAYER = "juniper-ridge"
SEEDS = count(31)  # a portal for each test: none takes one code of an authenticator twice
CHANGES = {
    "click: {role: button, name: Check eligibility}": (
        'click: [{role: button, name: Verify}, {role: button, name: "Check eligibility"}]'
    ),
    "begins: {label: Coverage begins}": "begins: {label: Cover begins}",
    "out_of_pocket: {column: Out-of-pocket maximum}": "out_of_pocket: {column: Out-of-pocket max}",
}


@pytest.fixture
def desk(sandbox_server: Callable[..., SandboxServer], tmp_path: Path) -> Desk:
    sandbox = sandbox_server(next(SEEDS), 20)
    sandbox.run("schedule", str(tmp_path / "schedule.csv"))
    desk = Desk(sandbox, tmp_path)
    furnish(desk.home)
    return desk


def check(desk: Desk, profiles: Path, *codes: int) -> dict[str, Any]:
    asked = ("--schedule", str(desk.folder / "schedule.csv"), "--payer", PAYER, "--limit", "3")
    done = desk.run(desk.command("eligibility", *asked, "--json", "--profiles", str(profiles)))
    assert done.returncode in codes, done.stderr[-3000:]
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_what_the_profile_has_wrong_is_told_with_a_patch_of_the_profile(
    desk: Desk, tmp_path: Path
) -> None:
    profiles = Path(shutil.copytree(PROJECT / "payer_profiles", tmp_path / "profiles"))
    path = profiles / PAYER / "profile.yaml"
    text = path.read_text(encoding="utf-8")
    for before, after in CHANGES.items():
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    path.write_text(text, encoding="utf-8")
    checked = check(desk, profiles, 2)  # its canary stops the run
    (note,) = [one["sentence"] for one in checked["payer_notes"] if one["kind"] == "drift"]
    assert "role='button' name='Verify' was found by its 2nd way" in note
    assert "begins: label 'Cover begins' was not found" in note
    assert "out_of_pocket: column 'Out-of-pocket max' was not found" in note
    assert "(drift score 7)" in note
    (diff,) = [Path(file) for what, file in checked["files"].items() if what.startswith("drift")]
    remarks = diff.read_text(encoding="utf-8")
    assert "nearest there: 'Coverage begins'" in remarks
    assert "nearest there: 'Out-of-pocket maximum'" in remarks
    done = subprocess.run(
        ["git", "apply", str(diff)],
        cwd=tmp_path,
        env={"GIT_CEILING_DIRECTORIES": str(tmp_path.parent), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    task = load_profile(profiles / PAYER).file.tasks.eligibility
    assert task is not None
    assert task.submit.click is not None
    assert [way.name for way in task.submit.click] == ["Check eligibility", "Verify"]


def test_a_portal_that_is_as_its_profile_says_has_no_drift(desk: Desk) -> None:
    checked = check(desk, PROJECT / "payer_profiles", 0, 1)
    assert checked["payer_notes"] == []
    assert not [what for what in checked["files"] if what.startswith("drift")]
