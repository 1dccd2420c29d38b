"""What a payer said of a visit's cover, read and decided again from the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter

from billing.coverage import Coverage, CoverageObservation, Visit
from billing.eligibility import same_person
from billing.errors import UnknownPage
from billing.model import Found, NoAnswer, NotFound, Reason
from bots.eligibility_task import EligibilityTask
from bots.reading.cases import flat
from bots.reading.coverage import CoverReading, read_coverage, read_member
from bots.reading.page import read_region
from bots.reading.redecide import OUTCOME, Shown, decision, outcome, spoken
from bots.reading.reread import BODIES, PAGE, PAGES, Archive, Reread, captured, compare

COVER = "cover"
"""The cover as a whole: its benefits, its other payers, the day that it is stated for."""

_PERSON = (Reason.WRONG_PATIENT, Reason.NEEDS_PERSON)
_COVERAGE: TypeAdapter[Coverage] = TypeAdapter(Coverage)


def reread_visit(
    visit: Visit,
    observation: CoverageObservation,
    archive: Archive,
    task: EligibilityTask | None,
    shown: Shown | None,
) -> Iterator[Reread]:
    """A portal's answer about a visit again, whatever it was; nothing where no page was met.

    ``shown`` are the outcomes that the first captured page shows by today's profile; None when
    nobody could look. Where steps lead on from there, that page is a later one, and only what
    ended the search is decided again.
    """
    pages = captured(observation.captures, archive, PAGES)
    if not pages:
        if isinstance(observation.answer, NotFound):
            yield Reread(OUTCOME, "", "undecided", why="no page of it was kept")
        return
    if task is None:
        yield Reread(COVER, pages[0], "refused", why="the profile has no eligibility task")
        return
    match observation.answer:
        case Found(before):
            if not task.opened:
                yield outcome(pages[0], shown, {"found"})
            yield from _cover(visit, before, observation, archive, task)
        case NotFound():
            yield outcome(pages[0], shown, {"none"})
        case NoAnswer(reason=Reason.UNAVAILABLE):
            yield outcome(pages[0], shown, {"unavailable"})
        case NoAnswer(reason=reason) if reason in _PERSON:
            if not task.opened:
                yield outcome(pages[0], shown, {"found"})
            yield _person(visit, observation, pages[0], archive, task)
        case NoAnswer(reason=Reason.UNKNOWN_PAGE):
            yield from _at_last(visit, observation, archive, task, shown)


def _cover(
    visit: Visit,
    before: Coverage,
    observation: CoverageObservation,
    archive: Archive,
    task: EligibilityTask,
) -> Iterator[Reread]:
    page = captured(observation.captures, archive, PAGES)[0]
    try:
        after = _read(visit, observation, archive, task)
    except UnknownPage as error:
        lost = list(_lost(page, archive, task))
        yield from lost or [Reread(COVER, page, "refused", why=str(error))]
        return
    again = decision(page, Found(before), same_person(visit, after, task.same_person_when))
    if again.verdict != "same":
        yield again
    yield from compare(_flat(before), _flat(after), page)


def _read(
    visit: Visit, observation: CoverageObservation, archive: Archive, task: EligibilityTask
) -> Coverage:
    page, *later = (archive.fetch(c) for c in captured(observation.captures, archive, PAGES))
    kept = captured(observation.captures, archive, BODIES)
    if len(kept) < len(task.responses):
        raise UnknownPage(
            f"{len(task.responses)} responses are read and {len(kept)} were kept that night"
        )
    bodies = {path: archive.fetch(c) for path, c in zip(task.responses, kept, strict=False)}
    reading = read_coverage(page, task, bodies, later)
    _require_our_day(visit, reading)
    return reading.coverage


def _lost(page: str, archive: Archive, task: EligibilityTask) -> Iterator[Reread]:
    """Which of the fields of the member and the cover are no longer read?"""
    for name, field in task.read.fields.items():
        try:
            read_region(archive.fetch(page), task.read.within, {name: field})
        except UnknownPage as error:
            yield Reread(name, page, "refused", why=str(error))


def _person(
    visit: Visit,
    observation: CoverageObservation,
    page: str,
    archive: Archive,
    task: EligibilityTask,
) -> Reread:
    try:
        member = read_member(archive.fetch(page), task)
        _require_our_day(visit, member)
    except UnknownPage as error:
        return Reread(PAGE, page, "refused", why=str(error))
    now = same_person(visit, member.coverage, task.same_person_when)
    return decision(page, observation.answer, now)


def _at_last(
    visit: Visit,
    observation: CoverageObservation,
    archive: Archive,
    task: EligibilityTask,
    shown: Shown | None,
) -> Iterator[Reread]:
    """A page that stopped the bot that night: is it known today?"""
    page = captured(observation.captures, archive, PAGES)[0]
    if observation.search is None and shown in ({"none"}, {"unavailable"}):
        yield Reread(OUTCOME, page, "read", why=f"its search comes to {spoken(shown)} now")
        return
    try:
        after = _read(visit, observation, archive, task)
    except UnknownPage as error:
        yield Reread(PAGE, page, "unread", why=str(error))
        return
    for name, value in _flat(after).items():
        yield Reread(name, page, "read", after=value)


def _require_our_day(visit: Visit, reading: CoverReading) -> None:
    if reading.date_of_service not in (None, visit.day):
        raise UnknownPage("the page answers for another date of service")


def _flat(coverage: Coverage) -> dict[str, Any]:
    return flat(_COVERAGE.dump_python(coverage, mode="json"))
