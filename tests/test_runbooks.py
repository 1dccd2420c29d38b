"""Every kind of alert has its runbook, and a runbook names only commands that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import PROJECT
from typer.testing import CliRunner

from billing.alerts import KINDS
from flows.command import app
from flows.journal_table import EVENTS, FIELDS
from flows.telemetry_spans import ATTRIBUTES, BYTES, COUNTERS, DEPTH, DURATIONS

RUNBOOKS = PROJECT / "docs" / "runbooks"
OPERATIONS = PROJECT / "docs" / "operations.md"
PARTS = ["What it means", "What to look at", "What to do", "What not to do", "When it ends"]
COMMAND = re.compile(r"(?:^|`)claimsweep ([a-z][^`\n]*)", re.MULTILINE)
OPTION = re.compile(r"--[a-z][a-z-]+")
MOST_WORDS = 2


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def commands(path: Path) -> list[str]:
    """The command lines that a page names, without what is said of them beside."""
    return [re.split(r" {2,}", line)[0].strip() for line in COMMAND.findall(text(path))]


def help_of(line: str) -> str | None:
    """The help of the verb that a command line begins with; None where there is no such verb."""
    words = [word for word in line.split() if re.fullmatch(r"[a-z-]+", word)]
    for count in range(min(MOST_WORDS, len(words)), 0, -1):
        verb = words[:count]
        if any(word.startswith("-") for word in verb):
            continue
        shown = CliRunner().invoke(app, [*verb, "--help"])
        if shown.exit_code == 0 and (count > 1 or "COMMAND [ARGS]" not in shown.output):
            return shown.output
    return None


def test_every_kind_has_its_runbook_and_every_runbook_its_kind() -> None:
    assert {path.stem for path in RUNBOOKS.glob("*.md")} == set(KINDS)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_runbook_has_its_parts_in_order(kind: str) -> None:
    page = text(RUNBOOKS / f"{kind}.md")
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == PARTS
    assert f"Alert: `{kind}`." in page
    assert all(len(part.split()) > 3 for part in re.split(r"^## .+$", page, flags=re.MULTILINE))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_runbook_names_commands_and_options_that_there_are(kind: str) -> None:
    named = commands(RUNBOOKS / f"{kind}.md")
    assert named
    for line in named:
        shown = help_of(line)
        assert shown is not None, line
        assert set(OPTION.findall(line)) <= {*OPTION.findall(shown), "--help"}, line


def test_a_command_that_there_is_not_would_be_found() -> None:
    assert help_of("sweeep --export a.csv") is None
    assert help_of("policy unclear acme") is None
    assert "--shallow" not in (help_of("doctor --deep") or "")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_a_mend_names_is_a_command(kind: str) -> None:
    for line in re.findall(r"claimsweep ([a-z]+(?: [a-z]+)?)", KINDS[kind].mend):
        assert help_of(line) is not None, line


def test_links_of_runbooks_lead_somewhere() -> None:
    for path in (*RUNBOOKS.glob("*.md"), OPERATIONS):
        for link in re.findall(r"\]\(([^)#]+)\)", text(path)):
            assert (path.parent / link).exists(), f"{path.name}: {link}"


def test_the_page_for_operators_names_every_event_metric_and_alert() -> None:
    page = text(OPERATIONS)
    names = {name for name, *_ in COUNTERS.values()} | {BYTES, DEPTH}
    names |= {name for some in DURATIONS.values() for name, *_ in some}
    names |= set(EVENTS) | set(FIELDS) | set(ATTRIBUTES.values()) | set(KINDS)
    assert sorted(name for name in names if f"`{name}`" not in page) == []
