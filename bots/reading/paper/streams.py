"""What a page's own instructions say of it: damage, hidden text, pictures, odd fonts."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pdfminer.ascii85 import ascii85decode, asciihexdecode
from pdfminer.glyphlist import glyphname2unicode as KNOWN_NAMES
from pdfminer.pdfpage import PDFPage
from pdfminer.pdftypes import PDFStream, resolve1

from billing.errors import UnreadableDocument

INVISIBLE = re.compile(rb"(?<![\d.])[37]\s+Tr\b")
INLINE_IMAGE = re.compile(rb"\bBI\s+/")
MOST_BYTES = 64_000_000  # of one page's instructions, unpacked
MOST_FORMS = 2_000


@dataclass(slots=True)
class Signs:
    """What was seen: text that is drawn invisibly, a picture, and what PDFium reads otherwise."""

    unseen: bool = False
    pictured: bool = False
    odd: bool = False


def look_through(page: PDFPage, number: int) -> Signs:
    """Read the instructions of a page and of the forms that it draws.

    Raises UnreadableDocument where a checksum does not fit or they are too many.
    """
    signs = Signs()
    left = MOST_BYTES
    for stream in _streams(page, signs):
        said = _unpacked(stream, number, left)
        left -= len(said)
        signs.unseen = signs.unseen or INVISIBLE.search(said) is not None
        signs.pictured = signs.pictured or INLINE_IMAGE.search(said) is not None
        signs.odd = signs.odd or b"ActualText" in said
    return signs


def _streams(page: PDFPage, signs: Signs) -> Iterator[PDFStream]:
    """The page's drawing instructions, and those of the forms it draws."""
    for part in page.contents:
        stream = resolve1(part)
        if isinstance(stream, PDFStream):
            yield stream
    seen: set[int] = set()
    waiting = [page.resources]
    while waiting and len(seen) < MOST_FORMS:
        resources = resolve1(waiting.pop())
        if not isinstance(resources, dict):
            continue
        signs.odd = signs.odd or _odd_fonts(resources) or _replaced(resources)
        drawn = resolve1(resources.get("XObject")) or {}
        for part in drawn.values() if isinstance(drawn, dict) else ():
            stream = resolve1(part)
            if not isinstance(stream, PDFStream) or id(stream) in seen:
                continue
            seen.add(id(stream))
            match getattr(resolve1(stream.get("Subtype")), "name", ""):
                case "Form":
                    yield stream
                    waiting.append(stream.get("Resources"))
                case "Image":
                    signs.pictured = True


def _odd_fonts(resources: dict[str, Any]) -> bool:
    """Whether a font is drawn by instructions of its own, or written from top to bottom."""
    fonts = resolve1(resources.get("Font")) or {}
    for part in fonts.values() if isinstance(fonts, dict) else ():
        font = resolve1(part)
        if isinstance(font, dict):
            kind, encoding = resolve1(font.get("Subtype")), resolve1(font.get("Encoding"))
            if getattr(kind, "name", "") == "Type3" or getattr(encoding, "name", "").endswith("V"):
                return True
            if isinstance(encoding, dict) and "ToUnicode" not in font and _nameless(encoding):
                return True
    return False


def _nameless(encoding: dict[str, Any]) -> bool:
    """Whether a letter is given a name that says nothing."""
    named = resolve1(encoding.get("Differences")) or []
    names = [one.name for one in map(resolve1, named) if hasattr(one, "name")]
    return any(not isinstance(name, str) or name not in KNOWN_NAMES for name in names)


def _replaced(resources: dict[str, Any]) -> bool:
    """Whether a part says that it reads otherwise than it looks."""
    named = resolve1(resources.get("Properties")) or {}
    parts = [resolve1(part) for part in named.values()] if isinstance(named, dict) else []
    return any(isinstance(part, dict) and "ActualText" in part for part in parts)


def _unpacked(stream: PDFStream, number: int, most: int) -> bytes:
    """A stream as it was before it was packed.

    A compressed stream carries a checksum, which pdfminer forgives and a figure cannot.
    """
    data = stream.rawdata
    if data is None:
        return stream.get_data()
    if stream.decipher and stream.objid is not None and stream.genno is not None:
        data = stream.decipher(stream.objid, stream.genno, data, stream.attrs)
    for kind, parameters in stream.get_filters():
        match getattr(kind, "name", ""):
            case "ASCII85Decode" | "A85":
                data = ascii85decode(data)
            case "ASCIIHexDecode" | "AHx":
                data = asciihexdecode(data)
            case "FlateDecode" | "Fl":
                data = _inflated(data, number, most)
                if parameters:
                    return stream.get_data()
            case _:
                return stream.get_data()
    return data


def _inflated(data: bytes, number: int, most: int) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        said = unpacker.decompress(data, most)
        if unpacker.unconsumed_tail:
            raise UnreadableDocument(
                f"Page {number} holds more than a page can; a person must read this document."
            )
        said += unpacker.flush()
    except zlib.error:
        said, unpacker = b"", zlib.decompressobj()
    if not unpacker.eof:
        raise UnreadableDocument(
            f"Page {number} is damaged: its checksum does not fit; download the PDF again."
        )
    return said
