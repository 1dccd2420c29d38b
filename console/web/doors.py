"""What the console asks of whoever runs bots; it opens no portal itself."""

from __future__ import annotations

from typing import Protocol


class Bots(Protocol):
    """Runs that ask portals, each a process of its own; their results are the ledger's."""

    def check(self, item_id: int, *, by: str) -> str:
        """Begin asking about the claim of an item now; the id of the sweep that will hold the
        answer. Raises BadInput where policy forbids it or the payer has no profile."""
