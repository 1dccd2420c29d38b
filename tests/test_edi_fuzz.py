"""Whatever is done to an X12 file, it is read or refused in sentences that name no patient."""

from __future__ import annotations

import io
import json
import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from x12_samples import REMITTANCE, delimited, interchange

from bots.reading.x12_json import write_document

STATUS = (
    "ST*277*0001*005010X212",
    "BHT*0010*08*1*20260105*1200*DG",
    "HL*1**20*1",
    "HL*2*1*22*0",
    "NM1*IL*1*QUIMBLE*ZEBEDIAH****MI*ACM000111",
    "TRN*2*T1",
    "STC*F2:88:QC*20260101**150.00*0.00",
    "REF*1K*E7F",
    "DTP*472*RD8*20260101-20260102",
    "SE*10*0001",
)
COVER = (
    "ST*271*0001*005010X279A1",
    "BHT*0022*11*1*20260105*1200",
    "HL*1**22*0",
    "TRN*2*T1*9SENDER0000",
    "NM1*IL*1*QUIMBLE*ZEBEDIAH****MI*ACM000111",
    "DMG*D8*19800203",
    "DTP*346*D8*20260101",
    "EB*1**30**GOLD",
    "EB*B*IND*98^UC****27*10*****Y",
    "EB*C*IND*30***23*500.00*****Y",
    "AAA*N**72*C",
    "SE*12*0001",
)
RECEIPT = (
    "ST*999*0001*005010X231A1",
    "AK1*HC*1*005010X223A2",
    "AK2*837*0001",
    "IK3*NM*17**1",
    "IK5*R*5",
    "AK9*R*1*1*0",
    "SE*7*0001",
)
PAID = tuple(one.replace("DOE*JANE", "QUIMBLE*ZEBEDIAH") for one in REMITTANCE)
KINDS = {
    "835": (PAID, "HP", "005010X221A1"),
    "277": (STATUS, "HN", "005010X212"),
    "277CA": (STATUS, "HN", "005010X214"),
    "271": (COVER, "HB", "005010X279A1"),
    "999": (RECEIPT, "FA", "005010X231A1"),
}
CHARACTERS = "~*:^\n\x00Z9-. "


def sample(kind: str) -> bytes:
    transaction, functional, version = KINDS[kind]
    if kind == "277CA":
        transaction = (f"ST*277*0001*{version}", *transaction[1:])
    return delimited(interchange([transaction], functional=functional, version=version))


def spoilt(data: bytes, seed: int) -> bytes:
    """``data`` with some of its bytes, elements and segments lost, doubled or changed."""
    draw = random.Random(seed)
    text = data.decode()
    for _ in range(draw.randrange(1, 5)):
        at, to = sorted(draw.randrange(len(text) + 1) for _ in range(2))
        to = min(to, at + draw.choice((1, 1, 8, 60)))
        instead = draw.choice(("", text[at:to] * 2, draw.choice(CHARACTERS), "QUIMBLE"))
        text = text[:at] + instead + text[to:]
        if not text:
            break
    return text.encode()


@pytest.mark.parametrize("kind", KINDS)
def test_the_samples_are_read(kind: str, tmp_path: Path) -> None:
    file, out = tmp_path / "some.x12", io.StringIO()
    file.write_bytes(sample(kind))
    tally = write_document(file, out)
    assert (tally.type, tally.errors, tally.envelope) == (kind, [], [])


@settings(max_examples=400)
@given(kind=st.sampled_from(sorted(KINDS)), seed=st.integers(0, 1 << 32))
def test_a_spoilt_file_is_read_or_refused_and_never_names_a_patient(kind: str, seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file, out = Path(folder) / "some.x12", io.StringIO()
        file.write_bytes(spoilt(sample(kind), seed))
        tally = write_document(file, out)
    document = json.loads(out.getvalue())
    assert document["errors"] == tally.errors
    for sentence in [*document["errors"], *document["envelope"], document["type"] or ""]:
        assert "QUIMBLE" not in sentence
        assert "ZEBEDIAH" not in sentence
    for status in document["statuses"]:
        assert "QUIMBLE" not in str(status["answer"])


@given(data=st.binary(max_size=300))
def test_any_bytes_are_refused_in_a_sentence(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "some.x12"
        file.write_bytes(data)
        tally = write_document(file, io.StringIO())
    assert tally.errors or tally.envelope
