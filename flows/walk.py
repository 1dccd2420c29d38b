"""A person walks through a portal in a real browser, and the walk becomes steps of a profile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from billing.errors import BadInput
from bots.portal.browser import find_browser, require_driver
from bots.profile import load_profiles
from flows.recorder import steps_from
from flows.settings import Settings


def walk(settings: Settings, where: str, words: Mapping[str, str]) -> str:
    """Open the browser of this machine at a payer's login page or an address; the steps as YAML.

    The recording, which holds all that was typed, is gone when this returns. Raises BadInput when
    there is no screen or nothing was recorded.
    """
    if sys.platform != "darwin" and not {"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys():
        raise BadInput("There is no screen to walk on; run this where you can see a browser")
    require_driver()
    browser = find_browser(windows=True)
    environment = dict(os.environ)
    if browser.executable is not None:
        environment["PWTEST_CLI_EXECUTABLE_PATH"] = str(browser.executable)
    with tempfile.TemporaryDirectory(prefix="claimsweep-walk-") as folder:
        recording = Path(folder) / "walk.jsonl"
        command = [sys.executable, "-m", "playwright", "codegen", "--target", "jsonl"]
        command += ["-o", str(recording), _address(settings, where)]
        recorder = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            recorder.communicate()
        finally:  # until the last of its processes has ended it writes, with all that was typed
            with suppress(ProcessLookupError):
                os.killpg(recorder.pid, signal.SIGTERM)
            recorder.communicate()
        if not recording.is_file():
            raise BadInput("Nothing was recorded; walk through the portal, then close the browser")
        return steps_from(recording.read_text(encoding="utf-8"), words)


def _address(settings: Settings, where: str) -> str:
    if where.startswith(("http://", "https://")):
        return where
    profiles = load_profiles(settings.profiles)
    if where not in profiles:
        raise BadInput(f"{where!r} is no address and no payer; payers: {', '.join(profiles)}")
    file = profiles[where].file
    return settings.portals.get(where, file.portal.address) + file.login.start
