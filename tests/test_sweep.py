"""The main job end to end: exports in, two live simulated portals swept, the key answered."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import json
import random
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from conftest import PROJECT, SandboxServer, sealed_ledger
from sweeping import Desk, differences, furnish, new_desk, read_answers

pytestmark = pytest.mark.usefixtures("browser_executable")
Serve = Callable[..., SandboxServer]


@pytest.fixture
def ledger_lies_in(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Which database the command keeps its ledger in."""
    if request.param == "postgresql":
        monkeypatch.setenv("CLAIMSWEEP_LEDGER_URL", request.getfixturevalue("postgres_url"))
    return str(request.param)


@pytest.mark.parametrize(
    ("seed", "ledger_lies_in"),
    [(1, "sqlite"), (2, "sqlite"), (3, "sqlite"), (4, "sqlite"), (5, "postgresql")],
    indirect=["ledger_lies_in"],
)
def test_every_field_of_every_claim_agrees_with_the_answer_key(
    seed: int, ledger_lies_in: str, key_claims: int, sandbox_server: Serve, tmp_path: Path
) -> None:
    desk = new_desk(sandbox_server(seed, key_claims), tmp_path)
    swept = desk.sweep()
    assert (desk.home / "ledger.sqlite").exists() == (ledger_lies_in == "sqlite")
    answers = read_answers(swept)
    assert len(answers) == 2 * key_claims
    assert differences(desk.truth(), answers) == []
    for payer, counted in desk.counters().items():
        assert counted["writes"] == 0, payer
        assert counted["locks"] == 0, payer
        assert counted["refusals"] == 0, payer
    assert_every_figure_leads_to_its_bytes(desk, swept)


def assert_every_figure_leads_to_its_bytes(desk: Desk, swept: dict[str, object]) -> None:
    """Each answer's hashes name stored bytes that still have that hash, and each figure a place."""
    ledger = sealed_ledger(desk.home)
    shown = Path(str(swept["answers"])).parent / "evidence"
    by_hash = {path.stem: path for path in shown.iterdir()}
    figures = ("charge", "paid", "patient_responsibility", "payment_date", "trace_number")
    places = 0
    results = ledger.results(str(swept["sweep"]))
    for result in results:
        conclusion = result.conclusion
        for sha256 in conclusion.evidence:
            assert hashlib.sha256(ledger.fetch(sha256)).hexdigest() == sha256
            if conclusion.outcome != "wrong_patient":
                assert hashlib.sha256(by_hash[sha256].read_bytes()).hexdigest() == sha256
        for name in figures:
            if getattr(conclusion, name) is not None:
                place = conclusion.places[name]
                assert place.sha256 in conclusion.evidence, (result.item_id, name)
                assert place.box is not None, (result.item_id, name)
                places += 1
    assert places > len(results)


@pytest.fixture(scope="module")
def small(sandbox_server: Serve, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return new_desk(sandbox_server(11, 12), tmp_path_factory.mktemp("desk"))


def test_the_same_sweep_again_changes_nothing_and_posts_nothing_twice(small: Desk) -> None:
    first = small.sweep()
    outputs = {name: Path(path) for name, path in first["files"].items()}
    before = {name: path.read_bytes() for name, path in outputs.items() if path.is_file()}
    asked = small.counters()
    again = small.sweep()
    assert again["sweep"] == first["sweep"]
    assert again["resumed"] is True
    assert {n: p.read_bytes() for n, p in outputs.items() if p.is_file()} == before
    unanswered = sum(row["outcome"] == "no_answer" for row in read_answers(first))
    if not unanswered:
        assert small.counters() == asked, "a finished sweep opens no portal"


def test_a_folder_that_cannot_be_written_is_one_sentence_and_the_answers_are_kept(
    small: Desk, tmp_path: Path
) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file where a folder should be")
    done = small.run(small.sweep_command("--out", str(taken / "out")))
    assert done.returncode == 2
    assert "the answers are in the ledger" in done.stderr
    assert "Traceback" not in done.stderr
    assert small.sweep()["resumed"] is True


def test_a_check_answers_one_claim_as_the_key_says(small: Desk) -> None:
    wanted = next(row for row in small.truth() if row["outcome"] == "paid")
    exports = [part for export in small.exports for part in ("--export", str(export))]
    done = small.run(small.command("check", wanted["claim_id"], *exports, "--json"))
    assert done.returncode == 0, done.stderr
    (answer,) = json.loads(done.stdout)["answers"]
    assert {key: answer[key] for key in wanted} == wanted


def test_a_wrong_password_stops_the_account_after_one_login(
    sandbox_server: Serve, tmp_path: Path
) -> None:
    desk = new_desk(sandbox_server(12, 10), tmp_path)
    wrong = {"CLAIMSWEEP_SECRET_JUNIPER_RIDGE_PASSWORD": "not-it"}
    for _ in range(2):
        done = desk.run(desk.sweep_command("--payer", "juniper-ridge"), **wrong)
        assert done.returncode == 2
        answers = read_answers(json.loads(done.stdout))
        assert {row["outcome"] for row in answers} == {"no_answer"}
        assert {row["finding"] for row in answers} == {"login-refused"}
    counted = desk.counters()["juniper-ridge"]
    assert counted["refusals"] == 1, "a second run the same night does not try again"
    assert counted["locks"] == 0


def test_a_portal_that_is_not_there_is_no_answer_and_never_not_found(
    small: Desk, tmp_path: Path
) -> None:
    settings = tmp_path / "settings.toml"
    there = small.sandbox.settings.read_text(encoding="utf-8")
    gone = "\n".join(
        line.split(" = ")[0] + ' = "http://127.0.0.1:9"' if "http://" in line else line
        for line in there.splitlines()
    )
    settings.write_text(gone, encoding="utf-8")
    settings.chmod(0o600)
    furnish(tmp_path / "home")
    done = small.run(
        small.sweep_command("--limit", "3"),
        CLAIMSWEEP_SETTINGS=str(settings),
        CLAIMSWEEP_HOME=str(tmp_path / "home"),
    )
    assert done.returncode == 2
    answers = read_answers(json.loads(done.stdout))
    assert {row["outcome"] for row in answers} == {"no_answer"}
    assert {row["finding"] for row in answers} == {"unreachable"}


def test_a_payer_without_permission_becomes_a_worklist_and_its_portal_is_not_opened(
    small: Desk, tmp_path: Path
) -> None:
    profiles = tmp_path / "profiles"
    _copy_profiles(profiles)
    path = profiles / "juniper-ridge" / "profile.yaml"
    text = path.read_text(encoding="utf-8").replace("permitted", "prohibited", 1)
    path.write_text(text, encoding="utf-8")
    before = small.counters()["juniper-ridge"]["logins"]
    furnish(tmp_path / "home")
    done = small.run(
        small.sweep_command("--payer", "juniper-ridge"),
        CLAIMSWEEP_PROFILES=str(profiles),
        CLAIMSWEEP_HOME=str(tmp_path / "home"),
    )
    assert done.returncode == 2, done.stderr
    answers = read_answers(json.loads(done.stdout))
    assert {row["finding"] for row in answers} == {"policy"}
    assert small.counters()["juniper-ridge"]["logins"] == before


def test_killed_at_random_moments_it_resumes_and_does_nothing_twice(
    sandbox_server: Serve, tmp_path: Path
) -> None:
    moments = random.Random(7)
    desk = new_desk(sandbox_server(7, 30), tmp_path)
    database = desk.home / "ledger.sqlite"
    kills = 0
    for _ in range(4):
        started = settled(database)
        process = subprocess.Popen(
            desk.sweep_command(),
            cwd=PROJECT,
            env=desk.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wanted = started + moments.randint(1, 12)
        deadline = time.monotonic() + 400
        while process.poll() is None and settled(database) < wanted:
            assert time.monotonic() < deadline, "the sweep makes no progress"
            try:
                process.wait(0.02 + moments.random() / 10)
            except subprocess.TimeoutExpired:
                continue
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait(10)
            kills += 1
    assert kills == 4
    swept = desk.sweep()
    assert differences(desk.truth(), read_answers(swept)) == []
    counted = desk.counters()
    assert all(
        portal["locks"] == portal["refusals"] == portal["writes"] == 0
        for portal in counted.values()
    )
    with sqlite3.connect(database) as connection:
        ((doubled,),) = connection.execute(
            "select count(*) from (select item_id from conclusions"
            " join items using (item_id, fence) group by item_id having count(*) > 1)"
        )
        assert doubled == 0
        postings = connection.execute(
            "select count(*), count(distinct key) from postings"
        ).fetchone()
        assert postings[0] == postings[1] > 0
    with Path(swept["files"]["proposed postings"]).open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.DictReader(file))) >= postings[0]


def settled(database: Path) -> int:
    """How many claims the ledger holds an answer for, read beside the running sweep."""
    if not database.exists():
        return 0
    try:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5) as connection:
            query = "select count(*) from items where state not in ('pending', 'leased')"
            return int(connection.execute(query).fetchone()[0])
    except sqlite3.OperationalError:  # the tables are not made yet
        return 0


def _copy_profiles(folder: Path) -> None:
    import shutil

    shutil.copytree(PROJECT / "payer_profiles", folder)


def test_a_second_run_leaves_busy_accounts_alone_and_ends_with_the_first(
    sandbox_server: Serve, tmp_path: Path
) -> None:
    desk = new_desk(sandbox_server(13, 30), tmp_path)
    first = subprocess.Popen(
        desk.sweep_command(),
        cwd=PROJECT,
        env=desk.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    deadline = time.monotonic() + 400
    while settled(desk.home / "ledger.sqlite") < 2:
        assert first.poll() is None
        assert time.monotonic() < deadline
        with contextlib.suppress(subprocess.TimeoutExpired):
            first.wait(0.1)
    second = desk.run(desk.sweep_command())
    said, _ = first.communicate(timeout=300)
    for one in (said, second.stdout):
        assert differences(desk.truth(), read_answers(json.loads(one))) == []
    assert all(counted["logins"] <= 2 for counted in desk.counters().values())


def test_another_sweep_of_the_same_claims_proposes_nothing_twice(small: Desk) -> None:
    first = small.sweep()
    other = small.sweep("--limit", "12")
    assert other["sweep"] != first["sweep"]
    assert postings_of(first)
    assert postings_of(other) == []
    for row in rows_of(other, "exceptions (CSV)"):
        unheard = row["Outcome"] == "No answer"
        assert row["Changed"] == ("" if unheard or row["Last time"] == "no answer before" else "no")
        assert unheard or row["Last time"].startswith(row["Outcome"])
    assert differences(small.truth(), read_answers(other)) == []


def postings_of(swept: dict[str, Any]) -> list[dict[str, str]]:
    return rows_of(swept, "proposed postings")


def rows_of(swept: dict[str, Any], what: str) -> list[dict[str, str]]:
    path = Path(swept["files"][what])
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_billers_own_cells_come_back_as_they_were(small: Desk) -> None:
    files = small.sweep()["files"]
    text, book = sorted(small.exports, key=lambda path: path.suffix)
    before = text.read_bytes().split(b"\r\n")
    after = Path(files[f"write-back of {text.name}"]).read_bytes().split(b"\r\n")
    assert len(before) == len(after)
    assert all(new.startswith(old) for old, new in zip(before, after, strict=True))
    old, new = (
        openpyxl.load_workbook(path) for path in (book, files[f"write-back of {book.name}"])
    )
    assert old.sheetnames == new.sheetnames
    for sheet in old:
        for row in sheet.iter_rows():
            for cell in row:
                written = new[sheet.title][cell.coordinate]
                assert (written.value, written.number_format) == (cell.value, cell.number_format)
                assert repr(written.font) == repr(cell.font)
                assert repr(written.fill) == repr(cell.fill)


def test_no_patient_reaches_the_orchestrator_the_terminal_or_a_file_name(small: Desk) -> None:
    done = small.run(small.sweep_command("--limit", "11"))
    secrets = patients_of(small)
    assert len(secrets) > 20
    spoken = done.stdout + done.stderr
    names = " ".join(str(path) for path in small.folder.rglob("*"))
    prefect = b"".join(
        path.read_bytes() for path in (small.home / "prefect").rglob("*") if path.is_file()
    )
    assert b"payer-session" in prefect, "the orchestrator recorded the run"
    for secret in secrets:
        assert secret not in spoken
        assert secret not in names
        assert secret.encode() not in prefect


def patients_of(desk: Desk) -> set[str]:
    """Every member id, name as the export spells it, and spelled birth date of the exports."""
    text = next(path for path in desk.exports if path.suffix == ".csv")
    rows = list(csv.reader(text.read_text("utf-8-sig").splitlines()))[5:]
    found = {row[column] for row in rows if len(row) > 4 and row[4] for column in (1, 2, 4)}
    book = openpyxl.load_workbook(next(p for p in desk.exports if p.suffix == ".xlsx"))
    for row in book["Aging"].iter_rows(min_row=4, values_only=True):
        if row[6]:
            found |= {str(row[6]), str(row[7]), row[8].strftime("%m/%d/%Y")}
    return found
