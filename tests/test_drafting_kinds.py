"""A remittance may have the words of a letter or a bill; what is no remittance is not read."""

from __future__ import annotations

from decimal import Decimal

import pytest
from drafted_papers import paper

from billing.errors import UnreadableDocument
from bots.reading.drafting.general import propose
from bots.reading.kinds import PHRASES, SHARED, is_surely_other, other_kind


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
    reading = propose([paper(notices=[notice], title=title).page()], "0").reading
    assert reading.balanced
    assert reading.remittances[0].amount == Decimal("145.00")


@pytest.mark.parametrize(
    "notice", ["Amount you may owe 25.00", "Statement of account", "Please remit payment by May"]
)
def test_a_document_of_another_kind_is_not_read_though_it_balances(notice: str) -> None:
    with pytest.raises(UnreadableDocument, match=r"looks like no remittance but an? "):
        propose([paper(notices=[notice], title="Explanation of Benefits").page()], "0")


def test_words_of_another_kind_are_the_reason_where_nothing_balances() -> None:
    wrong = paper(notices=["This is not a bill"])
    page = wrong.page()
    words = tuple(
        word if word.text != "$145.00" else type(word)("$154.00", word.box) for word in page.words
    )
    with pytest.raises(UnreadableDocument, match="no remittance but a patient EOB"):
        propose([type(page)(1, page.width, page.height, words)], "0")


def test_every_shared_phrase_is_one_of_another_kind() -> None:
    assert {phrase for phrases in PHRASES.values() for phrase in phrases} >= SHARED
    assert not any(is_surely_other(phrase) for phrase in SHARED)
