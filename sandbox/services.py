"""What the practice did and what it charges: HCPCS Level II services on one claim."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

LEAST_CHARGE = 1_800  # cents, as everywhere in this module
LEAST_LINE = 300
MOST_CHARGE = 480_000

# code: lowest and highest price of one unit in cents, most units, modifiers that occur with it
_CATALOGUE: dict[str, tuple[int, int, int, tuple[str, ...]]] = {
    "G0438": (21_000, 28_500, 1, ()),
    "G0439": (14_500, 19_900, 1, ()),
    "G0402": (20_000, 26_000, 1, ()),
    "G0444": (2_200, 3_900, 1, ("XU",)),
    "G0447": (3_100, 4_700, 2, ("GT",)),
    "G0463": (11_500, 32_000, 1, ("GT", "GC")),
    "G0008": (1_800, 3_600, 1, ()),
    "G0009": (1_800, 3_600, 1, ()),
    "G0101": (4_800, 7_200, 1, ("XU",)),
    "G0108": (5_200, 7_400, 4, ()),
    "G0270": (3_300, 4_600, 4, ()),
    "G0296": (3_900, 5_400, 1, ()),
    "G0328": (2_100, 3_400, 1, ("QW",)),
    "G0506": (7_400, 9_900, 1, ()),
    "G2012": (1_900, 3_200, 1, ()),
    "G2211": (1_800, 2_900, 1, ()),
    "J0171": (450, 1_900, 6, ("JZ",)),
    "J0696": (700, 2_100, 4, ("JZ",)),
    "J1030": (900, 1_800, 2, ("JZ",)),
    "J1100": (150, 600, 8, ("JW", "JZ")),
    "J1885": (400, 1_200, 4, ("JZ",)),
    "J2550": (600, 1_500, 2, ()),
    "J3301": (700, 1_600, 8, ("JZ", "RT", "LT")),
    "J3420": (500, 1_300, 1, ()),
    "J7321": (18_500, 29_000, 2, ("RT", "LT")),
    "J7613": (100, 400, 6, ("KX",)),
    "A4550": (2_500, 4_100, 1, ()),
    "A6402": (300, 900, 5, ()),
    "A7003": (1_100, 2_600, 2, ("NU",)),
    "Q0091": (3_900, 5_500, 1, ()),
    "Q2038": (2_100, 3_300, 1, ()),
    "Q3014": (2_300, 3_800, 1, ("GT",)),
    "Q4081": (120, 450, 8, ()),
    "L1830": (8_900, 14_200, 1, ("RT", "LT")),
    "L1833": (42_000, 71_500, 1, ("RT", "LT", "KX")),
    "L3908": (5_600, 8_800, 1, ("RT", "LT")),
    "L4360": (21_500, 33_000, 1, ("RT", "LT", "KX")),
    "E0114": (4_100, 6_500, 1, ("NU",)),
    "E0730": (29_000, 46_500, 1, ("NU", "KX")),
    "E0601": (88_000, 142_000, 1, ("RR", "KX")),
}
_CODES = list(_CATALOGUE)
_LINES = (1, 2, 3, 4, 5, 6, 7, 8)
_LINES_SHARE = (30, 26, 17, 11, 7, 4, 3, 2)


@dataclass(frozen=True, slots=True)
class Service:
    """One charge line; ``charge`` in cents for all its units, ``day`` counted from the first."""

    procedure: str
    modifiers: tuple[str, ...]
    units: int
    charge: int
    day: int


def make_services(random: Random, *, days: int = 1, few: bool = False) -> tuple[Service, ...]:
    """One claim's lines over ``days`` days, 18.00 to 4,800.00 dollars in all.

    1 to 8 lines, rarely 12 to 16, with ``few`` 1 or 2; a claim over several days has a line
    on its first and on its last.
    """
    if few:
        count = random.choice((1, 1, 2))
    elif random.random() < 0.025:
        count = random.randint(12, 16)
    else:
        count = random.choices(_LINES, _LINES_SHARE)[0]
    if days > 1:
        count = max(count, 2)
    offsets = sorted(random.randrange(days) for _ in range(count))
    offsets[0] = 0
    if count > 1:
        offsets[-1] = days - 1
    lines = []
    left = MOST_CHARGE
    for place, day in enumerate(offsets):
        least = LEAST_LINE if place else LEAST_CHARGE
        line = _service(random, day, least, left - LEAST_LINE * (count - place - 1))
        left -= line.charge
        lines.append(line)
    return tuple(lines)


def _service(random: Random, day: int, least: int, most: int) -> Service:
    """One line that charges between ``least`` and ``most`` cents."""
    code = random.choice(_CODES)
    low, high, most_units, modifiers = _CATALOGUE[code]
    units = random.randint(1, most_units)
    price = random.randint(low, high)
    if random.random() < 0.6:
        price -= price % 50
    charge = min(max(price * units, least), most)
    chosen: tuple[str, ...] = ()
    if modifiers and random.random() < 0.6:
        chosen = tuple(random.sample(modifiers, random.randint(1, min(2, len(modifiers)))))
    return Service(code, chosen, units, charge, day)
