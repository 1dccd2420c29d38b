"""Odd 277s, 271s and receipts: each is read right, or refused with its reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from test_edi_odd import clean, read, text
from typer.testing import CliRunner

from flows.command import app

STATUS = """BHT*0010*08*1*20260105*1200*DG
HL*1**20*1
HL*2*1*21*1
HL*3*2*19*1
HL*4*3*22*0
NM1*IL*1*DOE*JANE****MI*M1"""
COVER = """BHT*0022*11*REF1*20260105*1200
HL*1**20*1
HL*2*1*21*1
HL*3*2*22*0
TRN*2*T1*9CLINIC0000
NM1*IL*1*DOE*JANE****MI*M1"""


def transaction(kind: str, version: str, *parts: str) -> bytes:
    """One transaction of the segments in ``parts``."""
    body = "\n".join(parts).splitlines()
    return text(
        "\n".join(
            [
                f"GS*HN*PAYER*CLINIC*20260105*1200*7*X*{version}",
                f"ST*{kind}*0001*{version}",
                *body,
                f"SE*{len(body) + 2}*0001",
                "GE*1*7",
                "IEA*1*000000007",
            ]
        )
    )


def status(*parts: str, version: str = "005010X212") -> bytes:
    return transaction("277", version, STATUS, *parts)


def cover(*parts: str) -> bytes:
    return transaction("271", "005010X279A1", COVER, *parts)


def test_a_request_for_documents_names_what_it_asks_for(tmp_path: Path) -> None:
    data = status("TRN*1*A1", "STC*R4:18626-5::LOI*20260101**200", version="005010X213")
    (one,) = clean(data, tmp_path)["statuses"]
    assert (one["category"], one["words"]) == ("R4", "R4:18626-5::LOI")


def test_a_day_of_zeros_is_not_stated(tmp_path: Path) -> None:
    paid = "STC*F1:65*20260101**200*150*00000000**00000000*T"
    data = status("TRN*2*T1", paid, "DTP*472*RD8*00000000-00000000")
    (one,) = clean(data, tmp_path)["statuses"]
    assert (one["payment_date"], one["service_from"], one["paid"]) == (None, None, "150.00")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (status("TRN*2*T1"), "the 277 answers nothing"),
        (cover(), "the 271 answers nothing"),
        (transaction("999", "005010X231A1", "AK1*HR*55"), "the 999 answers nothing"),
        (status("STC*F1:65*20260101**200"), "STC stands under no trace number"),
        (status("TRN*2*T1", "STC*Jane:65"), "Segment 11: STC01 is no claim status code"),
        (
            status("TRN*2*T1", "STC*F1:65*20260101", "DTP*472*RD8*20251202-20251201"),
            "Segment 12: DTP03 is not a date",
        ),
        (cover("EB*1**30", "EB*B**98***27*TEN"), "EB07 is not an amount"),
        (transaction("824", "005010X186A1", "BGN*11*1*20260105"), "a kind that is not read (824)"),
    ],
)
def test_what_answers_nothing_or_damaged_is_told(data: bytes, says: str, tmp_path: Path) -> None:
    found = read(data, tmp_path)
    assert [found[name] for name in ("statuses", "coverages", "acknowledgements")] == [[], [], []]
    (sentence,) = found["errors"]
    assert says in sentence


def test_a_percentage_is_not_taken_for_a_share(tmp_path: Path) -> None:
    shares: list[Any] = []
    for said in (".2", "1", "20"):
        (one,) = clean(cover("EB*1**30", f"EB*A*IND*98*****{said}"), tmp_path)["coverages"]
        found = [benefit["coinsurance"] for benefit in one["benefits"]]
        shares.append((found[1:], one["unknown_words"]))
    assert shares == [
        (["0.2"], []),
        (["1"], []),
        ([], ["a coinsurance above the whole (98)"]),
    ]


def test_what_is_refused_for_everybody_has_the_inquirys_reference(tmp_path: Path) -> None:
    body = "BHT*0022*11*REF1*20260105*1200\nHL*1**20*0\nAAA*Y**42*R"
    (one,) = clean(transaction("271", "005010X279A1", body), tmp_path)["coverages"]
    assert (one["inquiry"], one["answer"]["kind"]) == ("REF1", "no_answer")


def test_a_person_is_told_the_first_of_many_sentences_and_how_many_follow(tmp_path: Path) -> None:
    empty = "\n".join(f"ST*999*{n:04d}\nAK1*HR*55\nSE*3*{n:04d}" for n in range(1, 31))
    group = "GS*FA*PAYER*CLINIC*20260105*1200*7*X*005010X231A1"
    file = tmp_path / "many.999"
    file.write_bytes(text(f"{group}\n{empty}\nGE*30*7\nIEA*1*000000007"))
    done = CliRunner().invoke(app, ["edi", "read", str(file)])
    assert done.exit_code == 2
    said = " ".join(done.stdout.split())
    assert said.count("the 999 answers nothing") == 20
    assert "and 10 more; --json has them all." in said
