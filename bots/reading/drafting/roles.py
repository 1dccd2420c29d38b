"""What each row of a remittance is, told by its words, the types of its values and its columns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from bots.reading.drafting.phrases import (
    ADJUSTMENT,
    CODE,
    IDENTIFIER,
    PROCEDURE,
    Pair,
    Phrase,
    headings,
    is_money,
    pairs,
    segments,
)
from bots.reading.drafting.vocabulary import canonical, meanings
from bots.reading.rows import Row
from bots.reading.tables import Cells, Column, Columns

Kind = Literal[
    "furniture",
    "heading",
    "payment",
    "claim",
    "line",
    "stacked",
    "adjustment",
    "claim_adjustment",
    "remarks",
    "claim_total",
    "total",
    "provider_adjustment",
    "title",
    "note",
    "unknown",
]
RULE = re.compile(r"[_\-=*.~ ]{5,}")
PAGE_NUMBER = re.compile(
    r"(?i)\b(?:page|sheet|pg)\b\W*(?:number|no\.?)?\W*0*\d+(?: ?(?:of|/) ?0*\d+)?"
)
REMARK = re.compile(r"(?:M|MA|N)\d{1,3}")
# Of an 835's PLB segments.
PROVIDER_CODES = frozenset(
    """50 51 72 90 AH AM AP B2 B3 BD BN C5 CR CS CT CV CW DM E3 FB FC GO HM IP IR IS J1 L3 L6 LE
    LS OA OB PI PL RA RE SL TL WO WU""".split()
)
OF_A_CLAIM = re.compile(r"\b(?:claim|bill|whole)\b")
MARGIN_ROWS = 4


@dataclass(slots=True)
class Told:
    """A row with what it is; ``prefix`` are the words before its first figure or code."""

    row: Row
    kind: Kind = "unknown"
    pairs: list[Pair] = field(default_factory=list)
    cells: Cells = field(default_factory=dict)
    prefix: str = ""
    table: int = -1


@dataclass(frozen=True, slots=True)
class Table:
    """Headings of a table of lines, and their columns, keyed by the heading."""

    phrases: tuple[Phrase, ...]
    columns: Columns

    @property
    def texts(self) -> tuple[str, ...]:
        """The headings from left to right."""
        return tuple(phrase.text for phrase in self.phrases)


@dataclass(slots=True)
class Outline:
    """The document's rows in order, each with what it is, and the tables that they stand in."""

    rows: list[Told]
    tables: list[Table]

    def of(self, *kinds: Kind) -> list[Told]:
        """The rows of these kinds, in order."""
        return [told for told in self.rows if told.kind in kinds]


def outline(pages: Sequence[Sequence[Row]]) -> Outline:
    """Every row of the document with what it is; a row that nothing explains is ``unknown``."""
    found = Outline([], [])
    margins = _furniture(pages)
    state = _State()
    for row in (row for page in pages for row in page):
        told = Told(row)
        found.rows.append(told)
        _tell(told, found.tables, state, is_margin=id(row) in margins)
    _tell_titles(found.rows)
    return found


@dataclass(slots=True)
class _State:
    in_claims: bool = False
    after_claims: bool = False
    in_notes: bool = False


def _furniture(pages: Sequence[Sequence[Row]]) -> set[int]:
    """Rows at the top or bottom of pages that stand on every page alike but for their digits."""
    seen: Counter[tuple[str, int]] = Counter()
    at_margin: list[Row] = []
    for page in pages:
        rows = [*page[:MARGIN_ROWS], *page[max(MARGIN_ROWS, len(page) - MARGIN_ROWS) :]]
        at_margin += rows
        seen.update({_at(row) for row in rows})
    many = max(2, len(pages))
    return {
        id(row)
        for row in at_margin
        if (seen[_at(row)] >= many and headings(row) is None) or PAGE_NUMBER.search(row.text)
    }


def _at(row: Row) -> tuple[str, int]:
    return re.sub(r"\d+", "#", row.text), round(row.words[0].box[1] / 4)


def _tell(told: Told, tables: list[Table], state: _State, *, is_margin: bool) -> None:
    row = told.row
    columns = tables[-1] if tables else None
    if (phrases := headings(row)) is not None:
        told.kind = "heading"
        table = _table(phrases)
        if columns is None or columns.texts != table.texts or columns.columns != table.columns:
            tables.append(table)
        told.table = len(tables) - 1
        state.in_notes = False
        return
    told.table = len(tables) - 1
    told.pairs = pairs(row) or []
    names_claim = _names_claim(told.pairs)
    at_margin = is_margin and (not names_claim or PAGE_NUMBER.search(row.text))
    if RULE.fullmatch(row.text) or at_margin:
        told.kind = "furniture"
    elif state.in_notes and not names_claim:
        told.kind = "note"
    elif not _tell_table_row(told, columns, state):
        _tell_labelled(told, state)


def _table(phrases: Sequence[Phrase]) -> Table:
    columns = tuple(
        Column(f"{number}", phrase.left, phrase.right) for number, phrase in enumerate(phrases)
    )
    return Table(tuple(phrases), Columns(columns))


def _tell_table_row(told: Told, table: Table | None, state: _State) -> bool:
    """Whether the row belongs to a table of lines, or to a line or claim as an adjustment."""
    row = told.row
    match = re.fullmatch(rf"(?P<prefix>(?:[^\d]+ )??){ADJUSTMENT.pattern}", row.text)
    cells = table.columns.cells(row.words) if table else None
    if match and is_money(match["amount"]):
        told.prefix = match["prefix"].strip()
        told.cells = cells or {}
        is_claims = OF_A_CLAIM.search(canonical(told.prefix)) is not None
        is_stacked = not told.prefix and cells is not None and len(cells) <= 2
        told.kind = "claim_adjustment" if is_claims else "stacked" if is_stacked else "adjustment"
        return state.in_claims
    if table is not None and cells is not None and _is_line(cells):
        told.cells, told.kind = cells, "line"
        state.in_claims = True
        return True
    if table is not None and state.in_claims and _tell_claim_total(told, table):
        return True
    words = row.text.split()
    codes = [word for word in words if REMARK.fullmatch(word.strip(",;"))]
    told.prefix = " ".join(words[: len(words) - len(codes)])
    if codes and words[-len(codes) :] == codes and state.in_claims:
        if told.prefix and canonical(told.prefix).startswith("remark"):
            told.kind = "remarks"
            return True
        if not told.prefix and cells:
            told.cells, told.kind = cells, "stacked"
            return True
    return False


def _is_line(cells: Cells) -> bool:
    texts = [" ".join(word.text for word in words) for words in cells.values()]
    has_procedure = any(PROCEDURE.match(text) for text in texts)
    return has_procedure and sum(is_money(text) for text in texts) >= 2


def _tell_claim_total(told: Told, table: Table) -> bool:
    words = told.row.words
    first = next((n for n, word in enumerate(words) if is_money(word.text)), 0)
    prefix = " ".join(word.text for word in words[:first])
    said = canonical(prefix)
    if not first or re.search(r"\d", prefix) or sum(is_money(w.text) for w in words) < 2:
        return False
    cells = table.columns.cells(words[first:])
    if cells is None or not re.search(r"\btotal|\bclaim|\bbill", said):
        return False
    told.kind, told.cells, told.prefix = "claim_total", cells, prefix
    return True


def _tell_labelled(told: Told, state: _State) -> None:
    row = told.row
    if _names_claim(told.pairs):
        told.kind = "claim"
        state.in_claims, state.after_claims = True, False
    elif state.in_claims and told.pairs and _goes_on_claim(told.pairs):
        told.kind = "claim"
    elif (provider := _provider_adjustment(row)) and state.in_claims:
        told.kind, told.prefix = "provider_adjustment", provider
        state.after_claims = True
    elif state.in_claims and _totals(told.pairs):
        told.kind = "total"
        state.after_claims = True
    elif told.pairs and (not state.in_claims or _names_payment(told.pairs)):
        told.kind = "payment"
    elif not re.search(r"\d", row.text):
        told.kind = "title"
        said = canonical(row.text)
        state.in_notes = bool(
            re.search(r"explanation.*code|^remark|legend|code.*mean|glossary", said)
        )
    elif re.match(rf"(?:{CODE.pattern}|{REMARK.pattern})\b", row.text):
        told.kind = "note"


def _names_claim(found: Sequence[Pair]) -> bool:
    """Whether the row names a claim, its patient or his membership."""
    return any(_is_claim_pair(pair) for pair in found)


def _is_claim_pair(pair: Pair) -> bool:
    if is_money(pair.value) or not pair.value:
        return False
    for meaning in meanings(pair.label, "claim"):
        has_digit = IDENTIFIER.fullmatch(pair.value.split()[0]) is not None
        if re.search(r"(?i)claims|bills", pair.label):
            return False
        if meaning.field in {"claim_id", "payer_claim_number", "member_id"} and has_digit:
            return True
        if meaning.field == "status" and meaning.sure >= 95:
            return not has_digit or len(pair.value) <= 2
    return any(m.field == "name" for m in meanings(pair.label, "other")) and "," in pair.value


def _names_payment(found: Sequence[Pair]) -> bool:
    sure = (meanings(pair.label, "payment") for pair in found if pair.value)
    return all(named and named[0].sure >= 90 for named in sure)


def _goes_on_claim(found: Sequence[Pair]) -> bool:
    named = [{m.field for m in meanings(pair.label, "claim")} for pair in found]
    others = [{m.field for m in meanings(pair.label, "other")} for pair in found]
    return all(
        "status" in claim or other & {"name", "dates", "others"}
        for claim, other in zip(named, others, strict=True)
    )


def _provider_adjustment(row: Row) -> str | None:
    """The reason of a provider-level adjustment, with what stands before it; None when none."""
    words = row.text.split()
    if len(words) < 3 or not is_money(words[-1]) or not IDENTIFIER.fullmatch(words[-2]):
        return None
    reason = words[:-2]
    if any(is_money(word) for word in reason) or len(reason) > 6:
        return None
    if any(word not in PROVIDER_CODES and re.search(r"\d", word) for word in reason):
        return None
    return " ".join(reason)


def _totals(found: Sequence[Pair]) -> bool:
    return bool(found) and all(
        is_money(pair.value) or re.fullmatch(r"[\d,]+", pair.value) for pair in found
    )


def _tell_titles(rows: Sequence[Told]) -> None:
    """After the last claim a row of a label and a figure is a total, and one of a code a note."""
    last = max((n for n, told in enumerate(rows) if told.kind in _CLAIMS), default=len(rows))
    for told in rows[last + 1 :]:
        if told.kind == "unknown":
            parts = segments(told.row)
            if len(parts) == 2 and is_money(parts[1].text) and not re.search(r"\d", parts[0].text):
                told.kind = "total"
                told.pairs = [Pair(parts[0].text.removesuffix(":"), parts[1].text)]


_CLAIMS: frozenset[Kind] = frozenset(
    {"claim", "line", "stacked", "adjustment", "claim_adjustment", "remarks", "claim_total"}
)


def of_claims(told: Told) -> bool:
    """Whether the row is part of a claim's block."""
    return told.kind in _CLAIMS


def counted(rows: Iterable[Told]) -> Mapping[Kind, int]:
    """How many rows are of each kind."""
    return Counter(told.kind for told in rows)
