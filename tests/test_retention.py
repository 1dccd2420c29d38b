"""Deletion by policy: what is old goes, bytes and all; what is held, young or shared stays."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from conftest import PROJECT
from ledger_samples import DAY, NOW, claim, conclusion, paid, payment

from billing.errors import BadInput
from billing.ledger import (
    EvidenceForgotten,
    Ledger,
    LedgerError,
    SweptExport,
    engines,
    open_ledger,
)
from billing.model import Claim, Finding, Outcome
from billing.retention import Kind, Policy
from flows.retention import apply, expiring, policy_of
from flows.settings import Settings, load_settings

OPEN, WAITS, HELD, FREE, ENDED = range(1, 6)
LATER = NOW + timedelta(days=400)
YOUNG = 390  # days after the first night
DONE = "already-posted"

KILLED = """
import os, sys
from datetime import datetime
from pathlib import Path
from billing.ledger.shelves import FolderShelf
from flows.retention import apply
from flows.settings import load_settings

FolderShelf.remove = lambda *_: os.kill(os.getpid(), 9)
settings = load_settings(home=Path(sys.argv[1]))
apply(settings, settings.open_ledger(), datetime.fromisoformat(sys.argv[2]))
"""
"""Deletes by policy, and dies when the rows are gone and the bytes are not yet."""


def named(number: int) -> Claim:
    """A claim whose patient nobody shares."""
    return replace(claim(number), patient_last=f"Quillmark{number}x", member_id=f"MBRMARK{number}x")


def settle(ledger: Ledger, sweep_id: str, export: SweptExport, own: str, shared: str) -> None:
    """Everything that waits: each claim with a page of its own, and one of all together."""
    while (item := ledger.lease_item(sweep_id, "acme", "w", seconds=60, now=NOW)) is not None:
        number = item.claim.source.row
        page = ledger.store(f"{own} of Quillmark{number}x".encode(), "text/html")
        said = conclusion(Outcome.PAID, None, page, shared)
        if number not in (OPEN, ENDED):
            finding = Finding(DONE, "Why.", Decimal(0), "Nothing.", DAY, "a rule", False)
            said = replace(said, finding=finding)
        assert ledger.settle(
            item.item_id,
            item.fence,
            observations=[paid(page, note=f"Quillmark{number}x")],
            conclusion=said,
            postings=[replace(payment(f"T{number}"))] if number == WAITS else [],
            seconds=Decimal(1),
            at=NOW,
        )


def swept(ledger: Ledger, sweep_id: str, days: int, numbers: tuple[int, ...], shared: str) -> None:
    """A finished sweep so many days after the first night, and its cases."""
    data = f"export {sweep_id} " + " ".join(f"Quillmark{n}x" for n in numbers)
    export = SweptExport(f"{sweep_id}.csv", ledger.store(data.encode(), "text/csv"), "generic", 3)
    at = NOW + timedelta(days=days)
    claims = [
        replace(named(n), source=replace(named(n).source, export_sha256=export.sha256))
        for n in numbers
    ]
    ledger.begin_sweep(
        sweep_id,
        business_date=DAY + timedelta(days=days),
        exports=[export],
        claims=claims,
        refused=(),
        at=at,
    )
    settle(ledger, sweep_id, export, f"page {sweep_id}", shared)
    ledger.finish_sweep(sweep_id, at)
    ledger.take_up(DAY + timedelta(days=days))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An old night with claims that are held for every reason, and a young one."""
    made = open_ledger(tmp_path / "home")
    shared = made.store(b"a page of all of them", "text/html")
    swept(made, "old", 0, (OPEN, WAITS, HELD, FREE, ENDED), shared)
    swept(made, "young", YOUNG, (6,), shared)
    yield made
    made.close()


def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, retention: str) -> Settings:
    path = tmp_path / "settings.toml"
    path.touch(mode=0o600)
    path.write_text(f"[retention]\n{retention}\n")
    monkeypatch.setenv("CLAIMSWEEP_SETTINGS", str(path))
    monkeypatch.setenv("CLAIMSWEEP_ARTIFACTS", str(tmp_path / "artifacts"))
    return load_settings(home=tmp_path / "home")


def holds(home: Path, text: str) -> list[str]:
    """The files of the home with these bytes in them."""
    files = [path for path in home.rglob("*") if path.is_file()]
    return [path.name for path in files if text.encode() in path.read_bytes()]


def test_without_a_policy_nothing_is_deleted(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for retention in ("", "answers_days = 90\nlegal_hold = true"):
        mine = settings(tmp_path, monkeypatch, retention)
        assert expiring(mine, ledger, LATER) == []
        assert apply(mine, ledger, LATER).evidence == 0
    assert holds(tmp_path / "home", f"Quillmark{FREE}x")


@pytest.mark.sqlite_only
def test_what_is_old_and_held_by_nothing_is_gone_to_the_last_byte(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = settings(tmp_path, monkeypatch, f'answers_days = 90\nlegal_hold = ["C{HELD:05}"]')
    (told,) = expiring(mine, ledger, LATER)
    assert told.held == {
        "an open case": 2,
        "a batch that is not exported": 1,
        "a legal hold": 1,
    }
    assert told.going == 1
    done = apply(mine, ledger, LATER)
    assert done.things == {Kind.ANSWERS: 1}
    home = tmp_path / "home"
    shared = {*holds(home, f"export old Quillmark{OPEN}x")}  # the night's own export, still needed
    assert set(holds(home, f"Quillmark{FREE}x")) == shared
    assert holds(home, f"MBRMARK{FREE}x") == []
    for number in (OPEN, WAITS, HELD, ENDED, 6):
        assert "ledger.sqlite" in holds(home, f"MBRMARK{number}x")
    assert ledger.verify_evidence(_listed(ledger)) == []
    assert [one for look in ledger.looks().values() for one in look() if one] == []
    (entry,) = [one for one in ledger.audit_trail() if one.act == "deleted by policy"]
    assert entry.detail["claims"] == 1
    assert "Quill" not in str(entry)
    assert ledger.audit_problems() == []
    assert apply(mine, ledger, LATER).things == {Kind.ANSWERS: 0}


@pytest.mark.sqlite_only
def test_a_case_that_a_person_ended_goes_with_its_claim_once_that_is_long_ago(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = settings(tmp_path, monkeypatch, "answers_days = 90")
    (case,) = ledger.cases_of_claim(f"C{ENDED:05}")
    ledger.resolve_cases([case.case_id], "paid", by="ann", at=LATER - timedelta(days=1))
    apply(mine, ledger, LATER)
    assert "ledger.sqlite" in holds(tmp_path / "home", f"MBRMARK{ENDED}x")
    apply(mine, ledger, LATER + timedelta(days=100))
    assert holds(tmp_path / "home", f"MBRMARK{ENDED}x") == []
    assert "ledger.sqlite" in holds(tmp_path / "home", f"MBRMARK{OPEN}x")


def test_captures_go_and_figures_say_since_when(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = settings(tmp_path, monkeypatch, "captures_days = 90")
    (page,) = [
        one for one in _listed(ledger) if f"old of Quillmark{FREE}x".encode() in ledger.fetch(one)
    ]
    (told,) = expiring(mine, ledger, LATER)
    assert told.going == 2, "the pages of the claims that nothing holds, and no export"
    apply(mine, ledger, LATER)
    with pytest.raises(EvidenceForgotten, match=r"deleted by policy on 2027-12-\d\d"):
        ledger.fetch(page)
    assert ledger.results("old"), "the answers stay"
    assert ledger.verify_evidence(_listed(ledger)) == []
    assert [one for look in ledger.looks().values() for one in look() if one] == []
    assert holds(tmp_path / "home" / "evidence", f"page old of Quillmark{FREE}x") == []
    assert holds(tmp_path / "home" / "evidence", "a page of all of them"), "a young claim needs it"
    again = ledger.store(f"page old of Quillmark{FREE}x".encode(), "text/html")
    assert again == page
    assert ledger.fetch(page), "captured anew, it is there again"


def test_killed_in_the_middle_the_next_call_goes_on(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = settings(tmp_path, monkeypatch, "answers_days = 90")
    ledger.close()
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "home"), LATER.isoformat()],
        cwd=PROJECT,
        env=dict(os.environ),
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == -9, done.stderr.decode()
    left = open_ledger(tmp_path / "home")
    assert holds(tmp_path / "home" / "evidence", f"page old of Quillmark{FREE}x"), "not yet gone"
    apply(mine, left, LATER)
    assert holds(tmp_path / "home" / "evidence", f"page old of Quillmark{FREE}x") == []
    assert holds(tmp_path / "home", f"MBRMARK{FREE}x") == []
    assert left.audit_problems() == []
    left.close()


@pytest.mark.sqlite_only
def test_space_that_others_keep_from_being_given_back_is_told_and_given_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0)
    ledger = open_ledger(tmp_path / "home")
    file = ledger.home / "ledger.sqlite"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("CREATE TABLE large (data BLOB)")
        other.execute("INSERT INTO large VALUES (zeroblob(4000000))")
        other.execute("DROP TABLE large")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerError, match="not given back yet"):
            ledger.give_back_space()
        other.execute("ROLLBACK")
    held = file.stat().st_size
    asked = settings(tmp_path, monkeypatch, "answers_days = 365")
    apply(asked, ledger, LATER)  # nothing is old
    assert file.stat().st_size < held / 4
    ledger.close()


def test_files_of_old_sweeps_go_and_folders_that_people_named_stay(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = settings(tmp_path, monkeypatch, "outputs_days = 30")
    for name in ("20261124-0123abcd", "for-the-auditor"):
        folder = tmp_path / "artifacts" / name
        folder.mkdir(parents=True)
        (folder / "morning.html").write_text("x")
        for path in (folder / "morning.html", folder):
            os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    apply(mine, ledger, LATER)
    assert [path.name for path in (tmp_path / "artifacts").iterdir()] == ["for-the-auditor"]


@pytest.mark.parametrize(
    ("retention", "said"),
    [
        ("answer_days = 90", "has no answer_days; it has answers_days"),
        ("answers_days = 10", "answers_days is a number of days, 90 or more"),
        ("answers_days = true", "answers_days is a number of days, 90 or more"),
        ("answers_days = 90\ncaptures_days = 100", "captures_days is more than answers_days"),
        ("legal_hold = 1", "legal_hold is a list of claim numbers"),
        ("audit_days = 2190", "the audit trail is never deleted"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused(
    retention: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadInput, match=said):
        policy_of(settings(tmp_path, monkeypatch, retention))


def test_a_policy_is_days_and_claims_on_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = settings(tmp_path, monkeypatch, 'answers_days = 2555\nlegal_hold = ["1"]')
    assert policy_of(mine) == Policy({Kind.ANSWERS: 2555}, frozenset({"1"}))


def _listed(ledger: Ledger) -> list[str]:
    return [one for one, _ in ledger._listed("")]
