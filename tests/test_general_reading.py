"""A document that is no remittance is refused with the kind that it is."""

from __future__ import annotations

import pytest

from billing.errors import UnreadableDocument
from bots.reading.eob import read_eob
from sandbox.remittances.corpus import LAYOUTS, make_document

KINDS = {
    "patient_eob": "a patient EOB",
    "invoice": "an invoice",
    "statement": "a statement",
    "letter": "a letter",
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_is_no_remittance_is_refused_with_its_kind(layout: str) -> None:
    document = make_document(layout, "text", seed=41, number=1)
    with pytest.raises(UnreadableDocument) as refused:
        read_eob(document.data, {})
    said = str(refused.value).partition("looks like no remittance but ")[2]
    assert said.partition(";")[0] == KINDS.get(layout, "")
