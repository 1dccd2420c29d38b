"""What a search came to on an earlier night, decided again from what was saved of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from billing.errors import UnknownPage
from billing.identity import contradiction, could_be_same
from billing.model import (
    CLAIM_LIST,
    Answer,
    Claim,
    ClaimStatus,
    Found,
    NoAnswer,
    NotFound,
    Observation,
    Reason,
)
from bots.profile import Profile
from bots.reading.dom import parse, visible
from bots.reading.listed import read_rows
from bots.reading.page import read_claim, states
from bots.reading.reread import BODIES, PAGES, Archive, Reread, captured, rows_of

OUTCOME = "outcome"
"""Which of the profile's outcomes the page shows that the search came to."""

DECISION = "decision"
"""Which of the listed claims is ours, or why none is."""

LISTING = frozenset({"listed", "one"})
JUDGED = (Reason.SEVERAL_MATCHES, Reason.WRONG_PATIENT, Reason.NEEDS_PERSON)
SEARCHED = (*JUDGED, Reason.UNAVAILABLE, Reason.UNKNOWN_PAGE)
Shown = frozenset[str]


def results_page(observation: Observation, archive: Archive) -> str | None:
    """The hash of the page that a portal's search came to; None where none was kept, or the claim
    was not searched for."""
    answer = observation.answer
    if observation.search == CLAIM_LIST:
        return None
    if isinstance(answer, NoAnswer) and answer.reason not in SEARCHED:
        return None
    if isinstance(answer, Found) and not isinstance(answer.value, ClaimStatus):
        return None
    return next(iter(captured(observation.captures, archive, PAGES)), None)


def redecide(
    claim: Claim,
    observation: Observation,
    archive: Archive,
    profile: Profile,
    shown: Shown | None,
) -> Iterator[Reread]:
    """Whether a portal's answer would be what it was. ``shown`` are the outcomes that the page of
    :func:`results_page` shows by today's profile; None when nobody could look.

    Nothing of an answer that no search led to.
    """
    if observation.search == CLAIM_LIST:
        if isinstance(observation.answer, NotFound):
            yield _decided(claim, observation, archive, profile)
        return
    page, answer, then = results_page(observation, archive), observation.answer, observation.search
    judged = isinstance(answer, NotFound) or (
        isinstance(answer, NoAnswer) and answer.reason in (*JUDGED, Reason.UNAVAILABLE)
    )
    if page is None:
        if isinstance(answer, NotFound):
            yield Reread(OUTCOME, "", "undecided", why="no page of it was kept")
        return
    if isinstance(answer, NoAnswer) and answer.reason is Reason.UNKNOWN_PAGE:
        if then is None and shown in ({"none"}, {"unavailable"}):
            yield Reread(OUTCOME, page, "read", why=f"its search comes to {spoken(shown)} now")
        return
    again = outcome(page, shown, {then} if then else _possible(answer))
    if again.verdict == "same" and judged and shown is not None and shown <= LISTING:
        decided = _decided(claim, observation, archive, profile)
        if then is None and isinstance(answer, NotFound) and decided.verdict == "same":
            why = "whether that night's profile saw a list there was not kept"
            again = Reread(OUTCOME, page, "undecided", why=why)
        yield decided
    yield again


def outcome(page: str, shown: Shown | None, then: Collection[str]) -> Reread:
    """Whether a page still shows the one outcome that it was taken for, one of ``then``."""
    if shown is None:
        return Reread(OUTCOME, page, "undecided", why="the saved page could not be shown again")
    if len(shown) == 1 and shown <= set(then):
        return Reread(OUTCOME, page, "same")
    was = " or ".join(sorted(then))
    why = f"its search came to {was} that night and comes to {spoken(shown)} now"
    return Reread(OUTCOME, page, "changed" if len(shown) == 1 else "refused", was, None, why)


def spoken(shown: Shown | None) -> str:
    """What a page shows, in words."""
    return " and ".join(sorted(shown or ())) + " at once" * (len(shown or ()) > 1) or "no outcome"


def kind(answer: Answer[Any]) -> str:
    """What sort of answer it is, in words."""
    match answer:
        case Found():
            return "found"
        case NotFound():
            return "not found"
        case NoAnswer(reason=reason):
            return reason.value.replace("_", " ")


def decision(page: str, before: Answer[Any], after: Answer[Any]) -> Reread:
    """Two answers of the same bytes, by their sorts."""
    was, now = kind(before), kind(after)
    if was == now:
        return Reread(DECISION, page, "same", was, now)
    return Reread(DECISION, page, "changed", was, now, f"it was {was} that night and is {now} now")


def _possible(answer: Answer[Any]) -> Collection[str]:
    match answer:
        case NotFound():
            return ("none", "listed")
        case NoAnswer(reason=Reason.UNAVAILABLE):
            return ("unavailable",)
        case _:
            return LISTING


def _decided(claim: Claim, observation: Observation, archive: Archive, profile: Profile) -> Reread:
    task = profile.file.tasks.claim_status
    page = captured(observation.captures, archive, PAGES)[-1]
    try:
        rows = _rows(observation, archive, profile) if observation.search != "one" else ()
        opened = _opened(observation, archive, profile)
    except UnknownPage as error:
        return Reread(DECISION, page, "refused", why=str(error))
    seen = {status.payer_claim_number for status in opened}
    passed = [row for row in rows if could_be_same(claim, row)]
    if any(row.payer_claim_number not in seen for row in passed):
        why = "a listed claim that could be ours by today's profile was not opened that night"
        return Reread(DECISION, page, "changed", kind(observation.answer), None, why)
    now = task.choose(claim, opened)
    if isinstance(now, Found):
        number = now.value.payer_claim_number
        row = next((row for row in rows if row.payer_claim_number == number), None)
        if wrong := contradiction(row, now.value):
            now = NoAnswer(Reason.NEEDS_PERSON, wrong)
    return decision(page, observation.answer, now)


def _rows(observation: Observation, archive: Archive, profile: Profile) -> tuple[ClaimStatus, ...]:
    """The rows of everything kept that lists claims. Raises UnknownPage when nothing does."""
    rows, found = rows_of(observation, profile), list[ClaimStatus]()
    wrong: UnknownPage | None = None
    for sha256 in captured(observation.captures, archive, rows.media_type):
        try:
            found += read_rows(archive.fetch(sha256), rows, profile.file.vocabulary)
        except UnknownPage as error:
            wrong = wrong or error
    if not found and wrong:
        raise wrong
    return tuple(found)


def _opened(observation: Observation, archive: Archive, profile: Profile) -> list[ClaimStatus]:
    """Every claim that was opened that night. Raises UnknownPage for one that is not read now."""
    read, vocabulary = profile.file.tasks.claim_status.read, profile.file.vocabulary
    bodies = [archive.fetch(c) for c in captured(observation.captures, archive, BODIES)]
    found = []
    for sha256 in captured(observation.captures, archive, PAGES):
        page = archive.fetch(sha256)
        if len(visible(parse(page), read.within)) != 1:
            continue
        shown, _ = read_claim(page, read.model_copy(update={"response": None}), vocabulary)
        if read.response is None:
            found.append(shown)
            continue
        number, response = shown.payer_claim_number, read.response
        body = next((one for one in bodies if states(one, response, number)), None)
        found.append(read_claim(page, read, vocabulary, body)[0])
    return found
