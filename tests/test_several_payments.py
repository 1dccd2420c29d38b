"""A PDF that carries several payments is read and judged payment by payment."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from eob_samples import GOLDEN, LIST_PAGES, draw_list
from ledger_samples import claim
from remittance_marks import mark_document

from billing.errors import UnreadableDocument
from billing.model import Found, NoAnswer
from billing.money import dollars
from bots.layout import EobLayout, load_layout
from bots.reading.eob import read_eob
from bots.reading.eob_json import document_json
from flows.account import eob_observation
from sandbox.remittances.corpus import Document, make_document

FERNGATE = {"ferngate": load_layout(Path(__file__).parent / "layouts" / "ferngate.yaml")}
SEED = 61


def bound(documents: Sequence[bytes]) -> bytes:
    """All pages of all ``documents`` in one."""
    whole = pypdfium2.PdfDocument.new()
    for data in documents:
        whole.import_pages(pypdfium2.PdfDocument(data))
    stream = BytesIO()
    whole.save(stream)
    return stream.getvalue()


def three(quality: str = "text") -> list[Document]:
    """Three payments of several pages, the second one in ``quality``."""
    numbered = (make_document("ferngate", "text", SEED, number) for number in range(1, 60))
    long = [number for number, one in enumerate(numbered, 1) if one.truth["pages"] > 1][:3]
    qualities = ("text", quality, "text")
    return [
        make_document("ferngate", one, SEED, number)
        for one, number in zip(qualities, long, strict=True)
    ]


def read(data: bytes) -> list[dict[str, Any]]:
    document = document_json("several.pdf", read_eob(data, FERNGATE))
    assert document["errors"] == []
    return document["payments"]


def test_each_payment_has_its_own_claims_totals_and_pages() -> None:
    documents = three()
    payments = read(bound([one.data for one in documents]))
    before = 0
    for document, payment in zip(documents, payments, strict=True):
        marks = mark_document(document.truth, [payment])
        assert (marks.missed, marks.wrong) == ([], [])
        assert payment["balanced"]
        for path, place in document.truth["places"].items():
            if (name := path.removeprefix("payments[0].")) in payment["places"]:
                assert payment["places"][name]["page"] == place["page"] + before, path
        before += document.truth["pages"]


def test_one_payment_out_of_balance_leaves_the_others_good() -> None:
    documents = three("digit")
    payments = read(bound([one.data for one in documents]))
    assert [one["balanced"] for one in payments] == [True, False, True]
    assert [bool(one["residuals"]) for one in payments] == [False, True, False]
    for number in (0, 2):
        marks = mark_document(documents[number].truth, [payments[number]])
        assert (marks.missed, marks.wrong) == ([], [])


def test_a_claim_is_observed_in_the_payment_that_holds_it_if_that_one_balances() -> None:
    documents = three("digit")
    reading = read_eob(bound([one.data for one in documents]), FERNGATE)
    found = []
    for document in documents:
        number = document.truth["payments"][0]["claims"][0]["payer_claim_number"]
        seen = eob_observation(reading, "0" * 64, claim=claim(1), payer_claim_number=number)
        found.append(type(seen.answer))
    assert found == [Found, NoAnswer, Found]


def test_a_page_that_is_missing_or_in_another_payment_is_noticed() -> None:
    one, other, last = (document.data for document in three())
    torn = pypdfium2.PdfDocument(other)
    del torn[len(torn) - 1]
    stream = BytesIO()
    torn.save(stream)
    for documents in ([one, stream.getvalue(), last], [one, one], [stream.getvalue(), last]):
        with pytest.raises(UnreadableDocument, match="pages are missing or out of order"):
            read_eob(bound(documents), FERNGATE)


def second_of(pages: Sequence[str]) -> list[str]:
    """The same payment under another number, with other claims."""
    swaps = (("000777", "000778"), ("202602", "202603"))
    changed = list(pages)
    for old, new in swaps:
        changed = [page.replace(old, new) for page in changed]
    return changed


def list_layout(**payment: str) -> dict[str, EobLayout]:
    layout = load_layout(GOLDEN / "list.yaml")
    opening = layout.payment.model_copy(update=payment)
    return {"list": layout.model_copy(update={"payment": opening, "page_number": None})}


@pytest.mark.parametrize("starts", [r"RA NUMBER (\S+)", "RA NUMBER"])
def test_a_payment_may_begin_in_the_middle_of_a_page(starts: str) -> None:
    pages = [line for page in (LIST_PAGES[:1], second_of(LIST_PAGES)[:1]) for line in page]
    totals = "RA TOTALS\nCLAIMS 1   BILLED 210.00   PAID 115.00"
    one, other = (page.replace("75.00", "115.00") + f"\n{totals}" for page in pages)
    both = one + "\n" + "\n".join(other.splitlines()[1:])
    reading = read_eob(draw_list([both]), list_layout(starts=starts))
    assert [one.trace_number for one in reading.remittances] == ["000777", "000778"]
    assert [dollars(one.amount) for one in reading.remittances] == ["115.00", "115.00"]
    assert [len(one.claims) for one in reading.remittances] == [1, 1]
    assert reading.balanced


def test_a_document_in_which_no_row_opens_a_payment_is_refused() -> None:
    with pytest.raises(UnreadableDocument, match="no row that opens a payment"):
        read_eob(draw_list(LIST_PAGES), list_layout(starts="WARRANT NUMBER"))


def test_a_heading_on_every_page_opens_no_payment_when_it_says_the_same_again() -> None:
    reading = read_eob(draw_list(LIST_PAGES), list_layout(starts=r"RA NUMBER (\S+)"))
    assert reading.balanced
    assert [len(one.claims) for one in reading.remittances] == [2]
