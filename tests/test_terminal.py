"""A text of a portal or file shows on a terminal, and never moves, clears, hides or asks there."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path

from conftest import PROJECT
from console_samples import night
from hypothesis import given
from hypothesis import strategies as st

from console.summary import one_claim
from flows.options import print_json
from flows.terminal import harmless, harmless_json, harmless_streams

HOSTILE = "Paid \x1b[2J\x1b]0;owned\x07\x1b[8m\x1b[6n \x9b2J \u202ediap\u202c\r\x08 !"
SHOWN = "Paid ?[2J?]0;owned??[8m?[6n ?2J ?diap??? !"


def commands(text: str) -> set[str]:
    """Letters that a terminal takes for a command."""
    return {
        c for c in text if (ord(c) < 32 and c not in "\t\n") or 126 < ord(c) < 160 or c == "\u202e"
    }


def printed(text: str) -> str:
    with redirect_stdout(io.StringIO()) as out, harmless_streams():
        sys.stdout.write(text)
    return out.getvalue()


def what_a_payer_said() -> str:
    """The table of a checked claim whose payer says something hostile, in colours."""
    report = night(12, 7)
    said = replace(report.results[0].conclusion, status_words=HOSTILE)
    return one_claim(
        replace(report, results=(replace(report.results[0], conclusion=said),)), color=True
    )


def test_what_a_payer_says_is_shown_and_commands_nothing() -> None:
    assert "\x1b[2J" in what_a_payer_said(), "the control: as it was made, it would"
    shown = printed(what_a_payer_said())
    assert "\x1b[1m" in shown, "our own colours stay"
    for part in ("\x1b[2J", "\x1b]", "\x1b[8m", "\x1b[6n", "\x9b", "\u202e", "\x07"):
        assert part not in shown
    assert "?[2J?]0;owned" in shown


@given(st.text())
def test_no_letter_is_left_that_commands(text: str) -> None:
    assert commands(harmless(text.replace("\x1b", ""))) == set()
    assert len(harmless(text)) == len(text)


@given(st.text())
def test_json_says_the_same_and_commands_nothing(text: str) -> None:
    document = harmless_json(json.dumps({"words": text}, ensure_ascii=False))
    assert json.loads(document) == {"words": text}
    assert commands(document) == set()


def test_a_command_prints_a_hostile_file_as_text(tmp_path: Path) -> None:
    """By the real command: the name of a file, in a refusal."""
    path = tmp_path / "a\x1b[2J\u202eb.csv"
    done = subprocess.run(
        [sys.executable, "-m", "flows", "export", "detect", str(path)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "[2J" in done.stdout
    assert commands(done.stdout + done.stderr) == set()


def test_a_document_of_json_keeps_its_letters() -> None:
    with redirect_stdout(io.StringIO()) as out, harmless_streams():
        print_json({"why": HOSTILE})
    assert json.loads(out.getvalue()) == {"why": HOSTILE}
    assert commands(out.getvalue()) == set()
    assert harmless(HOSTILE) == SHOWN
