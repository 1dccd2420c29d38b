"""Lines of running text become the ``lines`` of a layout."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from billing.errors import UnreadableDocument
from bots.reading.drafting.columns import INTO, MONEY, adjustment_pattern, dated, remarks_pattern
from bots.reading.drafting.phrases import PROCEDURE_PATTERN
from bots.reading.drafting.running import ANY_PROCEDURE, MODIFIERS, figures_of, running_line
from bots.reading.drafting.told import Outline
from bots.reading.drafting.vocabulary import meanings
from bots.reading.rows import REMEDY

REQUIRED = ("charge", "paid")


def running_yaml(found: Outline) -> tuple[dict[str, Any], dict[str, int]]:
    """The ``lines`` of eob.yaml, and how sure each field is, in percent.

    Raises UnreadableDocument when the lines are not alike.
    """
    lines = [line for told in found.of("running_line") if (line := running_line(told.row))]
    if len(openings := {line.opening for line in lines}) > 1:
        raise UnreadableDocument(f"The lines of the claims do not begin alike; {REMEDY}.")
    opening = openings.pop()
    fields: dict[str, Any] = {"procedure": {"pattern": rf"^{opening}{PROCEDURE_PATTERN}"}}
    sure = {"procedure": 100}
    if days := [line.day for line in lines if line.day]:
        before = opening.replace(r"\S+", r"(\S+)")
        fields["service_date"] = {"pattern": rf"^{before}{ANY_PROCEDURE}"} | dated(days)
        sure["service_date"] = 100
    fields["modifiers"] = {
        "pattern": rf"^{opening}{ANY_PROCEDURE}({MODIFIERS}) ",
        "into": "codes",
        "when_missing": "none",
    }
    others = []
    for label in dict.fromkeys(_labels(found)):
        meaning = meanings(label, "line")[0]
        if meaning.field in fields or meaning.field not in {*MONEY, "units"}:
            others.append(label)
            continue
        into = INTO.get(meaning.field, "money")
        fields[meaning.field] = {"label": label, "into": into}
        sure[meaning.field] = meaning.sure
        if meaning.field not in REQUIRED:
            fields[meaning.field]["when_missing"] = "none"
    if missing := [name for name in REQUIRED if name not in fields]:
        raise UnreadableDocument(f"No label tells the {missing[0]} of a line; {REMEDY}.")
    made: dict[str, Any] = {
        "starts": "|".join(sorted({line.pattern for line in lines})),
        "fields": fields,
    }
    if others:
        made["other_labels"] = others
    rows = found.of("adjustment")
    made["adjustments"] = {
        "pattern": adjustment_pattern(
            [told.row.text for told in rows],
            [told.prefix for told in rows],
            [told.infix for told in rows],
        )
    }
    if remarks := remarks_pattern(found):
        made["remarks"] = remarks
    return made, sure


def _labels(found: Outline) -> Iterator[str]:
    for told in found.of("running_line", "running_more"):
        line = running_line(told.row) if told.kind == "running_line" else None
        pairs = line.pairs if line else figures_of(told.row.text.split(), "line") or ()
        yield from (pair.label for pair in pairs)
