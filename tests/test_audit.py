"""The audit trail: whole when only added to, and telling of every change, loss and move."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.ledger import Ledger, open_ledger

AT = datetime(2026, 11, 24, 3, 0, 0, 123456, tzinfo=UTC)
ENTRIES = 6


def written(home: Path) -> Ledger:
    ledger = open_ledger(home)
    for n in range(ENTRIES):
        ledger.note(
            "ann", "case viewed", f"case {n}", at=AT + timedelta(seconds=n), detail={"n": n}
        )
    return ledger


def tamper(ledger: Ledger, *statements: str) -> None:
    """What somebody does who has the database, and is no ledger."""
    with ledger._engine.begin() as connection:
        for one in statements:
            connection.exec_driver_sql(one)


WORDS = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=9)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(WORDS, WORDS, st.dictionaries(WORDS, st.integers())), max_size=8))
def test_a_trail_that_was_only_added_to_is_whole(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, dict[str, int]]]
) -> None:
    ledger = open_ledger(tmp_path_factory.mktemp("home"))
    seals = [ledger.audit_seal()]
    for who, subject, detail in rows:
        ledger.note(who, "did", subject, at=AT, detail=detail)
        seals.append(ledger.audit_seal())
    assert all(ledger.audit_problems(seal) == [] for seal in seals)
    read = [(one.who, one.subject, one.detail) for one in ledger.audit_trail()]
    assert read == list(reversed(rows))
    ledger.close()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE audit SET who = 'bob' WHERE seq = 3", "entry 3 "),
        ("UPDATE audit SET at = '2026-11-24 04:00:00.000000' WHERE seq = 2", "entry 2 "),
        ("UPDATE audit SET detail = '{}' WHERE seq = 6", "entry 6 "),
        ("UPDATE audit SET subject = 'case 9' WHERE seq = 1", "entry 1 "),
        ("DELETE FROM audit WHERE seq = 3", "3 to 3 are missing"),
        ("DELETE FROM audit WHERE seq = 1", "1 to 1 are missing"),
    ],
)
def test_a_changed_or_removed_entry_is_told(tmp_path: Path, change: str, told: str) -> None:
    ledger = written(tmp_path)
    tamper(ledger, change)
    assert told in " ".join(ledger.audit_problems())


def test_entries_that_changed_places_are_told(tmp_path: Path) -> None:
    ledger = written(tmp_path)
    tamper(
        ledger,
        "UPDATE audit SET seq = 100 WHERE seq = 3",
        "UPDATE audit SET seq = 3 WHERE seq = 4",
        "UPDATE audit SET seq = 4 WHERE seq = 100",
    )
    assert len(ledger.audit_problems()) >= 2


def test_a_cut_end_is_told_by_a_seal_that_was_kept(tmp_path: Path) -> None:
    ledger = written(tmp_path)
    seal = ledger.audit_seal()
    tamper(ledger, "DELETE FROM audit WHERE seq > 4")
    assert ledger.audit_problems() == []
    assert ledger.audit_problems(seal) == ["The audit trail ends at entry 4, and held 6 once."]
    for n in range(3):  # and written on, as if nothing had been
        ledger.note("bob", "case viewed", f"case {n}", at=AT)
    assert ledger.audit_problems() == []
    assert "does not bear the seal" in ledger.audit_problems(seal)[0]


def verify(home: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "flows", "audit", "verify", "--home", str(home), *more]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.sqlite_only
def test_the_command_ends_with_1_for_a_broken_trail(tmp_path: Path) -> None:
    ledger = written(tmp_path)
    whole = verify(tmp_path, "--json")
    assert (whole.returncode, json.loads(whole.stdout)["problems"]) == (0, [])
    seal = json.loads(whole.stdout)["seal"]
    tamper(ledger, "UPDATE audit SET act = 'nothing' WHERE seq = 5")
    broken = verify(tmp_path, "--seal", seal)
    assert broken.returncode == 1
    assert "FAIL Audit entry 5 is not what was written." in broken.stdout
    assert verify(tmp_path, "--seal", "6").returncode == 2
