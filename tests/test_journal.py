"""What is logged is what a table allows: nothing of patients, whoever logs and whatever fails."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from billing.errors import BadInput, StopAccount
from flows import journal
from flows.journal import log
from flows.journal_file import KEPT_DAYS, DayFiles
from flows.journal_table import EVENTS, FIELDS, SPEAKING, Unfit, fitting, sentence_of

PROJECT = Path(__file__).resolve().parent.parent
PERSON = "Zebulon Quartermain"
LOGGED = ("flows", "console", "bots", "billing")


@cache
def calls() -> list[tuple[str, ast.Call]]:
    """Every call of ``log`` and of the console's ``tell`` in the code, with its place."""
    found = []
    for folder in LOGGED:
        for path in sorted((PROJECT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                called = getattr(node, "func", None)
                name = getattr(called, "attr", getattr(called, "id", ""))
                if isinstance(node, ast.Call) and name in ("log", "tell") and node.keywords:
                    found.append((f"{path.relative_to(PROJECT)}:{node.lineno}", node))
    return found


def names(argument: ast.expr) -> list[str]:
    """The event names that a call's first argument can be."""
    constants = [one.value for one in ast.walk(argument) if isinstance(one, ast.Constant)]
    return [one for one in constants if isinstance(one, str)]


def test_every_event_that_the_code_logs_is_in_the_table_with_its_fields() -> None:
    found = calls()
    assert len(found) > 20
    for place, call in found:
        for name in names(call.args[0]):
            assert name in EVENTS, f"{place}: {name}"
            given = {one.arg for one in call.keywords}
            assert given <= EVENTS[name].fields, f"{place}: {name} {given}"


def test_every_event_of_the_table_is_logged_somewhere() -> None:
    logged = {name for _, call in calls() for name in names(call.args[0])}
    by_the_journal = {"library", "unfit"}
    assert set(EVENTS) - by_the_journal == logged


def test_every_field_of_an_event_has_its_form() -> None:
    assert {name for one in EVENTS.values() for name in one.fields} == set(FIELDS)


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_no_field_takes_a_name_a_date_of_birth_or_an_address(name: str) -> None:
    (event, *_) = [event for event, one in EVENTS.items() if name in one.fields]
    for text in (PERSON, PERSON.upper(), "Quartermain, Zebulon", "1961-07-04", "https://a/?m=W1"):
        kept, refused = fitting(event, {name: text})
        assert (kept, refused) == ({}, [name]), text


def test_what_the_table_allows_is_kept_in_its_form() -> None:
    kept, refused = fitting(
        "item_settled",
        {"payer": "acme", "item": 7, "outcome": "paid", "seconds": Decimal("1.23456"), "of": None},
    )
    assert not refused
    assert kept == {"payer": "acme", "item": 7, "outcome": "paid", "seconds": 1.235}


def test_an_unknown_event_or_field_is_refused_in_tests() -> None:
    with pytest.raises(Unfit, match="no event"):
        log("patient_seen")
    with pytest.raises(Unfit, match="note"):
        log("login_refused", note=PERSON)


def test_only_sentences_of_chosen_errors_are_kept() -> None:
    assert sentence_of(BadInput(f"no claim of {PERSON}")) is None
    assert sentence_of(ValueError(PERSON)) is None
    assert sentence_of(StopAccount("acme refused the login")) == "acme refused the login"
    with pytest.raises(Unfit):
        log("session_ended", sentence=PERSON)
    assert BadInput not in SPEAKING


def run(code: str, home: Path, **environment: str) -> tuple[list[str], list[dict[str, object]]]:
    """The lines on standard error of a process that runs ``code``, and those kept in its home."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "HOME_OF_TEST": str(home), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    kept = [
        json.loads(line)
        for path in sorted(home.glob("logs/*"))
        for line in path.read_text(encoding="ascii").splitlines()
    ]
    return done.stderr.splitlines(), kept


START = """
import logging, os, pathlib
from flows import journal
journal.begin()
journal.keep_in(pathlib.Path(os.environ["HOME_OF_TEST"]))
"""


def test_lines_go_to_standard_error_and_to_a_private_file(tmp_path: Path) -> None:
    code = START + "journal.log('login_attempted', payer='acme')"
    said, kept = run(code, tmp_path)
    assert [json.loads(line) for line in said] == kept
    (line,) = kept
    assert (line["event"], line["level"], line["payer"]) == ("login_attempted", "info", "acme")
    moment = datetime.fromisoformat(str(line["time"]))
    assert moment.utcoffset() is not None
    (path,) = tmp_path.glob("logs/*")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_at_run_time_what_does_not_fit_is_dropped_and_told(tmp_path: Path) -> None:
    code = START + (
        f"journal.log('login_attempted', payer={PERSON!r}, note={PERSON!r})\n"
        f"journal.log({PERSON!r}, payer='acme')\n"
        "journal.log('login_refused', payer='acme')"
    )
    said, kept = run(code, tmp_path)
    assert [one["event"] for one in kept] == ["login_attempted", "unfit", "unfit", "login_refused"]
    assert "payer" not in kept[0]
    assert PERSON.split()[0] not in "".join(said)


def test_a_library_may_say_what_it_likes_and_none_of_its_words_are_kept(tmp_path: Path) -> None:
    code = START + (
        "other = logging.getLogger('httpx')\n"
        "stream = logging.StreamHandler()\n"
        "other.addHandler(stream)\n"  # a handler of the library's own sees no words either
        f"other.warning('GET /claims?member=%s', {PERSON!r})\n"
        "try:\n"
        f"    raise ValueError({PERSON!r})\n"
        "except ValueError:\n"
        f"    other.exception({PERSON!r}, stack_info=True)\n"
        f"other.error(OSError({PERSON!r}))\n"
        "other.info('quiet')\n"
    )
    said, kept = run(code, tmp_path)
    told = [(one["event"], one["level"], one["logger"], one.get("type")) for one in kept]
    assert told == [
        ("library", "warning", "httpx", None),
        ("library", "error", "httpx", "ValueError"),
        ("library", "error", "httpx", "OSError"),
    ]
    assert len(said) == 6
    assert not any(part in line for line in said for part in (*PERSON.split(), "member"))


def test_without_a_journal_a_library_would_have_told(tmp_path: Path) -> None:
    """The control of the test above."""
    code = f"import logging; logging.getLogger('httpx').warning('of %s', {PERSON!r})"
    said, _ = run(code, tmp_path)
    assert PERSON in said[0]


@pytest.mark.parametrize("spoil", ["logs is a file", "the disk is full", "nobody reads"])
def test_a_log_that_cannot_be_written_ends_nothing(tmp_path: Path, spoil: str) -> None:
    code = START
    if spoil == "logs is a file":
        (tmp_path / "logs").write_text("")
    if spoil == "the disk is full":
        code += "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        code += "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    if spoil == "nobody reads":
        code += "import sys; sys.stderr.close()\n"
    code += "for _ in range(3): journal.log('login_attempted', payer='acme')\nprint('to the end')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "HOME_OF_TEST": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "to the end\n", done.stderr


def test_a_home_that_does_not_exist_is_not_made(tmp_path: Path) -> None:
    home = tmp_path / "none yet"
    said, kept = run(START + "journal.log('login_attempted', payer='acme')", home)
    assert len(said) == 1
    assert kept == []
    assert not home.exists()


def test_at_a_terminal_nothing_is_written_unless_it_is_asked_for(tmp_path: Path) -> None:
    """A person sees what a person saw."""
    terminal = "import sys; sys.stderr.isatty = lambda: True\n"
    code = terminal + START + "journal.log('login_attempted', payer='acme')"
    assert run(code, tmp_path) == ([], [])
    said, kept = run(code, tmp_path, CLAIMSWEEP_LOG="json")
    assert len(said) == len(kept) == 1


def test_processes_write_side_by_side_and_a_full_file_is_followed_by_another(
    tmp_path: Path,
) -> None:
    code = (
        "import os, pathlib, sys; from flows.journal_file import DayFiles\n"
        "files = DayFiles(pathlib.Path(os.environ['HOME_OF_TEST']) / 'logs', most_bytes=20_000)\n"
        "for n in range(300): files.write(f'{sys.argv[1]} {n} ' + 'x' * 90 + '\\n')"
    )
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "HOME_OF_TEST": str(tmp_path)}
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(n)], cwd=PROJECT, env=environment)
        for n in range(3)
    ]
    assert [one.wait(60) for one in started] == [0, 0, 0]
    paths = sorted(tmp_path.glob("logs/*"))
    lines = [line for path in paths for line in path.read_text().splitlines()]
    assert sorted(tuple(map(int, line.split()[:2])) for line in lines) == [
        (process, n) for process in range(3) for n in range(300)
    ]
    assert len(paths) > 3
    assert max(path.stat().st_size for path in paths) < 20_000 + 3 * 120


def test_old_files_go_by_days_and_by_size(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    today = datetime.now().astimezone()
    aged = {
        days: datetime.fromtimestamp(today.timestamp() - days * 86400).astimezone()
        for days in (1, 2, 3, KEPT_DAYS + 2)
    }
    for days, at in aged.items():
        (logs / f"claimsweep-{at:%Y-%m-%d}.001.jsonl").write_text("y" * (1000 * days))
    (logs / "notes.txt").write_text("of a person")
    DayFiles(logs, kept_bytes=4000).write("now\n")
    left = sorted(path.stat().st_size for path in logs.glob("*.jsonl"))
    assert left == [4, 1000, 2000]
    assert (logs / "notes.txt").exists()


def test_watchers_see_what_is_allowed_whether_or_not_it_is_written() -> None:
    seen: list[tuple[str, dict[str, object]]] = []
    journal.watch(lambda event, fields, _: seen.append((event, dict(fields))))
    try:
        log("login_refused", payer="acme")
    finally:
        journal._JOURNAL.watchers.pop()
    assert seen == [("login_refused", {"payer": "acme"})]
