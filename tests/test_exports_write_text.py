"""Writing back to text exports: what was there stays, character for character."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import pytest
from exports_samples import KAREO, OURS, PAYERS, kareo_csv, kareo_row, result_of, results_of
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.errors import BadInput
from bots.exports import diff_text, read_export, write_back
from bots.exports.columns import COLUMNS
from bots.exports.write_delimited import WriteBackMismatch, taken_apart

ADDED = [
    "paid",
    "Paid",
    "F1",
    "0012345678901",
    "-12.50",
    "7.25",
    "2026-04-01",
    "00998877",
    "CO-45 PR-1",
    "paid-not-posted",
    "The payer paid in full.",
    "Post the payment.",
    "2026-12-01",
    "2026-11-20 03:04:05",
    "abababababab cdcdcdcdcdcd",
]


def rows_of(data: bytes, *, encoding: str = "utf-8-sig", delimiter: str = ",") -> list[list[str]]:
    text = io.StringIO(data.decode(encoding), newline="")
    return list(csv.reader(text, delimiter=delimiter))


def written(data: bytes, name: str = "a.csv", **figures: object) -> bytes:
    reading = read_export(data, name, payer_ids=PAYERS)
    return write_back(data, reading, results_of(reading, **figures)).data


def test_our_columns_stand_in_their_order() -> None:
    assert tuple(column.heading for column in COLUMNS) == OURS
    rows = rows_of(written(kareo_csv([kareo_row(1), ["Totals"]])))
    assert rows[4] == KAREO + list(OURS)
    assert rows[5] == kareo_row(1) + ADDED
    assert rows[6] == ["Totals"] + [""] * 30
    assert rows[:4] == [
        ["Larkspur Family Medicine PLLC"],
        ["Insurance Collections"],
        ["1/1/2026 - 6/30/2026"],
        [],
    ]


def test_only_swept_claims_get_cells() -> None:
    data = kareo_csv([kareo_row(1), kareo_row(2)])
    reading = read_export(data, "a.csv", payer_ids=PAYERS)
    written = write_back(data, reading, {7: result_of(reading.claims[1])})
    rows = rows_of(written.data)
    assert rows[5][16:] == [""] * 15
    assert rows[6][16:] == ADDED
    assert written.totals.after.paid == Decimal("-12.50")
    assert {change.row for change in written.changes} == {7}


def test_unknown_figures_stay_empty() -> None:
    data = kareo_csv([kareo_row(1)])
    row = rows_of(
        written(data, paid=None, patient_responsibility=None, payment_date=None, trace_number=None)
    )[5]
    assert row[20:24] == ["", "", "", ""]


def test_headings_that_the_export_uses_get_a_suffix() -> None:
    headings = [*KAREO, "Paid", "paid (sweep)", "Evidence"]
    data = kareo_csv([[*kareo_row(1), "5", "6", "7"]], headings=headings)
    row = rows_of(written(data))[4]
    assert row[: len(headings)] == headings
    assert row[len(headings) + 4] == "Paid (sweep 2)"
    assert row[-1] == "Evidence (sweep)"


def test_a_quoted_file_stays_quoted_and_a_short_row_is_padded() -> None:
    data = kareo_csv([kareo_row(1), kareo_row(2)[:14]], quoting=csv.QUOTE_ALL)
    copy = written(data)
    assert b'"Claim ID","Patient"' in copy
    assert copy.count(b'"paid-not-posted"') == 2
    rows = rows_of(copy)
    assert rows[6] == [*kareo_row(2)[:14], "", "", *ADDED]


def test_a_row_wider_than_the_headings_is_left_alone() -> None:
    wide = [*kareo_row(2), "", "surplus"]
    rows = rows_of(written(kareo_csv([kareo_row(1), wide])))
    assert rows[6] == wide


def test_trailing_delimiters_do_not_shift_our_columns() -> None:
    rows = rows_of(written(kareo_csv([[*kareo_row(1), "", ""], kareo_row(2)])))
    assert {len(row) for row in rows[4:]} == {16 + 2 + 15}
    assert rows[4][18:] == list(OURS)
    assert rows[6][18:] == ADDED


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r\n=", "\0=", " =", "\uff1d"])
def test_what_we_add_never_runs_as_a_formula(start: str) -> None:
    data = kareo_csv([kareo_row(1, Notes="=typed by a person")])
    copy = written(data, status_words=f"{start}cmd|' /C calc'!A0")
    row = rows_of(copy)[5]
    assert row[14] == "=typed by a person"
    assert row[17].startswith("'")
    assert row[17].endswith("cmd|' /C calc'!A0")
    assert row[20] == "-12.50"


def test_a_line_break_in_our_text_becomes_a_blank() -> None:
    row = rows_of(written(kareo_csv([kareo_row(1)]), why="one\r\ntwo\u2028three"))[5]
    assert row[26] == "one two three"


def test_a_letter_that_the_encoding_lacks_is_replaced_and_nothing_else() -> None:
    data = kareo_csv([kareo_row(1, Notes="caf\u00e9")], encoding="cp1252")
    assert rows_of(written(data, why="\u2265 5 \u20ac"), encoding="cp1252")[5][26] == "? 5 \u20ac"


def test_the_same_input_gives_the_same_bytes() -> None:
    data = kareo_csv([kareo_row(1), kareo_row(2)])
    assert written(data) == written(data)


def test_an_export_that_holds_our_columns_is_refused() -> None:
    copy = written(kareo_csv([kareo_row(1)]))
    with pytest.raises(BadInput, match="earlier sweep"):
        read_export(copy, "a.csv", payer_ids=PAYERS)
    reading = read_export(kareo_csv([kareo_row(1)]), "a.csv", payer_ids=PAYERS)
    with pytest.raises(BadInput, match="earlier sweep"):
        write_back(copy, reading, results_of(reading))


def test_results_of_other_bytes_or_other_claims_are_refused() -> None:
    data = kareo_csv([kareo_row(1), kareo_row(2)])
    reading = read_export(data, "a.csv", payer_ids=PAYERS)
    with pytest.raises(BadInput, match="changed since"):
        write_back(data + b"\r\n", reading, {})
    with pytest.raises(BadInput, match="row 6"):
        write_back(data, reading, {6: result_of(reading.claims[1])})
    with pytest.raises(BadInput, match="row 99"):
        write_back(data, reading, {99: result_of(reading.claims[0])})


def test_control_totals_are_of_the_copy() -> None:
    data = kareo_csv([kareo_row(1), kareo_row(2), ["Totals"]])
    reading = read_export(data, "a.csv", payer_ids=PAYERS)
    totals = write_back(data, reading, results_of(reading)).totals
    assert totals.before == totals.after
    assert (totals.after.rows, totals.after.claims) == (3, 2)
    assert totals.after.billed == Decimal("2004.00")
    assert totals.after.balance == Decimal("40.00")
    assert totals.after.paid == Decimal("-25.00")
    assert totals.after.patient_responsibility == Decimal("14.50")


@pytest.mark.parametrize(
    ("was", "now"),
    [(b"00000001", b"1"), (b"\r\n", b"\n"), (b'"Doe, Jane Q"', b"Doe"), (b"$20.00", b"$20.01")],
)
def test_a_copy_that_differs_by_a_character_is_discarded(was: bytes, now: bytes) -> None:
    data = kareo_csv([kareo_row(1)])
    reading = read_export(data, "a.csv", payer_ids=PAYERS)
    copy = write_back(data, reading, results_of(reading)).data
    form = reading.recognised.container
    assert taken_apart(data, copy, form=form, name="a.csv", rows={6}, width=len(COLUMNS))[0] == data  # type: ignore[arg-type]
    with pytest.raises(WriteBackMismatch):
        taken_apart(
            data, copy.replace(was, now), form=form, name="a.csv", rows={6}, width=len(COLUMNS)
        )  # type: ignore[arg-type]


def test_the_diff_lists_every_added_cell_with_its_evidence() -> None:
    data = kareo_csv([kareo_row(1, **{"Claim ID": "-1"})])
    reading = read_export(data, "a.csv", payer_ids=PAYERS)
    result = result_of(reading.claims[0], why="=1+1")
    rows = list(csv.reader(io.StringIO(diff_text(write_back(data, reading, {6: result})))))
    assert rows[0] == ["Row", "Claim ID", "Column", "Before", "After", "Evidence"]
    assert len(rows) == 16
    assert {row[1] for row in rows[1:]} == {"'-1"}
    assert ["6", "'-1", "Paid", "", "-12.50", "cd" * 32] in rows
    assert ["6", "'-1", "Why", "", "'=1+1", "ab" * 32] in rows
    assert not any("Doe" in cell or "AGH" in cell for row in rows for cell in row)


@dataclass(frozen=True)
class Shape:
    """A text export as another program might have written it; ``lines`` keep their endings."""

    lines: list[tuple[str, str]]
    encoding: str
    bom: bytes
    delimiter: str

    @property
    def data(self) -> bytes:
        return self.bom + "".join(a + b for a, b in self.lines).encode(self.encoding)


LETTERS = st.characters(
    codec="cp1252", exclude_categories=["Cc", "Cs"], include_characters="\"',;|=@\t"
)


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    delimiter = draw(st.sampled_from(",\t|;"))
    ending = draw(st.sampled_from(["\r\n", "\n", "\r"]))
    encoding, bom = draw(
        st.sampled_from(
            [
                ("utf-8", b""),
                ("utf-8", b"\xef\xbb\xbf"),
                ("cp1252", b""),
                ("utf-16-le", b"\xff\xfe"),
            ]
        )
    )
    always = draw(st.booleans())

    def line(cells: list[str]) -> str:
        spelled = []
        for cell in cells:
            must = any(c in cell for c in (delimiter, '"', "\r", "\n")) or cell != cell.strip()
            quoted = always or must or draw(st.integers(0, 9)) == 0
            spelled.append('"' + cell.replace('"', '""') + '"' if quoted else cell)
        return delimiter.join(spelled)

    extra = draw(st.integers(0, 2))
    order = draw(st.permutations(range(len(KAREO) + extra)))
    headings = KAREO + [f"Column {n}" for n in range(extra)]
    rows = [["Report"], []][: draw(st.integers(0, 2))]
    rows.append([headings[at] for at in order])
    odd = st.text(LETTERS, max_size=12)
    broken = st.tuples(odd, st.sampled_from(["\n", "\r\n", "\r"]), odd).map("".join)
    for number in range(1, draw(st.integers(2, 5))):
        notes = draw(st.one_of(odd, broken, st.just("=1+1"), st.just('5" tube')))
        cells = kareo_row(number, Notes=notes) + [draw(odd) for _ in range(extra)]
        rows.append([cells[at] for at in order])
        if draw(st.integers(0, 4)) == 0:
            rows.append(draw(st.sampled_from([[], ["Totals"], [""] * 16, [*cells, "x", "y", "z"]])))
    lines = [(line(row), ending) for row in rows]
    if draw(st.booleans()):
        lines[-1] = (lines[-1][0], "")
    return Shape(lines, encoding, bom, delimiter)


@settings(max_examples=150)
@given(shapes())
def test_without_our_columns_the_copy_is_the_original(shape: Shape) -> None:
    """The test knows each original line, and walks the copy's characters along them."""
    reading = read_export(shape.data, "a.csv", payer_ids=PAYERS)
    claims = {claim.source.row for claim in reading.claims}
    assert claims
    results = results_of(reading, why='said "no; | , \t maybe"')
    copy = write_back(shape.data, reading, results).data
    assert copy.startswith(shape.bom)
    text = copy[len(shape.bom) :].decode(shape.encoding)
    at = 0
    headings = 0
    for row, (line, ending) in enumerate(shape.lines, 1):
        assert text.startswith(line, at), row
        at += len(line)
        # What we add never holds a line break, so it ends where the line does.
        stop = text.index(ending, at) if ending else len(text)
        added = next(csv.reader([text[at:stop]], delimiter=shape.delimiter), [])
        assert not set("\r\n") & set(text[at:stop])
        headings += added[-15:] == list(OURS)
        if row in claims:
            assert added[-15:] == [*ADDED[:10], 'said "no; | ,   maybe"', *ADDED[11:]]
        elif added[-15:] != list(OURS):
            assert not any(added)
        at = stop + len(ending)
    assert (at, headings) == (len(text), 1)


@settings(max_examples=30)
@given(shapes())
def test_every_program_reads_the_copy_as_it_read_the_original(shape: Shape) -> None:
    reading = read_export(shape.data, "a.csv", payer_ids=PAYERS)
    copy = write_back(shape.data, reading, results_of(reading)).data
    dialect = {"encoding": shape.encoding, "delimiter": shape.delimiter}
    was = rows_of(shape.data[len(shape.bom) :], **dialect)
    now = rows_of(copy[len(shape.bom) :], **dialect)
    assert len(was) == len(now)
    assert all(new[: len(old)] == old for old, new in zip(was, now, strict=True))


@pytest.mark.parametrize("odd", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c"])
def test_only_real_line_ends_end_a_record(odd: str) -> None:
    data = kareo_csv([kareo_row(1, Notes=f"a{odd}b"), kareo_row(2)])
    rows = rows_of(written(data))
    assert [row[16:] for row in rows[5:]] == [ADDED, ADDED]
    assert rows[5][14] == f"a{odd}b"


def test_a_result_may_be_dated_and_undated() -> None:
    data = kareo_csv([kareo_row(1)])
    reading = read_export(data, "a.csv", payer_ids=PAYERS)
    result = replace(result_of(reading.claims[0], payment_date=date(2026, 1, 31)), checked_at=None)
    row = rows_of(write_back(data, reading, {6: result}).data)[5]
    assert (row[22], row[29]) == ("2026-01-31", "")
