"""Docker on this machine as tests use it: our image built, volumes filled and read, containers."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from conftest import PROJECT

SERVICE = PROJECT / "docs" / "service"
BASE = "debian:12-slim"
TAG = "claimsweep:tried"
USER = 8400
BUILD_SECONDS = 3600
SECONDS = 300
LOOK_SECONDS = 1.0
CLOSED = (
    "--read-only",
    "--cap-drop=all",
    "--security-opt=no-new-privileges",
    "--tmpfs=/tmp",
    "--shm-size=1g",
)
BOXED = (f"--security-opt=seccomp={SERVICE / 'seccomp.json'}",)
"""As docs/service/README.md has a container run: closed, and with room for Chromium's sandbox."""


def docker(*words: str, given: bytes | None = None, seconds: float = SECONDS) -> str:
    """What ``docker …`` says, both streams; fails the test where it ends with an error."""
    code, said = try_docker(*words, given=given, seconds=seconds)
    assert code == 0, f"docker {' '.join(words)[:300]} ended with {code}: {said[-3000:]}"
    return said


def try_docker(
    *words: str, given: bytes | None = None, seconds: float = SECONDS
) -> tuple[int, str]:
    """Its exit code, and what it says."""
    done = subprocess.run(
        ["docker", *words],
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=seconds,
        check=False,
    )
    return done.returncode, done.stdout.decode("utf-8", "replace")


def what_is_missing() -> str | None:
    """One sentence about what keeps these tests from this machine; None where all is there."""
    if sys.platform != "linux":
        return "Containers are tried on Linux, where they share this machine's network"
    if shutil.which("docker") is None:
        return "There is no docker here: install Docker (Debian: sudo apt-get install docker.io)"
    code, _ = try_docker("info", "--format", "{{.ServerVersion}}")
    if code:
        return "No Docker daemon answers this user: start it, or join the group docker"
    return None


def build(base: str, words: Sequence[str], folder: Path) -> None:
    """Build the image from this checkout, on ``base`` in the place of Debian's own image."""
    text = (SERVICE / "Containerfile").read_text("utf-8")
    file = folder / "Containerfile"
    file.write_text(re.sub(rf"(?m)^FROM {re.escape(BASE)}", f"FROM {base}", text), "utf-8")
    docker("build", *words, "-t", TAG, "-f", str(file), str(PROJECT), seconds=BUILD_SECONDS)


@dataclass(frozen=True, slots=True)
class Volume:
    """A named volume of the engine."""

    name: str

    def put(self, files: Mapping[str, bytes], *, owner: int = USER, mode: int = 0o600) -> None:
        """Lay files into it, of that owner and of our group."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            for name, data in files.items():
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode, entry.mtime = len(data), mode, int(time.time())
                entry.uid, entry.gid = owner, USER
                tar.addfile(entry, io.BytesIO(data))
        unpack = ("--user=0", "--entrypoint=tar", f"--volume={self.name}:/v")
        words = ("-x", "-p", "-f", "-", "-C", "/v")
        docker("run", "--rm", "-i", *unpack, TAG, *words, given=packed.getvalue())

    def open_to_others(self) -> str:
        """What lies in it that more than our user may read, a line each."""
        look = ("--rm", f"--volume={self.name}:/v:ro", "--entrypoint=find", TAG)
        return docker("run", *look, "/v", "-type", "f", "-perm", "/077")

    def copy_to(self, folder: Path) -> Path:
        """All that is in it, in ``folder`` of this machine."""
        pack = ["run", "--rm", f"--volume={self.name}:/v:ro", "--entrypoint=tar", TAG]
        done = subprocess.run(
            ["docker", *pack, "-c", "-f", "-", "-C", "/v", "."],
            stdout=subprocess.PIPE,
            timeout=SECONDS,
            check=True,
        )
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as tar:
            tar.extractall(folder, filter="data")
        return folder


def state(container: str, of: str = "{{json .State}}") -> dict[str, object]:
    """How the container stands, as the engine tells it; empty where there is none."""
    code, said = try_docker("inspect", "--format", of, container)
    found: dict[str, object] = json.loads(said) if code == 0 else {}
    return found


def until(what: str, happened: Callable[[], bool], seconds: float = SECONDS) -> float:
    """Wait for it; how many seconds that took."""
    began = time.monotonic()
    while not happened():
        assert time.monotonic() - began < seconds, f"{what} did not happen in {seconds:.0f} s"
        time.sleep(LOOK_SECONDS)
    return time.monotonic() - began


ASK = (
    "import json, os, sqlite3, sys; "
    "path = os.environ['CLAIMSWEEP_HOME'] + '/ledger.sqlite'; "
    "ledger = sqlite3.connect('file:' + path + '?mode=ro', uri=True, timeout=30); "
    "print(json.dumps(ledger.execute(sys.argv[1]).fetchall()))"
)


def ask_ledger(volume: Volume, question: str) -> list[list[object]]:
    """Rows of the SQLite ledger in the home of ``volume``; none where there is no such ledger."""
    words = ("run", "--rm", f"--volume={volume.name}:/var/lib/claimsweep", "--entrypoint=python")
    code, said = try_docker(*words, TAG, "-c", ASK, question)
    rows: list[list[object]] = json.loads(said.splitlines()[-1]) if code == 0 else []
    return rows


SIGNAL = r"""
import os, sys
from pathlib import Path
for process in Path("/proc").glob("[0-9]*"):
    if sys.argv[2].encode() in (process / "cmdline").read_bytes().split(b"\0")[1:]:
        if process.name not in ("1", str(os.getpid())):
            os.kill(int(process.name), int(sys.argv[1]))
"""


def signal_in(container: str, number: int, word: str) -> None:
    """Send a signal to the processes there, but for the first, that have ``word`` as a word."""
    docker("exec", container, "python", "-c", SIGNAL, str(int(number)), word)


BROWSERS = r"""
import os, re
from pathlib import Path
for process in Path("/proc").glob("[0-9]*"):
    try:
        words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        spaces = re.search(r"NSpid:(.*)", (process / "status").read_text())[1].split()
    except (OSError, TypeError):
        continue
    if "chrom" in words.partition(" ")[0]:
        print(len(spaces), "--no-sandbox" in words, words[:2000].replace("\n", " "))
"""


def browsers_in(container: str) -> list[tuple[int, bool, str]]:
    """Of each process of Chromium there: how many process spaces it is in, whether it was told to
    have no sandbox, and its words."""
    code, said = try_docker("exec", container, "python", "-c", BROWSERS)
    lines = [line.split(" ", 2) for line in said.splitlines()] if code == 0 else []
    return [(int(n), unboxed == "True", words) for n, unboxed, words in lines]
