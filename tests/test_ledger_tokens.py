"""Tokens in the ledger, their keys, and walking through the queue a page at a time."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from web_console import furnish, person

from billing.cases import Order, View
from billing.errors import BadInput
from billing.ledger import Ledger, open_ledger
from billing.ledger.tokens import KEPT, Scope, Token
from billing.people import Role

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
TODAY = date(2026, 11, 24)
HASH = hashlib.sha256(b"secret").hexdigest()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(tmp_path)
    yield opened
    opened.close()


def token(ledger: Ledger, name: str = "acme-billing", **changed: object) -> Token:
    found = ledger.person_named("administrator")
    maker = found[0] if found else person(ledger, Role.ADMINISTRATOR)
    given = {
        "sha256": hashlib.sha256(name.encode()).hexdigest(),
        "expires_on": TODAY + timedelta(days=30),
        "per_minute": 60,
        "scopes": [Scope.READ, Scope.CHECK],
    } | changed
    scopes = given.pop("scopes")
    return ledger.add_token(name, scopes, by=maker, at=NOW, today=TODAY, **given)  # type: ignore[arg-type]


@pytest.mark.sqlite_only
def test_a_token_is_kept_by_its_hash_and_audited(ledger: Ledger) -> None:
    made = token(ledger, sha256=HASH)
    assert ledger.token(HASH, at=NOW) == made
    assert ledger.token(hashlib.sha256(b"other").hexdigest(), at=NOW) is None
    assert b"secret" not in (ledger.home / "ledger.sqlite").read_bytes()
    (entry,) = ledger.audit_trail(subject="token acme-billing")
    assert (entry.act, entry.detail["scopes"]) == ("token made", ["check", "read"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Straße"},
        {"name": ""},
        {"scopes": []},
        {"expires_on": TODAY - timedelta(days=1)},
        {"expires_on": TODAY + timedelta(days=367)},
        {"per_minute": 0},
        {"per_minute": 6001},
    ],
    ids=str,
)
def test_a_token_that_may_not_be_is_refused(ledger: Ledger, wrong: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        token(ledger, **wrong)  # type: ignore[arg-type]
    assert ledger.tokens() == ()


def test_a_name_is_never_given_twice(ledger: Ledger) -> None:
    token(ledger)
    ledger.revoke_token("acme-billing", by="administrator", at=NOW)
    with pytest.raises(BadInput, match="is or was"):
        token(ledger, sha256=HASH)


def test_a_token_is_good_through_its_last_day_and_until_revoked(ledger: Ledger) -> None:
    made = token(ledger)
    assert made.good(made.expires_on)
    assert not made.good(made.expires_on + timedelta(days=1))
    ledger.revoke_token("acme-billing", by="administrator", at=NOW)
    ledger.revoke_token("acme-billing", by="administrator", at=NOW + timedelta(hours=1))
    (kept,) = ledger.tokens()
    assert kept.revoked_at == NOW
    assert not kept.good(TODAY)
    acts = [entry.act for entry in ledger.audit_trail(subject="token acme-billing")]
    assert acts == ["token revoked", "token made"]


def test_last_used_is_noted(ledger: Ledger) -> None:
    made = token(ledger)
    for seconds in (0, 10, 31):
        ledger.token(made.sha256, at=NOW + timedelta(seconds=seconds))
    assert ledger.tokens()[0].used_at == NOW + timedelta(seconds=31)


def test_a_key_is_taken_by_one_of_two_at_once(ledger: Ledger) -> None:
    made, taken = token(ledger), []
    gate = threading.Barrier(2)

    def ask() -> None:
        gate.wait()
        taken.append(ledger.claim_key(made.sha256, "k" * 8, HASH, at=NOW))

    both = [threading.Thread(target=ask) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(one is None for one in taken) == [False, True]


def test_an_answer_is_kept_for_a_week(ledger: Ledger) -> None:
    made = token(ledger)
    ledger.claim_key(made.sha256, "k" * 8, HASH, at=NOW)
    ledger.keep_answer(made.sha256, "k" * 8, '{"a": 1}')
    kept = ledger.claim_key(made.sha256, "k" * 8, "other", at=NOW + KEPT)
    assert kept is not None
    assert (kept.request, kept.answer) == (HASH, '{"a": 1}')
    late = NOW + KEPT + timedelta(seconds=1)
    assert ledger.claim_key(made.sha256, "k" * 8, "other", at=late) is None


@pytest.mark.parametrize("order", Order)
def test_walking_from_case_to_case_meets_each_once_in_order(ledger: Ledger, order: Order) -> None:
    furnish(ledger, 90)
    view = View(order=order)
    whole = [one.case_id for one in ledger.queue(view, TODAY, most=500).cases]
    assert len(whole) > 50
    walked: list[int] = []
    while page := ledger.queue(view, TODAY, most=7, after=walked[-1] if walked else None).cases:
        walked += [one.case_id for one in page]
    assert walked == whole


def test_a_walk_goes_on_from_a_case_that_left_the_view(ledger: Ledger) -> None:
    furnish(ledger, 30)
    whole = [one.case_id for one in ledger.queue(View(), TODAY).cases]
    ledger.resolve_cases(whole[:3], "posted", by="biller", at=NOW)
    rest = ledger.queue(View(), TODAY, after=whole[2]).cases
    assert [one.case_id for one in rest] == whole[3:]
    with pytest.raises(BadInput, match="no case 999"):
        ledger.queue(View(), TODAY, after=999)
