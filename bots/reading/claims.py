"""The gathered rows of one claim become a remitted claim, or the document is refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import cast

from billing.balance import Residual
from billing.errors import UnreadableDocument
from billing.model import Adjustment, RemittedClaim, ServiceLine
from billing.money import ZERO
from bots.layout import EobLayout
from bots.layout_field import EobField
from bots.reading.adjustments import (
    MONEY,
    Codes,
    Placed,
    adjustment,
    in_cells,
    spelled,
    under_fixed,
)
from bots.reading.blocks import Block, Line, labels_of
from bots.reading.labels import find, the_one
from bots.reading.rows import REMEDY, Span, Value, around, convert, span_of

CODES = EobField(constant="", into="codes")
REVERSAL = "22"  # CLP02
Places = dict[str, Placed]


@dataclass(frozen=True, slots=True)
class _Finished:
    """A line, its figures' places, what its printed totals are off by, and what of its
    adjustments stood under columns of one code, by heading."""

    line: ServiceLine
    places: Places
    residuals: tuple[Residual, ...]
    fixed: Mapping[str, Decimal]


def finish_claim(
    block: Block, layout: EobLayout, codes: Codes, path: str
) -> tuple[RemittedClaim, Places, tuple[Residual, ...]]:
    """The claim of ``block``, the place of each of its figures by path, and every printed total
    that is not the sum it should be. ``codes`` is what the payer's own marks stand for.

    Raises UnreadableDocument when a figure that the layout requires cannot be read.
    """
    _require_whole(block, layout)
    values, placed = _claim_values(block, layout)
    places: Places = {f"{path}.{name}": place for name, place in placed.items()}
    finished = [
        _finish_line(line, layout, codes, f"{path}.lines[{number}]")
        for number, line in enumerate(block.lines)
    ]
    own = [adjustment(found, codes) for found in block.adjustments]
    own += in_cells(block.adjusted, layout, codes)
    for one in finished:
        places |= one.places
    for number, (_, place) in enumerate(own):
        places[f"{path}.adjustments[{number}].amount"] = place
    allowed, adjusted = values.pop("allowed", None), values.pop("adjustments", None)
    values["status"] = values.get("status") or block.status
    if values["status"] is None:
        raise UnreadableDocument(
            f"Page {block.page}: neither the claim nor its section says its status; {REMEDY}."
        )
    lines = tuple(one.line for one in finished)
    values |= _sums(block, lines, [entry.amount for entry, _ in own], values)
    if _is_reversal(layout.claims.fields.get("status"), values):
        values["status"] = REVERSAL
    if values.get("patient_responsibility") is None:
        of_lines = (entry for line in lines for entry in line.adjustments)
        values["patient_responsibility"] = _owed([*(entry for entry, _ in own), *of_lines])
    claim = RemittedClaim(
        lines=lines,
        adjustments=tuple(entry for entry, _ in own),
        **values,  # type: ignore[arg-type]
    )
    _require_same_claim(block, claim)
    residuals = [residual for one in finished for residual in one.residuals]
    residuals += _against_printed(claim, finished, allowed, adjusted, path)
    residuals += _against_columns(block, finished, layout, path)
    return claim, places, tuple(residuals)


def _sums(
    block: Block, lines: Sequence[ServiceLine], own: Iterable[Decimal], printed: Mapping[str, Value]
) -> dict[str, Value]:
    """The claim's charge and payment, where they are printed for its lines alone."""
    if {"charge", "paid"} <= printed.keys():
        return {}
    if not lines:
        raise UnreadableDocument(
            f"Page {block.page}: neither a claim nor lines of it say what it comes to; {REMEDY}."
        )
    sums: dict[str, Value] = {
        "charge": sum((line.charge for line in lines), ZERO),
        "paid": sum((line.paid for line in lines), ZERO) - sum(own, ZERO),
    }
    return {name: dollars for name, dollars in sums.items() if name not in printed}


def _is_reversal(status: EobField | None, values: Mapping[str, Value]) -> bool:
    """Whether only the claim's negative charge says what it is, its layout knowing one status."""
    charge = values.get("charge")
    unsaid = status is not None and status.constant is not None
    return unsaid and isinstance(charge, Decimal) and charge < ZERO


def _require_whole(block: Block, layout: EobLayout) -> None:
    if block.below is not None or (layout.claims.ends and not block.ended):
        raise UnreadableDocument(
            f"Page {block.page}: a claim that begins there is not whole; {REMEDY}."
        )


def _require_same_claim(block: Block, claim: RemittedClaim) -> None:
    for span in block.continued:
        if span.text not in (claim.claim_id, claim.payer_claim_number):
            raise UnreadableDocument(
                f"Page {span.page}: a claim goes on there under another number; {REMEDY}."
            )


def _owed(adjustments: Iterable[Adjustment]) -> Decimal:
    return sum((one.amount for one in adjustments if one.group == "PR"), ZERO)


def _claim_values(block: Block, layout: EobLayout) -> tuple[dict[str, Value], Places]:
    labels = labels_of(layout.claim_labels)
    values: dict[str, Value] = {}
    places: Places = {}
    for name, described in layout.claims.fields.items():
        if described.constant is not None:
            values[name] = described.constant
            continue
        if described.column in layout.own_headings:
            spans: Iterable[Span] = (
                *block.cells.get(described.column or "", ()),
                *_in_totals(described.column or "", block),
            )
        elif described.column is not None:
            spans = _in_totals(described.column, block)
        elif described.placed:
            spans = find(described, block.described, labels)
        else:
            spans = find(described, [*block.described, *block.headed], labels)
        span = the_one(name, described, spans, block.page)
        values[name] = convert(name, described, span) if span else None
        if span:
            places[name] = Placed(span, _said(described, name))
    return values, places


def _said(described: EobField, name: str) -> str:
    return spelled(described.label or described.beneath or described.column or name)


def _in_totals(heading: str, block: Block) -> Iterator[Span]:
    """The cells of the claim's totals rows under ``heading``."""
    for row, cells in block.totals:
        if words := cells.get(heading):
            yield span_of(words, row.page)


def _finish_line(line: Line, layout: EobLayout, codes: Codes, path: str) -> _Finished:
    values: dict[str, Value] = dict.fromkeys(("service_date", "units", "allowed"))
    places: Places = {}
    for name, described in layout.lines.fields.items():
        if described.constant is not None:
            values[name] = described.constant
            continue
        span = the_one(name, described, _stated(line, described, layout), line.page)
        values[name] = convert(name, described, span) if span else None
        if span:
            places[f"{path}.{name}"] = Placed(span, _said(described, name))
    fixed = list(under_fixed(line, layout.lines.adjustments))
    adjustments = [
        *((one, place) for _, one, place in fixed),
        *in_cells(line.adjusted, layout, codes),
        *(adjustment(found, codes) for found in line.adjustments),
    ]
    for number, (_, place) in enumerate(adjustments):
        places[f"{path}.adjustments[{number}].amount"] = place
    remarks = list(cast(tuple[str, ...], values.pop("remarks", None) or ()))
    for span in line.remarks:
        remarks += cast(tuple[str, ...], convert("remarks", CODES, span))
        places.setdefault(f"{path}.remarks", Placed(span, "remarks"))
    responsibility = cast(Decimal | None, values.pop("patient_responsibility", None))
    values["modifiers"] = values.get("modifiers") or ()
    made = ServiceLine(
        adjustments=tuple(one for one, _ in adjustments),
        remarks=tuple(remarks),
        **values,  # type: ignore[arg-type]
    )
    residuals = []
    owed = _owed(made.adjustments)
    if responsibility is not None and owed != responsibility:
        equation = "line: sum of PR adjustments = patient responsibility"
        residuals.append(Residual(equation, path, owed - responsibility))
    return _Finished(
        made, places, tuple(residuals), {heading: one.amount for heading, one, _ in fixed}
    )


def _stated(line: Line, described: EobField, layout: EobLayout) -> Iterator[Span]:
    """Every place where the line says the value of a field."""
    if described.column is None:
        yield from find(described, line.rows, labels_of(layout.line_labels))
    elif held := line.cells.get(described.column):
        page = held[0][0]
        whole = span_of([word for _, word in held], page)
        yield replace(whole, box=around([word for at, word in held if at == page]))


def _against_printed(
    claim: RemittedClaim, lines: Iterable[_Finished], allowed: Value, adjusted: Value, path: str
) -> Iterator[Residual]:
    """The claim's printed totals of allowed amounts and of adjustments against their sums."""
    apart = sum((dollars for one in lines for dollars in one.fixed.values()), ZERO)
    sums: Mapping[str, tuple[Value, Decimal]] = {
        "claim: sum of line allowed amounts = printed total": (
            allowed,
            sum((line.allowed or ZERO for line in claim.lines), ZERO),
        ),
        "claim: sum of all adjustments = printed total": (
            adjusted,
            sum((one.amount for one in claim.all_adjustments), ZERO) - apart,
        ),
    }
    for equation, (printed, total) in sums.items():
        if isinstance(printed, Decimal) and total != printed:
            yield Residual(equation, path, total - printed)


def _against_columns(
    block: Block, lines: Iterable[_Finished], layout: EobLayout, path: str
) -> Iterator[Residual]:
    """The printed totals of columns that stand for one code each against their sums."""
    for heading, code in layout.lines.adjustments.fixed.items():
        total = sum((one.fixed.get(heading, ZERO) for one in lines), ZERO)
        for span in _in_totals(heading, block):
            printed = cast(Decimal, convert("total", MONEY, span))
            if printed != total:
                yield Residual(f"claim: sum of {code} = printed total", path, total - printed)
