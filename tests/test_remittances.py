"""A payment is kept once, however often, from wherever and in whatever spelling it is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from ledger_samples import NOW
from reconcile_samples import PAID, line, remittance, remitted, reversal

from billing.balance import residuals
from billing.ledger import EvidenceMissing, Ledger, open_ledger
from billing.model import Channel, Evidence, ProviderAdjustment, Remittance, RemittedClaim
from billing.received_payments import Received

OTHER = remitted([line("90.00", "CO-45 15.00")], claim_id="00099", payer_claim_number="E2")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(tmp_path / "home")
    yield opened
    opened.close()


def payment(*claims: RemittedClaim, **changes: Any) -> Remittance:
    return replace(remittance(*claims), payer="acme", **changes)


def receive(
    ledger: Ledger, *payments: Remittance, file: str = "a", channel: Channel = Channel.EOB
) -> tuple[str, ...]:
    sha256 = ledger.store(file.encode(), "application/pdf")
    placed = [
        replace(one, places={path: Evidence(sha256, path) for path in one.places})
        for one in payments
    ]
    return ledger.receive(
        sha256,
        placed,
        [residuals(one) for one in placed],
        channel=channel,
        run=f"run of {file}",
        at=NOW,
    )


def only(ledger: Ledger) -> Received:
    (found,) = ledger.remittances()
    return found


def test_a_payment_comes_back_whole(ledger: Ledger) -> None:
    withheld = ProviderAdjustment("WO", "E0", Decimal("6.00"))
    paid = payment(PAID, OTHER)
    paid = replace(paid, amount=paid.amount - 6, provider_adjustments=(withheld,))
    (key,) = receive(ledger, paid)
    found = only(ledger)
    assert found.key == key == "acme|trn77"
    sha256 = found.first.sha256
    assert found.remittance.places == {path: Evidence(sha256, path) for path in paid.places}
    assert replace(found.remittance, places={}) == replace(paid, places={})
    assert (found.conflict, found.unbalanced) == ("", "")
    assert (found.first.run, found.first.received_at, found.first.channel) == (
        "run of a",
        NOW,
        Channel.EOB,
    )


def test_what_is_not_stored_is_not_received(ledger: Ledger) -> None:
    with pytest.raises(EvidenceMissing):
        ledger.receive("0" * 64, [], [], channel=Channel.EOB, run="x", at=NOW)


def respelled(paid: Remittance, **changes: Any) -> Remittance:
    """The payment as another medium prints it: numbers with hyphens, claims in another order."""
    claims = [
        replace(
            one,
            payer_claim_number=f"{one.payer_claim_number[:1].lower()}-{one.payer_claim_number[1:]}",
            lines=tuple(reversed(one.lines)),
            remarks=("N130",),
        )
        for one in reversed(paid.claims)
    ]
    later = paid.payment_date + timedelta(days=2)
    said = {"claims": tuple(claims), "places": {}, "payment_date": later, **changes}
    return replace(paid, trace_number="00 trn-77", **said)


@pytest.mark.parametrize("name", ["acme", "ACME HEALTH OF OHIO"])
def test_a_document_and_an_835_of_one_payment_are_one_payment(ledger: Ledger, name: str) -> None:
    paid = payment(PAID, OTHER)
    keys = receive(ledger, paid)
    again = respelled(paid, payer=name)
    assert receive(ledger, again, file="b", channel=Channel.CLEARINGHOUSE) == keys
    found = only(ledger)
    assert found.conflict == ""
    assert found.remittance.payer == "acme"
    assert [one.channel for one in found.statements] == [Channel.EOB, Channel.CLEARINGHOUSE]


def test_another_payers_payment_under_the_same_trace_number_is_another(ledger: Ledger) -> None:
    receive(ledger, payment(PAID))
    theirs = replace(payment(OTHER), payer="zenith")
    (key,) = receive(ledger, theirs, file="b")
    assert key == "zenith|trn77"
    assert [one.conflict for one in ledger.remittances()] == ["", ""]
    assert [one.key for one in ledger.remittances(payer="zenith")] == [key]
    assert len(ledger.remittances(trace_number="TRN-77")) == 2


CHANGED = {
    "amount": replace(payment(PAID, OTHER), amount=Decimal("231.01")),
    "paid": payment(PAID, remitted([line("90.00", "CO-45 14.99")], claim_id="00099",
                                   payer_claim_number="E2")),
    "code": payment(PAID, remitted([line("90.00", "CO-97 15.00")], claim_id="00099",
                                   payer_claim_number="E2")),
    "claim": payment(PAID, OTHER, replace(OTHER, payer_claim_number="E3", charge=Decimal(0))),
    "lines": payment(
        remitted([line("120.00", "CO-45 10.00"), line("80.00", "CO-45 20.00", "PR-2 14.00")]),
        OTHER,
    ),
    "withheld": replace(
        payment(PAID, OTHER),
        provider_adjustments=(
            ProviderAdjustment("WO", "E0", Decimal(1)),
            ProviderAdjustment("FB", "E0", Decimal(-1)),
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGED)
def test_two_statements_that_differ_by_a_cent_are_a_conflict(ledger: Ledger, what: str) -> None:
    for file, one in {"a": payment(PAID, OTHER), "b": CHANGED[what]}.items():
        sha256 = ledger.store(file.encode(), "application/pdf")
        ledger.receive(
            sha256, [replace(one, places={})], [()], channel=Channel.EOB, run="r", at=NOW
        )
    assert only(ledger).conflict


def test_a_statement_without_lines_agrees_with_one_that_has_them(ledger: Ledger) -> None:
    paid = payment(PAID)
    brief = payment(replace(PAID, lines=(), adjustments=PAID.all_adjustments))
    for order in permutations([paid, brief]):
        for file, one in zip("ab", order, strict=True):
            receive(ledger, one, file=file)
        found = only(ledger)
        assert found.conflict == ""
        assert found.remittance.claims[0].lines, "the fuller statement is kept"


def test_a_document_read_again_replaces_what_was_read_of_it(ledger: Ledger) -> None:
    receive(ledger, payment(PAID), payment(OTHER, trace_number="T2"))
    receive(ledger, payment(PAID))
    assert [one.key for one in ledger.remittances()] == ["acme|trn77"]
    assert len(only(ledger).statements) == 1


def test_what_does_not_balance_is_known_and_believed_only_where_something_else_balances(
    ledger: Ledger,
) -> None:
    torn = replace(payment(PAID), amount=Decimal("155.00"))
    receive(ledger, torn)
    assert "off by 1.00" in only(ledger).unbalanced
    receive(ledger, payment(PAID), file="b")
    found = only(ledger)
    assert (found.unbalanced, found.conflict) == ("", "")
    assert found.remittance.amount == Decimal("156.00")


DENIED = remitted([line("200.00", "CO-16 200.00")])
DENIED_TOO = remitted([line("50.00", "CO-16 50.00")], claim_id="7", payer_claim_number="E7")


def test_payments_of_nothing_may_share_a_trace_number(ledger: Ledger) -> None:
    first = payment(DENIED, trace_number="0")
    other_day = replace(payment(DENIED, trace_number="0"), payment_date=date(2026, 11, 9))
    same_day = payment(DENIED_TOO, trace_number="0")
    receive(ledger, first)
    receive(ledger, other_day, file="b")
    receive(ledger, same_day, file="c")
    received = ledger.remittances()
    assert [len(one.remittance.claims) for one in received] == [2, 1]
    assert [one.conflict for one in received] == ["", ""]
    otherwise = replace(payment(remitted([line("200.00", "CO-97 200.00")])), trace_number="0")
    receive(ledger, otherwise, file="d")
    assert "of claim e0000000001 CO-16 is $" in ledger.remittances()[0].conflict


def test_claims_that_are_alike_are_told_apart_in_any_order(ledger: Ledger) -> None:
    twice = [remitted([line("200.00", f"CO-45 {n}.00")]) for n in (20, 30)]
    back = reversal(twice[0], PAID.payer_claim_number)
    for nth, order in enumerate(permutations([*twice, back])):
        receive(ledger, payment(*order), file=f"{nth}")
    assert only(ledger).conflict == ""
