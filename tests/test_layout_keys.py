"""Each way of laying a document out is read as it is meant, and refused where it is ambiguous."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from eob_samples import HEAD, draw_list

from billing.errors import ProfileError, UnreadableDocument
from billing.model import Adjustment, RemittedClaim
from bots.layout import EobLayout, load_layout
from bots.reading.eob import Reading, read_eob

CARDS = (
    HEAD
    + r"""sections:
  - {starts: OTHER ITEMS, holds: provider_adjustments}
  - {starts: NOTES, holds: legend}
claims:
  starts: ACCOUNT OUR NUMBER
  continues: 'CLAIM (\S+) CONTINUED'
  fields:
    claim_id: {beneath: ACCOUNT}
    payer_claim_number: {beneath: OUR NUMBER}
    status: {beneath: RESULT, values: {PAID: "1"}}
    charge: {beneath: BILLED, into: money}
    paid: {beneath: PAID, into: money}
lines:
  begins_with: procedure
  stacked: [adjustments, WORDS]
  fields:
    procedure: {column: 'PROC|CODE'}
    modifiers: {column: 'PROC|MODS', into: codes, when_missing: none}
    charge: {column: CHARGE, into: money}
    paid: {column: 'AMT|PAID', into: money}
  other_columns: [WORDS]
  adjustments:
    fixed: {DEDUCTIBLE: PR-1}
    column: [LESS, WHY]
    pattern: '(?P<amount>[\d.]+) (?P<mark>[a-z])'
provider_adjustments:
  pattern: '(?P<reason>[A-Z]+) (?P<reference>\S+) (?P<amount>\S+)'
  reasons: {INTEREST: L6, RECOVERED: WO}
  positive: adds
legend:
  codes: {z: PR-3}
  pattern: '(?P<mark>[a-z]) = (?P<group>CO|PR)-(?P<reason>\d+)'
  ignore: [END]
"""
)
CARD_PAGES = (
    """GAMMA PLAN
CHECK 0001   DATED 01/02/2026   AMOUNT 57.00

ACCOUNT      OUR NUMBER    RESULT
A1           N1            PAID
BILLED       PAID
100.00       55.00

PROC   PROC                                                   AMT
CODE   MODS   WORDS          CHARGE  DEDUCTIBLE  LESS   WHY   PAID
G0463  25 GT  A VISIT TO      80.00       10.00  20.00  a    45.00
              THE OFFICE                          5.00  z""",
    """GAMMA PLAN
CLAIM N1 CONTINUED
PROC   PROC                                                   AMT
CODE   MODS   WORDS          CHARGE  DEDUCTIBLE  LESS   WHY   PAID
J1885         A DRUG          20.00        0.00  10.00  a    10.00
OTHER ITEMS
INTEREST  R1  3.00
RECOVERED R2  1.00-
NOTES
a = CO-45
END""",
)
TEXT = (
    HEAD
    + r"""page_columns: 2
claims:
  ends: RESULT
  fields:
    claim_id: {label: ACCOUNT}
    payer_claim_number: {label: NUMBER}
    status: {label: RESULT, values: {SETTLED: "1", DENIED: "4"}}
    charge: {label: BILLED, into: money}
    paid: {label: PAID, into: money}
lines:
  starts: 'G\d{4} FOR \S+'
  fields:
    procedure: {pattern: '^(G\d{4})'}
    charge: {label: FOR, into: money}
    paid: {label: WE PAY, into: money}
  adjustments: {pattern: 'LESS (?P<group>CO|PR)-(?P<reason>\d+) (?P<amount>\S+)'}
"""
).replace("ends: RESULT", "starts: NUMBER")
TEXT_PAGE = """GAMMA PLAN
CHECK 0001   DATED 01/02/2026
AMOUNT 18.00

"""
TEXT_COLUMNS = (
    """NUMBER N1 ACCOUNT A1
G0463 FOR 30.00
LESS CO-45 12.00
WE PAY 18.00
BILLED 30.00 PAID 18.00
RESULT SETTLED""",
    """NUMBER N2 ACCOUNT A2
G0101 FOR 9.00
LESS CO-29 9.00
WE PAY 0.00
BILLED 9.00 PAID 0.00
RESULT DENIED""",
)
TEXT_PAGE += "\n".join(
    f"{left:84}{right}"
    for left, right in zip(*(one.splitlines() for one in TEXT_COLUMNS), strict=True)
)
ROSTER = (
    HEAD
    + r"""claims:
  begins_with: payer_claim_number
  totals: 'TOTAL (PAID|DENIED)'
  fields:
    claim_id: {column: ACCOUNT}
    payer_claim_number: {column: NUMBER}
    status: {pattern: 'TOTAL (\w+)', values: {PAID: "1", DENIED: "4"}}
    charge: {column: CHARGE, into: money}
    adjustments: {column: LESS, into: money}
    paid: {column: PAID, into: money}
lines:
  begins_with: procedure
  whole_claim: CLAIM
  stacked: [adjustments]
  fields:
    procedure: {column: PROC}
    charge: {column: CHARGE, into: money}
    paid: {column: PAID, into: money}
  adjustments:
    fixed: {COPAY: PR-3}
    column: [WHY, LESS]
    pattern: '(?P<group>CO|PR)-(?P<reason>\d+) (?P<amount>\S+)'
"""
)
ROSTER_PAGE = """GAMMA PLAN
CHECK 0001   DATED 01/02/2026   AMOUNT 60.00

ACCOUNT  NUMBER  PROC    CHARGE   COPAY  WHY      LESS    PAID
A1       N1      G0463    80.00    5.00  CO-45   10.00   65.00
                 CLAIM                   CO-253   5.00
TOTAL PAID                80.00    5.00          15.00   60.00
A2       N2      CLAIM                   CO-29   40.00
TOTAL DENIED              40.00    0.00          40.00    0.00"""
SHAPES = {
    "cards": (CARDS, CARD_PAGES),
    "text": (TEXT, (TEXT_PAGE,)),
    "roster": (ROSTER, (ROSTER_PAGE,)),
}


def layout_of(text: str, folder: Path) -> EobLayout:
    path = folder / "eob.yaml"
    path.write_text(text, encoding="utf-8")
    return load_layout(path)


def read(shape: str, folder: Path, *changes: tuple[str, str]) -> Reading:
    """The document of a shape with words of its pages changed."""
    layout, pages = SHAPES[shape]
    changed = list(pages)
    for old, new in changes:
        assert any(old in page for page in changed), old
        changed = [page.replace(old, new) for page in changed]
    return read_eob(draw_list(changed), {"gamma": layout_of(layout, folder)})


def claims_of(reading: Reading) -> tuple[RemittedClaim, ...]:
    assert reading.balanced, reading.residuals
    (remittance,) = reading.remittances
    return remittance.claims


def adjusted(group: str, reason: str, amount: str) -> Adjustment:
    return Adjustment(group, reason, Decimal(amount))


def test_labels_above_values_marks_and_broken_headings(tmp_path: Path) -> None:
    reading = read("cards", tmp_path)
    (claim,) = claims_of(reading)
    assert (claim.claim_id, claim.payer_claim_number, claim.status) == ("A1", "N1", "1")
    assert claim.patient_responsibility == Decimal("15.00")
    first, second = claim.lines
    assert first.modifiers == ("25", "GT")
    assert first.adjustments == (
        adjusted("PR", "1", "10.00"),
        adjusted("CO", "45", "20.00"),
        adjusted("PR", "3", "5.00"),
    )
    assert second.adjustments == (adjusted("CO", "45", "10.00"),)
    (remittance,) = reading.remittances
    entries = [(one.reason, str(one.amount)) for one in remittance.provider_adjustments]
    assert entries == [("L6", "-3.00"), ("WO", "1.00")]
    place = remittance.places["claims[0].lines[0].adjustments[0].amount"]
    assert (place.page, place.where) == (1, "DEDUCTIBLE")


def test_columns_of_a_page_are_read_one_after_the_other(tmp_path: Path) -> None:
    first, second = claims_of(read("text", tmp_path))
    assert (first.claim_id, first.paid, second.claim_id) == ("A1", Decimal("18.00"), "A2")
    assert second.lines[0].adjustments == (adjusted("CO", "29", "9.00"),)


def test_one_table_for_all_claims(tmp_path: Path) -> None:
    first, second = claims_of(read("roster", tmp_path))
    assert first.lines[0].adjustments == (
        adjusted("PR", "3", "5.00"),
        adjusted("CO", "45", "10.00"),
    )
    assert first.adjustments == (adjusted("CO", "253", "5.00"),)
    assert (second.claim_id, second.status, second.lines) == ("A2", "4", ())
    assert second.adjustments == (adjusted("CO", "29", "40.00"),)


@pytest.mark.parametrize(
    ("shape", "old", "new", "sentence"),
    [
        ("cards", "CLAIM N1 CONTINUED", "CLAIM N2 CONTINUED", "goes on there under another number"),
        ("cards", "a = CO-45", "b = CO-45", "nothing says what the mark 'a'"),
        ("cards", "a = CO-45", "a = CO-45\na = CO-97", "the mark 'a' stands for two codes"),
        ("cards", "5.00  z", "5.00  y", "nothing says what the mark 'y'"),
        ("cards", "NOTES\na", "NOTES\na code: a", "not described"),
        ("cards", "INTEREST", "SOMETHING", "provider adjustment cannot be read as one of the"),
        ("cards", "100.00       55.00", "100.00", "the paid is not there"),
        ("cards", "100.00       55.00", "SEE BELOW      100.00       55.00", "not described"),
        ("cards", "A1           N1            PAID\n", "", "not described"),
        ("cards", "A1           N1 ", "A1 B         N1 ", "claim id cannot be read as text"),
        ("cards", "ACCOUNT      OUR NUMBER", "ACCT         OUR NUMBER", "not described"),
        ("cards", "CODE   MODS", "CODE   M", "not described"),
        ("cards", "AMT\nCODE", "AMT X\nCODE", "not described"),
        ("cards", "G0463  25 GT", "       25 GT", "not described"),
        ("text", "G0101 FOR 9.00", "G0101 AND G0102 FOR 9.00", "not described"),
        ("text", "LESS CO-45 12.00", "LESS CO-45 12.00 AND MORE", "not described"),
        ("text", "NUMBER N1 ACCOUNT A1", "NUMB N1 ACCOUNT A1", "holds no claim|not described"),
        ("text", f"RESULT SETTLED{' ' * 40}", f"RESULT SETTLED{' TO THEM' * 5}", "status"),
        ("roster", "CLAIM                   CO-253", "CLAIM     1.00          CO-253", "not desc"),
        ("roster", "A2       N2 ", "A2          ", "not described|different values"),
        ("roster", "A2       N2 ", "A2       N1 ", "different values"),
        ("roster", "TOTAL DENIED", "TOTAL OTHERS", "not described"),
        ("roster", "AMOUNT 60.00", "AMOUNT 60.00\nTOTAL PAID 80.00", "not described"),
    ],
)
def test_what_is_not_as_the_layout_says_is_refused(
    shape: str, old: str, new: str, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(UnreadableDocument, match=sentence):
        read(shape, tmp_path, (old, new))


@pytest.mark.parametrize(
    ("shape", "old", "new", "equation"),
    [
        ("roster", "80.00    5.00          15.00", "80.00    6.00          15.00", "PR-3"),
        ("roster", "80.00    5.00          15.00", "80.00    5.00          14.00", "adjustments"),
        ("cards", "10.00  20.00  a", "11.00  20.00  a", "line: charge"),
        ("cards", "INTEREST  R1  3.00", "INTEREST  R1  3.00-", "payment"),
    ],
)
def test_what_does_not_close_is_told(
    shape: str, old: str, new: str, equation: str, tmp_path: Path
) -> None:
    (found,) = read(shape, tmp_path, (old, new)).residuals
    assert any(equation in one.equation for one in found)


@pytest.mark.parametrize(
    ("shape", "old", "new", "sentence"),
    [
        ("cards", "fixed: {DEDUCTIBLE: PR-1}", "fixed: {DEDUCTIBLE: PR1}", "group and reason"),
        ("cards", "(?P<mark>[a-z]) =", "(?P<note>[a-z]) =", "named groups group, mark, reason"),
        ("cards", "stacked: [adjustments, WORDS]", "stacked: [NOTHING]", "no fields of a line"),
        ("cards", "starts: ACCOUNT OUR NUMBER\n", "ignore: []\n", "exactly one of starts, ends"),
        ("cards", "{beneath: ACCOUNT}", "{beneath: ACCOUNT, label: A}", "exactly one of label"),
        ("cards", "{beneath: BILLED, into", "{column: CHARGE, into", "without totals"),
        ("text", "starts: 'G\\d{4} FOR \\S+'", "begins_with: charge", "under a column"),
        ("text", "{label: WE PAY", "{label: PAID", "labels of a claim and of a line"),
        ("text", "claim_id: {label: ACCOUNT}", "claim_id: {column: ACCT}", "needs a table"),
        ("roster", "begins_with: payer_claim_number", "begins_with: status", "under a column"),
        ("roster", "    pattern: '(?P<group>", "    patter: '(?P<group>", "patter"),
        (
            "text",
            "claim_id: {label: ACCOUNT}",
            "claim_id: {label: ACCOUNT, when_missing: none}",
            r"\['claim_id'\] must always be there",
        ),
    ],
)
def test_a_layout_that_cannot_be_meant_is_refused(
    shape: str, old: str, new: str, sentence: str, tmp_path: Path
) -> None:
    text = SHAPES[shape][0]
    assert old in text
    with pytest.raises(ProfileError, match=sentence):
        layout_of(text.replace(old, new), tmp_path)


def test_lines_may_stand_before_the_head_of_their_claim(tmp_path: Path) -> None:
    layout = """claims:
  ends: NUMBER
  totals: SUM
  fields:
    claim_id: {label: ACCOUNT}
    payer_claim_number: {label: NUMBER}
    status: {constant: "1"}
    charge: {column: CHARGE, into: money}
    paid: {column: PAID, into: money}
lines:
  begins_with: procedure
  fields:
    procedure: {column: PROC}
    charge: {column: CHARGE, into: money}
    paid: {column: PAID, into: money}
  adjustments: {pattern: 'LESS (?P<group>CO|PR)-(?P<reason>\\d+) (?P<amount>\\S+)'}
"""
    page = """GAMMA PLAN
CHECK 0001   DATED 01/02/2026   AMOUNT 25.00
PROC    CHARGE   PAID
G0463    20.00  15.00
LESS CO-45 5.00
SUM      20.00  15.00
ACCOUNT A1
NUMBER N1
PROC    CHARGE   PAID
G0101    10.00  10.00
SUM      10.00  10.00
ACCOUNT A2
NUMBER N2"""
    layouts: dict[str, Any] = {"gamma": layout_of(HEAD + layout, tmp_path)}
    first, second = claims_of(read_eob(draw_list([page]), layouts))
    assert (first.claim_id, len(first.lines), second.claim_id) == ("A1", 1, "A2")
    for cut, sentence in (("\nNUMBER N2", "is not whole"), ("\nNUMBER N1", "different values")):
        with pytest.raises(UnreadableDocument, match=sentence):
            read_eob(draw_list([page.replace(cut, "")]), layouts)
