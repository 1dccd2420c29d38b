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

from billing.ledger import open_ledger
from bots.edi.inquiries import trace_number
from bots.exports.schedule import read_schedule
from bots.profile import load_profiles, spellings
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


def post_box(
    desk: Path, schedule: Path | None = None
) -> tuple[int, Mapping[str, Any], dict[Any, Any]]:
    export = min((desk / "exports").glob("*.csv"))
    about = ["--schedule", str(schedule)] if schedule else ["--export", str(export)]
    arguments = ["edi", "post-box", *about, "--json", "--out", str(desk / "out")]
    folders = ["--outbox", str(desk / "to-send"), "--inbox", str(desk / "in")]
    places = ["--home", str(desk / "home"), "--profiles", str(desk / "profiles")]
    done = CliRunner().invoke(app, [*arguments, *folders, *places])
    assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)
    said = json.loads(done.stdout)
    return (
        done.exit_code,
        said,
        {one.get("claim_id") or one["row"]: one for one in said["answers"]},
    )


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
    for name in ("b.835", "b-again.835"):
        (desk / "in" / name).write_bytes(payment_file(paid, "E1"))
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
    settled, money = found[paid["claim"]], Decimal(paid["charge"])
    assert (Decimal(settled["paid"]), settled["payer_claim_number"]) == (money, "E1")
    assert "E1" in (desk / "out" / "postings.csv").read_text(encoding="utf-8")
    (received,) = open_ledger(desk / "home").remittances(trace_number="T1")
    assert [one.run for one in received.statements] == [said["sweep"]]


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


def why(answer: Mapping[str, Any]) -> str:
    """What is said of an answer in sentences."""
    return answer.get("why") or " ".join(one["why"] for one in answer["findings"])


def control_numbers(desk: Path, kind: str = "276") -> tuple[str, str, str]:
    """Interchange, group and reference (BHT03) of what was sent."""
    (file,) = (desk / "to-send").glob(f"*.{kind}")
    found = {one[0]: one for one in Segments(io.BytesIO(file.read_bytes()))}
    return found["ISA"][13], found["GS"][6], found["BHT"][3]


def acknowledged(desk: Path, file: str, segments: list[str], version: str, kind: str) -> None:
    transaction = [f"ST*{kind}*0001*{version}", *segments, f"SE*{len(segments) + 2}*0001"]
    data = delimited(interchange([transaction], functional="FA", version=version))
    (desk / "in" / file).write_bytes(data)


def receipt(desk: Path, group: str, verdict: str) -> None:
    segments = [
        f"AK1*HR*{group}*005010X212",
        "AK2*276*0001*005010X212",
        *(["IK3*NM1*8**8"] if verdict == "R" else []),
        f"IK5*{verdict}*5" if verdict == "R" else f"IK5*{verdict}",
        f"AK9*{verdict}*1*1*{int(verdict != 'R')}",
    ]
    acknowledged(desk, "a.999", segments, "005010X231A1", "999")


def test_an_inquiry_that_was_refused_on_receipt_is_told_with_its_reason(desk: Path) -> None:
    post_box(desk)
    asked, (interchange_number, group, _) = inquiries(desk), control_numbers(desk)
    shutil.rmtree(desk / "to-send")  # the clearinghouse takes what it sends
    receipt(desk, group, "A")
    _, _, found = post_box(desk)
    said = {why(found[one["claim"]]) for one in asked}
    assert len(said) == 1, said
    receipt(desk, "999", "R")  # of another group: not ours
    assert post_box(desk)[2] == found
    receipt(desk, group, "R")
    (desk / "in" / "b.277").write_bytes(status_file([answered(asked[0], "P1:20", "E1")]))
    code, _, found = post_box(desk)
    assert found[asked[0]["claim"]]["outcome"] == "pending"  # an answer says more
    for one in asked[1:]:
        answer = found[one["claim"]]
        assert answer["outcome"] == "no_answer"
        assert "transaction (999: 5, NM1 at segment 8)" in why(answer)
    (desk / "in" / "a.999").unlink()
    refused = f"TA1*{interchange_number}*260105*1200*R*006"
    (desk / "in" / "a.ta1").write_bytes(
        delimited([*interchange([])[:1], refused, "IEA*0*000000001"])
    )
    code, said_json, found = post_box(desk)
    assert said_json["inbox"] == []
    assert "interchange (TA1: 006)" in why(found[asked[1]["claim"]])
    assert code == 0


def test_an_answer_about_the_whole_inquiry_is_each_claims(desk: Path) -> None:
    post_box(desk)
    asked, (*_, reference) = inquiries(desk), control_numbers(desk)
    loop = ["HL*2*1*21*0", "NM1*41*2*LARKSPUR*****46*SENDER", f"TRN*2*{reference}", "STC*E0:24:41"]
    (desk / "in" / "a.277").write_bytes(status_file([loop]))
    _, _, found = post_box(desk)
    assert {found[one["claim"]]["outcome"] for one in asked} == {"no_answer"}
    assert all("(E0:24:41)" in why(found[one["claim"]]) for one in asked)


def test_a_claim_that_a_277ca_rejects_is_rejected_and_never_not_found(desk: Path) -> None:
    post_box(desk)
    rejected, unknown, taken, other, *_ = inquiries(desk)
    segments = ["BHT*0085*08*1*20260105*1200*TH", "HL*1**20*1", "HL*2*1*21*1", "HL*3*2*19*1"]
    for level, (one, codes) in enumerate(
        [
            (rejected, "A7:562:85"),
            (unknown, "A4:35"),
            (taken, "A2:20"),
            (other | {"member": "ZZZ1"}, "A3:21"),
            (rejected | {"member": "ZZZ2"}, "A3:21"),  # another patient's, numbered alike
        ],
        start=4,
    ):
        segments += [
            f"HL*{level}*3*PT",
            f"NM1*QC*1*DOE*JANE****MI*{one['member']}",
            f"TRN*2*{one['claim']}",
            f"STC*{codes}*20260101*U*{one['charge']}",
            f"DTP*472*RD8*{one['days']}",
        ]
    transaction = ["ST*277*0001*005010X214", *segments, f"SE*{len(segments) + 2}*0001"]
    data = delimited(interchange([transaction], functional="HN", version="005010X214"))
    (desk / "in" / "a.277ca").write_bytes(data)
    code, said, found = post_box(desk)
    assert (code, said["inbox"]) == (0, [])
    outcomes = [found[one["claim"]]["outcome"] for one in (rejected, unknown, taken, other)]
    assert outcomes == ["rejected", "rejected", "no_answer", "no_answer"]


@pytest.fixture
def schedule(desk: Path) -> Path:
    file = desk / "schedule.csv"
    command = [sys.executable, "-m", "sandbox", "schedule", str(file), "--claims", "16"]
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, timeout=120)
    return file


def persons(desk: Path) -> list[dict[str, str]]:
    """Whom the 270 asks about."""
    (file,) = (desk / "to-send").glob("*.270")
    found: list[dict[str, str]] = []
    for segment in Segments(io.BytesIO(file.read_bytes())):
        match segment:
            case ["TRN", _, trace, *_]:
                found.append({"trace": trace})
            case ["NM1", "IL", _, last, first, *rest]:
                found[-1] |= {"last": last, "first": first, "member": rest[-1]}
            case ["DMG", _, born]:
                found[-1]["born"] = born
    return found


def covered(one: dict[str, str], *rest: str) -> list[str]:
    return [
        "HL*3*2*22*0",
        f"TRN*2*{one['trace']}*9SENDER0000",
        f"NM1*IL*1*{one['last']}*{one['first']}****MI*{one['member']}",
        f"DMG*D8*{one['born']}",
        *rest,
    ]


def cover_file(loops: list[list[str]]) -> bytes:
    body = ["BHT*0022*11*1*20260105*1200", "HL*1**20*1", "HL*2*1*21*1"]
    body += [segment for loop in loops for segment in loop]
    version = "005010X279A1"
    transaction = [f"ST*271*0001*{version}", *body, f"SE*{len(body) + 2}*0001"]
    return delimited(interchange([transaction], functional="HB", version=version))


def test_the_cover_of_a_schedules_visits_is_asked_for_in_folders(
    desk: Path, schedule: Path
) -> None:
    code, said, first = post_box(desk, schedule)
    assert code == 1
    assert {one["outcome"] for one in first.values()} == {"no_answer"}
    asked = persons(desk)
    assert len({one["trace"] for one in asked}) == len(asked) > 6
    active, ended, absent, rejected, stranger, twice, *_ = asked
    loops = [
        covered(active, "DTP*346*D8*20200101", "EB*1**30**GOLD", "EB*B**98***27*10*****Y"),
        covered(ended, "EB*6**30"),
        covered(absent, "AAA*N**75*C"),
        covered(rejected, "AAA*N**72*C"),
        covered(stranger | {"born": "19010101"}, "EB*1**30"),
        covered(twice, "EB*1**30"),
        covered(twice, "EB*6**30"),
    ]
    (desk / "in" / "a.271").write_bytes(cover_file(loops))
    (desk / "in" / "again.271").write_bytes(cover_file(loops))
    code, again, found = post_box(desk, schedule)
    assert (code, again["resumed"], again["inbox"]) == (0, True, [])
    assert again["sweep"] == said["sweep"]
    assert len(list((desk / "to-send").iterdir())) == 1
    names = spellings(load_profiles(desk / "profiles"))
    visits = read_schedule(schedule.read_bytes(), schedule.name, payer_ids=names).visits
    by_trace = {trace_number(one): found[one.source.row] for one in visits}
    outcomes = [
        by_trace[one["trace"]]["outcome"]
        for one in (active, ended, absent, rejected, stranger, twice)
    ]
    assert outcomes == [
        "active", "inactive", "not_found", "no_answer", "wrong_patient", "no_answer",
    ]  # fmt: skip
    assert by_trace[active["trace"]]["plan"] == "GOLD"
    assert "AAA 72" in why(by_trace[rejected["trace"]])


def test_a_270_that_was_refused_on_receipt_is_told_with_its_reason(
    desk: Path, schedule: Path
) -> None:
    post_box(desk, schedule)
    _, group, _ = control_numbers(desk, "270")
    segments = [f"AK1*HS*{group}*005010X279A1", "AK9*R*1*1*0*2"]
    acknowledged(desk, "a.999", segments, "005010X231A1", "999")
    _, _, found = post_box(desk, schedule)
    assert {one["outcome"] for one in found.values()} == {"no_answer"}
    assert all("group (999: 2)" in why(one) for one in found.values())


def test_claims_or_visits_are_named(desk: Path) -> None:
    folders = ["--outbox", str(desk / "to-send"), "--inbox", str(desk / "in")]
    done = CliRunner().invoke(app, ["edi", "post-box", *folders])
    assert "by --export or visits by --schedule" in str(done.exception)


def test_a_271_that_refuses_a_whole_270_is_told_to_each_of_its_visits(
    desk: Path, schedule: Path
) -> None:
    post_box(desk, schedule)
    (file,) = (desk / "to-send").glob("*.270")
    (first, *_) = (one for one in Segments(io.BytesIO(file.read_bytes())) if one[0] == "BHT")
    body = [f"BHT*0022*11*{first[3]}*20260105*1200", "HL*1**20*0", "AAA*Y**42*R"]
    version = "005010X279A1"
    data = delimited(
        interchange([[f"ST*271*1*{version}", *body, "SE*5*1"]], functional="HB", version=version)
    )
    (desk / "in" / "whole.271").write_bytes(data)
    _, _, found = post_box(desk, schedule)
    said = [("AAA 42 R" in why(one)) for one in found.values()]
    asked = file.read_bytes().split(b"\nST*")[1].count(b"\nTRN*")
    assert said.count(True) == asked > 0
