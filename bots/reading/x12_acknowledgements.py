"""A 277CA, 999, 997 or TA1 becomes acknowledgements: what was taken, and what was refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from billing.acknowledgement import Acknowledgement
from billing.claim_places import place
from billing.codes.categories import Stage, stage_of
from bots.reading.x12_elements import (
    Numbered,
    amount,
    element,
    required,
    status_codes,
)
from bots.reading.x12_envelope import Transaction

LEVELS = {"20": "payer", "21": "receiver", "19": "provider"}
TAKEN = {"A", "E"}
"""Accepted, and accepted with errors noted (AK5, IK5, AK9 and TA104)."""

CODE = re.compile(r"[A-Z0-9]{1,3}")


def read_claim_acknowledgements(transaction: Transaction) -> Iterator[Acknowledgement]:
    """Each status of a 277CA: of a claim, or of all claims of a provider or receiver.

    One that holds any rejecting category is not accepted. Raises UnreadableDocument.
    """
    component, level, reference = transaction.delimiters.component, "", ""
    current: Acknowledgement | None = None
    in_line = False
    for number, segment in transaction.body:
        name = segment[0]
        if name in ("HL", "TRN"):
            if current is not None:
                yield current
            current, in_line = None, False
        if name == "HL":
            level, reference = element(segment, 3), ""
        elif name == "TRN":
            reference = element(segment, 2)
        elif name == "SVC":
            in_line = True
        elif name == "STC":
            spelled = tuple(status_codes(number, segment, component))
            taken = not any(_rejects(code) for code in spelled)
            if current is None:
                of = LEVELS.get(level, "claim")
                where = place(number, "STC", 1)
                charge = amount(number, segment, 4)
                current = Acknowledgement(of, reference, taken, spelled, where, charge=charge)
            else:
                # a refused line is a refused claim
                merged = (*current.codes, *spelled)
                current = replace(current, accepted=current.accepted and taken, codes=merged)
        elif name == "REF" and element(segment, 1) == "1K" and current and not in_line:
            current = replace(current, payer_claim_number=element(segment, 2) or None)
    if current is not None:
        yield current


def read_receipts(transaction: Transaction) -> Iterator[Acknowledgement]:
    """Each transaction and group that a 999 or 997 acknowledges. Raises UnreadableDocument."""
    group = reference = ""
    errors: list[str] = []
    for number, segment in transaction.body:
        match segment[0]:
            case "AK1":
                group = f"{required(number, segment, 1)} {element(segment, 2)}"
            case "AK2":
                reference = f"{required(number, segment, 1)} {element(segment, 2)}"
                errors = []
            case "IK3" | "AK3":
                name, at = _code(segment, 1), _code(segment, 2)
                errors.append(f"{name} at segment {at}")
            case "IK5" | "AK5":
                found = _receipt("transaction", reference, (number, segment), errors)
                yield replace(found, within=group)
            case "AK9":
                yield _receipt("group", group, (number, segment), [])


def read_interchange_receipt(transaction: Transaction) -> Iterator[Acknowledgement]:
    """The interchange that a TA1 acknowledges. Raises UnreadableDocument."""
    for number, segment in transaction.body:
        taken = required(number, segment, 4) in TAKEN
        codes = tuple(filter(None, (_code(segment, 5),)))
        where = place(number, "TA1", 4)
        yield Acknowledgement("interchange", element(segment, 1), taken, codes, where)


def _receipt(of: str, reference: str, numbered: Numbered, errors: list[str]) -> Acknowledgement:
    number, segment = numbered
    first = 2 if of == "transaction" else 5
    codes = tuple(filter(None, (_code(segment, n) for n in range(first, first + 5))))
    taken = required(number, segment, 1) in TAKEN
    where = place(number, segment[0], 1)
    return Acknowledgement(of, reference, taken, codes, where, errors=tuple(errors))


def _code(segment: list[str], position: int) -> str:
    """The element if it is a code or a number; what is none may be anything, so it is a "?"."""
    text = element(segment, position)
    return text if not text or CODE.fullmatch(text) or text.isdigit() else "?"


def _rejects(code: str) -> bool:
    category = code.partition(":")[0]
    return stage_of(category) not in (Stage.PENDING, Stage.ADJUDICATED)
