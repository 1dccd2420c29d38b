"""Set-up finds a browser and Tesseract or says what to do, and the doctor tells the truth."""

from __future__ import annotations

import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import sync_playwright

from billing.errors import BadInput, ProfileError
from bots.portal.browser import (
    VARIABLE,
    Browser,
    find_browser,
    launch_options,
    prove_browser,
    require_driver,
)
from flows.doctor import Check, examine
from flows.setup import chromium_is_a_snap, run_within

PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture
def only_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH of one empty folder, and a Playwright that has downloaded and can download nothing."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "builds"))
    monkeypatch.setenv("PLAYWRIGHT_DOWNLOAD_HOST", "http://127.0.0.1:9")
    return folder


def program(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    return path


def set_up() -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flows.setup"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


# Finding


@pytest.mark.skipif(sys.platform == "darwin", reason="there, Applications is looked at as well")
def test_no_browser_is_one_sentence_with_its_remedy(only_path: Path) -> None:
    with pytest.raises(BadInput, match="No browser found: run make setup, or install Chromium"):
        find_browser()


def test_a_wrong_path_is_named_and_not_passed_over(
    only_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(only_path / "chromium", "echo Chromium 156.0.1")
    monkeypatch.setenv(VARIABLE, "/nowhere/chrome")
    with pytest.raises(BadInput, match=f"{VARIABLE}=/nowhere/chrome is not a browser"):
        find_browser()


def test_a_stub_that_tells_no_version_is_passed_over(only_path: Path) -> None:
    program(only_path / "chromium-browser", "echo 'requires the chromium snap'; exit 1")
    chrome = program(only_path / "google-chrome", "echo Google Chrome 150.0.7000.1")
    found = find_browser()
    assert (found.executable, found.version) == (chrome, "Chrome 150.0.7000.1")


def test_who_wants_to_see_the_browser_gets_one_with_windows(
    only_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = program(only_path / "chromium-headless-shell", "echo Chromium 156.0.1")
    assert find_browser().executable == shell
    if sys.platform != "darwin":
        with pytest.raises(BadInput, match="No browser with windows found: install Chromium"):
            find_browser(windows=True)
    whole = program(only_path / "chromium", "echo Chromium 156.0.1")
    assert find_browser(windows=True).executable == whole
    monkeypatch.setenv(VARIABLE, str(shell))
    with pytest.raises(BadInput, match="has no windows"):
        find_browser(windows=True)


def test_the_variable_comes_before_the_system(
    only_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program(only_path / "chromium", "echo Chromium 156.0.1")
    mine = program(tmp_path / "mine", "echo Chromium 140.0.2")
    monkeypatch.setenv(VARIABLE, str(mine))
    assert find_browser().executable == mine


@pytest.mark.parametrize("variable", ["PLAYWRIGHT_BROWSERS_PATH", "XDG_CACHE_HOME", "HOME"])
def test_playwrights_own_build_counts_once_it_is_complete(
    variable: str, only_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where its builds lie is asked of Playwright's own program here."""
    for one in ("PLAYWRIGHT_BROWSERS_PATH", "XDG_CACHE_HOME"):
        monkeypatch.delenv(one, raising=False)
    monkeypatch.setenv(variable, str(tmp_path / "builds"))
    program(only_path / "chromium", "echo Chromium 156.0.1")
    said = subprocess.run(
        [sys.executable, "-m", "playwright", "install", "--dry-run", "chromium"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    places = [line.split(":", 1)[1].strip() for line in said.splitlines() if "location:" in line]
    places = [place for place in places if "ffmpeg" not in place]  # makes films, which no bot does
    assert places
    assert all(place.startswith(str(tmp_path)) for place in places)
    for place in places:
        Path(place).mkdir(parents=True)
    assert find_browser().executable == only_path / "chromium"
    for place in places:
        (Path(place) / "INSTALLATION_COMPLETE").touch()
    found = find_browser()
    assert found.executable is None
    assert f"{found.version} (playwright chromium " in said


def test_a_browser_that_does_not_start_is_refused_with_its_path(tmp_path: Path) -> None:
    broken = program(tmp_path / "broken", "echo no display; exit 3")
    with pytest.raises(BadInput, match="broken is here but does not start"):
        prove_browser(Browser(broken, "Chromium 1.0", "the system's"))


@pytest.mark.browser
def test_the_browser_of_this_machine_starts(browser_executable: Browser) -> None:
    assert prove_browser(browser_executable).split(".")[0] in browser_executable.version


# The host pin


@pytest.mark.parametrize(
    "host", ["*", "*.example", "a;b", "", "http://a.example", "a b", ".x", "<local>"]
)
def test_a_pattern_cannot_widen_the_pin(host: str) -> None:
    with pytest.raises(BadInput, match="is not a host"):
        launch_options(Browser(None, "", ""), [host])


@contextmanager
def web_server(*, redirect: str = "") -> Iterator[tuple[str, list[str]]]:
    """A server on a free port: its ``host:port``, and the paths that were asked of it."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(302 if redirect and self.path == "/go" else 200)
            if redirect:
                self.send_header("Location", redirect)
            self.end_headers()
            self.wfile.write(b"<title>here</title>")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


LEAKS = """async (other) => {
    const image = new Image(); image.src = `http://${other}/image`;
    navigator.sendBeacon(`http://${other}/beacon`, "x");
    try { await fetch(`http://${other}/fetch`, {mode: "no-cors"}); } catch {}
    await new Promise((done) => {
        const socket = new WebSocket(`ws://${other}/socket`);
        socket.onerror = socket.onopen = done;
    });
}"""


@pytest.mark.browser
@pytest.mark.parametrize("pinned", [True, False], ids=["pinned", "control"])
def test_only_the_allowed_host_is_reached(browser_executable: Browser, *, pinned: bool) -> None:
    """Redirects and WebSockets pass request routing by; they do not pass the pin by."""
    with (
        web_server() as (other, asked_of_other),
        web_server(redirect=f"http://{other}/redirected") as (portal, asked_of_portal),
        sync_playwright() as playwright,
    ):
        options = launch_options(browser_executable, [portal] if pinned else [portal, other])
        chromium = playwright.chromium.launch(**options)
        try:
            page = chromium.new_page()
            page.goto(f"http://{portal}/")
            assert page.title() == "here"
            page.evaluate(LEAKS, other)
            refused = pytest.raises(PlaywrightError, match="ERR_PROXY_CONNECTION_FAILED")
            with refused if pinned else nullcontext():
                page.goto(f"http://{portal}/go")
        finally:
            chromium.close()
        assert {"/", "/go"} <= set(asked_of_portal)
        if pinned:
            assert asked_of_other == []
        else:
            assert {"/image", "/fetch", "/socket", "/redirected"} <= set(asked_of_other)


def test_the_pin_leads_nowhere() -> None:
    """Were something listening on the discard port, it would be asked for every page."""
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", 9)) != 0


def test_a_driver_that_lacks_a_library_is_one_sentence_with_its_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    lacking = "node: error while loading shared libraries: libatomic.so.1: cannot open shared"
    node = program(tmp_path / "node", f"echo '{lacking} object file' >&2; exit 127")
    monkeypatch.setenv("PLAYWRIGHT_NODEJS_PATH", str(node))
    with pytest.raises(BadInput, match=r"lacks libatomic.so.1 .* apt-get install -y libatomic1"):
        require_driver()
    check = examined(home)["Playwright"]
    assert not check.ok
    assert "libatomic1" in check.mend


# Set-up


@pytest.mark.skipif(sys.platform == "darwin", reason="Applications and Homebrew are elsewhere")
def test_set_up_without_any_way_to_a_browser_ends_with_one_sentence(only_path: Path) -> None:
    answer = set_up()
    assert answer.returncode == 1
    (sentence,) = answer.stderr.splitlines()
    assert "No browser found: install Chromium (Debian: sudo apt-get install" in sentence
    assert "asking Playwright for its own (at most 180 s)" in answer.stdout


@pytest.mark.browser
@pytest.mark.skipif(sys.platform == "darwin", reason="apt-get is Debian's")
def test_set_up_installs_what_is_missing_with_apt(
    only_path: Path, browser_executable: Browser, tesseract: str, tmp_path: Path
) -> None:
    """Here apt-get is a script that, like a new machine's, knows no package before its update."""
    executable = browser_executable.executable
    if executable is None:
        with sync_playwright() as playwright:
            executable = Path(playwright.chromium.executable_path)
    link, log = shutil.which("ln", path="/usr/bin:/bin"), tmp_path / "log"
    lists = tmp_path / "lists"
    program(
        only_path / "apt-get",
        f"""echo "$*" >> {log}
        case "$*" in
        update) : > {lists} ;;
        *" install "*chromium*) [ -e {lists} ] || exit 100
            {link} -s {executable} {only_path}/chromium ;;
        *" install "*tesseract-ocr*) {link} -s {tesseract} {only_path}/tesseract ;;
        esac""",
    )
    program(only_path / "sudo", 'shift; case "$1" in DEBIAN*) shift ;; esac; exec "$@"')
    program(only_path / "true", "exit 0")
    for name in ("readlink", "dirname", "basename", "sh", "env", "rm", "touch", "id"):
        found = shutil.which(name, path="/usr/bin:/bin")
        if found:
            (only_path / name).symlink_to(found)
    answer = set_up()
    if chromium_is_a_snap():
        assert "only a pointer to a snap" in answer.stderr
        return
    assert (answer.returncode, answer.stderr) == (0, "")
    assert f"({only_path}/chromium)" in answer.stdout
    assert "set-up: Tesseract: " in answer.stdout
    asked = [line.split()[-1] for line in log.read_text().splitlines()]
    assert asked == ["fonts-liberation", "update", "fonts-liberation", "tesseract-ocr-eng"]


def test_ubuntus_chromium_is_known_for_a_snap(tmp_path: Path) -> None:
    release = tmp_path / "os-release"
    release.write_text('NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\n')
    assert chromium_is_a_snap(release)
    release.write_text('NAME="Debian GNU/Linux"\nID=debian\n')
    assert not chromium_is_a_snap(release)


def test_a_step_that_hangs_is_ended_with_all_it_started(tmp_path: Path) -> None:
    child = tmp_path / "child"
    deaf = "trap '' TERM; while :; do sleep 1; done"
    assert not run_within(1, ["sh", "-c", f'sh -c "{deaf}" & echo $! > {child}; wait'])
    process = int(child.read_text())
    deadline = time.monotonic() + 10
    while is_at_work(process):
        assert time.monotonic() < deadline, "it goes on"
        time.sleep(0.05)


def is_at_work(process: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        state = Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


# The doctor


def examined(home: Path, *, load_profile: Any = str) -> dict[str, Check]:
    profiles = home.parent / "profiles"
    checks = examine(
        home=home, profiles=profiles, ledger=home / "ledger.sqlite", load_profile=load_profile
    )
    for check in checks:
        assert check.found
        assert check.ok is not bool(check.mend), f"{check.name}: a mend for what needs none"
    return {check.name: check for check in checks}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    (tmp_path / "profiles" / "acme").mkdir(parents=True)
    (tmp_path / "profiles" / "acme" / "profile.yaml").write_text("payer: acme\n")
    return folder


@pytest.mark.browser
@pytest.mark.ocr
def test_a_good_machine_is_found_good(
    home: Path, browser_executable: Browser, tesseract: str
) -> None:
    connection = sqlite3.connect(home / "ledger.sqlite")
    connection.execute("CREATE TABLE work_item (id INTEGER PRIMARY KEY)")
    connection.commit()
    connection.close()
    checks = examined(home)
    clock = checks.pop("clock")  # a machine may say that nothing keeps its clock set
    assert clock.found
    assert [check for check in checks.values() if not check.ok] == []
    assert "is whole (1 tables" in checks["ledger"].found
    assert checks["profiles"].found.startswith("1 valid")


def test_a_bad_machine_is_found_bad(only_path: Path, home: Path) -> None:
    def refuse(folder: Path) -> None:
        raise ProfileError(f"{folder.name}/profile.yaml:1: payer: unknown key")

    (home / "ledger.sqlite").write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 40)
    home.chmod(0o755)
    checks = examined(home, load_profile=refuse)
    wrong = {name for name, check in checks.items() if not check.ok}
    assert wrong >= {"browser", "Tesseract", "ledger", "profiles", "home"}
    assert checks["home"].mend == f"chmod 700 {home}"
    assert "0 valid, 1 refused: acme/profile.yaml:1" in checks["profiles"].found


def test_a_home_that_is_not_there_yet_is_no_fault(home: Path) -> None:
    home.rmdir()
    checks = examined(home)
    assert all(checks[name].ok for name in ("home", "ledger", "disk", "profiles"))
    assert not home.exists()
