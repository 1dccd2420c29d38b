"""EOB files on disk become the 835's shape as JSON, each with what could not be read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from billing.errors import UnknownIssuer, UnreadableDocument
from bots.layout import EobLayout
from bots.reading.drafting.general import DRAFTED, Proposal, propose
from bots.reading.eob import Reading, read_eob
from bots.reading.eob_json import document_json
from bots.reading.rows import rows_of
from bots.reading.words import Page, read_pages, unlocked


def read_documents(
    files: Sequence[Path], layouts: Mapping[str, EobLayout], password: str | None = None
) -> list[dict[str, Any]]:
    """One object a file, in order; a file that cannot be read has its reason in ``errors``.

    ``password`` opens those that are locked.

    ``layout`` is the id of the layout that read it, "drafted" where there is none and its own
    headings had to do: then it is a proposal for a person. ``confidence`` is in percent.
    """
    return [_document(str(file), _read(file, layouts, password)) for file in files]


def _document(file: str, read: Reading | Proposal | UnreadableDocument) -> dict[str, Any]:
    match read:
        case Proposal(reading, _, confidence):
            made = document_json(file, reading)
            return {**made, "payer": None, "layout": DRAFTED, "confidence": confidence}
        case Reading():
            sure = min((min(one.values(), default=0) for one in read.confidence), default=0)
            return {**document_json(file, read), "layout": read.payer, "confidence": sure}
        case _:
            return {**document_json(file, read), "layout": None, "confidence": None}


def _read(
    file: Path, layouts: Mapping[str, EobLayout], password: str | None
) -> Reading | Proposal | UnreadableDocument:
    try:
        data = file.read_bytes()
    except OSError as error:
        return UnreadableDocument(f"The file cannot be read ({error.strerror}).")
    try:
        return read_or_propose(unlocked(data, password) if password else data, layouts)
    except UnreadableDocument as error:
        return error


def read_or_propose(data: bytes, layouts: Mapping[str, EobLayout]) -> Reading | Proposal:
    """The document read by the layout that recognises it, or proposed without one.

    Raises UnreadableDocument.
    """
    try:
        return read_eob(data, layouts)
    except UnknownIssuer:
        pages = read_pages(data)
    return propose(pages, hashlib.sha256(data).hexdigest())


def layout_of(pages: Sequence[Page], layouts: Mapping[str, EobLayout]) -> str | None:
    """The id of a layout that recognises the document; None when none does."""
    text = " ".join(row.text for row in rows_of(pages[0]))
    return next(
        (one for one, layout in layouts.items() if all(sign in text for sign in layout.recognise)),
        None,
    )
