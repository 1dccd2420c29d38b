"""A date is read only where its digits leave no second reading."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.money import MOST_DIGITS, ZERO, money, parse_date, x12_money


@given(st.dates(date(1970, 1, 1), date(2068, 12, 31)), st.data())
def test_a_digit_lost_from_a_date_without_separators_is_refused(
    day: date, data: st.DataObject
) -> None:
    spelling = data.draw(st.sampled_from(["%m%d%y", "%Y%m%d", "%m%d%Y", "%d%b%Y"]))
    text = day.strftime(spelling)
    assert parse_date(text, (spelling,)) == day
    lost = data.draw(st.sampled_from([at for at, one in enumerate(text) if one.isdigit()]))
    with pytest.raises(ValueError, match="not a date"):
        parse_date(text[:lost] + text[lost + 1 :], (spelling,))


@given(st.data())
def test_a_date_between_strokes_is_what_the_library_reads(data: st.DataObject) -> None:
    spelling = data.draw(
        st.sampled_from(["%m/%d/%Y", "%Y-%m-%d", "%d.%m.%Y", "%m-%d-%Y", "%m/%d/%y", "%Y/%d/%m"])
    )
    stroke = data.draw(st.sampled_from(["/", "-", ".", spelling[2]]))
    day = data.draw(st.dates())
    number = st.integers(0, 40).map(str) | st.integers(0, 13).map("{:02d}".format)
    year = st.sampled_from([f"{day.year:04d}", str(day.year), f"{day.year % 100:02d}", "٢٠٢٦"])
    parts = [data.draw(year if one in "Yy" else number, label=one) for one in spelling[1::3]]
    text = stroke.join(parts)
    try:
        expected = datetime.strptime(text, spelling).date()  # noqa: DTZ007 - a calendar date
    except ValueError:
        with pytest.raises(ValueError, match="not a date"):
            parse_date(text, (spelling,))
    else:
        assert parse_date(text, (spelling,)) == expected


def test_a_date_with_separators_may_leave_its_zeros_out() -> None:
    assert parse_date("1/2/2026", ("%m/%d/%Y",)) == date(2026, 1, 2)


@pytest.mark.parametrize("read", [money, x12_money])
def test_a_number_longer_than_any_amount_is_none(read: Callable[[str], Decimal]) -> None:
    most = "9" * MOST_DIGITS
    assert read(f"{most}.99") == Decimal(f"{most}.99")
    for text in (f"9{most}", f"9{most}.99", "9" * 5000):
        with pytest.raises(ValueError, match="not an amount"):
            read(text)
    assert sum([read(f"{most}.99")] * 1000, ZERO) == Decimal(f"{most}.99") * 1000
