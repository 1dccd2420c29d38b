"""Adjustments as an issuer writes them become group, reason and amount, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import cast

from billing.errors import UnreadableDocument
from billing.model import Adjustment, ProviderAdjustment
from bots.layout import EobLayout, Legend, LineAdjustments, ProviderAdjustments
from bots.layout_field import EobField
from bots.reading.blocks import Held, Line, Match, not_described
from bots.reading.rows import REMEDY, Row, Span, convert, span_of

MONEY = EobField(constant="", into="money")
TEXT = EobField(constant="")
Codes = Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a value stood, and the label, heading or kind of row that says so."""

    span: Span
    where: str


def adjustment(found: Match, codes: Codes) -> tuple[Adjustment, Placed]:
    """One CAS triple from a pattern's named groups; its place is its amount's.

    Raises UnreadableDocument when ``codes`` does not say what its mark stands for.
    """
    span = found.row.amount(found.match)
    dollars = cast(Decimal, convert("adjustment", MONEY, span))
    named = found.match.groupdict()
    if "mark" in named and named["mark"] not in codes:
        raise UnreadableDocument(
            f"Page {span.page}: nothing says what the mark {named['mark']!r} beside an "
            f"adjustment stands for; {REMEDY}."
        )
    if "mark" in named:
        group, reason = codes[named["mark"]]
    else:
        group, reason = found.group or named["group"], named["reason"]
    return Adjustment(group, reason, dollars), Placed(span, found.where)


def in_cells(held: Held, layout: EobLayout, codes: Codes) -> Iterator[tuple[Adjustment, Placed]]:
    """The adjustments stacked in cells, but for zero; every character there belongs to one."""
    described = layout.lines.adjustments
    if not held or not described.pattern:
        return
    where = spelled(" ".join(described.columns))
    whole = Row(held[0][0], tuple(word for _, word in held))
    rest = re.sub(described.pattern, "", whole.text)
    if rest.strip(" ,;"):
        raise UnreadableDocument(
            f"Page {whole.page}: a cell under {where!r} holds more than adjustments; {REMEDY}."
        )
    at, starts = 0, {}
    for page, word in held:
        starts[at] = page
        at += len(word.text) + 1
    for match in re.finditer(described.pattern, whole.text):
        one, place = adjustment(Match(whole, match, where), codes)
        page = next(p for start, p in reversed(starts.items()) if start <= match.start("amount"))
        if one.amount:
            yield one, Placed(replace(place.span, page=page), place.where)


def under_fixed(line: Line, described: LineAdjustments) -> Iterator[tuple[str, Adjustment, Placed]]:
    """The amounts, but for zero, in the columns that stand for one code each, by heading."""
    for heading, code in described.fixed.items():
        if held := line.cells.get(heading):
            span = span_of([word for _, word in held], held[0][0])
            dollars = cast(Decimal, convert("adjustment", MONEY, span))
            group, _, reason = code.partition("-")
            if dollars:
                yield heading, Adjustment(group, reason, dollars), Placed(span, spelled(heading))


def provider_adjustment(
    row: Row, described: ProviderAdjustments | None, positive: str | None = None
) -> tuple[ProviderAdjustment, Placed] | None:
    """The entry in ``row``, None for a row to ignore. Raises UnreadableDocument.

    ``positive`` is what the entry's section says of amounts without a sign.
    """
    match = re.fullmatch(described.pattern, row.text) if described else None
    if described is None or match is None:
        _require_ignored(row, described.ignore if described else ())
        return None
    span, reason = row.amount(match), match["reason"]
    dollars = cast(Decimal, convert("provider adjustment", MONEY, span))
    if described.reasons is not None:
        known = EobField(constant="", values=described.reasons)
        text = row.part(*match.span("reason"))
        reason = cast(str, convert("provider adjustment", known, text))
    signed = dollars if (positive or described.positive) == "reduces" else -dollars
    entry = ProviderAdjustment(reason, match["reference"], signed)
    return entry, Placed(span, "provider adjustment")


def explain(row: Row, legend: Legend, codes: dict[str, tuple[str, str]]) -> None:
    """Adds what ``row`` explains to ``codes``.

    Raises UnreadableDocument when a mark stands for two codes, and for a row that is not described.
    """
    match = re.fullmatch(legend.pattern, row.text) if legend.pattern else None
    if match is None:
        _require_ignored(row, legend.ignore)
        return
    convert("legend", TEXT, row.part(*match.span()))
    code = (match["group"], match["reason"])
    if codes.setdefault(match["mark"], code) != code:
        raise UnreadableDocument(
            f"Page {row.page}: the mark {match['mark']!r} stands for two codes; {REMEDY}."
        )


def codes_known(legend: Legend) -> dict[str, tuple[str, str]]:
    """What each mark stands for that the layout itself explains."""
    split = {mark: code.partition("-") for mark, code in legend.codes.items()}
    return {mark: (group, reason) for mark, (group, _, reason) in split.items()}


def spelled(heading: str) -> str:
    """A heading as people say it, without the | where it is broken."""
    return heading.replace("|", " ")


def _require_ignored(row: Row, patterns: tuple[str, ...]) -> None:
    if not any(re.fullmatch(pattern, row.text) for pattern in patterns):
        raise not_described(row)
