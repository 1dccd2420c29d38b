"""A night's captures are read again offline: what a profile's change does is known beforehand."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import PROJECT
from portal_clients import SetClock, answering
from portal_faults import COMMERCIAL, MEDICAID, SWEEP, WORLD, Sent, desks

from bots.portal.browser import Browser

ASKED = {
    COMMERCIAL: ("E00000000001", "E00000000002", "E00000000012"),
    MEDICAID: ("0226000000001", "0226000000007"),
}


@pytest.fixture(scope="module")
def nights(
    browser_executable: Browser, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """A swept home for each payer; nothing of the portals is needed after it."""
    homes = {}
    for payer, numbers in ASKED.items():
        home = tmp_path_factory.mktemp(payer) / "home"
        with (
            answering(WORLD, SetClock(), delay=0) as portals,
            desks(browser_executable, portals, home) as desk,
        ):
            work, _ = desk(payer, lambda _: None, *numbers)
            work.run()
            assert all(one.paid or one.status_words for one in work.conclusions())
        homes[payer] = home
    return homes


@pytest.fixture
def profiles(tmp_path: Path) -> Path:
    """The payers' profiles, to be broken."""
    return Path(shutil.copytree(PROJECT / "payer_profiles", tmp_path / "profiles"))


def change(profiles: Path, payer: str, before: str, after: str, file: str = "profile.yaml") -> None:
    path = profiles / payer / file
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1
    path.write_text(text.replace(before, after), encoding="utf-8")


def profile_test(home: Path, profiles: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    where = ("--home", str(home), "--profiles", str(profiles))
    return subprocess.run(
        [sys.executable, "-m", "flows", "profile", "test", *arguments, *where],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def replayed(home: Path, profiles: Path, payer: str, *arguments: str) -> tuple[int, dict[str, Any]]:
    done = profile_test(home, profiles, payer, "--json", *arguments)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(done.stdout)


def differing(document: dict[str, Any]) -> set[tuple[str, str]]:
    return {(one["field"], one["verdict"]) for one in document["differences"]}


@pytest.mark.parametrize("payer", [COMMERCIAL, MEDICAID])
def test_the_profile_that_read_a_night_reads_it_again_the_same(
    payer: str, nights: dict[str, Path], profiles: Path
) -> None:
    code, document = replayed(nights[payer], profiles, payer)
    assert (code, document["differences"], document["values"]) == (0, [], None)
    assert document["claims"] == len(ASKED[payer])
    assert document["counts"]["same"] > 20 * len(ASKED[payer])
    assert document["sweeps"] == [SWEEP]


def test_a_selector_is_proved_on_the_nights_before_it_meets_the_portal(
    nights: dict[str, Path], profiles: Path
) -> None:
    """Broken, the failures show offline; mended, nothing differs; no portal is asked."""
    home = nights[COMMERCIAL]
    change(profiles, COMMERCIAL, "label: Billed amount", "label: Total billed")
    change(profiles, COMMERCIAL, "label: Paid amount", "label: Allowed amount, pattern: '(.*)'")
    code, document = replayed(home, profiles, COMMERCIAL)
    assert code == 1
    assert differing(document) == {("charge", "refused"), ("paid", "changed")}
    assert document["counts"]["refused"] == len(ASKED[COMMERCIAL])
    change(profiles, COMMERCIAL, "label: Total billed", "label: Billed amount")
    change(profiles, COMMERCIAL, "label: Allowed amount, pattern: '(.*)'", "label: Paid amount")
    assert replayed(home, profiles, COMMERCIAL)[0] == 0


def test_a_lost_column_of_the_results_and_a_changed_document_show_too(
    nights: dict[str, Path], profiles: Path
) -> None:
    change(profiles, MEDICAID, "column: ICN}", "column: Claim}")
    code, document = replayed(nights[MEDICAID], profiles, MEDICAID)
    assert code == 1
    assert differing(document) == {("rows", "refused")}
    (profiles / MEDICAID / "eob.yaml").unlink()
    _, document = replayed(nights[MEDICAID], profiles, MEDICAID)
    assert differing(document) == {("rows", "refused"), ("document", "refused")}


def test_what_a_page_said_stands_only_in_a_private_file(
    nights: dict[str, Path], profiles: Path
) -> None:
    before = "member_id: {label: Member ID}\n        date_of_birth: {label: Date of birth, into"
    change(profiles, COMMERCIAL, before, before.replace("Member ID", "Status"))
    done = profile_test(nights[COMMERCIAL], profiles, COMMERCIAL)
    assert done.returncode == 1
    assert "member_id: changed 3 times" in done.stdout
    member = next(iter(WORLD.commercial.by_number.values())).patient.member_id
    assert member not in done.stdout + done.stderr
    (named,) = [line for line in done.stdout.splitlines() if "read before and now" in line]
    path = Path(named.split(": ")[1].removesuffix(" (only you may read it)"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {(one["before"], one["after"]) for one in json.loads(path.read_text("utf-8"))} >= {
        (member, "Paid")
    }


def test_sweeps_are_chosen_by_day_or_by_name(nights: dict[str, Path], profiles: Path) -> None:
    home = nights[MEDICAID]
    assert replayed(home, profiles, MEDICAID, "--since", "2026-11-20")[0] == 0
    assert replayed(home, profiles, MEDICAID, "--sweep", SWEEP)[0] == 0
    late = profile_test(home, profiles, MEDICAID, "--since", "2026-11-21")
    assert late.returncode == 2
    assert "holds no answer of" in late.stderr
    for wrong in (["--sweep", SWEEP], [MEDICAID, "--sweep", SWEEP, "--since", "2026-11-20"]):
        assert profile_test(home, profiles, *wrong).returncode == 2


def test_a_page_that_nobody_knew_is_read_once_the_profile_knows_it(
    browser_executable: Browser, profiles: Path, tmp_path: Path
) -> None:
    def reworded(sent: Sent) -> None:
        sent.body = sent.body.replace(b"Billed amount", b"Total charge")

    with (
        answering(WORLD, SetClock(), delay=0) as portals,
        desks(browser_executable, portals, tmp_path / "home") as desk,
    ):
        work, _ = desk(COMMERCIAL, reworded)
        work.run()
        assert work.reason() == "unknown_page"
    code, document = replayed(tmp_path / "home", profiles, COMMERCIAL)
    assert (code, differing(document)) == (0, {("page", "unread")})
    assert "label 'Billed amount' 0 times" in document["differences"][0]["why"]
    change(profiles, COMMERCIAL, "label: Billed amount", "label: Total charge")
    code, document = replayed(tmp_path / "home", profiles, COMMERCIAL)
    assert code == 0
    assert ("charge", "read") in differing(document)


def test_a_case_of_an_invented_payer_shows_what_was_expected_and_what_was_read(
    profiles: Path,
) -> None:
    path = profiles / COMMERCIAL / "cases" / "claim_status-paid" / "expected.json"
    expected = json.loads(path.read_text(encoding="utf-8"))
    read = expected["[0].paid"]
    path.write_text(json.dumps(expected | {"[0].paid": "0.01"}), encoding="utf-8")
    done = profile_test(profiles, profiles)
    assert done.returncode == 1
    assert f'expected "0.01", got "{read}"' in done.stdout
    change(profiles, COMMERCIAL, "juniper-ridge.example\n\nsession", "juniper-ridge.com\n\nsession")
    done = profile_test(profiles, profiles)
    assert done.returncode == 1
    assert read not in done.stdout
    assert "paid: reads otherwise than expected\n" in done.stdout
