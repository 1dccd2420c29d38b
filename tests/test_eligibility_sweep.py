"""Eligibility end to end: a schedule in, live simulated portals asked, the key answered."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from conftest import SandboxServer, sealed_ledger
from keyed_visits import differences
from sweeping import Desk, furnish

pytestmark = pytest.mark.usefixtures("browser_executable")
Serve = Callable[..., SandboxServer]


def new_front_desk(sandbox: SandboxServer, folder: Path) -> Desk:
    """A desk with the practice's schedule on it."""
    sandbox.run("schedule", str(folder / "schedule.csv"))
    desk = Desk(sandbox, folder)
    furnish(desk.home)
    return desk


def check(desk: Desk, *arguments: str) -> dict[str, Any]:
    """The command's JSON; fails the test with what the command said otherwise."""
    schedule = str(desk.folder / "schedule.csv")
    done = desk.run(desk.command("eligibility", "--schedule", schedule, "--json", *arguments))
    assert done.returncode in (0, 1), done.stderr[-3000:]
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def key(desk: Desk) -> dict[int, dict[str, Any]]:
    """The answer key by the row of the schedule's file."""
    rows = json.loads(desk.sandbox.run("truth", "--eligibility", "--json"))
    return {row["row"] + 1: row for row in rows}


@pytest.fixture(scope="module")
def desk(sandbox_server: Serve, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return new_front_desk(sandbox_server(1, 20), tmp_path_factory.mktemp("front-desk"))


@pytest.fixture(scope="module")
def checked(desk: Desk) -> dict[str, Any]:
    return check(desk)


def test_every_field_of_every_visit_agrees_with_the_answer_key(
    desk: Desk, checked: dict[str, Any]
) -> None:
    keyed = key(desk)
    assert len(checked["answers"]) == len(keyed) == checked["visits"] == 40
    assert differences(keyed, checked["answers"]) == []
    seen = {row["outcome"] for row in keyed.values()}
    assert {"active", "inactive", "not_found", "name_mismatch", "unavailable"} <= seen
    for payer, counted in desk.counters().items():
        assert counted["writes"] == 0, payer
        assert counted["refusals"] == 0, payer
        assert counted["concurrent_sessions"] == 0, payer


@pytest.mark.parametrize("payer", ["juniper-ridge", "franklin-medicaid"])
def test_a_payer_that_cannot_answer_leaves_no_answer(
    desk: Desk, checked: dict[str, Any], payer: str
) -> None:
    keyed = key(desk)
    silent = [
        answer
        for answer in checked["answers"]
        if answer["payer"] == payer and keyed[answer["row"]]["outcome"] == "unavailable"
    ]
    assert silent
    for answer in silent:
        assert (answer["outcome"], answer["no_answer"]) == ("no_answer", "unavailable")
        assert answer["words"] is answer["plan"] is answer["in_network"] is None
        assert answer["evidence"], "the page that says so"
        assert answer["findings"][0]["next_action"]


@pytest.mark.parametrize(
    ("payer", "seed", "limit"),
    [("blue-mesa", 4, 5), ("copper-line", 22, 5), ("tri-rivers", 2, 10)],
    ids=["blue-mesa", "copper-line", "tri-rivers"],
)
def test_the_pages_of_the_others_say_what_the_answer_key_says(
    payer: str, seed: int, limit: int, sandbox_server: Serve, tmp_path: Path
) -> None:
    desk = new_front_desk(sandbox_server(seed, 20, payer), tmp_path)
    checked = check(desk, "--limit", str(limit))
    asked = {answer["row"] for answer in checked["answers"]}
    keyed = {row: true for row, true in key(desk).items() if row in asked}
    assert len(keyed) == limit
    assert differences(keyed, checked["answers"]) == []
    assert {"active", "inactive", "unavailable"} <= {row["outcome"] for row in keyed.values()}
    assert any(row["outcome"] == "active" and row["other_payers"] for row in keyed.values())
    counted = desk.counters()[payer]
    assert counted["writes"] == counted["refusals"] == counted["concurrent_sessions"] == 0
    for answer in checked["answers"]:
        if answer["outcome"] == "active":
            told = [(b["service_type"], b["network"]) for b in answer["benefits"]]
            assert len(told) == len(set(told)) == 20, "ten services in and out of the network"


def test_the_files_hold_what_the_front_desk_needs(desk: Desk, checked: dict[str, Any]) -> None:
    files = checked["files"]
    was = (desk.folder / "schedule.csv").read_bytes().split(b"\r\n")
    now = Path(files["copy of schedule.csv"]).read_bytes().split(b"\r\n")
    assert len(was) == len(now)
    assert all(new.startswith(old) for old, new in zip(was, now, strict=True))
    with Path(files["copy of schedule.csv"]).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    keyed = key(desk)
    for number, row in enumerate(rows, 2):
        true = keyed[number]
        assert row["Plan"] == (true.get("plan") or "")
        inside = true.get("in_network") or {}
        assert row["Copay"] == (inside.get("copay") or "")
        assert bool(row["Evidence"])
    book = openpyxl.load_workbook(files["exceptions first (workbook)"])
    assert book.sheetnames[0] == "Exceptions"
    titles = {row[5] for row in book["Exceptions"].iter_rows(min_row=2, values_only=True)}
    assert {"Not covered that day", "Not found", "Another person on file"} <= titles


def test_every_figure_leads_to_its_bytes(desk: Desk, checked: dict[str, Any]) -> None:
    ledger = sealed_ledger(desk.home)
    shown = {path.stem for path in Path(checked["files"]["evidence"]).iterdir()}
    for result in ledger.eligibility_report(checked["sweep"]).results:
        said = result.conclusion
        assert said.evidence
        assert ledger.verify_evidence(said.evidence) == []
        if said.coverage is None:
            assert said.places == {}
            continue
        assert shown >= set(said.evidence)
        assert said.places["plan"].box is not None
        for n, benefit in enumerate(said.coverage.benefits):
            if benefit.copay is not None:
                place = said.places[f"benefits[{n}].copay"]
                assert place.sha256 in said.evidence
                assert place.image in said.evidence
                assert place.box is not None


def test_the_same_again_asks_only_what_is_open_and_another_schedule_only_what_is_new(
    desk: Desk, checked: dict[str, Any], tmp_path: Path
) -> None:
    before = {payer: counted["searches"] for payer, counted in desk.counters().items()}
    silent = Counter(row["payer"] for row in key(desk).values() if row["outcome"] == "unavailable")
    again = check(desk)
    assert again["resumed"]
    for once, now in zip(checked["answers"], again["answers"], strict=True):
        asked_again = {"evidence": now["evidence"]} if once["outcome"] == "no_answer" else {}
        assert now == {**once, **asked_again}
    limited = check(desk, "--limit", "7", "--out", str(tmp_path))
    assert limited["sweep"] != checked["sweep"]
    assert limited["kept_answers"] == limited["visits"] == 14
    known = {row["row"]: row for row in again["answers"]}
    for answer in limited["answers"]:
        assert answer["kept_answer"]
        assert {**answer, "kept_answer": False} == known[answer["row"]], "as of the first check"
    after = {payer: counted["searches"] for payer, counted in desk.counters().items()}
    known_member = 1  # the canary, in a session that asks about the silent ones
    assert after == {
        payer: asked + silent[payer] + known_member * (silent[payer] > 0)
        for payer, asked in before.items()
    }


def test_no_patient_reaches_the_orchestrator_the_terminal_or_a_file_name(
    desk: Desk, tmp_path: Path
) -> None:
    schedule = desk.folder / "schedule.csv"
    home = tmp_path / "home"
    furnish(home)
    command = desk.command(
        "eligibility", "--schedule", str(schedule), "--limit", "2", "--out", str(tmp_path / "out")
    )
    done = desk.run(command, CLAIMSWEEP_HOME=str(home))
    assert done.returncode == 0, done.stderr
    assert "Eligibility eligibility-" in done.stdout
    with schedule.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    secrets = {row[name] for row in rows for name in ("Patient Last", "DOB", "Policy Number")}
    assert len(secrets) > 40
    names = " ".join(str(path) for path in tmp_path.rglob("*"))
    prefect = b"".join(p.read_bytes() for p in (home / "prefect").rglob("*") if p.is_file())
    assert b"payer-session" in prefect, "the orchestrator recorded the run"
    for secret in secrets:
        assert secret not in done.stdout + done.stderr
        assert secret not in names
        assert secret.encode() not in prefect


def test_a_portal_no_bot_may_enter_leaves_a_worklist(desk: Desk, tmp_path: Path) -> None:
    import shutil

    from conftest import PROJECT

    profiles = tmp_path / "profiles"
    shutil.copytree(PROJECT / "payer_profiles", profiles)
    path = profiles / "franklin-medicaid" / "profile.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("automation: permitted", "automation: prohibited"), "utf-8")
    home = tmp_path / "home"
    furnish(home)
    before = desk.counters()["franklin-medicaid"]["logins"]
    command = desk.command(
        "eligibility", "--schedule", str(desk.folder / "schedule.csv"), "--json",
        "--payer", "franklin-medicaid", "--profiles", str(profiles), "--out", str(tmp_path / "out"),
    )  # fmt: skip
    done = desk.run(command, CLAIMSWEEP_HOME=str(home))
    assert done.returncode == 2, "nothing is known of any visit"
    document = json.loads(done.stdout)
    assert document["exceptions"] == {"policy": 20}
    assert all(row["no_answer"] == "policy" for row in document["answers"])
    assert desk.counters()["franklin-medicaid"]["logins"] == before
