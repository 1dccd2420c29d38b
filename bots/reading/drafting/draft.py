"""A document's outline becomes a draft of its issuer's eob.yaml, as sure as each field is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from billing.errors import UnreadableDocument
from bots.layout import EobLayout
from bots.reading.drafting.blocks import claims_yaml
from bots.reading.drafting.codes_in_words import method_of
from bots.reading.drafting.columns import (
    DraftedLines,
    dated,
    draft_lines,
    lines_yaml,
)
from bots.reading.drafting.issuer import NPI, furniture, names, page_number, payee_pattern
from bots.reading.drafting.kinds_of_value import fits
from bots.reading.drafting.labels import DraftedLabels, draft_labels, texts_by_label
from bots.reading.drafting.phrases import escaped_text, is_money
from bots.reading.drafting.roles import outline
from bots.reading.drafting.running_lines import running_yaml
from bots.reading.drafting.sections import (
    UNSAID,
    explain_marks,
    provider_yaml,
    say_statuses,
    sections_yaml,
)
from bots.reading.drafting.several import payments_of
from bots.reading.drafting.told import Outline, Told, of_claims
from bots.reading.drafting.vocabulary import meanings
from bots.reading.rows import REMEDY, Row, rows_of
from bots.reading.words import Page, Word

TWO = 2
PAYMENT = ("trace_number", "payment_date", "method", "amount", "payee")


@dataclass(frozen=True, slots=True)
class PrintedTotal:
    """Figures at a label, payment by payment, and the totals that they may be."""

    texts: tuple[frozenset[str], ...]
    candidates: tuple[str, ...]
    place: Mapping[str, str]


@dataclass(slots=True)
class Draft:
    """A layout as eob.yaml says it, percent by field, and printed totals yet without a field.

    ``totals`` are labels in the order of the document, with the texts beside each and the totals
    that it may be.
    """

    yaml: dict[str, Any]
    outline: Outline
    sure: dict[str, int] = field(default_factory=dict)
    totals: dict[str, PrintedTotal] = field(default_factory=dict)

    @property
    def headings(self) -> dict[str, tuple[Word, ...]]:
        """The words of each column's heading, in every table, by what stands under it."""
        fields = {one.get("column"): n for n, one in self.yaml["lines"]["fields"].items()}
        return {
            f"{fields.get(one.printed, one.printed)} column {number}": one.words
            for number, table in enumerate(self.outline.tables, start=1)
            for one in table.headings
        }

    @property
    def layout(self) -> EobLayout:
        """The draft as the strict reader takes it.

        Raises UnreadableDocument when the document does not say all that a layout must.
        """
        try:
            return EobLayout.model_validate(self.yaml)
        except ValidationError as error:
            why = "; ".join(one["msg"].removeprefix("Value error, ") for one in error.errors())
            raise UnreadableDocument(
                f"No layout can be drafted from this document: {why}; {REMEDY}."
            ) from None


def draft_layout(pages: Sequence[Page]) -> Draft:
    """A layout for the document of these pages, set in one column or in two.

    Raises UnreadableDocument, one sentence with fact and remedy, when the document has no lines,
    or does not say what a remittance must.
    """
    try:
        return _draft([tuple(rows_of(page)) for page in pages])
    except UnreadableDocument:
        two = [tuple(rows_of(page, TWO)) for page in pages]
        with suppress(UnreadableDocument):
            draft = _draft(two)
            draft.yaml = {"recognise": draft.yaml["recognise"], "page_columns": TWO} | draft.yaml
            return draft
        raise


def _draft(pages: Sequence[Sequence[Row]]) -> Draft:
    if not pages or not pages[0]:
        raise UnreadableDocument(f"Page 1 has no words, so nothing says whose it is; {REMEDY}.")
    found = outline(pages)
    if not found.of("line", "running_line") or not (found.tables or found.of("claim")):
        raise UnreadableDocument(
            "Page 1: no payer's eob.yaml recognises this document, and no table of claims' lines "
            f"is found in it; {REMEDY}."
        )
    if len({table.texts for table in found.tables}) > 1:
        raise UnreadableDocument(
            f"The document has tables of lines with different headings; {REMEDY}."
        )
    lines, described = _lines(found)
    claims, claim_labels = claims_yaml(found, lines)
    payment, payment_labels, totals = _payment(found)
    issuer, title = names([t.row for t in found.rows if t.row.page == 1 and t.kind != "heading"])
    payment["fields"]["payer"] = {"constant": issuer}
    recognise = [issuer, title or next(iter(payment_labels.fields.values()))]
    yaml: dict[str, Any] = {"recognise": recognise}
    if number := page_number(pages):
        yaml["page_number"] = number
    if patterns := furniture(found):
        yaml["furniture"] = patterns
    yaml["payment"] = payment
    if sections := sections_yaml(found, claims.get("starts")):
        yaml["sections"] = sections
    yaml |= {"claims": claims, "lines": described}
    if "(?P<mark>" in yaml["lines"]["adjustments"].get("pattern", ""):
        explain_marks(yaml)
    if provider := provider_yaml(found):
        yaml["provider_adjustments"] = provider
    sure = _sure(payment_labels, claim_labels, lines)
    if "status" not in claims["fields"]:
        say_statuses(yaml, found, sure)
    return Draft(yaml, found, sure, totals)


def _lines(found: Outline) -> tuple[DraftedLines, dict[str, Any]]:
    """The fields of a line, and the ``lines`` of eob.yaml."""
    if not found.tables:
        described, sure = running_yaml(found)
        return DraftedLines({}, sure=sure), described
    lines = draft_lines(found)
    for name in ("procedure", "charge", "paid"):
        if name not in lines.fields:
            raise UnreadableDocument(f"No column holds the {name} of a line; {REMEDY}.")
    return lines, lines_yaml(lines, found)


def _sure(payment: DraftedLabels, claims: DraftedLabels, lines: DraftedLines) -> dict[str, int]:
    parts = {"payment": payment.sure, "claims": dict(claims.sure), "lines": dict(lines.sure)}
    for name in lines.claim:
        parts["claims"][name] = parts["lines"].pop(name)
    return {f"{part}.{name}": sure for part, found in parts.items() for name, sure in found.items()}


def _payment(found: Outline) -> tuple[dict[str, Any], DraftedLabels, dict[str, PrintedTotal]]:
    """The ``payment`` of eob.yaml, its labels, and the printed totals still without a name."""
    payments = payments_of(found)
    parts = [_around_claims(rows) for rows in payments]
    header = texts_by_label(told for before, _ in parts for told in before)
    ending = texts_by_label(told for _, after in parts for told in after)
    texts = header | {label: [*header.get(label, []), *texts] for label, texts in ending.items()}
    labels = draft_labels(header, "payment", PAYMENT)
    if missing := [name for name in PAYMENT if name not in labels.fields]:
        later = draft_labels(ending, "payment", missing)
        labels.fields |= later.fields
        labels.sure |= later.sure
        labels.places |= later.places
    fields: dict[str, Any] = {name: labels.place(name) for name in PAYMENT if name in labels.fields}
    if "payee" not in fields and (pattern := payee_pattern(found)):
        fields["payee"], labels.sure["payee"] = {"pattern": pattern}, 80
    if "payee" not in fields:
        fields["payee"], labels.sure["payee"] = {"constant": ""}, UNSAID
    for name in PAYMENT:
        if name not in fields and name != "method":
            raise UnreadableDocument(
                f"No label is known by which the payment's {name.replace('_', ' ')} stands; "
                f"{REMEDY}."
            )
        said = texts.get(labels.fields.get(name, ""), [])
        if name == "payment_date":
            fields[name] |= dated(said)
        elif name == "method" and name in fields:
            fields[name]["values"] = {text: method_of(text) for text in dict.fromkeys(said)}
        elif name == "amount":
            fields[name]["into"] = "money"
        elif name == "payee" and any(NPI.search(text) for text in said):
            fields[name]["pattern"] = rf"(.+?){NPI.pattern}"
    totals = _totals(parts, labels, set(ending))
    payment: dict[str, Any] = {"fields": fields}
    if len(payments) > 1:
        payment = {"starts": _opens(found, labels.fields["trace_number"])} | payment
    named = {pair.label for told in found.rows for pair in told.pairs if not pair.pattern}
    others = [one for one in texts if one in named and one not in labels.fields.values()]
    payment["other_labels"] = others
    return payment, labels, totals


def _opens(found: Outline, label: str) -> str:
    """The pattern of the row that opens a payment, with its trace number."""
    told = next(t for t in found.rows for pair in t.pairs if pair.label == label)
    if told.pairs[0].label != label:
        raise UnreadableDocument(
            f"Several payments are in the document, and {label!r} does not begin the row that "
            f"opens one; {REMEDY}."
        )
    return rf"{escaped_text(label)}:? (\S+)"


def _around_claims(rows: Sequence[Told]) -> tuple[list[Told], list[Told]]:
    """A payment's labelled rows before its claims (and in the furniture), and those after them."""
    first = next((n for n, told in enumerate(rows) if of_claims(told)), len(rows))
    before = [t for t in rows[:first] if t.kind in {"payment", "total", "title", "unknown"}]
    before += [t for t in rows if t.kind == "furniture"]
    after = [t for t in rows[first:] if t.kind in {"payment", "total"}]
    return before, after


def _totals(
    parts: Sequence[tuple[Sequence[Told], Sequence[Told]]], labels: DraftedLabels, ending: set[str]
) -> dict[str, PrintedTotal]:
    """Labels of printed totals; every figure after the claims must be one."""
    found: dict[str, PrintedTotal] = {}
    by_payment = [texts_by_label([*before, *after]) for before, after in parts]
    for label in dict.fromkeys(label for texts in by_payment for label in texts):
        if label in labels.fields.values():
            continue
        said = [text for texts in by_payment for text in texts.get(label, ()) if text]
        candidates = [m.field for m in meanings(label, "totals") if fits(m.field, said)]
        place = next(texts[label].place for texts in by_payment if label in texts)
        alone = label in ending and "pattern" not in place
        if candidates or (alone and any(is_money(text) for text in said)):
            held = tuple(frozenset(filter(None, texts.get(label, ()))) for texts in by_payment)
            found[label] = PrintedTotal(held, tuple(candidates), place)
    return found
