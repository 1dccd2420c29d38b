"""An appeal: what the record says of a denied claim, each figure with the exhibit that shows it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from billing.codes.reasons import Denial
from billing.errors import BadInput
from billing.model import (
    Channel,
    ClaimStatus,
    Evidence,
    Found,
    Observation,
    Outcome,
    Remittance,
    RemittedClaim,
    ServiceLine,
)
from billing.money import ZERO, usd
from billing.reconcile.adjudication import Refusal, adjudicate_remitted, adjudicate_stated
from billing.reconcile.sources import Document, find_document, portal_observation
from billing.report import ClaimResult
from console.words import kind_words

OF_PAYMENT = {"trace_number", "payment_date", "amount"}
OF_CLAIM = "payer_claim_number claim_id member_id charge paid patient_responsibility".split()
OF_LINE = {"procedure", "service_date", "charge", "paid", "remarks"}
"""What an exhibit marks on a remittance, and of the lines that were refused."""

_PATH = re.compile(r"(?:claims\[(\d+)\]\.)?(?:lines\[(\d+)\]\.)?(?:adjustments\[(\d+)\]\.)?(\w+)")
SAID_BY = {
    Channel.PORTAL: "Your portal's answer",
    Channel.CLEARINGHOUSE: "Your answer to our electronic inquiry",
    Channel.EOB: "Your remittance advice",
}
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Mark:
    """A figure on an exhibit: its number there, its name and value, its box or its place in words.

    ``box`` is left, top, right, bottom: CSS pixels of a screenshot, or PDF points of a page.
    """

    number: int
    name: str
    value: str
    where: str
    box: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One page of evidence. ``shown`` is the hash of the picture or document that is shown, or of
    the file whose figures are listed; ``read`` that of the bytes which the figures were read from.
    """

    letter: str
    title: str
    at: datetime
    shown: str
    read: str
    page: int | None
    marks: tuple[Mark, ...]

    @property
    def name(self) -> str:
        """How the letter cites it."""
        return f"Exhibit {self.letter}"

    @property
    def is_drawn(self) -> bool:
        """Whether there is a picture to show."""
        return any(mark.box is not None for mark in self.marks)


@dataclass(frozen=True, slots=True, repr=False)
class Denied:
    """A denied claim: what was concluded, what the payer said, and what it refused and why.

    ``denials`` are the classes of its reasons, the first by the finding or else by most dollars;
    ``dollars`` is what it refused, None where the payer states no amounts.
    """

    result: ClaimResult
    said: Observation
    status: ClaimStatus
    document: Document | None
    refusals: tuple[Refusal, ...]
    denials: tuple[Denial, ...]
    dollars: Decimal | None
    read_at: datetime | None

    @property
    def remitted(self) -> RemittedClaim | None:
        """The claim on the remittance that decided it."""
        return self.document.claim if self.document is not None else None

    @property
    def refused_lines(self) -> tuple[tuple[int, ServiceLine], ...]:
        """The service lines with a denying adjustment, each with its number from 1."""
        codes = {refusal.code for refusal in self.refusals}
        lines = self.remitted.lines if self.remitted is not None else ()
        return tuple(
            (number, line)
            for number, line in enumerate(lines, 1)
            if any(one.code in codes and one.amount > 0 for one in line.adjustments)
        )


def denied(result: ClaimResult, observations: Sequence[Observation]) -> Denied:
    """What there is to appeal. Raises BadInput in one sentence when the claim is not denied."""
    claim, said = result.claim, portal_observation(observations)
    concluded = result.conclusion
    on = f"{result.checked_at:%Y-%m-%d}" if result.checked_at else "an unknown day"
    refused = BadInput(
        f"Claim {claim.claim_id!r} is not denied: the answer of {on} is "
        f'"{kind_words(concluded.finding.kind)}"; only a denied or partly denied claim is appealed'
    )
    if concluded.outcome not in (Outcome.DENIED, Outcome.PARTLY_PAID) or said is None:
        raise refused
    match said.answer:
        case Found(ClaimStatus() as status):
            found = find_document(claim, status, observations)
        case _:
            raise refused
    document = found if isinstance(found, Document) else None
    decided = (
        adjudicate_remitted(document.claim, status.category)
        if document is not None
        else adjudicate_stated(status)
    )
    if not decided.refusals and concluded.outcome is not Outcome.DENIED:
        raise refused
    dollars = sum((one.dollars or ZERO for one in decided.refusals), ZERO)
    whole = concluded.charge if concluded.outcome is Outcome.DENIED else None
    return Denied(
        result=result,
        said=said,
        status=status,
        document=document,
        refusals=decided.refusals,
        denials=_classes(concluded.finding.kind, decided.refusals),
        dollars=dollars or whole,
        read_at=_read_at(document, observations),
    )


def _classes(kind: str, refusals: Sequence[Refusal]) -> tuple[Denial, ...]:
    by_finding = kind.removeprefix("denied-")
    taken: dict[Denial, Decimal] = {}
    if by_finding != kind and by_finding in set(Denial):
        taken[Denial(by_finding)] = Decimal("Infinity")
    for one in refusals:
        taken[one.denial] = taken.get(one.denial, ZERO) + (one.dollars or ZERO)
    return tuple(sorted(taken, key=lambda denial: -taken[denial])) or (Denial.OTHER,)


def _read_at(document: Document | None, observations: Sequence[Observation]) -> datetime | None:
    place = next(iter(document.places.values()), None) if document is not None else None
    times = [o.observed_at for o in observations if place and place.sha256 in o.captures]
    return max(times, default=None)


def exhibits_of(appeal: Denied) -> tuple[Exhibit, ...]:
    """The pages that the denial rests on, in the order of the letter.

    Raises BadInput when nothing of it was read from a page or file that the ledger holds.
    """
    made = list(_exhibits(SAID_BY[appeal.said.channel], appeal.said.observed_at, _stated(appeal)))
    if appeal.document is not None:
        at = appeal.read_at or appeal.said.observed_at
        made += _exhibits(SAID_BY[Channel.EOB], at, _printed(appeal, appeal.document))
    if not made:
        raise BadInput(
            f"Claim {appeal.result.claim.claim_id!r} has no evidence to enclose: nothing of its "
            "denial was read from a page; check it anew with claimsweep check"
        )
    return tuple(Exhibit(lettered(n), *one) for n, one in enumerate(made))


def lettered(position: int) -> str:
    """The letter of the exhibit at this position from 0: A to Z, then AA, BB."""
    rounds, letter = divmod(position, len(ALPHABET))
    return ALPHABET[letter] * (rounds + 1)


Read = tuple[str, str, Evidence]
"""A figure's name, its value as people write it, and where it was read."""


def _stated(appeal: Denied) -> Iterator[Read]:
    for name, place in appeal.said.places.items():
        value = spelled(getattr(appeal.status, name, None))
        if value:
            yield name.replace("_", " "), value, place


def _printed(appeal: Denied, document: Document) -> Iterator[Read]:
    refused = {number - 1 for number, _ in appeal.refused_lines}
    for path, place in document.places.items():
        match = _PATH.fullmatch(path)
        if match is None or match[1] not in (None, str(document.ours)):
            continue
        line = None if match[2] is None else int(match[2])
        if line is not None and line not in refused:
            continue
        known = OF_PAYMENT if match[1] is None else OF_CLAIM if line is None else OF_LINE
        holder: Any = document.remittance if match[1] is None else document.claim
        if line is not None:
            holder = holder.lines[line]
        of = "" if line is None else f"line {line + 1} "
        if match[3] is not None:
            entry = holder.adjustments[int(match[3])]
            if entry.amount:
                yield f"{of}{entry.code}", usd(entry.amount), place
        elif match[4] in known:
            value = spelled(getattr(holder, match[4]))
            if value:
                yield f"{of}{match[4].replace('_', ' ')}", value, place


_Made = tuple[str, datetime, str, str, int | None, tuple[Mark, ...]]


def _exhibits(title: str, at: datetime, figures: Iterator[Read]) -> Iterator[_Made]:
    """An exhibit for every page or file that figures stand on; the same place is marked once."""
    sheets: dict[tuple[str, int | None, bool], list[Read]] = {}
    for figure in figures:
        place = figure[2]
        shown = place.image or (place.sha256 if place.page else None)
        drawn = shown is not None and place.box is not None
        key = (shown if drawn and shown else place.sha256), place.page if drawn else None, drawn
        sheets.setdefault(key, []).append(figure)
    for (shown, page, drawn), read in sorted(sheets.items(), key=lambda one: one[0][1] or 0):
        at_place: dict[object, list[Read]] = {}
        for figure in read:
            at_place.setdefault(figure[2].box if drawn else figure[2].where, []).append(figure)
        places = list(at_place.values())
        if drawn:
            places.sort(key=lambda some: (some[0][2].box or (0, 0))[1::-1])
        marks = tuple(
            Mark(
                number,
                ", ".join(name for name, _, _ in some),
                " / ".join(dict.fromkeys(value for _, value, _ in some)),
                some[0][2].where,
                some[0][2].box if drawn else None,
            )
            for number, some in enumerate(places, 1)
        )
        named = f"{title}, page {page} of the document" if page else title
        yield named, at, shown, read[0][2].sha256, page, marks


ROW = 14.0
"""Points: about a printed row, by which a cover reaches beyond the figures below it."""


def other_claims(
    is_ours: Callable[[RemittedClaim], bool], remittances: Sequence[Remittance], page: int
) -> tuple[tuple[float, float], ...]:
    """Where claims that are not ours stand on a page: from which point down to which.

    Each reaches a row above its first figure and below its last, as far as nothing that is shown
    stands there.
    """
    ours, others = [], []
    for remittance in remittances:
        boxes: dict[str | None, list[tuple[float, float]]] = {}
        for path, place in remittance.places.items():
            match = _PATH.match(path)
            if match is not None and place.page == page and place.box is not None:
                boxes.setdefault(match[1], []).append((place.box[1], place.box[3]))
        for index, rows in boxes.items():
            claim = remittance.claims[int(index)] if index is not None else None
            if claim is not None and not is_ours(claim):
                others.append((min(top for top, _ in rows), max(low for _, low in rows)))
            else:
                ours += rows
    return tuple(
        (
            max([top - ROW, *(low for _, low in ours if low <= top)]),
            min([bottom + ROW, *(high for high, _ in ours if high >= bottom)]),
        )
        for top, bottom in others
    )


def cited(exhibits: Sequence[Exhibit], place: Evidence | None) -> str:
    """Where the reader finds a figure: ``Exhibit B, no. 4``; empty when no exhibit marks it."""
    if place is None:
        return ""
    for one in exhibits:
        if place.sha256 in (one.read, one.shown) and place.page in (None, one.page):
            for mark in one.marks:
                if (mark.box is not None and mark.box == place.box) or (
                    mark.box is None and mark.where == place.where
                ):
                    return f"{one.name}, no. {mark.number}"
    return ""


def spelled(value: object) -> str:
    """A figure as an American letter writes it; empty when there is none."""
    match value:
        case Decimal():
            return usd(value)
        case date():
            return f"{value:%m/%d/%Y}"
        case tuple():
            return ", ".join(one for one in value if isinstance(one, str))
        case None:
            return ""
    return str(value)


def stamp(at: datetime) -> str:
    """An instant in UTC: ``2026-11-26 13:22:46 UTC``."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
