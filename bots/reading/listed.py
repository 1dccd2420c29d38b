"""The rows of one results page: a table, one element each, a file, or the JSON that it loaded."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from lxml.html import HtmlElement

from billing.errors import UnknownPage
from billing.model import ClaimStatus, Evidence
from bots.claim_task import Rows
from bots.page_language import PageField
from bots.reading.dom import cell_of, column, parse, visible
from bots.reading.fields import Value, says_nothing
from bots.reading.listed_file import read_listed_file
from bots.reading.page import (
    Reading,
    as_status,
    follow,
    parse_json,
    read_entry,
    read_fields,
    spelled,
    value_of,
)

Placed = tuple[ClaimStatus, Mapping[str, Evidence]]
"""What a row says, and where."""


def read_rows(source: bytes, rows: Rows, vocabulary: Mapping[str, str]) -> tuple[ClaimStatus, ...]:
    """The rows of one results page, from its captured page, its file or the JSON it loaded.

    Raises UnknownPage as :func:`bots.reading.page.read_claim` does.
    """
    return tuple(status for status, _ in read_placed_rows(source, rows, vocabulary))


def read_placed_rows(
    source: bytes, rows: Rows, vocabulary: Mapping[str, str]
) -> tuple[Placed, ...]:
    """Likewise with the place of each value; in a file it has none."""
    if rows.response:
        readings = _json_rows(source, rows)
    elif rows.file:
        readings = read_listed_file(source, rows.fields, delimiter=rows.file.delimiter)
    elif rows.each:
        readings = _each_row(source, rows)
    else:
        readings = _table_rows(source, rows)
    return tuple((as_status(reading.values, vocabulary), reading.places) for reading in readings)


def read_count(page: bytes, count: PageField) -> int:
    """How many claims a captured page says there are.

    Raises UnknownPage when it does not say so once, in digits.
    """
    sha256 = hashlib.sha256(page).hexdigest()
    stated = str(read_fields(parse(page), {"count": count}, "the page", sha256).values["count"])
    digits = stated.replace(",", "").strip()
    if not digits.isdecimal():
        raise UnknownPage(f"the number of claims, {spelled(count)}, is no whole number")
    return int(digits)


def numbers_shown(page: bytes, numbers: str) -> tuple[str, ...]:
    """The claim numbers that a captured page shows, where the CSS ``numbers`` points at them.

    Raises UnknownPage when there are none.
    """
    shown = tuple(cell_of(element).text.strip() for element in visible(parse(page), numbers))
    if not all(shown) or not shown:
        raise UnknownPage(
            f"the page shows no claim number in {numbers!r}; the portal may have changed, compare "
            "it with the profile"
        )
    return shown


def lists_claims(body: bytes, rows: Rows) -> bool:
    """Whether a JSON body holds the list that ``rows`` reads; others may come from one address."""
    try:
        return isinstance(follow(parse_json(body), str(rows.list)), list)
    except UnknownPage:
        return False


def _each_row(page: bytes, rows: Rows) -> list[Reading]:
    sha256 = hashlib.sha256(page).hexdigest()
    tree = parse(page)
    skip = visible(tree, rows.skip) if rows.skip else []
    elements = [element for element in visible(tree, str(rows.each)) if element not in skip]
    return [
        read_fields(element, rows.fields, f"row {n}", sha256)
        for n, element in enumerate(elements, 1)
    ]


def _table_rows(page: bytes, rows: Rows) -> list[Reading]:
    sha256 = hashlib.sha256(page).hexdigest()
    tables = visible(parse(page), str(rows.table))
    if len(tables) != 1:
        raise UnknownPage(
            f"The captured page {sha256[:12]} has {len(tables)} tables {rows.table!r} instead of "
            "one; the portal may have changed, compare it with the profile"
        )
    skip = visible(tables[0], rows.skip) if rows.skip else []
    columns = {
        name: column(tables[0], field.column or (), field.headed, skip)
        for name, field in rows.fields.items()
    }
    lengths = {len(cells) for cells in columns.values()}
    if lengths == {0} or len(lengths) != 1:
        missing = sorted(spelled(rows.fields[name]) for name, c in columns.items() if not c)
        raise UnknownPage(
            f"The captured page {sha256[:12]}: results table {rows.table!r} lacks the columns "
            f"{missing}; the portal may have changed, compare it with the profile"
        )
    return [_table_row(n, columns, rows.fields, sha256) for n in range(lengths.pop())]


def _table_row(
    n: int,
    columns: Mapping[str, Sequence[HtmlElement]],
    fields: Mapping[str, PageField],
    sha256: str,
) -> Reading:
    values: dict[str, Value] = {}
    places: dict[str, Evidence] = {}
    for name, field in fields.items():
        cell, where = cell_of(columns[name][n], field.attribute), f"row {n + 1}, {field.column}"
        if field.when_missing == "none" and says_nothing(cell.text):
            values[name] = () if field.into == "codes" else None
            continue
        values[name] = value_of(cell, field, where, sha256)
        place = f"row {n + 1} {spelled(field)}"
        places[name] = Evidence(sha256=sha256, where=place, box=cell.box)
    return Reading(values, places)


def _json_rows(body: bytes, rows: Rows) -> list[Reading]:
    sha256 = hashlib.sha256(body).hexdigest()
    entries = follow(parse_json(body), str(rows.list))
    if not isinstance(entries, list):
        raise UnknownPage(
            f"The captured response {sha256[:12]} has no list {rows.list!r}; the portal may have "
            "changed, compare it with the profile"
        )
    return [
        read_entry(entry, rows.fields, f"row {n}", sha256) for n, entry in enumerate(entries, 1)
    ]
