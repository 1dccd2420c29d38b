"""An issuer: its name, what its payments hold, how it spells, and who draws its documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sandbox.glosses import GLOSSES, REMARKS
from sandbox.remittances.drawing import Sheet
from sandbox.remittances.spelling import Spelling
from sandbox.remittances.story import Habits, Payment

MEANINGS = (
    GLOSSES
    | REMARKS
    | {
        "CO-P12": "Charge above the workers' compensation fee schedule",
        "CO-104": "Kept back under your contract until the year is settled",
        "OA-23": "What the payer before us has paid or taken off",
    }
)

STATUS_WORDS: Mapping[str, str] = {
    "1": "Processed",
    "2": "Processed as secondary",
    "4": "Denied",
    "22": "Reversal of previous payment",
}
METHODS: Mapping[str, str] = {
    "ACH": "Electronic funds transfer",
    "CHK": "Check",
    "NON": "No payment",
}


@dataclass(frozen=True, slots=True)
class Issuer:
    """One layout. ``described`` is whether an eob.yaml is kept for it.

    ``sideways`` is whether its pages lie across, and are shown upright by their rotation.
    """

    key: str
    name: str
    size: tuple[float, float]
    spelling: Spelling
    habits: Habits
    draw: Callable[[Sheet, Payment, Issuer], None]
    described: bool
    sideways: bool = False
    prints_allowed: bool = True
    prints_status: bool = True
    prints_units: bool = True
    prints_method: bool = True
    prints_modifiers: bool = True
    prints_remarks: bool = True
    status: Mapping[str, str] = field(default_factory=lambda: STATUS_WORDS)
    methods: Mapping[str, str] = field(default_factory=lambda: METHODS)
