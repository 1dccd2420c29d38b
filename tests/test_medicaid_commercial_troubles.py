"""Whatever is wrong at the Medicaid or commercial portal, the answer is right or an error."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from portal_clients import Commercial, Medicaid, SetClock, answering
from portal_faults import (
    COMMERCIAL,
    MEDICAID,
    PAID,
    SWEEP,
    WORLD,
    Night,
    Sent,
    between,
    claims_of,
    counted,
    night,
    quick_profile,
)
from portal_worlds import RECIPIENT

import flows.account_session
from billing.errors import NeedsPerson, PortalError, TryLater
from billing.model import Channel, Found, NoAnswer, Outcome, Reason
from bots.claim_task import Document
from bots.portal.browser import Browser
from bots.portal.session import PortalSession
from bots.profile import Profile
from flows.login_book import AccountBook
from sandbox.knobs import Knobs
from sandbox.medicaid_checkpoints import SECURITY_ANSWER
from sandbox.serve import Portals

CLEAN = ("writes", "locks", "refusals")
PERSON_SECONDS = 60
Sit = Callable[..., tuple[Night, Portals]]
each_payer = pytest.mark.parametrize("payer", [MEDICAID, COMMERCIAL])


@pytest.fixture
def sit(
    browser_executable: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Sit]:
    """``sit(payer, NUMBER, …, knob=value)``: a night's work while that is wrong."""
    monkeypatch.setattr(flows.account_session, "PAUSE_SECONDS", 0)
    with ExitStack() as opened:

        def start(
            payer: str,
            *numbers: str,
            seconds: float = 10,
            turned: Knobs | None = None,
            **knobs: object,
        ) -> tuple[Night, Portals]:
            turned = turned or Knobs(**knobs)  # type: ignore[arg-type]
            portals = opened.enter_context(
                answering(WORLD, SetClock(), delay=0, knobs={payer: turned})
            )
            profile = quick_profile(payer, answer_seconds=seconds, claim_seconds=60)
            claims = claims_of(WORLD, payer, numbers or (PAID[payer],))
            address = portals.addresses[payer]
            work = night(tmp_path / "home", browser_executable, portals, profile, address, claims)
            return work, portals

        yield start


def untouched(portals: Portals, payer: str) -> bool:
    counts = counted(portals, payer)
    return not any(counts[name] for name in CLEAN)


def eob_says(work: Night) -> object:
    """What the EOB came to: Found, or why there is none; None when none was offered."""
    seen = [o.answer for o in work.ledger.observations(1) if o.channel is Channel.EOB]
    return next((a.detail if isinstance(a, NoAnswer) else type(a) for a in seen), None)


@pytest.mark.parametrize(
    ("payer", "others"),
    [(MEDICAID, ["0226000000007"]), (COMMERCIAL, ["E00000000012", "E00000000004"])],
)
def test_messages_banners_and_parentheses_change_no_answer(
    sit: Sit, payer: str, others: list[str]
) -> None:
    work, portals = sit(
        payer,
        PAID[payer],
        *others,
        announcement=True,
        password_expiring=True,
        stale_banner=True,
        parentheses=True,
    )
    work.run(240)
    paid, waiting, *taken_back = work.conclusions()
    assert (paid.outcome, paid.paid) == (Outcome.PAID, Decimal("1180.00"))
    assert eob_says(work) is Found
    assert waiting.outcome is (Outcome.PENDING if payer == MEDICAID else Outcome.REJECTED)
    for one in taken_back:
        assert one.outcome is not Outcome.PAID
    if payer == COMMERCIAL:
        assert paid.reason_codes == ("CO-253", "CO-45", "PR-2")
    assert untouched(portals, payer)


def test_what_was_taken_back_stands_below_zero_in_parentheses() -> None:
    knobs = Knobs(parentheses=True)
    with (
        answering(WORLD, SetClock(), delay=0, knobs={COMMERCIAL: knobs}) as portals,
        Commercial(portals) as browser,
    ):
        reversed_one = browser.sign_in().http.get("/api/claims/E00000000004").json()
        assert reversed_one["adjudicated"]["paid"] == "-1180.00"
        assert [line["paid"] for line in reversed_one["lines"]] == ["-1141.80", "-50.00"]
        knobs.parentheses = False
        assert browser.http.get("/api/claims/E00000000004").json()["adjudicated"]["paid"] == (
            "1180.00"
        )


@each_payer
@pytest.mark.parametrize("arrival", ["attachment", "inline", "tab", "blob"])
def test_an_eob_is_read_however_it_arrives(sit: Sit, payer: str, arrival: str) -> None:
    work, portals = sit(payer, document=arrival)
    work.run(120)
    assert work.conclusions()[0].outcome is Outcome.PAID
    assert eob_says(work) is Found
    assert untouched(portals, payer)


@each_payer
def test_a_paid_amount_under_another_label_is_told_and_left_to_the_eob(
    sit: Sit, payer: str
) -> None:
    work, portals = sit(payer, drift=1)
    work.run(120)
    (paid,) = work.conclusions()
    assert (paid.outcome, paid.paid) == (Outcome.PAID, Decimal("1180.00"))
    assert any(one.wanted.startswith("paid: label") for one in work.ledger.drift(SWEEP)[payer])
    assert untouched(portals, payer)


@each_payer
def test_a_paid_amount_under_another_label_without_an_eob_is_that_of_the_data_or_none(
    sit: Sit, payer: str
) -> None:
    work, portals = sit(payer, drift=1, document="truncated")
    work.run(120)
    (unclear,) = work.conclusions()
    assert unclear.finding.needs_person
    by_data = payer == COMMERCIAL  # the page's data state what the page no longer shows
    told = (Outcome.PAID, Decimal("1180.00")) if by_data else (Outcome.NO_ANSWER, None)
    assert (unclear.outcome, unclear.paid) == told
    assert any(one.wanted.startswith("paid: label") for one in work.ledger.drift(SWEEP)[payer])
    assert untouched(portals, payer)


@each_payer
def test_a_claim_that_is_listed_twice_is_opened_once(sit: Sit, payer: str) -> None:
    work, portals = sit(payer, duplicate_rows=True)
    work.run(120)
    (paid,) = work.conclusions()
    assert (paid.outcome, paid.paid) == (Outcome.PAID, Decimal("1180.00"))
    assert counted(portals, payer)["documents"] == 1
    assert untouched(portals, payer)


@each_payer
@pytest.mark.parametrize("drift", [2, 3])
def test_a_portal_that_has_drifted_is_an_unknown_page_and_never_an_answer(
    sit: Sit, payer: str, drift: int
) -> None:
    work, portals = sit(payer, seconds=4, drift=drift)
    work.run(120)
    assert work.conclusions()[0].outcome is Outcome.NO_ANSWER
    assert work.reason() is Reason.UNKNOWN_PAGE
    assert untouched(portals, payer)


@each_payer
@pytest.mark.parametrize(
    ("knob", "ends"),
    [
        ("captcha", NeedsPerson),
        ("password_expired", NeedsPerson),
        ("maintenance", TryLater),
    ],
)
def test_a_door_that_does_not_open_is_tried_once(
    sit: Sit, payer: str, knob: str, ends: type[PortalError]
) -> None:
    work, portals = sit(payer, seconds=4, **{knob: True})
    with pytest.raises(ends):
        work.run(120)
    assert work.conclusions() == []
    assert counted(portals, payer)["logins"] == 0
    assert untouched(portals, payer)


@each_payer
def test_maintenance_that_begins_before_the_search_is_answered_is_never_not_on_file(
    sit: Sit, payer: str
) -> None:
    knobs = Knobs()
    work, portals = sit(payer, seconds=4, turned=knobs)
    with between(portals.addresses[payer]) as there:

        def close(sent: Sent) -> None:
            if sent.path in ("/ClaimInquiry.aspx", "/api/claim-searches"):
                knobs.maintenance = True

        there.spoil = close
        work.work.address = there.address
        with suppress(PortalError):
            work.run(120)
    assert [one.outcome for one in work.conclusions()] in ([], [Outcome.NO_ANSWER])
    assert untouched(portals, payer)


def test_a_code_that_is_asked_for_before_the_claims_is_given_and_the_claims_are_answered(
    sit: Sit,
) -> None:
    work, portals = sit(COMMERCIAL, PAID[COMMERCIAL], "E00000000012", step_up=True)
    work.run(120)
    assert [one.outcome for one in work.conclusions()] == [Outcome.PAID, Outcome.REJECTED]
    assert counted(portals, COMMERCIAL)["logins"] == 1
    assert work.ledger.login_standing(COMMERCIAL).spent == 0
    assert untouched(portals, COMMERCIAL)


@pytest.mark.parametrize("known", [True, False])
def test_a_locked_eob_is_opened_where_the_profile_knows_its_password(sit: Sit, known: bool) -> None:
    work, portals = sit(COMMERCIAL, document="encrypted")
    if known:
        task = work.work.profile.file.tasks.claim_status
        document = task.document.model_copy(update={"password": "document_password"})
        work.work.profile = with_document(work.work.profile, document)
    work.run(120)
    assert work.conclusions()[0].outcome is Outcome.PAID
    assert eob_says(work) is Found if known else "needs a password" in str(eob_says(work))
    assert untouched(portals, COMMERCIAL)


def with_document(profile: Profile, document: Document) -> Profile:
    tasks = profile.file.tasks
    task = tasks.claim_status.model_copy(update={"document": document})
    tasks = tasks.model_copy(update={"claim_status": task})
    return profile.model_copy(update={"file": profile.file.model_copy(update={"tasks": tasks})})


def test_a_security_question_is_a_persons(sit: Sit) -> None:
    work, portals = sit(MEDICAID, step_up=True)
    with pytest.raises(NeedsPerson):
        work.run(120)
    assert work.conclusions() == []
    assert untouched(portals, MEDICAID)


def test_a_person_answers_the_security_question(sit: Sit) -> None:
    async def person(_: datetime) -> str:
        return SECURITY_ANSWER

    work, portals = sit(MEDICAID, step_up=True, password_expiring=True, announcement=True)

    async def come_and_go() -> None:
        here = work.work
        book = AccountBook(work.ledger, MEDICAID, 3)
        async with (
            asyncio.timeout(PERSON_SECONDS),
            PortalSession(here.profile, here.address, here.browser, here.secret, book, person),
        ):
            assert counted(portals, MEDICAID)["logins"] == 1

    asyncio.run(come_and_go())
    assert untouched(portals, MEDICAID)


def test_a_menu_is_not_reached_past_the_security_question() -> None:
    with (
        answering(WORLD, SetClock(), delay=0, knobs={MEDICAID: Knobs(step_up=True)}) as portals,
        Medicaid(portals) as browser,
    ):
        assert browser.log_in() == "Security Question"
        assert browser.post("btnRemindLater") == "Session Expired"
        assert browser.log_in() == "Security Question"
        assert browser.post("btnAnswer", txtAnswer="Somewhere else") == "Security Question"
        assert browser.counters()["refusals"] == 1
        assert browser.post("btnAnswer", txtAnswer=SECURITY_ANSWER) == "Terms of Use"


def test_a_page_without_troubles_is_the_page_as_it_was() -> None:
    knobs = Knobs()
    with (
        answering(WORLD, SetClock(), delay=0, knobs={COMMERCIAL: knobs, MEDICAID: knobs}) as there,
        Commercial(there) as commercial,
        Medicaid(there) as medicaid,
    ):
        assert "troubles" not in commercial.http.get("/").text
        medicaid.enter()
        medicaid.search(RECIPIENT, "03/01/2026", "11/20/2026")
        medicaid.post("ctl00$MainContent$gvClaims", "Select$0")
        calm = medicaid.text
        knobs.drift = 1
        medicaid.search(RECIPIENT, "03/01/2026", "11/20/2026")
        medicaid.post("ctl00$MainContent$gvClaims", "Select$0")
        assert "Amount paid" in medicaid.text
        knobs.drift = 0
        medicaid.search(RECIPIENT, "03/01/2026", "11/20/2026")
        medicaid.post("ctl00$MainContent$gvClaims", "Select$0")
        assert medicaid.text == calm
        assert "troubles" not in commercial.http.get("/").text
