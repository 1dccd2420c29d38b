"""An answer is settled while the next question is asked, and never before its evidence lies."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from odd_site import Asked, Night, Reply, words
from odd_site import night as night
from test_odd_lists import PAGES, listing

from billing.errors import ClaimsweepError
from billing.ledger import Ledger
from flows.measured import Question

WAIT_SECONDS = 60


@pytest.mark.browser
def test_an_answer_is_settled_while_the_next_question_is_asked(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first answer is held back until the second question has reached the portal."""
    site, settle = listing("pages", 3, 5), Ledger.settle
    searches, second, beside, lay = 0, threading.Event(), [], []
    answer = site.routes["list"]

    def asked_again(asked: Asked) -> Reply:
        nonlocal searches
        searches += 1
        if searches == 2:
            second.set()
        reply: Reply = answer(asked)
        return reply

    def held_back(ledger: Ledger, item: int, fence: int, **said: Any) -> bool:
        captures = [sha256 for one in said["observations"] for sha256 in one.captures]
        lay.extend(ledger.fetch(sha256) for sha256 in captures)
        beside.append(second.wait(WAIT_SECONDS))
        return settle(ledger, item, fence, **said)

    site.routes["list"] = asked_again
    monkeypatch.setattr(Ledger, "settle", held_back)
    assert words(night(site, site.claims, PAGES)) == ["found"] * 3
    assert beside == [True] * 3
    assert len(lay) >= 3 * 2  # a page and its picture, at the least


def test_what_is_kept_counts_once_it_is_stored() -> None:
    stored, may = [], threading.Event()

    def store(data: bytes, media_type: str) -> str:
        assert may.wait(WAIT_SECONDS)
        if media_type == "image/png":
            raise ClaimsweepError("the disk is full")
        stored.append(data)
        return ""

    async def asked() -> None:
        question = Question("night-1", "acme", "claim", store)
        question.begin()
        question.keep(b"one", "text/html")
        question.keep(b"two", "text/html")
        waiting = asyncio.create_task(question.stored())
        await asyncio.sleep(0)
        assert not waiting.done()
        assert question.cost().evidence_bytes == 6
        may.set()
        await waiting
        assert stored == [b"one", b"two"]
        question.keep(b"three", "image/png")
        with pytest.raises(ClaimsweepError, match="full"):
            await question.stored()
        await question.stored()

    asyncio.run(asyncio.wait_for(asked(), WAIT_SECONDS))
