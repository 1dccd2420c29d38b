"""The EB segments of a 271 become benefits, one for each service type and network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from billing.claim_places import place
from billing.coverage import Benefit, Network
from bots.reading.x12_elements import amount, element, quantity

ACTIVE, INACTIVE, NOT_COVERED = set("12345"), set("678"), "I"
NETWORKS = {
    "Y": (Network.IN,),
    "N": (Network.OUT,),
    "W": (Network.IN, Network.OUT),
}
FLAGS = {"Y": True, "N": False}
REMAINING, WHOLE = {"29"}, {"", "22", "23", "25"}
"""Time periods (EB06): what remains; and of a service, calendar or contract year."""

ONE_PERSON = ("IND", "")
"""Coverage levels (EB02) whose deductible is the person's; the first that is stated counts."""

Slot = tuple[str | None, Network]


@dataclass(slots=True)
class Benefits:
    """What the EB segments of one person say so far.

    ``contradictions`` names what is stated twice with different figures: such a figure is none.
    """

    stated: bool = False
    plan: str | None = None
    contradictions: list[str] = field(default_factory=list)
    _codes: list[str] = field(default_factory=list)
    _values: dict[Slot, dict[str, dict[str, Any]]] = field(default_factory=dict)
    _places: dict[tuple[Slot, str], str] = field(default_factory=dict)

    @property
    def active(self) -> bool | None:
        """Whether the plan covers; None where it is not said, or said both ways."""
        said = {code in ACTIVE for code in self._codes}
        return said.pop() if len(said) == 1 else None

    @property
    def words(self) -> str:
        """The codes by which the payer said so."""
        return f"EB01 {' '.join(dict.fromkeys(self._codes))}".strip()

    def add(self, number: int, segment: list[str], repetition: str | None) -> None:
        """Take an EB segment. Raises UnreadableDocument, naming it, when a figure is none."""
        self.stated = True
        code, level, types = (element(segment, position) for position in (1, 2, 3))
        split = types.split(repetition) if repetition else [types]
        kinds: list[str | None] = [one or None for one in split]
        whole_plan = kinds == [None] or "30" in kinds
        if code in INACTIVE or (code in ACTIVE and (whole_plan or not self._codes)):
            self._codes.append(code)
        if code in ACTIVE | INACTIVE and element(segment, 5) and whole_plan:
            self.plan = self.plan or element(segment, 5)
        figures = dict(_figures(number, segment, code, level))
        if (figures.get("coinsurance") or 0) > 1:
            self.contradictions.append(f"a coinsurance above the whole ({types or 'plan'})")
            del figures["coinsurance"]
        if not figures:
            return
        for network in NETWORKS.get(element(segment, 12), (Network.UNKNOWN,)):
            for kind in kinds:
                slot = (kind, network)
                for name, value in figures.items():
                    by_level = self._values.setdefault(slot, {}).setdefault(name, {})
                    if by_level.get(level, value) != value:
                        self._contradict(slot, name)
                        value = None
                    by_level[level] = value
                    self._places.setdefault((slot, name), place(number, "EB", _POSITION[name]))

    def listed(self) -> tuple[tuple[Benefit, ...], dict[str, str]]:
        """The benefits in the order they were first stated, and the place of each figure."""
        benefits, places = [], {}
        for index, (slot, values) in enumerate(self._values.items()):
            kind, network = slot
            picked = {name: _picked(by_level) for name, by_level in values.items()}
            benefits.append(Benefit(kind or "", kind, network, **picked))
            for name, value in picked.items():
                if value is not None:
                    places[f"benefits[{index}].{name}"] = self._places[slot, name]
        return tuple(benefits), places

    def _contradict(self, slot: Slot, name: str) -> None:
        kind, network = slot
        said = f"several figures for {name.replace('_', ' ')} ({kind or 'plan'}, {network.value})"
        if said not in self.contradictions:
            self.contradictions.append(said)


_POSITION = {
    "covered": 1,
    "copay": 7,
    "coinsurance": 8,
    "deductible": 7,
    "deductible_remaining": 7,
    "out_of_pocket": 7,
    "out_of_pocket_remaining": 7,
    "authorization_required": 11,
}


def _figures(number: int, segment: list[str], code: str, level: str) -> Iterator[tuple[str, Any]]:
    """What one EB segment states, by the name of the benefit's field."""
    if code in ACTIVE:
        yield "covered", True
    elif code == NOT_COVERED:
        yield "covered", False
    elif code == "B":
        yield "copay", amount(number, segment, 7)
    elif code == "A":
        yield "coinsurance", quantity(number, segment, 8)
    elif code in ("C", "G") and level in ONE_PERSON:
        name = "deductible" if code == "C" else "out_of_pocket"
        if element(segment, 6) in REMAINING:
            yield f"{name}_remaining", amount(number, segment, 7)
        elif element(segment, 6) in WHOLE:
            yield name, amount(number, segment, 7)
    needs = FLAGS.get(element(segment, 11))
    if needs is not None:
        yield "authorization_required", needs


def _picked(by_level: dict[str, Any]) -> Any:
    for level in ONE_PERSON:
        if level in by_level:
            return by_level[level]
    return next(iter(by_level.values())) if len(by_level) == 1 else None
