"""Finds, or where it may installs, the browser and Tesseract: ``python -m flows.setup``."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import typer

from billing.errors import BadInput
from bots.portal.browser import (
    MEND,
    NO_BOX,
    UNBOXED,
    VARIABLE,
    Browser,
    find_browser,
    is_boxed,
    prove_browser,
    require_driver,
)

DOWNLOAD_SECONDS = 180
APT_UPDATE_SECONDS = 180
APT_INSTALL_SECONDS = 600
CHROMIUM_PACKAGES = ("chromium-headless-shell", "chromium-sandbox", "fonts-liberation")
DRIVER_PACKAGES = ("libatomic1",)
TESSERACT_PACKAGES = ("tesseract-ocr", "tesseract-ocr-eng")


def main() -> int:
    """Set up both; 0 when a browser starts, 1 (with one sentence) when none can be had.

    Tesseract is needed for scanned documents only, so its absence is said and not fatal.
    """
    try:
        browser = provide_browser()
    except BadInput as error:
        typer.echo(f"set-up: {error}", err=True)
        return 1
    place = browser.executable or "Playwright's own build"
    why = "you are root" if _is_root() else f"{UNBOXED} is off"
    unboxed = "" if is_boxed() else f", without its sandbox because {why}"
    say(f"browser: {browser.version} ({place}){unboxed}")
    try:
        say(f"Tesseract: {provide_tesseract()}")
    except BadInput as error:
        typer.echo(f"set-up: {error}", err=True)
    return 0


def provide_browser() -> Browser:
    """A browser that was started once. Raises BadInput when there is none and none can be had.

    A browser that is already here is used before anything is downloaded or installed.
    """
    _provide_driver()
    browser = _find()
    if browser is None:
        say(f"no browser here: asking Playwright for its own (at most {DOWNLOAD_SECONDS} s)")
        run_within(DOWNLOAD_SECONDS, [sys.executable, "-m", "playwright", "install", "chromium"])
        browser = _find()
    if browser is None:
        say("Playwright's download could not be had")
        _install_chromium()
        browser = find_browser()
    try:
        prove_browser(browser)
    except BadInput as error:
        apt = apt_get()
        if browser.executable is not None or apt is None or NO_BOX in str(error):
            raise
        say("Playwright's Chromium lacks system libraries: installing them with apt-get")
        command = [sys.executable, "-m", "playwright", "install-deps", "chromium"]
        run_within(APT_INSTALL_SECONDS, command)
        prove_browser(browser)
    return browser


def _provide_driver() -> None:
    try:
        require_driver()
    except BadInput:
        apt = apt_get()
        if apt is None:
            raise
        say("Playwright lacks a system library: installing it with apt-get (at most 10 minutes)")
        apt_install(apt, DRIVER_PACKAGES)
        require_driver()


def provide_tesseract() -> str:
    """Tesseract's version. Raises BadInput, with what to install, when it cannot be had."""
    version = tesseract_version()
    if version is None:
        remedy = "sudo apt-get install -y tesseract-ocr"
        if sys.platform == "darwin":
            remedy = "brew install tesseract"
        elif apt := apt_get():
            say("no Tesseract here: installing it with apt-get (at most 10 minutes)")
            apt_install(apt, TESSERACT_PACKAGES)
            version = tesseract_version()
        if version is None:
            raise BadInput(
                f"No Tesseract found: scanned EOBs cannot be read until you run: {remedy}"
            )
    return version


def tesseract_version() -> str | None:
    """The first line of ``tesseract --version``, or None where there is none that runs."""
    try:
        answer = subprocess.run(
            ["tesseract", "--version"], capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    said = (answer.stdout or answer.stderr).split()
    return said[1] if len(said) > 1 else None


def run_within(seconds: int, command: Sequence[str]) -> bool:
    """Run a command and what it starts, silently, for at most ``seconds``; whether it succeeded."""
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        )
    except OSError:
        return False
    with suppress(subprocess.TimeoutExpired):
        return process.wait(seconds) == 0
    for last_word in (signal.SIGTERM, signal.SIGKILL):  # the second for what outlives its parent
        with suppress(ProcessLookupError, PermissionError):  # sudo's child is root's
            os.killpg(process.pid, last_word)
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
    return False


def say(text: str) -> None:
    """One line of progress."""
    typer.echo(f"set-up: {text}")


def _find() -> Browser | None:
    """The browser there is, None for none; a wrong CLAIMSWEEP_BROWSER stays an error."""
    try:
        return find_browser()
    except BadInput:
        if os.environ.get(VARIABLE):
            raise
        return None


def _install_chromium() -> None:
    if sys.platform == "darwin":
        raise BadInput(
            "No browser found; on macOS this needs two packages: run "
            "brew install --cask chromium   and   brew install tesseract   and then make again."
        )
    if chromium_is_a_snap():
        raise BadInput(
            "No browser found, and this Ubuntu's chromium package is only a pointer to a snap; "
            f"install Google Chrome, or set {VARIABLE} to a Chromium, and run make again."
        )
    apt = apt_get()
    if apt is None:
        raise BadInput(f"No browser found: {MEND}, and run make again")
    say("installing chromium-headless-shell with apt-get (at most 10 minutes)")
    apt_install(apt, CHROMIUM_PACKAGES)


def chromium_is_a_snap(os_release: Path = Path("/etc/os-release")) -> bool:
    """Whether this is Ubuntu, whose chromium package holds no browser, only a pointer to a snap."""
    try:
        return "ID=ubuntu" in os_release.read_text(encoding="utf-8").splitlines()
    except OSError:
        return False


def apt_get() -> list[str] | None:
    """How apt-get may be run here without asking anyone, or None."""
    if shutil.which("apt-get") is None:
        return None
    if _is_root():
        return ["apt-get"]
    if shutil.which("sudo") and run_within(10, ["sudo", "-n", "true"]):
        return ["sudo", "-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    return None


def apt_install(apt: Sequence[str], packages: Sequence[str]) -> None:
    """Install packages by what :func:`apt_get` gave; the caller looks whether they are there."""
    install = [*apt, "-o", "DPkg::Lock::Timeout=60", "install", "-y", "--no-install-recommends"]
    if run_within(APT_INSTALL_SECONDS, [*install, *packages]):
        return
    # a machine that has just been made has no package lists yet
    run_within(APT_UPDATE_SECONDS, [*apt, "update"])
    run_within(APT_INSTALL_SECONDS, [*install, *packages])


def _is_root() -> bool:
    return os.getuid() == 0


if __name__ == "__main__":
    sys.exit(main())
