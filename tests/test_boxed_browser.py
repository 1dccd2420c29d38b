"""Pages are kept in Chromium's sandbox, and where it can have none that is said."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from billing.errors import BadInput
from bots.portal.browser import NO_BOX, UNBOXED, Browser, launch_options, prove_browser
from flows import setup


def program(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    return path


@pytest.mark.parametrize(
    ("uid", "said", "boxed"), [(0, "on", False), (1000, "on", True), (1000, "off", False)]
)
def test_the_sandbox_is_given_up_by_root_or_by_name_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, uid: int, said: str, *, boxed: bool
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: uid)
    monkeypatch.setenv(UNBOXED, said)
    words = tmp_path / "words"
    browser = program(tmp_path / "browser", f'printf "%s\\n" "$@" >{words}; exit 3')
    with pytest.raises(BadInput, match="does not start"):
        prove_browser(Browser(browser, "Chromium 1.0", "the system's"))
    assert ("--no-sandbox" in words.read_text("utf-8").splitlines()) is not boxed
    assert "executable_path" not in launch_options(Browser(None, "", ""), [])


def test_a_sandbox_that_cannot_be_made_is_told_with_the_mend(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    lost = program(tmp_path / "lost", "echo 'FATAL: No usable sandbox! See' >&2; exit 3")
    with pytest.raises(BadInput, match=f"cannot make its sandbox: .*{UNBOXED}=off"):
        prove_browser(Browser(lost, "Chromium 1.0", "the system's"))
    monkeypatch.setenv(UNBOXED, "no")
    with pytest.raises(BadInput, match="is on or off"):
        launch_options(Browser(None, "", ""), [])


def test_set_up_installs_nothing_where_only_the_sandbox_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def without(browser: Browser) -> str:
        raise BadInput(f"Playwright's own Chromium is here but {NO_BOX}")

    monkeypatch.setattr(setup, "_provide_driver", lambda: None)
    monkeypatch.setattr(setup, "_find", lambda: Browser(None, "Chromium 1.0", "Playwright's own"))
    monkeypatch.setattr(setup, "prove_browser", without)
    monkeypatch.setattr(setup, "apt_get", lambda: ["apt-get"])
    monkeypatch.setattr(setup, "run_within", lambda *_: pytest.fail("it installs something"))
    with pytest.raises(BadInput, match="cannot make its sandbox"):
        setup.provide_browser()
