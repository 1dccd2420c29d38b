"""Controls: the command with one promise taken away, to see that the judge sees it broken."""

from __future__ import annotations

import time
from pathlib import Path

HALF_SECONDS = 0.5


def torn_files() -> None:
    """Evidence is written under its own name at once, half now and half later."""
    from billing.ledger.shelves import FolderShelf

    def put(shelf: FolderShelf, name: str, data: bytes) -> None:
        path: Path = shelf.path(name)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with path.open("wb", buffering=0) as file:
            file.write(data[: len(data) // 2])
            time.sleep(HALF_SECONDS)
            file.write(data[len(data) // 2 :])

    FolderShelf.put = put  # type: ignore[method-assign]
