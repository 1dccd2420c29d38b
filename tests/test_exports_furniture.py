"""What a report prints around its claims is told from rows that a person must look at."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from exports_samples import KAREO, PAYERS, kareo_csv, kareo_row
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.exports import read_export
from bots.exports.furniture import FOOTER, is_footer

FIRST = 6
"""The row of the first claim, below preamble and headings."""

numbers = st.integers(1, 99_999)
names = st.sampled_from(["JSMITH", "Ana de la Cruz", "billing@larkspur", "R. Ash"])
days = st.dates().map(lambda day: f"{day:%m/%d/%Y}")
marks = st.one_of(
    st.builds("Page {} of {}".format, numbers, numbers),
    st.builds("Page: {}".format, numbers),
    st.builds("Pg {}/{}".format, numbers, numbers),
    st.builds("PAGE {} OF {}".format, numbers, numbers),
    st.builds("Printed on {} by {}".format, days, names),
    st.builds("Report generated: {} 03:15 PM".format, days),
    st.builds("Run date {}".format, days),
    st.sampled_from(["End of report", "*** END OF REPORT ***", "--- End of List ---"]),
)
prints = st.one_of(
    st.lists(marks, min_size=1, max_size=1),
    st.tuples(
        st.builds("Page {} of {}".format, numbers, numbers),
        st.builds("Printed on {} by {}".format, days, names),
    ).map(list),
    st.builds("A/R Aging Detail  Page {} of {}".format, numbers, numbers).map(lambda one: [one]),
)


@dataclass(frozen=True)
class Made:
    """A row of an export, and why it is refused: empty for a claim."""

    cells: list[str]
    why: str


def footer(texts: list[str], at: int) -> list[str]:
    cells = [""] * len(KAREO)
    for nth, text in enumerate(texts):
        cells[(at + 5 * nth) % len(KAREO)] = text
    return cells


CHANGES = {
    "Total Charge": "$7.50",
    "Insurance Balance": "$1.00",
    "DOS From": "3/3/2026",
    "Patient": "Roe, Ann",
    "Insurance": "Fern County Medical Aid",
}


@st.composite
def exports(draw: st.DrawFn) -> list[Made]:
    """Claims with footers, rows that stand twice, and rows that contradict an earlier one."""
    made: list[Made] = [Made(kareo_row(1), "")]
    claims: dict[int, int] = {1: FIRST}
    for number in range(2, draw(st.integers(2, 14))):
        what = draw(st.sampled_from(["claim", "claim", "footer", "again", "otherwise"]))
        if what == "claim":
            claims[number] = FIRST + len(made)
            made.append(Made(kareo_row(number), ""))
        elif what == "footer":
            texts = draw(prints)
            ordered = draw(st.integers(0, len(KAREO) - 1 - 5 * (len(texts) - 1)))
            made.append(Made(footer(texts, ordered), FOOTER))
        else:
            known = draw(st.sampled_from(sorted(claims)))
            again = f"Claim ID repeats that of row {claims[known]}"
            if what == "again":
                made.append(Made(kareo_row(known), f"{again}: the same row once more"))
            else:
                changed = draw(st.sampled_from(sorted(CHANGES)))
                cells = kareo_row(known, **{changed: CHANGES[changed]})
                which = f"{again} with another {changed}: which of the two is right?"
                made.append(Made(cells, which))
    return made


@settings(max_examples=150, deadline=None)
@given(exports())
def test_every_row_is_a_claim_or_refused_for_what_it_is(made: list[Made]) -> None:
    reading = read_export(kareo_csv([one.cells for one in made]), "a.csv", payer_ids=PAYERS)
    told = {one.row: one.why for one in reading.refused}
    assert told == {FIRST + at: one.why for at, one in enumerate(made) if one.why}
    assert [claim.source.row for claim in reading.claims] == [
        FIRST + at for at, one in enumerate(made) if not one.why
    ]
    missed = {one.row for one in reading.refused if one.meant}
    assert missed == {FIRST + at for at, one in enumerate(made) if one.why not in ("", FOOTER)}


@pytest.mark.parametrize(
    "cells",
    [
        ["Page, Anna"],
        ["00000012", "Page, Anna"],
        ["Printed, Mary", "", "AGH1"],
        ["End of report", "$5.00", "", "$7.00", "x", "y"],
        ["page"],
        ["Prescription 3 of 9"],
        ["Runyon, Bea"],
        ["Generated"],
        ["$150.00"],
        [""],
    ],
)
def test_what_may_be_a_torn_claim_is_no_footer(cells: list[str]) -> None:
    assert not is_footer(cells)
    row = [*cells, *[""] * (len(KAREO) - len(cells))]
    reading = read_export(kareo_csv([kareo_row(1), row]), "a.csv", payer_ids=PAYERS)
    (refused,) = reading.refused
    assert refused.why != FOOTER
