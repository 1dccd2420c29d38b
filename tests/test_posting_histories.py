"""Random histories of payments leave the books as a plain model says, whatever is cut off."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

import pytest
from payment_worlds import make_world
from posting_histories import make_template, run_history

import billing.ledger.batch_parts
import billing.reconcile.order


@pytest.fixture
def template(tmp_path: Path) -> Path:
    return make_template(tmp_path / "template")


def run_some(folder: Path, template: Path, seeds: Iterable[int]) -> None:
    for seed in seeds:
        run_history(folder, template, seed)


@pytest.mark.either_ledger
def test_the_books_are_what_the_model_says(tmp_path: Path, template: Path) -> None:
    run_some(tmp_path, template, range(10))


@pytest.mark.parametrize("first", range(10, 40, 10))
def test_the_books_of_more_histories_are_what_the_model_says(
    tmp_path: Path, template: Path, first: int
) -> None:
    run_some(tmp_path, template, range(first, first + 10))


def part_some(folder: Path, template: Path, seeds: Iterable[int]) -> None:
    for seed in seeds:
        run_history(folder, template, seed, acts=8, parting=True)


@pytest.mark.either_ledger
def test_parting_a_batch_moves_what_it_posts_and_loses_nothing(
    tmp_path: Path, template: Path
) -> None:
    """Postings in are postings out, totals add up, and no reversal can go out first."""
    part_some(tmp_path, template, range(6))


def test_parting_more_batches_moves_what_they_post_and_loses_nothing(
    tmp_path: Path, template: Path
) -> None:
    part_some(tmp_path, template, range(6, 20))


def test_the_model_sees_a_batch_that_could_never_go_out(
    tmp_path: Path, template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A control: parting that asks nothing about reversals does not pass."""
    monkeypatch.setattr(billing.ledger.batch_parts, "why_together", lambda *_: "")
    with pytest.raises(AssertionError, match="could never go out"):
        part_some(tmp_path, template, range(20))


def test_the_worlds_hold_everything_that_may_go_wrong() -> None:
    worlds = [make_world(random.Random(seed)) for seed in range(40)]
    statuses = [c.status for world in worlds for p in world.payments for c in p.claims]
    reasons = [a.reason for world in worlds for p in world.payments for a in p.provider_adjustments]
    assert set(statuses) == {"1", "2", "22"}
    assert min(statuses.count(one) for one in ("1", "2", "22")) > 10
    assert set(reasons) == {"WO", "FB"}


def test_the_model_sees_what_is_posted_twice(
    tmp_path: Path, template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A control: a reversal that needs no payment before it does not pass."""
    monkeypatch.setattr(billing.reconcile.order._Books, "_original", lambda *_: "")
    with pytest.raises(AssertionError):
        run_some(tmp_path, template, range(20))
