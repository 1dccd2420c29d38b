"""An EOB's bytes and the payers' layouts become a remittance with the place of every figure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import cast

from billing.balance import Residual, residuals
from billing.errors import UnreadableDocument
from billing.model import Evidence, ProviderAdjustment, Remittance, RemittedClaim
from billing.money import ZERO
from bots.layout import EobLayout, Section
from bots.reading.claims import MONEY, Block, Placed, Places, add_row, finish_claim
from bots.reading.kinds import other_kind
from bots.reading.rows import (
    REMEDY,
    Row,
    convert,
    find,
    rows_of,
    split_labels,
    the_one,
)
from bots.reading.tables import Columns, find_columns
from bots.reading.words import read_pages


@dataclass(frozen=True, slots=True)
class Reading:
    """What one document says: the payer whose layout recognised it, its remittances, and every
    equation and printed total that does not close. ``confidence`` is how surely each figure of
    each remittance was read, in percent by its path.

    A reading that is not ``balanced`` is for a person; its figures are never posted.
    """

    payer: str
    remittances: tuple[Remittance, ...]
    residuals: tuple[Residual, ...]
    confidence: tuple[Mapping[str, int], ...]

    @property
    def balanced(self) -> bool:
        """Whether every equation closes to the cent."""
        return not self.residuals


@dataclass(slots=True)
class _Parts:
    """The document's rows by what they are about, while it is walked from top to bottom."""

    header: list[Row] = field(default_factory=list)
    totals: list[Row] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    provider: list[tuple[ProviderAdjustment, Placed]] = field(default_factory=list)


def read_eob(data: bytes, layouts: Mapping[str, EobLayout]) -> Reading:
    """The remittance in the PDF ``data``, read by the one layout that recognises it.

    ``layouts`` are keyed by the payer's id. Pure: no file and no network. Raises
    UnreadableDocument, one sentence with page, fact and remedy, when the bytes are no whole
    PDF, when no layout or several recognise it, and when a row or a figure cannot be read.
    """
    pages = read_pages(data)
    rows = [tuple(rows_of(page)) for page in pages]
    payer, layout = _recognise(rows[0], layouts)
    _count_pages(rows, layout)
    parts = _walk([row for page in rows for row in page], layout)
    remittance, found, sure = _assemble(parts, layout, hashlib.sha256(data).hexdigest())
    return Reading(payer, (remittance,), (*residuals(remittance), *found), (sure,))


def _recognise(rows: Sequence[Row], layouts: Mapping[str, EobLayout]) -> tuple[str, EobLayout]:
    text = " ".join(row.text for row in rows)
    fitting = [
        (payer, layout)
        for payer, layout in layouts.items()
        if all(sign in text for sign in layout.recognise)
    ]
    if not fitting:
        raise UnreadableDocument(
            f"Page 1: no payer's eob.yaml recognises this document{_kind_said(text)}; add a layout "
            f"for its issuer, or {REMEDY}."
        )
    if len(fitting) > 1:
        names = " and ".join(sorted(payer for payer, _ in fitting))
        raise UnreadableDocument(
            f"Page 1: the layouts of {names} both recognise this document; make their "
            "'recognise' texts more particular."
        )
    return fitting[0]


def _kind_said(text: str) -> str:
    kind = other_kind(text)
    return f", which looks like no remittance but {kind}" if kind else ""


def _count_pages(pages: Sequence[Sequence[Row]], layout: EobLayout) -> None:
    """Every page says which of how many it is, where the layout has a page number."""
    if layout.page_number is None:
        return
    for number, rows in enumerate(pages, start=1):
        text = " ".join(row.text for row in rows)
        said = {match.groups() for match in re.finditer(layout.page_number, text)}
        if said != {(str(number), str(len(pages)))}:
            raise UnreadableDocument(
                f"Page {number} of {len(pages)} does not say that it is; pages are missing or "
                "out of order: download the document again."
            )


def _walk(rows: Sequence[Row], layout: EobLayout) -> _Parts:
    parts = _Parts()
    section: Section | None = None
    block: Block | None = None
    columns: Columns | None = None
    headings = layout.lines.columns
    for row in rows:
        opened = next((one for one in layout.sections if re.match(one.starts, row.text)), None)
        if found := find_columns(row, headings):
            columns = found
        elif any(re.fullmatch(pattern, row.text) for pattern in layout.furniture):
            parts.header.append(row)
        elif opened is not None:
            section, block = opened, None
            if opened.holds == "totals":
                parts.totals.append(row)
        elif section is None or section.holds == "claims":
            if re.match(layout.claims.starts, row.text):
                block = Block(section.status if section else None, row.page)
                parts.blocks.append(block)
            if block is not None:
                add_row(block, row, columns, layout)
            elif section is None:
                parts.header.append(row)
            elif not _ignored(row, layout.claims.ignore):
                raise _unexpected(row)
        elif section.holds == "totals":
            parts.totals.append(row)
        elif section.holds == "provider_adjustments":
            parts.provider += _provider_adjustment(row, layout)
    return parts


def _provider_adjustment(
    row: Row, layout: EobLayout
) -> Iterator[tuple[ProviderAdjustment, Placed]]:
    described = layout.provider_adjustments
    if described is None:
        raise _unexpected(row)
    match = re.fullmatch(described.pattern, row.text)
    if match is None:
        if not _ignored(row, described.ignore):
            raise _unexpected(row)
        return
    span = row.amount(match)
    dollars = cast(Decimal, convert("provider adjustment", MONEY, span))
    entry = ProviderAdjustment(match["reason"], match["reference"], dollars)
    yield entry, Placed(span, "provider adjustment")


def _ignored(row: Row, patterns: Sequence[str]) -> bool:
    return any(re.fullmatch(pattern, row.text) for pattern in patterns)


def _unexpected(row: Row) -> UnreadableDocument:
    top = round(row.words[0].box[1])
    return UnreadableDocument(
        f"Page {row.page}: the row {top} points from the top is not described by the payer's "
        f"eob.yaml; describe it there, or {REMEDY}."
    )


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
        claim, claim_places, claim_residuals = finish_claim(block, layout, f"claims[{number}]")
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
    labels = _payment_labels(layout)
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
            places[name] = Placed(span, one.label or name)
    return values, places


def _payment_labels(layout: EobLayout) -> tuple[tuple[str, ...], ...]:
    """Every label that may stand in the header, the furniture and the totals."""
    fields = [*layout.payment.fields.values()]
    fields += layout.totals.fields.values() if layout.totals else ()
    named = [one.label for one in fields if one.label]
    return split_labels([*named, *layout.payment.other_labels])


def _against_printed(
    remittance: Remittance, rows: Sequence[Row], layout: EobLayout
) -> Iterator[Residual]:
    """The totals printed for the whole document against what was read."""
    claims = remittance.claims
    read: Mapping[str, Decimal] = {
        "claim_count": Decimal(len(claims)),
        "charge": sum((claim.charge for claim in claims), ZERO),
        "allowed": sum((line.allowed or ZERO for one in claims for line in one.lines), ZERO),
        "adjustments": sum((a.amount for one in claims for a in one.all_adjustments), ZERO),
        "patient_responsibility": sum((claim.patient_responsibility for claim in claims), ZERO),
        "paid": sum((claim.paid for claim in claims), ZERO),
        "provider_adjustments": sum((e.amount for e in remittance.provider_adjustments), ZERO),
        "amount": remittance.amount,
    }
    labels = _payment_labels(layout)
    fields = layout.totals.fields if layout.totals else {}
    page = rows[-1].page if rows else 1
    for name, described in fields.items():
        span = the_one(f"total of {name}", described, find(described, rows, labels), page)
        printed = convert(f"total of {name}", described, span) if span else None
        if isinstance(printed, Decimal) and printed != read[name]:
            equation = f"document: {name.replace('_', ' ')} = printed total"
            yield Residual(equation, "totals", read[name] - printed)
