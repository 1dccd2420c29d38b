"""Whatever is wrong with the simulated clearinghouse, the bot answers rightly or says why not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from exchange_portals import NUMBERS, Exchange, exchange, mesa, mesa_document
from portal_faults import Night, billed, night, quick_profile

from billing.errors import NeedsPerson, StopAccount
from billing.model import Channel, Found, NoAnswer, Outcome, Reason
from bots.portal.browser import Browser
from sandbox.serve import Portals

MESA = "blue-mesa"
BOOKS = mesa()
PAID = NUMBERS[20]
Sit = Callable[..., tuple[Night, Exchange]]


@pytest.fixture
def sit(browser_executable: Browser, tmp_path: Path) -> Iterator[Sit]:
    """``sit(NUMBER, …, knob=value)``: a night's work on these claims."""
    with ExitStack() as opened:

        def start(*numbers: str, seconds: float = 10, **knobs: object) -> tuple[Night, Exchange]:
            there = opened.enter_context(exchange(BOOKS, partial(mesa_document, BOOKS)))
            for name, value in knobs.items():
                assert hasattr(there.knobs, name)
                setattr(there.knobs, name, value)
            portals = Portals({MESA: there.address}, {MESA: there.account})
            profile = quick_profile(MESA, answer_seconds=seconds, claim_seconds=60)
            claims = [billed(BOOKS.by_number[n], MESA, row) for row, n in enumerate(numbers, 2)]
            work = night(tmp_path / "home", browser_executable, portals, profile, "", claims)
            work.work.address = there.address
            return work, there

        yield start


def eob_says(work: Night, item_id: int = 1) -> object:
    """What the EOB of an item came to: Found, or why there is none; None when none was offered."""
    seen = [o.answer for o in work.ledger.observations(item_id) if o.channel is Channel.EOB]
    return next((a.detail if isinstance(a, NoAnswer) else type(a) for a in seen), None)


def test_messages_and_banners_change_no_answer(sit: Sit) -> None:
    work, there = sit(
        NUMBERS[0],  # the last row of the virtual grid
        NUMBERS[28],  # its message is cut short on the page
        announcement=True,
        password_expiring=True,
        stale_banner=True,
        parentheses=True,
    )
    work.run(240)
    paid, rejected = work.conclusions()
    assert (paid.outcome, paid.paid) == (Outcome.PAID, Decimal("1180.00"))
    assert paid.reason_codes == ("CO-253", "CO-45", "PR-2")
    assert eob_says(work) is Found
    assert rejected.outcome is Outcome.REJECTED
    answer = work.observed(2).answer
    assert isinstance(answer, Found)
    assert answer.value.note == "Subscriber ID not valid for date of service"
    assert there.counters()["writes"] == 0


def test_a_remittance_that_the_viewer_lacks_leaves_the_portal_answer(sit: Sit) -> None:
    work, there = sit(NUMBERS[29])
    work.run(240)
    (paid,) = work.conclusions()
    assert (paid.outcome, paid.payer_claim_number) == (Outcome.PAID, NUMBERS[29])
    assert "says that it has none" in str(eob_says(work))
    counted = there.counters()
    assert (counted["documents"], counted["searches"]) == (0, 1), "it is not asked for again"


@pytest.mark.parametrize("arrival", ["inline", "tab", "blob"])
def test_the_document_comes_however_the_viewer_sends_it(sit: Sit, arrival: str) -> None:
    work, _ = sit(PAID, document=arrival)
    work.run(240)
    assert work.conclusions()[0].outcome is Outcome.PAID
    assert eob_says(work) is Found


@pytest.mark.parametrize("arrival", ["truncated", "html", "encrypted"])
def test_a_document_that_cannot_be_read_leaves_the_portal_answer(sit: Sit, arrival: str) -> None:
    work, _ = sit(PAID, document=arrival)
    work.run(240)
    (paid,) = work.conclusions()
    assert (paid.outcome, paid.paid) == (Outcome.PAID, Decimal("1180.00"))
    assert isinstance(eob_says(work), str)


def test_another_patients_page_is_never_an_answer(sit: Sit) -> None:
    work, there = sit(PAID, wrong_patient=True)
    work.run(240)
    (wrong,) = work.conclusions()
    assert wrong.outcome is Outcome.WRONG_PATIENT
    assert wrong.paid is None
    assert there.counters()["documents"] == 0


def test_a_row_that_is_listed_twice_is_one_claim(sit: Sit) -> None:
    work, there = sit(PAID, duplicate_rows=True)
    work.run(240)
    (answer,) = work.conclusions()
    assert (answer.outcome, answer.payer_claim_number) == (Outcome.PAID, PAID)
    assert there.counters()["documents"] == 1


@pytest.mark.parametrize("level", [1, 2, 3])
def test_a_portal_that_has_drifted_is_an_unknown_page(sit: Sit, level: int) -> None:
    work, there = sit(PAID, seconds=3, drift=level)
    work.run(240)
    assert work.reason() is Reason.UNKNOWN_PAGE
    assert there.counters()["writes"] == 0


@pytest.mark.parametrize("knob", ["ends_session_after", "stolen_after"])
def test_a_session_that_ends_is_opened_anew_and_the_claim_answered(sit: Sit, knob: str) -> None:
    work, there = sit(PAID, **{knob: 2})
    work.run(240)
    assert work.conclusions()[0].outcome is Outcome.PAID
    counted = there.counters()
    assert (counted["logins"], counted["expired_sessions"], counted["refusals"]) == (2, 1, 0)


@pytest.mark.parametrize(
    ("knob", "why"),
    [
        ("password_expired", "the password has expired"),
        ("captcha", "characters in a picture"),
        ("step_up", "looks unusual to the portal"),
    ],
)
def test_a_door_that_only_a_person_opens_is_tried_once(sit: Sit, knob: str, why: str) -> None:
    work, there = sit(PAID, seconds=3, **{knob: True})
    with pytest.raises(NeedsPerson, match=why):
        work.run(240)
    with pytest.raises(StopAccount):  # no further login tonight
        work.run(240)
    counted = there.counters()
    assert (counted["logins"], counted["refusals"], counted["locks"]) == (0, 0, 0)
    assert work.conclusions() == []
