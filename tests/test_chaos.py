"""A sweep killed while a file is written leaves it whole or not there; the judge would see it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import PROJECT

sys.path.insert(0, str(PROJECT / "tests" / "chaos"))

from chaos_town import Town, town
from faults import Fault
from judge import Verdict, judge_files
from night import Night
from run import Tally, live_through

SEED, CLAIMS = 1, 4


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(tmp_path_factory.mktemp("town"), seed=SEED, claims=CLAIMS) as town_of_all:
        yield town_of_all


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("control", ["torn_files", ""])
def test_the_judge_sees_files_that_are_written_in_place(
    there: Town, tmp_path: Path, control: str
) -> None:
    at_the_kill = Verdict()

    def kill_in_a_half(night: Night) -> bool:
        """Kill -9 while a file under its own name may be half there."""
        before = set(night.shelf.glob("??/*"))
        while night.alive:
            if set(night.shelf.glob("??/*")) - before:
                night.kill()
                judge_files(night, at_the_kill)
                return True
        return False

    fault, tally = Fault("kill -9 while a file is written", kill_in_a_half), Tally()
    verdict = live_through(there, tmp_path / "night", [fault], 2, tally, control=control)
    assert tally.faults
    assert verdict.kept, f"what is asked again is stored again: {verdict.why}"
    assert bool(at_the_kill.half_written) is bool(control), at_the_kill.why
