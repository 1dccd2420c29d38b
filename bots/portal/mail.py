"""Reads one-time codes from the mailbox that a portal sends them to, and nothing else there."""

from __future__ import annotations

import base64
import email
import http.client
import imaplib
import json
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any, Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from billing.errors import BadInput, NeedsPerson, TryLater
from bots.entrance import CodeMail

TALK_SECONDS = 10
IMAP_PORT, IMAPS_PORT = 143, 993
MOST_MESSAGES = 20
MOST_BYTES = 1_000_000
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_TAG = re.compile(r"<(style|script)\b.*?</\1\s*>|<[^>]*>", re.S | re.I)
_QUOTED = re.compile(r"'[^']*'")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")


@dataclass(frozen=True, slots=True, repr=False)
class Message:
    """One message; ``id`` is the mailbox's own, ``order`` grows with the time it arrived."""

    id: str
    order: tuple[str, int]
    sender: str
    subject: str
    text: str


class Mailbox(Protocol):
    """A mailbox as seen from the outside: only looked into, never changed.

    Both raise BadInput when the mailbox cannot be used as the secret says, and TryLater when it
    does not answer now. They block, for ``TALK_SECONDS`` a question at most.
    """

    def mark(self) -> None:
        """Whatever lies there now is old."""

    def new(self) -> list[Message]:
        """What has arrived since the mark, the newest last."""

    def close(self) -> None:
        """Nothing is asked for a while; a later question may still be."""


def open_mailbox(name: str, address: str) -> Mailbox:
    """The mailbox at ``address``, the secret ``name``: imap(s)://user:password@host/FOLDER, or
    http(s)://host/messages.json.

    Without TLS only on this machine. Raises BadInput, which never shows the address.
    """
    parts = urlsplit(address)
    try:
        good = bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or parts.scheme not in ("imap", "imaps", "http", "https"):
        raise BadInput(
            f"The secret {name} is no mailbox; write imaps://user:password@host/INBOX or "
            "https://host/messages.json"
        )
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise BadInput(f"The secret {name} would send codes in the clear; use https")
    return ImapMailbox(name, parts) if parts.scheme.startswith("imap") else PageMailbox(name, parts)


def code_in(messages: list[Message], mail: CodeMail, name: str) -> tuple[str, str] | None:
    """The id and the code of the newest message that is the one; None when none is.

    Raises NeedsPerson when that message holds no code, or two that differ.
    """
    for message in sorted(messages, key=lambda one: one.order, reverse=True):
        if not is_the_one(message, mail):
            continue
        codes = {found.strip() for found in re.findall(mail.pattern, message.text)}
        if len(codes) != 1:
            raise NeedsPerson(
                f"The message to {name} holds {len(codes)} codes instead of one; a person should "
                "compare it with login.second_factor.mail.pattern"
            )
        return message.id, codes.pop()
    return None


def is_the_one(message: Message, mail: CodeMail) -> bool:
    """Whether sender and subject are those of the portal's codes."""
    sender, wanted = message.sender.casefold(), mail.sender.casefold()
    right = sender.endswith(wanted) if wanted.startswith("@") else sender == wanted
    return right and mail.subject.casefold() in message.subject.casefold()


@dataclass(slots=True, repr=False)
class ImapMailbox:
    """A folder on an IMAP server, opened to be read only."""

    name: str
    parts: SplitResult
    _server: imaplib.IMAP4 | None = None
    _uid_next: int = 0

    def mark(self) -> None:
        """Every message to come has a higher number than those that are there."""
        server = self._connected()
        with self._one_sentence():
            server.select(self._folder, readonly=True)
            _, told = server.response("UIDNEXT")
            if told and told[0]:
                self._uid_next = int(told[0])
            else:  # not every server tells it
                self._uid_next = max(_uids(server.uid("SEARCH", "ALL")), default=0) + 1

    def new(self) -> list[Message]:
        """Fetched without marking them as read."""
        server = self._connected()
        with self._one_sentence():
            server.noop()
            found = _uids(server.uid("SEARCH", "UID", f"{self._uid_next}:*"))
            # "n:*" always names the last message too, be it older
            late = [uid for uid in found if uid >= self._uid_next][-MOST_MESSAGES:]
            return [message for uid in late if (message := self._fetch(server, uid))]

    def _fetch(self, server: imaplib.IMAP4, uid: int) -> Message | None:
        said, sizes = server.uid("FETCH", str(uid), "(RFC822.SIZE)")
        size = _SIZE.search(b" ".join(one for one in sizes if isinstance(one, bytes)))
        if said != "OK" or size is None or int(size[1]) > MOST_BYTES:
            return None
        said, parts = server.uid("FETCH", str(uid), "(BODY.PEEK[])")
        whole = [part[1] for part in parts if isinstance(part, tuple)]
        if said != "OK" or not whole:
            return None
        return _parsed(str(uid), uid, whole[0])

    @property
    def _folder(self) -> str:
        folder = unquote(self.parts.path.lstrip("/")) or "INBOX"
        escaped = folder.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'

    def _connected(self) -> imaplib.IMAP4:
        if self._server is not None:
            return self._server
        user, password = unquote(self.parts.username or ""), unquote(self.parts.password or "")
        with self._one_sentence():
            server = self._dial()
            try:
                server.login(user, password)
                said, _ = server.select(self._folder, readonly=True)
            except imaplib.IMAP4.abort:
                raise
            except imaplib.IMAP4.error:
                said = "NO"
            if said != "OK":
                server.shutdown()
                raise BadInput(
                    f"The mailbox of {self.name} refuses its user, password or folder; correct "
                    "that secret"
                )
        self._server = server
        return server

    def _dial(self) -> imaplib.IMAP4:
        host, port = str(self.parts.hostname), self.parts.port
        trusted = ssl.create_default_context()
        if self.parts.scheme == "imaps":
            return imaplib.IMAP4_SSL(
                host, port or IMAPS_PORT, ssl_context=trusted, timeout=TALK_SECONDS
            )
        server = imaplib.IMAP4(host, port or IMAP_PORT, timeout=TALK_SECONDS)
        if host not in LOOPBACK:
            if "STARTTLS" not in server.capabilities:
                server.shutdown()
                raise BadInput(f"The mailbox of {self.name} offers no TLS; use an imaps:// address")
            server.starttls(trusted)
        return server

    @contextmanager
    def _one_sentence(self) -> Iterator[None]:
        """What a server says when it fails may hold more than may be told."""
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            self._forget()
            raise _untrusted(self.name, error) from None
        except (OSError, imaplib.IMAP4.error):
            self._forget()
            raise TryLater(f"The mailbox of {self.name} does not answer") from None

    def close(self) -> None:
        """Take leave; the next question opens another connection."""
        server, self._server = self._server, None
        if server is not None:
            with suppress(OSError, imaplib.IMAP4.error):
                server.logout()

    def _forget(self) -> None:
        """Let the connection go as it is."""
        server, self._server = self._server, None
        if server is not None:
            with suppress(OSError, imaplib.IMAP4.error):
                server.shutdown()


@dataclass(slots=True, repr=False)
class PageMailbox:
    """A page that lists messages as JSON: ``{id, from, subject, received, text}`` each."""

    name: str
    parts: SplitResult
    _old: set[str] = field(default_factory=set)

    def mark(self) -> None:
        """Every message that is listed is known by its id."""
        self._old = {message.id for message in self._listed()}

    def new(self) -> list[Message]:
        """Ordered by when each was received, then as they are listed."""
        late = [message for message in self._listed() if message.id not in self._old]
        return sorted(late, key=lambda one: one.order)

    def close(self) -> None:
        """Every question had its own connection."""

    def _listed(self) -> list[Message]:
        try:
            status, body = self._fetch()
        except ssl.SSLCertVerificationError as error:
            raise _untrusted(self.name, error) from None
        except (OSError, http.client.HTTPException):
            raise TryLater(f"The mailbox of {self.name} does not answer") from None
        if status >= http.client.INTERNAL_SERVER_ERROR:
            raise TryLater(f"The mailbox of {self.name} answers HTTP {status}")
        try:
            listed: Any = json.loads(body) if status == http.client.OK else None
            return [
                Message(
                    id=str(one["id"]),
                    order=(_instant(str(one["received"])), n),
                    sender=parseaddr(str(one["from"]))[1],
                    subject=str(one["subject"]),
                    text=str(one["text"]),
                )
                for n, one in enumerate(listed)
            ]
        except (ValueError, TypeError, KeyError):
            raise BadInput(
                f"The page of {self.name} answers HTTP {status} and lists no messages (id, from, "
                "subject, received, text); correct that secret"
            ) from None

    def _fetch(self) -> tuple[int, bytes]:
        host, port = str(self.parts.hostname), self.parts.port
        connection: http.client.HTTPConnection
        if self.parts.scheme == "https":
            connection = http.client.HTTPSConnection(host, port, timeout=TALK_SECONDS)
        else:
            connection = http.client.HTTPConnection(host, port, timeout=TALK_SECONDS)
        headers = {"Accept": "application/json"}
        if self.parts.username:
            pair = f"{unquote(self.parts.username)}:{unquote(self.parts.password or '')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        path = (self.parts.path or "/") + (f"?{self.parts.query}" if self.parts.query else "")
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read(MOST_BYTES)
        finally:
            connection.close()


def _untrusted(name: str, error: ssl.SSLCertVerificationError) -> BadInput:
    """One for what a certificate shows; OpenSSL's reason names neither host nor user."""
    return BadInput(
        f"The certificate of the mailbox of {name} is not to be trusted "
        f"({_QUOTED.sub('that host', error.verify_message)}); "
        "correct the host, or add its authority to the system's certificates or to a file that "
        "SSL_CERT_FILE names"
    )


def _parsed(uid: str, order: int, raw: bytes) -> Message | None:
    message = email.message_from_bytes(raw, policy=policy.default)
    body = message.get_body(("plain", "html")) if isinstance(message, EmailMessage) else None
    try:
        text = str(body.get_content()) if body is not None else ""
        if body is not None and body.get_content_subtype() == "html":
            text = _TAG.sub(" ", text)
        sender, subject = str(message["From"] or ""), str(message["Subject"] or "")
    except (LookupError, ValueError):  # a character set nobody knows
        return None
    return Message(uid, ("", order), parseaddr(sender)[1], subject, text)


def _uids(answer: tuple[str, list[bytes | None]]) -> list[int]:
    said, found = answer
    if said != "OK":
        raise imaplib.IMAP4.error("the search was refused")
    return sorted(int(uid) for line in found if line for uid in line.split())


def _instant(text: str) -> str:
    """An ISO 8601 instant in a form that sorts."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("an instant without a time zone")
    return found.astimezone(UTC).isoformat(timespec="microseconds")
