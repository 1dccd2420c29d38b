"""What two readers of a scan saw is one word when it can be spelt in one way only."""

from __future__ import annotations

import pytest

from bots.reading.paper.spelling import NOUGHT, ONE, meant, merged, well_spelt


@pytest.mark.parametrize(
    ("text", "look", "spelt"),
    [
        ("CO-45", "co-45", "CO-45"),
        ("CO-197", "Cco-197", "CO-197"),
        ("GO008", "G0008", "G0008"),
        ("G0O009", "G0009", ""),
        ("$O.00", "$0.00", "$0.00"),
        ("12.l0", "12.10", "12.10"),
        ("1P6FL0PK33", "1P6FLOPK33", ""),
        ("CO-45", "co-46", ""),
        ("PR-1", "PR-11", ""),
        ("11.00", "1.00", ""),
        ("100.00", "10.00", ""),
        ("G0009", "G0008", ""),
        (".60", "-60", ".60"),
        (".60", "60", ""),
        ("1.60", "1-60", ""),
        ("-160", ".160", ""),
        ("", "G0008", ""),
        ("Lane", "LANE", ""),
    ],
)
def test_letters_that_are_drawn_alike_are_told_apart_by_what_can_stand_there(
    text: str, look: str, spelt: str
) -> None:
    assert meant(text, [look]) == spelt


def test_two_spellings_that_can_both_stand_there_are_in_doubt() -> None:
    assert meant("10101", ["I0101", "1O101"]) == "I0101"
    assert meant("10101", ["I0101", "l0101", "00101"]) == "I0101"
    assert meant("C0-45", ["CO-45", "c0-45"]) == "CO-45"
    assert meant("CO-l0", ["CO-10", "CO-I0"]) == ""


def test_where_readings_differ_stands_what_may_be_either() -> None:
    assert merged(["1P6FL0PK33", "1P6FLOPK33"]) == f"1P6FL{NOUGHT}PK33"
    assert merged(["1BX1", "IBx1", "lBX1"]) == f"{ONE}BX1"


def test_small_letters_that_cannot_stand_there_are_large() -> None:
    spelt = [well_spelt(one) for one in ("co-97", "13.19cr", "g0101", "Paid", "lt")]
    assert spelt == ["CO-97", "13.19CR", "G0101", "Paid", "lt"]
    assert [well_spelt(one) for one in ("lronbridge", "labor")] == ["Ironbridge", "labor"]
