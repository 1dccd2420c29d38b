"""Acknowledgements: what a payer or clearinghouse said on receipt, before any adjudication."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
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


@dataclass(frozen=True, slots=True, repr=False)
class Acceptance:
    """That a claim was taken on receipt, as a file says it.

    ``report`` is "277CA" or "999"; ``by`` is who says so, in the file's own words, and ``role``
    what that is to the claim; ``on`` is the day of the taking, which stands at ``where``. ``codes``
    are as they were sent. ``segments`` prove it: the claim's own part of the report, verbatim.
    """

    report: str
    by: str
    role: str
    on: date
    codes: tuple[str, ...]
    where: str
    segments: tuple[str, ...]
    payer_claim_number: str | None = None
