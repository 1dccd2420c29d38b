"""What must hold before a list without our claim is believed to mean that the payer lacks it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

from billing.identity import same_id
from billing.model import ClaimStatus
from billing.money import parse_date
from bots.claim_task import ClaimStatusTask
from bots.page_language import PLACEHOLDER
from bots.portal.verbs import Hand
from bots.portal.words import Words, fill_in
from bots.reading.dom import text_of

BOTH_ENDS = 2
SERVICE_DATES = ("service_from", "service_to")
SPELLINGS = ("%m/%d/%Y", "%Y-%m-%d", "%m/%d/%y", "%m-%d-%Y", "%m%d%Y", "%Y%m%d")


def is_shown(row: ClaimStatus, page: bytes) -> bool:
    """Whether the row's claim number stands on the captured page, however it is spaced.

    The newest data that a page loaded may be the late answer to an earlier question.
    """
    return _bare(row.payer_claim_number.encode()) in _bare(page)


def answers_our_search(
    rows: Sequence[ClaimStatus], task: ClaimStatusTask, words: Words, page: bytes
) -> bool | None:
    """False when a row is about another member or number than were typed, or outside the dates.

    Such a list belongs to another search, or the portal did not heed the question. None when
    neither the rows nor the text of the page tell; no rows are the answer that the page states.
    """
    verdicts = [
        *_verdicts(rows, "member_id", _typed(task, words, "member_id")),
        *_verdicts(rows, "payer_claim_number", _typed(task, words, "payer_claim_number")),
        *_within(rows, sorted(typed_dates(task, words))),
    ]
    if False in verdicts:
        return False
    member = _typed(task, words, "member_id")
    named = bool(member) and _bare(member.encode()) in _bare(text_of(page).encode())
    return True if True in verdicts or named or not rows else None


def _verdicts(rows: Sequence[ClaimStatus], word: str, typed: str) -> list[bool | None]:
    return [same_id(typed, getattr(row, word)) for row in rows] if typed else []


def _within(rows: Sequence[ClaimStatus], typed: Sequence[date]) -> list[bool | None]:
    """One date alone may be the first of the search, or the last: rows on that day agree."""
    stated = [row.service_from for row in rows if row.service_from is not None]
    if len(typed) < BOTH_ENDS:
        return [True] if typed and stated and all(day == typed[0] for day in stated) else []
    return [typed[0] <= day <= typed[-1] for day in stated]


def _typed(task: ClaimStatusTask, words: Words, word: str) -> str:
    """The claim's word if the search was filled with it, however spelled; empty if it was not."""
    for step in task.search:
        if step.typed is not None and step.typed.value.startswith(f"{{claim.{word}"):
            return str(words.get(f"claim.{word}") or "")
    return ""


async def echoes_our_member(hand: Hand, task: ClaimStatusTask, words: Words) -> bool:
    """False when the search form is still on the page and names another member than ours."""
    for step in task.search:
        target = step.fill or step.type
        if target is None or "{claim.member_id" not in target.value:
            continue
        field = hand.find(target).filter(visible=True)
        if await field.count() != 1:
            continue
        shown = await field.input_value(timeout=hand.answer_ms)
        if same_id(fill_in(target.value, words), shown) is False:
            return False
    return True


def typed_dates(task: ClaimStatusTask, words: Words) -> Iterator[date]:
    """The dates of service that a claim's own search is filled with."""
    for step in task.search:
        target = step.typed
        if target is None:
            continue
        if not any(m[2] in SERVICE_DATES for m in PLACEHOLDER.finditer(target.value)):
            continue
        try:
            yield parse_date(fill_in(target.value, words), SPELLINGS)
        except ValueError:  # a year alone, say
            continue


def _bare(text: bytes) -> bytes:
    return re.sub(rb"[^0-9A-Za-z]", b"", text)
