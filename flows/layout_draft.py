"""A layout drafted from one sample: an eob.yaml to confirm, and pictures of what it finds."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from billing.errors import BadInput, UnknownIssuer, UnreadableDocument
from bots.file_bytes import read_file
from bots.layout import EobLayout, load_layout
from bots.reading.drafting.draft import Draft, draft_layout
from bots.reading.drafting.general import Proposal, propose_by
from bots.reading.drafting.written import yaml_text
from bots.reading.eob import recognise
from bots.reading.rows import around
from bots.reading.words import POINTS_PER_INCH, Page, draw_page, read_pages
from console.pictures import Box, boxed
from flows.evidence import DPI, put


@dataclass(frozen=True, slots=True)
class DraftedLayout:
    """What was written, how sure it is in percent, and why it does not read its own sample."""

    layout: Path
    pictures: tuple[Path, ...]
    confidence: int
    faults: tuple[str, ...]

    def document(self) -> dict[str, object]:
        """For ``--json``."""
        return {
            "layout": str(self.layout),
            "pictures": [str(path) for path in self.pictures],
            "confidence": self.confidence,
            "faults": list(self.faults),
        }

    def sentences(self) -> Iterator[str]:
        """For people."""
        yield f"{self.layout}  drafted, {self.confidence} % sure; confirm it line by line"
        yield from (str(path) for path in self.pictures)
        yield from self.faults


def draft_for(file: Path, layouts: Mapping[str, EobLayout], out: Path) -> DraftedLayout:
    """Write ``eob.yaml`` and a picture a page into ``out`` for the document in ``file``.

    Raises BadInput when it cannot be read or one of ``layouts`` recognises it, or a draft lies in
    ``out`` already; UnreadableDocument when no layout can be drafted.
    """
    data = read_file(file)
    pages = read_pages(data)
    with suppress(UnknownIssuer):
        known, _ = recognise(pages, layouts)
        raise BadInput(f"{file}: the layout of {known} recognises it; change that one instead")
    path = out / "eob.yaml"
    if path.exists():
        raise BadInput(f"{path}: lies there already; name another folder with --out")
    draft = draft_layout(pages)
    faults: tuple[str, ...] = ()
    proposal: Proposal | None = None
    try:
        proposal = propose_by(draft, pages, hashlib.sha256(data).hexdigest())
        faults = tuple(
            f"{one.where}: {one.equation}: off by {one.dollars}"
            for found in proposal.reading.residuals
            for one in found
        )
    except UnreadableDocument as error:
        faults = (str(error),)
    put(path, yaml_text(draft).encode())
    load_layout(path)
    pictures = [
        put(out / f"page-{page.number}.png", _drawn(data, page, draft, proposal)) for page in pages
    ]
    return DraftedLayout(path, tuple(pictures), proposal.confidence if proposal else 0, faults)


def _drawn(data: bytes, page: Page, draft: Draft, proposal: Proposal | None) -> bytes:
    """The page with the columns' headings, every field that was read, and what no rule explains."""
    places: dict[str, Box] = {}
    for name, field in draft.headings.items():
        for told in draft.outline.of("heading"):
            if told.row.page == page.number:
                words = told.row.words
                places |= {name: around(field)} if set(field) <= set(words) else {}
    for number, told in enumerate(draft.outline.of("unknown"), start=1):
        if told.row.page == page.number:
            places[f"not understood {number}"] = around(told.row.words)
    if proposal is not None:
        for remittance in proposal.reading.remittances:
            places |= {
                _short(path): place.box
                for path, place in remittance.places.items()
                if place.page == page.number and place.box is not None
            }
    return boxed(draw_page(data, page.number, DPI), places, scale=DPI / POINTS_PER_INCH)


def _short(path: str) -> str:
    """``claims[1].lines[2].paid`` is "2.3 paid": many names must stand beside many figures."""
    numbers = ".".join(str(int(number) + 1) for number in re.findall(r"\[(\d+)\]", path))
    words = [re.sub(r"\[\d+\]", "", word) for word in path.split(".")]
    kind = "adjustment" if "adjustments" in words else words[-1]
    return f"{numbers} {kind}".replace("_", " ").strip()
