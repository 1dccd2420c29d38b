"""Acknowledgements: what a payer or clearinghouse said on receipt, before any adjudication."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """One thing that was taken or refused on receipt.

    ``of`` says what: "claim", "provider" or "receiver" (277CA), "transaction" or "group" (999,
    997), "interchange" (TA1). ``reference`` is the claim's patient control number, the trace
    number, or the control number of what is acknowledged. ``codes`` are as they were sent: status
    codes such as "A7:562:85" (277CA), error codes such as "5" (999, TA1). ``where`` is its place;
    ``within`` is the reference of the group that a transaction was sent in.
    """

    of: str
    reference: str
    accepted: bool
    codes: tuple[str, ...]
    where: str
    payer_claim_number: str | None = None
    charge: Decimal | None = None
    errors: tuple[str, ...] = field(default=())
    within: str = ""
