"""A real S3-compatible server of this machine, moto's, and a wire to it that can be cut."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

START_SECONDS = 60
KEY_ID, KEY = "moto", "moto-secret"
# The server ends when its standard input does, so that it outlives nobody.
_SERVER = """
import os, sys, threading
threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(0)), daemon=True).start()
from moto.server import main
main(["-H", "127.0.0.1", "-p", sys.argv[1]])
"""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass(slots=True)
class Wire:
    """Passes a port's bytes on to another; ``cut`` drops all of it, ``mend`` passes on again."""

    port: int
    onto: int
    most: int | None = None
    comes_back: bool = False
    _listening: socket.socket | None = None
    _open: set[socket.socket] = field(default_factory=set)
    passed: int = 0

    def mend(self, *, most: int | None = None, comes_back: bool = False) -> None:
        """Pass bytes on; after ``most`` of them towards the server, cut by itself.

        It mends itself then when it ``comes_back``.
        """
        self.most, self.comes_back, self.passed = most, comes_back, 0
        if self._listening is None:
            listening = socket.create_server(("127.0.0.1", self.port))
            self._listening = listening
            threading.Thread(target=self._accept, args=(listening,), daemon=True).start()

    def cut(self) -> None:
        """Refuse whoever calls, and drop who is connected."""
        listening, self._listening = self._listening, None
        for one in [listening, *self._open]:
            if one is not None:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()
        self._open.clear()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                near, _ = listening.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.onto))
            except OSError:
                near.close()
                continue
            self._open |= {near, far}
            for source, sink, counted in ((near, far, True), (far, near, False)):
                threading.Thread(
                    target=self._pass, args=(source, sink, counted), daemon=True
                ).start()

    def _pass(self, source: socket.socket, sink: socket.socket, counted: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if counted:
                    self.passed += len(data)
                    if self.most is not None and self.passed > self.most:
                        self.cut()
                        if self.comes_back:
                            self.mend()
                        return
                sink.sendall(data)
        for one in (source, sink):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
            self._open.discard(one)


@dataclass(slots=True)
class BucketServer:
    """What answers at ``endpoint``, with one bucket made; anyone's credentials do."""

    endpoint: str
    bucket: str
    wire: Wire
    pid: int

    @property
    def environment(self) -> dict[str, str]:
        """What a process finds its credentials in."""
        return {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": KEY}

    @property
    def settings(self) -> str:
        """The lines of a settings file that put evidence here."""
        return (
            f'[evidence]\nbucket = "{self.bucket}"\nendpoint = "{self.endpoint}"\n'
            'region = "us-east-1"\n'
        )

    def client(self) -> Any:
        """A client that is not the code under test."""
        import boto3

        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=KEY_ID,
            aws_secret_access_key=KEY,
        )

    def objects(self) -> dict[str, bytes]:
        """Everything in the bucket: key → bytes."""
        client, found = self.client(), {}
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket):
            for one in page.get("Contents", []):
                body = client.get_object(Bucket=self.bucket, Key=one["Key"])["Body"]
                found[one["Key"]] = body.read()
        return found

    def another_bucket(self) -> str:
        """The name of one more bucket, empty."""
        name = f"bucket-{secrets.token_hex(4)}"
        self.client().create_bucket(Bucket=name)
        return name

    def stop(self) -> None:
        """Lose it: connections are dropped and refused; what lies there stays."""
        self.wire.cut()

    def start(self, *, most: int | None = None, comes_back: bool = False) -> None:
        """Let it be reached again; lost again after ``most`` bytes were sent to it."""
        self.wire.mend(most=most, comes_back=comes_back)


@contextmanager
def bucket_server() -> Iterator[BucketServer]:
    """A server with an empty bucket, gone when the block ends."""
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-c", _SERVER, str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": ""},
    ) as process:
        wire = Wire(free_port(), port)
        try:
            _wait(process, port)
            wire.mend()
            endpoint = f"http://127.0.0.1:{wire.port}"
            server = BucketServer(endpoint, "", wire, process.pid)
            server.bucket = server.another_bucket()
            yield server
        finally:
            wire.cut()
            process.kill()


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(START_SECONDS * 10):
        if process.poll() is not None:
            raise RuntimeError(f"the bucket server ended with {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
    raise RuntimeError("the bucket server did not start")
