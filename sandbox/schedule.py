"""The practice's appointments of the coming days, as its scheduling system exports them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from random import Random

from sandbox.books import RENDERING
from sandbox.world import Payer, Person, World

HEADINGS = (
    "Appt Date,Appt Time,Patient Last,Patient First,DOB,Payer,Policy Number,Service Type,Provider,"
    "NPI,Location,Notes"
).split(",")
SERVICES = {  # as the schedule words it: 271 EB03
    "Office visit": "98",
    "Urgent care": "UC",
    "Lab work": "5",
    "Imaging": "4",
    "Counseling": "MH",
    "Hospital outpatient": "47",
}
_SERVICE_SHARES = (50, 12, 12, 10, 8, 8)
DAYS = 10  # after the day of the books
ENOUGH_FOR_ALL = 20  # rows of one payer
_LOCATIONS = ("Main St", "Eastgate Annex", "Lakeview")
_NOTES = ("", "", "", "", "new pt", "needs interpreter", "copay due, see chart", "recall 6 mo")
_SLOTS = [minutes for minutes in range(8 * 60, 17 * 60, 15) if not 12 * 60 <= minutes < 13 * 60]


class Slip(StrEnum):
    """What the front desk typed wrongly."""

    NUMBER = "number"  # a member id that the payer has not
    BIRTH = "birth"
    NAME = "name"  # somebody else's last name, or ours spelled otherwise


_SLIP_SHARES = {Slip.NUMBER: 3, Slip.BIRTH: 2, Slip.NAME: 4}  # per cent


@dataclass(frozen=True, slots=True)
class Appointment:
    """One row: when, for whom as the desk typed it, and for what; ``slip`` says what is wrong."""

    day: date
    minutes: int  # since midnight
    patient: Person
    payer_id: str
    payer_name: str
    service: str
    provider_name: str
    provider_npi: str
    location: str
    notes: str
    slip: Slip | None


def appointments(world: World) -> list[Appointment]:
    """As many for each payer as it has billed claims, by day and time; one world, one schedule."""
    rows = [row for payer in world.payers for row in _booked(world, payer)]
    return sorted(rows, key=lambda row: (row.day, row.minutes, row.payer_id))


def write_schedule(world: World, file: Path) -> int:
    """Write the export and return how many appointments it has."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(schedule_csv(world))
    return len(world.payers) * world.claims_per_payer


def schedule_csv(world: World) -> bytes:
    """The export: a heading row, then one row for each appointment."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(HEADINGS)
    for row in appointments(world):
        hour, minute = divmod(row.minutes, 60)
        writer.writerow(
            [
                f"{row.day:%m/%d/%Y}",
                f"{(hour - 1) % 12 + 1}:{minute:02d} {'AM' if hour < 12 else 'PM'}",
                row.patient.last,
                row.patient.first,
                f"{row.patient.birth:%m/%d/%Y}",
                row.payer_name,
                row.patient.member_id,
                row.service,
                row.provider_name,
                row.provider_npi,
                row.location,
                row.notes,
            ]
        )
    return stream.getvalue().encode("utf-8")


def _booked(world: World, payer: Payer) -> Iterator[Appointment]:
    random = Random(f"{world.seed}/{world.claims_per_payer}/{world.as_of}/{payer.payer_id}/booked")
    days = [world.as_of + timedelta(days=ahead) for ahead in range(DAYS + 1)]
    days = [day for day in days if day.weekday() < 6]
    people = [m.person for held in payer.members.values() for m in held]
    people = list({(person.member_id, person.birth): person for person in people}.values())
    random.shuffle(people)
    silent = payer.members_unavailable | payer.members_unavailable_once
    people.sort(key=lambda person: person.member_id not in silent)  # these certainly come
    rows = world.claims_per_payer
    coming = [*people[: rows - rows // 20], *random.choices(people, k=rows // 20)]
    slips = _slips(random, [person.member_id not in silent for person in coming])
    for person, slip in zip(coming, slips, strict=True):
        provider, npi = random.choice(RENDERING)
        yield Appointment(
            random.choice(days),
            random.choice(_SLOTS),
            _typed(random, payer, person, slip),
            payer.payer_id,
            payer.name,
            random.choices(list(SERVICES), _SERVICE_SHARES)[0],
            provider,
            npi,
            random.choice(_LOCATIONS),
            random.choice(_NOTES),
            slip,
        )


def _slips(random: Random, may_slip: list[bool]) -> list[Slip | None]:
    """What is wrong with each row; from 20 rows on, each slip is made."""
    rows = len(may_slip)
    slips: list[Slip | None] = [None] * rows
    places = [place for place, may in enumerate(may_slip) if may]
    random.shuffle(places)
    for slip, share in _SLIP_SHARES.items():
        for _ in range(max(rows * share // 100, 1 if rows >= ENOUGH_FOR_ALL else 0)):
            if places:
                slips[places.pop()] = slip
    return slips


def _typed(random: Random, payer: Payer, person: Person, slip: Slip | None) -> Person:
    """The person as the front desk typed it."""
    if slip is Slip.NAME:
        return replace(person, last=_other_name(random, payer, person.last))
    if slip is Slip.BIRTH:
        births = {held.person.birth for held in payer.members[person.member_id]}
        birth = person.birth
        while birth in births:
            birth -= timedelta(days=random.randint(1, 400))
        return replace(person, birth=birth)
    member_id = person.member_id
    while slip is Slip.NUMBER and member_id in payer.members:
        place = random.choice([n for n, sign in enumerate(member_id) if sign.isdecimal()])
        digit = random.choice([one for one in "123456789" if one != member_id[place]])
        member_id = f"{member_id[:place]}{digit}{member_id[place + 1 :]}"
    return replace(person, member_id=member_id)


def _other_name(random: Random, payer: Payer, last: str) -> str:
    """A name misheard by a letter, or the one from before a wedding."""
    if random.random() < 0.5:
        place = next(n for n, sign in enumerate(last) if n > 1 and sign.isalpha())
        return f"{last[:place]}{'k' if last[place] != 'k' else 't'}{last[place + 1 :]}"
    names = {held[0].person.last for held in payer.members.values()} - {last}
    return random.choice(sorted(names)) if names else f"{last}-Alderwick"
