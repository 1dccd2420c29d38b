"""A captured page is read as the profile says, or refused: never half, never by order."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.errors import UnknownPage
from bots.claim_task import Read, Rows
from bots.page_language import PageField
from bots.reading.fields import codes, convert
from bots.reading.listed import read_rows
from bots.reading.page import read_claim

READ = Read(
    within="#claim",
    fields={
        "payer_claim_number": PageField(label="Claim number"),
        "words": PageField(label="Status"),
        "paid": PageField(label="Paid", into="money", when_missing="none"),
        "service_from": PageField(label="Dates", pattern=r"^(\S+) - \S+$", into="date"),
        "reason_codes": PageField(
            column=("Codes", "Code"), within="table", into="codes", when_missing="none"
        ),
    },
)


def claim_page(inner: str, *, status: str = "<dt>Status:</dt><dd>Paid</dd>") -> bytes:
    return (
        f"<html><body><dl><dt>Claim number</dt><dd>ELSEWHERE</dd></dl><div id=claim><dl>"
        f"<dt>Claim number</dt><dd data-cs-box='1,2,30,40'>E1</dd>{status}"
        f"<dt>Dates</dt><dd>03/04/2026 - 03/05/2026</dd>{inner}</dl></div></body></html>"
    ).encode()


def test_values_come_with_the_place_they_stood_in() -> None:
    page = claim_page("<dt>Paid</dt><dd>$1,234.50</dd>")
    status, places = read_claim(page, READ, {"Paid": "F1"})
    assert (status.payer_claim_number, status.words, status.category) == ("E1", "Paid", "F1")
    assert status.paid == Decimal("1234.50")
    assert status.service_from == date(2026, 3, 4)
    assert places["payer_claim_number"].box == (1.0, 2.0, 30.0, 40.0)
    assert len({place.sha256 for place in places.values()}) == 1


def test_a_phrase_outside_the_vocabulary_has_no_category() -> None:
    status, _ = read_claim(claim_page(""), READ, {"Denied": "F2"})
    assert (status.words, status.category) == ("Paid", None)


def test_codes_of_all_tables_are_the_claims_codes() -> None:
    tables = (
        "<table><thead><tr><th>Line</th><th>Codes</th></tr></thead>"
        "<tr><td>1</td><td>CO-45 38.20; PR-2 20.00</td></tr>"
        "<tr><td>2</td><td>CO-45 1.00</td></tr></table>"
        "<table><tr><th>Code</th></tr><tr><td>CO-253</td></tr></table>"
    )
    status, _ = read_claim(claim_page(tables), READ, {})
    assert status.reason_codes == ("CO-253", "CO-45", "PR-2")


@pytest.mark.parametrize(
    ("inner", "status", "why"),
    [
        ("<dt>Status</dt><dd>Denied</dd>", "<dt>Status</dt><dd>Paid</dd>", "2 times"),
        ("", "", "0 times"),
        ("<dt>Paid</dt><dd>soon</dd>", "<dt>Status</dt><dd>Paid</dd>", "not an amount"),
    ],
)
def test_a_field_that_is_missing_doubled_or_no_figure_refuses_the_page(
    inner: str, status: str, why: str
) -> None:
    with pytest.raises(UnknownPage, match=why):
        read_claim(claim_page(inner, status=status), READ, {})


def test_what_nobody_can_see_is_not_read() -> None:
    page = claim_page("<dt data-cs-hidden>Paid</dt><dd data-cs-hidden>$9.00</dd>")
    status, _ = read_claim(page, READ, {})
    assert status.paid is None


def test_a_refusal_never_repeats_what_the_page_says() -> None:
    page = claim_page("<dt>Paid</dt><dd>Doe, Jane 01/02/1980</dd>")
    with pytest.raises(UnknownPage) as refused:
        read_claim(page, READ, {})
    assert "Jane" not in str(refused.value)
    assert "1980" not in str(refused.value)


ROWS = Rows(
    table="#grid",
    fields={
        "payer_claim_number": PageField(column=("ICN",)),
        "charge": PageField(column=("Billed",), into="money"),
    },
)


def test_rows_leave_out_a_pager_and_nested_tables() -> None:
    page = (
        b"<table id=grid><tr><th>ICN</th><th>Billed</th></tr><tr><td>1</td><td>$2.00</td></tr>"
        b"<tr><td colspan=2><table><tr><td>1</td><td>2</td></tr></table></td></tr></table>"
    )
    (row,) = read_rows(page, ROWS, {})
    assert (row.payer_claim_number, row.charge) == ("1", Decimal("2.00"))


def test_a_results_table_that_lost_a_column_is_refused() -> None:
    page = (
        b"<table id=grid><tr><th>ICN</th><th>Charged</th></tr><tr><td>1</td><td>2</td></tr></table>"
    )
    with pytest.raises(UnknownPage, match="lacks the columns"):
        read_rows(page, ROWS, {})


JSON_ROWS = Rows(
    response="/api/*",
    list="data.claims",
    fields={
        "payer_claim_number": PageField(label="number"),
        "charge": PageField(label="billed.total", into="money"),
        "service_from": PageField(label="day", into="date", date_format="%Y-%m-%d"),
    },
)


def test_rows_of_a_response_are_read_by_their_keys() -> None:
    body = {
        "data": {"claims": [{"number": "E1", "billed": {"total": "5.00"}, "day": "2026-03-04"}]}
    }
    (row,) = read_rows(json.dumps(body).encode(), JSON_ROWS, {})
    assert (row.charge, row.service_from) == (Decimal("5.00"), date(2026, 3, 4))


@pytest.mark.parametrize(
    "body", [{"data": {}}, {"data": {"claims": [{"number": "E1", "day": ""}]}}, []]
)
def test_a_response_of_another_shape_is_refused(body: object) -> None:
    with pytest.raises(UnknownPage):
        read_rows(json.dumps(body).encode(), JSON_ROWS, {})


def test_a_response_that_is_not_json_is_refused() -> None:
    with pytest.raises(UnknownPage):
        read_rows(b"<html>Service Unavailable</html>", JSON_ROWS, {})


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(page: bytes) -> None:
    try:
        read_claim(page, READ, {})
    except UnknownPage:
        return
    raise AssertionError("random bytes cannot hold a claim")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("CO-45 38.20; PR-2 20.00", ("CO-45", "PR-2")),
        ("CO 253", ("CO-253",)),
        ("", ()),
        ("CO-45 CO-45", ("CO-45",)),
        ("OA-A1 5", ("OA-A1",)),
    ],
)
def test_codes(text: str, found: tuple[str, ...]) -> None:
    assert codes(text) == found


def test_a_date_in_another_spelling_is_refused() -> None:
    with pytest.raises(ValueError, match="not a date"):
        convert("2026-03-04", PageField(label="x", into="date", date_format=("%m/%d/%Y",)))
