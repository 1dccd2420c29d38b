"""A clearinghouse's folders answer as a portal does, also where the portal forbids bots."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import PROJECT
from test_edi_write import SETTINGS
from typer.testing import CliRunner
from x12_samples import delimited, interchange

from bots.reading.x12 import Segments
from flows.command import app

Asked = dict[str, str]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An export of one payer, whose profile forbids bots, and empty folders."""
    command = [sys.executable, "-m", "sandbox", "export", str(tmp_path / "exports")]
    subprocess.run(
        [*command, "--claims", "16"], cwd=PROJECT, check=True, capture_output=True, timeout=120
    )
    profiles = tmp_path / "profiles"
    for folder in (PROJECT / "payer_profiles").iterdir():
        if (folder / "profile.yaml").exists():
            shutil.copytree(folder, profiles / folder.name)
            file = profiles / folder.name / "profile.yaml"
            text = file.read_text(encoding="utf-8")
            assert "automation: permitted" in text
            file.write_text(text.replace("automation: permitted", "automation: prohibited"))
    numbers = "".join(f'{one.name} = "12345"\n' for one in profiles.iterdir())
    settings = tmp_path / "settings.toml"
    settings.write_text(f"{SETTINGS}[edi_payers]\n{numbers}")
    settings.chmod(0o600)
    monkeypatch.setenv("CLAIMSWEEP_SETTINGS", str(settings))
    (tmp_path / "in").mkdir()
    return tmp_path


def post_box(desk: Path) -> tuple[int, Mapping[str, Any], dict[str, Any]]:
    export = min((desk / "exports").glob("*.csv"))
    arguments = ["edi", "post-box", "--export", str(export), "--json", "--out", str(desk / "out")]
    folders = ["--outbox", str(desk / "to-send"), "--inbox", str(desk / "in")]
    places = ["--home", str(desk / "home"), "--profiles", str(desk / "profiles")]
    done = CliRunner().invoke(app, [*arguments, *folders, *places])
    assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)
    said = json.loads(done.stdout)
    return done.exit_code, said, {one["claim_id"]: one for one in said["answers"]}


def inquiries(desk: Path) -> list[Asked]:
    """What the 276 asks, claim by claim, as a clearinghouse would understand it."""
    (file,) = (desk / "to-send").glob("*.276")
    found: list[Asked] = []
    for segment in Segments(io.BytesIO(file.read_bytes())):
        match segment:
            case ["HL", _, _, "22", *_]:
                found.append({})
            case ["NM1", "IL", *rest]:
                found[-1]["member"] = rest[7]
            case ["TRN", _, trace]:
                found[-1]["trace"] = trace
            case ["REF", "EJ", claim]:
                found[-1]["claim"] = claim
            case ["AMT", "T3", charge]:
                found[-1]["charge"] = charge
            case ["DTP", "472", _, days]:
                found[-1]["days"] = days
    return found


def answered(asked: Asked, codes: str, number: str, paid: str = "") -> list[str]:
    """The loop of a 277 about one claim; a claim without ``charge`` states none."""
    money = f"{asked['charge']}*{paid}" if paid else asked["charge"]
    return [
        "HL*4*3*22*0",
        f"NM1*IL*1*DOE*JANE****MI*{asked['member']}",
        f"TRN*2*{asked['trace']}",
        f"STC*{codes}*20260101**{money}",
        f"REF*1K*{number}",
        f"REF*EJ*{asked['claim']}",
        f"DTP*472*RD8*{asked['days']}",
    ]


def status_file(loops: list[list[str]], *, count: int | None = None) -> bytes:
    body = [
        "ST*277*0001*005010X212",
        "BHT*0010*08*1*20260105*1200*DG",
        "HL*1**20*1",
        *(segment for loop in loops for segment in loop),
    ]
    whole = [*body, f"SE*{count or len(body) + 1}*0001"]
    return delimited(interchange([whole], functional="HN", version="005010X212"))


def payment_file(asked: Asked, number: str) -> bytes:
    charge = asked["charge"]
    transaction = [
        "ST*835*0001",
        f"BPR*I*{charge}*C*CHK************20260105",
        "TRN*1*T1*1000000000",
        "N1*PR*ACME",
        "N1*PE*LARKSPUR",
        "LX*1",
        f"CLP*{asked['claim']}*1*{charge}*{charge}**12*{number}",
        f"SVC*HC:G0463*{charge}*{charge}**1",
        f"DTM*472*{asked['days'][:8]}",
        "SE*10*0001",
    ]
    return delimited(interchange([transaction]))


def test_answers_settle_claims_and_contradictions_do_not(desk: Path) -> None:
    code, said, first = post_box(desk)
    assert code == 1
    assert {one["outcome"] for one in first.values()} == {"no_answer"}
    asked = inquiries(desk)
    assert {one["claim"] for one in asked} <= set(first)
    assert len({one["trace"] for one in asked}) == len(asked) > 6
    paid, absent, other_member, other_charge, other_claim, pending, *_ = asked
    loops = [
        answered(paid, "F1:65", "E1", paid["charge"]),
        answered(absent, "A4:35", "E2"),
        answered(other_member | {"member": "ZZZ999"}, "F1:65", "E3"),
        answered(other_charge | {"charge": "1.23"}, "F1:65", "E4"),
        answered(other_claim | {"claim": "NOT-OURS"}, "F1:65", "E5"),
        answered(pending, "P1:20", "E6"),
    ]
    (desk / "in" / "a.277").write_bytes(status_file(loops))
    (desk / "in" / "a-again.277").write_bytes(status_file(loops))
    (desk / "in" / "b.835").write_bytes(payment_file(paid, "E1"))
    code, again, found = post_box(desk)
    assert (code, again["resumed"], again["inbox"]) == (0, True, [])
    assert again["sweep"] == said["sweep"]
    assert len(list((desk / "to-send").iterdir())) == 1
    outcomes = {one["claim"]: found[one["claim"]]["outcome"] for one in asked}
    assert outcomes[paid["claim"]] == "paid"
    assert outcomes[absent["claim"]] == "not_found"
    assert outcomes[other_member["claim"]] == "wrong_patient"
    assert outcomes[other_charge["claim"]] == "no_answer"
    assert outcomes[other_claim["claim"]] == "no_answer"
    assert outcomes[pending["claim"]] == "pending"
    assert set(list(outcomes.values())[6:]) == {"no_answer"}
    settled = found[paid["claim"]]
    assert Decimal(settled["paid"]) == Decimal(paid["charge"])
    assert settled["payer_claim_number"] == "E1"
    assert "E1" in (desk / "out" / "postings.csv").read_text(encoding="utf-8")


def test_an_answer_that_may_be_cut_off_or_comes_twice_is_not_believed(desk: Path) -> None:
    post_box(desk)
    cut, twice, *_ = inquiries(desk)
    (desk / "in" / "cut.277").write_bytes(status_file([answered(cut, "A4:35", "E1")], count=99))
    for name, codes in (("one.277", "P1:20"), ("two.277", "F2:88")):
        (desk / "in" / name).write_bytes(status_file([answered(twice, codes, "E2")]))
    code, said, found = post_box(desk)
    assert code == 1
    (sentence,) = said["inbox"]
    assert "cut.277" in sentence
    assert "SE counts other segments" in sentence
    assert found[cut["claim"]]["outcome"] == "no_answer"
    assert found[twice["claim"]]["outcome"] == "several_matches"
