"""Figures as portals spell and split them: read as meant, or refused, never nearly right."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest

from billing.errors import UnknownPage
from bots.claim_task import ReadResponse, Rows
from bots.page_language import PageField
from bots.reading.fields import convert
from bots.reading.listed import read_rows
from bots.reading.page import read_region, read_response

DAY = date(2026, 1, 5)
NUMBER = {"payer_claim_number": PageField(label="number")}


def read(html: str, **field: object) -> object:
    """One field of a page."""
    page = f"<!doctype html><body><div id=r>{html}</div>".encode()
    return read_region(page, "#r", {"paid": PageField(**field)}).values["paid"]


@pytest.mark.parametrize(
    "text",
    [
        "Jan 5, 2026", "January 5, 2026", "1/5/26", "01/05/2026", "05-JAN-2026", "5 Jan 2026",
        "20260105", "01052026", "2026-01-05", "2026-01-05T00:00:00", "2026-01-05T00:00:00Z",
        "2026-01-05T00:00:00.000-06:00", "1/5/2026 12:00:00 AM", "Mon, Jan 5, 2026",
        "01/05/\u200b2026", "\u200e1/5/2026",
    ],
)  # fmt: skip
def test_a_day_in_us_spellings(text: str) -> None:
    assert convert(text, PageField(label="x", into="date")) == DAY


@pytest.mark.parametrize(
    "text", ["2026-01-06T03:30:00Z", "2026-01-05T23:00:00-05:00", "1767571200000", "1767571200", ""]
)
def test_a_moment_in_a_zone_or_since_an_epoch_is_no_day(text: str) -> None:
    with pytest.raises(ValueError, match=r"day|date"):
        convert(text, PageField(label="x", into="date"))


def test_a_profile_may_take_the_day_as_written_from_a_moment() -> None:
    field = PageField(label="x", into="date", pattern=r"^(\d{4}-\d\d-\d\d)T")
    assert convert("2026-01-05T23:00:00Z", field) == DAY


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("$1,234.50", "1234.50"), ("$1,234.50-", "-1234.50"), ("(12.00)", "-12.00"),
        ("1,234.5", "1234.50"), ("$ 0.00", "0.00"), ("-$5", "-5.00"), ("12.00 CR", "-12.00"),
    ],
)  # fmt: skip
def test_money_in_us_spellings(text: str, amount: str) -> None:
    assert convert(text, PageField(label="x", into="money")) == Decimal(amount)


@pytest.mark.parametrize("text", ["1.234,50", "12,50", "1 234.50", "$12.505", "USD 12", "12 %"])
def test_what_is_no_us_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        convert(text, PageField(label="x", into="money"))


def test_cents_are_whole() -> None:
    field = PageField(label="x", into="cents")
    assert convert("12050", field) == Decimal("120.50")
    for text in ("120.50", "1,205", ""):
        with pytest.raises(ValueError, match="cents"):
            convert(text, field)


SPLIT = "<span class=a><i>$</i><b>1,120</b><sup>50</sup></span>"


def test_dollars_and_cents_in_elements_of_their_own_are_never_run_together() -> None:
    """A person sees $1,120 and a small 50: as one text that is over a hundred thousand."""
    with pytest.raises(UnknownPage, match="several elements"):
        read(SPLIT.replace("1,120", "120"), css=".a", into="money")
    pattern = r"^\$([\d,]+)(\d\d)$"
    assert read(SPLIT, css=".a", into="money", pattern=pattern) == Decimal("1120.50")
    pointed = "<span class=a>$<b>1,120</b>.<sup>50</sup></span>"
    assert read(pointed, css=".a", into="money") == Decimal("1120.50")
    assert read("<p class=a>E<b>00</b>12</p>", css=".a") == "E0012", "a word may be marked"


LISTS = (
    "<ul class=l><li>Status</li><li>Billed</li><li>Paid</li></ul>"
    "<ul class=v><li>Paid</li><li>$5.00</li><li>$2.00</li></ul>"
)


def test_labels_and_values_in_two_lists() -> None:
    assert read(LISTS, label="Paid", beside="ul.v > li", into="money") == Decimal("2.00")
    assert read(LISTS, label="Status", beside="ul.v > li") == "Paid"
    with pytest.raises(UnknownPage, match="3 labels stand beside 2"):
        read(LISTS.replace("<li>$5.00</li>", ""), label="Paid", beside="ul.v > li", into="money")


@pytest.mark.parametrize("text", ["", "—", "-", "N/A", "$ --", "&nbsp;"])
def test_what_says_nothing_is_missing_only_where_the_profile_says_so(text: str) -> None:
    page = f"<dl><dt>Paid</dt><dd>{text}</dd></dl>"
    assert read(page, label="Paid", into="money", when_missing="none") is None
    with pytest.raises(UnknownPage):
        read(page, label="Paid", into="money")


def rows_of(html: str, **more: object) -> list[tuple[str, Decimal | None, Decimal | None]]:
    """Number, charge and paid of every row of a results table."""
    fields = {
        "payer_claim_number": PageField(column="Claim"),
        "charge": PageField(column=["Billed", "Amount Billed"], into="money"),
        "paid": PageField(column=["Paid", "Amount Paid"], into="money", when_missing="none"),
    }
    page = f"<!doctype html><body><div class=t>{html}</div>".encode()
    rows = Rows(table=str(more.pop("table", "table")), fields=fields, **more)
    return [(r.payer_claim_number, r.charge, r.paid) for r in read_rows(page, rows, {})]


HEAD = "<tr><th>Claim</th><th>Billed</th><th>Paid</th></tr>"
ROW = "<tr><td>A1</td><td>$5.00</td><td>$2.00</td></tr>"
A1 = ("A1", Decimal("5.00"), Decimal("2.00"))


def test_a_totals_row_and_a_pager_are_no_claims() -> None:
    total = "<tr class=total><td>Total</td><td>$5.00</td><td>$2.00</td></tr>"
    pager = "<tr><td colspan=3>Page <a>1</a> 2</td></tr>"
    assert rows_of(f"<table>{HEAD}{ROW}{total}{pager}</table>", skip="tr.total") == [A1]
    foot = f"<table><thead>{HEAD}</thead><tbody>{ROW}</tbody><tfoot>{total}</tfoot></table>"
    assert rows_of(foot) == [A1]


def test_a_row_of_another_width_is_never_passed_over() -> None:
    """A denied claim whose two amounts share a cell would else be "not on file"."""
    merged = "<tr><td>A2</td><td colspan=2>Denied</td></tr>"
    with pytest.raises(UnknownPage):
        rows_of(f"<table>{HEAD}{ROW}{merged}</table>")
    short = "<tr><td>A2</td><td>$5.00</td></tr>"
    with pytest.raises(UnknownPage, match="2 cells stands under 3 headings"):
        rows_of(f"<table>{HEAD}{ROW}{short}</table>")


def test_a_cell_reaches_down_over_the_rows_below() -> None:
    rows = (
        "<tr><td rowspan=2>A1</td><td>$5.00</td><td>$2.00</td></tr>"
        "<tr><td>$7.00</td><td>N/A</td></tr><tr><td>A3</td><td>$1.00</td><td>$1.00</td></tr>"
    )
    found = rows_of(f"<table>{HEAD}{rows}</table>")
    assert found[1] == ("A1", Decimal("7.00"), None)
    assert found[2][0] == "A3"


def test_the_same_heading_twice_names_no_column_unless_a_heading_above_tells() -> None:
    with pytest.raises(UnknownPage, match="lacks the columns"):
        rows_of(f"<table>{HEAD.replace('Billed', 'Paid')}{ROW}</table>")
    grouped = (
        "<tr><th rowspan=2>Claim</th><th colspan=2>Amount</th></tr>"
        "<tr><th>Billed</th><th>Paid</th></tr>"
    )
    assert rows_of(f"<table>{grouped}{ROW}</table>") == [A1]


def test_columns_that_changed_places_are_read_by_their_headings() -> None:
    swapped = "<tr><th>Paid</th><th>Claim</th><th>Billed</th></tr>"
    row = "<tr><td>$2.00</td><td>A1</td><td>$5.00</td></tr>"
    assert rows_of(f"<table>{swapped}{row}</table>") == [A1]
    with pytest.raises(UnknownPage, match="amount"):
        rows_of(f"<table>{HEAD}{row}</table>")


def test_a_grid_of_divs_and_a_table_in_a_table() -> None:
    def line(role: str, *cells: str) -> str:
        return f"<div role=row>{''.join(f'<div role={role}>{c}</div>' for c in cells)}</div>"

    head = line("columnheader", "Claim", "Billed", "Paid")
    grid = f"<div role=grid>{head}{line('gridcell', 'A1', '$5.00', '$2.00')}</div>"
    assert rows_of(grid, table="[role=grid]") == [A1]
    inner = "<table><tr><td>x</td><td>y</td></tr></table>"
    nested = ROW.replace("A1", f"A1{inner.replace('x', '').replace('y', '')}")
    assert rows_of(f"<table>{HEAD}{nested}</table>", table=".t > table") == [A1]


BODY = {"data": [{"claim": {"number": 1234, "paid": 80.5, "cents": 8050, "none": None}}]}


def stated(**field: object) -> object:
    """One field of a response."""
    fields = {
        "payer_claim_number": PageField(label="data.0.claim.number"),
        "paid": PageField(**field),
    }
    body = json.dumps(BODY).encode()
    return read_response(body, ReadResponse(path="/graphql", fields=fields)).values["paid"]


def test_numbers_cents_and_null_in_a_response() -> None:
    assert stated(label="data.0.claim.paid", into="money") == Decimal("80.50")
    assert stated(label="data.0.claim.cents", into="cents") == Decimal("80.50")
    assert stated(label="data.0.claim.none", into="money", when_missing="none") is None
    for nothing in ("data.0.claim.none", "data.0.claim.other"):
        with pytest.raises(UnknownPage):
            stated(label=nothing, into="money")


def test_a_claim_without_a_number_is_refused() -> None:
    with pytest.raises(UnknownPage, match="no number"):
        rows_of(f"<table>{HEAD}{ROW.replace('A1', '')}</table>")


def test_a_pattern_of_two_groups_is_for_dollars_and_cents_only() -> None:
    for into in ("text", "cents", "date"):
        with pytest.raises(ValueError, match="exactly one group"):
            PageField(pattern="(a)(b)", into=into)
    with pytest.raises(ValueError, match="beside goes with a label"):
        PageField(css="b", beside="ul")
