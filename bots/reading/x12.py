"""X12 bytes become segments, a list of elements each, whatever delimits them."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from billing.errors import UnreadableDocument

CHUNK = 1 << 16
LONGEST_SEGMENT = 1 << 20
ISA_LENGTH = 106
ISA_ELEMENTS = 16
HEADER_LENGTH = 512
BLANK = "\ufeff\0\x1a \t\r\n"
BEFORE_NAMES = " \t\0\x1a\x0b\x0c"

_HEADER = re.compile(r"(?<![A-Za-z0-9])ISA(?=([^A-Za-z0-9\s])[^A-Za-z0-9\s]?[A-Z0-9 ]{0,2}\1)")
_OPENING = re.compile(r"(?:ISA|GS|ST)[^A-Za-z0-9\s]")
_COMPOSITE = r"{0}\s*(?:SVC|STC|SV1){1}[A-Z][A-Z0-9]([^A-Za-z0-9\s{0}{1}])"
_ENCODINGS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    b"I\0S\0": "utf-16-le",
    b"\0I\0S": "utf-16-be",
}


def _as_latin(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("x12-latin", _as_latin)


@dataclass(frozen=True, slots=True)
class Delimiters:
    """The characters that part segments, elements, components and repetitions (5010; else None)."""

    segment: str
    element: str
    component: str
    repetition: str | None


class Segments:
    """The segments of a stream, in order, read a chunk at a time.

    ``delimiters`` are those of the interchange that the last segment is of; ``faults`` says in a
    sentence each what is wrong with how the segments are delimited, though they could be read.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self.faults: list[str] = []
        self._stream = stream
        self._delimiters: Delimiters | None = None

    @property
    def delimiters(self) -> Delimiters:
        """Those in force. Raises UnreadableDocument before the first segment."""
        if self._delimiters is None:
            raise UnreadableDocument("The file holds no segment; download it again.")
        return self._delimiters

    def __iter__(self) -> Iterator[list[str]]:
        """Each segment as its elements, its name first. Raises as :meth:`batches` does."""
        for batch in self.batches():
            element = self.delimiters.element
            yield from (segment.split(element) for segment in batch)

    def batches(self) -> Iterator[list[str]]:
        """Some segments at a time, all of one interchange, each as its text.

        Raises UnreadableDocument when the bytes are no X12 or no segment ends.
        """
        held = ""
        for chunk in self._chunks():
            last = chunk is None
            text, held = held + (chunk or ""), ""
            starts = self._headers(text)
            for begin, end in zip([0, *starts], [*starts, None], strict=True):
                whole = last or end is not None
                part = text[begin:end]
                if begin in starts or self._delimiters is None:
                    part = part.lstrip(BLANK)
                    if not part and end is not None:
                        continue
                    if end is not None and not _OPENING.match(part):
                        self.faults.append("Text stands before the ISA segment; it is passed over.")
                        continue
                    if len(part) < HEADER_LENGTH and not whole:
                        held = part
                        break
                    if part or last:
                        self._open(part)
                segments, held = self._split(part, whole=whole)
                if segments:
                    yield segments
            if len(held) > LONGEST_SEGMENT:
                raise UnreadableDocument(
                    "A segment of the file never ends; it is damaged, or no X12: get it again."
                )

    def _chunks(self) -> Iterator[str | None]:
        """The stream's text, then None; UTF-8, and each byte that is none as Latin-1."""
        data = self._stream.read(CHUNK)
        known = (name for sign, name in _ENCODINGS.items() if data.startswith(sign))
        decoder = codecs.getincrementaldecoder(next(known, "utf-8"))("x12-latin")
        while data:
            yield decoder.decode(data)
            data = self._stream.read(CHUNK)
        yield decoder.decode(b"", final=True)
        yield None

    def _headers(self, text: str) -> list[int]:
        """Where interchanges begin in ``text``."""
        if "ISA" not in text:  # to look for three letters costs less than for a pattern
            return []
        within = self._delimiters.element if self._delimiters else ""
        found = (match.start() for match in _HEADER.finditer(text))
        return [at for at in found if not within or text[at - 1 : at] != within]

    def _open(self, text: str) -> None:
        self._delimiters, fault = _delimiters(text)
        if fault:
            self.faults.append(fault)

    def _split(self, text: str, *, whole: bool) -> tuple[list[str], str]:
        """The segments of ``text``, and the beginning of the next one, as it stands there."""
        by = self.delimiters
        tail = text[text.rfind(by.segment) + 1 :]
        if whole and tail.strip(BLANK):
            self.faults.append("The last segment of an interchange has no terminator.")
            text, tail = text + by.segment, ""
        elif whole:
            tail = ""
        for line_end in "\r\n":
            if line_end != by.segment:
                text = text.replace(line_end, "")
        pieces = text.split(by.segment)
        pieces.pop()
        if pieces and min(pieces)[:1] <= " ":
            blank = "".join(one for one in BEFORE_NAMES if one != by.element)
            pieces = [named for piece in pieces if (named := piece.lstrip(blank))]
        return pieces, tail


def _delimiters(text: str) -> tuple[Delimiters, str | None]:
    """The delimiters of the interchange that ``text`` begins, and what is wrong with its header."""
    if not text.startswith("ISA"):
        return _without_header(text)
    element = text[3:4] or "*"  # a file may end there
    parts = text[: HEADER_LENGTH * 2].split(element, ISA_ELEMENTS)
    ends = parts[ISA_ELEMENTS][:2] if len(parts) > ISA_ELEMENTS else ""
    if len(ends) == 2 and not any(one.isalnum() for one in ends):
        component, segment = ends[0], ends[1]
        # lines of a fixed length may be broken within the segment
        length = (
            len(re.sub(r"[\r\n]", "", "".join(parts[:ISA_ELEMENTS]))) + ISA_ELEMENTS + len(ends)
        )
        repeats = parts[11]
        repetition = repeats if len(repeats) == 1 and not repeats.isalnum() else None
        wrong = None
        if length != ISA_LENGTH:
            wrong = f"The ISA segment has {length} characters instead of {ISA_LENGTH}."
        shown = _shown_component(text, segment, element) or (":" if component == element else None)
        if shown and shown != component:
            wrong = "ISA16 is not what parts the components of the segments."
            component = shown
        return Delimiters(segment, element, component, repetition), wrong
    found = re.search(rf"(.)([^A-Za-z0-9])\s*GS{re.escape(element)}", text[: HEADER_LENGTH * 2])
    if found is None:
        raise UnreadableDocument(
            "The ISA segment is damaged: it does not show what ends a segment; get the file again."
        )
    return Delimiters(found[2], element, found[1], None), "The ISA segment lacks elements."


def _without_header(text: str) -> tuple[Delimiters, str]:
    """What delimits segments where the interchange's header is missing, seen from the segments."""
    if not _OPENING.match(text):
        raise UnreadableDocument(_no_x12(text))
    element = text[2]
    following = re.search(
        rf"([^A-Za-z0-9 ])[\r\n]*(?:ST|BPR|BHT|BGN|AK1){re.escape(element)}", text[3:]
    )
    if following is None:
        raise UnreadableDocument(
            "The file has no ISA segment and does not show what ends a segment; get it again."
        )
    segment = following[1]
    component = _shown_component(text, segment, element) or ":"
    return Delimiters(segment, element, component, None), "There is no ISA segment."


def _shown_component(text: str, segment: str, element: str) -> str | None:
    """What parts components, as the first composite in ``text`` shows it."""
    shown = re.search(_COMPOSITE.format(re.escape(segment), re.escape(element)), text)
    return shown[1] if shown else None


_UNPACK = "is packed (zip, gzip or the like): unpack it first"
_PAPER = "and no X12; give it to 'claimsweep eob read'"
_OTHERS = {
    r"$": "is empty; download it again",
    r"%PDF": f"is a PDF {_PAPER}",
    r"\x89PNG|II\*\0|MM\0\*|\xff\xd8\xff|GIF8": f"is a picture {_PAPER}",
    r"\x1f\x8b|PK[\x03\x05]|7z\xbc\xaf|Rar!|BZh|\xfd7zXZ": _UNPACK,
    r"\xd0\xcf\x11": "is an Office document and no X12; get the original file",
    r"-----BEGIN PGP": "is encrypted: decrypt it first",
    r"\xc9\xe2\xc1": "is X12 in EBCDIC: have it sent as text (ASCII)",
    r"SVNB": "seems to be X12 in Base64: decode it first",
    r"UN[AB]": "is EDIFACT and no X12; ask the sender for X12",
    r"(?i:<!DOCTYPE html|<html|<head|<body)": (
        "is a web page, such as a login or an error, and no X12; download it again"
    ),
    r"<": "is XML and no X12; get the original file",
    r"[{\[]": "is JSON and no X12; get the original file",
    r"(?i:ISA|GS|ST)[^A-Za-z0-9\s]": (
        "has its segment names in lower case, as no X12 has them; get it again"
    ),
}
"""What files are that are no X12, by how they begin."""


def _no_x12(text: str) -> str:
    for sign, what in _OTHERS.items():
        if re.match(sign, text):
            return f"The file {what}."
    return "The file is no X12: it begins with none of ISA, GS and ST; get the original file."
