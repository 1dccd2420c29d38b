"""A failing portal: the answer is right in the end, or there is none and the reason is true."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from urllib.request import urlopen

import pytest
from portal_clients import SetClock, answering
from portal_faults import Between, Night, Sent, between, claims_of, night, quick_profile
from portal_worlds import small_world

import flows.account
from billing.errors import AccountBusy, BadInput, LoginCutOff, TryLater, UnknownPage
from billing.ledger import open_ledger
from billing.model import Outcome, Reason
from bots.portal.browser import Browser
from flows.account import AccountBook
from sandbox.serve import Portals

WORLD = small_world()
MEDICAID, COMMERCIAL = "franklin-medicaid", "juniper-ridge"
PAID = {MEDICAID: "0226000000001", COMMERCIAL: "E00000000001"}

Open = Callable[..., tuple[Night, Between]]


@pytest.fixture
def portals() -> Iterator[Portals]:
    with answering(WORLD, SetClock(), delay=0) as there:
        yield there


@pytest.fixture
def desk(
    browser_executable: Browser,
    portals: Portals,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Open]:
    """``desk(payer, spoil, numbers)``: a night's work through a proxy that spoils answers."""
    monkeypatch.setattr(flows.account, "PAUSE_SECONDS", 0)
    opened = []

    def sit(
        payer: str, spoil: Callable[[Sent], None], *numbers: str, **waits: float
    ) -> tuple[Night, Between]:
        proxy = between(portals.addresses[payer])
        there = proxy.__enter__()
        opened.append(proxy)
        there.spoil = spoil
        claims = claims_of(WORLD, payer, numbers or (PAID[payer],))
        profile = quick_profile(payer, **waits)
        return night(
            tmp_path / "home", browser_executable, portals, profile, there.address, claims
        ), there

    yield sit
    for proxy in opened:
        proxy.__exit__(None, None, None)


def is_search(sent: Sent) -> bool:
    if sent.path == "/ClaimInquiry.aspx":
        return b"btnSearch" in sent.form
    return sent.path.startswith("/api/claim-searches/")


def is_detail(sent: Sent) -> bool:
    return b"Select" in sent.form or (
        sent.path.startswith("/api/claims/") and not sent.path.endswith("/eob")
    )


def is_document(sent: Sent) -> bool:
    return sent.path == "/RemittanceAdvice.aspx" or sent.path.endswith("/eob")


def broken(sent: Sent) -> None:
    sent.manner = "cut"


def hung(sent: Sent) -> None:
    sent.manner = "hang"


def down(sent: Sent) -> None:
    sent.page("<h1>503 Service Unavailable</h1>", 503)


def too_many(sent: Sent) -> None:
    sent.page("<h1>Slow down</h1>", 429)


def maintenance(sent: Sent) -> None:
    sent.page("<h1>Scheduled maintenance</h1><p>We will be back at 6 AM.</p>")


def nothing(sent: Sent) -> None:
    sent.body = b""


class Spoiler:
    """Spoils the answers that ``which`` picks, the first ``times`` of them."""

    def __init__(
        self, which: Callable[[Sent], bool], how: Callable[[Sent], None], times: int = 999
    ) -> None:
        self.which, self.how, self.left = which, how, times

    def __call__(self, sent: Sent) -> None:
        if self.left and self.which(sent):
            self.left -= 1
            self.how(sent)


def counted(portals: Portals, payer: str) -> dict[str, int]:
    with urlopen(f"{portals.addresses[payer]}/sandbox/counters", timeout=10) as answer:  # noqa: S310 - loopback
        return dict(json.load(answer))


each_payer = pytest.mark.parametrize("payer", [MEDICAID, COMMERCIAL])


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
    with pytest.raises(TryLater, match="3 claims in a row"):
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


def test_a_maintenance_page_is_an_unknown_page_and_never_not_found(desk: Open) -> None:
    work, _ = desk(MEDICAID, Spoiler(is_search, maintenance))
    work.run()
    assert work.reason() is Reason.UNKNOWN_PAGE


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


@each_payer
def test_a_login_page_that_is_down_spends_no_attempt(
    payer: str, desk: Open, portals: Portals
) -> None:
    for how, raised in ((down, TryLater), (maintenance, UnknownPage)):
        work, _ = desk(payer, Spoiler(lambda sent: sent.path in ("/", "/Login.aspx"), how))
        with pytest.raises(raised):
            work.run()
        assert work.ledger.login_standing(payer).spent == 0
    assert counted(portals, payer)["logins"] == 0


@each_payer
def test_a_login_that_the_portal_failed_to_judge_is_not_tried_again(payer: str, desk: Open) -> None:
    def judged(sent: Sent) -> bool:
        return sent.method == "POST" and sent.path in ("/Login.aspx", "/api/login")

    work, _ = desk(payer, Spoiler(judged, down))
    with pytest.raises(LoginCutOff, match="HTTP 503"):
        work.run()
    assert work.ledger.login_standing(payer).spent == 1


def test_the_login_form_in_the_middle_of_a_night_is_an_ended_session(
    desk: Open, portals: Portals
) -> None:
    def thrown_out(sent: Sent) -> None:
        sent.status, sent.headers, sent.body = 302, [("Location", "/Login.aspx")], b""

    work, _ = desk(MEDICAID, Spoiler(is_search, thrown_out, times=1))
    work.run()
    assert work.conclusions()[0].outcome is Outcome.PAID
    assert counted(portals, MEDICAID)["logins"] == 2


def test_a_claim_that_ends_every_session_is_left_and_the_others_are_answered(
    desk: Open, portals: Portals
) -> None:
    poison, good = "0226000000001", "0226000000008"

    def thrown_out(sent: Sent) -> None:
        if is_search(sent) and b"0000012345" in sent.form:
            sent.page("<h1>Your session has expired</h1>")

    work, _ = desk(MEDICAID, thrown_out, poison, good)
    work.run()
    assert [one.outcome for one in work.conclusions()] == [Outcome.NO_ANSWER, Outcome.PAID]
    assert work.reason() is Reason.UNREACHABLE
    assert counted(portals, MEDICAID)["logins"] == 3, "one more after each of the first two tries"


def test_a_code_is_typed_once_though_it_was_typed_long_after_the_attempt(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    book = AccountBook(ledger, "acme", 3)
    assert book.attempt() is None
    started = datetime.now(UTC)
    book.result(accepted=True)
    used_until = book.attempt()
    assert used_until is not None
    assert started <= used_until <= datetime.now(UTC)
    cut_off = book.attempt()
    assert cut_off is not None
    assert cut_off > used_until, "a login that was cut off may have typed its code until now"


def test_a_bad_second_secret_is_found_before_the_password_is_spent(
    desk: Open, portals: Portals
) -> None:
    work, there = desk(COMMERCIAL, lambda _: None)
    known = work.work.secret
    work.work.secret = lambda name: "not base32!" if name == "totp" else known(name)
    with pytest.raises(BadInput, match="Base32"):
        work.run()
    assert "POST /api/login" not in there.asked


def test_an_account_is_held_for_as_long_as_one_claim_takes(
    desk: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flows.account, "LEASE_SECONDS", 1)
    taken = []

    def slow(sent: Sent) -> None:
        if is_search(sent):
            time.sleep(2)
            now = datetime.now(UTC)
            taken.append(work.ledger.lease_account(MEDICAID, "x/y:1:z", seconds=60, now=now))

    work, _ = desk(MEDICAID, slow, answer_seconds=10)
    work.run()
    assert taken == [None]
    assert work.conclusions()[0].outcome is Outcome.PAID


def test_a_run_that_lost_its_account_asks_nothing_more(desk: Open) -> None:
    def steal(sent: Sent) -> None:
        if is_search(sent):
            assert work.ledger.release_owner("") >= 1
            now = datetime.now(UTC)
            assert work.ledger.lease_account(MEDICAID, "x/y:1:z", seconds=60, now=now)

    work, there = desk(MEDICAID, steal, PAID[MEDICAID], "0226000000002")
    with pytest.raises(AccountBusy):
        work.run()
    assert sum(one == "POST /RemittanceAdvice.aspx" for one in there.asked) <= 1
