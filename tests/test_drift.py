"""A portal whose words change is told of loudly, and the change to its profile is proposed."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import PROJECT
from ledger_samples import make_old
from portal_clients import SetClock, answering
from portal_faults import COMMERCIAL, SWEEP, WORLD, Night, Open, Sent, desks
from portal_worlds import AS_OF

from billing.ledger import open_ledger
from billing.report import Drift
from bots.portal.browser import Browser
from bots.profile import Profile, load_profile
from bots.reading.drift import nearest, propose
from console.swept import sweep_report
from flows.drift import drift_files
from sandbox.serve import Portals

PROFILE = PROJECT / "payer_profiles" / COMMERCIAL / "profile.yaml"


@pytest.fixture
def portals() -> Iterator[Portals]:
    with answering(WORLD, SetClock(), delay=0) as there:
        yield there


@pytest.fixture
def desk(browser_executable: Browser, portals: Portals, tmp_path: Path) -> Iterator[Open]:
    with desks(browser_executable, portals, tmp_path / "home") as sit:
        yield sit


def with_ways(folder: Path) -> Profile:
    """The profile with a second way to the form's button and to the document's."""
    shutil.copytree(PROFILE.parent, folder / COMMERCIAL)
    path = folder / COMMERCIAL / "profile.yaml"
    text = path.read_text(encoding="utf-8")
    flow = "click: {role: button, name: Search}"
    block = "      click: {role: button, name: Download EOB}\n"
    assert text.count(flow) == text.count(block) == 1
    text = text.replace(flow, 'click: [{role: button, name: Search}, {css: "form button"}]')
    text = text.replace(
        block,
        "      click:\n"
        "        - role: button  # as it was in March\n"
        "          name: Download the EOB\n"
        "        - role: button\n"
        "          name: Download EOB\n",
    )
    path.write_text(text, encoding="utf-8")
    return load_profile(folder / COMMERCIAL)


def reworded(sent: Sent) -> None:
    sent.body = sent.body.replace(b'"Search", (values)', b'"Find", (values)')
    sent.body = sent.body.replace(b"Billed amount", b"Amount billed")


def told(work: Night, profile: Profile, folder: Path) -> tuple[str, Path]:
    """The note of the drift, and the file that proposes the change."""
    report = sweep_report(work.ledger, SWEEP, {profile.id: profile})
    (note,) = [one.sentence for one in report.payer_notes if one.kind == "drift"]
    ((name, data),) = drift_files(work.ledger, report, {profile.id: profile}).values()
    assert name == f"drift-{COMMERCIAL}.diff"
    (folder / name).write_bytes(data)
    return note, folder / name


def applied(diff: Path, folder: Path) -> str:
    """The profile after git apply, as a person would run it."""
    done = subprocess.run(
        ["git", "apply", str(diff)],
        cwd=folder,
        env={"GIT_CEILING_DIRECTORIES": str(folder.parent), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return (folder / "profiles" / COMMERCIAL / "profile.yaml").read_text(encoding="utf-8")


def test_a_way_that_no_longer_leads_there_is_told_of_and_the_one_that_does_proposed_first(
    desk: Open, tmp_path: Path
) -> None:
    profile = with_ways(tmp_path / "profiles")
    work, _ = desk(COMMERCIAL, reworded)
    night = Night(work.ledger, replace(work.work, profile=profile))
    night.run()
    note, diff = told(night, profile, tmp_path)
    assert "role='button' name='Search' was found by its 2nd way, css='form button'" in note
    assert "charge: label 'Billed amount' was not found" in note
    assert "(drift score 4)" in note
    remarks = diff.read_text(encoding="utf-8")
    assert "is not on captured page" in remarks
    assert "nearest there: 'Amount billed'" in remarks
    text = applied(diff, tmp_path)
    assert 'click: [{css: "form button"}, {role: button, name: Search}]' in text
    changed = load_profile(tmp_path / "profiles" / COMMERCIAL).file.tasks.claim_status
    assert changed.submit is not None
    assert changed.submit.click is not None
    assert [str(way) for way in changed.submit.click] == [
        "css='form button'",
        "role='button' name='Search'",
    ]
    ledger = night.ledger.drift(SWEEP)[COMMERCIAL]
    assert sum(one.points for one in ledger) == 4


def test_a_block_of_ways_is_turned_without_a_change_to_anything_else(tmp_path: Path) -> None:
    profile = with_ways(tmp_path / "profiles")
    path = profile.folder / "profile.yaml"
    before = path.read_text(encoding="utf-8")
    drift = Drift("role='button' name='Download the EOB'", "role='button' name='Download EOB'", 2)
    diff = tmp_path / "x.diff"
    diff.write_text(propose(before, [drift], f"profiles/{COMMERCIAL}/profile.yaml"), "utf-8")
    after = applied(diff, tmp_path)
    was, now = before.splitlines(), after.splitlines()
    changed = [n for n, (one, other) in enumerate(zip(was, now, strict=True)) if one != other]
    assert len(was) == len(now)
    assert max(changed) - min(changed) <= 3
    document = load_profile(profile.folder).file.tasks.claim_status.document
    assert document is not None
    assert [way.name for way in document.click] == ["Download EOB", "Download the EOB"]


def test_a_portal_that_is_as_its_profile_says_has_no_drift(desk: Open) -> None:
    work, _ = desk(COMMERCIAL, lambda _: None)
    work.run()
    assert work.ledger.drift(SWEEP) == {}
    report = sweep_report(work.ledger, SWEEP, {})
    assert drift_files(work.ledger, report, {}) == {}
    assert report.payer_notes == ()


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("label 'Billed amount'", "Amount billed"),
        ("label 'Paid'", None),
        ("role='button' name='Search claims'", "Search for claims"),
    ],
)
def test_the_nearest_label_is_one_that_the_profile_has_not(wanted: str, found: str | None) -> None:
    page = (
        b"<dl><dt>Amount billed:</dt><dd>$5.00</dd><dt>Member</dt><dd>Ash, Bo 1980</dd></dl>"
        b"<button>Search for claims</button><h2>Claim</h2><h3 data-cs-hidden>Paid</h3>"
    )
    assert nearest(wanted, page, "label: Member") == found


@pytest.mark.sqlite_only
def test_a_ledger_of_before_is_brought_up_and_keeps_what_it_holds(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    kept = ledger.store(b"a page", "text/html")
    ledger.close()
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as database:
        database.execute("DROP TABLE drift")
        make_old(database, 1)
        database.commit()
    ledger = open_ledger(tmp_path)
    started = datetime.now(UTC)
    ledger.begin_sweep(SWEEP, business_date=AS_OF, exports=[], claims=[], refused=(), at=started)
    drift = (Drift("label='A'", "label='B'", 2), Drift("label='C'", evidence=kept))
    for _ in range(2):
        ledger.note_drift(SWEEP, COMMERCIAL, drift)
    assert ledger.drift(SWEEP) == {COMMERCIAL: drift}
    assert ledger.fetch(kept) == b"a page"
