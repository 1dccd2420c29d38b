"""What was read on an earlier night, read again from the same bytes with today's profile."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import TypeAdapter

from billing.errors import UnknownPage
from billing.model import ClaimStatus, Found, NoAnswer, Observation, Reason, Remittance
from bots.page_language import PageField
from bots.profile import ClaimStatusTask, Profile
from bots.reading.cases import flat
from bots.reading.listed import read_rows
from bots.reading.page import read_claim

Verdict = Literal["same", "changed", "refused", "read", "unread"]
ROWS = "rows"
"""The results page or body as a whole: does it still list the claim that was answered?"""

PAGE = "page"
"""A page that stopped the bot that night, as a whole."""

_STATUS: TypeAdapter[ClaimStatus] = TypeAdapter(ClaimStatus)
_REMITTANCE: TypeAdapter[Remittance] = TypeAdapter(Remittance)


@dataclass(frozen=True, slots=True, repr=False)
class Reread:
    """One field that was read that night, and what today's profile makes of the same bytes.

    ``refused``: it cannot be read any more, and ``why`` says so without the page's values.
    ``read``: the page could not be read that night, and today it can. ``unread``: nor today.
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


def reread_page(observation: Observation, archive: Archive, profile: Profile) -> Iterator[Reread]:
    """Every field of a portal's answer again; nothing for an answer that no figure rests on."""
    task = profile.file.tasks.claim_status
    match observation.answer:
        case Found(ClaimStatus() as before):
            yield from _reread_claim(before, observation, archive, profile)
            yield _reread_rows(before, observation, archive, profile)
        case NoAnswer(reason=Reason.UNKNOWN_PAGE):
            pages = [c for c in observation.captures if archive.media_type(c) == "text/html"]
            yield from _read_at_last(pages[-1:], archive, task, profile)


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
    before: ClaimStatus, observation: Observation, archive: Archive, profile: Profile
) -> Iterator[Reread]:
    task, vocabulary = profile.file.tasks.claim_status, profile.file.vocabulary
    sha256 = observation.places["words"].sha256
    page = archive.fetch(sha256)
    was = flat(_STATUS.dump_python(before, mode="json"))
    try:
        after, _ = read_claim(page, task.read, vocabulary)
    except UnknownPage:
        yield from _one_by_one(was, page, sha256, task, profile)
        return
    yield from compare(was, flat(_STATUS.dump_python(after, mode="json")), sha256)


def _one_by_one(
    was: Mapping[str, Any], page: bytes, sha256: str, task: ClaimStatusTask, profile: Profile
) -> Iterator[Reread]:
    """A page that is refused as a whole: which of its fields are why?"""
    for name, field in task.read.fields.items():
        alone = {"payer_claim_number": PageField(constant="-"), name: field}
        read = task.read.model_copy(update={"fields": alone})
        before = {k: v for k, v in was.items() if k.partition("[")[0] == name}
        try:
            status, _ = read_claim(page, read, profile.file.vocabulary)
        except UnknownPage as error:
            yield Reread(name, sha256, "refused", before.get(name), why=str(error))
            continue
        now = flat({name: _STATUS.dump_python(status, mode="json")[name]})
        yield from compare(before, now, sha256)


def _reread_rows(
    before: ClaimStatus, observation: Observation, archive: Archive, profile: Profile
) -> Reread:
    rows = profile.file.tasks.claim_status.rows
    kind = "application/json" if rows.response else "text/html"
    opened = observation.places["words"].sha256
    lists = [c for c in observation.captures if archive.media_type(c) == kind and c != opened]
    number, why = before.payer_claim_number, ""
    for sha256 in lists:
        try:
            listed = read_rows(archive.fetch(sha256), rows, profile.file.vocabulary)
        except UnknownPage as error:
            why = why or str(error)
            continue
        if any(row.payer_claim_number == number for row in listed):
            return Reread(ROWS, sha256, "same")
    sentence = why or "No captured list holds the claim any more; compare rows with the profile"
    return Reread(ROWS, lists[0] if lists else opened, "refused", why=sentence)


def _read_at_last(
    pages: list[str], archive: Archive, task: ClaimStatusTask, profile: Profile
) -> Iterator[Reread]:
    for sha256 in pages:
        try:
            status, _ = read_claim(archive.fetch(sha256), task.read, profile.file.vocabulary)
        except UnknownPage as error:
            yield Reread(PAGE, sha256, "unread", why=str(error))
            return
        stated = _STATUS.dump_python(status, mode="json")
        for field, value in flat({name: stated[name] for name in task.read.fields}).items():
            yield Reread(field, sha256, "read", after=value)
