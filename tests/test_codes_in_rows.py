"""Codes that stand side by side in rows are each read, and refused where one is not whole."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from eob_samples import HEAD, draw_list

from billing.errors import UnreadableDocument
from billing.model import Adjustment, Remittance
from bots.layout import load_layout
from bots.reading.eob import read_eob

LAYOUT = (
    HEAD
    + r"""sections:
  - {starts: DECIDED, holds: claims}
  - {starts: PAID OUT, holds: provider_adjustments, positive: adds}
  - {starts: TAKEN BACK, holds: provider_adjustments}
claims:
  starts: CLAIM
  fields:
    payer_claim_number: {label: CLAIM}
    claim_id: {label: ACCOUNT}
    status: {constant: "1"}
    charge: {label: BILLED, into: money}
    paid: {label: PAID, into: money}
lines:
  starts: 'G\d{4} \S+ \S+'
  fields:
    procedure: {pattern: '^(G\d{4}) '}
    charge: {pattern: '^\S+ (\S+) ', into: money}
    paid: {pattern: ' (\S+)$', into: money}
  remarks: 'RMK (\S+)'
  adjustments: {pattern: '(?:(?P<group>CO|PR) )?(?P<reason>\d+) (?P<amount>\d+\.\d\d)'}
provider_adjustments:
  pattern: '(?P<reason>[A-Z]\S) (?P<reference>\S+) (?P<amount>\S+)'
"""
)
PAGES = (
    """GAMMA PLAN
CHECK 0001   DATED 01/02/2026   AMOUNT 50.00

DECIDED
CLAIM N1  ACCOUNT A1  BILLED 80.00  PAID 52.00
CO 104 1.00
G0463 50.00 30.00
RMK N19  CO 45 12.00  96 3.00  PR 2 5.00""",
    """GAMMA PLAN
DECIDED
G0101 30.00 23.00
CO 45 7.00
PAID OUT
L6 R1 2.00
TAKEN BACK
WO R2 4.00""",
)


def read(folder: Path, *changes: tuple[str, str]) -> Remittance:
    path = folder / "eob.yaml"
    path.write_text(LAYOUT, encoding="utf-8")
    pages = list(PAGES)
    for old, new in changes:
        assert any(old in page for page in pages), old
        pages = [page.replace(old, new) for page in pages]
    reading = read_eob(draw_list(pages), {"gamma": load_layout(path)})
    assert reading.balanced, reading.residuals
    (remittance,) = reading.remittances
    return remittance


def adjusted(group: str, reason: str, amount: str) -> Adjustment:
    return Adjustment(group, reason, Decimal(amount))


def test_reasons_side_by_side_share_the_group_before_them(tmp_path: Path) -> None:
    (claim,) = read(tmp_path).claims
    first, second = claim.lines
    assert first.adjustments == (
        adjusted("CO", "45", "12.00"),
        adjusted("CO", "96", "3.00"),
        adjusted("PR", "2", "5.00"),
    )
    assert first.remarks == ("N19",)
    assert second.adjustments == (adjusted("CO", "45", "7.00"),)


def test_codes_before_the_first_line_are_the_claims_own(tmp_path: Path) -> None:
    (claim,) = read(tmp_path).claims
    assert claim.adjustments == (adjusted("CO", "104", "1.00"),)


def test_a_section_says_what_an_amount_without_a_sign_does(tmp_path: Path) -> None:
    entries = read(tmp_path).provider_adjustments
    assert [(one.reason, one.amount) for one in entries] == [
        ("L6", Decimal("-2.00")),
        ("WO", Decimal("4.00")),
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("RMK N19  CO 45", "RMK N19  45"),  # no group is said
        ("96 3.00", "96"),  # no amount
        ("96 3.00", "96 3.00 MORE"),
        ("RMK N19  CO", "RMK  CO"),
        ("DECIDED\nG0101", "PAID OUT\nG0101"),  # a line in another section
    ],
)
def test_a_row_that_is_not_whole_is_refused(old: str, new: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableDocument):
        read(tmp_path, (old, new))
