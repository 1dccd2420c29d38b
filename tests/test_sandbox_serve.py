"""Serving the simulated payers: one line, one private file, and a clean end."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

TESTS = Path(__file__).resolve().parent
SECONDS = 30
PROGRAM = """
import sys
from pathlib import Path
from portal_worlds import small_world
from sandbox.serve import serve
serve(small_world(), settings=Path(sys.argv[1]), parent_pid=int(sys.argv[2]) or None)
"""

Start = Callable[[Path, int], "subprocess.Popen[str]"]


@pytest.fixture
def start(request: pytest.FixtureRequest) -> Start:
    def started(settings: Path, parent_pid: int) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(settings), str(parent_pid)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(TESTS)])},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        request.addfinalizer(process.kill)
        return process

    return started


def test_it_says_where_its_settings_are_and_stops_when_asked(tmp_path: Path, start: Start) -> None:
    file = tmp_path / "new" / "settings.toml"
    process = start(file, 0)
    assert process.stdout is not None
    assert process.stdout.readline() == f"export CLAIMSWEEP_SETTINGS={file.resolve()}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    settings = tomllib.loads(file.read_text())
    assert set(settings) == {"home", "portals", "secrets"}
    assert settings["home"] == str(file.resolve().parent / "home")
    assert set(settings["portals"]) == {"juniper-ridge", "franklin-medicaid"}
    for address in settings["portals"].values():
        assert address.startswith("http://127.0.0.1:")
        assert httpx.get(f"{address}/sandbox/counters", timeout=SECONDS).json()["logins"] == 0
    assert set(settings["secrets"]) == {
        *("juniper-ridge/username", "juniper-ridge/password", "juniper-ridge/totp"),
        *("franklin-medicaid/username", "franklin-medicaid/password"),
        "franklin-medicaid/document_password",
    }
    process.send_signal(signal.SIGTERM)
    rest, errors = process.communicate(timeout=SECONDS)
    assert (process.returncode, rest) == (0, "")
    assert "Traceback" not in errors


def test_it_ends_with_its_parent(tmp_path: Path, start: Start) -> None:
    parent = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    process = start(tmp_path / "settings.toml", parent.pid)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("export CLAIMSWEEP_SETTINGS=")
    parent.communicate(timeout=SECONDS)
    process.communicate(timeout=SECONDS)
    assert process.returncode == 0
