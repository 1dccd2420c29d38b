"""Laws of the ledger: a posting is proposed once, only the lease's holder settles, words return."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, timedelta
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_samples import NOW, begin, claim, conclusion, payment

from billing.ledger import Ledger, open_ledger
from billing.ledger.words import CLAIM, CONCLUSION, OBSERVATION, POSTING, read, write
from billing.model import (
    Claim,
    ClaimStatus,
    Conclusion,
    Found,
    NoAnswer,
    NotFound,
    Observation,
    Outcome,
    Posting,
    Remittance,
)

unhurried = settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow], database=None
)


@contextmanager
def fresh_ledger() -> Iterator[Ledger]:
    with tempfile.TemporaryDirectory() as home:
        ledger = open_ledger(Path(home))
        try:
            yield ledger
        finally:
            ledger.close()


PROPOSALS = st.dictionaries(
    st.tuples(st.sampled_from(["T1", "T2"]), st.integers(0, 1)),
    st.sampled_from(["80.00", "-80.00"]),
    max_size=3,
)
"""What one claim's answer posts: an amount for each trace number and line."""


def total(lines: dict[int, str]) -> Decimal:
    return sum(map(Decimal, lines.values()), Decimal(0))


@unhurried
@given(nights=st.lists(st.lists(PROPOSALS, min_size=1, max_size=3), max_size=3))
def test_a_posting_belongs_to_the_sweep_that_proposed_it_first(
    nights: list[list[dict[tuple[str, int], str]]],
) -> None:
    posted: dict[str, dict[int, str]] = {}
    with fresh_ledger() as ledger:
        for number, night in enumerate(nights):
            sweep_id = f"night {number}"
            begin(ledger, sweep_id, [claim(n) for n in range(1, len(night) + 1)])
            before, new, known = set(posted), {}, {}
            for proposals in night:
                item = ledger.lease_item(sweep_id, "acme", "one", seconds=60, now=NOW)
                assert item is not None
                assert ledger.settle(
                    item.item_id,
                    item.fence,
                    observations=[],
                    conclusion=conclusion(Outcome.PAID),
                    postings=[payment(*place, amount) for place, amount in proposals.items()],
                    seconds=Decimal(1),
                    at=NOW,
                )
                for trace in {trace for trace, _ in proposals}:
                    lines = {line: proposals[t, line] for t, line in proposals if t == trace}
                    if posted.setdefault(trace, lines) is lines:
                        new[trace] = lines
                    elif trace in before:
                        # other lines with the same total are the same payment, told otherwise
                        known[trace] = len(lines) * (total(posted[trace]) == total(lines))
            report = ledger.report(sweep_id)
            said = [(p.trace_number, p.line, str(p.amount)) for p in report.new_postings]
            assert sorted(said) == sorted(
                (trace, line, amount)
                for trace, lines in new.items()
                for line, amount in lines.items()
            )
            assert report.known_postings == sum(known.values())


STEP = st.one_of(
    st.tuples(st.just("lease"), st.integers(0, 3)),
    st.tuples(st.just("wait"), st.integers(1, 3)),
    st.tuples(st.just("settle"), st.integers(0, 5)),
    st.tuples(st.just("give back"), st.integers(0, 5)),
    st.tuples(st.just("reopen"), st.just(0)),
    st.tuples(st.just("unasked"), st.just(0)),
)


@unhurried
@given(steps=st.lists(STEP, max_size=25))
def test_only_the_holder_of_the_last_lease_settles(steps: list[tuple[str, int]]) -> None:
    now, until = NOW, NOW
    fences: list[int] = []  # every lease ever given, the newest last
    state, settled = "pending", 0
    unknown = conclusion(Outcome.NO_ANSWER)
    with fresh_ledger() as ledger:
        begin(ledger, claims=[claim(1)])
        for step, number in steps:
            holds = bool(fences) and state == "leased" and number % len(fences) == len(fences) - 1
            fence = fences[number % len(fences)] if fences else 0
            free = state == "pending" or (state == "leased" and until <= now)
            match step:
                case "lease":
                    item = ledger.lease_item("night-1", "acme", "one", seconds=number, now=now)
                    assert (item is not None) == free
                    if item is not None:
                        assert item.fence not in fences
                        fences.append(item.fence)
                        state, until = "leased", now + timedelta(seconds=number)
                case "wait":
                    now += timedelta(seconds=number)
                case "settle":
                    accepted = ledger.settle(
                        1, fence, observations=[], conclusion=unknown, postings=[],
                        seconds=Decimal(0), at=now,
                    )  # fmt: skip
                    assert accepted == holds
                    state, settled = ("settled", settled + 1) if accepted else (state, settled)
                case "give back":
                    assert ledger.give_back(1, fence) == holds
                    state = "pending" if holds else state
                case "unasked":
                    concluded = ledger.conclude_unasked(
                        "night-1", "acme", lambda _: unknown, now, now=now
                    )
                    assert concluded == free
                    state, settled = ("settled", settled + 1) if free else (state, settled)
                case "reopen":
                    assert ledger.reopen_unanswered("night-1") == (state == "settled")
                    state = "pending" if state == "settled" else state
            assert len(ledger.results("night-1")) == (state == "settled")
        with ledger._reading() as connection:
            rows = connection.exec_driver_sql("SELECT count(*) FROM conclusions").scalar_one()
    assert rows == settled


MONEY = st.decimals(-(10**6), 10**6, places=2)
INSTANT = st.datetimes(timezones=st.just(UTC))
TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
for kind, strategy in ((Decimal, MONEY), (str, TEXT)):
    st.register_type_strategy(kind, strategy)
STATUS, PAYMENT = st.builds(ClaimStatus), st.builds(Remittance)
ANSWER = st.one_of(
    st.builds(Found, STATUS), st.builds(Found, PAYMENT), st.builds(NotFound), st.builds(NoAnswer)
)


@unhurried
@given(
    st.builds(Claim),
    st.builds(Observation, answer=ANSWER, observed_at=INSTANT),
    st.builds(Conclusion),
    st.builds(Posting),
)
def test_what_the_ledger_is_told_is_what_it_says(
    told: Claim, observation: Observation, concluded: Conclusion, posting: Posting
) -> None:
    assert read(CLAIM, write(CLAIM, told)) == told
    back = read(OBSERVATION, write(OBSERVATION, observation))
    assert back == observation
    assert type(back.answer) is type(observation.answer)
    assert read(CONCLUSION, write(CONCLUSION, concluded)) == concluded
    again = read(POSTING, write(POSTING, posting))
    assert (again, again.key) == (posting, posting.key)
