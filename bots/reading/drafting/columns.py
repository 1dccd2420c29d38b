"""Headings become the fields of a service line, by what they say and what stands under them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bots.reading.drafting.kinds_of_value import date_format, fits, period_format
from bots.reading.drafting.phrases import ADJUSTMENT, CODE, MARKED, PROCEDURE_PATTERN, escaped_text
from bots.reading.drafting.told import Outline, Told
from bots.reading.drafting.vocabulary import meanings

REQUIRED = ("procedure", "charge", "paid")
INTO = {"units": "integer", "modifiers": "codes", "remarks": "codes"}
IDENTIFIERS = ("claim_id", "payer_claim_number", "member_id", "status")
MONEY = ("charge", "allowed", "paid", "patient_responsibility")
# What a column can only hold, whatever its heading; percent.
BY_KIND: Mapping[str, tuple[int, Callable[[str], object]]] = {
    "adjustments": (82, lambda text: ADJUSTMENT.fullmatch(text) or MARKED.fullmatch(text)),
    "procedure": (60, re.compile(r"[A-Z]\d{4}").match),
    "service_date": (60, lambda text: re.search(r"\D", text) and period_format([text])),
}
# Percent, where amounts stand under a heading that means nothing known.
UNKNOWN_AMOUNTS = 50
LEFT_OPEN = {"modifiers", "remarks", "units", "service_date", "allowed", "patient_responsibility"}


@dataclass(slots=True)
class DraftedLines:
    """Which field stands under which heading, how surely, and what is left over.

    ``claim`` are those of a claim, where one table holds all claims.
    """

    headings: Mapping[int, str]
    claim: dict[str, int] = field(default_factory=dict)
    fields: dict[str, int] = field(default_factory=dict)
    sure: dict[str, int] = field(default_factory=dict)
    fixed: dict[int, str] = field(default_factory=dict)
    adjustments: list[int] = field(default_factory=list)
    others: list[int] = field(default_factory=list)
    values: dict[int, list[str]] = field(default_factory=dict)


def draft_lines(found: Outline) -> DraftedLines:
    """The fields of the document's table of lines."""
    table = found.tables[0]
    lines = found.of("line")
    drafted = DraftedLines(dict(enumerate(table.texts)))
    drafted.values = values = _values(lines, len(table.texts))
    choices = [
        (meaning.sure, -number, meaning.field, number)
        for number, heading in drafted.headings.items()
        for meaning in meanings(heading, "line")
        if not values[number] or fits(meaning.field, values[number])
    ]
    choices += [
        (sure, -number, name, number)
        for number, texts in values.items()
        for name, (sure, is_kind) in BY_KIND.items()
        if texts and all(map(is_kind, texts))
    ]
    for name, number, sure in _claim_columns(drafted.headings, found):
        drafted.claim.setdefault(name, number)
        drafted.sure.setdefault(name, sure)
    taken = set(drafted.claim.values())
    for sure, _, name, number in sorted(choices, reverse=True):
        if number in taken:
            continue
        if CODE.match(name):
            drafted.fixed[number] = name
        elif name == "adjustments":
            held = _adjustment_columns(number, values, found)
            if not held or drafted.adjustments:
                continue
            drafted.adjustments = held
            taken |= set(held)
        elif name in drafted.fields:
            continue
        else:
            drafted.fields[name] = number
        drafted.sure[name] = sure
        taken.add(number)
    for number, heading in drafted.headings.items():
        if number not in taken:
            drafted.others.append(number)
            if values[number] and fits("charge", values[number]):
                drafted.sure[heading] = UNKNOWN_AMOUNTS
    return drafted


def _values(lines: Sequence[Told], count: int) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {number: [] for number in range(count)}
    for told in lines:
        for key, words in told.cells.items():
            found[int(key)].append(" ".join(word.text for word in words))
    return found


def _claim_columns(headings: Mapping[int, str], found: Outline) -> list[tuple[str, int, int]]:
    """What names a claim, unless a label beside the table does: field, column and percent, the
    surest first."""
    labels = {pair.label for told in found.of("claim") for pair in told.pairs}
    labelled = {meaning.field for label in labels for meaning in meanings(label, "claim")[:1]}
    held = _values(found.of("line", "whole_claim"), len(headings))
    named = [
        (meaning.field, number, meaning.sure)
        for number, heading in headings.items()
        for meaning in meanings(heading, "claim")[:1]
        if meaning.field in IDENTIFIERS and meaning.field not in labelled
        if held[number] and fits(meaning.field, held[number])
    ]
    return sorted(named, key=lambda one: (-one[2], one[1]))


def _adjustment_columns(
    number: int, values: Mapping[int, Sequence[str]], found: Outline
) -> list[int]:
    """The column that holds codes with their amounts, or codes and the one beside it amounts.

    Nothing may stand there, where no line has any. Empty where it is no such column.
    """
    texts = values[number]
    if not texts:
        return [number] if not found.of("adjustment") else []
    if all(ADJUSTMENT.fullmatch(text) or MARKED.fullmatch(text) for text in texts):
        return [number]
    beside = values.get(number + 1, ())
    if all(CODE.fullmatch(text) for text in texts) and fits("charge", beside):
        return [number, number + 1]
    return []


def lines_yaml(drafted: DraftedLines, found: Outline) -> dict[str, Any]:
    """The ``lines`` of eob.yaml."""
    count = len(found.of("line"))
    fields = {}
    for name, number in sorted(drafted.fields.items(), key=lambda one: one[1]):
        texts = drafted.values[number]
        one: dict[str, Any] = {"column": drafted.headings[number]}
        if name == "service_date":
            one |= dated(texts)
        elif name in MONEY:
            one["into"] = "money"
        elif name in INTO:
            one["into"] = INTO[name]
        elif name == "procedure":
            one["pattern"] = PROCEDURE_PATTERN
            if any(not re.fullmatch(PROCEDURE_PATTERN, text) for text in texts):
                one["pattern"] = rf"{PROCEDURE_PATTERN}(?:[- ][A-Z0-9]{{2}})*"
                if "modifiers" not in drafted.fields:
                    fields["modifiers"] = {
                        "column": one["column"],
                        "pattern": r"\S{5}((?:[- ][A-Z0-9]{2})*)",
                        "into": "codes",
                    }
        if name in LEFT_OPEN and (len(texts) < count or name in {"modifiers", "remarks"}):
            one["when_missing"] = "none"
        fields[name] = one
    begins = "service_date" if "service_date" in drafted.fields else "procedure"
    if fields[begins].get("when_missing"):
        begins = "procedure"
    made: dict[str, Any] = {"begins_with": begins, "fields": fields}
    stacked = _stacked(drafted, found)
    if stacked:
        made["stacked"] = stacked
    if drafted.others:
        made["other_columns"] = [drafted.headings[number] for number in drafted.others]
    made["adjustments"] = _adjustments(drafted, found)
    if whole := _whole_claim(drafted.fields[begins], found):
        made["whole_claim"] = whole
    if remarks := remarks_pattern(found):
        made["remarks"] = remarks
    return made


def remarks_pattern(found: Outline) -> str | None:
    """The pattern of a row of remark codes beneath a line, None where there is none."""
    prefixes = sorted({told.prefix for told in found.of("remarks")})
    return f"{_either(prefixes)} (.+)" if prefixes else None


def _whole_claim(begins: int, found: Outline) -> str | None:
    """The pattern of what stands where a line would begin in rows that are of the whole claim."""
    rows = found.of("whole_claim")
    held = [told.cells.get(str(begins), []) for told in rows]
    texts = {" ".join(word.text for word in words) for words in held}
    return _either(sorted(texts)) if rows and all(texts) else None


def _stacked(drafted: DraftedLines, found: Outline) -> list[str]:
    keys = {int(key) for told in found.of("stacked") for key in told.cells}
    names = {number: name for name, number in drafted.fields.items()}
    names |= {number: drafted.headings[number] for number in drafted.others}
    names |= dict.fromkeys(drafted.adjustments, "adjustments")
    made = {names[key] for key in keys if key in names}
    return sorted(made | ({"adjustments"} if drafted.adjustments else set()))


def _adjustments(drafted: DraftedLines, found: Outline) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if drafted.fixed:
        made["fixed"] = {drafted.headings[n]: code for n, code in sorted(drafted.fixed.items())}
    if drafted.adjustments:
        headings = [drafted.headings[number] for number in drafted.adjustments]
        texts = drafted.values[drafted.adjustments[0]]
        made["column"] = headings[0] if len(headings) == 1 else headings
        if texts and all(MARKED.fullmatch(text) for text in texts):
            made["pattern"] = r"(?P<amount>\S+) \((?P<mark>\w{1,2})\)"
        else:
            texts = [*texts, *(told.row.text for told in found.of("stacked"))]
            made["pattern"] = adjustment_pattern(texts, ())
    elif rows := found.of("adjustment"):
        made["pattern"] = adjustment_pattern(
            [t.row.text for t in rows], [t.prefix for t in rows], [t.infix for t in rows]
        )
    elif not drafted.fixed:
        made["pattern"] = adjustment_pattern((), ())
    return made


def adjustment_pattern(
    texts: Sequence[str], prefixes: Sequence[str], infixes: Sequence[str] = ()
) -> str:
    """One pattern for all ``texts``, which begin with ``prefixes`` and have ``infixes`` between
    code and amount."""
    matches = [match for text in texts if (match := CODE.search(text))]
    between = {match["between"] for match in matches} or {"-"}
    gap = between.pop() if len(between) == 1 else "[- ]?"
    inner = sorted({infix for infix in infixes if infix})
    words = f" {_either(inner)}" if inner else ""
    words = f"(?:{words})?" if inner and "" in infixes else words
    code = rf"(?P<group>CO|PR|OA|PI){gap}(?P<reason>[A-Z]?\d{{1,3}}){words} (?P<amount>\S+)"
    names = sorted({prefix for prefix in prefixes if prefix})
    if not names:
        return code
    said = f"{_either(names)} "
    return f"(?:{said})?{code}" if "" in prefixes else f"{said}{code}"


def _either(texts: Sequence[str]) -> str:
    escaped = [escaped_text(text) for text in texts]
    return escaped[0] if len(escaped) == 1 else f"(?:{'|'.join(escaped)})"


def dated(texts: Sequence[str]) -> dict[str, str]:
    """The keys of a field that holds a day, or a period, spelled as ``texts`` are."""
    day = date_format(texts)
    spelling = day or period_format(texts) or "%m/%d/%Y"
    into = {"into": "date" if day or not texts else "period"}
    return into | ({} if spelling == "%m/%d/%Y" else {"date_format": spelling})
