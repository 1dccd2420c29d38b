"""Nothing is asked of a portal that answers otherwise about a claim whose answer is known."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import PROJECT, SandboxServer
from portal_clients import SetClock, answering
from portal_faults import (
    COMMERCIAL,
    MEDICAID,
    WORLD,
    Night,
    Open,
    Sent,
    Spoiler,
    counted,
    desks,
    down,
    is_search,
)
from sweeping import Desk, furnish, new_desk, read_answers

import flows.account_session
from billing.errors import BadInput, CanaryFailed, ProfileError, TryLater
from billing.model import Outcome
from bots.portal.browser import Browser
from bots.profile import load_profile
from bots.reading.canary import Canary, load_canary
from sandbox.__main__ import AS_OF
from sandbox.books import make_world
from sandbox.canary import canary as known_canary
from sandbox.serve import PORTALS, Portals

NUMBER = {COMMERCIAL: "E00000000001", MEDICAID: "0226000000001"}
OTHER = {COMMERCIAL: "E00000000002", MEDICAID: "0226000000002"}


def known(payer: str, **expect: str) -> Canary:
    """The claim of NUMBER as the canary, with its true figures or others."""
    books = WORLD.commercial if payer == COMMERCIAL else WORLD.medicaid
    claim = books.by_number[NUMBER[payer]]
    return Canary.model_validate(
        {
            "claim": {
                "claim_id": claim.claim_id,
                "member_id": claim.patient.member_id,
                "date_of_birth": claim.patient.birth,
                "service_from": claim.service_from,
                "service_to": claim.service_to,
                "billed": claim.charge,
            },
            "expect": {"charge": "1250.00", "paid": "1180", "payment_date": "2026-03-29"} | expect,
        }
    )


@pytest.fixture
def portals() -> Iterator[Portals]:
    with answering(WORLD, SetClock(), delay=0) as there:
        yield there


@pytest.fixture
def desk(
    browser_executable: Browser, portals: Portals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Open]:
    monkeypatch.setattr(flows.account_session, "PAUSE_SECONDS", 0)
    with desks(browser_executable, portals, tmp_path / "home") as sit:
        yield sit


def with_canary(work: Night, canary: Canary) -> Night:
    return Night(work.ledger, replace(work.work, canary=lambda: canary))


@pytest.mark.parametrize("payer", [COMMERCIAL, MEDICAID])
def test_a_green_canary_lets_the_sweep_go_on_in_the_same_session(
    payer: str, desk: Open, portals: Portals
) -> None:
    work, there = desk(payer, lambda _: None, OTHER[payer])
    with_canary(work, known(payer)).run()
    assert [one.outcome for one in work.conclusions()] == [Outcome.PAID]
    assert counted(portals, payer)["logins"] == 1
    assert sum(is_search_of(asked) for asked in there.asked) >= 2


def is_search_of(asked: str) -> bool:
    return asked in ("POST /ClaimInquiry.aspx", "POST /api/claim-searches")


def test_a_known_claim_with_another_figure_stops_everything_before_it_begins(
    desk: Open, portals: Portals
) -> None:
    work, there = desk(COMMERCIAL, lambda _: None, OTHER[COMMERCIAL])
    with pytest.raises(CanaryFailed, match=r"canary failed: .* reads otherwise in paid; ") as red:
        with_canary(work, known(COMMERCIAL, paid="1180.01")).run()
    assert "1180" not in str(red.value)
    assert work.conclusions() == []
    assert sum(is_search_of(asked) for asked in there.asked) == 1
    assert counted(portals, COMMERCIAL)["concurrent_sessions"] == 0, "signed out all the same"
    shown = str(red.value).partition("(evidence ")[2][:12]
    assert list(work.ledger.home.glob(f"evidence/{shown[:2]}/{shown[2:]}*"))


def test_a_reworded_page_is_red_whatever_claim_shows_it_first(desk: Open) -> None:
    def reworded(sent: Sent) -> None:
        sent.body = sent.body.replace(b"Billed amount", b"Total charge")

    work, _ = desk(COMMERCIAL, reworded, OTHER[COMMERCIAL])
    with pytest.raises(CanaryFailed, match="label 'Billed amount' 0 times"):
        with_canary(work, known(COMMERCIAL)).run()


def test_a_known_claim_that_is_not_on_file_any_more_is_red(desk: Open) -> None:
    canary = known(MEDICAID)
    elsewhere = canary.claim.model_copy(update={"member_id": "0000099998"})
    work, _ = desk(MEDICAID, lambda _: None, OTHER[MEDICAID])
    with pytest.raises(CanaryFailed, match="the known claim was not found"):
        with_canary(work, canary.model_copy(update={"claim": elsewhere})).run()


def test_a_portal_that_is_down_says_nothing_of_its_canary(desk: Open) -> None:
    work, _ = desk(MEDICAID, Spoiler(is_search, down), OTHER[MEDICAID])
    with pytest.raises(TryLater, match="HTTP 503"):
        with_canary(work, known(MEDICAID)).run()


def test_a_red_canary_is_told_on_the_morning_sheet_and_asked_alone_by_its_own_verb(
    sandbox_server: Callable[..., SandboxServer], browser_executable: Browser, tmp_path: Path
) -> None:
    desk = new_desk(sandbox_server(12, 10), tmp_path)
    there = known_canary_of(desk.sandbox)
    there["expect"]["charge"] = "0.01"
    wrong = {"CLAIMSWEEP_SECRET_JUNIPER_RIDGE_CANARY": json.dumps(there)}
    done = desk.run(desk.sweep_command(), **wrong)
    assert done.returncode == 1, done.stderr
    swept = json.loads(done.stdout)
    answers = read_answers(swept)
    assert {a["finding"] for a in answers if a["payer"] == COMMERCIAL} == {"canary-failed"}
    assert any(a["paid"] for a in answers if a["payer"] == MEDICAID), "the other payer goes on"
    sheet = Path(swept["files"]["morning sheet"]).read_text(encoding="utf-8")
    assert "canary failed: the known claim reads otherwise in charge" in sheet
    red = desk.run(desk.command("canary", COMMERCIAL), **wrong)
    assert red.returncode == 1
    assert red.stdout.startswith(f"red   {COMMERCIAL}: canary failed")
    assert there["claim"]["member_id"] not in red.stdout + red.stderr + done.stderr
    green = desk.run(desk.command("canary", MEDICAID, "--json"))
    assert green.returncode == 0, green.stderr
    (result,) = json.loads(green.stdout)["canaries"]
    assert (result["payer"], result["colour"]) == (MEDICAID, "green")
    missing = desk.run(desk.command("canary", MEDICAID), CLAIMSWEEP_SETTINGS="")
    assert missing.returncode == 2
    assert "No secret franklin-medicaid/canary" in missing.stdout


def test_every_shipped_payer_answers_for_its_canary(
    browser_executable: Browser, tmp_path: Path
) -> None:
    world = make_world(2, 12, AS_OF, tuple(PORTALS))
    settings = tmp_path / "settings.toml"
    settings.touch(mode=0o600)
    with answering(world, SetClock(), delay=0.05) as portals:
        settings.write_text(portals.settings(tmp_path / "home"), encoding="utf-8")
        desk = Desk(SandboxServer(2, 12, settings, os.getpid()), tmp_path)
        done = desk.run(desk.command("canary", "--json"))
    assert done.returncode == 0, done.stdout + done.stderr
    colours = {one["payer"]: one["colour"] for one in json.loads(done.stdout)["canaries"]}
    assert colours == dict.fromkeys(PORTALS, "green")


def known_canary_of(sandbox: SandboxServer) -> dict[str, dict[str, str]]:
    world = make_world(sandbox.seed, sandbox.claims, AS_OF)
    text = known_canary(world.commercial)
    assert text is not None
    return dict(json.loads(text))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    source = PROJECT / "payer_profiles" / COMMERCIAL
    (tmp_path / COMMERCIAL).mkdir()
    shutil.copy(source / "profile.yaml", tmp_path / COMMERCIAL)
    return tmp_path / COMMERCIAL


INLINE = """claim: {claim_id: A1, member_id: M1, service_from: 2026-03-04, billed: "12.50"}
expect: {paid: "10", payment_date: 2026-04-01, reason_codes: [CO-45]}
"""


def refuse(_: str) -> str:
    raise AssertionError("no secret is needed")


def test_a_canary_of_an_invented_payer_may_stand_in_its_folder(folder: Path) -> None:
    assert load_canary(load_profile(folder), refuse) is None
    (folder / "canary.yaml").write_text(INLINE)
    canary = load_canary(load_profile(folder), refuse)
    assert canary is not None
    assert canary.expect["payment_date"] == "2026-04-01"
    assert canary.asked("x").service_to == canary.claim.service_from


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (INLINE.replace("paid:", "payed:"), "payed: a claim status has no such word"),
        ("claim: {secret: canary}\nexpect: {paid: '1'}\n", "belong into the secret too"),
        (INLINE.replace("member_id: M1, ", ""), "member_id"),
        (INLINE.replace("expect: {paid", "expects: {paid"), "did you mean expect"),
    ],
)
def test_a_canary_that_is_none_is_refused_with_its_file(folder: Path, text: str, says: str) -> None:
    (folder / "canary.yaml").write_text(text)
    with pytest.raises(ProfileError, match=says) as refused:
        load_canary(load_profile(folder), lambda _: "{}")
    assert "canary.yaml" in str(refused.value)


def test_a_patients_claim_never_stands_in_a_real_payers_folder(folder: Path) -> None:
    path = folder / "profile.yaml"
    path.write_text(path.read_text().replace("juniper-ridge.example\n\ns", "payer.com\n\ns"))
    (folder / "canary.yaml").write_text(INLINE)
    with pytest.raises(ProfileError, match="keep it as a secret"):
        load_canary(load_profile(folder), refuse)


@pytest.mark.parametrize("said", ["no json: M1", '{"claim": {"member_id": "M1"}}', "[]"])
def test_a_secret_that_is_no_canary_is_named_and_never_quoted(folder: Path, said: str) -> None:
    (folder / "canary.yaml").write_text("claim: {secret: canary}\n")
    with pytest.raises(BadInput, match="juniper-ridge/canary is no canary") as refused:
        load_canary(load_profile(folder), lambda _: said)
    assert "M1" not in str(refused.value)


def test_a_known_members_cover_that_reads_otherwise_stops_an_eligibility_sweep(
    sandbox_server: Callable[..., SandboxServer], browser_executable: Browser, tmp_path: Path
) -> None:
    sandbox = sandbox_server(12, 10)
    sandbox.run("schedule", str(tmp_path / "schedule.csv"))
    desk = Desk(sandbox, tmp_path)
    furnish(desk.home)
    there = known_canary_of(sandbox)
    there["expect_cover"]["plan"] = "Another plan"
    before = desk.counters()[COMMERCIAL]["searches"]
    done = desk.run(
        desk.command(
            "eligibility", "--schedule", str(tmp_path / "schedule.csv"), "--json",
            "--payer", COMMERCIAL, "--limit", "2",
        ),
        CLAIMSWEEP_SECRET_JUNIPER_RIDGE_CANARY=json.dumps(there),
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    checked = json.loads(done.stdout)
    assert {one["no_answer"] for one in checked["answers"]} == {"canary_failed"}
    (note,) = checked["payer_notes"]
    assert "canary failed: the known member reads otherwise in plan" in note["sentence"]
    assert desk.counters()[COMMERCIAL]["searches"] == before + 1
    assert there["visit"]["member_id"] not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("visit: {member_id: M1, patient_last: A, date_of_birth: 1980-01-31}\n", "go together"),
        ("expect_cover: {plan: Gold}\n", "go together"),
        (
            "visit: {member_id: M1, patient_last: A, date_of_birth: 1980-01-31}\n"
            "expect_cover: {plans: Gold}\n",
            "plans: a canary's cover has no such word",
        ),
    ],
)
def test_a_known_member_and_the_cover_go_together(folder: Path, text: str, says: str) -> None:
    (folder / "canary.yaml").write_text(INLINE + text)
    with pytest.raises(ProfileError, match=says):
        load_canary(load_profile(folder), refuse)
