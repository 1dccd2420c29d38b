"""The rows of claims become the ``claims`` of a layout: how a claim begins, and its fields."""

from __future__ import annotations

import re
from typing import Any

from billing.errors import UnreadableDocument
from bots.reading.drafting.claim_totals import add_totals
from bots.reading.drafting.columns import (
    IDENTIFIERS,
    MONEY,
    DraftedLines,
    adjustment_pattern,
    escaped_text,
)
from bots.reading.drafting.labels import DraftedLabels, draft_labels, texts_by_label
from bots.reading.drafting.roles import Outline, Told, of_claims
from bots.reading.drafting.summaries import FIGURE
from bots.reading.drafting.vocabulary import status_of
from bots.reading.rows import REMEDY


def claims_yaml(found: Outline, lines: DraftedLines) -> tuple[dict[str, Any], DraftedLabels]:
    """The ``claims`` of eob.yaml.

    Raises UnreadableDocument when the document does not say what every claim needs.
    """
    rows = found.of("claim")
    texts = texts_by_label(rows)
    labels = draft_labels(texts, "claim", (*IDENTIFIERS, *MONEY))
    for name in ("claim_id", "payer_claim_number"):
        if name not in {*labels.fields, *lines.claim}:
            raise UnreadableDocument(
                f"No label is known by which the {name.replace('_', ' ')} of a claim stands; "
                f"{REMEDY}."
            )
    if rows:
        key, starts, first = _bounds(found, rows)
    else:
        key, starts, first = "begins_with", "payer_claim_number", []
    numbers = texts.get(labels.fields.get("payer_claim_number", ""), first)
    if len(numbers) != len(first):
        raise UnreadableDocument(
            "It cannot be told where one claim ends and the next begins, because they do not "
            f"begin alike; {REMEDY}."
        )
    fields: dict[str, Any] = {}
    for name in (*IDENTIFIERS, *MONEY):
        if name in labels.fields:
            fields[name] = labels.place(name)
            if len([t for t in texts[labels.fields[name]] if t]) < len(first):
                fields[name]["when_missing"] = "none"
        elif name in lines.claim:
            fields[name] = {"column": lines.headings[lines.claim[name]]}
            if name == "member_id":
                fields[name]["when_missing"] = "none"
        if name in fields and name in MONEY:
            fields[name]["into"] = "money"
    if "status" in fields:
        said = dict.fromkeys(
            texts[labels.fields["status"]]
            if "status" in labels.fields
            else lines.values[lines.claim["status"]]
        )
        fields["status"]["values"] = {text: status_of(text) for text in said if text}
    made: dict[str, Any] = {key: starts, "fields": fields}
    if labels.others:
        made["other_labels"] = labels.others
    finish_claims(made, found, lines)
    return made, labels


def finish_claims(made: dict[str, Any], found: Outline, lines: DraftedLines) -> None:
    """Adds the claims' totals and their own adjustments to what eob.yaml says of them."""
    add_totals(made, found, lines)
    if asides := found.of("aside"):
        words = asides[0].row.text.split()
        shape = (FIGURE if re.search(r"\d", word) else escaped_text(word) for word in words)
        made["ignore"] = [" ".join(shape)]
    if adjusted := found.of("claim_adjustment"):
        made["adjustments"] = adjustment_pattern(
            [told.row.text for told in adjusted],
            [told.prefix for told in adjusted],
            [told.infix for told in adjusted],
        )


def _bounds(found: Outline, rows: list[Told]) -> tuple[str, str, list[Told]]:
    """``starts`` or, where lines stand before their claim's head, ``ends``; its pattern, and the
    rows that it matches."""
    claims_rows = [told for told in found.rows if of_claims(told)]
    if claims_rows[0].kind != "claim":
        last = next(
            one
            for one, after in zip(claims_rows, [*claims_rows[1:], None], strict=True)
            if one.kind == "claim" and (after is None or after.kind != "claim")
        )
        return "ends", *_bound(found, rows, last)
    return "starts", *_bound(found, rows, rows[0])


def _bound(found: Outline, rows: list[Told], one: Told) -> tuple[str, list[Told]]:
    """The pattern of exactly the rows that begin with the label that ``one`` begins with."""
    label = one.pairs[0].label
    bounds = [told for told in rows if told.pairs and told.pairs[0].label == label]
    wanted = {id(told) for told in bounds}
    printed = escaped_text(label) + (":" if one.row.text.startswith(f"{label}:") else "")
    patterns = [printed, f"{printed} (?=\\S*\\d)"]
    if len(one.pairs) > 1:
        patterns.append(f"{printed} .*{escaped_text(one.pairs[1].label)}")
    for pattern in patterns:
        if {id(told) for told in found.rows if re.match(pattern, told.row.text)} == wanted:
            return pattern, bounds
    raise UnreadableDocument(
        f"Rows that begin with {label!r} bound claims, and others do not; {REMEDY}."
    )
