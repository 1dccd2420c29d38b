"""A payer's contract prices, and where a remittance allowed less or more than they say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property

from billing.codes.reasons import Effect, effect
from billing.model import Claim, RemittedClaim, ServiceLine
from billing.money import CENT, ZERO, usd

PRIMARY = ("1", "19")
"""CLP02 of a claim that the payer decided as the first one: only such follow the contract alone."""

ABOVE_SCHEDULE = "45"
"""The reason code of what a charge is above the schedule; the allowed amount is what it leaves."""

AFTER_ALLOWED = ("253",)
"""Contractual codes that are taken from the payment and leave the allowed amount as it is."""


@dataclass(frozen=True, slots=True)
class ContractFee:
    """One row of a fee schedule: dollars for one unit of a service, on the days from ``begins``.

    ``modifiers`` are exactly those of the line, in any order; None is whatever the line has.
    ``contract`` None is every contract of the payer. ``ends`` None is still in force. ``row`` is
    its line of the file.
    """

    procedure: str
    modifiers: frozenset[str] | None
    contract: str | None
    begins: date
    ends: date | None
    allowed: Decimal
    row: int


@dataclass(frozen=True)
class FeeSchedule:
    """All rows of one file, and the hash of its bytes."""

    sha256: str
    fees: tuple[ContractFee, ...]

    @cached_property
    def _by_procedure(self) -> dict[str, list[ContractFee]]:
        found: dict[str, list[ContractFee]] = {}
        for fee in self.fees:
            found.setdefault(fee.procedure, []).append(fee)
        return found

    def fitting(
        self, procedure: str, modifiers: Sequence[str], day: date, contract: str | None
    ) -> tuple[ContractFee, ...]:
        """The rows that fit; of a claim whose contract is not known, those of every contract."""
        mine = frozenset(one.upper() for one in modifiers if one)
        plan = _plain(contract)
        return tuple(
            fee
            for fee in self._by_procedure.get(procedure.upper(), ())
            if fee.modifiers in (None, mine)
            and (fee.contract is None or plan is None or _plain(fee.contract) == plan)
            and fee.begins <= day
            and (fee.ends is None or day <= fee.ends)
        )


@dataclass(frozen=True, slots=True)
class LinePrice:
    """One remitted line against the contract: its 0-based place in the claim, what was allowed,
    what the contract allows, the rows of the schedule, and a clause. ``expected`` is None where
    only a person can tell."""

    line: int
    allowed: Decimal
    expected: Decimal | None
    rows: tuple[int, ...]
    clause: str

    @property
    def gap(self) -> Decimal:
        """What was allowed less than the contract says; negative where it was more."""
        return ZERO if self.expected is None else self.expected - self.allowed


def price_lines(
    claim: Claim, remitted: RemittedClaim, schedule: FeeSchedule
) -> tuple[LinePrice, ...]:
    """Every line whose allowed amount is not the contract's, to the cent.

    The contract allows units x its price, and no more than the charge. Left out are a line that
    has no row, one of which a part was refused or a code is unknown, and a claim that the payer
    did not decide as the first one. Rows that fit and differ are a person's.
    """
    if remitted.status not in PRIMARY:
        return ()
    return tuple(_priced(claim, remitted, schedule))


def _priced(claim: Claim, remitted: RemittedClaim, schedule: FeeSchedule) -> Iterator[LinePrice]:
    for n, line in enumerate(remitted.lines):
        day = line.service_date or claim.service_from
        fees = schedule.fitting(line.procedure, line.modifiers, day, claim.contract)
        if not fees or not _is_whole(line):
            continue
        allowed, reduced = _allowed(line)
        rows = tuple(fee.row for fee in fees)
        named = f"line {n + 1} ({' '.join((line.procedure, *line.modifiers))})"
        if len({fee.allowed for fee in fees}) > 1:
            which = " and ".join(str(row) for row in rows)
            clause = f"{named}: rows {which} of the fee schedule fit and differ"
            yield LinePrice(n, allowed, None, rows, clause)
            continue
        units = Decimal(1) if line.units is None else line.units
        full = (units * fees[0].allowed).quantize(CENT, ROUND_HALF_UP)
        expected = min(full, line.charge)
        if allowed == expected:
            continue
        if reduced:
            clause = (
                f"{named}: {', '.join(reduced)} lowered what row {rows[0]} of the contract allows"
            )
            yield LinePrice(n, allowed, None, rows, clause)
            continue
        price = f"{_number(units)} x {usd(fees[0].allowed)}"
        price += ", one unit where none is stated" if line.units is None else ""
        price += ", no more than the charge" if full > line.charge else ""
        clause = (
            f"{named}: allowed {usd(allowed)}, by contract {usd(expected)} "
            f"({price}, row {rows[0]} of the fee schedule)"
        )
        yield LinePrice(n, allowed, expected, rows, clause)


def _is_whole(line: ServiceLine) -> bool:
    """Whether nothing of a line is refused, or taken by a code that is not known."""
    clear = (Effect.CONTRACTUAL, Effect.PATIENT_SHARE)
    taken = [one for one in line.adjustments if one.amount]
    return line.charge > 0 and all(effect(one.group, one.reason) in clear for one in taken)


def _allowed(line: ServiceLine) -> tuple[Decimal, tuple[str, ...]]:
    """What a line was allowed, and by which codes other than the schedule's it was lowered."""
    contractual = [
        one
        for one in line.adjustments
        if one.amount and effect(one.group, one.reason) is Effect.CONTRACTUAL
    ]
    lowering = [one for one in contractual if one.reason not in AFTER_ALLOWED]
    other = tuple(dict.fromkeys(one.code for one in lowering if one.reason != ABOVE_SCHEDULE))
    if line.allowed is not None:
        return line.allowed, other
    return line.charge - sum((one.amount for one in lowering), ZERO), other


def _plain(contract: str | None) -> str | None:
    return " ".join((contract or "").split()).casefold() or None


def _number(units: Decimal) -> str:
    return f"{units.normalize():f}"
