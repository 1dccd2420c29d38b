"""As much of IMAP4rev1 (RFC 3501) as a program needs that looks for a mail."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime

from sandbox.mailbox import Mailbox, Message

HOST = "127.0.0.1"
CAPABILITIES = "IMAP4rev1"
_TOKEN = re.compile(
    r'"(?:\\.|[^"\\])*"|[()]|[^\s()"\[]*\[[^\]]*\](?:<[\d.]+>)?|[^\s()"]+', re.ASCII
)
_LITERAL = re.compile(rb"\{(\d+)\}\r?\n$")
_WITHOUT_BOX = frozenset({"CAPABILITY", "NOOP", "LOGOUT", "LOGIN", "SELECT", "EXAMINE"})


class BadCommand(ValueError):
    """A command that this server does not understand."""


@asynccontextmanager
async def open_imap(mailbox: Mailbox, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The box as an IMAP server on 127.0.0.1 while inside; the port. With ``tls`` by TLS only."""
    talks: set[asyncio.Task[None]] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            talks.add(task)
            task.add_done_callback(talks.discard)
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await _Talk(mailbox, reader, writer).run()
        writer.close()

    server = await asyncio.start_server(answer, HOST, 0, ssl=tls)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for talk in tuple(talks):
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


@dataclass(slots=True)
class _Talk:
    """One connection: what it said, and which messages it has been told of."""

    mailbox: Mailbox
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    signed_in: bool = False
    selected: bool = False
    read_only: bool = False
    known: list[Message] = field(default_factory=list)  # by sequence number, from 1

    async def run(self) -> None:
        self._say(f"* OK [CAPABILITY {CAPABILITIES}] simulated mailbox ready")
        over = False
        while not over:
            await self.writer.drain()
            line = await self._line()
            if not line:
                return
            over = self._answer(line)
        await self.writer.drain()

    async def _line(self) -> str:
        """One command, its literals put in as quoted text; empty when the caller is gone."""
        said = b""
        while True:
            said += await self.reader.readline()
            literal = _LITERAL.search(said)
            if literal is None:
                return said.decode("utf-8", "replace").strip()
            self._say("+ go on")
            await self.writer.drain()
            given = await self.reader.readexactly(int(literal[1]))
            quoted = given.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
            said = said[: literal.start()] + b'"' + quoted + b'"'

    def _answer(self, line: str) -> bool:
        """Answer one command; whether it was the last."""
        tag, *words = _TOKEN.findall(line)
        name = words.pop(0).upper() if words else ""
        by_uid = name == "UID"
        if by_uid:
            name = words.pop(0).upper() if words else ""
        if name not in _WITHOUT_BOX and not self.selected:
            self._say(f"{tag} NO select a mailbox first")
            return False
        try:
            done = self._do(name, words, by_uid=by_uid)
        except (BadCommand, ValueError, IndexError) as error:
            self._say(f"{tag} BAD {error or 'not understood'}")
            return False
        self._say(f"{tag} {done}")
        return name == "LOGOUT"

    def _do(self, name: str, words: list[str], *, by_uid: bool) -> str:
        done = f"OK {name} completed"
        if name == "CAPABILITY":
            self._say(f"* CAPABILITY {CAPABILITIES}")
        elif name == "LOGOUT":
            self._say("* BYE until next time")
        elif name == "LOGIN":
            self.signed_in = self.mailbox.opens(_plain(words[0]), _plain(words[1]))
            return done if self.signed_in else "NO [AUTHENTICATIONFAILED] LOGIN failed"
        elif name in ("SELECT", "EXAMINE"):
            return self._select(name, _plain(words[0]))
        elif name == "NOOP":
            self._look()
        elif name == "SEARCH":
            self._look()
            self._search(words, by_uid=by_uid)
        elif name == "FETCH":
            self._fetch(words, by_uid=by_uid)
        elif name == "STORE":
            self._store(words, by_uid=by_uid)
        elif name in ("CLOSE", "EXPUNGE", "CHECK"):
            if name == "CLOSE":
                self.selected = False
        else:
            raise BadCommand(f"{name} is not known here")
        return done

    def _select(self, name: str, box: str) -> str:
        if not self.signed_in:
            return "NO log in first"
        if box.upper() != "INBOX":
            return f"NO there is no mailbox {box}"
        self.selected, self.read_only, self.known = True, name == "EXAMINE", []
        self._look()
        if not self.known:
            self._say("* 0 EXISTS")
        self._say("* 0 RECENT")
        self._say(r"* FLAGS (\Seen \Deleted)")
        self._say("* OK [UIDVALIDITY 1] the ids stay")
        self._say(
            f"* OK [UIDNEXT {max((one.uid for one in self.known), default=0) + 1}] comes next"
        )
        return f"OK [READ-{'ONLY' if self.read_only else 'WRITE'}] {name} completed"

    def _look(self) -> None:
        """Tell of messages that have arrived since."""
        if not self.selected:
            return
        fresh = [one for one in self.mailbox.messages() if one not in self.known]
        if fresh:
            self.known += fresh
            self._say(f"* {len(self.known)} EXISTS")

    def _search(self, words: list[str], *, by_uid: bool) -> None:
        if words and words[0].upper() == "CHARSET":
            words = words[2:]
        keys = _Keys(words, self.known)
        wanted = keys.all()
        found = [n for n, one in enumerate(self.known, 1) if all(key(n, one) for key in wanted)]
        ids = [str(self.known[n - 1].uid if by_uid else n) for n in found]
        self._say(" ".join(["* SEARCH", *ids]))

    def _fetch(self, words: list[str], *, by_uid: bool) -> None:
        items = [word for word in words[1:] if word not in "()"]
        if by_uid and "UID" not in (item.upper() for item in items):
            items.insert(0, "UID")
        for number in self._numbers(words[0], by_uid=by_uid):
            message = self.known[number - 1]
            parts: list[bytes] = []
            for item in items:
                parts += [item.replace(".PEEK", "").encode(), b" ", _item(message, item), b" "]
                if not self.read_only and item.upper() in ("RFC822", "BODY[]", "BODY[TEXT]"):
                    message.seen = True
            self.writer.write(b"* %d FETCH (%b)\r\n" % (number, b"".join(parts[:-1])))

    def _store(self, words: list[str], *, by_uid: bool) -> None:
        if self.read_only:
            raise BadCommand("the mailbox was opened to be read only")
        how, flags = words[1].upper(), {word.lower() for word in words[2:]}
        for number in self._numbers(words[0], by_uid=by_uid):
            message = self.known[number - 1]
            if how.startswith("FLAGS"):
                message.seen, message.deleted = r"\seen" in flags, r"\deleted" in flags
            elif r"\seen" in flags:
                message.seen = how.startswith("+")
            if r"\deleted" in flags and not how.startswith("FLAGS"):
                message.deleted = how.startswith("+")
            if not how.endswith(".SILENT"):
                uid = f"UID {message.uid} " if by_uid else ""
                self._say(f"* {number} FETCH ({uid}FLAGS {_flags(message)})")

    def _numbers(self, chosen: str, *, by_uid: bool) -> list[int]:
        ids = [one.uid if by_uid else n for n, one in enumerate(self.known, 1)]
        wanted = _members(chosen, max(ids, default=0))
        return [n for n, one in enumerate(ids, 1) if one in wanted]

    def _say(self, text: str) -> None:
        self.writer.write(text.encode() + b"\r\n")


Key = Callable[[int, Message], bool]


@dataclass(slots=True)
class _Keys:
    """The keys of a SEARCH, taken off its words from the left."""

    words: Sequence[str]
    known: Sequence[Message]
    place: int = 0

    def all(self, *, until: str = "") -> list[Key]:
        """Every key up to ``until``; all of them have to hold."""
        keys = []
        while self.place < len(self.words) and self.words[self.place] != until:
            keys.append(self._one())
        return keys

    def _next(self) -> str:
        self.place += 1
        return self.words[self.place - 1]

    def _one(self) -> Key:
        word = self._next()
        name = word.upper()
        if word == "(":
            inner = self.all(until=")")
            self.place += 1
            return lambda n, one: all(key(n, one) for key in inner)
        if name in _FLAG_KEYS:
            return _FLAG_KEYS[name]
        if name == "NOT":
            key = self._one()
            return lambda n, one: not key(n, one)
        if name == "OR":
            either, other = self._one(), self._one()
            return lambda n, one: either(n, one) or other(n, one)
        if name in _TEXT_KEYS:
            part, text = _TEXT_KEYS[name], _plain(self._next()).lower()
            return lambda _, one: text in part(one).lower()
        if name in _DAY_KEYS:
            holds, day = _DAY_KEYS[name], _day(_plain(self._next()))
            return lambda _, one: holds(one.arrives.date(), day)
        if name == "UID":
            uids = _members(self._next(), max((one.uid for one in self.known), default=0))
            return lambda _, one: one.uid in uids
        if re.fullmatch(r"[\d:*,]+", word):
            numbers = _members(word, len(self.known))
            return lambda n, _: n in numbers
        raise BadCommand(f"SEARCH knows no {word}")


_FLAG_KEYS: dict[str, Key] = {
    "ALL": lambda _, __: True,
    "SEEN": lambda _, one: one.seen,
    "UNSEEN": lambda _, one: not one.seen,
    "UNDELETED": lambda _, one: not one.deleted,
}
_TEXT_KEYS: dict[str, Callable[[Message], str]] = {
    "FROM": lambda one: one.sender,
    "SUBJECT": lambda one: one.subject,
    "BODY": lambda one: one.text,
    "TEXT": lambda one: f"{one.sender}\n{one.subject}\n{one.text}",
}
_DAY_KEYS: dict[str, Callable[[date, date], bool]] = {
    "SINCE": lambda one, day: one >= day,
    "BEFORE": lambda one, day: one < day,
    "ON": lambda one, day: one == day,
}


def _day(text: str) -> date:
    return datetime.strptime(text, "%d-%b-%Y").date()  # noqa: DTZ007 - a calendar date


def _members(chosen: str, last: int) -> set[int]:
    """The numbers of ``2:4,7`` or ``3:*``."""
    numbers: set[int] = set()
    for part in chosen.split(","):
        ends = [last if end == "*" else int(end) for end in part.split(":")]
        if len(ends) > 2:
            raise BadCommand(f"{chosen} is no set of numbers")
        low, high = min(ends), max(ends)
        numbers |= set(range(low, high + 1)) if high - low < 100_000 else set()
    return numbers


def _item(message: Message, item: str) -> bytes:
    name = item.upper().replace(".PEEK", "")
    whole = message.as_bytes()
    head, gap, body = whole.partition(b"\r\n\r\n")
    if name == "UID":
        return str(message.uid).encode()
    if name == "FLAGS":
        return _flags(message).encode()
    if name == "INTERNALDATE":
        return f'"{message.arrives:%d-%b-%Y %H:%M:%S %z}"'.encode()
    if name == "RFC822.SIZE":
        return str(len(whole)).encode()
    if name in ("RFC822", "BODY[]"):
        return _literal(whole)
    if name in ("RFC822.HEADER", "BODY[HEADER]"):
        return _literal(head + gap)
    if name in ("RFC822.TEXT", "BODY[TEXT]"):
        return _literal(body)
    fields = re.fullmatch(r"BODY\[HEADER\.FIELDS \(([^)]*)\)\]", name)
    if fields is None:
        raise BadCommand(f"FETCH knows no {item}")
    wanted = {f"{one.lower()}:" for one in fields[1].split()}
    kept = [line for line in head.split(b"\r\n") if line.decode().lower().split(" ")[0] in wanted]
    return _literal(b"\r\n".join([*kept, b"", b""]))


def _literal(data: bytes) -> bytes:
    return b"{%d}\r\n%b" % (len(data), data)


def _flags(message: Message) -> str:
    set_ = [name for name, on in ((r"\Seen", message.seen), (r"\Deleted", message.deleted)) if on]
    return f"({' '.join(set_)})"


def _plain(word: str) -> str:
    return re.sub(r"\\(.)", r"\1", word[1:-1]) if word.startswith('"') else word
