"""EOB files on disk become the 835's shape as JSON, each with what could not be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from billing.errors import UnreadableDocument
from bots.layout import EobLayout
from bots.reading.eob import Reading, read_eob
from bots.reading.eob_json import document_json


def read_documents(files: Sequence[Path], layouts: Mapping[str, EobLayout]) -> list[dict[str, Any]]:
    """One object a file, in order; a file that cannot be read has its reason in ``errors``."""
    return [document_json(str(file), _read(file, layouts)) for file in files]


def _read(file: Path, layouts: Mapping[str, EobLayout]) -> Reading | UnreadableDocument:
    try:
        data = file.read_bytes()
    except OSError as error:
        return UnreadableDocument(f"The file cannot be read ({error.strerror}).")
    try:
        return read_eob(data, layouts)
    except UnreadableDocument as error:
        return error
