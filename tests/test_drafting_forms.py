"""Forms of remittance that say less than others, or say it otherwise, are drafted all the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from drafted_papers import HEADINGS, LABELS, LINES, Claim, Line, paper

from billing.errors import UnreadableDocument
from billing.model import Remittance
from bots.reading.drafting.general import propose
from bots.reading.drafting.phrases import pairs
from bots.reading.drafting.running import figures_of, running_line
from bots.reading.rows import Row, first_day
from bots.reading.tables import Column, Columns, with_room
from bots.reading.words import Word

BACK = tuple(
    replace(one, charge=-one.charge, contractual=-one.contractual, deductible=-one.deductible)
    for one in LINES
)


def row(*words: tuple[float, str]) -> Row:
    return Row(1, tuple(Word(text, (left, 0, left + 5 * len(text), 8)) for left, text in words))


def read(**changed: object) -> Remittance:
    reading = propose([paper(**changed).page()], "0").reading
    assert reading.balanced
    return reading.remittances[0]


def test_a_claim_without_totals_is_the_sum_of_its_lines() -> None:
    (claim,) = read(claim_totals=False).claims
    assert (claim.charge, claim.paid) == (Decimal("242.50"), Decimal("145.00"))


def test_a_claim_whose_status_is_not_printed_is_a_reversal_by_its_sign() -> None:
    claims = [
        Claim("77031-4", "OL40021", "M5512208", "", BACK),
        Claim("77031-4", "OL40022", "M5512208", "", LINES),
    ]
    remittance = read(claims=claims, head=["account", "number", "member"])
    assert [claim.status for claim in remittance.claims] == ["22", "1"]


def test_a_method_that_is_not_printed_is_not_made_up() -> None:
    assert read(labels=LABELS | {"method": "Clerk"}).method == ""


def test_a_payee_without_a_label_is_not_made_up() -> None:
    proposal = propose([paper(labels=LABELS | {"payee": "Clerk"}).page()], "0")
    assert proposal.reading.balanced
    assert proposal.reading.remittances[0].payee == ""
    assert proposal.confidence < 50


def test_deductible_and_copay_in_one_column_are_no_known_code() -> None:
    headings = HEADINGS | {"deductible": "Ded/Copay"}
    assert not propose([paper(headings=headings).page()], "0").reading.balanced


def test_a_claim_number_in_a_column_begins_each_claim() -> None:
    headings = HEADINGS | {"number": "Claim No", "account": "Patient Acct"}
    claims = [
        Claim("77031-4", "OL40021", "M5512208", "Processed", LINES),
        Claim("77032-4", "OL40022", "M5512209", "Processed", LINES[:1]),
    ]
    remittance = read(
        claims=claims,
        head=[],
        headings=headings,
        columns=["number", "account", *HEADINGS],
        claim_totals=False,
    )
    assert [(one.claim_id, one.payer_claim_number) for one in remittance.claims] == [
        ("77031-4", "OL40021"),
        ("77032-4", "OL40022"),
    ]
    assert [len(claim.lines) for claim in remittance.claims] == [2, 1]


def test_a_label_stands_behind_an_address() -> None:
    found = pairs(
        row((40, "LARKSPUR"), (85, "00000"), (300, "CHECK/EFT"), (350, "#:"), (380, "88"))
    )
    assert found is None
    (pair,) = (
        pairs(
            row((40, "LARKSPUR"), (85, "00000"), (300, "CHECK/EFT"), (350, "#:"), (380, "88")),
            inset=True,
        )
        or ()
    )
    assert (pair.label, pair.value) == ("CHECK/EFT #", "88")


def test_a_line_of_running_text_is_told_from_a_sentence() -> None:
    line = running_line(
        row(
            (40, "09/10/26"),
            (90, "J7613"),
            (120, "KX"),
            (140, "qty"),
            (160, "6"),
            (180, "charge"),
            (220, "6.00"),
        )
    )
    assert line is not None
    assert (line.procedure, line.day, line.fields) == ("J7613", "09/10/26", {"units", "charge"})
    assert (
        running_line(row((40, "See"), (60, "J7613"), (90, "in"), (110, "your"), (140, "contract")))
        is None
    )
    assert figures_of("allowed 4.14 of 5.00".split(), "line") is None


@pytest.mark.parametrize(
    ("text", "spelling", "day"),
    [
        ("0911 091326", "%m%d%y", date(2026, 9, 11)),
        ("1230 010227", "%m%d%y", date(2026, 12, 30)),
        ("09/11-09/13/2026", "%m/%d/%Y", date(2026, 9, 11)),
        ("09/11/26 - 09/13/26", "%m/%d/%y", date(2026, 9, 11)),
        ("09-11-26", "%m-%d-%y", date(2026, 9, 11)),
    ],
)
def test_the_first_day_of_a_period_counts(text: str, spelling: str, day: date) -> None:
    assert first_day(text, spelling) == day


@pytest.mark.parametrize("text", ["091326 091126", "0911 1326", "0911", "one two"])
def test_what_is_no_period_is_no_day(text: str) -> None:
    with pytest.raises(ValueError, match="no period"):
        first_day(text, "%m%d%y")


def test_an_amount_may_stand_apart_from_its_code_before_the_next_heading() -> None:
    columns = [Column("COINS", 100, 125), Column("GRP/RC-AMT", 150, 200), Column("PAID", 280, 300)]
    words = row((150, "CO-45"), (230, "6.61"), (280, "9.63")).words
    assert Columns(tuple(columns)).cells(words) is None
    cells = with_room(columns, ["GRP/RC-AMT"]).cells(words)
    assert cells is not None
    assert [word.text for word in cells["GRP/RC-AMT"]] == ["CO-45", "6.61"]
    assert [word.text for word in cells["PAID"]] == ["9.63"]


def test_a_line_that_does_not_close_is_not_hidden_by_sums() -> None:
    wrong = (*LINES, Line("G0008", Decimal("10.00"), Decimal("2.00"), Decimal("1.00")))
    page = paper(
        claims=[Claim("77031-4", "OL40021", "M5512208", "Processed", wrong)], claim_totals=False
    ).page()
    words = tuple(
        replace(word, text="$8.00") if word.text == "$10.00" else word for word in page.words
    )
    try:
        reading = propose([replace(page, words=words)], "0").reading
    except UnreadableDocument:
        return
    assert not reading.balanced
