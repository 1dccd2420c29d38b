"""A remittance may have the words of a letter or a bill; what is no remittance is not read."""

from __future__ import annotations

from decimal import Decimal

import pytest
from drafted_papers import Claim, Line, Paper

from billing.errors import UnreadableDocument
from bots.reading.drafting.general import propose
from bots.reading.kinds import PHRASES, SHARED, is_surely_other, other_kind

LINES = (
    Line("G0438", Decimal("210.00"), Decimal("60.00"), Decimal("25.00")),
    Line("J1100", Decimal("32.50"), Decimal("12.50"), Decimal("0.00")),
)
LABELS = {
    "trace": "Check Number",
    "date": "Check Date",
    "method": "Payment Method",
    "amount": "Check Amount",
    "payee": "Pay To",
    "account": "Patient Account No",
    "number": "Claim Number",
    "member": "Member ID",
    "status": "Claim Status",
    "total": "Total Paid",
}
HEADINGS = {
    "service_date": "Date of Service",
    "procedure": "Procedure Code",
    "units": "Units",
    "charge": "Billed",
    "allowed": "Allowed",
    "deductible": "Deductible",
    "adjustments": "Adjustments",
    "paid": "Paid",
}


def paper(*notices: str, title: str = "Remittance Advice") -> Paper:
    claims = [Claim("77031-4", "OL40021", "M5512208", "Processed", LINES)]
    return Paper(
        labels=LABELS,
        headings=HEADINGS,
        columns=list(HEADINGS),
        head=["account", "number", "member", "status"],
        claims=claims,
        notices=notices,
        title=title,
    )


@pytest.mark.parametrize(
    "notice",
    [
        "This is not a bill",
        "Statement Date 10/21/2026",
        "Dear Provider: the codes are explained below",
        "Bill To the address on file",
        "Please remit payment of overpayments to the address below",
        "Members see the amount you may owe in their own notice",
    ],
)
@pytest.mark.parametrize("title", ["Remittance Advice", "Provider Explanation of Benefits"])
def test_a_remittance_with_words_of_another_kind_is_read(notice: str, title: str) -> None:
    assert other_kind(notice) is not None
    reading = propose([paper(notice, title=title).page()], "0").reading
    assert reading.balanced
    assert reading.remittances[0].amount == Decimal("145.00")


@pytest.mark.parametrize(
    "notice", ["Amount you may owe 25.00", "Statement of account", "Please remit payment by May"]
)
def test_a_document_of_another_kind_is_not_read_though_it_balances(notice: str) -> None:
    with pytest.raises(UnreadableDocument, match=r"looks like no remittance but an? "):
        propose([paper(notice, title="Explanation of Benefits").page()], "0")


def test_words_of_another_kind_are_the_reason_where_nothing_balances() -> None:
    wrong = paper("This is not a bill")
    page = wrong.page()
    words = tuple(
        word if word.text != "$145.00" else type(word)("$154.00", word.box) for word in page.words
    )
    with pytest.raises(UnreadableDocument, match="no remittance but a patient EOB"):
        propose([type(page)(1, page.width, page.height, words)], "0")


def test_every_shared_phrase_is_one_of_another_kind() -> None:
    assert {phrase for phrases in PHRASES.values() for phrase in phrases} >= SHARED
    assert not any(is_surely_other(phrase) for phrase in SHARED)
