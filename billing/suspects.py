"""A residual names the figures that a single misreading of theirs would explain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing.balance import CLAIM, CLAIM_CHARGE, LINE, PATIENT, PAYMENT, Residual
from billing.model import Remittance, RemittedClaim

# Percent; a text layer has 100. From here on a figure is not taken for misread.
SURE = 90
CONFUSED = frozenset(
    map(frozenset, ("06", "08", "09", "14", "17", "27", "35", "38", "39", "49", "56", "58", "68",
                    "69", "79", "89"))
)  # fmt: skip

Equation = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Suspect:
    """A figure that may have been misread, and what it would be.

    ``path`` is that of ``Remittance.places``; ``read`` and ``closing`` are dollars; ``why`` says
    how the one is taken for the other, empty when no known misreading explains it. ``closes_all``
    is True when the remittance would balance with this one correction.
    """

    path: str
    read: Decimal
    closing: Decimal
    why: str
    closes_all: bool


def suspects(remittance: Remittance) -> tuple[Suspect, ...]:
    """The figures each of which, corrected alone, closes every equation that it is part of.

    Those that would close all come first, then those that a known misreading explains. Empty
    when the remittance balances, or when no single figure can account for any residual.
    """
    cells = _cells(remittance)
    open_equations, taking_part = _equations(remittance, cells)
    found = []
    for path, signs in taking_part.items():
        errors = {open_equations.get(equation, 0) * sign for equation, sign in signs.items()}
        error = errors.pop() if len(errors) == 1 else Decimal(0)
        if error:
            closing = cells[path] - error
            why = _misread(cells[path], closing) or _neighbour(path, cells)
            everything = signs.keys() == open_equations.keys()
            found.append(Suspect(path, cells[path], closing, why, everything))
    return tuple(sorted(found, key=lambda one: (not one.closes_all, not one.why, one.path)))


def proposal(
    remittance: Remittance, found: Sequence[Residual], confidence: Mapping[str, int]
) -> Suspect | None:
    """The one correction that a person is asked to confirm; None when it is not the only one.

    ``found`` are all residuals of the reading; ``confidence`` in percent by path. Proposed is the
    only figure whose correction balances everything, when it was not read surely and a known
    misreading explains it. A residual of a printed total is about figures not seen here, so
    nothing is proposed beside one. It is never posted.
    """
    if any(one.equation not in (LINE, CLAIM, CLAIM_CHARGE, PATIENT, PAYMENT) for one in found):
        return None
    closing = [one for one in suspects(remittance) if one.closes_all]
    if len(closing) != 1 or not closing[0].why:
        return None
    (only,) = closing
    return only if confidence.get(only.path, 100) < SURE else None


def _cells(remittance: Remittance) -> dict[str, Decimal]:
    """Every figure that takes part in an equation, by its path."""
    cells = {"amount": remittance.amount}
    for number, entry in enumerate(remittance.provider_adjustments):
        cells[f"provider_adjustments[{number}].amount"] = entry.amount
    for number, claim in enumerate(remittance.claims):
        path = f"claims[{number}]"
        cells[f"{path}.charge"], cells[f"{path}.paid"] = claim.charge, claim.paid
        cells[f"{path}.patient_responsibility"] = claim.patient_responsibility
        for at, one in enumerate(claim.adjustments):
            cells[f"{path}.adjustments[{at}].amount"] = one.amount
        for at, line in enumerate(claim.lines):
            cells[f"{path}.lines[{at}].charge"] = line.charge
            cells[f"{path}.lines[{at}].paid"] = line.paid
            for n, one in enumerate(line.adjustments):
                cells[f"{path}.lines[{at}].adjustments[{n}].amount"] = one.amount
    return cells


def _equations(
    remittance: Remittance, cells: Mapping[str, Decimal]
) -> tuple[dict[Equation, Decimal], dict[str, dict[Equation, int]]]:
    """What each open equation is off by, and each figure's sign in every equation it is in."""
    taking_part: dict[str, dict[Equation, int]] = defaultdict(dict)
    off: dict[Equation, Decimal] = defaultdict(Decimal)
    for equation, path, sign in _terms(remittance):
        taking_part[path][equation] = sign
        off[equation] += sign * cells[path]
    return {equation: dollars for equation, dollars in off.items() if dollars}, taking_part


def _terms(remittance: Remittance) -> Iterator[tuple[Equation, str, int]]:
    payment = (PAYMENT, "payment")
    yield payment, "amount", -1
    for number in range(len(remittance.provider_adjustments)):
        yield payment, f"provider_adjustments[{number}].amount", -1
    for number, claim in enumerate(remittance.claims):
        yield payment, f"claims[{number}].paid", 1
        yield from _claim_terms(claim, f"claims[{number}]")


def _claim_terms(claim: RemittedClaim, path: str) -> Iterator[tuple[Equation, str, int]]:
    whole, patient, charges = (CLAIM, path), (PATIENT, path), (CLAIM_CHARGE, path)
    yield whole, f"{path}.charge", 1
    yield whole, f"{path}.paid", -1
    yield patient, f"{path}.patient_responsibility", -1
    if claim.lines:
        yield charges, f"{path}.charge", -1
    held = [(f"{path}.adjustments[{at}]", one) for at, one in enumerate(claim.adjustments)]
    for at, line in enumerate(claim.lines):
        where = f"{path}.lines[{at}]"
        yield charges, f"{where}.charge", 1
        yield (LINE, where), f"{where}.charge", 1
        yield (LINE, where), f"{where}.paid", -1
        for n, one in enumerate(line.adjustments):
            yield (LINE, where), f"{where}.adjustments[{n}].amount", -1
            held.append((f"{where}.adjustments[{n}]", one))
    for adjustment, one in held:
        yield whole, f"{adjustment}.amount", -1
        if one.group == "PR":
            yield patient, f"{adjustment}.amount", 1


def _misread(read: Decimal, true: Decimal) -> str:
    """How ``true`` comes to be read as ``read``; empty when no known misreading explains it."""
    if read == -true:
        return "a minus was dropped or added"
    if (read < 0) != (true < 0):
        return ""
    if any(read == true * times or true == read * times for times in (10, 100)):
        return "a decimal point was lost or misplaced"
    seen, meant = str(abs(read)), str(abs(true))
    if len(seen) == len(meant):
        differing = [pair for pair in zip(seen, meant, strict=True) if pair[0] != pair[1]]
        if len(differing) == 1 and frozenset(differing[0]) in CONFUSED:
            return f"a {differing[0][1]} was read as a {differing[0][0]}"
        return ""
    longer, shorter = sorted((seen, meant), key=len, reverse=True)
    if any(longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer))):
        return "a digit was lost or added"
    return ""


def _neighbour(path: str, cells: Mapping[str, Decimal]) -> str:
    """Whether the figure is the same as another one of its row, from which it may have come."""
    row = path.split(".adjustments")[0].rpartition(".")[0] if path.count(".") else ""
    if not row or not cells[path]:
        return ""
    beside = [
        dollars
        for other, dollars in cells.items()
        if other != path and other.startswith(f"{row}.") and ".lines" not in other[len(row) :]
    ]
    return "the figure of another column of its row was read" if cells[path] in beside else ""
