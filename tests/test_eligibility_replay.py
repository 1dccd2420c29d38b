"""An eligibility answer is shown figure by figure, and a night of them is decided again offline."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import PROJECT, SandboxServer, sealed_ledger
from PIL import Image
from sweeping import Desk, furnish

from billing.model import NoAnswer, NotFound, Reason
from console.pictures import INK
from flows.replay import Replayed, replay_sweeps
from flows.settings import load_settings
from flows.visit_evidence import show_visit

pytestmark = pytest.mark.usefixtures("browser_executable")
FRAMES, JSON, TABLES = "blue-mesa", "juniper-ridge", "tri-rivers"
PAYERS = (FRAMES, JSON, TABLES)
VISITS = 14  # of each payer: every outcome is among them
FROM_DATA = """    benefits:
      response: /api/eligibility-checks
      list: benefits
      fields:
        service: {label: serviceType}
        network: {label: network}
        covered: {label: covered}
        copay: {label: copay, when_missing: none}
        coinsurance: {label: coinsurance, when_missing: none}
        deductible: {label: deductible, when_missing: none}
        deductible_remaining: {label: deductibleRemaining, when_missing: none}
        out_of_pocket: {label: outOfPocket, when_missing: none}
        out_of_pocket_remaining: {label: outOfPocketRemaining, when_missing: none}
        authorization_required: {label: authorizationRequired}
        referral_required: {label: referralRequired}
"""


@dataclass(frozen=True, slots=True)
class Night:
    """A schedule that was checked once, with the profiles that it was checked with."""

    desk: Desk
    profiles: Path
    answers: list[dict[str, Any]]

    def rows(self, payer: str, outcome: str) -> list[int]:
        """The rows of a payer with that outcome."""
        mine = [a for a in self.answers if (a["payer"], a["outcome"]) == (payer, outcome)]
        return [a["row"] for a in mine]


@pytest.fixture(scope="module")
def night(
    sandbox_server: Callable[..., SandboxServer], tmp_path_factory: pytest.TempPathFactory
) -> Night:
    folder = tmp_path_factory.mktemp("night-1")
    profiles = Path(shutil.copytree(PROJECT / "payer_profiles", folder / "profiles"))
    path = profiles / JSON / "profile.yaml"
    text = path.read_text(encoding="utf-8")
    start = text.index("    benefits:\n")
    text = text[:start] + FROM_DATA + text[text.index("    other_payers:\n", start) :]
    text = text.replace('yes_no: {"Yes": true,', 'yes_no: {"True": true, "False": false,')
    path.write_text(text, encoding="utf-8")
    sandbox = sandbox_server(30, 20, ",".join(PAYERS))
    sandbox.run("schedule", str(folder / "schedule.csv"))
    desk = Desk(sandbox, folder)
    furnish(desk.home)
    schedule = ("--schedule", str(folder / "schedule.csv"), "--limit", str(VISITS))
    asked = desk.command("eligibility", *schedule, "--json", "--profiles", str(profiles))
    done = desk.run(asked)
    assert done.returncode in (0, 1), done.stderr[-3000:]
    return Night(desk, profiles, json.loads(done.stdout)["answers"])


@pytest.fixture
def profiles(night: Night, tmp_path: Path) -> Path:
    """The profiles of that night, to be broken."""
    return Path(shutil.copytree(night.profiles, tmp_path / "profiles"))


def change(profiles: Path, payer: str, before: str, after: str) -> None:
    """In the eligibility task alone."""
    path = profiles / payer / "profile.yaml"
    head, mark, task = path.read_text(encoding="utf-8").partition("\n  eligibility:\n")
    assert task.count(before) >= 1, before
    path.write_text(head + mark + task.replace(before, after), encoding="utf-8")


def replayed(night: Night, profiles: Path, payer: str) -> Replayed:
    return replay_sweeps(load_settings(home=night.desk.home, profiles=profiles), payer)


def profile_test(night: Night, profiles: Path, payer: str) -> tuple[bool, dict[str, Any]]:
    again = replayed(night, profiles, payer)
    return again.differs, again.document()


def said(night: Night, profiles: Path, payer: str) -> str:
    return "".join(f"{line}\n" for line in replayed(night, profiles, payer).sentences())


def differing(document: dict[str, Any]) -> dict[tuple[str, str], list[int]]:
    """The rows of the schedule by what differs: field and verdict."""
    found: dict[tuple[str, str], list[int]] = {}
    for one in document["differences"]:
        rows = found.setdefault((one["field"].partition("[")[0], one["verdict"]), [])
        rows += [one["row"]] * (one["row"] not in rows)
    return found


def test_the_night_met_everything_that_a_payer_may_answer(night: Night) -> None:
    for payer in PAYERS:
        met = {answer["outcome"] for answer in night.answers if answer["payer"] == payer}
        assert met == {"active", "inactive", "not_found", "wrong_patient", "no_answer"}


@pytest.mark.parametrize("payer", PAYERS)
def test_every_figure_leads_to_its_place_on_the_page_or_in_the_data(
    payer: str, night: Night, tmp_path: Path
) -> None:
    row = night.rows(payer, "active")[0]
    answer = show_visit(load_settings(home=night.desk.home), row, None, tmp_path)
    shown = answer.document()
    assert shown["nowhere"] == []
    files = {Path(path).stem.rpartition("-")[2]: Path(path) for path in shown["files"]}
    suffixes = {path.suffix for path in files.values()}
    assert suffixes == {".html", ".png", *([".json"] if payer == JSON else [])}
    for short, path in files.items():
        assert path.stat().st_mode & 0o077 == 0
        if path.suffix != ".png":
            assert hashlib.sha256(path.read_bytes()).hexdigest().startswith(short)
    figures = {one["figure"]: one for one in shown["figures"]}
    assert {"plan", "benefits[0].copay", "benefits[0].covered"} & figures.keys()
    assert len(figures) > 100
    for name, one in figures.items():
        assert one["evidence"][:12] in files, name
        if payer == JSON and name.startswith("benefits"):
            assert one["box"] is None
            assert one["where"].startswith("benefits ")
        else:
            assert one["box"] is not None, name
    picture = Image.open(figures["plan"]["picture"])
    left, _, right, bottom = figures["plan"]["box"]
    assert picture.getpixel((int((left + right) / 2), int(bottom) + 2)) == INK
    assert list(answer.sentences())[-1].endswith("Every hash was verified.")


def test_another_persons_page_is_not_shown(night: Night, tmp_path: Path) -> None:
    row = night.rows(FRAMES, "wrong_patient")[0]
    show = ("evidence", "show", "--visit", str(row), "--out", str(tmp_path))
    done = night.desk.run(night.desk.command(*show))
    assert done.returncode == 2
    assert "another person's page" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("payer", PAYERS)
def test_the_profile_of_the_night_decides_all_of_it_again_the_same(
    payer: str, night: Night
) -> None:
    differs, document = profile_test(night, night.profiles, payer)
    assert (differs, document["differences"], document["values"]) == (False, [], None)
    assert (document["claims"], document["visits"]) == (0, VISITS)
    assert document["counts"]["same"] > 400
    assert document["counts"]["undecided"] == 0


def test_a_broken_profile_differs_in_exactly_what_was_broken(night: Night, profiles: Path) -> None:
    active = night.rows(JSON, "active")
    change(profiles, JSON, "label: copay,", "label: outOfPocket,")
    change(profiles, JSON, "text: No member matches your search.", "text: No such member.")
    differs, document = profile_test(night, profiles, JSON)
    found = differing(document)
    assert differs
    assert set(found) == {("benefits", "changed"), ("outcome", "refused")}
    assert {one["field"].partition(".")[2] for one in document["differences"]} == {"copay", ""}
    assert found["benefits", "changed"] == active
    assert found["outcome", "refused"] == night.rows(JSON, "not_found")
    lines = said(night, profiles, JSON)
    assert lines.count("benefits copay changed") == len(active), "one sentence a visit"
    assert "its search came to none that night and comes to no outcome now" in lines


def test_what_was_taken_for_none_and_is_down_shows_before_the_portal_is_asked(
    night: Night, profiles: Path
) -> None:
    """In frames: the one sign points at what the other did."""
    none, down = "text: Subscriber/Insured not found", "text: The payer's system is not available."
    change(profiles, FRAMES, f"{none},", "text: Nobody of that number,")
    change(profiles, FRAMES, f"{down},", f"{none},")
    differs, document = profile_test(night, profiles, FRAMES)
    assert differs
    found = differing(document)
    assert set(found) == {("outcome", "changed"), ("outcome", "refused")}
    assert found["outcome", "refused"] == night.rows(FRAMES, "no_answer")
    none_then = set(night.rows(FRAMES, "not_found"))  # one by the sign that stays as it was
    assert len(none_then - set(found["outcome", "changed"])) == 1
    assert set(found["outcome", "changed"]) < none_then
    why = {one["why"] for one in document["differences"] if one["verdict"] == "changed"}
    assert why == {"its search came to none that night and comes to unavailable now"}


def test_a_lost_column_and_a_lost_name_show(night: Night, profiles: Path) -> None:
    change(profiles, TABLES, "column: Copayment", "column: Co-payment")
    differs, document = profile_test(night, profiles, TABLES)
    assert differs
    assert differing(document) == {("cover", "refused"): night.rows(TABLES, "active")}
    change(profiles, TABLES, "column: Co-payment", "column: Copayment")
    change(profiles, TABLES, "patient_last: {label: Name on File, pattern: '^([^,]+),'}",
           "patient_last: {label: Name on File, pattern: '^(Nobody)'}")  # fmt: skip
    differs, document = profile_test(night, profiles, TABLES)
    found = differing(document)
    assert differs
    read = night.rows(TABLES, "active") + night.rows(TABLES, "inactive")
    assert found["patient_last", "refused"] == sorted(read)
    assert found["page", "refused"] == night.rows(TABLES, "wrong_patient")


def test_nobody_is_named_by_a_replay(night: Night, profiles: Path) -> None:
    change(profiles, TABLES, "member_id: {label: Medicare Number}", "member_id: {label: Plan}")
    lines = said(night, profiles, TABLES)
    assert "member_id changed" in lines
    with (night.desk.folder / "schedule.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        for name in ("Patient Last", "Patient First", "Policy Number"):
            assert row[name] not in lines


def test_what_the_search_came_to_is_kept(night: Night) -> None:
    ledger = sealed_ledger(night.desk.home)
    sweep = ledger.latest_schedule()
    assert sweep is not None
    for asked in ledger.asked_visits(sweep, FRAMES):
        match asked.observation.answer:
            case NotFound():
                assert asked.observation.search == "none"
            case NoAnswer(reason=Reason.UNAVAILABLE):
                assert asked.observation.search == "unavailable"
            case _:
                assert asked.observation.search == "found"
