"""New cells at the end of a text export's records, every character before them as it was."""

from __future__ import annotations

import csv
import io
from collections.abc import Container, Mapping, Sequence
from itertools import zip_longest

from billing.errors import ClaimsweepError
from bots.exports.delimited import Delimited, decode, records
from bots.exports.workbook import Cell


class WriteBackMismatch(ClaimsweepError):
    """The written copy does not read back as the original did; nothing may be handed out."""


def append_to_records(
    data: bytes,
    *,
    form: Delimited,
    name: str,
    header_row: int,
    headings: Sequence[str],
    cells: Mapping[int, Sequence[str]],
) -> bytes:
    """The same bytes with cells added at the end of records, in the file's own writing.

    The heading row gets ``headings``; a row in ``cells`` gets those; other filled rows below
    the headings get empty cells; all else is left alone. A record shorter than the widest is
    padded first, so that our columns stand under our headings.
    """
    text, _, _ = decode(data, name=name)
    every = list(records(text, delimiter=form.delimiter, name=name))
    worked = [r for r in every if r.row == header_row or r.row in cells]
    width = max(len(r.fields) for r in worked)
    blank = [""] * len(headings)
    out: list[str] = []
    for record in every:
        row, fields, raw, ending = record
        short = width - len(fields)
        if row == header_row:
            added: Sequence[str] = headings
        elif row in cells:
            added = cells[row]
        elif row > header_row and short >= 0 and any(fields):
            added = blank
        else:
            out += (raw, ending)
            continue
        out += (raw, form.delimiter, _written([""] * short + list(added), form), ending)
    return form.bom + "".join(out).encode(form.encoding, errors="replace")


def _written(cells: Sequence[str], form: Delimited) -> str:
    line = io.StringIO()
    csv.writer(
        line,
        delimiter=form.delimiter,
        quoting=csv.QUOTE_ALL if form.quote_all else csv.QUOTE_MINIMAL,
        lineterminator="",
    ).writerow(cells)
    return line.getvalue()


def taken_apart(
    data: bytes, copy: bytes, *, form: Delimited, name: str, rows: Container[int], width: int
) -> tuple[bytes, dict[int, Sequence[Cell]]]:
    """The copy without what was added, and the ``width`` cells that each of ``rows`` was given.

    Raises WriteBackMismatch where a record of the copy does not begin with the original's
    characters and cells, or ends with another line ending.
    """
    original, _, _ = decode(data, name=name)
    written, _, bom = decode(copy, name=name)
    theirs: list[str] = []
    added: dict[int, Sequence[Cell]] = {}
    for was, now in zip_longest(
        records(original, delimiter=form.delimiter, name=name),
        records(written, delimiter=form.delimiter, name=name),
    ):
        same = (
            was is not None
            and now is not None
            and now.raw.startswith(was.raw)
            and now.ending == was.ending
            and now.fields[: len(was.fields)] == was.fields
        )
        if not same:
            row = (was or now).row
            raise WriteBackMismatch(
                f"{name}, row {row}: the written copy differs there, so it was discarded; keep "
                "the export and report this."
            )
        theirs += (was.raw, was.ending)
        if was.row in rows:
            added[was.row] = now.fields[-width:]
    return bom + "".join(theirs).encode(form.encoding), added
