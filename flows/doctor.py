"""What this machine offers the bots, and for each thing that is missing its mend."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from billing.errors import BadInput, ProfileError
from bots.portal.browser import (
    DRIVER_MEND,
    MEND,
    find_browser,
    is_boxed,
    prove_browser,
    require_driver,
)
from flows.clock import ahead_of_files, kept_set, nearest
from flows.setup import tesseract_version

LEAST_FREE_BYTES = 2 * 1024**3
# A one-time code is good for 30 s, and portals allow the one before or after it (RFC 6238 5.2).
MOST_CLOCK_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: what was found, and, where that will not do, what to do about it."""

    name: str
    ok: bool
    found: str
    mend: str = ""


def examine(
    *, home: Path, profiles: Path, ledger: Path, load_profile: Callable[[Path], object]
) -> list[Check]:
    """Look at everything a sweep needs, changing nothing that lasts.

    ``ledger`` is the SQLite file, which need not exist yet; ``load_profile`` takes a payer's
    folder and raises ProfileError.
    """
    return [
        _python(),
        _driver(),
        _browser(),
        _tesseract(),
        _ledger(ledger),
        _profiles(profiles, load_profile),
        _home(home),
        _disk(home),
        _clock(home),
    ]


def _python() -> Check:
    found = "{}.{}.{}".format(*sys.version_info[:3]) + f" ({sys.executable})"
    mend = "install Python 3.11 or newer, remove .venv and run make setup"
    ok = sys.version_info >= (3, 11)
    return Check("Python", ok, found, "" if ok else mend)


def _driver() -> Check:
    try:
        require_driver()
    except BadInput as error:
        return Check("Playwright", False, str(error).partition("; ")[0], DRIVER_MEND)
    return Check("Playwright", True, version("playwright"))


def _browser() -> Check:
    try:
        browser = find_browser()
        started = prove_browser(browser)
    except BadInput as error:
        found, _, mend = str(error).partition("; ")
        return Check("browser", False, found, mend or MEND)
    place = browser.executable or "Playwright's own build"
    box = "in its sandbox" if is_boxed() else "without a sandbox"
    return Check("browser", True, f"{place} starts {box}: {started} ({browser.origin})")


def _tesseract() -> Check:
    version = tesseract_version()
    if version is not None:
        return Check("Tesseract", True, version)
    remedy = "brew install tesseract"
    if sys.platform != "darwin":
        remedy = "sudo apt-get install -y tesseract-ocr"
    return Check("Tesseract", False, "none: scanned EOBs cannot be read", remedy)


def _ledger(ledger: Path) -> Check:
    if not ledger.exists():
        return Check("ledger", True, f"none yet; the first sweep makes {ledger}")
    mend = f"keep a copy of {ledger}, then put back the last good backup of it"
    try:
        connection = sqlite3.connect(f"{ledger.resolve().as_uri()}?mode=ro", uri=True, timeout=5)
        try:
            said = [row[0] for row in connection.execute("PRAGMA integrity_check(3)")]
            tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        finally:
            connection.close()
    except sqlite3.Error as error:
        return Check("ledger", False, f"{ledger} does not open ({error})", mend)
    if said != ["ok"]:
        return Check("ledger", False, f"{ledger} is damaged ({said[0]})", mend)
    size = ledger.stat().st_size / 1024**2
    return Check("ledger", True, f"{ledger} is whole ({tables} tables and indexes, {size:.1f} MiB)")


def _profiles(profiles: Path, load_profile: Callable[[Path], object]) -> Check:
    folders = sorted(path.parent for path in profiles.glob("*/profile.yaml"))
    if not folders:
        mend = "give --profiles the folder that holds a folder for each payer"
        return Check("profiles", False, f"none in {profiles}", mend)
    refused = []
    for folder in folders:
        try:
            load_profile(folder)
        except ProfileError as error:
            refused.append(str(error))
    valid = len(folders) - len(refused)
    if refused:
        more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
        found = f"{valid} valid, {len(refused)} refused: {refused[0]}{more}"
        return Check("profiles", False, found, "mend that line; claimsweep profile lint shows all")
    return Check("profiles", True, f"{valid} valid in {profiles}")


def _home(home: Path) -> Check:
    """The ledger and the evidence hold patients, so nobody else may look in."""
    if not home.exists():
        return Check("home", True, f"none yet; the first sweep makes {home} for you alone")
    status = home.stat()
    mode = status.st_mode & 0o777
    if mode & 0o077:
        found = f"{home} is open to others of this machine (mode {mode:03o})"
        return Check("home", False, found, f"chmod 700 {home}")
    if hasattr(os, "getuid") and status.st_uid != os.getuid():
        found = f"{home} belongs to another user"
        return Check("home", False, found, "run as that user, or give --home another folder")
    return Check("home", True, f"{home} is yours alone (mode {mode:03o})")


def _disk(home: Path) -> Check:
    place = nearest(home)
    free = shutil.disk_usage(place).free
    found = f"{free / 1024**3:.1f} GiB free at {place}"
    try:
        with tempfile.TemporaryFile(dir=place) as probe:
            probe.write(b"probe")
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        found = f"{place} cannot be written ({error.strerror})"
        return Check("disk", False, found, "give --home a folder that you may write to")
    if free < LEAST_FREE_BYTES:
        mend = f"free at least {LEAST_FREE_BYTES // 1024**3} GiB there: evidence is never replaced"
        return Check("disk", False, found, mend)
    return Check("disk", True, found)


def _clock(home: Path) -> Check:
    """One-time codes come from the clock, so a wrong one is a refused login."""
    mend = "set the clock and keep it set: sudo timedatectl set-ntp true"
    now = datetime.now(UTC)
    local = now.astimezone()
    shown = f"{local:%Y-%m-%d %H:%M:%S} UTC{local:%z}"
    offset = local.utcoffset()
    if offset is None or offset.total_seconds() % 900:
        return Check("clock", False, f"{shown}: no time zone has that offset", mend)
    # what this project's own files say was written cannot lie ahead of now
    newest = datetime.fromtimestamp(Path(__file__).stat().st_mtime, UTC)
    if newest > now + timedelta(days=1):
        return Check("clock", False, f"{shown} lies before this program was installed", mend)
    drift = ahead_of_files(home)
    if drift is not None and abs(drift) > MOST_CLOCK_SECONDS:
        return Check("clock", False, f"{shown}, {drift:+.0f} s from the file server's clock", mend)
    synchronised = kept_set()
    if synchronised is False:
        found = f"{shown}; the system says that nothing keeps it set"
        return Check("clock", False, found, mend)
    kept = "kept set by the system" if synchronised else "not compared with a time server"
    return Check("clock", True, f"{shown}, {kept}")
