"""A document's rows are parted into its payments, where it holds several."""

from __future__ import annotations

from bots.reading.drafting.kinds_of_value import fits
from bots.reading.drafting.told import Outline, Told, of_claims
from bots.reading.drafting.vocabulary import meanings


def payments_of(found: Outline) -> list[list[Told]]:
    """The rows of each payment: one begins where a trace number stands that is another than
    before, with what furniture is above it on its page."""
    payments: list[list[Told]] = [[]]
    opened: str | None = None
    for told in found.rows:
        said = next((pair.value for pair in told.pairs if _is_trace(pair.label, pair.value)), None)
        if said is not None and told.kind == "payment":
            if opened is not None and said != opened and any(map(of_claims, payments[-1])):
                payments.append([])
            opened = said
        payments[-1].append(told)
    return payments


def _is_trace(label: str, value: str) -> bool:
    named = meanings(label, "payment")
    return bool(named) and named[0].field == "trace_number" and fits("trace_number", [value])
