"""The clearinghouse with its troubles: the answer is right in the end, or there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest
from portal_faults import (
    Night,
    Sent,
    Spoiler,
    between,
    billed,
    broken,
    down,
    night,
    nothing,
    quick_profile,
)
from worklist_person import paid
from worklist_site import PAYER_ID, Site, worklist_site

import flows.account_session
from billing.errors import NeedsPerson, PortalError, TryLater
from billing.model import Outcome, Reason
from bots.portal.browser import Browser
from sandbox.knobs import Knobs
from sandbox.serve import Portals
from sandbox.world import PayerClaim

Ask = Callable[..., Night]


@pytest.fixture(scope="module")
def open_site() -> Iterator[Site]:
    with worklist_site() as site:
        yield site


@pytest.fixture
def site(open_site: Site) -> Site:
    """The portal without troubles, however the test before left it."""
    for field in fields(Knobs):
        setattr(open_site.knobs, field.name, field.default)
    open_site.clock.ahead = timedelta()
    return open_site


@pytest.fixture
def ask(
    browser_executable: Browser, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Ask:
    """``ask(claims…)``: a night's work, ready to run; ``steps`` of the search, ``address``."""
    monkeypatch.setattr(flows.account_session, "PAUSE_SECONDS", 0)
    portals = Portals({PAYER_ID: site.address}, {PAYER_ID: site.account})

    def prepare(*claims: PayerClaim, steps: int | None = None, address: str = "") -> Night:
        profile = quick_profile(PAYER_ID, answer_seconds=8, claim_seconds=60)
        login, tasks = profile.file.login, profile.file.tasks
        assert login.second_factor is not None
        nobody = login.second_factor.model_copy(update={"wait_seconds": 1})
        task = tasks.claim_status
        search = task.search[:steps]
        changed = {
            "login": login.model_copy(update={"second_factor": nobody}),
            "tasks": tasks.model_copy(
                update={"claim_status": task.model_copy(update={"search": search})}
            ),
        }
        profile = profile.model_copy(update={"file": profile.file.model_copy(update=changed)})
        rows = [billed(claim, PAYER_ID, n) for n, claim in enumerate(claims, 2)]
        return night(
            tmp_path / "home", browser_executable, portals, profile, address or site.address, rows
        )

    return prepare


def some_paid(site: Site, count: int) -> list[PayerClaim]:
    """Paid claims in full, each the only one of its patient on its day."""
    down = site.payer.unavailable | site.payer.unavailable_once
    return [
        claim
        for claim in site.payer.by_number.values()
        if claim.status == "Paid by payer"
        and (claim.patient.member_id, claim.service_from) not in down
    ][:count]


@pytest.mark.parametrize(("knob", "logins"), [("ends_session_after", 2), ("stolen_after", 3)])
def test_messages_and_a_session_that_ends_leave_every_answer_right(
    ask: Ask, site: Site, knob: str, logins: int
) -> None:
    knobs = site.knobs
    knobs.announcement = knobs.still_there = knobs.stale_banner = True
    knobs.password_expiring = knobs.parentheses = True
    setattr(knobs, knob, 9)
    claims = some_paid(site, 3)
    work = ask(*claims)
    before = site.counters()
    work.run(240)
    after = site.counters()
    assert [(one.outcome, one.paid) for one in work.conclusions()] == [
        (Outcome.PAID, claim.paid) for claim in claims
    ]
    assert after["logins"] - before["logins"] == logins
    assert after["writes"] == before["writes"]


@pytest.mark.parametrize("way", ["attachment", "inline", "tab"])
def test_a_document_is_read_however_it_arrives(ask: Ask, site: Site, way: str) -> None:
    site.knobs.document = way  # type: ignore[assignment]
    work = ask(paid(site))
    work.run(120)
    (conclusion,) = work.conclusions()
    assert conclusion.outcome is Outcome.PAID
    assert conclusion.finding.kind != "eob-unbalanced", conclusion.finding.why


@pytest.mark.parametrize(
    ("way", "why"),
    [("truncated", "PDF"), ("html", "not a PDF"), ("encrypted", "password"), (None, "not arrive")],
)
def test_a_document_that_is_none_is_never_a_success(
    ask: Ask, site: Site, way: str | None, why: str
) -> None:
    site.knobs.document = way  # type: ignore[assignment]
    work = ask(paid(site, document=way is not None))
    work.run(180)
    (conclusion,) = work.conclusions()
    assert conclusion.finding.kind == "eob-unbalanced"
    assert why in conclusion.finding.why
    assert conclusion.finding.needs_person


def test_a_claim_on_the_last_page_is_found_by_walking_the_whole_list(ask: Ask, site: Site) -> None:
    oldest = min(some_paid(site, 200), key=lambda claim: claim.service_from)
    walk = 3  # to the list, and the payer alone
    work = ask(oldest, steps=walk)
    work.run(120)
    assert [one.payer_claim_number for one in work.conclusions()] == [oldest.payer_claim_number]


def test_a_claim_that_the_list_shows_twice_is_opened_once(ask: Ask, site: Site) -> None:
    site.knobs.duplicate_rows = True
    claim = paid(site)
    before = site.counters()["documents"]
    work = ask(claim)
    work.run(120)
    assert [one.payer_claim_number for one in work.conclusions()] == [claim.payer_claim_number]
    assert site.counters()["documents"] == before + 1


def test_another_patients_claim_is_not_ours(ask: Ask, site: Site) -> None:
    site.knobs.wrong_patient = True
    work = ask(paid(site))
    work.run(120)
    (conclusion,) = work.conclusions()
    assert (conclusion.outcome, conclusion.paid) == (Outcome.WRONG_PATIENT, None)


@pytest.mark.parametrize("drift", [1, 2, 3])
def test_a_portal_that_changed_is_an_unknown_page_and_never_not_found(
    ask: Ask, site: Site, drift: int
) -> None:
    site.knobs.drift = drift
    work = ask(paid(site))
    work.run(120)
    assert work.reason() is Reason.UNKNOWN_PAGE


@pytest.mark.parametrize(
    ("knob", "raised"),
    [
        ("maintenance", TryLater),
        ("captcha", NeedsPerson),
        ("password_expired", NeedsPerson),
        ("step_up", NeedsPerson),
    ],
)
def test_what_only_a_person_can_pass_is_left_alone(
    ask: Ask, site: Site, knob: str, raised: type[PortalError]
) -> None:
    setattr(site.knobs, knob, True)
    before = site.counters()
    with pytest.raises(raised):
        ask(paid(site)).run(120)
    after = site.counters()
    assert after["writes"] == before["writes"]
    assert after["refusals"] == before["refusals"]


def is_export(sent: Sent) -> bool:
    return sent.path.startswith("/api/exports/")


def another_claim(sent: Sent) -> None:
    heading = sent.body.splitlines(keepends=True)[0]
    row = b"CLM-000000-ZZZZZZ,7,N,P,01/02/2026,01/02/2026,$1.00,$1.00,Closed,01/02/2026\r\n"
    sent.body = heading + row


def no_claim(sent: Sent) -> None:
    sent.body = sent.body.splitlines(keepends=True)[0]


@pytest.mark.parametrize("how", [down, broken])
def test_a_list_that_did_not_arrive_is_asked_for_again(
    ask: Ask, site: Site, how: Callable[[Sent], None]
) -> None:
    with between(site.address) as there:
        there.spoil = Spoiler(is_export, how, times=1)
        work = ask(paid(site), address=there.address)
        work.run(180)
    assert [one.outcome for one in work.conclusions()] == [Outcome.PAID]


def without_its_end(sent: Sent) -> None:
    """Cut between two rows: nothing in the file tells."""
    lines = sent.body.splitlines(keepends=True)
    sent.body = b"".join(lines[: len(lines) // 2])


@pytest.mark.parametrize("how", [nothing, no_claim, another_claim])
def test_a_list_that_is_no_list_of_ours_is_no_answer(
    ask: Ask, site: Site, how: Callable[[Sent], None]
) -> None:
    with between(site.address) as there:
        there.spoil = Spoiler(is_export, how)
        work = ask(paid(site), address=there.address)
        work.run(180)
    assert work.reason() is Reason.UNKNOWN_PAGE, work.conclusions()[0].detail


def test_a_file_that_was_cut_between_two_rows_is_never_not_on_file(ask: Ask, site: Site) -> None:
    claims = sorted(some_paid(site, 200), key=lambda claim: claim.service_from)
    listed_last = claims[0]
    with between(site.address) as there:
        there.spoil = Spoiler(is_export, without_its_end)
        work = ask(listed_last, address=there.address, steps=3)  # the list of the payer's claims
        work.run(180)
    assert work.reason() is Reason.UNKNOWN_PAGE, work.conclusions()[0].detail
