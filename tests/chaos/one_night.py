"""A night of faults keeps every promise, and the judge sees one that is broken."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chaos_town import Town, town
from faults import FAULTS
from judge import judge
from night import Night
from run import Tally, live_through

SEED, CLAIMS = 1, 4
CHOSEN = (
    "kill -9 of the flow",
    "kill -9 of the browser",
    "kill -9 in a commit",
    "disk full",
    "clock off by hours",
    "evidence damaged",
    "answer cut off",
    "portal shows another patient",
)
LEAST = 6


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(tmp_path_factory.mktemp("town"), seed=SEED, claims=CLAIMS) as town_of_all:
        yield town_of_all


@pytest.mark.browser
@pytest.mark.slow
def test_a_night_of_faults_keeps_every_promise(there: Town, tmp_path: Path) -> None:
    tally, seen = Tally(), dict[str, int]()

    def controls(
        night: Night, document: dict[str, Any] | None, before: dict[str, dict[str, int]]
    ) -> None:
        """What must not be, planted one after the other in what the night left."""
        assert document is not None
        answers = Path(document["answers"])
        whole = answers.read_bytes()
        rows = json.loads(whole)
        answers.write_text(json.dumps(rows[1:]))
        seen["answers_lost"] = judge(night, document, before).answers_lost
        paid = next(row for row in rows if row["paid"] not in (None, "0.00"))
        answers.write_text(json.dumps([*(r for r in rows if r is not paid), {**paid, "paid": "9"}]))
        seen["wrong_values"] = judge(night, document, before).wrong_values
        answers.write_bytes(whole)
        book = min(answers.parent.glob("*.xlsx"))
        book.write_bytes(book.read_bytes()[:-200])
        seen["half_written"] = judge(night, document, before).half_written
        with sqlite3.connect(night.home / "ledger.sqlite") as db:
            db.execute("INSERT INTO batches VALUES ('again', 'again', 'proposed', '2026-11-26')")
            db.execute(
                "INSERT INTO postings SELECT 'again', position, key, unit, item_id, posting "
                "FROM postings LIMIT 1"
            )
        twice = judge(night, document, before)
        seen["postings_twice"], seen["ledger_unsound"] = twice.postings_twice, twice.ledger_unsound
        fewer = {p: {n: c - 99 for n, c in counts.items()} for p, counts in before.items()}
        portals = judge(night, document, fewer)
        seen["lockouts"], seen["sessions_at_once"] = portals.lockouts, portals.sessions_at_once

    faults = [one for one in FAULTS if one.kind in CHOSEN]
    verdict = live_through(there, tmp_path / "night", faults, SEED, tally, afterwards=controls)
    assert verdict.kept, verdict.why
    assert sum(tally.faults.values()) >= LEAST, tally.faults
    assert tally.resumes, "no resume was measured"
    assert len(seen) == 7
    assert all(seen.values()), f"the judge did not see what was planted: {seen}"
