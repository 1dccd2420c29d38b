"""A failing portal: the answer is right in the end, or there is none and the reason is true."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from portal_clients import SetClock, answering
from portal_faults import (
    COMMERCIAL,
    MEDICAID,
    PAID,
    WORLD,
    Open,
    Sent,
    Spoiler,
    broken,
    counted,
    desks,
    down,
    hung,
    is_detail,
    is_document,
    is_search,
    maintenance,
    nothing,
    too_many,
)

import flows.account_session
from billing.errors import TryLater
from billing.model import Outcome, Reason
from bots.portal.browser import Browser
from sandbox.serve import Portals

each_payer = pytest.mark.parametrize("payer", [MEDICAID, COMMERCIAL])


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


@pytest.mark.parametrize(
    ("payer", "which", "how"),
    [
        (MEDICAID, is_search, broken),
        (MEDICAID, is_detail, down),
        (COMMERCIAL, is_search, too_many),
        (COMMERCIAL, is_detail, hung),
    ],
)
def test_an_answer_that_failed_once_is_asked_for_again_without_another_login(
    payer: str,
    which: Callable[[Sent], bool],
    how: Callable[[Sent], None],
    desk: Open,
    portals: Portals,
) -> None:
    work, _ = desk(payer, Spoiler(which, how, times=1))
    work.run()
    (conclusion,) = work.conclusions()
    assert conclusion.outcome is Outcome.PAID
    assert counted(portals, payer)["logins"] == 1


def test_a_portal_that_fails_every_search_is_unreachable_with_the_page_as_evidence(
    desk: Open, portals: Portals
) -> None:
    payer = MEDICAID
    work, _ = desk(payer, Spoiler(is_search, down))
    with pytest.raises(TryLater, match="3 questions in a row"):
        work.run()
    assert work.reason() is Reason.UNREACHABLE
    assert "HTTP 503" in work.conclusions()[0].detail
    assert work.observed().captures
    assert counted(portals, payer)["logins"] == 1
    work.run()
    assert counted(portals, payer)["logins"] == 1, "nobody signs in when nothing is left to ask"
    work, _ = desk(payer, Spoiler(is_search, down, times=0))
    work.run()
    assert counted(portals, payer)["concurrent_sessions"] == 0, "signed out of the error page"


def test_a_maintenance_page_that_the_profile_knows_is_waited_out_and_never_not_found(
    desk: Open, portals: Portals
) -> None:
    work, _ = desk(MEDICAID, Spoiler(is_search, maintenance, times=1), answer_seconds=4)
    work.run()
    assert work.conclusions()[0].outcome is Outcome.PAID
    assert counted(portals, MEDICAID)["logins"] == 1


def test_a_portal_that_stays_closed_is_unreachable(desk: Open) -> None:
    work, _ = desk(MEDICAID, Spoiler(is_search, maintenance), answer_seconds=2)
    with pytest.raises(TryLater, match="3 questions in a row"):
        work.run()
    assert work.reason() is Reason.UNREACHABLE
    assert "says that it is closed for now" in work.conclusions()[0].detail


def test_no_results_beside_a_request_that_failed_is_no_answer(desk: Open) -> None:
    def careless(sent: Sent) -> None:
        """The portal's script takes any failure for an empty list."""
        sent.body = sent.body.replace(
            b"const resultsPage = async (searchId, page) =>",
            b"const resultsPage = async (searchId, page) => ask('GET', `/api/claim-searches/${"
            b"searchId}`).then((r) => r.json()).catch(() => ({state: 'done', total: 0}));"
            b"const before = async (searchId, page) =>",
        )
        if sent.path.startswith("/api/claim-searches/"):
            broken(sent)

    work, _ = desk(COMMERCIAL, careless)
    with pytest.raises(TryLater):
        work.run()
    assert work.reason() is Reason.UNREACHABLE


def test_no_results_that_shows_until_the_results_come_is_not_believed(desk: Open) -> None:
    def hasty(sent: Sent) -> None:
        sent.body = sent.body.replace(
            'results.replaceChildren(spinner("Searching…"))'.encode(),
            b'results.replaceChildren(el("p", {}, "No claims match your search."))',
        )

    work, _ = desk(COMMERCIAL, hasty)
    work.run()
    assert work.conclusions()[0].outcome is Outcome.PAID


def test_results_outside_the_searched_dates_are_not_taken_for_not_on_file(desk: Open) -> None:
    kept: list[bytes] = []

    def mixed_up(sent: Sent) -> None:
        if is_search(sent) and b'"done"' in sent.body:
            kept.append(sent.body)
            sent.body = kept[0]

    work, _ = desk(COMMERCIAL, mixed_up, PAID[COMMERCIAL], "E00000000013")
    work.run()
    first, second = work.conclusions()
    assert first.outcome is Outcome.PAID
    assert second.outcome is Outcome.NO_ANSWER
    assert work.reason(2) is Reason.UNKNOWN_PAGE


def test_results_for_another_member_are_not_taken_for_not_on_file(desk: Open) -> None:
    def mixed_up(sent: Sent) -> None:
        if sent.path == "/ClaimInquiry.aspx" and b"gvClaims" in sent.body:
            sent.body = sent.body.replace(b'value="0000012345"', b'value="0000054321"')
            sent.body = sent.body.replace(b"03/08/2026", b"03/09/2026")

    work, _ = desk(MEDICAID, mixed_up)
    work.run()
    assert work.reason() is Reason.UNKNOWN_PAGE
    assert "another member" in work.conclusions()[0].detail


def test_newest_data_that_is_not_what_the_page_shows_is_not_read(desk: Open) -> None:
    """The late answer to an earlier question may arrive after the one to this question."""
    late = b'{"claims": [{"claimNumber": "E777", "status": "Paid", "serviceDate": "2026-03-08"}]}'

    def overtaken(sent: Sent) -> None:
        sent.body = sent.body.replace(
            b"showResults(started.searchId, answer, results);",
            b"await fetch('/api/claim-searches/late');"
            b"showResults(started.searchId, answer, results);",
        )
        if sent.path.endswith("/late"):
            sent.status, sent.body = 200, late.replace(b'"status"', b'"billed": "1.00", "status"')

    work, _ = desk(COMMERCIAL, overtaken)
    work.run()
    assert work.reason() is Reason.UNKNOWN_PAGE


@each_payer
@pytest.mark.parametrize("how", [broken, down])
def test_an_eob_that_failed_once_is_fetched_again(
    payer: str, how: Callable[[Sent], None], desk: Open, portals: Portals
) -> None:
    work, _ = desk(payer, Spoiler(is_document, how, times=1))
    work.run()
    (conclusion,) = work.conclusions()
    assert conclusion.outcome is Outcome.PAID
    assert [one.channel for one in work.ledger.observations(1)] == ["portal", "eob"]
    assert conclusion.finding.kind != "eob-unbalanced"
    assert counted(portals, payer)["logins"] == 1


@each_payer
@pytest.mark.parametrize("how", [hung, maintenance, nothing])
def test_an_eob_that_never_comes_leaves_the_portals_figures_and_says_so(
    payer: str, how: Callable[[Sent], None], desk: Open
) -> None:
    work, _ = desk(payer, Spoiler(is_document, how), answer_seconds=1.5)
    work.run()
    (conclusion,) = work.conclusions()
    assert conclusion.paid == Decimal("1180.00")
    assert "EOB" in conclusion.finding.why
    assert conclusion.finding.needs_person
    assert conclusion.patient_responsibility in (None, Decimal("20.00"))


def test_a_tab_that_did_not_open_does_not_swallow_the_next_page(desk: Open) -> None:
    def no_tab(sent: Sent) -> None:
        sent.body = sent.body.replace(b'target="_blank"', b'onclick="return false"')

    work, _ = desk(MEDICAID, no_tab, PAID[MEDICAID], "0226000000002", answer_seconds=1.5)
    work.run()
    assert [one.paid for one in work.conclusions()] == [Decimal("1180.00")] * 2
