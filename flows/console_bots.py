"""What the console starts: each run that asks a portal is a process of its own."""

from __future__ import annotations

from dataclasses import dataclass

from billing.errors import BadInput
from flows.settings import Settings


@dataclass(frozen=True, slots=True)
class ConsoleBots:
    """Runs begun from the console, with the settings that it runs with."""

    settings: Settings

    def check(self, item_id: int, *, by: str) -> str:
        """Begin asking about the claim of an item now; the id of the sweep that will hold the
        answer."""
        raise BadInput(f"Item {item_id} cannot be asked about from here yet")
