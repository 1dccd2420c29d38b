"""Keeps what processes write, also what they delete, and what others could see of them."""

from __future__ import annotations

import os
import re
import stat
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

LOOK_SECONDS = 0.1
PROCESSES_EVERY = 5  # looks at files
MOST = 64 << 20  # bytes of one deleted file
WRITES = os.O_WRONLY | os.O_RDWR
_FLAGS = re.compile(r"^flags:\s*([0-7]+)", re.M)
_LISTENS = "0A"
IN_MEMORY = "/dev/shm/claimsweep-browser-"  # noqa: S108


@dataclass
class Watched:
    """What was seen of all processes whose HOME lies in ``folder``.

    ``kept`` holds a second name of every file that was ever in ``folder``, so that a deleted one is
    still there. ``elsewhere`` are files outside of it that were open for writing, ``unlinked`` the
    bytes of files that had no name any more, ``lines`` command lines, ``variables`` environments,
    ``listening`` the addresses with an open port.
    """

    folder: Path
    kept: Path
    elsewhere: set[str] = field(default_factory=set)
    unlinked: dict[str, bytes] = field(default_factory=dict)
    lines: set[bytes] = field(default_factory=set)
    variables: set[bytes] = field(default_factory=set)
    listening: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    _held: set[tuple[int, int]] = field(default_factory=set)

    def written(self) -> Iterator[tuple[str, Path]]:
        """Every file that was ever in the folder: the name it had first, and where it is now."""
        for path in sorted(self.kept.iterdir()):
            yield path.name.partition("~")[2].replace("~", "/"), path

    def look_at_files(self) -> None:
        """Give every new file a second name."""
        todo = [self.folder]
        while todo:
            with suppress(OSError), os.scandir(todo.pop()) as entries:
                for entry in entries:
                    with suppress(OSError):
                        self._keep(entry, todo)

    def look_at_processes(self) -> None:
        """What there is to see of each in /proc."""
        home = f"HOME={self.folder}".encode()
        sockets: set[str] = set()
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                environ = (process / "environ").read_bytes()
                if not any(one.startswith(home) for one in environ.split(b"\0")):
                    continue
                self.variables.add(environ)
                self.lines.add((process / "cmdline").read_bytes())
                sockets |= self._look_at_open(process)
        self.listening |= {
            address for inode, address in _listeners() if f"socket:[{inode}]" in sockets
        }

    def _keep(self, entry: os.DirEntry[str], todo: list[Path]) -> None:
        if entry.is_dir(follow_symlinks=False):
            todo.append(Path(entry.path))
            self.names.add(entry.path)
            return
        found = entry.stat(follow_symlinks=False)
        self.names.add(entry.path)
        key = (found.st_dev, found.st_ino)
        if not stat.S_ISREG(found.st_mode) or key in self._held:
            return
        name = os.path.relpath(entry.path, self.folder).replace("/", "~")[-180:]
        os.link(entry.path, self.kept / f"{found.st_ino}~{name}", follow_symlinks=False)
        self._held.add(key)

    def _look_at_open(self, process: Path) -> set[str]:
        sockets = set()
        for handle in (process / "fd").iterdir():
            with suppress(OSError):
                target = str(handle.readlink())
                if target.startswith("socket:"):
                    sockets.add(target)
                if not target.startswith("/") or not _is_written(process, handle.name):
                    continue
                if target.startswith(("/proc/", "/dev/")) and not target.startswith("/dev/shm/"):  # noqa: S108
                    continue
                if target.endswith(" (deleted)"):
                    with handle.open("rb") as file:
                        data = file.read(MOST)
                    self.unlinked[target] = max(self.unlinked.get(target, b""), data, key=len)
                elif not target.startswith((str(self.folder), "/memfd:", IN_MEMORY)):
                    self.elsewhere.add(target)
        return sockets


@contextmanager
def watching(folder: Path, kept: Path) -> Iterator[Watched]:
    """Watch ``folder`` and the processes at home in it; ``kept`` is on the same file system."""
    kept.mkdir(mode=0o700)
    seen, over = Watched(folder, kept), threading.Event()

    def look() -> None:
        looks = 0
        while not over.wait(LOOK_SECONDS):
            seen.look_at_files()
            looks += 1
            if looks % PROCESSES_EVERY == 0:
                seen.look_at_processes()

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join(30)
        seen.look_at_files()


def private_environment(folder: Path, more: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process that has all its places in ``folder``."""
    places = {"HOME": "person", "TMPDIR": "tmp", "XDG_CACHE_HOME": "cache"}
    places |= {"XDG_CONFIG_HOME": "config", "XDG_DATA_HOME": "data", "XDG_RUNTIME_DIR": "run"}
    for place in places.values():
        (folder / place).mkdir(mode=0o700, exist_ok=True)
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return kept | {name: str(folder / place) for name, place in places.items()} | dict(more)


def _is_written(process: Path, number: str) -> bool:
    flags = _FLAGS.search((process / "fdinfo" / number).read_text())
    return flags is not None and bool(int(flags[1], 8) & WRITES)


def _listeners() -> Iterator[tuple[str, str]]:
    """The inode and the address of every socket that waits for others."""
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                words = line.split()
                if words[3] == _LISTENS:
                    yield words[9], words[1].partition(":")[0]
