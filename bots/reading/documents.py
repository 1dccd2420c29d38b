"""EOB files on disk become the 835's shape as JSON, each with what could not be read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from billing.errors import BadInput, UnknownIssuer, UnreadableDocument
from bots.file_bytes import read_file
from bots.layout import EobLayout
from bots.reading.drafting.general import DRAFTED, Proposal, propose
from bots.reading.eob import Reading, read_by, recognise
from bots.reading.eob_json import document_json
from bots.reading.words import read_pages, unlocked


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
        data = read_file(file)
    except BadInput as error:
        return UnreadableDocument(f"{error}.")
    try:
        return read_or_propose(unlocked(data, password) if password else data, layouts)
    except UnreadableDocument as error:
        return error


def read_or_propose(data: bytes, layouts: Mapping[str, EobLayout]) -> Reading | Proposal:
    """The document read by the layout that recognises it, or proposed without one.

    Raises UnreadableDocument.
    """
    pages, sha256 = read_pages(data), hashlib.sha256(data).hexdigest()
    try:
        payer, layout = recognise(pages, layouts)
    except UnknownIssuer:
        return propose(pages, sha256)
    return read_by(pages, payer, layout, sha256)
