"""Which browser drives the portals on this machine, and how it is kept to the portal's hosts."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright._impl._driver import compute_driver_executable, get_driver_env
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Playwright, async_playwright

from billing.errors import BadInput

VARIABLE = "CLAIMSWEEP_BROWSER"
UNBOXED = "CLAIMSWEEP_BROWSER_SANDBOX"  # "off" where a machine lets Chromium make none
WINDOWLESS = "headless-shell"  # Chromium without its windows: a quarter less time per claim
NAMES = (
    f"chromium-{WINDOWLESS}",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
MAC_APPLICATIONS = (
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
)
MEND = (
    "install Chromium (Debian: sudo apt-get install -y chromium; macOS: brew install --cask "
    f"chromium) or set {VARIABLE} to the path of a Chromium or Chrome"
)
OWN_BUILDS = ("chromium", f"chromium-{WINDOWLESS}")
DRIVER_MEND = "install its system library (Debian, Ubuntu: sudo apt-get install -y libatomic1)"
NO_BOX = (
    "cannot make its sandbox: this machine or container keeps user namespaces from it; allow "
    f"them (docs/service/README.md), or set {UNBOXED}=off and let a payer's page do what its user "
    "may do here"
)
_BOXLESS = re.compile(r"No usable sandbox|setuid sandbox|Failed to move to new namespace")
# Megabytes in which Playwright's Node.js keeps what is new; by default it lets 48 fill with what
# nobody needs any more, in every session.
_LITTLE = "--max-semi-space-size=1"
_ANSWER_SECONDS = 30
_LAUNCH_SECONDS = 60
# Port 9 (discard) refuses at once: a host that is not let past this proxy is unreachable.
_NOWHERE = "http://127.0.0.1:9"
_HOST = re.compile(
    r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)"  # IPv6 address, or name
    r"(:[0-9]{1,5})?"
)


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser that answers: ``executable`` is None for the one Playwright keeps itself."""

    executable: Path | None
    version: str
    origin: str


async def start_playwright() -> Playwright:
    """Playwright, whose own program is to take little memory; NODE_OPTIONS in force stand."""
    os.environ.setdefault("NODE_OPTIONS", _LITTLE)
    return await async_playwright().start()


async def stop_playwright(playwright: Playwright) -> None:
    """End its program and the browsers that are left of it; one that hangs is waited for no longer
    than a browser may take to start."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_LAUNCH_SECONDS):
            await playwright.stop()


def require_driver() -> None:
    """Raise BadInput, with the mend, when Playwright's own program does not run on this machine.

    It comes with a Node.js that needs libatomic, which a minimal Debian or Ubuntu lacks.
    """
    try:
        node, program = compute_driver_executable()
        Path(program).stat()
        answer = subprocess.run(
            [node, "--version"],
            env=get_driver_env(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_ANSWER_SECONDS,
            check=False,
        )
    except (OSError, PlaywrightError, subprocess.TimeoutExpired):
        raise BadInput("Playwright does not answer; remove .venv and run make setup") from None
    if answer.returncode:
        lacking = re.search(r"(lib[\w.+-]+\.so[.\d]*): cannot open shared", answer.stderr)
        what = f"lacks {lacking[1]}" if lacking else "does not run"
        raise BadInput(f"Playwright {what} on this machine; {DRIVER_MEND}")


def find_browser(*, windows: bool = False) -> Browser:
    """The first browser that tells its version, without starting it; one with ``windows`` if asked.

    In this order: the path in CLAIMSWEEP_BROWSER, the build Playwright downloaded for itself
    (the one it is tested with), then the system's, snaps last because their confinement may
    hide a profile folder from them. Raises BadInput when the variable's path is no browser, or
    when there is none at all.
    """
    named = os.environ.get(VARIABLE)
    if named:
        version = _version(Path(named))
        if version is None:
            raise BadInput(
                f"{VARIABLE}={named} is not a browser that can be run; "
                "correct the path, or unset the variable to look for one"
            )
        if windows and WINDOWLESS in Path(named).name:
            raise BadInput(f"{VARIABLE}={named} has no windows; unset it, or name a whole Chromium")
        return Browser(Path(named), version, VARIABLE)
    own = _playwrights_own()
    if own is not None:
        return own
    for path in _on_this_system():
        if windows and WINDOWLESS in path.name:
            continue
        version = _version(path)
        if version is not None:
            return Browser(path, version, "the system's")
    if windows:
        raise BadInput(f"No browser with windows found: {MEND}")
    raise BadInput(f"No browser found: run make setup, or {MEND}")


def launch_options(browser: Browser, allowed_hosts: Sequence[str]) -> dict[str, Any]:
    """Arguments of ``chromium.launch`` that let the browser reach ``allowed_hosts`` and no other.

    Each host is ``name`` (any port) or ``name:port``. The pin is a proxy that refuses everything,
    which only the allowed hosts bypass: unlike request routing it holds for redirects,
    WebSockets, prefetches and workers too. Raises BadInput for a host that is not one, so that
    no wildcard can widen the pin.
    """
    for host in allowed_hosts:
        if not _HOST.fullmatch(host):
            raise BadInput(f"{host!r} is not a host; write a name, or a name and port, no pattern")
    arguments = [
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        "--disable-quic",  # QUIC is UDP, and would go round the proxy
        # WebRTC's datagrams would too, to whatever host a page names
        "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
        f"--proxy-server={_NOWHERE}",
        "--proxy-bypass-list=" + ";".join(["<-loopback>", *allowed_hosts]),
    ]
    # ctrl-C reaches every process of the terminal; the session must still sign out in the browser
    ours = dict.fromkeys(("handle_sigint", "handle_sigterm", "handle_sighup"), False)
    # Playwright gives up Chromium's sandbox unless it is asked for
    box = {"chromium_sandbox": is_boxed()}
    options: dict[str, Any] = {"headless": True, "args": arguments, **box, **ours}
    if browser.executable is not None:
        options["executable_path"] = str(browser.executable)
    return options


def is_boxed() -> bool:
    """Whether pages are kept in Chromium's sandbox: not by root, for whom it does not start then,
    nor where the variable says off. Raises BadInput for another word."""
    said = os.environ.get(UNBOXED, "on")
    if said not in ("on", "off"):
        raise BadInput(f"{UNBOXED} is on or off")
    return said == "on" and not (hasattr(os, "getuid") and os.getuid() == 0)


def prove_browser(browser: Browser) -> str:
    """Start it, open an empty page, close it; the version it reports. Raises BadInput if it fails.

    Runs in a thread of its own, so that it may be called where an event loop is running.
    """
    require_driver()
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(_launch, browser).result()


def is_snap(path: Path) -> bool:
    """Whether this is a snap's launcher (/snap/bin/chromium, a link to the snap program)."""
    return path.is_relative_to("/snap") or path.resolve().name == "snap"


def _launch(browser: Browser) -> str:
    from playwright.sync_api import sync_playwright

    try:
        with sync_playwright() as playwright:
            options = launch_options(browser, [])
            chromium = playwright.chromium.launch(**options, timeout=_LAUNCH_SECONDS * 1000)
            try:
                page = chromium.new_page()
                page.goto("about:blank", timeout=_LAUNCH_SECONDS * 1000)
                return chromium.version
            finally:
                chromium.close()
    except PlaywrightError as error:
        named = browser.executable or "Playwright's own Chromium"
        if is_boxed() and _BOXLESS.search(error.message):
            raise BadInput(f"{named} is here but {NO_BOX}") from error
        raise BadInput(
            f"{named} is here but does not start ({_reason(error)}); "
            f"install another Chromium, or set {VARIABLE} to one"
        ) from error


def _reason(error: PlaywrightError) -> str:
    lines = [line.strip() for line in error.message.splitlines() if line.strip()]
    telling = [line for line in lines if "error while loading shared libraries" in line]
    return (telling or lines or ["no reason given"])[0][:200]


def _playwrights_own() -> Browser | None:
    """Playwright's builds lie in folders of its own, and are complete once they are marked so.

    Its program would say where, in a second of a core; its list of builds says the same.
    """
    try:
        package = Path(compute_driver_executable()[1]).parent
        listed = json.loads((package / "browsers.json").read_text(encoding="utf-8"))["browsers"]
        builds = {one["name"]: one for one in listed if one["name"] in OWN_BUILDS}
        shelf = _own_shelf(package)
        folders = [f"{name.replace('-', '_')}-{builds[name]['revision']}" for name in OWN_BUILDS]
    except (OSError, PlaywrightError, ValueError, KeyError, TypeError):
        return None
    if not all((shelf / one / "INSTALLATION_COMPLETE").exists() for one in folders):
        return None
    whole = builds[OWN_BUILDS[0]]
    return Browser(None, f"{whole['title']} {whole['browserVersion']}", "Playwright's own")


def _own_shelf(package: Path) -> Path:
    """Where Playwright keeps its builds, by its documentation ("Managing browser binaries")."""
    named = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    if named == "0":
        return package / ".local-browsers"
    if named:
        return Path(named).absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches/ms-playwright"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ms-playwright"


def _on_this_system() -> Iterator[Path]:
    found = [Path(path) for name in NAMES if (path := shutil.which(name))]
    if sys.platform == "darwin":
        found += [path for path in MAC_APPLICATIONS if path.exists()]
    yield from sorted(found, key=is_snap)


def _version(path: Path) -> str | None:
    """What ``--version`` says, or None when it says nothing of a version (Ubuntu's stub)."""
    said = _output([str(path), "--version"])
    if said is None:
        return None
    match = re.search(r"\b(?:Chrom|Headless).*\d+\.\d+.*", said)
    return match.group().strip() if match else None


def _output(command: Sequence[str]) -> str | None:
    try:
        answer = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_ANSWER_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout if answer.returncode == 0 else None
