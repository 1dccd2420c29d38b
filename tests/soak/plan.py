"""What happens in each night of the simulated month, made from a seed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from sandbox.bank_files import Booking
from sandbox.deposits import make_deposits
from sandbox.nights import as_it_stood
from sandbox.world import Remittance, World

LATEST_DAYS = 6  # how late an 835 may come
TWICE_ONE_IN = 5
TROUBLES: Sequence[Mapping[str, object]] = (
    {"maintenance": True},
    {"announcement": True},
    {"password_expiring": True},
    {"stale_banner": True},
    {"ends_session_after": 15},
    {"stolen_after": 25},
    {"duplicate_rows": True},
    {"document": "truncated"},
    {"document": "html"},
    {"document": "tab"},
    {"parentheses": True},
    {"wrong_patient": True},
)
RELABELLED = ("juniper-ridge", range(8, 11))  # payer, nights: every label reworded
REBUILT = ("copper-line", range(19, 21))  # ids, classes and columns too
KILLED = (4, 11, 17, 24)
BACKED_UP, RESTORED = 12, 14


@dataclass(slots=True)
class Night:
    """One night: its day, what is wrong at which portal, what comes in, and what is done to us."""

    number: int
    day: date
    knobs: dict[str, dict[str, object]] = field(default_factory=dict)
    payments: list[Remittance] = field(default_factory=list)
    bookings: list[Booking] = field(default_factory=list)
    killed: bool = False
    backed_up: bool = False
    restored: bool = False
    last: bool = False


def make_month(world: World, first: date, nights: int, seed: int) -> list[Night]:
    """``nights`` nights from ``first``; the last one is without trouble.

    835s come up to a week late, in no order, and one in five comes twice; what the bank books
    comes on its day. Payments of before are all in on the first night.
    """
    random = Random(f"{seed}/month")
    month = [Night(n, first + timedelta(days=n)) for n in range(nights)]
    for night in month[:-1]:
        for payer in world.payers:
            if random.random() < 0.3:
                night.knobs[payer.payer_id] = dict(random.choice(TROUBLES))
        for payer_id, when in (RELABELLED, REBUILT):
            if night.number in when:
                night.knobs[payer_id] = {"drift": 1 if payer_id == RELABELLED[0] else 2}
        night.killed = night.number in KILLED
        night.backed_up = night.number == BACKED_UP
        night.restored = night.number == RESTORED
    month[-1].last = True
    _deliver(random, world, month)
    return month


def _deliver(random: Random, world: World, month: Sequence[Night]) -> None:
    last = month[-1].day
    banked = make_deposits(as_it_stood(world, last))
    coming: dict[date, list[Remittance]] = defaultdict(list)
    for payment in banked.announced:
        arrives = payment.date + timedelta(days=random.randint(1, LATEST_DAYS))
        coming[max(arrives, month[0].day)].append(payment)
        if random.random() < 1 / TWICE_ONE_IN:
            coming[arrives + timedelta(days=random.randint(0, LATEST_DAYS))].append(payment)
    for night in month:
        night.payments = coming[night.day]
        random.shuffle(night.payments)
        start = date.min if night.number == 0 else night.day
        night.bookings = [one for one in banked.bookings if start <= one.day <= night.day]
