"""A night at portals whose every text and file name is hostile, in a network of its own."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from contextlib import ExitStack, closing, redirect_stdout
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from alone import alone, can_be_alone
from conftest import IN_CI, PROJECT, sealed_ledger
from console_samples import TODAY
from console_samples import night as made_up
from hostile_world import NAME, WORDS, HostileWorld, file_names, hostile_world, named
from sweeping import differences, furnish
from web_browser import at_console, chromium
from web_console import desk_over, person, serving
from xlsxwriter.worksheet import Worksheet

import console.workbook
from billing.people import Role
from billing.report import SweepReport
from bots.portal.browser import Browser
from bots.profile import load_profiles
from console.summary import one_claim
from console.swept import sweep_report
from console.workbook import exceptions_csv, exceptions_xlsx
from flows.terminal import harmless_streams
from sandbox.truth import truth_rows

SECONDS = 900
CASES = tuple(f"/cases/{number}" for number in range(1, 5))
HOSTILE = re.compile(r"HYPERLINK\(8|SUM\([37]|\d[+*]\d|cmd")
REACHING_OUT = """
import socket
from contextlib import suppress
for address in ("198.51.100.5", "2001:db8:9::5"):
    with suppress(OSError):
        socket.create_connection((address, 443), 1)
for address in ("198.51.100.6", "127.0.0.53"):
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(bytes(12) + b"\\3www\\0", (address, 53))
"""
pytestmark = pytest.mark.browser


@dataclass
class Night:
    """What the command said, and whom anybody tried to reach; None where nobody could listen."""

    here: HostileWorld
    attempts: list[str] | None = None
    said: bytes = b""
    code: int = 2

    @property
    def outputs(self) -> Path:
        """The folder of the sweep's files."""
        (found,) = (self.here.folder / "artifacts").glob("*/answers.json")
        return found.parent

    def answers(self) -> list[dict[str, Any]]:
        """What the sweep answered."""
        found: list[dict[str, Any]] = json.loads((self.outputs / "answers.json").read_bytes())
        return found

    def sweep(self, exports: list[str]) -> None:
        """Run the command to its end, as a person would who has all places of her own."""
        folder = self.here.folder
        own = {
            "CLAIMSWEEP_SETTINGS": str(folder / "settings.toml"),
            "CLAIMSWEEP_ARTIFACTS": str(folder / "artifacts"),
            "PYTHONPATH": str(PROJECT),
            "HOME": str(folder),
        }
        quiet = ("DO_NOT_TRACK", "PREFECT_SERVER_ANALYTICS_ENABLED")  # the command's own to say
        inherited = {name: value for name, value in os.environ.items() if name not in quiet}
        done = subprocess.run(
            [sys.executable, "-m", "flows", "sweep", *exports],
            cwd=folder,
            env=inherited | own,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
        self.said, self.code = done.stdout + done.stderr, done.returncode


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory, browser_executable: Browser) -> Night:
    """Two payers swept; in a network of its own where the system lets one be made."""
    folder = tmp_path_factory.mktemp("hostile")
    with ExitStack() as stack:
        heard = stack.enter_context(alone()) if can_be_alone() else None
        here = stack.enter_context(hostile_world(folder, claims=2))
        furnish(folder / "home")
        settings = folder / "settings.toml"
        settings.write_text(here.settings, encoding="utf-8")
        settings.chmod(0o600)
        it = Night(here)
        exports = sorted((folder / "exports").iterdir())
        it.sweep([part for path in exports for part in ("--export", str(path))])
        here.look()
        it.attempts = None if heard is None else heard.all()
    return it


def not_proved(what: str) -> None:
    """Say so; what else the test looks at holds."""
    said = f"This system lets no network be made: {what}."
    if not IN_CI:
        pytest.skip(said)
    sys.stderr.write(f"{said}\n")


def test_a_sweep_reaches_nobody_but_the_portals_and_answers_as_the_key_says(night: Night) -> None:
    assert night.code in (0, 1), night.said.decode()
    answers = {row["claim_id"]: row for row in night.answers()}
    odd = set(night.here.odd.values())
    for claim_id in odd:
        assert answers[claim_id]["status_category"] is None, "words that no profile knows"
        assert answers[claim_id]["finding"] == "unknown-status-phrase"
    key = [row for row in truth_rows(night.here.world) if row["claim_id"] not in odd]
    assert differences(key, [row for row in night.answers() if row["claim_id"] not in odd]) == []
    if night.attempts is None:
        not_proved("whom a sweep reaches was not looked at")
    else:
        assert night.attempts == []


def test_who_reaches_out_is_heard() -> None:
    if not can_be_alone():
        not_proved("nobody can be heard")
        return
    with alone() as heard:
        subprocess.run([sys.executable, "-c", REACHING_OUT], timeout=60, check=True)
        attempts = heard.all()
    assert "tcp 198.51.100.5 443" in attempts
    assert "tcp 2001:db8:9::5 443" in attempts or not Path("/proc/net/if_inet6").exists()
    assert "udp 198.51.100.6 53" in attempts
    assert any(one.startswith("name asked here") for one in attempts)


def test_what_a_portal_calls_a_document_is_nowhere(night: Night) -> None:
    here = night.here
    assert set(here.sent) == set(file_names(here.folder)), "each name was sent"
    assert here.found == set()
    for folder, _, files in os.walk(here.folder):
        for file in files:
            assert NAME.encode() not in Path(folder, file).read_bytes(), file


@pytest.mark.parametrize("where", ["home/x/{}.pdf", "{}.pdf", "../{}.pdf"])
def test_a_document_that_was_written_by_its_name_is_found(
    where: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("above") / "desk"
    planted = folder / where.format(f"CON..{NAME}")
    (folder / "home" / "x").mkdir(parents=True)
    planted.write_bytes(b"%PDF")
    assert {path.resolve() for path in named([folder], NAME)} == {planted.resolve()}


def test_no_text_of_a_portal_runs_in_a_spreadsheet(night: Night) -> None:
    books, tables = sorted(night.outputs.glob("*.xlsx")), sorted(night.outputs.glob("*.csv"))
    assert {"exceptions.xlsx", "franklin-medicaid.swept.xlsx"} <= {path.name for path in books}
    assert {"exceptions.csv", "postings.csv", "changes.csv"} <= {path.name for path in tables}
    shown = 0
    for path in books:
        assert hostile_formulas(path.read_bytes()) == [], path.name
    for path in tables:
        given = cells_of(night.here.folder / "exports" / path.name.replace(".swept", ""))
        own = max(map(len, given)) if ".swept" in path.name else 0
        for row in cells_of(path):
            added = row[own:]
            assert [cell for cell in added if runs(cell)] == [], path.name
            shown += sum("=HYPERLINK(8)" in cell for cell in added)
    assert shown >= 2, "the text is there, and is text"


def test_a_text_that_was_not_disarmed_is_seen_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def write(sheet: Worksheet, row: int, at: int, text: str, form: object = None) -> int:
        if text.startswith("="):
            return int(sheet.write_formula(row, at, text, form))
        return int(as_text(sheet, row, at, text, form))

    as_text = Worksheet.write_string
    monkeypatch.setattr(Worksheet, "write_string", write)
    monkeypatch.setattr(console.workbook, "harmless", str)
    report = night_of_texts()
    assert hostile_formulas(exceptions_xlsx(report, TODAY))
    text = exceptions_csv(report, TODAY).decode("utf-8-sig")
    assert any(runs(cell) for row in csv.reader(io.StringIO(text)) for cell in row)


def test_no_text_of_a_portal_runs_in_a_page(night: Night, browser_executable: Browser) -> None:
    desk = desk_over(night.here.folder / "home")
    desk.ledger.take_up(datetime.now(UTC).date())
    person(desk.ledger, Role.ADMINISTRATOR)
    (morning,) = night.outputs.glob("morning.html")
    with chromium(browser_executable) as browser, serving(desk) as address:
        with at_console(browser, address, Role.ADMINISTRATOR.word) as page:
            seen = ""
            for path in ("/", "/queue", "/sweeps", "/audit", *CASES):
                page.goto(path)
                assert page.evaluate("window.owned") is None, path
                seen += page.inner_text("body")
            assert "<img src=x onerror=owned=1>" in seen, "it is shown, as text"
        page = browser.new_page()
        page.set_content(morning.read_text(encoding="utf-8"))
        assert page.evaluate("window.owned") is None
        page.set_content(WORDS)
        page.wait_for_function("window.owned === 1", timeout=30_000)


def test_no_text_of_a_portal_commands_the_terminal(night: Night) -> None:
    with closing(sealed_ledger(night.here.folder / "home")) as ledger:
        report = sweep_report(
            ledger, str(ledger.latest_sweep()), load_profiles(PROJECT / "payer_profiles")
        )
        told = one_claim(report, color=True)
    assert "\x1b[2J" in told, "the control: as it was made, it would"
    with redirect_stdout(io.StringIO()) as out, harmless_streams():
        sys.stdout.write(told)
    for shown in (out.getvalue(), night.said.decode()):
        for part in ("\x1b[2J", "\x1b[H", "\x1b]", "\x1b[8m", "\x1b[6n", "\x07", "\x9b", "\u202e"):
            assert part not in shown


def hostile_formulas(data: bytes) -> list[str]:
    """What a reader that is not ours takes for formulas, and is none of the workbook's own."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    return [
        str(cell.value)
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f" and HOSTILE.search(str(cell.value))
    ]


def runs(cell: str) -> bool:
    """Whether a spreadsheet that opens a CSV would take this cell for a formula."""
    if not cell.lstrip().startswith(("=", "+", "-", "@")):
        return False
    try:
        float(cell)
    except ValueError:
        return True
    return False


def cells_of(path: Path) -> list[list[str]]:
    """A text table; no rows of a file that is not there."""
    if not path.exists():
        return [[]]
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))


def night_of_texts() -> SweepReport:
    """A made-up night whose patients have hostile names and whose payers say hostile words."""
    report = made_up(12, 7)
    return replace(
        report,
        results=tuple(
            replace(
                one,
                claim=replace(one.claim, patient_last="=1+1"),
                conclusion=replace(one.conclusion, status_words="=HYPERLINK(8)"),
            )
            for one in report.results
        ),
    )
