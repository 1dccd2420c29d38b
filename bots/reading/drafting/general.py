"""A remittance without a layout is read by a draft of one, as a proposal for a person."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

from billing.balance import PAYMENT, Residual, document_totals
from billing.errors import UnreadableDocument
from billing.model import Remittance
from billing.money import money
from bots.reading.drafting.columns import adjustment_pattern
from bots.reading.drafting.draft import Draft, draft_layout
from bots.reading.eob import Reading, read_by
from bots.reading.kinds import is_surely_other, other_kind
from bots.reading.rows import REMEDY, rows_of
from bots.reading.words import Page

DRAFTED = "drafted"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A reading by a drafted layout, and how sure it is in percent; never posted by itself."""

    reading: Reading
    draft: Draft
    confidence: int


def propose(pages: Sequence[Page], sha256: str) -> Proposal:
    """The remittance of ``pages`` read by a layout that is drafted from it.

    Raises UnreadableDocument, one sentence with fact and remedy, when it is no remittance, when
    no layout can be drafted, and when the draft leaves a row unexplained. What balances is one
    though it has words that other kinds of document have, unless these are no remittance's.
    """
    text = " ".join(row.text for row in rows_of(pages[0])) if pages else ""
    kind = other_kind(text)
    other = UnreadableDocument(
        f"Page 1: no payer's eob.yaml recognises this document, which looks like no remittance "
        f"but {kind}; {REMEDY}."
    )
    if kind and is_surely_other(text):
        raise other
    try:
        proposal = propose_by(draft_layout(pages), pages, sha256)
    except UnreadableDocument:
        if kind:
            raise other from None
        raise
    if kind and not proposal.reading.balanced:
        raise other
    return proposal


def propose_by(draft: Draft, pages: Sequence[Page], sha256: str) -> Proposal:
    """The remittance of ``pages`` read by its draft, whose printed totals get their names.

    Raises UnreadableDocument.
    """
    reading = _read(pages, draft, sha256)
    if not reading.balanced and draft.yaml["lines"]["adjustments"].get("fixed"):
        reading = _read_informing(pages, draft, sha256) or reading
    if "provider_adjustments" in draft.yaml and any(map(_is_payments, reading.residuals)):
        draft.yaml["provider_adjustments"]["positive"] = "adds"
        other = _read(pages, draft, sha256)
        if any(map(_is_payments, other.residuals)):
            del draft.yaml["provider_adjustments"]["positive"]
        else:
            reading = other
    if draft.totals and len(next(iter(draft.totals.values())).texts) == len(reading.remittances):
        _name_totals(draft, reading.remittances)
        reading = _read(pages, draft, sha256)
    return Proposal(reading, draft, _confidence(draft, reading))


def _read(pages: Sequence[Page], draft: Draft, sha256: str) -> Reading:
    return read_by(pages, DRAFTED, draft.layout, sha256)


def _read_informing(pages: Sequence[Page], draft: Draft, sha256: str) -> Reading | None:
    """Read anew, as if columns such as "Copay" only repeat what adjustments say with their codes.

    The draft says so from then on, if no line or claim is off then; else None.
    """
    lines = draft.yaml["lines"]
    changed = copy.deepcopy(lines)
    fixed = list(changed["adjustments"].pop("fixed"))
    may_be_owed = len(fixed) == 1 and "patient_responsibility" not in changed["fields"]
    for is_owed in (True, False) if may_be_owed else (False,):
        tried = copy.deepcopy(changed)
        tried["adjustments"].setdefault("pattern", adjustment_pattern((), ()))
        if is_owed:
            tried["fields"]["patient_responsibility"] = {"column": fixed[0], "into": "money"}
        else:
            tried["other_columns"] = [*tried.get("other_columns", ()), *fixed]
        draft.yaml["lines"] = tried
        try:
            reading = _read(pages, draft, sha256)
        except UnreadableDocument:
            continue
        if not any(one.where.startswith("claims") for found in reading.residuals for one in found):
            return reading
    draft.yaml["lines"] = lines
    return None


def _name_totals(draft: Draft, read: Sequence[Remittance]) -> None:
    """Each printed total becomes the one among its candidates that it equals.

    Where it equals none it stays what it most surely means, and does not close. Raises
    UnreadableDocument when a figure after the claims means nothing known.
    """
    sums = [document_totals(one) for one in read]
    fields: dict[str, dict[str, str]] = {}
    others: list[str] = draft.yaml["payment"]["other_labels"]
    for label, total in draft.totals.items():
        try:
            printed = [{money(text) for text in texts} for texts in total.texts]
        except ValueError:
            raise UnreadableDocument(
                f"What stands beside {label!r} is not always a figure; {REMEDY}."
            ) from None
        equal = [
            name
            for name in total.candidates or sums[0]
            if all(said <= {one[name]} for said, one in zip(printed, sums, strict=True))
        ]
        in_table = "pattern" in total.place
        if not equal and (in_table or not (total.candidates or any(map(any, printed)))):
            continue
        free = [name for name in (equal or total.candidates) if name not in fields]
        if free:
            into = "integer" if free[0] == "claim_count" else "money"
            fields[free[0]] = {**total.place, "into": into}
            if label in others:
                others.remove(label)
        elif not equal:
            raise UnreadableDocument(
                f"The figure beside {label!r} is none of the document's sums; {REMEDY}."
            )
    draft.yaml["totals"] = {"fields": fields}


def _is_payments(found: Sequence[Residual]) -> bool:
    """Whether a payment does not close, though each of its claims does."""
    return any(one.equation == PAYMENT for one in found)


def _confidence(draft: Draft, reading: Reading) -> int:
    """Percent: the least sure field of the draft and the least sure word of the reading."""
    fields = min(draft.sure.values(), default=0)
    words = min((min(one.values(), default=100) for one in reading.confidence), default=0)
    return min(fields, words) if reading.balanced else 0
