"""What the answer about a visit rests on: pages and data as saved, the place of each figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from billing.coverage import VisitConclusion, VisitOutcome, VisitResult
from billing.eligibility import figure_paths
from billing.errors import BadInput
from billing.ledger import Ledger
from billing.model import Evidence
from console.pictures import is_inside
from console.words import counted
from flows.evidence import draw, put, spoken
from flows.outputs import SUFFIX
from flows.settings import Settings


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of an answer by its path (``benefits[2].copay``), and the place it was read from.

    ``picture`` is the file that it is boxed on: None for data, and for what lies outside of what
    the screenshot shows.
    """

    path: str
    place: Evidence
    picture: Path | None


@dataclass(frozen=True, slots=True)
class VisitEvidence:
    """The files made of one answer, its figures with their places, and those that have none."""

    item_id: int
    outcome: VisitOutcome
    files: tuple[Path, ...]
    figures: tuple[Figure, ...]
    nowhere: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Names, hashes and places: nothing that a page said."""
        return {
            "visit": self.item_id,
            "outcome": self.outcome.value,
            "files": [str(path) for path in self.files],
            "figures": [
                {
                    "figure": one.path,
                    "evidence": one.place.sha256,
                    "where": one.place.where,
                    "box": one.place.box,
                    "picture": str(one.picture) if one.picture else None,
                }
                for one in self.figures
            ],
            "nowhere": list(self.nowhere),
        }

    def sentences(self) -> Iterator[str]:
        """The same for a person: the files, then how many figures stand where."""
        yield from map(str, self.files)
        boxed = sum(1 for one in self.figures if one.picture)
        in_data = sum(1 for one in self.figures if one.place.box is None)
        yield (
            f"Visit {self.item_id} is {self.outcome.value.replace('_', ' ')}: "
            f"{counted(len(self.figures) + len(self.nowhere), 'figure')}, {boxed} boxed on a "
            f"picture, {len(self.figures) - boxed - in_data} on the saved page outside of the "
            f"picture, {in_data} without a box in the saved page or data, "
            f"{len(self.nowhere)} without a place. Every hash was verified."
        )
        if self.nowhere:
            yield f"Without a place: {', '.join(self.nowhere)}"


def show_visit(settings: Settings, row: int, sweep_id: str | None, out: Path) -> VisitEvidence:
    """Write what the answer about a row of the schedule rests on into ``out``, figures boxed.

    Of the schedule checked last, unless another sweep is named. Raises BadInput when there is no
    such visit or nothing was saved of it, EvidenceDamaged when bytes are not those stored.
    """
    ledger = settings.open_ledger()
    chosen = sweep_id or ledger.latest_schedule()
    results = ledger.visit_results(chosen, row) if chosen else ()
    if not results:
        raise BadInput(f"{chosen or 'The ledger'} has no answer for row {row} of a schedule")
    result = results[-1]
    said = result.conclusion
    if said.outcome is VisitOutcome.WRONG_PATIENT:
        raise BadInput(
            f"Visit {result.item_id} was answered with another person's page, which stays in the "
            "ledger's store"
        )
    if not said.evidence:
        raise BadInput(f"Visit {result.item_id} was not asked about: {said.detail}")
    files = tuple(_write(ledger, result, out))
    pictures = {path.stem.rpartition("-")[2]: path for path in files if path.suffix == ".png"}
    figures = tuple(_figures(ledger, said, pictures))
    stated = figure_paths(said.coverage) if said.coverage else ()
    nowhere = tuple(path for path in stated if path not in said.places)
    return VisitEvidence(result.item_id, said.outcome, files, figures, nowhere)


def _write(ledger: Ledger, result: VisitResult, out: Path) -> Iterator[Path]:
    said = result.conclusion
    for sha256 in said.evidence:
        kind = ledger.media_type(sha256)
        path = out / f"visit-{result.item_id}-{sha256[:12]}{SUFFIX.get(kind, '')}"
        if kind == "image/png":
            boxes = {n: p.box for n, p in said.places.items() if p.image == sha256 and p.box}
            yield draw(ledger, sha256, None, dict(spoken(boxes)), path)
        else:
            yield put(path, ledger.fetch(sha256))


def _figures(
    ledger: Ledger, said: VisitConclusion, pictures: Mapping[str, Path]
) -> Iterator[Figure]:
    sizes = {
        sha256: Image.open(BytesIO(ledger.fetch(sha256))).size
        for sha256 in {place.image for place in said.places.values() if place.image}
    }
    stated = set(figure_paths(said.coverage)) if said.coverage else set()
    for path, place in said.places.items():
        if path not in stated:
            continue
        seen = place.box and place.image and is_inside(place.box, *sizes[place.image])
        yield Figure(path, place, pictures[str(place.image)[:12]] if seen else None)
