"""Where a remittance's claims end: titles of parts, provider-level adjustments and totals."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from billing.errors import UnreadableDocument
from bots.reading.drafting.codes_in_words import provider_reason_of, status_of
from bots.reading.drafting.naming import PROVIDER_CODES, bare
from bots.reading.drafting.phrases import escaped_text
from bots.reading.drafting.several import payments_of
from bots.reading.drafting.told import Outline, Told, of_claims
from bots.reading.rows import REMEDY

# Percent.
BY_TITLE, UNSAID = 85, 40
OTHER_STATUS = re.compile(
    r"(?i)revers|void|secondary|tertiary|denied|denial|reject|disallow|credit|pending"
)
HOLDS = {
    "provider_adjustment": "provider_adjustments",
    "total": "totals",
    "payment": "totals",
    "claim": "claims",
    "heading": "claims",
    "line": "claims",
    "note": "nothing",
}


def sections_yaml(found: Outline, claim: str | None) -> list[dict[str, Any]]:
    """The ``sections`` of eob.yaml; ``claim`` is the pattern of a claim's first row, if it has one.

    Raises UnreadableDocument where a part begins unseen.
    """
    made: dict[str, str] = {}
    for rows in payments_of(found):
        for pattern, holds in _sections([t for t in rows if t.kind != "furniture"], found):
            if made.setdefault(pattern, holds) != holds:
                raise UnreadableDocument(
                    f"A title opens different parts of the document; {REMEDY}."
                )
    first = next((n for n, told in enumerate(found.rows) if of_claims(told)), 0)
    header = [told for told in found.rows[:first] if told.kind == "payment"]
    if any(re.match(pattern, told.row.text) for told in header for pattern in made):
        if claim is None or "claims" in made.values():
            raise _not_understood(header[0])
        made[claim] = "claims"
    return [{"starts": starts, "holds": holds} for starts, holds in made.items()]


def say_statuses(yaml: dict[str, Any], found: Outline, sure: dict[str, int]) -> None:
    """Where no label says a claim's status: what the titles of the claims' parts say it is, or
    processed as primary where nothing in the document says otherwise.

    Raises UnreadableDocument where something does.
    """
    parts = [one for one in yaml.get("sections", ()) if one["holds"] == "claims"]
    for part in parts:
        part["status"] = status_of(part["starts"])
    if parts and all(part["status"] for part in parts):
        sure["claims.status"] = BY_TITLE
        return
    if parts or any(
        OTHER_STATUS.search(told.row.text) for told in found.rows if told.kind != "note"
    ):
        raise UnreadableDocument(f"It cannot be told what the status of each claim is; {REMEDY}.")
    yaml["claims"]["fields"]["status"] = {"constant": "1"}
    sure["claims.status"] = UNSAID


def _sections(rows: Sequence[Told], found: Outline) -> Iterator[tuple[str, str]]:
    """Each pattern of a row that opens a part of one payment, and what the part holds."""
    holds: str | None = None
    first = next((n for n, told in enumerate(rows) if of_claims(told)), 0)
    while first and rows[first - 1].kind in {"title", "heading"}:
        first -= 1
    for at, told in enumerate(rows[first:], start=first):
        now = HOLDS.get(told.kind, "claims" if of_claims(told) else None)
        if told.kind == "title":
            holds = _following(rows[at + 1 :]) or "nothing"
            yield _exactly(told, found), holds
        elif told.kind == "unknown":
            raise _not_understood(told)
        elif now == holds or (now == "claims" and (holds is None or told.kind == "heading")):
            holds = holds or now
        elif told.kind in {"total", "payment"} and told.pairs:
            holds = now
            yield _figure(told, found), "totals"
        elif told.kind == "note":
            holds = now
            yield _noted(told, found), "nothing"
        elif told.kind == "provider_adjustment":
            holds = now
            yield _reasoned(told, found), "provider_adjustments"
        else:
            raise _not_understood(told)


def _following(rows: Sequence[Told]) -> str | None:
    """What the part holds that a title opens: as the first row says that is no title."""
    told = next((one for one in rows if one.kind != "title"), None)
    if told is None:
        return None
    return HOLDS.get(told.kind, "claims" if of_claims(told) else None)


def _exactly(told: Told, found: Outline) -> str:
    pattern = f"{escaped_text(told.row.text)}$"
    alike = [one for one in found.rows if re.match(pattern, one.row.text)]
    if any(one.kind not in {"title", "furniture"} for one in alike):
        raise _not_understood(told)
    return pattern


def _noted(told: Told, found: Outline) -> str:
    """The pattern of notes that stand under no title: ``CO-45 means: ...``."""
    words = told.row.text.split()
    pattern = rf"\S+ {escaped_text(words[1])}" if len(words) > 2 else ""
    alike = [one for one in found.rows if re.match(pattern, one.row.text)]
    if not pattern or any(one.kind != "note" for one in alike):
        raise _not_understood(told)
    return pattern


def _reasoned(told: Told, found: Outline) -> str:
    """The pattern of provider-level adjustments that stand under no title, by their own words."""
    pattern = escaped_text(told.prefix)
    alike = [one for one in found.rows if re.match(rf"{pattern} ", one.row.text)]
    if any(one.kind != "provider_adjustment" for one in alike):
        raise _not_understood(told)
    return pattern


def _figure(told: Told, found: Outline) -> str:
    if told.pairs[0].beneath or told.pairs[0].pattern:
        pattern = f"{escaped_text(told.row.text)}$"
    else:
        pattern = rf"{escaped_text(told.pairs[0].label)}:? \S*\d"
    alike = [one for one in found.rows if re.match(pattern, one.row.text)]
    if any(one.kind not in {"total", "payment"} for one in alike):
        raise _not_understood(told)
    return pattern


def _not_understood(told: Told) -> UnreadableDocument:
    top = round(told.row.words[0].box[1])
    return UnreadableDocument(
        f"Page {told.row.page}: it cannot be told what the row {top} points from the top is; "
        f"{REMEDY}."
    )


def provider_yaml(found: Outline) -> dict[str, Any] | None:
    """The ``provider_adjustments`` of eob.yaml, None where there are none."""
    rows = found.of("provider_adjustment")
    if not rows:
        return None
    words = [told.prefix.split() for told in rows]
    codes = [[n for n, word in enumerate(one) if bare(word) in PROVIDER_CODES] for one in words]
    ending = r" (?P<reference>\S*\d\S*) (?P<amount>\S*\d\S*)"
    if all(len(at) == 1 for at in codes):
        before = {" ".join(one[: at[0]]) for one, at in zip(words, codes, strict=True)}
        after = {" ".join(one[at[0] + 1 :]) for one, at in zip(words, codes, strict=True)}
        marks = {
            one[at[0]].replace(bare(one[at[0]]), "|") for one, at in zip(words, codes, strict=True)
        }
        if len(after) > 1 or len(marks) > 1:
            raise _not_understood(rows[-1])
        first, last = (escaped_text(part) for part in marks.pop().split("|"))
        said = escaped_text(before.pop()) if len(before) == 1 else ".+"
        code = f"{first}(?P<reason>[A-Z0-9]{{2}}){last}"
        parts = [part for part in (said, code, escaped_text(after.pop())) if part]
        return {"pattern": " ".join(parts) + ending}
    reasons = {told.prefix: provider_reason_of(told.prefix) for told in rows}
    if any(codes) or not all(reasons.values()):
        raise _not_understood(rows[-1])
    return {"pattern": f"(?P<reason>.+){ending}", "reasons": reasons}


def explain_marks(yaml: dict[str, Any]) -> None:
    """The notes of ``yaml`` become the legend of the marks at the lines' amounts."""
    for section in yaml.get("sections", ()):
        if section["holds"] == "nothing":
            section["holds"] = "legend"
    code = r"(?P<group>CO|PR|OA|PI)[- ](?P<reason>[A-Z]?\d{1,3})\b.*"
    yaml["legend"] = {
        "pattern": rf"\((?P<mark>\w{{1,2}})\) {code}",
        "ignore": [r"(?!\(\w{1,2}\) ).+"],
    }
