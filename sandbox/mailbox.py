"""The mailbox that a simulated portal mails its one-time codes to, and its page of messages."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hmac import compare_digest
from random import Random
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.sessions import Clock, utc_now

ADDRESS = "billing@larkspur.example"
_LETTERS = "abcdefghjkmnpqrstuvwxyz"


@dataclass(slots=True)
class Message:
    """One mail; it is in the box from ``arrives`` on, and has a number from then on."""

    sender: str
    subject: str
    text: str
    arrives: datetime
    uid: int = 0
    seen: bool = False
    deleted: bool = False

    def as_bytes(self) -> bytes:
        """The message as the internet mail format writes it."""
        mail = EmailMessage(policy=SMTP)
        mail["From"] = self.sender
        mail["To"] = ADDRESS
        mail["Subject"] = self.subject
        mail["Date"] = format_datetime(self.arrives)
        mail["Message-ID"] = f"<{self.uid}@larkspur.example>"
        mail.set_content(self.text)
        return mail.as_bytes()


@dataclass(slots=True)
class Mailbox:
    """One person's mail, and what is wrong with the codes that come by it.

    A test turns the last three at any time. ``late`` is how many seconds a mail takes to arrive.
    ``superseded``: while a code is on its way a second one is asked for, which takes ``late``
    seconds more, so that the first is worth nothing once it is there. ``expired``: a code has run
    out when it arrives.
    """

    username: str
    password: str
    token: str
    clock: Clock = utc_now
    late: float = 0.0
    superseded: bool = False
    expired: bool = False
    _on_the_way: list[Message] = field(default_factory=list)
    _arrived: list[Message] = field(default_factory=list)

    def deliver(self, sender: str, subject: str, text: str, *, seconds: float = 0.0) -> None:
        """Send a mail, which takes ``late`` and ``seconds`` to arrive."""
        arrives = self.clock() + timedelta(seconds=self.late + seconds)
        self._on_the_way.append(Message(sender, subject, text, arrives))
        self._on_the_way.sort(key=lambda one: one.arrives)

    def messages(self) -> list[Message]:
        """What is in the box by now, in the order of arrival."""
        now = self.clock()
        while self._on_the_way and self._on_the_way[0].arrives <= now:
            self._arrived.append(self._on_the_way.pop(0))
            self._arrived[-1].uid = len(self._arrived)
        return [one for one in self._arrived if not one.deleted]

    def address(self, port: int) -> str:
        """Where a mail reader on this machine finds the box that an IMAP server has at ``port``."""
        return f"imap://{quote(self.username, safe='')}:{self.password}@127.0.0.1:{port}/INBOX"

    def opens(self, username: str, password: str) -> bool:
        """Whether these are the words that open this box."""
        named = compare_digest(username.encode(), self.username.encode())
        return compare_digest(password.encode(), self.password.encode()) and named


def make_mailbox(seed: int | str, *, clock: Clock = utc_now) -> Mailbox:
    """The practice's mailbox: the same words open it for the same seed, and nothing real."""
    random = Random(f"{seed}/mailbox")
    return Mailbox(
        ADDRESS,
        f"{''.join(random.choices(_LETTERS, k=12))}{random.randrange(100, 1000)}",
        "".join(random.choices(_LETTERS, k=24)),
        clock,
    )


def mailbox_app(mailbox: Mailbox) -> Starlette:
    """``/messages.json``, for HTTP basic authentication, a bearer token, or ``?token=``."""

    async def messages(request: Request) -> Response:
        if not _may_read(mailbox, request):
            challenge = {"WWW-Authenticate": 'Basic realm="mail"'}
            return JSONResponse({"error": "who are you?"}, status_code=401, headers=challenge)
        return JSONResponse(
            [
                {
                    "id": str(one.uid),
                    "from": one.sender,
                    "subject": one.subject,
                    "received": one.arrives.isoformat(),
                    "text": one.text,
                }
                for one in mailbox.messages()
            ]
        )

    return Starlette(routes=[Route("/messages.json", messages)])


def _may_read(mailbox: Mailbox, request: Request) -> bool:
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "basic":
        try:
            username, _, password = base64.b64decode(given, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        return mailbox.opens(username, password)
    token = given if kind.lower() == "bearer" else request.query_params.get("token", "")
    return compare_digest(token.encode(), mailbox.token.encode())
