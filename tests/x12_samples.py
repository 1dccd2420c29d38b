"""Small X12 files made from segments, whole or with one thing wrong."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
PUBLIC = Path(os.environ.get("X12_SAMPLES", PROJECT.parent / "shared" / "data" / "x12"))
"""Sample files of other projects, a folder a kind; they are theirs, so they are not kept here."""

REMITTANCE = (
    "ST*835*0001",
    "BPR*I*45.00*C*ACH*CCP*01*999999992*DA*1*1512345678**01*999988880*DA*9*20260105",
    "TRN*1*T00123*1512345678",
    "N1*PR*ACME HEALTH",
    "N1*PE*LARKSPUR FAMILY MEDICINE*XX*1234567893",
    "LX*1",
    "CLP*00012345*1*1200.00*49.00*10.00*12*E7F*11*1",
    "CAS*CO*253*1.00",
    "NM1*QC*1*DOE*JANE****MI*ACM000111",
    "SVC*HC:G0463:25:GT*100.00*50.00**1",
    "DTM*472*20260101",
    "CAS*CO*45*40.00",
    "CAS*PR*1*10.00",
    "AMT*B6*60.00",
    "LQ*HE*N382",
    "SVC*HC:J1885*1100.00*0.00**12",
    "DTM*472*20260101",
    "CAS*CO*45*1040.00**50*60.00",
    "PLB*1234567893*20261231*WO:E6C*4.00",
    "SE*20*0001",
)


def interchange(
    transactions: Iterable[Sequence[str]],
    *,
    functional: str = "HP",
    version: str = "005010X221A1",
    number: int = 1,
) -> list[str]:
    """The segments of an interchange with one functional group, in ``*`` and ``:``."""
    held = list(transactions)
    head = (
        "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260105*1200*^*00501"
        f"*{number:09d}*0*P*:"
    )
    group = f"GS*{functional}*SENDER*RECEIVER*20260105*1200*{number}*X*{version}"
    body = [segment for transaction in held for segment in transaction]
    return [head, group, *body, f"GE*{len(held)}*{number}", f"IEA*1*{number:09d}"]


def delimited(
    segments: Iterable[str],
    *,
    segment: str = "~",
    element: str = "*",
    component: str = ":",
    line_end: str = "\n",
) -> bytes:
    """The bytes of ``segments`` with these delimiters."""
    respelled = {ord("*"): element, ord(":"): component}
    return "".join(f"{one.translate(respelled)}{segment}{line_end}" for one in segments).encode()


def remittance_file(claims: int, *, seed: int = 1) -> Iterable[bytes]:
    """A balanced 835 of so many claims, some 400 bytes each, in pieces of a claim."""
    amounts = random.Random(seed)
    paid = sum(sum(line[1] for line in lines) for lines in _lines(amounts, claims))
    amounts = random.Random(seed)
    yield delimited(interchange([])[:2], line_end="")
    head = [*REMITTANCE[:1], f"BPR*I*{_dollars(paid)}*C*ACH************20260105", *REMITTANCE[2:5]]
    yield delimited(head, line_end="")
    count = len(head) + 1
    for number, lines in enumerate(_lines(amounts, claims), start=1):
        totals = [sum(column) for column in zip(*lines, strict=True)]
        charge, payment, _, patient = map(_dollars, totals)
        segments = [
            f"LX*{number}",
            f"CLP*A{number:08d}*1*{charge}*{payment}*{patient}*12*P{number:010d}*11*1",
            f"NM1*QC*1*DOE*JANE****MI*M{number:09d}",
            "NM1*82*1*ROE*RICHARD****XX*1234567893",
            "REF*EA*123456",
            "DTM*232*20251201",
            "DTM*050*20251210",
        ]
        for charged, line_paid, contract, patients in lines:
            segments += [
                f"SVC*HC:G0463:25*{_dollars(charged)}*{_dollars(line_paid)}**1",
                "DTM*472*20251201",
                f"CAS*CO*45*{_dollars(contract)}",
                f"CAS*PR*1*{_dollars(patients)}",
                "REF*6R*1",
                f"AMT*B6*{_dollars(charged - contract)}",
                "LQ*HE*N130",
            ]
        count += len(segments)
        yield delimited(segments, line_end="")
    yield delimited([f"SE*{count}*0001", "GE*1*1", "IEA*1*000000001"], line_end="")


def _lines(amounts: random.Random, claims: int) -> Iterable[list[tuple[int, int, int, int]]]:
    """The lines of each claim: charge, paid, contractual, patient's, in cents."""
    for _ in range(claims):
        lines = []
        for _ in range(amounts.choice((1, 1, 2, 3))):
            charge = amounts.randrange(5_000, 90_000)
            contract = amounts.randrange(0, charge // 2)
            patient = amounts.randrange(0, (charge - contract) // 2)
            lines.append((charge, charge - contract - patient, contract, patient))
        yield lines


def _dollars(cents: int) -> str:
    return str(Decimal(cents).scaleb(-2))
