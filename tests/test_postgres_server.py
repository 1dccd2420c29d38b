"""The PostgreSQL of the tests is a real one that forgets nothing when killed and leaves nothing."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from postgres_server import PostgresServer, postgres_server

PROJECT = Path(__file__).resolve().parent.parent
HELD = """
import sys
sys.path.insert(0, "tests")
from postgres_server import postgres_server
with postgres_server(durable=False) as server:
    print(server._process.pid, server.folder, flush=True)
    sys.stdin.read()
"""


def test_what_was_committed_outlives_a_restart_and_a_kill(postgres: PostgresServer) -> None:
    database = postgres.new_database()
    postgres.execute("CREATE TABLE kept (n serial, word text)", database)
    for end in (postgres.restart, postgres.kill):
        with psycopg.connect(postgres._address(database)) as cut_off:
            cut_off.execute("INSERT INTO kept (word) VALUES ('not committed')")
            postgres.execute("INSERT INTO kept (word) VALUES ('committed')", database)
            end()
            with pytest.raises(psycopg.OperationalError):
                cut_off.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        postgres.execute("SELECT 1")
    postgres.start()
    assert postgres.execute("SELECT word FROM kept", database) == [("committed",)] * 2


def test_nobody_is_let_in_without_the_password(postgres: PostgresServer) -> None:
    address = postgres.url_of("postgres", "another").replace("+psycopg", "")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(address)


def test_the_disk_is_spared_only_where_that_is_asked_for(postgres: PostgresServer) -> None:
    assert postgres.execute("SHOW fsync") == [("off",)]
    with postgres_server() as durable:
        assert durable.execute("SHOW fsync") == [("on",)]
        folder = durable.folder
    assert not folder.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of a parent's death")
def test_a_killed_test_leaves_no_server() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HELD],
        cwd=PROJECT,
        # a test before may have left a folder there that is its own user's alone
        env={name: word for name, word in os.environ.items() if name != "TMPDIR"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert len(said.split()) == 2, said + process.communicate()[0]
        pid, folder = said.split()
        watched = os.pidfd_open(int(pid))
        process.send_signal(signal.SIGKILL)
        process.wait(60)
    try:
        assert waited_for(watched, 60), "the server outlived the test"
    finally:
        os.close(watched)
        shutil.rmtree(folder)


def waited_for(descriptor: int, seconds: int) -> bool:
    """Whether the process ends in time."""
    return bool(select.select([descriptor], [], [], seconds)[0])
