"""A ledger that is filled by copies is the one that sweeps would have filled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from many_nights import fill_by_copies, fill_by_sweeps
from web_console import ZONE

from billing.ledger import Ledger, open_ledger, tables

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
NIGHT = 250


def every_row(
    home: Path, fill: Callable[[Ledger, int, int, datetime], None], claims: int
) -> Mapping[str, Sequence[Any]]:
    ledger = open_ledger(home)
    fill(ledger, claims, NIGHT, NOW)
    ledger.take_up(NOW.astimezone(ZONE).date())
    with ledger._reading() as connection:
        rows = {
            table.name: connection.execute(table.select().order_by(*table.primary_key)).all()
            for table in tables.metadata.sorted_tables
        }
    assert list(ledger.problems()) == []
    ledger.close()
    return rows


@pytest.mark.parametrize("nights", [4])
def test_copied_nights_are_the_swept_ones_row_by_row(tmp_path: Path, nights: int) -> None:
    swept = every_row(tmp_path / "swept", fill_by_sweeps, nights * NIGHT)
    copied = every_row(tmp_path / "copied", fill_by_copies, nights * NIGHT)
    for name, rows in swept.items():
        assert copied[name] == rows, name
    assert len(swept["items"]) == nights * NIGHT
    assert len(swept["cases"]) > nights * NIGHT * 0.9
    assert swept["decided"]
    assert swept["refused"]


def test_the_comparison_sees_a_night_too_few(tmp_path: Path) -> None:
    swept = every_row(tmp_path / "swept", fill_by_sweeps, 2 * NIGHT)
    copied = every_row(tmp_path / "copied", fill_by_copies, NIGHT)
    assert swept["cases"] != copied["cases"]
    assert swept["case_counts"] != copied["case_counts"]
