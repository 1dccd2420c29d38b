"""What the practice's bank books of the simulated payments, with every trouble, and its key."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from sandbox.bank_files import Booking, bank_bai2, bank_csv
from sandbox.remittance_835 import remittances_835
from sandbox.world import Remittance, World

NONE = Decimal("0.00")
DUE_DAYS = 15
EFT_STORIES = {
    "traced": 50,
    "untraced": 12,
    "fee-netted": 7,
    "fee-booked": 5,
    "misbooked": 4,
    "lost": 7,
    "twice": 3,
    "unannounced": 8,
    "taken-back": 4,
}
CHEQUE_STORIES = {"numbered": 35, "lockbox": 40, "uncashed": 15, "returned": 10}
LOCKBOX_DAYS, MOST_IN_LOCKBOX = 12, 4


@dataclass(slots=True)
class Truth:
    """What happened to one payment, or what a line is: the answer key's row.

    ``kinds`` are the results a careful matching may come to, the first where nothing else fits
    by chance; ``difference`` is what the bank has above what was announced.
    """

    story: str
    kinds: tuple[str, ...]
    difference: Decimal = NONE
    traces: tuple[str, ...] = ()
    bookings: list[Booking] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """The row as JSON values."""
        booked = [{"date": one.day.isoformat(), "amount": str(one.amount)} for one in self.bookings]
        return {
            "story": self.story,
            "kinds": list(self.kinds),
            "difference": str(self.difference),
            "trace_numbers": list(self.traces),
            "bookings": booked,
        }


@dataclass(frozen=True, slots=True)
class Banked:
    """The payments whose remittance arrived, all that the bank booked, and the key."""

    announced: tuple[Remittance, ...]
    bookings: tuple[Booking, ...]
    first: date
    last: date
    truth: tuple[Truth, ...]


def make_deposits(world: World) -> Banked:
    """What the bank books until the world's day; the same world, the same bookings."""
    random = Random(f"{world.seed}/deposits")
    payments = sorted(
        (one for payer in world.payers for one in payer.remittances.values()),
        key=lambda one: (one.date, one.trace_number),
    )
    last = world.as_of
    first = min((one.date for one in payments), default=last) - timedelta(7)
    truth: list[Truth] = []
    withheld: set[str] = set()
    cheques: list[Remittance] = []
    for payment in payments:
        if payment.method == "NON" or not payment.amount:
            truth.append(Truth("no-money", ("no-money-due",), NONE, (payment.trace_number,)))
        elif payment.method == "CHK":
            cheques.append(payment)
        else:
            found = _eft(random, payment, last)
            truth.append(found)
            if found.story == "unannounced":
                withheld.add(payment.trace_number)
    truth += _cheques(random, cheques, last)
    truth += _others(random, first, last)
    bookings = [one for row in truth for one in row.bookings if one.day <= last]
    return Banked(
        tuple(one for one in payments if one.trace_number not in withheld),
        tuple(sorted(bookings, key=lambda one: (one.day, one.text, one.amount))),
        first,
        last,
        tuple(truth),
    )


def write_deposits(world: World, folder: Path) -> tuple[Path, ...]:
    """Write ``payments.835``, ``bank.csv``, ``bank.bai`` and ``deposits-truth.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    made = make_deposits(world)
    truth = json.dumps([one.plain() for one in made.truth], indent=1)
    contents = {
        "payments.835": remittances_835(made.announced, world.as_of),
        "bank.csv": bank_csv(made.bookings, made.first, made.last),
        "bank.bai": bank_bai2(made.bookings, made.first, made.last),
        "deposits-truth.json": f"{truth}\n".encode(),
    }
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    return tuple(folder / name for name in contents)


def _eft(random: Random, payment: Remittance, last: date) -> Truth:
    story = random.choices(list(EFT_STORIES), list(EFT_STORIES.values()))[0]
    day = _banking_day(payment.date, random.randint(0, 2))
    amount, trace = payment.amount, payment.trace_number
    plan = payment.payer_name.upper()[:16]
    addendum = f"{plan} HCCLAIMPMT TRN*1*{trace}*1999999999~"
    row = Truth(story, ("deposited",), NONE, (trace,))
    match story:
        case "untraced":
            row.kinds = ("deposited-by-amount", "several-deposits-fit")
            row.bookings = [Booking(day, amount, 165, f"{plan} ACH CREDIT")]
        case "fee-netted":
            fee = max(Decimal("0.01"), (amount * Decimal("0.019")).quantize(Decimal("0.01")))
            row.kinds, row.difference = ("fee-withheld",), -fee
            row.bookings = [Booking(day, amount - fee, 165, addendum)]
        case "fee-booked":
            row.kinds, row.difference = ("fee-withheld",), Decimal("-2.50")
            fee_text = f"EFT FEE {trace}"
            row.bookings = [
                Booking(day, amount, 165, addendum),
                Booking(day, Decimal("-2.50"), 698, fee_text),
            ]
        case "misbooked":
            off = (amount / 10 + 1).quantize(Decimal("0.01"))
            row.kinds, row.difference = ("deposit-differs",), -off
            row.bookings = [Booking(day, amount - off, 165, addendum)]
            if amount <= off:
                row.story, row.kinds, row.difference = "traced", ("deposited",), NONE
                row.bookings = [Booking(day, amount, 165, addendum)]
        case "lost":
            row.kinds, row.difference = ("money-missing",), -amount
        case "twice":
            row.kinds, row.difference = ("deposited-twice",), amount
            later = _banking_day(day, 1)
            row.bookings = [Booking(one, amount, 165, addendum) for one in (day, later)]
        case "taken-back":
            row.kinds, row.difference = ("deposit-returned",), -amount
            later = _banking_day(day, 3)
            row.bookings = [
                Booking(day, amount, 165, addendum),
                Booking(later, -amount, 455, addendum.replace("HCCLAIMPMT", "REVERSAL")),
            ]
        case _:
            row.bookings = [Booking(day, amount, 165, addendum)]
            if story == "unannounced":
                row.kinds, row.difference, row.traces = ("eft-without-remittance",), amount, ()
    return _as_of(row, payment, last)


def _cheques(random: Random, cheques: Sequence[Remittance], last: date) -> Iterator[Truth]:
    waiting: list[Remittance] = []
    for payment in cheques:
        story = random.choices(list(CHEQUE_STORIES), list(CHEQUE_STORIES.values()))[0]
        if waiting and (payment.date - waiting[0].date).days > LOCKBOX_DAYS:
            yield from _lockbox(random, waiting, last)
            waiting = []
        if story == "lockbox":
            waiting.append(payment)
            if len(waiting) == MOST_IN_LOCKBOX:
                yield from _lockbox(random, waiting, last)
                waiting = []
        else:
            yield _cheque(random, story, payment, last)
    if waiting:
        yield from _lockbox(random, waiting, last)


def _cheque(random: Random, story: str, payment: Remittance, last: date) -> Truth:
    day = _banking_day(payment.date, random.randint(3, 8))
    amount, number = payment.amount, payment.trace_number
    row = Truth(story, ("deposited",), NONE, (number,))
    deposit = Booking(day, amount, 301, "REMOTE DEPOSIT", (number,))
    match story:
        case "uncashed":
            row.kinds, row.difference = ("cheque-uncashed",), -amount
        case "returned":
            row.kinds, row.difference = ("deposit-returned",), -amount
            back = _banking_day(day, 4)
            returned = Booking(back, -amount, 555, "RETURNED DEPOSITED ITEM", (number,))
            row.bookings = [deposit, returned]
        case _:
            row.bookings = [deposit]
    return _as_of(row, payment, last)


def _lockbox(random: Random, held: Sequence[Remittance], last: date) -> Iterator[Truth]:
    """Several cheques in one deposit: with their numbers, a list of the items, or neither."""
    day = _banking_day(max(one.date for one in held), random.randint(3, 5))
    total = sum((one.amount for one in held), NONE)
    numbers = tuple(one.trace_number for one in held)
    several = len(held) > 1
    told = "deposited-in-batch" if several else "deposited"
    alone = "deposited-in-batch" if several else "deposited-by-amount"
    story = random.choice(("lockbox-numbered", "lockbox-items", "lockbox-bare"))
    row = Truth(story, (told,), NONE, numbers)
    match story:
        case "lockbox-numbered":
            text = f"LOCKBOX DEPOSIT CHECKS {' '.join(numbers)}"
            row.bookings = [Booking(day, total, 115, text)]
        case "lockbox-items":
            row.kinds = ("deposited", told)  # in a CSV the items are not booked one by one
            items = tuple((one.trace_number, one.amount) for one in held)
            row.bookings = [Booking(day, total, 115, "LOCKBOX DEPOSIT", (), items)]
        case _:
            row.kinds = (alone, "several-deposits-fit")
            row.bookings = [Booking(day, total, 115, "LOCKBOX DEPOSIT")]
    if day > last:
        row.bookings, row.kinds, row.difference = [], ("money-not-due",), -total
    yield row


def _as_of(row: Truth, payment: Remittance, last: date) -> Truth:
    """The row as it looks on the last day: what is not booked yet is not."""
    late = [one for one in row.bookings if one.day > last]
    if late and row.story == "unannounced":
        row.traces, row.kinds, row.bookings = (), (), []
    elif late or not row.bookings:
        row.bookings = [one for one in row.bookings if one.day <= last]
        if not row.bookings and (last - payment.date).days <= DUE_DAYS:
            row.kinds, row.difference = ("money-not-due",), -payment.amount
        elif late and row.bookings:
            row.kinds, row.difference = ("deposited",), NONE
    return row


def _others(random: Random, first: date, last: date) -> Iterator[Truth]:
    """What else a practice's account sees."""
    day = first
    while day <= last:
        if day.weekday() < 5:
            amount = Decimal(random.randint(2_000, 90_000)).scaleb(-2)
            kinds = ("other-movement",)
            if random.random() < 0.4:
                card = Booking(day, amount, 147, "BANKCARD SETTLEMENT")
                yield Truth("card", kinds, bookings=[card])
            if random.random() < 0.15:
                number = f"{random.randint(2_000, 2_999)}"
                paid = Booking(day, -amount, 475, "CHECK PAID", (number,))
                yield Truth("own-cheque", kinds, bookings=[paid])
            if day.day <= 3 and day.weekday() == 0:
                fee = Booking(day, Decimal("-38.75"), 661, "ACCOUNT ANALYSIS FEE")
                yield Truth("bank-fee", ("bank-fee",), bookings=[fee])
            if random.random() < 0.03:
                patients = Booking(day, amount + Decimal("5000.01"), 301, "BRANCH DEPOSIT")
                yield Truth("stranger", ("deposit-unexplained",), patients.amount, (), [patients])
        day += timedelta(1)


def _banking_day(day: date, later: int) -> date:
    """``later`` weekdays after ``day``, which is moved to a weekday first."""
    while day.weekday() >= 5:
        day += timedelta(1)
    for _ in range(later):
        day += timedelta(3 if day.weekday() == 4 else 1)
    return day
