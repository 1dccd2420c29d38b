"""Acceptance reports about one claim, and the claim file that a 999 answers."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from ledger_samples import claim as sample
from x12_samples import delimited, interchange

from billing.model import Claim

CLAIM = replace(sample(1), billed=Decimal("100.00"))
"""C00001 of member MBR777, served on 2026-09-01."""


def report(
    claim: Claim = CLAIM,
    *,
    codes: str = "A2:20",
    source: str = "PR*2*ACME HEALTH*****PI*12345",
    received: str = "",
    number: str = "",
    member: str = "",
    count: int = 0,
) -> bytes:
    """A 277CA about one claim, between two of other patients."""
    days = f"{claim.service_from:%Y%m%d}-{claim.service_to:%Y%m%d}"
    about = [
        f"NM1*QC*1*DOE*JANE****MI*{member or claim.member_id}",
        f"TRN*2*{number or claim.claim_id}",
        f"STC*{codes}*20260915*WQ*{claim.billed}",
        "REF*1K*PAYER77",
        f"DTP*472*RD8*{days}",
    ]
    other = [
        "NM1*QC*1*ROE*RICHARD****MI*MBR111",
        "TRN*2*C00009",
        "STC*A2:20*20260901*WQ*10.00",
        "DTP*472*D8*20260801",
    ]
    segments = [
        "BHT*0085*08*1*20260916*1200*TH",
        "HL*1**20*1",
        f"NM1*{source}",
        "TRN*1*T1",
        *([f"DTP*050*D8*{received}"] if received else []),
        "HL*2*1*21*1",
        "NM1*41*2*LARKSPUR*****46*SENDER",
        "HL*3*2*19*1",
        *("HL*4*3*PT", *other),
        *("HL*5*3*PT", *about),
        *("HL*6*3*PT", *other),
    ]
    body = ["ST*277*0001*005010X214", *segments, f"SE*{count or len(segments) + 2}*0001"]
    return delimited(interchange([body], functional="HN", version="005010X214"))


def claim_file(claim: Claim = CLAIM, *, member: str = "", charge: str = "") -> bytes:
    """An 837 with one claim, in group 7."""
    body = [
        "ST*837*0021*005010X222A1",
        "NM1*IL*1*DOE*JANE****MI*" + (member or claim.member_id),
        f"CLM*{claim.claim_id}*{charge or claim.billed}***11:B:1*Y*A*Y*Y",
        "SE*4*0021",
    ]
    return delimited(interchange([body], functional="HC", version="005010X222A1", number=7))


def receipt(
    *, group: str = "7", verdict: str = "A", back: bool = True, on: str = "20260105"
) -> bytes:
    """A 999 about transaction 0021; ``back`` to the sender of the claim file."""
    segments = [
        f"AK1*HC*{group}*005010X222A1",
        "AK2*837*0020*005010X222A1",
        "IK5*R*5",
        "AK2*837*0021*005010X222A1",
        f"IK5*{verdict}",
        f"AK9*{verdict}*2*2*1",
    ]
    body = ["ST*999*0001*005010X231A1", *segments, f"SE*{len(segments) + 2}*0001"]
    made = interchange([body], functional="FA", version="005010X231A1")
    if back:
        there, here = "GS*FA*SENDER*RECEIVER*20260105", f"GS*FA*RECEIVER*SENDER*{on}"
        made = [one.replace(there, here) for one in made]
    return delimited(made)
