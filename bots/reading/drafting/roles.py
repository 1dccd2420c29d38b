"""What each row of a remittance is, told by its words, the types of its values and its columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from bots.reading.drafting.afterwards import tell_by_others
from bots.reading.drafting.headings import Heading, find_headings
from bots.reading.drafting.margins import PAGE_NUMBER, margin_rows
from bots.reading.drafting.naming import (
    are_totals,
    goes_on_claim,
    names_claim,
    names_payment,
    opens_payment,
    provider_reason,
)
from bots.reading.drafting.phrases import (
    ADJUSTMENT,
    CODE,
    IDENTIFIER,
    MARKED,
    PROCEDURE,
    Pair,
    is_money,
    pairs,
    segments,
)
from bots.reading.drafting.running import fields_of, figures_of, goes_on, running_line
from bots.reading.drafting.summaries import summary_of
from bots.reading.drafting.told import RULE, Outline, Table, Told
from bots.reading.drafting.vocabulary import canonical, is_label, meanings
from bots.reading.rows import Row
from bots.reading.tables import Cells, Column, Columns, with_room

WORDED_ADJUSTMENT = (
    r"(?P<prefix>(?:[^\d]+ )??)(?P<group>CO|PR|OA|PI)[- ]?(?P<reason>[A-Z]?\d{1,3})"
    r"(?P<infix>(?: [A-Za-z]+)*) (?P<amount>\S+)"
)
REMARK = re.compile(r"(?:M|MA|N)\d{1,3}")
OF_A_CLAIM = re.compile(r"\b(?:claim|bill|whole)\b")


@dataclass(slots=True)
class _State:
    """Where the rows have come to; ``seen`` are the texts of the lines' cells by column, and
    ``running`` is what the line of running text says so far that the rows are in."""

    in_claims: bool = False
    after_claims: bool = False
    in_notes: bool = False
    running: set[str] | None = None
    seen: dict[str, list[str]] = field(default_factory=dict)


def outline(pages: Sequence[Sequence[Row]]) -> Outline:
    """Every row of the document with what it is; a row that nothing explains is ``unknown``."""
    found = Outline([], [])
    margins = margin_rows(pages)
    state = _State()
    for page in pages:
        at = 0
        while at < len(page):
            at += _tell_at(page, at, found, state, margins)
    tell_by_others(found.rows)
    return found


def _tell_at(page: Sequence[Row], at: int, found: Outline, state: _State, margins: set[int]) -> int:
    """Tells the row at ``at``, and those that belong to it; how many."""
    told = Told(page[at])
    found.rows.append(told)
    if (headings := find_headings(page, at)) is not None:
        table, height = _table(headings[0]), headings[1]
        last = found.tables[-1] if found.tables else None
        if last is None or last.texts != table.texts or last.columns != table.columns:
            found.tables.append(table)
        told.kind = "heading"
        told.table = len(found.tables) - 1
        found.rows += [Told(row, "heading") for row in page[at + 1 : at + height]]
        state.in_notes = False
        return height
    told.table = len(found.tables) - 1
    if id(told.row) not in margins and (bar := _labels_over_values(page, at)):
        told.pairs = bar
        _tell_labelled(told, state)
        found.rows.append(Told(page[at + 1], told.kind))
        return 2
    if summary := summary_of(page, at):
        told.pairs, told.kind = summary[0], "total" if state.in_claims else "payment"
        found.rows += [Told(row, told.kind) for row in page[at + 1 : at + summary[1]]]
        return summary[1]
    _tell(told, found.tables, state, is_margin=id(told.row) in margins)
    return 1


def _labels_over_values(page: Sequence[Row], at: int) -> list[Pair] | None:
    """A row made of labels, with the values in the row beneath; None when it is none."""
    row = page[at]
    parts = segments(row)
    if at + 1 == len(page) or len(parts) < 2 or re.search(r"\d", row.text):
        return None
    below = page[at + 1]
    known = sum(is_label(part.text.removesuffix(":")) for part in parts)
    first = segments(below)[0].text
    if not re.search(r"\d", below.text) or is_label(first) or known < max(2, len(parts) - 1):
        return None
    columns = Columns(tuple(Column(part.text, part.left, part.right) for part in parts))
    cells = columns.cells(below.words)
    if cells is None or 2 * len(cells) < len(parts) or _is_line(cells):
        return None
    return [
        Pair(
            part.text.removesuffix(":"),
            " ".join(word.text for word in cells.get(part.text, ())),
            beneath=True,
        )
        for part in parts
    ]


def _tell(told: Told, tables: list[Table], state: _State, *, is_margin: bool) -> None:
    row = told.row
    table = tables[-1] if tables else None
    told.pairs = pairs(row, inset=is_margin or not state.in_claims) or []
    of_claim = names_claim(told.pairs)
    at_margin = is_margin and (not of_claim or PAGE_NUMBER.search(row.text))
    if RULE.fullmatch(row.text) or at_margin:
        told.kind = "furniture"
    elif state.in_notes and not of_claim:
        told.kind = "note"
    elif not (table is None and _tell_running(told, state)) and not _tell_table_row(
        told, table, state
    ):
        _tell_labelled(told, state)


def _tell_running(told: Told, state: _State) -> bool:
    """Whether the row begins a line of running text, or goes on one, or ends its claim."""
    texts = told.row.text.split()
    if line := running_line(told.row):
        told.kind, state.in_claims, state.running = "running_line", True, line.fields
        return True
    if not state.in_claims:
        return False
    figures = figures_of(texts, "line")
    if figures and state.running is not None and goes_on(figures, state.running):
        told.kind, state.running = "running_more", state.running | fields_of(figures)
        return True
    if figures_of(texts, "claim") and not state.after_claims:
        told.kind, state.running = "claim", None
        return True
    return False


def _table(headings: Sequence[Heading]) -> Table:
    columns = [Column(f"{n}", one.left, one.right) for n, one in enumerate(headings)]
    roomy = [
        column.key
        for column, heading in zip(columns, headings, strict=True)
        if any(one.field == "adjustments" for one in meanings(heading.text, "line"))
    ]
    return Table(tuple(headings), with_room(columns, roomy if len(roomy) == 1 else ()))


def _tell_table_row(told: Told, table: Table | None, state: _State) -> bool:
    """Whether the row belongs to a table of lines, or to a line or claim as an adjustment."""
    row = told.row
    match = re.fullmatch(WORDED_ADJUSTMENT, row.text)
    cells = table.columns.cells(row.words) if table else None
    if match and is_money(match["amount"]):
        told.prefix, told.infix = match["prefix"].strip(), (match["infix"] or "").strip()
        told.cells = cells or {}
        is_claims = OF_A_CLAIM.search(canonical(f"{told.prefix} {told.infix}")) is not None
        is_stacked = not told.prefix and cells is not None and len(cells) <= 2
        told.kind = "claim_adjustment" if is_claims else "stacked" if is_stacked else "adjustment"
        state.in_claims = state.in_claims or table is not None
        return state.in_claims
    if table is not None and cells is not None and _is_line(cells):
        told.cells, told.kind = cells, "line"
        state.in_claims = True
        for key, held in cells.items():
            state.seen.setdefault(key, []).append(" ".join(word.text for word in held))
        return True
    if table is not None and cells is not None and _is_whole_claim(cells, table):
        told.cells, told.kind = cells, "whole_claim"
        state.in_claims = True
        return True
    if table is not None and state.in_claims and _tell_claim_total(told, table):
        return True
    if not state.in_claims:
        return False
    words = row.text.split()
    codes = [word for word in words if REMARK.fullmatch(word.strip(",;"))]
    told.prefix = " ".join(words[: len(words) - len(codes)])
    is_codes = bool(codes) and words[-len(codes) :] == codes
    if is_codes and told.prefix and canonical(told.prefix).startswith("remark"):
        told.kind = "remarks"
        return True
    if cells and _goes_on_line(cells, state):
        told.cells, told.kind = cells, "stacked"
        return True
    return False


def _goes_on_line(cells: Cells, state: _State) -> bool:
    """Whether the row goes on what stands in the cells of the line above it."""
    for key, words in cells.items():
        text = " ".join(word.text for word in words)
        seen = state.seen.get(key, [])
        wordy = any(re.search(r"[a-z]{3}", one) for one in seen)
        if not (
            (wordy and not re.search(r"\d", text))
            or ADJUSTMENT.fullmatch(text)
            or MARKED.fullmatch(text)
            or (REMARK.fullmatch(text) and any(REMARK.match(one) for one in seen))
        ):
            return False
    return True


def _is_line(cells: Cells) -> bool:
    texts = [" ".join(word.text for word in words) for words in cells.values()]
    has_procedure = any(PROCEDURE.match(text) for text in texts)
    amounts = sum(is_money(text) or MARKED.fullmatch(text) is not None for text in texts)
    return has_procedure and amounts >= 2


def _is_whole_claim(cells: Cells, table: Table) -> bool:
    """Whether the row is one of the table's without a line: a claim's number, and words, and what
    was taken from all of it."""
    texts = {int(key): " ".join(word.text for word in words) for key, words in cells.items()}
    numbered = any(
        IDENTIFIER.fullmatch(text)
        and any(m.field == "payer_claim_number" for m in meanings(table.texts[at], "claim"))
        for at, text in texts.items()
    )
    worded = any(OF_A_CLAIM.search(canonical(text)) for text in texts.values())
    return numbered and worded and any(CODE.match(text) for text in texts.values())


def _tell_claim_total(told: Told, table: Table) -> bool:
    words = told.row.words
    first = len(words)
    while first and is_money(words[first - 1].text):
        first -= 1
    prefix = " ".join(word.text for word in words[:first])
    named = " ".join(word for word in prefix.split() if not is_money(word))
    numbers = [word for word in named.split() if re.search(r"\d", word)]
    if not first or len(words) - first < 2 or len(numbers) > len(named.split()) / 2:
        return False
    cells = table.columns.cells(words[first:])
    if cells is None or not re.search(r"\btotal|\bclaim|\bbill", canonical(named)):
        return False
    told.kind, told.cells, told.prefix = "claim_total", cells, prefix
    return True


def _tell_labelled(told: Told, state: _State) -> None:
    row = told.row
    if told.pairs and opens_payment(told.pairs):
        told.kind = "payment"
        state.in_claims = False
    elif names_claim(told.pairs):
        told.kind = "claim"
        state.in_claims, state.after_claims = True, False
    elif state.in_claims and told.pairs and goes_on_claim(told.pairs):
        told.kind = "claim"
    elif (provider := provider_reason(row)) and state.in_claims:
        told.kind, told.prefix = "provider_adjustment", provider
        state.after_claims = True
    elif state.in_claims and are_totals(told.pairs):
        told.kind = "total"
        state.after_claims = True
    elif told.pairs and (not state.in_claims or names_payment(told.pairs)):
        told.kind = "payment"
    elif not re.search(r"\d", row.text):
        told.kind = "title"
        state.after_claims = True
        said = canonical(row.text)
        state.in_notes = bool(
            re.search(r"explanation.*code|^remark|^legend|^key|code.*mean|glossary", said)
        )
    elif re.match(rf"(?:{CODE.pattern}|{REMARK.pattern})\b", row.text):
        told.kind = "note"
        state.in_notes = True
