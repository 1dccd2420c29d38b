"""What was read on an earlier night, read again from the same bytes with today's profile."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python

from billing.errors import UnknownPage
from billing.model import (
    CLAIM_LIST,
    ClaimStatus,
    Found,
    NoAnswer,
    Observation,
    Reason,
    Remittance,
)
from bots.claim_task import Read, Rows
from bots.profile import Profile
from bots.reading.cases import flat
from bots.reading.listed import read_rows
from bots.reading.page import Reading, read_claim, read_region, read_response

Verdict = Literal["same", "changed", "refused", "read", "unread", "undecided"]
ROWS = "rows"
"""The results page or body as a whole: does it still list the claim that was answered?"""

PAGE = "page"
"""A page that stopped the bot that night, as a whole."""

NO_LIST = "Today's profile reads no list of many claims"
PAGES, BODIES = "text/html", "application/json"

_STATUS: TypeAdapter[ClaimStatus] = TypeAdapter(ClaimStatus)
_REMITTANCE: TypeAdapter[Remittance] = TypeAdapter(Remittance)


@dataclass(frozen=True, slots=True, repr=False)
class Reread:
    """One field that was read that night, and what today's profile makes of the same bytes.

    ``refused``: it cannot be read any more, and ``why`` says so without the page's values.
    ``read``: the page could not be read that night, and today it can. ``unread``: nor today.
    ``undecided``: what was kept does not tell.
    """

    field: str
    sha256: str
    verdict: Verdict
    before: Any = None
    after: Any = None
    why: str = ""

    def __repr__(self) -> str:
        return f"Reread({self.field!r}, {self.verdict!r})"


@dataclass(frozen=True, slots=True)
class Archive:
    """Stored bytes by their hash, and what kind of bytes they are."""

    fetch: Callable[[str], bytes]
    media_type: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Opened:
    """The hashes of an opened claim's page, and of the JSON that came with it."""

    page: str
    body: str | None


def captured(captures: Sequence[str], archive: Archive, kind: str) -> list[str]:
    """Those of ``captures`` that are of a media type, in the order they were taken."""
    return [sha256 for sha256 in captures if archive.media_type(sha256) == kind]


def reread_page(observation: Observation, archive: Archive, profile: Profile) -> Iterator[Reread]:
    """Every field of a portal's answer again; nothing for an answer that no figure rests on."""
    match observation.answer:
        case Found(ClaimStatus() as before):
            opened = opened_claim(observation, archive)
            if said_by_list(observation, opened, archive):
                yield from _reread_listed(before, opened, archive, profile)
                return
            yield from _reread_claim(before, opened, archive, profile)
            yield from _reread_rows(before, observation, opened, archive, profile)
        case NoAnswer(reason=Reason.UNKNOWN_PAGE):
            pages = captured(observation.captures, archive, PAGES)
            bodies = captured(observation.captures, archive, BODIES)
            yield from _read_at_last(pages[-1:], bodies, archive, profile)


def compare(before: Mapping[str, Any], after: Mapping[str, Any], sha256: str) -> Iterator[Reread]:
    """Two readings of the same bytes, flat, field by field."""
    for field in sorted({*before, *after}):
        was, now = before.get(field), after.get(field)
        yield Reread(field, sha256, "same" if was == now else "changed", was, now)


def flat_remittance(remittance: Remittance) -> dict[str, Any]:
    """A remittance's figures by their paths; where they stood is the PDF library's."""
    stated = _REMITTANCE.dump_python(remittance, mode="json")
    del stated["places"]
    return flat(stated)


def _reread_claim(
    before: ClaimStatus, opened: Opened, archive: Archive, profile: Profile
) -> Iterator[Reread]:
    read, vocabulary = profile.file.tasks.claim_status.read, profile.file.vocabulary
    page = archive.fetch(opened.page)
    body = archive.fetch(opened.body) if opened.body else None
    was = flat(_STATUS.dump_python(before, mode="json"))
    try:
        after, _ = read_claim(page, read, vocabulary, body)
    except UnknownPage:
        yield from _one_by_one(was, read, opened, page, body)
        return
    yield from compare(was, flat(_STATUS.dump_python(after, mode="json")), opened.page)


def _one_by_one(
    was: Mapping[str, Any], read: Read, opened: Opened, page: bytes, body: bytes | None
) -> Iterator[Reread]:
    """A claim that is refused as a whole: which of its fields are why?"""
    for name, field in read.fields.items():
        yield from _alone(
            was, name, opened.page, partial(read_region, page, read.within, {name: field})
        )
    if read.response is None:
        return
    if body is None:
        yield Reread(PAGE, opened.page, "refused", why="No response came with the claim that night")
        return
    for name, field in read.response.fields.items():
        only = read.response.model_copy(update={"fields": {name: field}})
        yield from _alone(was, name, str(opened.body), partial(read_response, body, only))


def _alone(
    was: Mapping[str, Any], name: str, sha256: str, look: Callable[[], Reading]
) -> Iterator[Reread]:
    before = {k: v for k, v in was.items() if k.partition("[")[0] == name}
    try:
        value = look().values[name]
    except UnknownPage as error:
        yield Reread(name, sha256, "refused", before.get(name), why=str(error))
        return
    yield from compare(before, flat({name: to_jsonable_python(value)}), sha256)


def _reread_rows(
    before: ClaimStatus,
    observation: Observation,
    opened: Opened,
    archive: Archive,
    profile: Profile,
) -> Iterator[Reread]:
    """Nothing for a search that opened its one hit at once."""
    try:
        rows = rows_of(observation, profile)
    except UnknownPage as error:
        yield Reread(ROWS, opened.page, "refused", why=str(error))
        return
    kind = rows.media_type
    used = (opened.page, opened.body)
    lists = [c for c in observation.captures if archive.media_type(c) == kind and c not in used]
    number, why = before.payer_claim_number, ""
    for sha256 in lists:
        try:
            listed = read_rows(archive.fetch(sha256), rows, profile.file.vocabulary)
        except UnknownPage as error:
            why = why or str(error)
            continue
        if any(row.payer_claim_number == number for row in listed):
            yield Reread(ROWS, sha256, "same")
            return
    if lists:
        sentence = why or "No captured list holds the claim any more; compare rows with the profile"
        yield Reread(ROWS, lists[0], "refused", why=sentence)


def _reread_listed(
    before: ClaimStatus, opened: Opened, archive: Archive, profile: Profile
) -> Iterator[Reread]:
    """A claim that its row of a list of many claims told whole."""
    listed, number = profile.file.tasks.claim_status.claim_list, before.payer_claim_number
    if listed is None:
        yield Reread(ROWS, opened.page, "refused", why=NO_LIST)
        return
    try:
        rows = read_rows(archive.fetch(opened.page), listed.rows, profile.file.vocabulary)
    except UnknownPage as error:
        yield Reread(ROWS, opened.page, "refused", why=str(error))
        return
    again = {row for row in rows if row.payer_claim_number == number}
    if len(again) != 1:
        yield Reread(ROWS, opened.page, "refused", why="The captured list lacks the claim now")
        return
    was = flat(_STATUS.dump_python(before, mode="json"))
    yield from compare(was, flat(_STATUS.dump_python(again.pop(), mode="json")), opened.page)


def rows_of(observation: Observation, profile: Profile) -> Rows:
    """How the list is read today that the answer came from. Raises UnknownPage when it is not."""
    task = profile.file.tasks.claim_status
    if observation.search != CLAIM_LIST:
        return task.rows
    if task.claim_list is None:
        raise UnknownPage(NO_LIST)
    return task.claim_list.rows


def said_by_list(observation: Observation, opened: Opened, archive: Archive) -> bool:
    """Whether the figures stand in a list of many claims, and the claim itself was not opened."""
    first = captured(observation.captures, archive, PAGES)[:1]
    return observation.search == CLAIM_LIST and first == [opened.page]


def _read_at_last(
    pages: Sequence[str], bodies: Sequence[str], archive: Archive, profile: Profile
) -> Iterator[Reread]:
    task, vocabulary = profile.file.tasks.claim_status, profile.file.vocabulary
    body = archive.fetch(bodies[-1]) if bodies else None
    for sha256 in pages:
        try:
            status, _ = read_claim(archive.fetch(sha256), task.read, vocabulary, body)
        except UnknownPage as error:
            yield Reread(PAGE, sha256, "unread", why=str(error))
            return
        stated = _STATUS.dump_python(status, mode="json")
        read = {*task.read.fields, *(task.read.response.fields if task.read.response else ())}
        for field, value in flat({name: stated[name] for name in sorted(read)}).items():
            yield Reread(field, sha256, "read", after=value)


def opened_claim(observation: Observation, archive: Archive) -> Opened:
    """The captured page of the claim that was answered, and the JSON that came with it."""
    shas = list(dict.fromkeys(place.sha256 for place in observation.places.values()))
    pages, bodies = captured(shas, archive, PAGES), captured(shas, archive, BODIES)
    captures = observation.captures
    if pages:  # its data, if any, were captured next; where the page has all of them none is named
        after = captures[captures.index(pages[0]) + 1 :] if pages[0] in captures else ()
        following = [one for one in after[:1] if archive.media_type(one) == BODIES]
        return Opened(pages[0], next(iter(bodies or following), None))
    # every figure stands in the JSON: the page was captured before it
    body = bodies[0] if bodies else None
    until = captures.index(body) if body else len(captures)
    return Opened(captured(captures[:until], archive, PAGES)[-1], body)
