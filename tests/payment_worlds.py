"""Payments as they are made, spelled as some medium prints them, and what each should post."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

from billing.model import (
    Adjustment,
    ProviderAdjustment,
    Remittance,
    RemittedClaim,
    ServiceLine,
)

DAY = date(2026, 11, 26)
SPELLINGS = ("acme", "ACME HEALTH", "Acme Health of Ohio")

Figures = tuple[tuple[str, int], ...]
"""Cents by code, payments under the empty one, without those that are nothing."""


@dataclass
class Thing:
    """One claim on a payment, or one amount withheld: what it should post, after what else."""

    name: str
    trace: str
    reversal: bool
    figures: Figures
    needs: tuple[str, ...] = ()


@dataclass
class World:
    """Payments as they are made, and what each should post."""

    payments: list[Remittance] = field(default_factory=list)
    things: dict[str, list[Thing]] = field(default_factory=dict)  # by trace number


def cents(amount: Decimal) -> int:
    return int(amount * 100)


def dollars(amount: int) -> Decimal:
    return Decimal(amount).scaleb(-2)


def make_world(chance: random.Random) -> World:
    """A few claims paid, taken back, decided anew, paid by a second payer, in a few payments."""
    count = chance.randint(3, 6)
    claims: list[list[RemittedClaim]] = [[] for _ in range(count)]
    things: list[list[Thing]] = [[] for _ in range(count)]
    second: list[tuple[RemittedClaim, Thing]] = []
    withheld: list[list[ProviderAdjustment]] = [[] for _ in range(count)]
    for n in range(chance.randint(1, 5)):
        at = chance.randrange(count)
        charge = chance.randint(2_000, 30_000)
        claim = decide(chance, f"C{n}", f"E{n}0", charge)
        put(claims, things, at, claim, f"{n} first", ())
        before, known = claim, f"{n} first"
        repeats = chance.random() < 0.3
        for turn in range(chance.choice((0, 0, 1, 1, 2))):
            later = at + 1 + chance.randrange(count)
            if later >= count:
                break
            put(claims, things, later, negative(before), f"{n} back {turn}", (known,))
            if chance.random() < 0.4:
                withheld[later].append(ProviderAdjustment("FB", f"E{n}0", dollars(-500)))
            number = f"E{n}{turn + 1}" if chance.random() < 0.5 else before.payer_claim_number
            if repeats and turn == 0:
                anew = replace(before, payer_claim_number=number)
            else:
                anew = decide(chance, f"C{n}", number, charge, other_than=before)
            put(claims, things, later, anew, f"{n} anew {turn}", (f"{n} back {turn}",))
            at, before, known = later, anew, f"{n} anew {turn}"
            if repeats:
                break
        if chance.random() < 0.3:
            own = min(1 + chance.randrange(500), charge - taken_off(before))
            if own > 0:
                other = charge - own
                adjusted = (Adjustment("OA", "23", dollars(other)),)
                line = ServiceLine("G0463", None, dollars(charge), dollars(own),
                                   adjustments=adjusted)  # fmt: skip
                claim = RemittedClaim(f"C{n}", f"S{n}", "2", dollars(charge), dollars(own),
                                      Decimal(0), lines=(line,))  # fmt: skip
                second.append((claim, Thing(f"{n} second", "", False, (("", own),))))
        if chance.random() < 0.3:
            withheld[chance.randrange(count)].append(
                ProviderAdjustment("WO", f"E{n}0 C{n}", dollars(chance.randint(1, 900)))
            )
    world = World()
    for index in range(count):
        day = DAY - timedelta(days=100 - 7 * index)
        add(world, f"T{index}0", "acme", day, claims[index], things[index], withheld[index])
    if second:
        held, said = [one for one, _ in second], [thing for _, thing in second]
        add(world, "Z1", "zenith", DAY, held, said, [])
    return world


def taken_off(claim: RemittedClaim) -> int:
    return cents(claim.charge) - cents(claim.patient_responsibility)


def decide(
    chance: random.Random,
    own: str,
    number: str,
    charge: int,
    other_than: RemittedClaim | None = None,
) -> RemittedClaim:
    """A decision of one or two lines, of other amounts than ``other_than``."""
    while True:
        whole = chance.random() < 0.15
        halves = [charge] if charge % 2 or chance.random() < 0.5 else [charge // 2] * 2
        lines = []
        equal = chance.random() < 0.5
        for each in halves:
            if lines and equal:
                lines.append(lines[0])
                continue
            off = each if whole else chance.randint(0, each)
            patients = 0 if whole else chance.randint(0, each - off)
            parts = [Adjustment("CO", "16" if whole else "45", dollars(off))] if off else []
            parts += [Adjustment("PR", "1", dollars(patients))] if patients else []
            lines.append(
                ServiceLine("G0463", date(2026, 6, 1), dollars(each),
                            dollars(each - off - patients), adjustments=tuple(parts))
            )  # fmt: skip
        paid = sum((one.paid for one in lines), Decimal(0))
        owed = sum((a.amount for one in lines for a in one.adjustments if a.group == "PR"),
                   Decimal(0))  # fmt: skip
        made = RemittedClaim(own, number, "1", dollars(charge), paid, owed, lines=tuple(lines))
        if other_than is None or figures(made) != figures(other_than):
            return made


def negative(claim: RemittedClaim) -> RemittedClaim:
    """What takes a claim back."""
    lines = tuple(
        replace(
            one,
            charge=-one.charge,
            paid=-one.paid,
            adjustments=tuple(replace(a, amount=-a.amount) for a in one.adjustments),
        )
        for one in claim.lines
    )
    owed = -claim.patient_responsibility
    return replace(claim, status="22", charge=-claim.charge, paid=-claim.paid,
                   patient_responsibility=owed, lines=lines)  # fmt: skip


def figures(claim: RemittedClaim) -> Figures:
    found = Counter({"": cents(claim.paid)})
    for line in claim.lines:
        for one in line.adjustments:
            found[f"{one.group}-{one.reason}"] += cents(one.amount)
    return tuple(sorted((code, amount) for code, amount in found.items() if amount))


def put(
    claims: list[list[RemittedClaim]],
    things: list[list[Thing]],
    at: int,
    claim: RemittedClaim,
    name: str,
    needs: tuple[str, ...],
) -> None:
    claims[at].append(claim)
    things[at].append(Thing(name, "", claim.status == "22", figures(claim), needs))


def add(
    world: World,
    trace: str,
    payer: str,
    day: date,
    claims: list[RemittedClaim],
    things: list[Thing],
    withheld: list[ProviderAdjustment],
) -> None:
    if not claims and not withheld:
        return
    amount = sum((one.paid for one in claims), Decimal(0))
    amount -= sum((one.amount for one in withheld), Decimal(0))
    world.payments.append(
        Remittance(trace, "ACH", amount, day, payer, "", tuple(claims), tuple(withheld))
    )
    plb = [Thing(f"{trace} held {n}", "", False, ((one.reason, -cents(one.amount)),))
           for n, one in enumerate(withheld)]  # fmt: skip
    world.things[trace] = [replace(one, trace=trace) for one in (*things, *plb)]


def respelled(chance: random.Random, paid: Remittance) -> Remittance:
    """The payment as some medium prints it."""
    claims = list(paid.claims)
    chance.shuffle(claims)
    claims = [
        replace(one, payer_claim_number=chance.choice((n, n.lower(), f"{n[0]}-{n[1:]}")))
        for one in claims
        for n in (one.payer_claim_number,)
    ]
    if chance.random() < 0.3:
        claims = [replace(one, lines=tuple(reversed(one.lines))) for one in claims]
    trace = chance.choice((paid.trace_number, f"000{paid.trace_number.lower()}"))
    payer = paid.payer if paid.payer == "zenith" else chance.choice(SPELLINGS)
    return replace(paid, trace_number=trace, payer=payer, claims=tuple(claims))
