"""One claim in every channel: agreed to the cent, one missing, or in conflict with the cents."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from reconcile_samples import CLAIM, NUMBER, STATUS

from billing.agreement import Agreed, Source, Verdict, agree, may_post
from billing.balance import residuals
from billing.deposits import Deposit, DepositKind
from billing.model import (
    Adjustment,
    Channel,
    Evidence,
    Found,
    NotFound,
    Observation,
    Remittance,
    RemittedClaim,
)
from billing.received_payments import Received, Statement, by_number, gather

NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
ALL = frozenset(Source)
TRACE = "812345678"


def remitted(paid: str = "150.00", *, status: str = "1", **changes: Any) -> RemittedClaim:
    """Our claim of $200.00, the rest of it adjusted by contract."""
    sign = -1 if status == "22" else 1
    amount, charge = Decimal(paid) * sign, Decimal("200.00") * sign
    claim = RemittedClaim(
        CLAIM.claim_id,
        NUMBER,
        status,
        charge,
        amount,
        Decimal(0),
        CLAIM.member_id,
        (Adjustment("CO", "45", charge - amount),),
    )
    return replace(claim, **changes)


def payment(*claims: RemittedClaim, trace: str = TRACE, on: date = date(2026, 11, 2)) -> Remittance:
    total = sum((one.paid for one in claims), Decimal(0))
    places = {f"claims[{n}].paid": Evidence("d" * 64, f"segment {n}") for n in range(len(claims))}
    return Remittance(trace, "ACH", total, on, "acme", "", claims, places=places)


def received(*said: tuple[Channel, Remittance]) -> Received:
    """One payment as these documents state it."""
    statements = [
        Statement(one, f"{n}" * 64, 0, channel, "run", NOW, "off" if residuals(one) else "")
        for n, (channel, one) in enumerate(said)
    ]
    return gather(f"acme|{said[0][1].trace_number}", statements)


def portal(
    paid: str | None = "150.00", channel: Channel = Channel.PORTAL, **changes: Any
) -> Observation:
    amount = None if paid is None else Decimal(paid)
    fields = {"trace_number": TRACE, "payment_date": date(2026, 11, 2), "paid": amount, **changes}
    status = replace(STATUS, category="F1", **fields)
    return Observation(
        channel, NOW, Found(status), ("p" * 64,), {"paid": Evidence("p" * 64, "Paid")}
    )


def deposit(kind: DepositKind, difference: str = "0.00") -> Deposit:
    return Deposit(kind, "Why.", Decimal("150.00"), Decimal(difference))


ERA = received((Channel.CLEARINGHOUSE, payment(remitted())))
THERE = {ERA.key: deposit(DepositKind.DEPOSITED)}


def weigh(
    observations: list[Observation] | None = None,
    books: list[Received] | None = None,
    became: dict[str, Deposit] | None = None,
    **claim: Any,
) -> Agreed:
    found = agree(
        replace(CLAIM, **claim),
        [portal()] if observations is None else observations,
        by_number([ERA] if books is None else books),
        THERE if became is None else became,
        asked=ALL,
    )
    assert found is not None
    assert may_post(found) is (found.verdict is Verdict.AGREED)
    return found


def test_all_channels_to_the_cent() -> None:
    found = weigh()
    assert (found.verdict, found.paid, found.difference) == (Verdict.AGREED, Decimal("150.00"), 0)
    assert found.why == "$150.00 by portal, 835, bank."
    assert [(one.source, one.paid) for one in found.said] == [
        (Source.PORTAL, Decimal("150.00")),
        (Source.ERA, Decimal("150.00")),
        (Source.BANK, Decimal("150.00")),
    ]
    assert found.said[1].place == Evidence("d" * 64, "segment 0")


@pytest.mark.parametrize("paid", ["150.01", "149.99", "0.00"])
def test_a_cent_between_portal_and_remittance_is_a_conflict(paid: str) -> None:
    found = weigh([portal(paid)])
    assert found.verdict is Verdict.CONFLICT
    assert found.difference == abs(Decimal(paid) - Decimal("150.00"))
    assert "on the portal" in found.why
    assert "on the remittance" in found.why


@pytest.mark.parametrize(
    ("observations", "books", "became", "missing"),
    [
        ([], [ERA], THERE, (Source.PORTAL,)),
        ([portal()], [], {}, (Source.EOB, Source.BANK)),
        ([portal()], [ERA], {}, (Source.BANK,)),
        ([portal()], [ERA], {ERA.key: deposit(DepositKind.MISSING)}, (Source.BANK,)),
        ([portal()], [ERA], {ERA.key: deposit(DepositKind.SEVERAL_FIT)}, (Source.BANK,)),
        ([portal()], [ERA], {ERA.key: deposit(DepositKind.WAITING)}, (Source.BANK,)),
    ],
)
def test_a_channel_that_says_nothing_is_named(
    observations: list[Observation],
    books: list[Received],
    became: dict[str, Deposit],
    missing: tuple[Source, ...],
) -> None:
    found = weigh(observations, books, became)
    assert (found.verdict, found.missing) == (Verdict.MISSING, missing)


def test_a_channel_that_nobody_asked_is_not_missing() -> None:
    found = agree(CLAIM, [], by_number([ERA]), {}, asked=frozenset({Source.ERA}))
    assert may_post(found)


@pytest.mark.parametrize(
    ("kind", "difference"),
    [
        (DepositKind.FEE_WITHHELD, "-3.00"),
        (DepositKind.AMOUNT_DIFFERS, "-9.50"),
        (DepositKind.DEPOSITED_TWICE, "150.00"),
        (DepositKind.RETURNED, "-150.00"),
    ],
)
def test_money_that_is_not_as_announced_is_a_conflict(kind: DepositKind, difference: str) -> None:
    found = weigh(became={ERA.key: deposit(kind, difference)})
    assert found.verdict is Verdict.CONFLICT
    assert found.difference == abs(Decimal(difference))
    assert str(found.difference) in found.why


def test_two_documents_that_differ_are_a_conflict_and_two_that_agree_are_none() -> None:
    same = received(
        (Channel.EOB, payment(remitted())), (Channel.CLEARINGHOUSE, payment(remitted()))
    )
    found = weigh(books=[same])
    assert found.verdict is Verdict.AGREED
    assert [one.source for one in found.said][1:3] == [Source.EOB, Source.ERA]
    other = received(
        (Channel.EOB, payment(remitted())), (Channel.CLEARINGHOUSE, payment(remitted("150.10")))
    )
    found = weigh(books=[other])
    assert (found.verdict, found.difference) == (Verdict.CONFLICT, Decimal("0.10"))
    assert "in one document and" in found.why


def test_an_eob_that_does_not_balance_states_nothing() -> None:
    wrong = remitted(adjustments=(Adjustment("CO", "45", Decimal("49.00")),))
    found = weigh(books=[received((Channel.EOB, payment(wrong)))], became={})
    assert (found.verdict, found.missing) == (Verdict.MISSING, (Source.EOB, Source.BANK))


def test_portal_and_277_that_differ() -> None:
    found = weigh([portal(), portal("140.00", Channel.CLEARINGHOUSE)], [], {})
    assert (found.verdict, found.difference) == (Verdict.CONFLICT, Decimal("10.00"))


def test_a_reversal_and_its_correction_count_with_their_signs() -> None:
    first = received(
        (
            Channel.CLEARINGHOUSE,
            payment(remitted("100.00"), trace="700000001", on=date(2026, 10, 5)),
        )
    )
    anew = received(
        (Channel.CLEARINGHOUSE, payment(remitted("100.00", status="22"), remitted("150.00")))
    )
    became = {one.key: deposit(DepositKind.DEPOSITED) for one in (first, anew)}
    found = weigh(books=[first, anew], became=became)
    assert (found.verdict, found.paid) == (Verdict.AGREED, Decimal("150.00"))


@pytest.mark.parametrize(
    ("posted", "verdict"),
    [
        (None, Verdict.AGREED),
        ("0.00", Verdict.AGREED),
        ("150.00", Verdict.AGREED),
        ("150.01", Verdict.CONFLICT),
        ("300.00", Verdict.CONFLICT),
    ],
)
def test_what_the_biller_posted_is_nothing_or_the_payments(
    posted: str | None, verdict: Verdict
) -> None:
    found = weigh(insurance_paid=None if posted is None else Decimal(posted))
    assert found.verdict is verdict


def test_a_payment_of_nothing_needs_no_money() -> None:
    denied = remitted("0.00", status="4")
    books = [received((Channel.CLEARINGHOUSE, payment(denied)))]
    became = {books[0].key: deposit(DepositKind.NO_MONEY)}
    found = weigh([portal("0.00")], books, became)
    assert (found.verdict, found.paid) == (Verdict.AGREED, 0)


def test_a_claim_of_which_nobody_states_a_payment_is_none() -> None:
    silent = Observation(Channel.PORTAL, NOW, NotFound(("member",)), ())
    assert agree(CLAIM, [silent], {}, {}, asked=ALL) is None
    assert agree(CLAIM, [portal(None)], {}, {}, asked=ALL) is None
    assert not may_post(None)


def test_another_charge_is_a_conflict_where_no_portal_tells() -> None:
    found = weigh([], billed=Decimal("210.00"))
    assert (found.verdict, found.difference) == (Verdict.CONFLICT, Decimal("10.00"))
