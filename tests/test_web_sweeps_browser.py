"""Sweeps and profiles at the console: begun, killed, paused, resumed; canary, replay and drift."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from console_portals import ASKS_NOTHING, ASKS_PERSON, Practice, practice, until
from playwright.sync_api import expect
from sweeping import differences
from web_browser import at_console, chromium, violations
from web_console import person, serving, visitor

from billing.ledger import living_process
from billing.people import Role
from billing.report import Drift
from bots.portal.browser import Browser

SECONDS = 240_000
FIRST_WAY = "text='Your session has ended. Sign in again.'"
SECOND_WAY = "role='heading' name='You have signed out'"
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Practice, str]]:
    folder = tmp_path_factory.mktemp("practice")
    with practice(folder, claims=24, sweeps=True, delay=0.3) as found:
        for role in Role:
            person(found.desk.ledger, role)
        with serving(found.desk) as address:
            yield found, address


def test_a_sweep_is_begun_killed_resumed_paused_and_ends_as_the_key_says(
    at: tuple[Practice, str], browser_executable: Browser
) -> None:
    here, address = at
    ledger = here.desk.ledger
    with (
        chromium(browser_executable) as browser,
        at_console(browser, address, "lead") as page,
    ):
        page.goto("/sweeps")
        assert violations(page) == []
        page.get_by_label("Exports of unpaid claims").set_input_files(here.exports[ASKS_NOTHING])
        page.get_by_role("button", name="Begin").click()
        page.wait_for_url("**/sweeps/2*")
        sweep_id = page.url.rsplit("/", 1)[1]
        until(lambda: ledger.progress(sweep_id).settled >= 1)
        assert violations(page) == []
        run = ledger.run_of_sweep(sweep_id)
        assert run is not None
        process = living_process(run.owner)
        assert process is not None
        os.kill(process, signal.SIGKILL)
        page.get_by_text("interrupted").wait_for(timeout=SECONDS)
        before = ledger.progress(sweep_id).settled
        assert before < len(here.truth(ASKS_NOTHING))
        page.get_by_role("button", name="Resume").click()
        until(lambda: ledger.progress(sweep_id).settled > before)
        page.get_by_role("button", name="Pause").click()
        page.get_by_text("paused").wait_for(timeout=SECONDS)
        assert ledger.progress(sweep_id).unsettled > 0
        page.get_by_role("button", name="Resume").click()
        page.get_by_text("finished", exact=True).wait_for(timeout=SECONDS)
        page.emulate_media(color_scheme="dark")
        for path in (f"/sweeps/{sweep_id}", "/sweeps", f"/sweeps/{sweep_id}/trace", "/profiles"):
            page.goto(path)
            assert violations(page) == []
        page.goto("/sweeps")
        expect(page.get_by_role("link", name=sweep_id)).to_be_visible()
    answers = here.desk.files / sweep_id / "answers.json"
    until(answers.exists)
    assert differences(here.truth(ASKS_NOTHING), json.loads(answers.read_text("utf-8"))) == []
    acts = [one.act for one in reversed(ledger.audit_trail(subject=sweep_id))]
    assert acts[:4] == ["sweep begun", "sweep begun", "sweep stopped", "sweep begun"]


def test_the_known_claim_and_the_captures_of_a_payer_are_asked_from_its_page(
    at: tuple[Practice, str],
) -> None:
    here, address = at
    lead, path = visitor(address, "lead"), f"/profiles/{ASKS_NOTHING}"
    for what in ("canary", "replay"):
        assert lead.act(f"{path}/{what}").status_code == 303
        until(lambda: not here.desk.ledger.newest_run(what, ASKS_NOTHING).alive)  # noqa: B023
    shown = lead.get(path).text
    assert "the known claim was answered as known" in shown
    assert "1 sweep read again" in shown
    (replayed,) = here.desk.ledger.runs_done("replay")
    counts = json.loads(replayed.said)["counts"]
    assert (counts["changed"], counts["refused"]) == (0, 0)
    assert counts["same"] > 100
    assert visitor(address, "biller").act(f"{path}/replay").status_code == 403


def test_drift_is_reviewed_as_a_diff_and_applied_as_patch_would(
    at: tuple[Practice, str], tmp_path: Path
) -> None:
    here, address = at
    sweep_id = here.desk.ledger.sweeps_since(None)[0]
    here.desk.ledger.note_drift(sweep_id, ASKS_NOTHING, [Drift(FIRST_WAY, SECOND_WAY, 2)])
    profile, path = here.desk.profiles()[ASKS_NOTHING], f"/profiles/{ASKS_NOTHING}"
    administrator = visitor(address, "administrator")
    assert "Your session has ended" in administrator.get(path).text
    patch = administrator.get(f"{path}/drift.diff").text
    shutil.copytree(profile.folder.parent, tmp_path / "payer_profiles")
    subprocess.run(["patch", "-p1", "-s"], input=patch, cwd=tmp_path, text=True, check=True)
    expected = (tmp_path / "payer_profiles" / ASKS_NOTHING / "profile.yaml").read_bytes()
    form = {"sweep_id": sweep_id, "reviewed": profile.sha256}
    assert visitor(address, "lead").act(f"{path}/apply", **form).status_code == 403
    assert administrator.act(f"{path}/apply", **form).status_code == 303
    assert (profile.folder / "profile.yaml").read_bytes() == expected
    assert "has changed since" in administrator.act(f"{path}/apply", **form).text
    assert here.desk.ledger.audit_trail(subject=ASKS_NOTHING)[0].detail["before"] == profile.sha256


def test_what_cannot_be_begun_is_refused_in_a_sentence(at: tuple[Practice, str]) -> None:
    here, address = at
    lead = visitor(address, "lead")
    mark = lead.get("/").text.split('name="csrf" value="')[1][:64]
    files = {"exports": ("notes.csv", b"nothing,here\r\n1,2\r\n")}
    refused = lead.post("/sweeps", data={"csrf": mark}, files=files)
    assert refused.status_code == 400
    assert "Not begun" in refused.text
    assert str(here.desk.ledger.home) not in refused.text
    assert lead.act("/sweeps/20000101-00000000/resume").status_code == 400
    assert lead.act(f"/sweeps/x/code/{ASKS_PERSON}", code="1").status_code == 400
    assert visitor(address, "viewer").get("/sweeps").status_code == 200
    assert visitor(address, "biller").act("/sweeps/x/pause").status_code == 403
