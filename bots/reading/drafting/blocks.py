"""The rows of claims become the ``claims`` of a layout: how a claim begins, and its fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from billing.errors import UnreadableDocument
from bots.reading.drafting.claim_totals import add_totals
from bots.reading.drafting.codes_in_words import status_of
from bots.reading.drafting.columns import (
    IDENTIFIERS,
    MONEY,
    DraftedLines,
    adjustment_pattern,
)
from bots.reading.drafting.kinds_of_value import fits
from bots.reading.drafting.labels import DraftedLabels, Texts, draft_labels, texts_by_label
from bots.reading.drafting.phrases import escaped_text
from bots.reading.drafting.summaries import FIGURE
from bots.reading.drafting.told import Outline, Told, of_claims
from bots.reading.drafting.vocabulary import is_name, meanings
from bots.reading.rows import REMEDY

# Percent, of what stands beside another field's label.
JOINED = 80


def claims_yaml(found: Outline, lines: DraftedLines) -> tuple[dict[str, Any], DraftedLabels]:
    """The ``claims`` of eob.yaml.

    Raises UnreadableDocument when the document does not say what every claim needs.
    """
    rows = found.of("claim")
    texts = texts_by_label(rows)
    labels = draft_labels(texts, "claim", (*IDENTIFIERS, *MONEY))
    joined = _joined(texts, labels)
    for name in ("claim_id", "payer_claim_number"):
        if name not in {*labels.fields, *lines.claim, *joined}:
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
        elif name in joined:
            fields[name] = joined[name]
        if name in fields and name in MONEY:
            fields[name]["into"] = "money"
    if "status" in fields and "values" not in fields["status"]:
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


def _joined(texts: Mapping[str, Texts], labels: DraftedLabels) -> dict[str, Any]:
    """Fields that stand two beside one label: ``Account 73629110 Processed``, ``Patient Fennimore,
    Soraya G6396621124``."""
    fields: dict[str, Any] = {}
    for label in labels.others:
        held = [text for text in texts[label] if text]
        firsts, rests = ([text.partition(" ")[side] for text in held] for side in (0, 2))
        lasts = [text.rpartition(" ")[2] for text in held]
        named = next((m for m in meanings(label, "claim") if m.field in IDENTIFIERS), None)
        place = texts[label].place
        if named and "status" not in labels.fields and fits(named.field, firsts):
            if named.field not in labels.fields and all(map(status_of, rests)):
                fields[named.field] = {**place, "pattern": r"(\S+) .+"}
                values = {text: status_of(text) for text in dict.fromkeys(rests)}
                fields["status"] = {**place, "pattern": r"\S+ (.+)", "values": values}
                labels.sure |= {named.field: named.sure, "status": JOINED}
        elif is_name(label) and "member_id" not in labels.fields and fits("member_id", lasts):
            fields["member_id"] = {**place, "pattern": r".+ (\S+)"}
            labels.sure["member_id"] = JOINED
    return fields


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
