"""Checks one after the other, at once and after a kill: the portal counts the logins it should."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import PROJECT, SandboxServer
from sweeping import KEYED, SWEEP_SECONDS, Desk, new_desk

PAYER = "juniper-ridge"
KEY = {"CLAIMSWEEP_SECRET_CLAIMSWEEP_SESSION_KEY": "5ea1" * 16}
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.usefixtures("browser_executable"),
]
Serve = Callable[..., SandboxServer]


def paid_claims(desk: Desk) -> list[dict[str, Any]]:
    return [row for row in desk.truth() if row["outcome"] == "paid"]


def check(desk: Desk, keyed: dict[str, Any], **more: str) -> None:
    """Check one claim; the answer must be the key's."""
    command = desk.command("check", keyed["claim_id"], "--export", str(desk.exports[0]), "--json")
    done = desk.run(command, **more)
    assert done.returncode == 0, done.stderr
    (answer,) = json.loads(done.stdout)["answers"]
    assert {name: answer[name] for name in KEYED} == {name: keyed[name] for name in KEYED}


def logins(desk: Desk) -> int:
    """What the portal counted; nothing was refused, locked, changed or open twice."""
    counted = desk.counters()[PAYER]
    for name in ("refusals", "locks", "writes", "concurrent_sessions"):
        assert counted[name] == 0, name
    return counted["logins"]


def test_the_second_of_two_checks_spares_the_login(sandbox_server: Serve, tmp_path: Path) -> None:
    desk = new_desk(sandbox_server(17, 10, payers=PAYER), tmp_path)
    first, second, *_ = paid_claims(desk)
    check(desk, first, **KEY)
    check(desk, second, **KEY)
    assert logins(desk) == 1
    assert "its session is kept until" in desk.run(desk.command("policy", "show")).stdout
    assert desk.run(desk.command("policy", "clear", PAYER)).returncode == 0
    assert "its session is kept until" not in desk.run(desk.command("policy", "show")).stdout


def test_two_checks_at_once_do_not_share_the_kept_session(
    sandbox_server: Serve, tmp_path: Path
) -> None:
    desk = new_desk(sandbox_server(20, 10, payers=PAYER), tmp_path)
    first, *others = paid_claims(desk)[:3]
    check(desk, first, **KEY)
    running = [
        subprocess.Popen(
            desk.command("check", keyed["claim_id"], "--export", str(desk.exports[0]), "--json"),
            cwd=PROJECT,
            env=desk.environment(**KEY),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for keyed in others
    ]
    answered = 0
    for keyed, one in zip(others, running, strict=True):
        said, told = one.communicate(timeout=SWEEP_SECONDS)
        answers = json.loads(said).get("answers", [])
        if one.returncode == 0:
            (answer,) = answers
            assert {name: answer[name] for name in KEYED} == {name: keyed[name] for name in KEYED}
            answered += 1
        else:
            assert not answers
            assert "another run" in said + told
    assert answered >= 1
    assert logins(desk) == 1


def test_without_a_key_each_check_signs_in_and_says_so(
    sandbox_server: Serve, tmp_path: Path
) -> None:
    desk = new_desk(sandbox_server(18, 10, payers=PAYER), tmp_path)
    first, second, *_ = paid_claims(desk)
    check(desk, first)
    check(desk, second)
    assert logins(desk) == 2
    assert not list((desk.home / "sessions").glob("*"))


def test_a_check_that_is_killed_in_a_kept_session_leaves_the_next_one_in_it(
    sandbox_server: Serve, tmp_path: Path
) -> None:
    desk = new_desk(sandbox_server(19, 10, payers=PAYER), tmp_path)
    first, second, *_ = paid_claims(desk)
    check(desk, first, **KEY)
    searches = desk.counters()[PAYER]["searches"]
    command = desk.command("check", second["claim_id"], "--export", str(desk.exports[0]), "--json")
    with subprocess.Popen(
        command,
        cwd=PROJECT,
        env=desk.environment(**KEY),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as killed:
        while desk.counters()[PAYER]["searches"] == searches:
            assert killed.poll() is None, "it ended before it searched"
        killed.send_signal(signal.SIGKILL)
    check(desk, second, **KEY)
    assert logins(desk) == 1
