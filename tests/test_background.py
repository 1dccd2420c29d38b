"""What is known beside the observations: earlier payments of a claim, and eligibility answers."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from conftest import PROJECT
from filing_samples import report
from hypothesis import given
from hypothesis import strategies as st
from reconcile_samples import (
    CLAIM,
    EOB,
    NOTICE,
    NUMBER,
    PAID,
    RULES,
    STATUS,
    TODAY,
    agreeing,
    eob,
    line,
    portal,
    remittance,
    remitted,
    reversal,
)
from test_post_box import answered, desk, inquiries, post_box, status_file

from billing.coverage import Coverage, CoverageObservation, Visit
from billing.ledger import Ledger, SweptExport, WorkItem, open_ledger
from billing.model import Channel, Conclusion, Evidence, Found, NoAnswer, Reason, RemittedClaim
from billing.reconcile import Background, conclude
from billing.reconcile.background import PaidBefore
from bots.profile import load_profiles
from flows.background import background

__all__ = ["desk"]

SEEN = portal(agreeing(PAID)), eob(PAID)
AT = datetime(2026, 9, 14, 8, 0, tzinfo=UTC)


def before(claim: RemittedClaim, trace: str = "OLD1", days: int = 20) -> PaidBefore:
    return PaidBefore(trace, NOTICE - timedelta(days=days), claim, Evidence("d" * 64, trace))


def concluded(*payments: PaidBefore) -> Conclusion:
    return conclude(CLAIM, SEEN, RULES, today=TODAY, beside=Background(payments=payments))


def twice(conclusion: Conclusion) -> Decimal | None:
    """The dollars of the finding that the claim was paid twice; None where there is none."""
    told = (conclusion.finding, *conclusion.others)
    return next((one.dollars for one in told if one.kind == "duplicate-payment"), None)


# Paid twice.


def test_the_same_service_paid_in_two_payments_is_told_with_both() -> None:
    found = concluded(before(PAID))
    assert (found.finding.kind, found.finding.dollars) == ("duplicate-payment", Decimal("156.00"))
    assert "$156.00 on 2026-10-13 (OLD1) and $156.00 on 2026-11-02 (TRN77)" in found.finding.why
    assert set(found.finding.observed) == {EOB, "d" * 64}
    assert found.paid == Decimal("156.00")
    assert found.finding.due == NOTICE + timedelta(days=60)


def test_the_same_payment_in_two_files_is_one() -> None:
    assert twice(concluded(before(PAID, "0TRN77"), before(PAID, "TRN77", 0))) is None


def test_a_payment_that_was_taken_back_is_no_other() -> None:
    back = before(reversal(PAID, NUMBER), "OLD2", 10)
    assert twice(concluded(before(PAID), back)) is None
    less = remitted([line("120.00", "CO-45 30.00"), line("80.00", "CO-45 10.00", "PR-2 14.00")])
    assert twice(concluded(before(less), back)) == Decimal("146.00")  # another one was taken back


@pytest.mark.parametrize(
    "other",
    [
        replace(PAID, status="2"),  # the payment after another payer
        replace(PAID, payer_claim_number="E9"),
        remitted([line("9.00")]),  # another line, paid later
        remitted([line("120.00", "CO-45 120.00"), line("80.00", "PR-1 80.00")]),  # nothing paid
    ],
)
def test_what_is_another_service_or_another_payer_is_not_paid_twice(other: RemittedClaim) -> None:
    assert twice(concluded(before(other))) is None


amounts = st.integers(1, 20_000)


@given(st.lists(amounts, min_size=1, max_size=5), st.lists(st.booleans(), min_size=5, max_size=5))
def test_all_but_the_largest_of_the_payments_that_stand_is_at_stake(
    cents: list[int], taken: list[bool]
) -> None:
    """Counted in whole cents over payments of one line, some of them taken back."""
    payments, standing = [], [15_600]
    for n, amount in enumerate(cents):
        off = f"CO-45 {Decimal(20_000 - amount) / 100:.2f}"
        one = remitted([line("200.00", off)])
        payments.append(before(one, f"OLD{n + 1}A", 40 - n))
        if taken[n]:
            payments.append(before(reversal(one, NUMBER), f"OLD{n + 1}B", 30 - n))
        else:
            standing.append(amount)
    whole = remitted([line("200.00", "CO-45 44.00")])
    seen = portal(agreeing(whole)), eob(whole)
    found = conclude(CLAIM, seen, RULES, today=TODAY, beside=Background(payments=tuple(payments)))
    # a reversal of an amount that two payments share takes one of them back, whichever it is
    wanted = sum(standing) - max(standing)
    at_stake = twice(found)
    assert (at_stake or Decimal(0)) * 100 == wanted


# The payer's eligibility answers.

DENIED = remitted([line("200.00", "CO-27 200.00")])


def cover(active: bool | None, about: date, **changes: date) -> tuple[CoverageObservation, date]:
    said = Coverage("As stated", active, **changes)
    place = {"words": Evidence("c" * 64, "Status")}
    return CoverageObservation(AT, Found(said), ("c" * 64,), place), about


def asked(*covers: tuple[CoverageObservation, date]) -> Conclusion:
    beside = Background(covers=covers)
    return conclude(
        CLAIM, [portal(agreeing(DENIED)), eob(DENIED)], RULES, today=TODAY, beside=beside
    )


DAY = CLAIM.service_from
BEFORE, AFTER = DAY - timedelta(days=1), DAY + timedelta(days=1)


@pytest.mark.parametrize(
    ("covers", "kind"),
    [
        ([cover(True, DAY)], "denied-eligibility-disputed"),
        ([cover(False, DAY)], "coverage-ended"),
        ([cover(True, AFTER, begins=DAY)], "denied-eligibility-disputed"),
        ([cover(True, AFTER, begins=AFTER)], "coverage-ended"),
        ([cover(False, AFTER, ends=BEFORE)], "coverage-ended"),
        ([cover(True, BEFORE, begins=BEFORE)], "denied-eligibility"),  # it may have ended since
        ([cover(False, AFTER)], "denied-eligibility"),  # it may have ended in between
        ([cover(None, DAY)], "denied-eligibility"),
        ([cover(None, DAY), cover(True, DAY)], "denied-eligibility-disputed"),
        ([cover(False, DAY), cover(True, DAY)], "coverage-ended"),  # the newest counts
        ([], "denied-eligibility"),
    ],
)
def test_an_eligibility_answer_counts_only_for_the_day_of_service(
    covers: Sequence[tuple[CoverageObservation, date]], kind: str
) -> None:
    found = asked(*covers)
    assert (found.finding.kind, found.finding.dollars) == (kind, Decimal("200.00"))
    if covers and kind != "denied-eligibility":
        assert "2026-09-14" in found.finding.why
        assert "c" * 64 in found.evidence
        assert "c" * 64 in found.finding.observed


def test_no_answer_about_cover_says_nothing() -> None:
    nothing = CoverageObservation(AT, NoAnswer(Reason.UNREACHABLE, "Down."), ())
    assert asked((nothing, DAY)).finding.kind == "denied-eligibility"


# From the ledger.


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return open_ledger(tmp_path / "home")


def test_the_ledger_remembers_payments_and_cover(ledger: Ledger) -> None:
    """A remittance of last month and an eligibility check, from what the ledger holds of them."""
    profile = load_profiles(PROJECT / "payer_profiles")["blue-mesa"]
    claim = replace(CLAIM, payer=profile.id)
    sha256 = ledger.store(b"an earlier remittance", "application/pdf")
    earlier = replace(remittance(PAID, trace="OLD1"), payer=profile.id)
    moved = {path: replace(place, sha256=sha256) for path, place in earlier.places.items()}
    ledger.receive(
        sha256, [replace(earlier, places=moved)], [()], channel=Channel.EOB, run="r", at=AT
    )
    page = ledger.store(b"a page", "text/html")
    visit = Visit(
        DAY,
        profile.id,
        "Plan",
        claim.member_id,
        claim.patient_last,
        claim.patient_first,
        date(1980, 2, 3),
        claim.source,
    )
    ledger.begin_visits(
        "eligibility-1",
        business_date=DAY,
        schedule=SweptExport("s.csv", claim.source.export_sha256, "generic", 1),
        visits=[visit],
        refused=[],
        at=AT,
    )
    leased = ledger.lease_visit("eligibility-1", profile.id, "me", seconds=60, now=AT)
    assert leased is not None
    from billing.eligibility import conclude_visit

    covered = CoverageObservation(AT, Found(Coverage("Active", True)), (page,))
    ledger.settle_visit(
        leased.item_id,
        leased.fence,
        observation=covered,
        conclusion=conclude_visit(visit, covered, earlier=None),
        seconds=Decimal(1),
        at=AT,
    )
    item = WorkItem(1, claim, 1, 1)
    known = background(ledger, profile, item, [portal(STATUS)], {})
    assert known.covers == ((covered, DAY),)
    (paid,) = known.payments
    assert (paid.trace, paid.claim, paid.payment_date) == ("OLD1", PAID, NOTICE)
    assert paid.place == moved["claims[0].paid"]
    stranger = WorkItem(1, replace(claim, member_id="X"), 1, 1)
    assert background(ledger, profile, stranger, [], {}).covers == ()


# Acceptance on receipt, through a clearinghouse's folder.


def test_not_on_file_with_an_acceptance_report_is_told_with_it(desk: Path) -> None:
    """End to end: the 277 says not found, a 277CA in the same folder that it was taken."""
    post_box(desk)
    first, second = inquiries(desk)[:2]
    loops = [answered(one, "A4:35", "") for one in (first, second)]
    (desk / "in" / "answers.277").write_bytes(status_file(loops))
    day = datetime.strptime(first["days"][:8], "%Y%m%d").replace(tzinfo=UTC).date()
    until = datetime.strptime(first["days"][-8:], "%Y%m%d").replace(tzinfo=UTC).date()
    ours = replace(
        CLAIM,
        claim_id=first["claim"],
        member_id=first["member"],
        service_from=day,
        service_to=until,
        billed=Decimal(first["charge"]),
    )
    received = f"{until + timedelta(days=4):%Y%m%d}"
    data = report(ours, received=received)
    (desk / "in" / "taken.277").write_bytes(data)
    _, _, answers = post_box(desk)
    answer = answers[first["claim"]]
    assert answer["outcome"] == answers[second["claim"]]["outcome"] == "not_found"
    assert answer["finding"] == "not-on-file-accepted"
    assert f"taken on receipt on {until + timedelta(days=4)}" in answer["why"]
    assert hashlib.sha256(data).hexdigest() in answer["evidence"]
    assert answers[second["claim"]]["finding"].startswith("not-on-file")
    assert answers[second["claim"]]["finding"] != "not-on-file-accepted"
