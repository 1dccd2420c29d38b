"""Payments whose documents differ, with what each states and the command that settles it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from billing.money import dollars, usd
from billing.received_payments import Received
from billing.reconcile.settled import CHANNELS, named, settled_by, short
from console.words import counted


def contested_json(payments: Iterable[Received]) -> list[dict[str, Any]]:
    """The payments held or settled, for programs; ``command`` settles it so."""
    return [
        {
            "payment": one.key,
            "payer": one.remittance.payer,
            "trace_number": one.remittance.trace_number,
            "conflict": one.conflict,
            "settled": settled_by(one),
            "statements": [
                {
                    "document": statement.sha256,
                    "name": short(statement, one),
                    "channel": CHANNELS[statement.channel],
                    "received_at": statement.received_at.isoformat(),
                    "payment_date": statement.remittance.payment_date.isoformat(),
                    "amount": dollars(statement.remittance.amount),
                    "claims": len(statement.remittance.claims),
                    "command": _command(one, short(statement, one)),
                }
                for statement in one.contenders
            ],
        }
        for one in payments
    ]


def contested_text(payments: Iterable[Received]) -> str:
    """The same in lines for a terminal."""
    return "".join(f"{line}\n" for one in payments for line in _lines(one))


def _lines(one: Received) -> Iterable[str]:
    payment = f"payment {one.remittance.trace_number} of {one.remittance.payer}"
    if one.settled is not None:
        yield f"{payment}: {settled_by(one)}"
    else:
        yield f"{payment} is held: two documents differ, {one.conflict}"
    for statement in one.contenders:
        said, name = statement.remittance, short(statement, one)
        claims = counted(len(said.claims), "claim")
        yield (
            f"  {CHANNELS[statement.channel]:<6} {name:<10} of {said.payment_date}, received "
            f"{statement.received_at:%Y-%m-%d}: {usd(said.amount)}, {claims}"
        )
        if one.settled is None:
            yield f"    if it stands: {_command(one, name)}"
    if one.settled is not None:
        yield f'    to take that back: claimsweep postings unsettle {named(one)} --reason "…"'


def _command(one: Received, name: str) -> str:
    return f'claimsweep postings settle {named(one)} --stands {name} --reason "…"'
