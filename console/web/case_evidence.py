"""The pages that a case rests on, each with a named box around every figure read from it."""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from threading import Lock

from PIL import Image

from billing.errors import UnreadableDocument
from billing.ledger import EvidenceDamaged, EvidenceMissing, Ledger
from billing.model import (
    Channel,
    Claim,
    ClaimStatus,
    Evidence,
    Found,
    NoAnswer,
    Observation,
    Reason,
    Remittance,
)
from bots.reading.words import POINTS_PER_INCH, draw_page
from console.appeal import other_claims, spelled
from console.appeal_sheet import covered
from console.web.case_channels import ROWS
from console.web.case_papers import Paper, is_ours

DPI = 144
MOST_PICTURES = 48
"""Drawn pages that are kept in memory: some 10 MB."""

Box = tuple[float, float, float, float]
Picture = tuple[bytes, tuple[float, float]]
"""A PNG, and its size in the units of its boxes."""

_PATH = re.compile(r"(?:claims\[(\d+)\]\.)?(?:lines\[(\d+)\]\.)?(?:adjustments\[(\d+)\]\.)?(\w+)")
_UNSAID = {"member_id", "date_of_birth"}
"""Figures whose box is named without its value."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A box on a page: ``key`` is what a value of the table leads to it by."""

    key: str
    name: str
    box: Box


@dataclass(frozen=True, slots=True)
class Sheet:
    """A screenshot, or a page of a document; ``side`` is portal or document."""

    sha256: str
    page: int | None
    side: str
    title: str
    spots: tuple[Spot, ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A sheet as it is shown: its size in the units of its boxes; ``why_not`` is a sentence where
    it cannot be shown, and ``hidden`` whether other patients' claims are covered on it."""

    sheet: Sheet
    width: float
    height: float
    hidden: bool = False
    why_not: str = ""


def spot_key(place: Evidence | None) -> str | None:
    """What names the box of a figure, the same for every channel that points there; None where
    the figure was not read from a picture."""
    shown = _shown(place)
    if place is None or shown is None or place.box is None:
        return None
    return f"b{hashlib.sha256(repr((shown, place.page, place.box)).encode()).hexdigest()[:12]}"


def sheets_of(
    claim: Claim,
    observations: Sequence[Observation],
    papers: Sequence[Paper],
    media_type: Callable[[str], str],
) -> tuple[Sheet, ...]:
    """Every page of the case, portals' first, the newest first; none that a quarantined answer
    rests on."""
    quarantined = {sha256 for one in observations if is_stranger(one) for sha256 in one.captures}
    found: dict[tuple[str, int | None], Sheet] = {}
    ordered = sorted(observations, key=lambda one: one.observed_at, reverse=True)
    for one in ordered:
        if one.channel is Channel.EOB or is_stranger(one):
            continue
        at = f"{one.observed_at:%b} {one.observed_at.day}, {one.observed_at.year}"
        by_picture = _by_sheet(_stated(one))
        pictures = [place.image for place in one.places.values() if place.image]
        pictures += [each for each in one.captures if media_type(each).startswith("image/")]
        for nth, sha256 in enumerate(dict.fromkeys(pictures), 1):
            title = f"Portal screenshot of {at}" + (f", no. {nth}" if nth > 1 else "")
            spots = by_picture.get((sha256, None), ())
            found.setdefault((sha256, None), Sheet(sha256, None, "portal", title, spots))
    for paper in reversed(papers):
        trace = paper.remittance.trace_number
        for (sha256, page), spots in sorted(_by_sheet(_printed(claim, paper)).items(), key=_page):
            title = f"{paper.source} of payment {trace}, page {page}"
            found.setdefault((sha256, page), Sheet(sha256, page, "document", title, spots))
    kept = [one for one in found.values() if one.sha256 not in quarantined]
    return tuple(sorted(kept, key=lambda one: not one.spots))


def _page(one: tuple[tuple[str, int | None], object]) -> int:
    return one[0][1] or 0


class Gallery:
    """Pictures of evidence pages, drawn once and kept for the next look; for several threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[object, ...], Picture] = OrderedDict()
        self._lock = Lock()

    def look(
        self, ledger: Ledger, claim: Claim, papers: Sequence[Paper], sheet: Sheet
    ) -> tuple[Drawn, bytes]:
        """A sheet and its PNG; what cannot be shown has no bytes, and a sentence instead."""
        try:
            bands = _bands(ledger, claim, papers, sheet)
            data, (width, height) = self._picture(ledger, sheet, bands)
        except (EvidenceMissing, EvidenceDamaged, UnreadableDocument) as error:
            return Drawn(sheet, 0, 0, why_not=str(error)), b""
        except OSError:
            return Drawn(sheet, 0, 0, why_not="The stored picture cannot be drawn."), b""
        return Drawn(sheet, width, height, hidden=bool(bands)), data

    def _picture(
        self, ledger: Ledger, sheet: Sheet, bands: Sequence[tuple[float, float]]
    ) -> Picture:
        key = sheet.sha256, sheet.page, tuple(bands)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        data = ledger.fetch(sheet.sha256)
        made: Picture
        if sheet.page is None:
            made = data, Image.open(BytesIO(data)).size
        else:
            unit = DPI / POINTS_PER_INCH
            drawn = draw_page(data, sheet.page, DPI)
            if bands:
                drawn = covered(drawn, [(top * unit, low * unit) for top, low in bands])
            written = BytesIO()
            drawn.save(written, "PNG")
            made = written.getvalue(), (drawn.width / unit, drawn.height / unit)
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > MOST_PICTURES:
                self._kept.popitem(last=False)
        return made


def _bands(
    ledger: Ledger, claim: Claim, papers: Sequence[Paper], sheet: Sheet
) -> Sequence[tuple[float, float]]:
    """Where other patients' claims stand. Raises UnreadableDocument where nobody knows that."""
    if sheet.page is None:
        return ()
    statements = [
        one.remittance
        for payment in ledger.remittances(documents=[sheet.sha256])
        for one in payment.statements
        if one.sha256 == sheet.sha256
    ]
    if not statements:
        raise UnreadableDocument(
            "Whose claims stand on this page is not known, so it is not shown; "
            "read the document by claimsweep reconcile first."
        )
    numbers = next(one.numbers for one in papers if one.sha256 == sheet.sha256)
    return other_claims(lambda one: is_ours(claim, numbers, one), statements, sheet.page)


def is_stranger(one: Observation) -> bool:
    """Whether an answer was about another patient, so that nothing of it is shown."""
    return isinstance(one.answer, NoAnswer) and one.answer.reason is Reason.WRONG_PATIENT


def _shown(place: Evidence | None) -> str | None:
    if place is None:
        return None
    return place.image or (place.sha256 if place.page else None)


Read = tuple[str, Evidence]


def _by_sheet(read: Iterator[Read]) -> dict[tuple[str, int | None], tuple[Spot, ...]]:
    """The boxes of each page from top to bottom, those in the same place as one."""
    names: dict[tuple[str, int | None], dict[Box, list[Read]]] = {}
    for name, place in read:
        shown = _shown(place)
        if shown is not None and place.box is not None:
            at = names.setdefault((shown, place.page), {})
            at.setdefault(place.box, []).append((name, place))
    return {
        sheet: tuple(
            Spot(spot_key(some[0][1]) or "", ", ".join(dict.fromkeys(n for n, _ in some)), box)
            for box, some in sorted(boxes.items(), key=lambda one: (one[0][1], one[0][0]))
        )
        for sheet, boxes in names.items()
    }


def _stated(one: Observation) -> Iterator[Read]:
    if isinstance(one.answer, Found) and isinstance(one.answer.value, ClaimStatus):
        for name, place in one.places.items():
            title = "Status" if name == "words" else _title(name)
            yield _named(title, name, getattr(one.answer.value, name, None)), place


def _printed(claim: Claim, paper: Paper) -> Iterator[Read]:
    remittance = paper.remittance
    for path, place in remittance.places.items():
        match = _PATH.fullmatch(path)
        if match is None:
            continue
        if match[1] is not None and not is_ours(
            claim, paper.numbers, remittance.claims[int(match[1])]
        ):
            continue
        yield _path_name(remittance, match), place


def _path_name(remittance: Remittance, match: re.Match[str]) -> str:
    """``claims[0].lines[1].paid`` as "Line 2 paid $80.00"."""
    holder: object = remittance
    of = "Payment" if match[1] is None else ""
    if match[1] is not None:
        remitted = remittance.claims[int(match[1])]
        holder = remitted
        if match[2] is not None:
            of = f"Line {int(match[2]) + 1}"
            holder = remitted.lines[int(match[2])]
        if match[3] is not None:
            entry = getattr(holder, "adjustments", ())[int(match[3])]
            return f"{of} {entry.code} {spelled(entry.amount)}".strip()
    name = match[4]
    title = _title(name)
    value = getattr(holder, name, None)
    return _named(f"{of} {title.lower()}" if of else title, name, value)


def _named(title: str, name: str, value: object) -> str:
    said = "" if name in _UNSAID else spelled(value)
    return f"{title} {said}".strip()


def _title(name: str) -> str:
    return ROWS.get(name, name.replace("_", " ").capitalize())
