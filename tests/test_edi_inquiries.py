"""Inquiries about awkward people are what open validators call valid, and ask what was meant."""

from __future__ import annotations

import io
import logging
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from test_edi_write import AT, CLAIM, PARTIES, VISIT

from billing.coverage import Visit
from billing.model import Claim
from bots.edi.inquiries import claim_status_inquiry, eligibility_inquiry, trace_number
from bots.reading.x12_elements import element
from bots.reading.x12_envelope import Interchanges

SURNAMES = (
    "doe", "De La Cruz", "O'BRIEN-SMITH, Jr.", "Li", "x" * 35, "Roe * Poe", "Doe:Roe", "A~B",
    "Caret^Hat", "Doe|Roe", "Áńgström", "Østergård-Łąk", "Groß", "O\u2019Neil", "St. John & Sons",
    "#12 (TEST)", "Van  Der Berg",
)  # fmt: skip
FORENAMES = ("jane", "J", "Mary Ann", "José", "y" * 25, "Bo>Jo", "D'Arcy", "Zoë")
MEMBERS = ("ACM000111", "a-1", "00012 34", "M*9", "W:01~2", "12^34", "XYZ" * 9)
NUMBERS = ("00012345", "7", "A-1/2", "P*1", "acct:9", "9" * 20)
SEEDS = range(12)

CHANGED = {
    "276": {
        'Data element "Reference Identification" (BHT03) is marked as Not Used',
        'Data element "Time" (BHT05) is marked as Not Used',
        'Mandatory data element "Subscriber Gender Code" (DMG03) is missing',
        "Segment REF*EJ not found.",
        "Segment DTP*472 not found.",
    },
    "270": {
        "Segment DTP*291 not found.",
        "(UC) is not a valid code for Service Type Code (EQ01) (UC)",
    },
}
"""Where the guides of 5010 ask otherwise than those of 4010, in pyx12's words."""


@dataclass(frozen=True)
class Asked:
    """What an inquiry says of one claim or visit."""

    payer: str
    names: tuple[str, str]
    member_id: str
    born: str
    rest: dict[str, str]


def claims(seed: int) -> list[Claim]:
    """Some awkward claims, no two the same."""
    draw = random.Random(seed)
    return [
        replace(
            CLAIM,
            claim_id=f"{draw.choice(NUMBERS)}{number}"[-20:],
            payer=draw.choice(("acme", "other")),
            member_id=draw.choice(MEMBERS),
            patient_last=draw.choice(SURNAMES),
            patient_first=draw.choice((*FORENAMES, "")),
            date_of_birth=draw.choice((date(1930, 12, 31), date(2025, 2, 28))),
            service_from=(first := date(2025, 1, 1) + timedelta(draw.randrange(365))),
            service_to=first + timedelta(draw.randrange(5)),
            billed=Decimal(draw.randrange(10**7)).scaleb(-2),
            payer_claim_number=draw.choice((None, "E7F", "2025*1")),
        )
        for number in range(draw.randrange(1, 9))
    ]


def visits(seed: int) -> list[Visit]:
    """Some awkward visits, no two the same."""
    draw = random.Random(seed)
    return [
        replace(
            VISIT,
            day=date(2026, 1, 5) + timedelta(number),
            payer=draw.choice(("acme", "other")),
            member_id=draw.choice(MEMBERS),
            patient_last=draw.choice(SURNAMES),
            patient_first=draw.choice(FORENAMES),
            date_of_birth=draw.choice((date(1930, 12, 31), date(2025, 2, 28))),
            service_type=draw.choice(("30", "98", "UC")),
        )
        for number in range(draw.randrange(1, 9))
    ]


def asked(data: bytes) -> Iterator[tuple[str, Asked]]:
    """What our own reader finds asked, each under its trace number."""
    interchanges = Interchanges(io.BytesIO(data))
    for transaction in interchanges:
        payer, found, people = "", dict[str, str](), list[dict[str, str]]()
        for _, segment in transaction.body:
            name, first = segment[0], element(segment, 1)
            if (name, first) == ("NM1", "PR"):
                payer = element(segment, 9)
            elif (name, element(segment, 3)) == ("HL", "22"):
                people.append(found := {})
            elif (name, first) == ("NM1", "IL"):
                found |= {"last": segment[3], "first": segment[4], "member": segment[9]}
            elif people:
                found[{"REF": f"REF {first}", "DTP": "days"}.get(name, name)] = segment[-1]
                if name == "TRN":
                    found["TRN"] = segment[2]
        for one in people:
            names, member = (one.pop("last"), one.pop("first")), one.pop("member")
            born, trace = one.pop("DMG", ""), one.pop("TRN")
            one.pop("SE", None)
            yield trace, Asked(payer, names, member, born, one)
    assert interchanges.faults == []


def plain(name: str) -> str:
    spelled = {"Áńgström": "Angstrom", "Østergård-Łąk": "Ostergard-Lak", "Groß": "Gross"}
    return {**spelled, "O\u2019Neil": "O'Neil", "José": "Jose", "Zoë": "Zoe"}.get(name, name)


def names(one: Claim | Visit) -> tuple[str, str]:
    return plain(one.patient_last), plain(one.patient_first)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_276_asks_what_the_claims_say(seed: int) -> None:
    listed = claims(seed)
    found = dict(asked(claim_status_inquiry(listed, PARTIES, AT)))
    assert len(found) == len(listed)
    for one in listed:
        said = found[trace_number(one)]
        days = f"{one.service_from:%Y%m%d}-{one.service_to:%Y%m%d}"
        known = {"REF 1K": one.payer_claim_number} if one.payer_claim_number else {}
        charge = said.rest.pop("AMT")
        assert Decimal(charge) == one.billed
        assert said == Asked(
            PARTIES.payers[one.payer or ""],
            names(one),
            one.member_id,
            f"{one.date_of_birth:%Y%m%d}",
            {"REF EJ": one.claim_id, "days": days, **known},
        )


@pytest.mark.parametrize("seed", SEEDS)
def test_a_270_asks_what_the_visits_say(seed: int) -> None:
    listed = visits(seed)
    found = dict(asked(eligibility_inquiry(listed, PARTIES, AT)))
    assert len(found) == len(listed)
    for one in listed:
        assert found[trace_number(one)] == Asked(
            PARTIES.payers[one.payer or ""],
            names(one),
            one.member_id,
            f"{one.date_of_birth:%Y%m%d}",
            {"days": f"{one.day:%Y%m%d}", "EQ": one.service_type},
        )


def test_a_name_longer_than_x12_takes_is_cut() -> None:
    long = replace(VISIT, patient_last="x" * 59 + " yz", patient_first="y" * 90)
    ((_, said),) = asked(eligibility_inquiry([long], PARTIES, AT))
    assert said.names == ("x" * 59, "y" * 35)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", ["276", "270"])
def test_the_older_guides_find_nothing_but_what_the_newer_ones_changed(
    kind: str, seed: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """pyx12 has the 4010 maps of 276 and 270; their levels, order and types are those of 5010."""
    data = (
        claim_status_inquiry(claims(seed), PARTIES, AT)
        if kind == "276"
        else eligibility_inquiry(visits(seed), PARTIES, AT)
    )
    assert older(data, tmp_path / "some.x12", caplog) - CHANGED[kind] == set()


def test_the_older_guides_find_what_is_wrong(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file, good = tmp_path / "some.x12", claim_status_inquiry([CLAIM], PARTIES, AT)
    for spoilt, says in (
        (good.replace(b"NM1*41*", b"NM1*40*"), "NM1"),
        (good.replace(b"HL*3*2*19*1", b"HL*3*2*24*1"), "HL*3*2*24"),
        (good.replace(b"AMT*T3*120.5", b"AMT*T3*12O.5"), "(AMT02)"),
        (good.replace(b"SE*16*", b"SE*18*"), "SE"),
    ):
        assert spoilt != good
        found = older(spoilt, file, caplog) - CHANGED["276"]
        assert any(says in sentence for sentence in found), (says, found)


def older(data: bytes, file: Path, caplog: pytest.LogCaptureFixture) -> set[str]:
    """What pyx12 says of the inquiry when it is told that it is of 4010."""
    document = pytest.importorskip("pyx12.x12n_document")
    params = pytest.importorskip("pyx12.params").params()
    text = data.decode("ascii").replace("00501", "00401", 1)
    # no character parted repetitions then, and a caret was none of the character set
    text = text[:82] + "U" + text[83:].replace("^", "'")
    for new, old in (("005010X212", "004010X093A1"), ("005010X279A1", "004010X092A1")):
        text = re.sub(rf"(ST.\d+.\d+){re.escape(text[3] + new)}", r"\1", text).replace(new, old)
    file.write_text(text)
    caplog.clear()
    with caplog.at_level(logging.WARNING, logger="pyx12"):
        document.x12n_document(params, str(file), None, None)
    return {_fact(record.getMessage()) for record in caplog.records}


def _fact(message: str) -> str:
    """A finding of pyx12's without the place."""
    fact = re.sub(r"^Line:\d+ \w+:\w+ - ", "", message)
    return re.sub(r"(not found\.)  Started at .*", r"\1", fact)


def written(file: Path, data: bytes) -> Path:
    file.write_bytes(data)
    return file
