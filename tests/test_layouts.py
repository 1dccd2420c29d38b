"""A simulated issuer's layout can be said in an eob.yaml, and is read right or refused."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from remittance_marks import mark_document

from billing.errors import UnreadableDocument
from bots import layout as layout_module
from bots.layout import EobLayout, load_layout
from bots.profile import load_layouts
from bots.reading.eob import Reading, read_eob
from bots.reading.eob_json import document_json
from sandbox.remittances.corpus import ISSUERS, make_document

HERE = Path(__file__).resolve().parent / "layouts"
PROFILES = HERE.parents[1] / "payer_profiles"
WITHOUT_PROFILE = sorted(path.stem for path in HERE.glob("*.yaml"))
SEED = 59

WITH_LAYOUT = [key for key, one in ISSUERS.items() if one.described or key in WITHOUT_PROFILE]

each_layout = pytest.mark.parametrize("layout", WITH_LAYOUT)


@cache
def every_layout() -> dict[str, EobLayout]:
    return load_layouts(PROFILES) | {
        name: load_layout(HERE / f"{name}.yaml") for name in WITHOUT_PROFILE
    }


def reading_of(data: bytes) -> Reading | UnreadableDocument:
    try:
        return read_eob(data, every_layout())
    except UnreadableDocument as error:
        return error


def test_the_layouts_here_are_of_the_issuers_that_the_product_does_not_know() -> None:
    """Some are of issuers that nobody has described yet, and have no layout at all."""
    unknown = {key for key, one in ISSUERS.items() if not one.described}
    assert unknown > set(WITHOUT_PROFILE)
    assert len(WITH_LAYOUT) >= 18


@each_layout
@pytest.mark.parametrize("number", range(1, 6))
def test_a_document_is_read_in_every_field(layout: str, number: int) -> None:
    document = make_document(layout, "text", SEED, number)
    read = document_json(document.name, reading_of(document.data))
    assert read["errors"] == []
    assert [one["residuals"] for one in read["payments"]] == [[] for _ in read["payments"]]
    marks = mark_document(document.truth, read["payments"])
    assert (marks.missed, marks.wrong) == ([], [])
    assert marks.right > 10


@each_layout
@pytest.mark.parametrize("number", range(1, 6))
def test_another_digit_in_an_amount_is_refused(layout: str, number: int) -> None:
    document = make_document(layout, "digit", SEED, number)
    read = reading_of(document.data)
    assert isinstance(read, UnreadableDocument) or not read.balanced


def test_every_key_of_a_layout_is_explained() -> None:
    """In the module and on the page about it; a key that nobody finds is a key nobody sets."""
    page = (PROFILES.parent / "docs" / "layouts.md").read_text(encoding="utf-8")
    parts = [one for one in vars(layout_module).values() if isinstance(one, type)]
    keys = {
        key for part in parts if issubclass(part, layout_module.Strict) for key in part.model_fields
    }
    assert keys > {"page_columns", "whole_claim", "fixed", "positive"}
    for text in (str(layout_module.__doc__), page):
        assert [key for key in sorted(keys) if not re.search(rf"\b{key}\b", text)] == []
