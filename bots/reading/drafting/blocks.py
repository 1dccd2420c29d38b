"""The rows of claims become the ``claims`` of a layout: how a claim begins, and its fields."""

from __future__ import annotations

import re
from typing import Any

from billing.errors import UnreadableDocument
from bots.reading.drafting.columns import MONEY, DraftedLines, adjustment_pattern, escaped_text
from bots.reading.drafting.labels import DraftedLabels, draft_labels, texts_by_label
from bots.reading.drafting.roles import Outline, Told
from bots.reading.drafting.vocabulary import status_of
from bots.reading.rows import REMEDY

IDENTIFIERS = ("claim_id", "payer_claim_number", "member_id", "status")


def claims_yaml(found: Outline, lines: DraftedLines) -> tuple[dict[str, Any], DraftedLabels]:
    """The ``claims`` of eob.yaml.

    Raises UnreadableDocument when the document does not say what every claim needs.
    """
    rows = found.of("claim")
    texts = texts_by_label(rows)
    labels = draft_labels(texts, "claim", (*IDENTIFIERS, *MONEY))
    for name in ("claim_id", "payer_claim_number", "status"):
        if name not in labels.fields:
            raise UnreadableDocument(
                f"No label is known by which the {name.replace('_', ' ')} of a claim stands; "
                f"{REMEDY}."
            )
    starts, first = _starts(found, rows)
    if len(texts[labels.fields["payer_claim_number"]]) != len(first):
        raise UnreadableDocument(
            "It cannot be told where one claim ends and the next begins, because they do not "
            f"begin alike; {REMEDY}."
        )
    fields: dict[str, Any] = {}
    for name in (*IDENTIFIERS, *MONEY):
        if name in labels.fields:
            fields[name] = {"label": labels.fields[name]}
            if len([t for t in texts[labels.fields[name]] if t]) < len(first):
                fields[name]["when_missing"] = "none"
            if name in MONEY:
                fields[name]["into"] = "money"
    said = dict.fromkeys(texts[labels.fields["status"]])
    fields["status"]["values"] = {text: status_of(text) for text in said if text}
    made: dict[str, Any] = {"starts": starts, "fields": fields}
    if labels.others:
        made["other_labels"] = labels.others
    if totals := found.of("claim_total"):
        fields |= _totals(totals, lines, fields)
        made["totals"] = _prefixes(sorted({told.prefix for told in totals}))
    if adjusted := found.of("claim_adjustment"):
        texts_of = [told.row.text for told in adjusted]
        made["adjustments"] = adjustment_pattern(texts_of, [told.prefix for told in adjusted])
    return made, labels


def _prefixes(texts: list[str]) -> str:
    return "|".join(escaped_text(text) for text in texts)


def _totals(totals: list[Told], lines: DraftedLines, fields: dict[str, Any]) -> dict[str, Any]:
    """The claim's figures that stand under the lines' columns in its row of totals."""
    made = {}
    for name in MONEY:
        if name not in lines.fields or name in fields:
            continue
        filled = sum(str(lines.fields[name]) in told.cells for told in totals)
        if filled:
            made[name] = {"column": lines.headings[lines.fields[name]], "into": "money"}
        if filled and filled < len(totals):
            made[name]["when_missing"] = "none"
    return made


def _starts(found: Outline, rows: list[Told]) -> tuple[str, list[Told]]:
    """The pattern of exactly the rows that begin a claim, and these rows."""
    label = rows[0].pairs[0].label
    first = [told for told in rows if told.pairs[0].label == label]
    wanted = {id(told) for told in first}
    printed = escaped_text(label) + (":" if rows[0].row.text.startswith(f"{label}:") else "")
    patterns = [printed, f"{printed} (?=\\S*\\d)"]
    if len(rows[0].pairs) > 1:
        patterns.append(f"{printed} .*{escaped_text(rows[0].pairs[1].label)}")
    for pattern in patterns:
        if {id(told) for told in found.rows if re.match(pattern, told.row.text)} == wanted:
            return pattern, first
    raise UnreadableDocument(
        f"Rows that begin with {label!r} begin claims, and others do not; {REMEDY}."
    )
