"""The image of docs/service in a Docker engine: its doctor, its console, and sweeps.

Needs a Docker daemon of this machine; the portals are simulated, on this machine too.
"""

from __future__ import annotations

import shlex
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from bucket_server import free_port
from conftest import start_sandbox, stop_sandbox
from container_place import NAMED, a_place, answered, certificate, health, memory
from engine import (
    BOXED,
    CLOSED,
    TAG,
    browsers_in,
    build,
    docker,
    signal_in,
    state,
    try_docker,
    until,
    what_is_missing,
)
from sweeping import Desk, differences

pytestmark = pytest.mark.slow

HEALTHY_SECONDS = 180
SWEEP_SECONDS = 1200
STOP_SECONDS = 90
CLAIMS = 10


@pytest.fixture(scope="session")
def image(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Our image, built from this checkout."""
    if missing := what_is_missing():
        pytest.skip(missing)
    words = shlex.split(request.config.getoption("--build-words"))
    began = time.monotonic()
    build(request.config.getoption("--base-image"), words, tmp_path_factory.mktemp("build"))
    size = int(docker("image", "inspect", "--format", "{{.Size}}", TAG))
    tell(f"built in {time.monotonic() - began:.0f} s, {size / 1e9:.2f} GB")
    return TAG


@pytest.fixture
def desk(image: str, tmp_path: Path) -> Iterator[Desk]:
    """Two simulated portals, and the exports of a biller who asks them."""
    payers = "juniper-ridge,franklin-medicaid"
    sandbox, portals = start_sandbox(3, CLAIMS, payers, tmp_path, delay=0.2)
    try:
        sandbox.run("export", str(tmp_path / "exports"))
        yield Desk(sandbox, tmp_path)
    finally:
        stop_sandbox(portals)


def tell(measured: str) -> None:
    """A figure of this run."""
    sys.stderr.write(f"\n  measured: {measured}\n")


def test_the_doctor_finds_all_in_it_and_says_what_keeps_the_sandbox_away(image: str) -> None:
    alone = ("run", "--rm", *CLOSED, "--env=CLAIMSWEEP_SETTINGS=")
    code, said = try_docker(*alone, *BOXED, TAG, "doctor")
    assert code == 0, said
    assert "starts in its sandbox" in said
    assert "5 valid in /opt/claimsweep/payer_profiles" in said
    assert "Tesseract: 5" in said
    code, said = try_docker(*alone, TAG, "doctor")
    assert code == 1, "the engine's own profile was expected to keep user namespaces away"
    assert "cannot make its sandbox" in said
    assert "docs/service/README.md" in said


def test_the_console_answers_by_tls_is_healthy_and_stops(desk: Desk) -> None:
    port, pair = free_port(), certificate(desk.folder)
    with a_place(desk, f'[console]\nhosts = ["{NAMED}"]') as place:
        place.given.put(pair)
        began = time.monotonic()
        name = place.start(options=(f"--publish=127.0.0.1:{port}:8400",))
        trusted = desk.folder / "console.crt"
        until("an answer", lambda: answered(port, trusted) == 200, HEALTHY_SECONDS)
        tell(f"the console answers {time.monotonic() - began:.1f} s after docker run")
        until("health", lambda: health(name) == "healthy", HEALTHY_SECONDS)
        tell(f"healthy after {time.monotonic() - began:.1f} s; memory {memory(name)}")
        assert docker("exec", name, "id", "-u").strip() == "8400"
        code, said = try_docker("exec", name, "touch", "/opt/claimsweep/here")
        assert (code, "Read-only" in said) == (1, True)
        asked = ("exec", name, "python", "/opt/claimsweep/healthy.py")
        signal_in(name, signal.SIGSTOP, "flows")
        assert try_docker(*asked)[0] == 1, "one that does not answer is not well"
        signal_in(name, signal.SIGCONT, "flows")
        until("an answer again", lambda: try_docker(*asked)[0] == 0)
        began = time.monotonic()
        docker("stop", "--time", str(STOP_SECONDS), name)
        tell(f"stopped {time.monotonic() - began:.1f} s after SIGTERM")
        assert state(name)["ExitCode"] == 0


def test_a_sweep_in_it_is_stopped_and_goes_on_and_its_answers_are_those_of_the_key(
    desk: Desk,
) -> None:
    with a_place(desk, "") as place:
        names = [f"/run/secrets/exports/{one.stem}/{one.name}" for one in desk.exports]
        words = ["sweep", *(part for name in names for part in ("--export", name))]
        first = place.start(*words, options=("--network=host",))
        until("some answers", lambda: ended(first) or place.settled() >= 3, SWEEP_SECONDS)
        see_that_pages_are_boxed(first)
        tell(f"memory of a sweep with two sessions: {memory(first)}")
        began = time.monotonic()
        docker("stop", "--time", str(STOP_SECONDS), first)
        tell(f"a sweep signs out and stops {time.monotonic() - began:.1f} s after SIGTERM")
        assert state(first)["ExitCode"] == 2, docker("logs", first)[-2000:]
        assert place.settled() < 2 * CLAIMS, "it was to be stopped half way"
        second = place.start(*words, options=("--network=host",))
        took = until("its end", lambda: ended(second), SWEEP_SECONDS)
        tell(f"the same call went on to the end in {took:.0f} s")
        assert state(second)["ExitCode"] in (0, 1), docker("logs", second)[-2000:]
        assert differences(desk.truth(), place.answers(desk.folder / "kept")) == []
        assert place.kept.open_to_others() == ""
        counted = desk.counters()
        assert not any(c["two_at_once"] or c["refusals"] for c in counted.values()), counted
        assert not any(c["concurrent_sessions"] for c in counted.values()), "it did not sign out"


def ended(container: str) -> bool:
    return state(container).get("Status") == "exited"


def see_that_pages_are_boxed(container: str) -> None:
    """Chromium has its sandbox: its renderers are in process spaces of their own."""
    processes = browsers_in(container)
    assert processes, "no browser runs there"
    assert not any(unboxed for _, unboxed, _ in processes), processes
    renderers = [spaces for spaces, _, words in processes if "--type=renderer" in words]
    assert renderers
    assert min(renderers) > 1, processes
