"""Captured page bytes and a profile's fields become values with their places; nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from lxml import html as lxml_html
from lxml.etree import ParserError
from lxml.html import HtmlElement

from billing.errors import UnknownPage
from billing.model import ClaimStatus, Evidence
from bots.page_language import PageField
from bots.profile import Read, Rows
from bots.reading.fields import Value, convert

HIDDEN = "data-cs-hidden"
BOX = "data-cs-box"


@dataclass(frozen=True, slots=True)
class Reading:
    """Values by field name, and the evidence of each."""

    values: Mapping[str, Value]
    places: Mapping[str, Evidence]


def read_claim(
    page: bytes, read: Read, vocabulary: Mapping[str, str]
) -> tuple[ClaimStatus, Mapping[str, Evidence]]:
    """The claim status that an opened claim's captured page states.

    Raises UnknownPage when a field is not where the profile says, stands there twice, or is not
    what it should be.
    """
    reading = _read_region(page, read.within, read.fields)
    return _status(reading.values, vocabulary), reading.places


def read_rows(source: bytes, rows: Rows, vocabulary: Mapping[str, str]) -> tuple[ClaimStatus, ...]:
    """The rows of one results page, from its captured page or from the JSON body it loaded.

    Raises UnknownPage as :func:`read_claim` does.
    """
    readings = _json_rows(source, rows) if rows.response else _table_rows(source, rows)
    return tuple(_status(reading.values, vocabulary) for reading in readings)


def _status(values: Mapping[str, Value], vocabulary: Mapping[str, str]) -> ClaimStatus:
    words = str(values.get("words") or "")
    stated: dict[str, Any] = {
        "words": words,
        "category": vocabulary.get(words),
        "member_id": None,
        "date_of_birth": None,
        "service_from": None,
        "service_to": None,
        "charge": None,
    }
    stated |= {name: value for name, value in values.items() if value is not None}
    return ClaimStatus(**stated)


def _read_region(page: bytes, within: str, fields: Mapping[str, PageField]) -> Reading:
    sha256 = hashlib.sha256(page).hexdigest()
    regions = _visible(_parse(page), within)
    if len(regions) != 1:
        raise UnknownPage(
            f"The captured page {sha256[:12]} has {len(regions)} regions {within!r} instead of "
            "one; the portal may have changed, compare it with the profile"
        )
    values: dict[str, Value] = {}
    places: dict[str, Evidence] = {}
    for name, field in fields.items():
        if field.constant is not None:
            values[name] = convert(field.constant, field)
            continue
        cells = _cells(regions[0], field)
        if not cells and field.when_missing == "none":
            values[name] = () if field.into == "codes" else None
            continue
        where = f"{within} {_spelled(field)}"
        if field.into == "codes" and field.column is not None:
            # the reason codes of all lines together are the claim's
            found = [
                code
                for cell in cells
                for code in cast("tuple[str, ...]", _value(cell, field, where, sha256))
            ]
            values[name] = tuple(sorted(set(found)))
        elif len(cells) != 1:
            raise UnknownPage(
                f"The captured page {sha256[:12]} has {_spelled(field)} {len(cells)} times "
                "instead of once; the portal may have changed, compare it with the profile"
            )
        else:
            values[name] = _value(cells[0], field, where, sha256)
        if cells:
            places[name] = Evidence(sha256=sha256, where=where, box=_box(cells[0]))
    return Reading(values, places)


def _value(cell: HtmlElement, field: PageField, where: str, sha256: str) -> Value:
    try:
        return convert(_text(cell), field)
    except ValueError as error:
        raise UnknownPage(
            f"The captured page {sha256[:12]}: {where}: {error}; compare it with the profile"
        ) from error


def _spelled(field: PageField) -> str:
    if field.label is not None:
        return f"label {field.label!r}"
    return f"column {' or '.join(field.column)!r}" if field.column else f"pattern {field.pattern!r}"


def _cells(region: HtmlElement, field: PageField) -> list[HtmlElement]:
    if field.label is not None:
        return list(_labelled(region, field.label))
    if field.column is not None:
        return [
            cells
            for table in _visible(region, field.within or "table")
            for cells in _column(table, field.column)
        ]
    return [region]


def _labelled(region: HtmlElement, label: str) -> Iterator[HtmlElement]:
    """The value element beside each label: dt → dd, th → td, label → its input, text → next."""
    for element in region.iter("dt", "th", "label", "td", "span", "div", "strong", "b"):
        if _hidden(element) or _label_text(element) != label:
            continue
        if element.tag == "label" and element.get("for"):
            yield from (
                e
                for e in region.iter("input", "select", "textarea")
                if e.get("id") == element.get("for")
            )
            continue
        if (
            element.tag == "th"
            and element.getparent().getparent() is not None
            and _is_heading_row(element.getparent())
        ):
            continue
        sibling = element.getnext()
        if sibling is not None and sibling.tag in ("dd", "td", "span", "div", "output"):
            yield sibling


def _is_heading_row(row: HtmlElement) -> bool:
    return row.getparent().tag == "thead" or all(cell.tag == "th" for cell in row)


def _column(table: HtmlElement, headings: Sequence[str]) -> Iterator[HtmlElement]:
    """The cells below whichever of ``headings`` the table has; rows of another width (a pager, a
    total) are not rows of the table."""
    index: int | None = None
    width = 0
    for row in table.iter("tr"):
        if next(row.iterancestors("table")) is not table or _hidden(row):
            continue
        cells = [cell for cell in row if cell.tag in ("td", "th")]
        if _is_heading_row(row):
            width = len(cells)
            found = [n for n, cell in enumerate(cells) if _label_text(cell) in headings]
            index = found[0] if len(found) == 1 else None
        elif index is not None and len(cells) == width:
            yield cells[index]


def _table_rows(page: bytes, rows: Rows) -> list[Reading]:
    sha256 = hashlib.sha256(page).hexdigest()
    tables = _visible(_parse(page), str(rows.table))
    if len(tables) != 1:
        raise UnknownPage(
            f"The captured page {sha256[:12]} has {len(tables)} tables {rows.table!r} instead of "
            "one; the portal may have changed, compare it with the profile"
        )
    columns = {
        name: list(_column(tables[0], field.column or ())) for name, field in rows.fields.items()
    }
    lengths = {len(cells) for cells in columns.values()}
    if lengths == {0} or len(lengths) != 1:
        missing = sorted(
            str(rows.fields[name].column) for name, cells in columns.items() if not cells
        )
        raise UnknownPage(
            f"The captured page {sha256[:12]}: results table {rows.table!r} lacks the columns "
            f"{missing}; the portal may have changed, compare it with the profile"
        )
    return [
        Reading(
            {
                name: _value(columns[name][n], field, f"row {n + 1}, {field.column}", sha256)
                for name, field in rows.fields.items()
            },
            {},
        )
        for n in range(lengths.pop())
    ]


def _json_rows(body: bytes, rows: Rows) -> list[Reading]:
    sha256 = hashlib.sha256(body).hexdigest()
    try:
        stated = json.loads(body)
    except ValueError as error:
        raise UnknownPage(
            f"The captured response {sha256[:12]} is not JSON; the portal may have changed"
        ) from error
    entries = _follow(stated, str(rows.list))
    if not isinstance(entries, list):
        raise UnknownPage(
            f"The captured response {sha256[:12]} has no list {rows.list!r}; the portal may have "
            "changed, compare it with the profile"
        )
    return [_json_reading(entry, n, rows, sha256) for n, entry in enumerate(entries, 1)]


def _json_reading(entry: object, n: int, rows: Rows, sha256: str) -> Reading:
    values: dict[str, Value] = {}
    for name, field in rows.fields.items():
        stated = _follow(entry, str(field.label))
        if stated is None and field.when_missing == "none":
            values[name] = None
            continue
        try:
            values[name] = convert("" if stated is None else str(stated), field)
        except ValueError as error:
            raise UnknownPage(
                f"The captured response {sha256[:12]}: row {n}, {field.label}: {error}; compare "
                "it with the profile"
            ) from error
    return Reading(values, {})


def _follow(value: object, path: str) -> object:
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _parse(page: bytes) -> HtmlElement:
    parser = lxml_html.HTMLParser(encoding="utf-8", huge_tree=True)
    try:
        return lxml_html.document_fromstring(page, parser=parser)
    except ParserError as error:
        raise UnknownPage("The captured page holds no HTML; the portal may be down") from error


def _visible(root: HtmlElement, css: str) -> list[HtmlElement]:
    return [element for element in root.cssselect(css) if not _hidden(element)]


def _hidden(element: HtmlElement) -> bool:
    return any(e.get(HIDDEN) is not None for e in (element, *element.iterancestors()))


def _text(element: HtmlElement) -> str:
    if element.tag in ("input", "textarea", "select"):
        return element.get("value") or ""
    parts = [element.text or ""]
    for child in element:
        if child.get(HIDDEN) is None and isinstance(child.tag, str):
            parts.append(
                " " + _text(child) + " "
                if child.tag in ("div", "p", "li", "br", "tr", "td")
                else _text(child)
            )
        parts.append(child.tail or "")
    return "".join(parts)


def _label_text(element: HtmlElement) -> str:
    return " ".join(_text(element).split()).removesuffix(":").rstrip()


def _box(element: HtmlElement) -> tuple[float, float, float, float] | None:
    stated = element.get(BOX)
    if stated is None:
        return None
    left, top, right, bottom = (float(side) for side in stated.split(","))
    return (left, top, right, bottom)
