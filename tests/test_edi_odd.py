"""Awkward X12 files, written by hand as they arrive: each is read right, or refused with reason."""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from bots.reading.x12_json import write_document

ISA = (
    "ISA*00*          *00*          *ZZ*PAYER          *ZZ*CLINIC         *260105*1200*^*00501"
    "*000000007*0*P*:"
)
REVERSAL = """GS*HP*PAYER*CLINIC*20260105*1200*7*X*005010X221A1
ST*835*0001
BPR*I*86.00*C*ACH*CCP*01*999999992*DA*1*1512345678**01*999988880*DA*9*20260105
TRN*1*0000123456789012345678901234567890ABCDEFGHIJKLMNOP*1512345678*CORE
REF*EV*CLEARING
DTM*405*20260104
N1*PR*PLAIN HEALTH
N1*PE*LARKSPUR FAMILY MEDICINE*XX*1234567893
LX*1
CLP*A1*22*-200.00*-90.00**12*P1*11*8
CAS*CO*45*-100.00
CAS*PR*1*-10.00
NM1*QC*1*DOE*JANE****MI*M1
CLP*A1*1*200.00*40.00*20.00*12*P1A*11*7
NM1*QC*1*DOE*JANE****MI*M1
MOA***N130*MA01
SVC*HC:G0463:25:GT:XU:59:MORE TEXT*200*40**1*HC:G0464
DTM*150*20251201
DTM*151*20251202
CAS*CO*45*100**97*10**A1*5**253*2**18*3**B7*20
CAS*PR*2*20
AMT*B6*100
LQ*HE*N130
LQ*HE*MA01
CLP*A2*1*300.00*150.00*0.00*12*P2*11*1
CAS*CO*45*150.00
MIA*0*1*2*3*N1*4*5*6*7*8*9*10*11*12*13*14*15*16*17*N2
PLB*1234567893*20261231*L6*-6.00*WO:P9*15.00*72:A*3.00*FB*2.00
SE*28*0001
GE*1*7
IEA*1*000000007"""
NOTHING_PAID = """GS*HP*PAYER*CLINIC*20260105*1200*7*X*005010X221A1
ST*835*0001
BPR*H*0*C*NON************20260105
TRN*1*NOPAY1*1512345678
N1*PR*PLAIN HEALTH
N1*PE*LARKSPUR*XX*1234567893
LX*1
CLP*A1*4*200*0*0*12*P1
CAS*CO*29*200
SE*9*0001
GE*1*7
IEA*1*000000007"""
OLD = """GS*HP*PAYER*CLINIC*20060105*1200*7*X*004010X091A1
ST*835*000000001
BPR*I*60*C*CHK************20060105
TRN*1*CHECK7*1512345678
N1*PR*PLAIN HEALTH
N1*PE*LARKSPUR*XX*1234567893
LX*1
CLP*A1*1*100*60*10*12*P1
NM1*QC*1*DOE*JANE****34*123456789
SVC*HC:A4253*100*60**2
DTM*472*20051201
CAS*CO*45*30
CAS*PR*2*10
SE*13*000000001
GE*1*7
IEA*1*000000007"""


def text(body: str, *, end: str = "~", after: str = "", isa: str = ISA) -> bytes:
    """The bytes of ``body``, a segment a line, each ended by ``end`` and followed by ``after``."""
    return "".join(f"{one}{end}{after}" for one in [isa, *body.splitlines()]).encode()


def read(data: bytes, tmp_path: Path) -> dict[str, Any]:
    file, out = tmp_path / "some.x12", io.StringIO()
    file.write_bytes(data)
    write_document(file, out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def clean(data: bytes, tmp_path: Path) -> dict[str, Any]:
    found = read(data, tmp_path)
    assert (found["errors"], found["envelope"]) == ([], [])
    return found


def test_a_reversal_with_its_correction_and_everything_beside_is_read(tmp_path: Path) -> None:
    (payment,) = clean(text(REVERSAL), tmp_path)["payments"]
    assert payment["trace_number"] == "0000123456789012345678901234567890ABCDEFGHIJKLMNOP"
    assert payment["date"] == "2026-01-05"  # when it was paid, not when it was made
    back, again, other = payment["claims"]
    assert (back["status"], back["paid"], back["patient_responsibility"]) == (
        "22", "-90.00", "-10.00",
    )  # fmt: skip
    assert (again["claim_id"], again["payer_claim_number"]) == ("A1", "P1A")
    (line,) = again["lines"]
    assert (line["procedure"], line["modifiers"]) == ("G0463", ["25", "GT", "XU", "59"])
    assert line["service_date"] == "2025-12-01"
    assert line["remarks"] == ["N130", "MA01"]
    assert [(one["group"], one["reason"], one["amount"]) for one in line["adjustments"]] == [
        ("CO", "45", "100.00"), ("CO", "97", "10.00"), ("CO", "A1", "5.00"),
        ("CO", "253", "2.00"), ("CO", "18", "3.00"), ("CO", "B7", "20.00"), ("PR", "2", "20.00"),
    ]  # fmt: skip
    place = payment["places"]["claims[1].lines[0].adjustments[5].amount"]
    assert place["where"] == "segment 21, CAS18"
    assert other["lines"] == []
    assert (again["remarks"], other["remarks"]) == (["N130", "MA01"], ["N1", "N2"])
    withheld = [(one["reason"], one["reference"]) for one in payment["provider_adjustments"]]
    assert withheld == [("L6", ""), ("WO", "P9"), ("72", "A"), ("FB", "")]
    assert payment["balanced"], payment["residuals"]


def test_nothing_paid_is_a_payment_of_zero(tmp_path: Path) -> None:
    (payment,) = clean(text(NOTHING_PAID), tmp_path)["payments"]
    assert (payment["method"], payment["amount"], payment["balanced"]) == ("NON", "0.00", True)


def test_an_835_of_4010_is_read(tmp_path: Path) -> None:
    isa = ISA.replace("*^*00501", "*U*00401")
    (payment,) = clean(text(OLD, isa=isa), tmp_path)["payments"]
    assert payment["balanced"]
    (line,) = payment["claims"][0]["lines"]
    assert (line["procedure"], line["units"]) == ("A4253", "2")


@pytest.mark.parametrize(
    ("end", "after"), [("~", ""), ("~", "\r\n"), ("\n", ""), ("\r\n", ""), ("\r", ""), ("\x1e", "")]
)
def test_segments_end_as_they_like(end: str, after: str, tmp_path: Path) -> None:
    expected = clean(text(REVERSAL), tmp_path)
    assert clean(text(REVERSAL, end=end, after=after), tmp_path) == expected


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.replace(b"~", b"~  "),
        lambda data: data.replace(b"~", b"~\t\r\n"),
        lambda data: data.replace(b"~", b"~~"),
        lambda data: data.replace(b"*", b"|").replace(b":", b">"),
        lambda data: data + b"\x1a\x00\x00",
        lambda data: data.replace(b"*200.00*", b"*200.00 *"),
        lambda data: data.replace(b"*300.00*150.00*", b"*+00300*150.0*"),
        lambda data: b"\r\n".join(data[at : at + 80] for at in range(0, len(data), 80)),
        lambda data: data.decode().encode("utf-16"),
        lambda data: data.decode().encode("utf-16-le"),
        lambda data: data.decode().encode("utf-16-be"),
        lambda data: data.decode().encode("utf-32"),
    ],
    ids=[
        "BOM",
        "blanks",
        "tabs",
        "doubled",
        "bars",
        "end of file mark",
        "padded amount",
        "other spellings of an amount",
        "lines of 80",
        "UTF-16",
        "UTF-16LE",
        "UTF-16BE",
        "UTF-32",
    ],
)
def test_what_surrounds_segments_changes_nothing(spoil: Any, tmp_path: Path) -> None:
    assert clean(spoil(text(REVERSAL)), tmp_path) == clean(text(REVERSAL), tmp_path)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda data: data.replace(b"*ZZ*PAYER          *", b"*ZZ*PAYER*"), "instead of 106"),
        (lambda data: data.replace(b"IEA*1*000000007~", b""), "no end (IEA)"),
        (lambda data: data.replace(b"GE*1*7~", b""), "no end (GE)"),
        (lambda data: data.replace(b"SE*28*0001~", b""), "no end (SE)"),
        (lambda data: data.replace(b"SE*28*", b"SE*27*"), "SE counts other segments"),
        (lambda data: data.replace(b"IEA*1*", b"IEA*2*"), "IEA counts other functional groups"),
        (lambda data: data.replace(b"GE*1*7", b"GE*1*8"), "GE has another control number"),
        (lambda data: data + b"-- end of transmission --", "has no terminator"),
        (lambda data: data[: data.index(b"PLB*")], "cut off"),
        (lambda data: b"$$ADD ID=X BATCH='835'\r\n" + data, "Text stands before the ISA"),
        (lambda data: b"Content-Type: text/plain\n\n" + data, "Text stands before the ISA"),
        (lambda data: data.replace(b"~CLP*A2", b"~clp*A2"), "name is misspelt; it is read"),
        (lambda data: data.replace(b"~CLP*A2", b"~CLP *A2"), "name is misspelt; it is read"),
        (lambda data: re.sub(rb"~(\w+)", lambda at: b"~" + at[1].lower(), data), "is misspelt"),
        (
            lambda data: data.replace(b"PLAIN HEALTH", b"PLAIN ~ HEALTH"),
            "no segment has such a name",
        ),
        (lambda data: data.replace(b"*P*:~", b"*P*>~"), "ISA16 is not what parts"),
        (lambda data: data.replace(b"*P*:~", b"*P**~"), "ISA16 is not what parts"),
    ],
)
def test_what_is_wrong_with_an_envelope_is_told_and_the_claims_read(
    spoil: Any, says: str, tmp_path: Path
) -> None:
    found = read(spoil(text(REVERSAL)), tmp_path)
    assert says in " ".join(found["envelope"])
    (payment,) = found["payments"]
    assert [one["claim_id"] for one in payment["claims"]] == ["A1", "A1", "A2"]
    assert payment["claims"][1]["lines"][0]["modifiers"] == ["25", "GT", "XU", "59"]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"UNA:+.? 'UNB+UNOA:1+PAYER+CLINIC+260105:1200+1'UNH+1+REMADV:D:96A:UN'", "EDIFACT"),
        (b"UNB+UNOA:1+PAYER+CLINIC+260105:1200+1'", "EDIFACT"),
        (text(NOTHING_PAID).lower(), "lower case"),
        (b"<?xml version='1.0'?><remittance/>", "is XML"),
        (b"\r\n<!doctype html><title>Session expired</title>", "is a web page"),
        (b'{"error": "not found"}', "is JSON"),
        (b"PK\x03\x04 a zip", "unpack it first"),
        (gzip.compress(text(NOTHING_PAID)), "unpack it first"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an Office document"),
        (b"\x89PNG\r\n\x1a\n", "is a picture"),
        (b"II*\x00\x08", "is a picture"),
        (b"\xff\xd8\xff\xe0", "is a picture"),
        (b"%PDF-1.7 named .835", "is a PDF"),
        (text(NOTHING_PAID).decode().encode("cp037"), "in EBCDIC"),
        (base64.b64encode(text(NOTHING_PAID)), "Base64"),
        (b"-----BEGIN PGP MESSAGE-----", "is encrypted"),
        (b"Claim,Paid\r\n1,2\r\n", "is no X12"),
        (b" \r\n\x00", "is empty"),
    ],
)
def test_what_is_no_x12_is_named(data: bytes, says: str, tmp_path: Path) -> None:
    found = read(data, tmp_path)
    assert found["payments"] == []
    assert says in " ".join(found["errors"])


def test_each_interchange_group_and_transaction_is_read_by_its_own_delimiters(
    tmp_path: Path,
) -> None:
    group = NOTHING_PAID.splitlines()[:-1]
    second = [one.replace("NOPAY1", "NOPAY2").replace("*7*X*", "*8*X*") for one in group]
    second[-1] = "GE*1*8"
    both = "\n".join([*group, *second, "IEA*2*000000007"])
    other = text(OLD, isa=ISA.replace("*^*00501", "*U*00401"), end="\n").replace(b"*", b"|")
    found = clean(text(both) + b"\r\n\r\n" + other + text(REVERSAL), tmp_path)
    traces = [one["trace_number"][:6] for one in found["payments"]]
    assert traces == ["NOPAY1", "NOPAY2", "CHECK7", "000012"]


def test_a_271_with_repetitions_by_any_character(tmp_path: Path) -> None:
    body = """GS*HB*PAYER*CLINIC*20260105*1200*7*X*005010X279A1
ST*271*0001*005010X279A1
BHT*0022*11*1*20260105*1200
HL*1**20*1
NM1*PR*2*PLAIN HEALTH*****PI*12345
HL*2*1*21*1
NM1*1P*2*LARKSPUR*****XX*1234567893
HL*3*2*22*0
TRN*2*T1*9CLINIC0000
NM1*IL*1*DOE*JANE****MI*M1
DMG*D8*19800203*F
DTP*346*D8*20260101
EB*1**30!98!UC**GOLD
EB*B**98!UC***27*25*****Y
EB*F**30***22*9*****W
SE*15*0001
GE*1*7
IEA*1*000000007"""
    found = clean(text(body, isa=ISA.replace("*^*", "*!*")), tmp_path)
    (cover,) = found["coverages"]
    assert (cover["active"], cover["plan"], cover["begins"]) == (True, "GOLD", "2026-01-01")
    copays = {one["service_type"]: one["copay"] for one in cover["benefits"] if one["copay"]}
    assert copays == {"98": "25.00", "UC": "25.00"}


def test_a_277_a_277ca_a_999_and_a_ta1_in_one_file(tmp_path: Path) -> None:
    status = """GS*HN*PAYER*CLINIC*20260105*1200*7*X*005010X212
ST*277*0001*005010X212
BHT*0010*08*1*20260105*1200*DG
HL*1**20*1
HL*2*1*21*1
HL*3*2*19*1
HL*4*3*22*1
NM1*IL*1*DOE*JOHN****MI*M1
HL*5*4*23
NM1*QC*1*DOE*JANE****MI*M1-02
TRN*2*T1
STC*F1:65*20260101**200*150*20260105**20260105*T123
REF*1K*P1
DTP*472*RD8*20251201-20251202
SVC*HC:G0463*200*150
STC*F1:65*20260101
TRN*2*T2
STC*D0:35*20260101
SE*18*0001
ST*277*0002*005010X214
BHT*0085*08*1*20260105*1200*TH
HL*1**20*1
HL*2*1*21*1
TRN*2*BATCH1
STC*A1:19:PR*20260105*WQ*500
HL*3*2*19*1
HL*4*3*PT
NM1*QC*1*DOE*JANE****MI*M1
TRN*2*A1
STC*A7:562:85*20260105*U*200******A7:21
DTP*472*D8*20251201
SE*13*0002
GE*2*7
GS*FA*PAYER*CLINIC*20260105*1200*8*X*005010X231A1
ST*999*0001*005010X231A1
AK1*HR*55*005010X212
AK2*276*0001*005010X212
IK3*NM1*8**8
CTX*SITUATIONAL TRIGGER
IK4*9*67*1*M 1
IK5*R*5
AK2*276*0002*005010X212
IK5*E
AK9*P*2*2*1
SE*11*0001
GE*1*8
IEA*2*000000007"""
    lines = status.splitlines()
    found = clean(text("\n".join(["TA1*000000055*260105*1200*R*006", *lines])), tmp_path)
    assert found["type"] == "277+277CA+999+TA1"
    paid, absent = found["statuses"]
    assert (paid["category"], paid["paid"], paid["trace_number"]) == ("F1", "150.00", "T123")
    assert (paid["service_from"], paid["service_to"]) == ("2025-12-01", "2025-12-02")
    assert absent["answer"]["kind"] == "not_found"
    told = [(one["of"], one["reference"], one["accepted"]) for one in found["acknowledgements"]]
    assert told == [
        ("interchange", "000000055", False),
        ("receiver", "BATCH1", True),
        ("claim", "A1", False),
        ("transaction", "276 0001", False),
        ("transaction", "276 0002", True),
        ("group", "HR 55", False),
    ]
    assert found["acknowledgements"][2]["codes"] == ["A7:562:85", "A7:21"]
    assert found["acknowledgements"][3]["errors"] == ["NM1 at segment 8"]
