"""The rows of claims become the ``claims`` of a layout: how a claim begins, and its fields."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from billing.errors import UnreadableDocument
from bots.reading.drafting.columns import MONEY, DraftedLines, adjustment_pattern, escaped_text
from bots.reading.drafting.labels import DraftedLabels, draft_labels, texts_by_label
from bots.reading.drafting.phrases import is_money
from bots.reading.drafting.roles import Outline, Told, of_claims
from bots.reading.drafting.vocabulary import meanings, status_of
from bots.reading.rows import REMEDY

IDENTIFIERS = ("claim_id", "payer_claim_number", "member_id", "status")


def claims_yaml(found: Outline, lines: DraftedLines) -> tuple[dict[str, Any], DraftedLabels]:
    """The ``claims`` of eob.yaml.

    Raises UnreadableDocument when the document does not say what every claim needs.
    """
    rows = found.of("claim")
    texts = texts_by_label(rows)
    labels = draft_labels(texts, "claim", (*IDENTIFIERS, *MONEY))
    for name in ("claim_id", "payer_claim_number"):
        if name not in labels.fields:
            raise UnreadableDocument(
                f"No label is known by which the {name.replace('_', ' ')} of a claim stands; "
                f"{REMEDY}."
            )
    key, starts, first = _bounds(found, rows)
    if len(texts[labels.fields["payer_claim_number"]]) != len(first):
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
            if name in MONEY:
                fields[name]["into"] = "money"
    if "status" in fields:
        said = dict.fromkeys(texts[labels.fields["status"]])
        fields["status"]["values"] = {text: status_of(text) for text in said if text}
    made: dict[str, Any] = {key: starts, "fields": fields}
    if labels.others:
        made["other_labels"] = labels.others
    if totals := found.of("claim_total"):
        fields |= _totals(totals, lines, fields)
        made["totals"] = "|".join(sorted({_prefix(told.prefix.split()) for told in totals}))
    if adjusted := found.of("claim_adjustment"):
        texts_of = [told.row.text for told in adjusted]
        made["adjustments"] = adjustment_pattern(
            texts_of, [told.prefix for told in adjusted], [told.infix for told in adjusted]
        )
    return made, labels


def _prefix(words: Iterable[str]) -> str:
    """A pattern of the words before a claim's totals, in which figures may stand."""
    return " ".join(r"\S+" if is_money(word) else escaped_text(word) for word in words)


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
    for column in lines.adjustments[-1:]:
        if all(str(column) in told.cells for told in totals):
            made["adjustments"] = {"column": lines.headings[column], "into": "money"}
    return made | _before_totals(totals, {*made, *fields})


def _before_totals(totals: list[Told], known: set[str]) -> dict[str, Any]:
    """Figures that stand beside a label before the totals: ``PT RESP 12.15 CLAIM TOTALS 27.00``."""
    words = totals[0].prefix.split()
    made = {}
    start = 0
    for at, word in enumerate(words):
        if is_money(word):
            named = meanings(" ".join(words[start:at]), "claim")
            if named and named[0].field in MONEY and named[0].field not in known:
                before, after = _prefix(words[:at]), _prefix(words[at + 1 :])
                made[named[0].field] = {"pattern": rf"{before} (\S+) {after}", "into": "money"}
            start = at + 1
    return made


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
