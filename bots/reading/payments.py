"""The rows of one payment become a remittance with the place of every figure, or are refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from billing.balance import Residual, document_totals
from billing.errors import UnreadableDocument
from billing.model import Evidence, ProviderAdjustment, Remittance, RemittedClaim
from bots.layout import EobLayout, Section
from bots.reading.adjustments import Placed, codes_known, explain, provider_adjustment
from bots.reading.blocks import Block, add_row, is_of_claim, labels_of, not_described, starts_claim
from bots.reading.claims import Places, finish_claim
from bots.reading.labels import find, the_one
from bots.reading.rows import REMEDY, Row, convert
from bots.reading.tables import Columns, find_columns

# BPR04 where the document does not say how the money was sent.
NO_MONEY, UNSAID = "NON", ""


@dataclass(slots=True)
class _Parts:
    """A payment's rows by what they are about, while it is walked from top to bottom."""

    header: list[Row] = field(default_factory=list)
    totals: list[Row] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    block: Block | None = None
    provider: list[tuple[ProviderAdjustment, Placed]] = field(default_factory=list)
    codes: dict[str, tuple[str, str]] = field(default_factory=dict)


def read_payment(
    rows: Sequence[Row], layout: EobLayout, sha256: str
) -> tuple[Remittance, list[Residual], dict[str, int]]:
    """The payment, the printed totals that its figures do not come to, and how surely each figure
    was read, in percent by its path. ``sha256`` is the document's.

    Raises UnreadableDocument when a row or a figure cannot be read.
    """
    return _assemble(_walk(rows, layout), layout, sha256)


def _walk(rows: Sequence[Row], layout: EobLayout) -> _Parts:
    parts = _Parts(codes=codes_known(layout.legend))
    section: Section | None = None
    columns: Columns | None = None
    at = 0
    while at < len(rows):
        row = rows[at]
        if found := find_columns(rows, at, layout.headings, layout.roomy):
            columns, height = found
            at += height
            continue
        at += 1
        opened = next((one for one in layout.sections if re.match(one.starts, row.text)), None)
        if any(re.fullmatch(pattern, row.text) for pattern in layout.furniture):
            parts.header.append(row)
            continue
        if opened is not None:
            section, parts.block = opened, parts.block if opened is section else None
        if section is None or section.holds == "claims":
            _add_to_claims(parts, row, section, columns, layout, opens=opened is not None)
        else:
            _add_to_others(parts, row, section, layout, opens=opened is not None)
    return parts


def _add_to_others(
    parts: _Parts, row: Row, section: Section, layout: EobLayout, *, opens: bool
) -> None:
    """The row goes to the totals, the provider adjustments or the legend."""
    if section.holds == "provider_adjustments":
        described = layout.provider_adjustments
        if not opens or (described and re.fullmatch(described.pattern, row.text)):
            entry = provider_adjustment(row, described, section.positive)
            parts.provider += [entry] if entry else []
    elif section.holds == "legend":
        pattern = layout.legend.pattern
        if not opens or (pattern and re.fullmatch(pattern, row.text)):
            explain(row, layout.legend, parts.codes)
    else:
        described_rows = not section.rows or any(re.fullmatch(p, row.text) for p in section.rows)
        if is_of_claim(row, layout) or not (opens or described_rows):
            raise not_described(row)
        if section.holds == "totals":
            parts.totals.append(row)


def _add_to_claims(
    parts: _Parts,
    row: Row,
    section: Section | None,
    columns: Columns | None,
    layout: EobLayout,
    *,
    opens: bool,
) -> None:
    """The row goes to its claim, or to the header before the first one."""
    claims, block = layout.claims, parts.block
    if opens:
        begins = claims.starts is not None and re.match(claims.starts, row.text) is not None
    else:
        begins = starts_claim(row, block, columns, layout)
    if begins:
        block = parts.block = Block(section.status if section else None, row.page)
        parts.blocks.append(block)
    if block is not None and (begins or not opens):  # else the section's heading on its next page
        add_row(block, row, columns, layout)
    elif block is not None:
        return
    elif section is None and columns is None and not is_of_claim(row, layout):
        parts.header.append(row)
    elif not opens and not any(re.fullmatch(pattern, row.text) for pattern in claims.ignore):
        raise not_described(row)


def _assemble(
    parts: _Parts, layout: EobLayout, sha256: str
) -> tuple[Remittance, list[Residual], dict[str, int]]:
    if not parts.blocks and not parts.provider:
        raise UnreadableDocument(
            f"The document holds no claim that the payer's eob.yaml describes; {REMEDY}."
        )
    claims: list[RemittedClaim] = []
    places: Places = {}
    found: list[Residual] = []
    for number, block in enumerate(parts.blocks):
        claim, claim_places, claim_residuals = finish_claim(
            block, layout, parts.codes, f"claims[{number}]"
        )
        claims.append(claim)
        places |= claim_places
        found += claim_residuals
    for number, (_, place) in enumerate(parts.provider):
        places[f"provider_adjustments[{number}].amount"] = place
    values, payment_places = _payment(parts, layout)
    places = payment_places | places
    remittance = Remittance(
        claims=tuple(claims),
        provider_adjustments=tuple(entry for entry, _ in parts.provider),
        places={
            path: Evidence(sha256, place.where, place.span.page, place.span.box)
            for path, place in places.items()
        },
        **values,  # type: ignore[arg-type]
    )
    found += _against_printed(remittance, [*parts.header, *parts.totals], layout)
    return remittance, found, {path: place.span.confidence for path, place in places.items()}


def _payment(
    parts: _Parts, layout: EobLayout
) -> tuple[dict[str, str | Decimal | date | tuple[str, ...] | None], Places]:
    described = layout.payment
    labels = labels_of(layout.payment_labels)
    values: dict[str, str | Decimal | date | tuple[str, ...] | None] = {}
    places: Places = {}
    rows = [*parts.header, *parts.totals]
    for name, one in described.fields.items():
        if one.constant is not None:
            values[name] = one.constant
            continue
        span = the_one(name, one, find(one, rows, labels), 1)
        values[name] = convert(name, one, span) if span else None
        if span:
            places[name] = Placed(span, one.label or one.beneath or name)
    if values.get("method") is None:
        values["method"] = NO_MONEY if not values["amount"] else UNSAID
    return values, places


def _against_printed(
    remittance: Remittance, rows: Sequence[Row], layout: EobLayout
) -> Iterator[Residual]:
    """The totals printed for the whole document against what was read."""
    read = document_totals(remittance)
    labels = labels_of(layout.payment_labels)
    fields = layout.totals.fields if layout.totals else {}
    page = rows[-1].page if rows else 1
    for name, described in fields.items():
        span = the_one(f"total of {name}", described, find(described, rows, labels), page)
        printed = convert(f"total of {name}", described, span) if span else None
        if isinstance(printed, Decimal) and printed != read[name]:
            equation = f"document: {name.replace('_', ' ')} = printed total"
            yield Residual(equation, "totals", read[name] - printed)
