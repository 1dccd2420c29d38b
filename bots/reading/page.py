"""Captured page bytes and a profile's fields become values with their places; nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from lxml.html import HtmlElement

from billing.errors import UnknownPage
from billing.model import ClaimStatus, Evidence
from bots.claim_task import Read, ReadResponse
from bots.page_language import PageField
from bots.reading.dom import (
    Cell,
    Labels,
    beside,
    cell_of,
    column,
    labelled,
    labels_of,
    parse,
    visible,
)
from bots.reading.fields import Value, convert, says_nothing


@dataclass(frozen=True, slots=True)
class Reading:
    """Values by field name, and the evidence of each."""

    values: Mapping[str, Value]
    places: Mapping[str, Evidence]


def read_claim(
    page: bytes, read: Read, vocabulary: Mapping[str, str], body: bytes | None = None
) -> tuple[ClaimStatus, Mapping[str, Evidence]]:
    """The claim status that an opened claim's captured page states, with its JSON ``body`` if any.

    Raises UnknownPage when a field is not where the profile says, stands there twice, is not what
    it should be, or when the page and the body disagree. What the page may lack, and the body
    states, is the body's: its place is there.
    """
    reading = read_region(page, read.within, read.fields)
    if read.response is None:
        return as_status(reading.values, vocabulary), reading.places
    if body is None:
        raise UnknownPage("no response came with the opened claim")
    stated = read_response(body, read.response)
    for name in reading.values.keys() & stated.values.keys():
        shown = reading.values[name]
        if shown not in (None, ()) and not _agree(shown, stated.values[name]):
            raise UnknownPage(f"the page and the data it loaded disagree on {name}")
    return (
        as_status({**reading.values, **stated.values}, vocabulary),
        {**stated.places, **reading.places},  # a place on the page can be shown in its picture
    )


def shows_all(page: bytes, read: Read, body: bytes, payer_claim_number: str) -> bool:
    """Whether the captured page shows this claim, and all of it that its JSON ``body`` states."""
    if read.response is None or not read.stated_whole:
        return False
    try:
        shown = read_region(page, read.within, read.fields).values
        stated = read_response(body, read.response).values
    except UnknownPage:
        return False
    same = all(_agree(value, stated[name]) for name, value in shown.items())
    return same and shown["payer_claim_number"] == payer_claim_number


def says_yes(body: bytes, path: str) -> bool:
    """Whether true stands at a dotted ``path`` of a JSON ``body``."""
    return follow(parse_json(body), path) is True


def _agree(shown: Value, stated: Value) -> bool:
    if isinstance(shown, tuple) and isinstance(stated, tuple):
        return set(shown) == set(stated)
    return shown == stated


def counted(body: bytes, total: str) -> int:
    """How many claims a search found, as its JSON ``body`` says at the dotted path ``total``.

    Raises UnknownPage when no whole number stands there.
    """
    found = follow(parse_json(body), total)
    if not isinstance(found, int) or isinstance(found, bool):
        raise UnknownPage(f"the data that the results came with has no count at {total}")
    return found


def as_status(values: Mapping[str, Value], vocabulary: Mapping[str, str]) -> ClaimStatus:
    """A claim status of what was read; what was not is None.

    A two-digit year of birth that came out after the service is of the century before.
    """
    if not values.get("payer_claim_number"):
        raise UnknownPage("a claim of the captured page has no number")
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
    born, served = stated["date_of_birth"], stated["service_from"]
    if born and served and born > served:
        stated["date_of_birth"] = born.replace(year=born.year - 100)
    return ClaimStatus(**stated)


def read_region(page: bytes, within: str, fields: Mapping[str, PageField]) -> Reading:
    """The fields inside the one region ``within`` of a captured page. Raises UnknownPage."""
    sha256 = hashlib.sha256(page).hexdigest()
    regions = visible(parse(page), within)
    if len(regions) != 1:
        raise UnknownPage(
            f"The captured page {sha256[:12]} has {len(regions)} regions {within!r} instead of "
            "one; the portal may have changed, compare it with the profile"
        )
    return read_fields(regions[0], fields, within, sha256)


def read_fields(
    region: HtmlElement, fields: Mapping[str, PageField], where: str, sha256: str
) -> Reading:
    """The fields inside an element; ``where`` says in words which one. Raises UnknownPage."""
    values: dict[str, Value] = {}
    places: dict[str, Evidence] = {}
    labels = labels_of(region) if any(field.label for field in fields.values()) else {}
    for name, field in fields.items():
        if field.constant is not None:
            values[name] = convert(field.constant, field)
            continue
        cells = _cells(region, field, labels)
        if field.when_missing == "none" and all(says_nothing(cell.text) for cell in cells):
            values[name] = () if field.into == "codes" else None
            continue
        place = f"{where} {spelled(field)}"
        if field.into == "codes" and (field.column or field.css):
            # the reason codes of all lines together are the claim's
            found = [
                code
                for cell in cells
                for code in cast("tuple[str, ...]", value_of(cell, field, place, sha256))
            ]
            values[name] = tuple(sorted(set(found)))
        elif len(cells) != 1:
            raise UnknownPage(
                f"The captured page {sha256[:12]} has {spelled(field)} {len(cells)} times "
                "instead of once; the portal may have changed, compare it with the profile"
            )
        else:
            values[name] = value_of(cells[0], field, place, sha256)
        if cells:
            places[name] = Evidence(sha256=sha256, where=place, box=cells[0].box)
    return Reading(values, places)


def read_response(body: bytes, read: ReadResponse) -> Reading:
    """The figures of one claim from the JSON that its page loaded. Raises UnknownPage."""
    sha256 = hashlib.sha256(body).hexdigest()
    return read_entry(parse_json(body), read.fields, "the claim", sha256)


def states(body: bytes, read: ReadResponse, payer_claim_number: str) -> bool:
    """Whether a response is about this claim; another's may come from the same address."""
    try:
        stated = follow(parse_json(body), str(read.fields["payer_claim_number"].label))
    except UnknownPage:
        return False
    return str(stated) == payer_claim_number


def read_entry(entry: object, fields: Mapping[str, PageField], which: str, sha256: str) -> Reading:
    """The fields of one JSON object; ``which`` says in words which one. Raises UnknownPage."""
    values: dict[str, Value] = {}
    places: dict[str, Evidence] = {}
    for name, field in fields.items():
        if field.constant is not None:
            values[name] = convert(field.constant, field)
            continue
        stated = _stated(entry, field)
        if stated in (None, [], "") and field.when_missing == "none":
            values[name] = () if field.into == "codes" else None
            continue
        text = " ".join(map(str, stated)) if isinstance(stated, list) else str(stated)
        where = f"{which}, {field.label}"
        cell = Cell("" if stated is None else text, None)
        values[name] = value_of(cell, field, where, sha256, "response")
        places[name] = Evidence(sha256=sha256, where=where)
    return Reading(values, places)


def _stated(entry: object, field: PageField) -> object:
    if field.into != "codes":
        return follow(entry, str(field.label))
    found = [follow(entry, path.strip()) for path in str(field.label).split(",")]
    codes = [code for part in found for code in (part if isinstance(part, list) else [part])]
    return sorted({str(code) for code in codes if code is not None})


def parse_json(body: bytes) -> object:
    """A captured response as plain values. Raises UnknownPage when it is no JSON."""
    try:
        return json.loads(body)
    except ValueError as error:
        raise UnknownPage(
            f"The captured response {hashlib.sha256(body).hexdigest()[:12]} is not JSON; the "
            "portal may have changed"
        ) from error


def follow(value: object, path: str) -> object:
    """What stands at a dotted path: a key, a place in a list from 0, ``*`` for all of them.

    "." alone is the whole; None when nothing stands there.
    """
    if path == ".":
        return value
    key, _, rest = path.partition(".")
    if key == "*":
        entries = value if isinstance(value, list) else []
        found = [follow(entry, rest or ".") for entry in entries]
        return [one for f in found for one in (f if isinstance(f, list) else [f]) if f is not None]
    if isinstance(value, list) and key.isdigit():
        inner = value[int(key)] if int(key) < len(value) else None
    else:
        inner = value.get(key) if isinstance(value, dict) else None
    return follow(inner, rest) if rest and inner is not None else inner


def value_of(cell: Cell, field: PageField, where: str, sha256: str, medium: str = "page") -> Value:
    """The value of a text that stands at ``where``. Raises UnknownPage without repeating it."""
    try:
        return convert(cell.text, field)
    except ValueError as error:
        raise UnknownPage(
            f"The captured {medium} {sha256[:12]}: {where}: {error}; compare it with the profile"
        ) from error


def spelled(field: PageField) -> str:
    """The field as its profile spells it."""
    if field.label is not None:
        return f"label {field.label!r}"
    if field.css is not None:
        return f"css {field.css!r}"
    if field.column is not None:
        return f"column {' or '.join(map(str, field.column))!r}"
    return f"pattern {field.pattern!r}"


def _cells(region: HtmlElement, field: PageField, labels: Labels) -> list[Cell]:
    if field.label is not None:
        if field.beside is not None:
            return beside(region, field.label, field.beside, labels, field.attribute)
        return labelled(region, field.label, labels, field.attribute)
    if field.css is not None:
        return [cell_of(element, field.attribute) for element in visible(region, field.css)]
    if field.column is not None:
        return [
            cell_of(element, field.attribute)
            for table in visible(region, field.within or "table")
            for element in column(table, field.column, field.headed)
        ]
    return [cell_of(region, field.attribute)]
