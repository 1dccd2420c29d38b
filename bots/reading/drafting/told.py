"""What a row of a remittance is, and the tables that rows stand in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from bots.reading.drafting.headings import Heading
from bots.reading.drafting.phrases import Pair
from bots.reading.rows import Row
from bots.reading.tables import Cells, Columns

RULE = re.compile(r"[_\-=*.~ ]{5,}")
Kind = Literal[
    "furniture",
    "heading",
    "payment",
    "claim",
    "line",
    "whole_claim",
    "stacked",
    "adjustment",
    "claim_adjustment",
    "remarks",
    "claim_total",
    "aside",
    "running_line",
    "running_more",
    "total",
    "provider_adjustment",
    "title",
    "note",
    "unknown",
]
_CLAIMS: frozenset[Kind] = frozenset(
    {
        *("claim", "line", "whole_claim", "stacked", "adjustment", "claim_adjustment", "remarks"),
        *("claim_total", "aside", "running_line", "running_more"),
    }
)


@dataclass(slots=True)
class Told:
    """A row with what it is; ``prefix`` are the words before its first figure or code, ``infix``
    those between an adjustment's code and its amount."""

    row: Row
    kind: Kind = "unknown"
    pairs: list[Pair] = field(default_factory=list)
    cells: Cells = field(default_factory=dict)
    prefix: str = ""
    infix: str = ""
    table: int = -1


@dataclass(frozen=True, slots=True)
class Table:
    """Headings of a table of lines from left to right, and their columns, keyed by their number."""

    headings: tuple[Heading, ...]
    columns: Columns

    @property
    def texts(self) -> tuple[str, ...]:
        """The headings as they are printed."""
        return tuple(heading.printed for heading in self.headings)


@dataclass(slots=True)
class Outline:
    """The document's rows in order, each with what it is, and the tables that they stand in."""

    rows: list[Told]
    tables: list[Table]

    def of(self, *kinds: Kind) -> list[Told]:
        """The rows of these kinds, in order."""
        return [told for told in self.rows if told.kind in kinds]


def of_claims(told: Told) -> bool:
    """Whether the row is part of a claim's block."""
    return told.kind in _CLAIMS
