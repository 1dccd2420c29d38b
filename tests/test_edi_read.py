"""X12 files are read whatever delimits them, and what is wrong with one is said, not guessed."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import PROJECT
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner
from x12_samples import REMITTANCE, delimited, interchange, remittance_file

from billing.balance import residuals
from billing.errors import UnreadableDocument
from billing.model import Adjustment, Evidence, Remittance
from bots.reading import x12
from bots.reading.x12 import Segments
from bots.reading.x12_envelope import Interchanges
from bots.reading.x12_json import Tally, write_document
from bots.reading.x12_remittance import Payment, whole
from flows.command import app

SHA = "a" * 64


def read(data: bytes, tmp_path: Path) -> tuple[dict[str, Any], Tally]:
    file = tmp_path / "some.x12"
    file.write_bytes(data)
    out = io.StringIO()
    tally = write_document(file, out)
    document: dict[str, Any] = json.loads(out.getvalue())
    return document, tally


def remittances(data: bytes) -> list[Remittance]:
    return [whole(Payment(one), SHA) for one in Interchanges(io.BytesIO(data))]


def changed(**by: str) -> list[str]:
    """The sample's segments, each that begins with a key in place of it; empty leaves it out."""
    made = []
    for segment in interchange([REMITTANCE]):
        for begins, instead in by.items():
            if segment.startswith(f"{begins}*"):
                segment = instead
        made.append(segment)
    return [segment for segment in made if segment]


def test_an_835_is_read_to_the_cent_with_the_segment_of_every_figure() -> None:
    (found,) = remittances(delimited(interchange([REMITTANCE])))
    assert (found.trace_number, found.method, found.amount) == ("T00123", "ACH", Decimal("45.00"))
    assert found.payment_date == date(2026, 1, 5)
    assert (found.payer, found.payee) == ("ACME HEALTH", "LARKSPUR FAMILY MEDICINE")
    (claim,) = found.claims
    assert (claim.claim_id, claim.payer_claim_number, claim.status) == ("00012345", "E7F", "1")
    assert claim.member_id == "ACM000111"
    assert claim.adjustments == (Adjustment("CO", "253", Decimal("1.00")),)
    first, second = claim.lines
    assert (first.procedure, first.modifiers, first.units) == ("G0463", ("25", "GT"), Decimal(1))
    assert (first.service_date, first.allowed) == (date(2026, 1, 1), Decimal("60.00"))
    assert first.remarks == ("N382",)
    assert [one.code for one in second.adjustments] == ["CO-45", "CO-50"]
    assert [one.amount for one in found.provider_adjustments] == [Decimal("4.00")]
    assert residuals(found) == ()
    assert found.places["amount"] == Evidence(SHA, "segment 4, BPR02")
    assert found.places["claims[0].paid"].where == "segment 9, CLP04"
    assert found.places["claims[0].lines[1].adjustments[1].amount"].where == "segment 20, CAS06"
    assert found.places["provider_adjustments[0].amount"].where == "segment 21, PLB04"


def figure(found: object, path: str) -> object:
    """What stands at ``claims[0].lines[1].paid``."""
    for name, at in re.findall(r"(\w+)(?:\[(\d+)\])?", path):
        found = getattr(found, name)[int(at)] if at else getattr(found, name)
    return found


def test_every_figure_has_a_place_where_it_stands() -> None:
    segments = interchange([REMITTANCE])
    (found,) = remittances(delimited(segments))
    for path, place in found.places.items():
        if path == "payment_date":
            continue
        number, element = place.where.removeprefix("segment ").split(", ")
        stands = segments[int(number) - 1].split("*")[int(element[3:])]
        assert stands == str(figure(found, path)), path
    figures = sum(len(line.adjustments) + 2 for line in found.claims[0].lines)
    assert len(found.places) == 3 + 3 + 1 + figures + 1 + 1


@pytest.mark.parametrize("line_end", ["", "\n", "\r\n", "\r", "\n\n"])
@pytest.mark.parametrize(
    ("segment", "element", "component"),
    [("~", "*", ":"), ("~", "|", ">"), ("'", "+", "^"), ("\x1c", "\x1d", "\x1f"), ("!", "~", "*")],
)
def test_any_delimiters_and_line_ends_read_the_same(
    segment: str, element: str, component: str, line_end: str
) -> None:
    plain = remittances(delimited(interchange([REMITTANCE])))
    as_sent = delimited(
        interchange([REMITTANCE]),
        segment=segment,
        element=element,
        component=component,
        line_end=line_end,
    )
    assert remittances(as_sent) == plain


@pytest.mark.parametrize("segment", ["\n", "\r\n", "\r"])
def test_a_line_end_may_end_a_segment(segment: str) -> None:
    data = delimited(interchange([REMITTANCE]), segment=segment, line_end="")
    assert remittances(data) == remittances(delimited(interchange([REMITTANCE])))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.decode().encode("utf-16"),
        lambda data: b"\r\n \n" + data + b"\n\n\x1a",
        lambda data: b"\n".join(data[at : at + 80] for at in range(0, len(data), 80)),
    ],
    ids=["byte order mark", "UTF-16", "blank around", "wrapped at 80"],
)
def test_what_editors_and_mainframes_do_to_a_file_changes_nothing(
    spoil: Callable[[bytes], bytes],
) -> None:
    data = delimited(interchange([REMITTANCE]), line_end="")
    assert remittances(spoil(data)) == remittances(data)


def test_each_interchange_has_its_own_delimiters() -> None:
    both = delimited(interchange([REMITTANCE, REMITTANCE])) + delimited(
        interchange([REMITTANCE], number=2), segment="\n", element="|", component=">", line_end=""
    )
    assert len(set(map(repr, (one.claims for one in remittances(both * 2))))) == 1
    assert len(remittances(both * 2)) == 6
    interchanges = Interchanges(io.BytesIO(both * 2))
    assert [one.control_number for one in interchanges] == ["0001"] * 6
    assert interchanges.faults == []


@given(size=st.integers(min_value=1, max_value=900))
def test_where_a_chunk_ends_makes_no_difference(size: int) -> None:
    data = delimited(interchange([REMITTANCE])) + delimited(
        interchange([REMITTANCE]), segment="'", element="+", line_end=""
    )
    with pytest.MonkeyPatch.context() as patch:
        whole_at_once = list(Segments(io.BytesIO(data)))
        patch.setattr(x12, "CHUNK", size)
        assert list(Segments(io.BytesIO(data))) == whole_at_once


@pytest.mark.parametrize(
    ("by", "says"),
    [
        ({"ISA": ""}, "There is no ISA segment"),
        ({"ISA": "", "GS": ""}, "There is no ISA segment"),
        ({"ISA": "ISA*00**00**ZZ*S*ZZ*R*260105*1200*^*00501*000000001*0*P*:"}, "instead of 106"),
        ({"ISA": "ISA*00*ZZ*S*ZZ*R*:"}, "lacks elements"),
        ({"GS": ""}, "stands in no functional group"),
        ({"SE": ""}, "has no end (SE)"),
        ({"SE": "SE*19*0001"}, "SE counts other segments than the 20 there are"),
        ({"SE": "SE*20*0002"}, "SE has another control number than ST"),
        ({"GE": ""}, "has no end (GE)"),
        ({"GE": "GE*2*1"}, "GE counts other transactions than the 1 there are"),
        ({"IEA": ""}, "has no end (IEA)"),
        ({"IEA": "IEA*1*000000002"}, "IEA has another control number than ISA"),
        ({"SE": "", "GE": "", "IEA": ""}, "it is cut off"),
    ],
)
def test_a_damaged_envelope_is_told_and_the_payment_read(
    by: dict[str, str], says: str, tmp_path: Path
) -> None:
    document, tally = read(delimited(changed(**by)), tmp_path)
    assert any(says in sentence for sentence in document["envelope"]), document["envelope"]
    assert document["errors"] == []
    (payment,) = document["payments"]
    assert payment["amount"] == "45.00"
    assert payment["balanced"]
    assert not tally.clean


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b" \r\n", "is empty"),
        (b"%PDF-1.7 ...", "eob read"),
        (b"Claim ID,Paid\n1,2\n", "is no X12"),
        (bytes(range(256)) * 40, "is no X12"),
        (b"ISA", "does not show what ends a segment"),
        (b"ISA*00*", "does not show what ends a segment"),
        (delimited(changed())[:106] + b"A" * (1 << 21), "never ends"),
        (delimited(changed(CLP="CLP*1*1*12.345*1.00")), "Segment 9: CLP03 is not an amount"),
        (delimited(changed(CLP="CLP*1*1**1.00")), "Segment 9: CLP03 is missing"),
        (delimited(changed(CAS="CAS*CO**1.00")), "Segment 10: CAS02 is missing"),
        (delimited(changed(CLP="LX*2")), "Segment 10: CAS01 stands before any claim"),
        (delimited(changed(BPR="")), "states no payment (BPR)"),
        (delimited(changed(TRN="")), "states no trace number"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(
    data: bytes, says: str, tmp_path: Path
) -> None:
    document, tally = read(data, tmp_path)
    assert document["payments"] == []
    (sentence,) = document["errors"]
    assert says in sentence
    assert "DOE" not in sentence
    assert not tally.read


@pytest.mark.parametrize(
    ("bpr", "says"),
    [
        ("BPR*I*45.00*C*ACH", "Segment 4: BPR16 (the payment date) is missing"),
        ("BPR*I*45.00*C*ACH************20261332", "Segment 4: BPR16 (the payment date) is not a"),
    ],
)
def test_a_payment_without_a_date_is_read_and_said_to_have_none(
    bpr: str, says: str, tmp_path: Path
) -> None:
    """Its claims and dollars are what a biller needs; it is never posted, for it has no day."""
    data = delimited(changed(BPR=bpr))
    document, tally = read(data, tmp_path)
    (payment,) = document["payments"]
    assert (payment["date"], payment["amount"], payment["balanced"]) == (None, "45.00", True)
    assert len(payment["claims"]) == 1
    assert "payment_date" not in payment["places"]
    (sentence,) = document["errors"]
    assert says in sentence
    assert not tally.clean
    with pytest.raises(UnreadableDocument, match="BPR16"):
        remittances(data)


def test_one_payment_that_cannot_be_read_leaves_the_others(tmp_path: Path) -> None:
    bad = [one.replace("CLP*00012345*1*1200.00", "CLP*00012345*1*x") for one in REMITTANCE]
    other = [one.replace("T00123", "T00124") for one in REMITTANCE]
    document, _ = read(delimited(interchange([REMITTANCE, bad, other])), tmp_path)
    assert len(document["payments"]) == 2
    assert len(document["errors"]) == 1
    assert document["envelope"] == []


def test_a_payment_that_does_not_balance_is_told_with_its_residuals(tmp_path: Path) -> None:
    document, tally = read(delimited(changed(PLB="PLB*1*20261231*WO:E6C*3.00")), tmp_path)
    (payment,) = document["payments"]
    assert not payment["balanced"]
    (residual,) = payment["residuals"]
    assert (residual["where"], residual["amount"]) == ("payment", "1.00")
    assert tally.unbalanced == 1


def test_a_reversal_needs_no_patient_responsibility() -> None:
    """CLP05 is left out where it is not above zero, as a reversal's never is."""
    reversal = [
        *REMITTANCE[:1],
        "BPR*I*0*C*NON************20260105",
        *REMITTANCE[2:5],
        "CLP*1*22*-100*-60**12*E7F",
        "CAS*PR*1*-40",
        "CLP*1*1*100*60*40*12*E7F",
        "CAS*PR*1*40",
        "SE*10*0001",
    ]
    (found,) = remittances(delimited(interchange([reversal])))
    assert found.claims[0].patient_responsibility == Decimal("-40.00")
    assert residuals(found) == ()
    left_out = [one.replace("*60*40*12", "*60**12") for one in reversal]
    (unstated,) = remittances(delimited(interchange([left_out])))
    assert [one.where for one in residuals(unstated)] == ["claims[1]"]


def test_the_command_says_it_in_json_and_by_its_exit_code(tmp_path: Path) -> None:
    good, odd, no_answer = (tmp_path / name for name in ("good.835", "odd.835", "asked.837"))
    good.write_bytes(delimited(interchange([REMITTANCE])))
    odd.write_bytes(delimited(changed(IEA="")))
    no_answer.write_bytes(delimited(interchange([["ST*837*1*X", "SE*2*1"]], functional="HC")))
    for files, code in (([good], 0), ([good, odd], 1), ([good, no_answer], 1), ([no_answer], 2)):
        done = CliRunner().invoke(app, ["edi", "read", *map(str, files), "--json"])
        assert done.exit_code == code, done.output
        documents = json.loads(done.stdout)["files"]
        assert [one["file"] for one in documents] == list(map(str, files))
        assert documents[-1]["type"] == ("837" if no_answer in files else "835")
    assert "claims (837), not an answer" in done.stdout


def test_memory_does_not_grow_with_the_number_of_claims(tmp_path: Path) -> None:
    script = (
        "import resource, sys; from pathlib import Path; from bots.reading.x12_json import *\n"
        "tally = write_document(Path(sys.argv[1]), open('/dev/null', 'w'))\n"
        "print(tally.claims, tally.unbalanced, "
        "resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
    )
    peaks = []
    for claims in (200, 6_000):
        file = tmp_path / f"{claims}.835"
        file.write_bytes(b"".join(remittance_file(claims)))
        command = [sys.executable, "-c", script, str(file)]
        done = subprocess.run(
            command, cwd=PROJECT, capture_output=True, text=True, timeout=120, check=True
        )
        read_claims, unbalanced, peak = map(int, done.stdout.split())
        assert (read_claims, unbalanced) == (claims, 0)
        peaks.append(peak)
    assert peaks[1] - peaks[0] < 12, peaks


def test_nothing_is_read_of_a_stream_that_ends_at_once() -> None:
    with pytest.raises(UnreadableDocument, match="is empty"):
        list(Segments(io.BytesIO(b"")))
