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
from bots.portal.verbs import Hand, Words, fill_in

BOTH_ENDS = 2
SERVICE_DATES = ("service_from", "service_to")
SPELLINGS = ("%m/%d/%Y", "%Y-%m-%d", "%m/%d/%y", "%m-%d-%Y", "%m%d%Y", "%Y%m%d")


def is_shown(row: ClaimStatus, page: bytes) -> bool:
    """Whether the row's claim number stands on the captured page, however it is spaced.

    The newest data that a page loaded may be the late answer to an earlier question.
    """
    return _bare(row.payer_claim_number.encode()) in _bare(page)


def answers_our_search(rows: Sequence[ClaimStatus], task: ClaimStatusTask, words: Words) -> bool:
    """False when a row has a service date outside the dates that were typed into the search.

    Such a list belongs to another search. True when the search did not type a first and a last.
    """
    typed = sorted(_typed_dates(task, words))
    stated = [row.service_from for row in rows if row.service_from is not None]
    return len(typed) < BOTH_ENDS or all(typed[0] <= day <= typed[-1] for day in stated)


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


def _typed_dates(task: ClaimStatusTask, words: Words) -> Iterator[date]:
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
