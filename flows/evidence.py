"""What an answer rests on, drawn for the eye: each page with its read figures boxed and named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import TypeVar

from PIL import Image

from billing.errors import BadInput, ClaimsweepError
from billing.ledger import Ledger
from billing.model import Evidence, Found, Observation, Remittance
from bots.reading.words import POINTS_PER_INCH, draw_page
from console.pictures import Box, boxed
from flows.outputs import write_whole
from flows.settings import Settings

T = TypeVar("T")
DPI = 144
Sheet = tuple[str, int | None]
"""What is drawn on: a screenshot's or document's hash, and the page of a document."""


def show_evidence(settings: Settings, claim_id: str, sweep_id: str | None, out: Path) -> list[Path]:
    """Draw every page that the answer about ``claim_id`` rests on into ``out``; the files made.

    Of the latest sweep, unless another is named. File names hold the ledger's own number of the
    claim and the evidence's hash. Raises BadInput when there is no such claim or nothing to draw.
    """
    ledger = settings.open_ledger()
    chosen = sweep_id or ledger.latest_sweep()
    items = ledger.find_items(chosen, claim_id) if chosen else ()
    if not items:
        if chosen and ledger.holds_visits(chosen):
            raise BadInput(f"{chosen} is a sweep of visits; name the schedule's row with --visit")
        raise BadInput(f"{chosen or 'The ledger'} has no claim {claim_id!r}; name its --sweep")
    made = []
    for item in items:
        newest = {one.channel: one for one in ledger.observations(item)}
        for channel, observation in newest.items():
            for (sha256, page), places in _sheets(observation).items():
                which = f"-page-{page}" if page else ""
                path = out / f"item-{item}-{channel.value}-{sha256[:12]}{which}.png"
                made.append(draw(ledger, sha256, page, places, path))
    if not made:
        raise BadInput(f"No figure of claim {claim_id!r} was read from a picture in {chosen}")
    return made


def _sheets(observation: Observation) -> dict[Sheet, dict[str, Box]]:
    """The places of an answer's figures, by the sheet they stand on."""
    found: dict[Sheet, dict[str, Box]] = {}
    for name, place in _places(observation):
        sha256 = place.image or (place.sha256 if place.page else None)
        if sha256 is not None and place.box is not None:
            found.setdefault((sha256, place.page), {})[name] = place.box
    return found


def _places(observation: Observation) -> Iterator[tuple[str, Evidence]]:
    match observation.answer:
        case Found(Remittance() as remittance):
            yield from spoken(remittance.places)
        case Found():
            yield from observation.places.items()


def spoken(places: Mapping[str, T]) -> Iterator[tuple[str, T]]:
    """Paths as short names: ``claims[0].lines[1].paid`` is "line 2 paid"."""
    for path, place in places.items():
        parts = path.replace("]", "").split(".")
        words = [part.split("[") for part in parts]
        yield (
            " ".join(
                f"{word[0].removesuffix('s')} {int(word[1]) + 1}" if len(word) > 1 else word[0]
                for word in words
                if word[0] != "claims"
            ),
            place,
        )


def draw(
    ledger: Ledger, sha256: str, page: int | None, places: Mapping[str, Box], path: Path
) -> Path:
    """A screenshot, or a page of a document, with its places boxed and named, written to ``path``.

    Raises EvidenceDamaged when the bytes are no longer those that were stored.
    """
    data = ledger.fetch(sha256)
    if page is None:
        made = boxed(Image.open(BytesIO(data)), places)
    else:
        made = boxed(draw_page(data, page, DPI), places, scale=DPI / POINTS_PER_INCH)
    return put(path, made)


def put(path: Path, data: bytes) -> Path:
    """Write ``data`` for its owner alone. Raises ClaimsweepError when it cannot be written."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, data)
    except OSError as error:
        raise ClaimsweepError(
            f"{path.parent}: cannot be written ({error.strerror}); name another folder with --out"
        ) from error
    return path
