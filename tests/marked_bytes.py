"""Finds marked identities in bytes, whatever they are wrapped in."""

from __future__ import annotations

import base64
import html
import io
import json
import re
import sqlite3
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from urllib.parse import quote

import pypdfium2

MOST_INSIDE = 64 << 20  # bytes unpacked of one member
DEEPEST = 4
_GZIP, _ZIP, _SQLITE = b"\x1f\x8b\x08", b"PK\x03\x04", b"SQLite format 3\0"
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"II*\0", b"MM\0*")
_STREAM = re.compile(rb"(?=\x78[\x01\x5e\x9c\xda])")
_TREE = dict[int, "dict[int, object] | object"]


def spellings(day: date) -> Iterator[str]:
    """The ways in which programs and people write a day."""
    for pattern in ("%Y-%m-%d", "%m/%d/%Y", "%d/%m/%Y", "%Y/%m/%d", "%Y%m%d", "%m%d%Y"):
        yield day.strftime(pattern)
    for pattern in ("%m-%d-%Y", "%d.%m.%Y", "%d %b %Y", "%b %d, %Y", "%B %d, %Y", "%d %B %Y"):
        yield day.strftime(pattern)
    yield f"{day.month}/{day.day}/{day.year}"
    yield f"{day:%b} {day.day}, {day.year}"
    yield f"datetime.date({day.year}, {day.month}, {day.day})"


class Marks:
    """What must not be found: texts and days by what they are ("member id"), and their disguises.

    Letters are compared without regard to case. A text of digits alone counts only where no digit
    stands beside it, so that a longer number is not taken for it; a ``code``, being short, only
    where nothing but the end of a word does.
    """

    def __init__(
        self,
        texts: Iterable[tuple[str, str]],
        days: Iterable[tuple[str, date]] = (),
        codes: Iterable[str] = (),
    ) -> None:
        self._of: dict[bytes, str] = {}
        folded: set[bytes] = set()
        exact: set[bytes] = set()
        numbers: set[bytes] = set()
        written = [(kind, text) for kind, text in texts]
        written += [(kind, text) for kind, day in days for text in spellings(day)]
        for kind, text in written:
            for disguise, data in _disguises(text):
                into = exact if disguise == "base64" else folded
                if text.isdigit() and disguise == "plain":
                    into = numbers
                elif disguise != "plain" and data == text.encode():
                    continue  # written as it is
                data = data if into is exact else data.lower()
                into.add(data)
                self._of.setdefault(data, f"{kind} {text!r} ({disguise})")
        short = {code.encode() for code in codes}
        self._of |= {code: f"one-time code {code.decode()}" for code in short}
        self._exact = _any_of(exact)
        self._folded = _any_of(folded)
        self._numbers = _any_of(numbers, rb"(?<![0-9])", rb"(?![0-9])")
        self._codes = _any_of(short, rb"(?<![0-9A-Za-z._+-])", rb"(?![0-9A-Za-z._+-])")

    def found_in(self, data: bytes) -> set[str]:
        """What stands in ``data``, or in anything packed in it, and how it is written there."""
        return {self._of[hit] for layer in layers(data) for hit in self._hits(layer)}

    def _hits(self, data: bytes) -> Iterator[bytes]:
        lower = data.lower()
        for pattern, where in (
            (self._exact, data),
            (self._folded, lower),
            (self._numbers, lower),
            (self._codes, data),
        ):
            if pattern is not None:
                yield from (hit[0] for hit in pattern.finditer(where))


def layers(data: bytes, depth: int = 0) -> Iterator[bytes]:
    """The bytes themselves, and all that is packed in them: gzip and zlib streams, members of
    archives, the text of PDFs, and what a database's rows hold across its pages."""
    yield data
    if depth == DEEPEST:
        return
    if data.startswith(_SQLITE):
        yield from _rows(data)
    if data.startswith(b"%PDF"):
        yield from _pages(data)
    for inside in (*_members(data), *_inflated(data)):
        yield from layers(inside, depth + 1)


def is_picture(data: bytes) -> bool:
    """Whether these bytes are a picture or a document, whose words no search of bytes finds."""
    return data.startswith((*_PICTURES, b"%PDF"))


def _disguises(text: str) -> Iterator[tuple[str, bytes]]:
    for form in {text, *(unicodedata.normalize(one, text) for one in ("NFC", "NFD"))}:
        plain = form.encode()
        yield "plain", plain
        yield "hexadecimal", plain.hex().encode()
        yield "UTF-16", form.encode("utf-16-le")
        yield "UTF-16", form.encode("utf-16-be")
        yield "URL", quote(form, safe="").encode()
        yield "URL", quote(form, safe="").replace("%20", "+").encode()
        yield "JSON", json.dumps(form)[1:-1].encode()
        yield "JSON", form.replace("/", "\\/").encode()
        yield "HTML", html.escape(form).encode()
        yield "HTML", form.encode("ascii", "xmlcharrefreplace")
        if len(form.encode("latin-1", "ignore")) == len(form):
            yield "Latin-1", form.encode("latin-1")
        for cased in {form, form.upper(), form.lower(), form.title()}:
            for offset in range(3):
                coded = base64.b64encode(b"\0" * offset + cased.encode())
                whole = coded[-(-offset * 8 // 6) : len(coded) - 4 if b"=" in coded else None]
                yield "base64", whole
                yield "base64", whole.replace(b"+", b"-").replace(b"/", b"_")


def _any_of(words: set[bytes], before: bytes = b"", after: bytes = b"") -> re.Pattern[bytes] | None:
    """One pattern that matches any of ``words``, without trying one after the other."""
    if not words:
        return None
    tree: _TREE = {}
    for word in words:
        node = tree
        for byte in word:
            node = node.setdefault(byte, {})  # type: ignore[assignment]
        node[-1] = {}
    return re.compile(before + _branches(tree) + after)


def _branches(node: _TREE) -> bytes:
    ends = -1 in node
    parts = [
        re.escape(bytes([byte])) + _branches(below)  # type: ignore[arg-type]
        for byte, below in sorted(node.items(), key=lambda one: one[0])
        if byte != -1
    ]
    if not parts:
        return b""
    whole = parts[0] if len(parts) == 1 and not ends else b"(?:" + b"|".join(parts) + b")"
    return whole + b"?" if ends else whole


def _rows(data: bytes) -> Iterator[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "copy.sqlite"
        path.write_bytes(data)
        try:
            connection = sqlite3.connect(path)
            connection.text_factory = bytes
            named = "SELECT name FROM sqlite_master WHERE type = 'table'"
            for (table,) in connection.execute(named).fetchall():
                for row in connection.execute(f'SELECT * FROM "{table.decode()}"'):  # noqa: S608
                    yield b"\n".join(cell for cell in row if isinstance(cell, bytes))
            connection.close()
        except sqlite3.DatabaseError:
            return  # its raw bytes were searched


def _pages(data: bytes) -> Iterator[bytes]:
    try:
        document = pypdfium2.PdfDocument(data)
        for page in document:
            yield page.get_textpage().get_text_bounded().encode()
    except pypdfium2.PdfiumError:
        return


def _members(data: bytes) -> Iterator[bytes]:
    if _ZIP not in data:
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield "\n".join(archive.namelist()).encode()
            for name in archive.namelist():
                with archive.open(name) as member:
                    yield member.read(MOST_INSIDE)
    except (zipfile.BadZipFile, OSError, RuntimeError, ValueError, NotImplementedError):
        return


def _inflated(data: bytes) -> Iterator[bytes]:
    starts = [(place, 31) for place in _places(data, _GZIP)]
    starts += [(one.start(), 15) for one in _STREAM.finditer(data)]
    for place, kind in starts:
        unpacking = zlib.decompressobj(kind)
        try:
            inside = unpacking.decompress(data[place : place + 512])
            if not inside:
                continue
            inside += unpacking.decompress(data[place + 512 :], MOST_INSIDE)
        except zlib.error:
            continue
        yield inside


def _places(data: bytes, what: bytes) -> Iterator[int]:
    place = data.find(what)
    while place >= 0:
        yield place
        place = data.find(what, place + 1)
