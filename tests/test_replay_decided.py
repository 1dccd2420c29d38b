"""What a search came to is decided again offline: none, listed without ours, several, down."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import PROJECT
from portal_clients import SetClock, answering
from portal_faults import MEDICAID, PAID, SWEEP, WORLD, billed, night, quick_profile
from portal_worlds import RECIPIENT_DOWN

from billing.model import Claim, NoAnswer, NotFound, Reason
from bots.portal.browser import Browser
from flows.replay import Replayed, replay_sweeps
from flows.settings import load_settings

NONE, LISTED, DOWN, FOUND = 1, 2, 3, 4
"""The ledger's numbers of the claims that are asked about."""

SIGN = "none: {text: No claims were found for the criteria entered.}"


@pytest.fixture(scope="module")
def home(browser_executable: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A night whose answers are: none, a list without ours, unavailable, found."""
    folder = tmp_path_factory.mktemp("decided") / "home"
    with answering(WORLD, SetClock(), delay=0) as portals:
        work = night(
            folder,
            browser_executable,
            portals,
            quick_profile(MEDICAID),
            portals.addresses[MEDICAID],
            claims(),
        )
        work.run()
    answers = [work.ledger.observations(n)[0] for n in (NONE, LISTED, DOWN, FOUND)]
    assert isinstance(answers[0].answer, NotFound)
    assert isinstance(answers[1].answer, NotFound)
    assert isinstance(answers[2].answer, NoAnswer)
    assert answers[2].answer.reason is Reason.UNAVAILABLE
    assert [one.search for one in answers] == ["none", "listed", "unavailable", "listed"]
    return folder


def claims() -> list[Claim]:
    """In the order of their numbers; only the last one is on file."""
    known = billed(WORLD.medicaid.by_number[PAID[MEDICAID]], MEDICAID, 5)
    changes: list[dict[str, Any]] = [
        {"member_id": "0000099998"},
        {"billed": Decimal("1250.01")},
        {"member_id": RECIPIENT_DOWN, "service_from": DOWN_ON, "service_to": DOWN_ON},
    ]
    others = [
        replace(known, claim_id=f"X{n}", source=replace(known.source, row=n), **changed)
        for n, changed in enumerate(changes, 2)
    ]
    return [*others, known]


DOWN_ON = next(day for member, day in WORLD.medicaid.unavailable if member == RECIPIENT_DOWN)


@pytest.fixture
def profiles(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PROJECT / "payer_profiles", tmp_path / "profiles"))


def change(profiles: Path, before: str, after: str) -> None:
    path = profiles / MEDICAID / "profile.yaml"
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1, before
    path.write_text(text.replace(before, after), encoding="utf-8")


def replayed(home: Path, profiles: Path) -> Replayed:
    return replay_sweeps(load_settings(home=home, profiles=profiles), MEDICAID)


def decided(home: Path, profiles: Path) -> tuple[bool, dict[int, tuple[str, str, str]], Any]:
    """What differs of each claim: field, verdict and why."""
    again = replayed(home, profiles)
    document = again.document()
    found = {
        one["item"]: (one["field"], one["verdict"], one["why"]) for one in document["differences"]
    }
    return again.differs, found, document["counts"]


def test_the_same_profile_decides_the_same(home: Path, profiles: Path) -> None:
    differs, found, counts = decided(home, profiles)
    assert (differs, found, counts["undecided"]) == (False, {}, 0)


def test_a_page_of_none_that_the_profile_takes_for_a_list_or_for_down_is_told(
    home: Path, profiles: Path
) -> None:
    change(profiles, SIGN, "none: {text: Nothing.}")
    differs, found, _ = decided(home, profiles)
    why = "its search came to none that night and comes to no outcome now"
    assert (differs, found) == (True, {NONE: ("outcome", "refused", why)})
    listed = "listed: {role: heading, name: Claim Inquiry Results}"
    both = (
        "[{role: heading, name: Claim Inquiry Results}, {text: No claims were found, exact: false}]"
    )
    change(profiles, listed, f"listed: {both}")
    _, found, _ = decided(home, profiles)
    why = "its search came to none that night and comes to listed now"
    assert found == {NONE: ("outcome", "changed", why)}
    said = "\n".join(replayed(home, profiles).sentences())
    assert f"claim {NONE} of {SWEEP}: {why}" in said
    assert "0000099998" not in said


def test_what_was_down_and_a_list_that_would_now_be_ours_are_told(
    home: Path, profiles: Path
) -> None:
    change(profiles, "        charge: {column: Billed, into: money}\n", "")
    down = "text: The claims system is currently unavailable."
    change(profiles, down, "text: Nobody is there.")
    change(profiles, SIGN, f"none: [{{{down}, exact: false}}, {SIGN.removeprefix('none: ')}]")
    differs, found, _ = decided(home, profiles)
    assert differs
    assert found[DOWN] == (
        "outcome",
        "changed",
        "its search came to unavailable that night and comes to none now",
    )
    why = "a listed claim that could be ours by today's profile was not opened that night"
    assert found[LISTED] == ("decision", "changed", why)
    assert set(found) == {LISTED, DOWN}


def test_a_ledger_that_kept_no_outcome_says_what_it_cannot_tell(
    home: Path, profiles: Path, tmp_path: Path
) -> None:
    old = Path(shutil.copytree(home, tmp_path / "old"))
    with closing(sqlite3.connect(old / "ledger.sqlite")) as database:
        database.execute(
            "UPDATE observations SET observation = json_remove(observation, '$.search')"
        )
        database.commit()
    differs, found, counts = decided(old, profiles)
    assert (differs, set(found), counts["undecided"]) == (False, {LISTED}, 1)
    assert found[LISTED][:2] == ("outcome", "undecided")
    assert "1 that cannot be decided again" in next(replayed(old, profiles).sentences())
