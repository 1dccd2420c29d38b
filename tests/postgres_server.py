"""A throwaway PostgreSQL for a test; run as a program, PostgreSQL for all of them."""

from __future__ import annotations

import ctypes
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from billing.errors import BadInput
from flows.setup import apt_get, apt_install, say

START_SECONDS = 240
STOP_SECONDS = 60
PACKAGES = ("postgresql",)
MISSING = (
    "No PostgreSQL found for the tests: install it (sudo apt-get install -y postgresql, "
    "or brew install postgresql@17)"
)
FOLDERS = ("/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt")
QUICK = ("fsync=off", "full_page_writes=off")
DIES_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)


def programs() -> Path:
    """The folder of initdb and postgres. Raises BadInput where there is none."""
    found = shutil.which("postgres")
    if found and shutil.which("initdb"):
        return Path(found).resolve().parent
    there = [one for folder in FOLDERS for one in Path(folder).glob("*/bin/initdb")]
    if not there:
        raise BadInput(MISSING)
    return max(
        there, key=lambda path: int("0" + "".join(filter(str.isdigit, path.parts[-3])))
    ).parent


class PostgresServer:
    """One server on a port of 127.0.0.1; ``url`` is of its own database, open to its owner."""

    def __init__(self, folder: Path, *, durable: bool) -> None:
        self.folder = folder
        self.port = _free_port()
        self.password = secrets.token_hex(12)
        self._durable = durable
        self._bin = programs()
        self._process: subprocess.Popen[bytes] | None = None
        self._made = 0
        self._begun = False

    @property
    def url(self) -> str:
        """SQLAlchemy's address of the database that every server has."""
        return self.url_of("postgres")

    def url_of(self, database: str, password: str | None = None) -> str:
        """SQLAlchemy's address of a database of this server."""
        word = password or self.password
        return f"postgresql+psycopg://claimsweep:{word}@127.0.0.1:{self.port}/{database}"

    def new_database(self, template: str = "template1") -> str:
        """The name of a new database, empty or as ``template`` is."""
        self._made += 1
        name = f"test_{self._made}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """What a statement gives, run by itself as the server's owner."""
        with psycopg.connect(self._address(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def start(self) -> None:
        """Start the server, also after :meth:`kill`, and wait until it answers."""
        command = [str(self._bin / "postgres"), "-D", str(self.folder / "data")]
        settings = ["listen_addresses=127.0.0.1", "shared_buffers=64MB"]
        settings += ["unix_socket_directories=", *(() if self._durable else QUICK)]
        for one in settings:
            command += ["-c", one]
        deadline = time.monotonic() + START_SECONDS
        with (self.folder / "log").open("ab") as log:
            # What a killed server left of shared memory may be in use for a moment yet.
            while time.monotonic() < deadline:
                begin = [*command, "-c", f"port={self.port}"]
                self._process = _popen(begin, self.folder, log.fileno(), dies_with_us=True)
                if self._answers(deadline):
                    self._begun = True
                    return
                self._process.wait(STOP_SECONDS)
                if not self._begun:  # another may have taken the port since it was free
                    self.port = _free_port()
        raise AssertionError(f"PostgreSQL did not start: {self.log()[-2000:]}")

    def stop(self) -> None:
        """End the server as an operator does: its clients are cut off, nothing is lost."""
        self._end(signal.SIGINT)

    def restart(self) -> None:
        """Stop and start, on the same port."""
        self.stop()
        self.start()

    def kill(self) -> None:
        """Kill -9 of the server and every process of it; :meth:`start` begins it anew."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        with suppress(OSError):
            backends = children.read_text().split()
            os.kill(self._process.pid, signal.SIGKILL)
            for pid in backends:
                with suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
        self._end(signal.SIGKILL)

    def log(self) -> str:
        """What the server said so far."""
        return (self.folder / "log").read_text(errors="replace")

    def make(self) -> None:
        """Make the data folder. Its own order of text is a language's, as on most servers."""
        word = self.folder / "password"
        word.write_text(self.password)
        shutil.chown(word, *_owner())
        command = [str(self._bin / "initdb"), "-D", str(self.folder / "data"), "--no-sync"]
        command += ["-U", "claimsweep", "-A", "scram-sha-256", f"--pwfile={word}", "-E", "UTF8"]
        command += ["--locale=C", "--locale-provider=icu", "--icu-locale=en-US"]
        with (self.folder / "log").open("ab") as log:
            ended = _popen(command, self.folder, log.fileno()).wait(START_SECONDS)
        assert ended == 0, f"initdb failed: {self.log()}"

    def _address(self, database: str) -> str:
        return self.url_of(database).replace("+psycopg", "")

    def _answers(self, deadline: float) -> bool:
        """Whether it lets us in, before it ends or the deadline passes."""
        assert self._process is not None
        while self._process.poll() is None:
            try:
                self.execute("SELECT 1")
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, f"PostgreSQL is silent: {self.log()[-2000:]}"
                time.sleep(0.02)
            else:
                return True
        return False

    def _end(self, by: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(by)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


@contextmanager
def postgres_server(*, durable: bool = True) -> Iterator[PostgresServer]:
    """A new server that is running, gone with all it held when the block ends.

    It ends with the thread that started it, however that ends. Where what a crash of the machine
    leaves is not under test, ``durable=False`` spares the disk.
    """
    programs()
    folder = Path(tempfile.mkdtemp(prefix="claimsweep-postgres-"))
    try:
        shutil.chown(folder, *_owner())
        server = PostgresServer(folder, durable=durable)
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def provide_postgres() -> Path:
    """The folder of PostgreSQL's programs, installed where apt may be used unasked.

    Raises BadInput, with what to install, where it cannot be had.
    """
    with suppress(BadInput):
        return programs()
    if command := apt_get():
        say("no PostgreSQL here for the tests: installing it with apt-get (at most 10 minutes)")
        apt_install(command, PACKAGES)
    return programs()


def _owner() -> tuple[int, int]:
    """Who the server runs as: PostgreSQL refuses root, whose package made a user for it."""
    if os.getuid():
        return os.getuid(), os.getgid()
    user = pwd.getpwnam("postgres")
    return user.pw_uid, user.pw_gid


def _popen(
    command: list[str], folder: Path, log: int, *, dies_with_us: bool = False
) -> subprocess.Popen[bytes]:
    us, prctl = os.getpid(), getattr(ctypes.CDLL(None), "prctl", None)

    def die_with_us() -> None:
        if prctl is not None:
            prctl(DIES_WITH_PARENT, signal.SIGQUIT)
        if os.getppid() != us:
            os._exit(1)

    uid, gid = _owner()
    other = {"user": uid, "group": gid, "extra_groups": []} if uid != os.getuid() else {}
    return subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "America/Chicago"},
        start_new_session=True,
        preexec_fn=die_with_us if dies_with_us else None,
        **other,  # type: ignore[arg-type]
    )


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


if __name__ == "__main__":
    try:
        say(f"PostgreSQL: {provide_postgres()}")
    except BadInput as error:
        say(str(error))
    sys.exit(0)
