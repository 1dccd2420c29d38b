"""Servers that take messages in tests: an SMTP server and a web server, or ones that fail."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Mails:
    """What an SMTP server took."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)


@contextmanager
def smtp_server(*, refuses: bool = False, hangs: bool = False) -> Iterator[Mails]:
    """An SMTP server (RFC 5321, the least of it) that takes every mail, refuses every mail, or
    says nothing at all."""
    over = threading.Event()

    class Conversation(socketserver.StreamRequestHandler):
        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        def handle(self) -> None:
            if hangs:
                over.wait()
                return
            self.say("220 mail.example")
            while line := self.rfile.readline():
                verb = line.split()[0].upper() if line.split() else b""
                if verb == b"DATA" and not refuses:
                    self.say("354 go on")
                    got.raw.append(b"".join(iter(self.rfile.readline, b".\r\n")))
                    mail = message_from_bytes(got.raw[-1], policy=policy.default)
                    assert isinstance(mail, EmailMessage)
                    got.mails.append(mail)
                    self.say("250 taken")
                elif verb == b"QUIT":
                    self.say("221 bye")
                    return
                elif verb == b"EHLO":
                    self.say("250-mail.example")
                    self.say("250 AUTH PLAIN")
                elif verb == b"AUTH":
                    self.say("235 welcome")
                elif verb == b"RCPT" and refuses:
                    self.say("550 nobody here")
                else:
                    self.say("250 mail.example")

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server(("127.0.0.1", 0), Conversation) as server:
        got = Mails(server.server_address[1])
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield got
        finally:
            over.set()
            server.shutdown()


@dataclass
class Posts:
    """What a web server was posted: path and body of each."""

    port: int
    taken: list[tuple[str, Any]] = field(default_factory=list)
    status: int = 200


@contextmanager
def web_receiver() -> Iterator[Posts]:
    """A web server that takes every post, and answers with ``status``."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if got.status == 200:
                got.taken.append((self.path, json.loads(body)))
            self.send_response(got.status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    got = Posts(server.server_port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield got
    finally:
        server.shutdown()
        server.server_close()
