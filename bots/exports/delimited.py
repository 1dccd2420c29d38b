"""Delimited text as records that remember every character they were written with."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from billing.errors import BadInput

DELIMITERS = (",", "\t", "|", ";")
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_SIGNATURES = {
    b"PK\x03\x04": "an Excel workbook or zip file; name it .xlsx if it is a workbook",
    b"\xd0\xcf\x11\xe0": "an old or password-protected Office file; save it as an open .xlsx",
    b"%PDF": "a PDF; export the report as CSV or XLSX instead",
}
_CONTROL = re.compile(r"[\x01-\x08\x0e-\x1f]")
_UNCLOSED, _MIDST = "never closes", "closes in the midst of a cell"


@dataclass(frozen=True, slots=True)
class Delimited:
    """How a text export is written."""

    encoding: str
    bom: bytes
    delimiter: str
    line_ending: str
    quote_all: bool


class Record(NamedTuple):
    """One record: its fields, its characters without the line ending, and the line ending."""

    row: int
    fields: list[str]
    raw: str
    ending: str


def decode(data: bytes, *, name: str) -> tuple[str, str, bytes]:
    """Text, encoding and byte order mark; encoding the text again gives the same bytes.

    Raises BadInput for an empty or binary file and for bytes of no encoding we know.
    """
    if not data.strip():
        raise BadInput(f"{name}: the file is empty; export the report again.")
    for signature, what in _SIGNATURES.items():
        if data.startswith(signature):
            raise BadInput(f"{name}: this is not text but {what}.")
    bom, encodings = next(
        ((bom, (encoding,)) for bom, encoding in _BOMS if data.startswith(bom)),
        (b"", ("utf-8", "cp1252")),
    )
    binary = BadInput(f"{name}: this is a binary file, not a CSV; export the report again.")
    if b"\0" in data and not encodings[0].startswith("utf-16"):
        raise binary
    for encoding in encodings:
        try:
            text = data[len(bom) :].decode(encoding)
        except UnicodeDecodeError:
            continue
        if not text.strip():
            raise BadInput(f"{name}: the file is empty; export the report again.")
        if "\0" in text or len(_CONTROL.findall(text[:20_000])) * 50 > len(text[:20_000]):
            raise binary
        return text, encoding, bom
    raise BadInput(
        f"{name}: the text is neither UTF-8, UTF-16 nor Windows-1252; save it as CSV UTF-8."
    )


def records(text: str, *, delimiter: str, name: str) -> Iterator[Record]:
    """Every record, blank ones too; a quoted line break stays inside its record.

    Raises BadInput where a quotation mark never closes, where one closes only on a later line
    in the midst of a cell (it has swallowed rows), or a cell is longer than 131,072.
    """
    taken: list[str] = []
    reader = csv.reader(_noting(text, taken), delimiter=delimiter)
    row = 0
    try:
        for row, fields in enumerate(reader, 1):
            line = taken[0] if len(taken) == 1 else "".join(taken)
            if len(taken) > 1 and _misquoted(line, delimiter) == _MIDST:
                raise BadInput(
                    f"{name}, row {row}: a quotation mark opens here and takes in the lines below "
                    "it; remove or close it, or export the report again."
                )
            taken.clear()
            raw = _without_ending(line)
            yield Record(row, fields, raw, line[len(raw) :])
    except csv.Error as error:
        raise BadInput(
            f"{name}, row {row + 1}: a cell cannot be read ({error}); export the report again."
        ) from error
    if row and _misquoted(line, delimiter) == _UNCLOSED:
        raise BadInput(
            f"{name}, row {row}: a quotation mark opens here and never closes; "
            "export the report again."
        )


def _noting(text: str, taken: list[str]) -> Iterator[str]:
    for line in io.StringIO(text, newline=""):
        taken.append(line)
        yield line


def _without_ending(line: str) -> str:
    for ending in ("\r\n", "\n", "\r"):
        if line.endswith(ending):
            return line[: -len(ending)]
    return line


def _misquoted(line: str, delimiter: str) -> str | None:
    """What the strict rules of CSV say against a record's quotation marks; None for nothing."""
    if '"' not in line:
        return None
    try:
        list(csv.reader(io.StringIO(line, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        return _UNCLOSED if "unexpected end" in str(error) else _MIDST
    return None
