"""Simulated documents with their truth: drawn, damaged as asked, and written to a folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from sandbox.remittances import (
    advice,
    cards,
    checks,
    columns,
    medicaid,
    more_tables,
    patients,
    printout,
    review,
    roster,
    sections,
    standard_paper,
    table_issuers,
)
from sandbox.remittances.damage import QUALITIES
from sandbox.remittances.drawing import Figure, Sheet
from sandbox.remittances.faults import FAULTS, SWAPPED, other_digit
from sandbox.remittances.issuer import Issuer
from sandbox.remittances.others import OTHERS, draw_other
from sandbox.remittances.story import Payment, make_payments
from sandbox.remittances.truth import payment_truth, places

FAMILIES = (
    *(table_issuers, more_tables, cards, columns, advice, roster, sections),
    *(standard_paper, printout, medicaid, checks, review, patients),
)
ISSUERS: Mapping[str, Issuer] = {one.key: one for family in FAMILIES for one in family.ISSUERS}
LAYOUTS = (*ISSUERS, *OTHERS)
ONE_PAGE = frozenset({"photo", "png"})  # a picture file holds one page


@dataclass(frozen=True, slots=True)
class Document:
    """A file's bytes and what stands on it; ``name`` has the suffix that its bytes deserve."""

    name: str
    data: bytes
    truth: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A text PDF before any damage; ``payments`` is empty when it is no remittance."""

    data: bytes
    pages: int
    payments: tuple[Payment, ...]
    figures: Mapping[str, Figure]


def draw_layout(
    layout: str, seed: int, number: int, *, pages: int = 0, instead: Mapping[str, str] | None = None
) -> Drawn:
    """The ``number``-th document of ``layout``, the same for the same seed.

    It is drawn anew until it has at most ``pages`` pages, when that is not 0; ``instead`` gives
    other texts to figures. Raises KeyError for an unknown layout.
    """
    for attempt in range(200):
        random = Random(f"{seed} {layout} {number} {attempt}")
        drawn = _drawn(layout, random, instead or {}, small=pages == 1)
        if not pages or drawn.pages <= pages:
            return drawn
    raise ValueError(f"{layout}: no document of {pages} pages came of 200 attempts")


def make_document(layout: str, quality: str, seed: int, number: int) -> Document:
    """The ``number``-th document of ``layout``, the same bytes for the same seed.

    ``quality`` is one of QUALITIES or FAULTS.
    """
    drawn = draw_layout(layout, seed, number, pages=1 if quality in ONE_PAGE else 0)
    random = Random(f"{seed} {layout} {number} {quality}")
    truth = {"quality": quality, **truth_of(layout, drawn)}
    if quality in FAULTS:
        suffix = "pdf"
        if quality in SWAPPED and drawn.payments:
            instead = other_digit(drawn.figures, random)
            drawn = draw_layout(layout, seed, number, instead=instead)
            truth |= {"expect": "refused", "swapped": instead}
        data = FAULTS[quality](drawn.data, drawn.figures, random)
    else:
        suffix, damage = QUALITIES[quality]
        data = damage(drawn.data, random)
    name = f"{layout}-{number:03}-{quality}.{suffix}"
    return Document(name, data, {"file": name, **truth})


def truth_of(layout: str, drawn: Drawn) -> dict[str, Any]:
    """The document's truth: its layout, kind and figures."""
    issuer = ISSUERS.get(layout)
    return {
        "layout": layout,
        "kind": "remittance" if issuer else OTHERS[layout],
        "described": issuer is not None and issuer.described,
        "expect": "read" if issuer else "refused",
        "pages": drawn.pages,
        "payments": [payment_truth(one, issuer) for one in drawn.payments] if issuer else [],
        "places": places(drawn.figures),
    }


def write_remittances(
    folder: Path, *, seed: int, layouts: Sequence[str], qualities: Sequence[str], count: int
) -> int:
    """Write ``count`` documents of each layout in each quality, and truth.json beside them.

    Returns how many documents were written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    truth = []
    for document in make_documents(seed=seed, layouts=layouts, qualities=qualities, count=count):
        (folder / document.name).write_bytes(document.data)
        truth.append(document.truth)
    text = json.dumps({"seed": seed, "documents": truth}, indent=1, ensure_ascii=False)
    (folder / "truth.json").write_text(f"{text}\n", encoding="utf-8")
    return len(truth)


def make_documents(
    *, seed: int, layouts: Sequence[str], qualities: Sequence[str], count: int
) -> Iterator[Document]:
    """``count`` documents of each layout in each quality."""
    for layout in layouts:
        for quality in qualities:
            for number in range(1, count + 1):
                yield make_document(layout, quality, seed, number)


def _drawn(layout: str, random: Random, instead: Mapping[str, str], *, small: bool) -> Drawn:
    issuer = ISSUERS.get(layout)
    if issuer is None:
        state = random.getstate()
        return _twice(lambda sheet: _other(sheet, layout, random, state), (612, 792), (), instead)
    habits = issuer.habits
    if small:
        habits = replace(habits, claims=(1, 1), payments=(1, 1), most_lines=6)
    payments = make_payments(random, issuer.name, habits)

    def draw(sheet: Sheet) -> None:
        for number, payment in enumerate(payments):
            sheet.path = f"payments[{number}]."
            issuer.draw(sheet, payment, issuer)

    return _twice(draw, issuer.size, payments, instead, sideways=issuer.sideways)


def _other(sheet: Sheet, layout: str, random: Random, state: tuple[Any, ...]) -> None:
    random.setstate(state)
    draw_other(sheet, layout, random)


def _twice(
    draw: Callable[[Sheet], None],
    size: tuple[float, float],
    payments: tuple[Payment, ...],
    instead: Mapping[str, str],
    *,
    sideways: bool = False,
) -> Drawn:
    """Drawn once to count the pages, and once with their number on them."""
    counting = Sheet(size)
    draw(counting)
    sheet = Sheet(size, title="Simulated document", instead=instead, sideways=sideways)
    sheet.pages = counting.page
    draw(sheet)
    return Drawn(sheet.finish(), sheet.page, payments, sheet.figures)
