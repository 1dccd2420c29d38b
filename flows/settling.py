"""Which payment and which of its statements a person means, for settling a conflict."""

from __future__ import annotations

from datetime import UTC, datetime

from billing.errors import BadInput
from billing.ledger import Ledger
from billing.received_payments import Received, Statement, bare_trace, difference, payment_key
from billing.reconcile.settled import CHANNELS, named, short

LEAST_HASH = 4
"""So many characters of a document's hash name it."""


def settle(
    ledger: Ledger, payment: str, stands: str, *, payer: str | None, reason: str, by: str
) -> None:
    """Let the statement stand that ``stands`` names: by its document's hash or its channel.

    ``payment`` is a trace number, or the key of the payment. Raises BadInput.
    """
    found = [one for one in _named(ledger, payment, payer) if not one.settled]
    received = _only(found, payment, "is held because documents differ on it")
    chosen = _statement(received, stands)
    ledger.settle_payment(received.key, chosen, reason=_said(reason), by=by, at=datetime.now(UTC))


def unsettle(ledger: Ledger, payment: str, *, payer: str | None, reason: str, by: str) -> None:
    """Take back what was settled of a payment. Raises BadInput."""
    found = [one for one in _named(ledger, payment, payer) if one.settled]
    received = _only(found, payment, "is settled")
    ledger.unsettle_payment(received.key, reason=_said(reason), by=by, at=datetime.now(UTC))


def _named(ledger: Ledger, payment: str, payer: str | None) -> list[Received]:
    return [
        one
        for one in ledger.contested()
        if payer in (None, one.remittance.payer)
        and (one.key == payment or bare_trace(one.remittance.trace_number) == bare_trace(payment))
    ]


def _only(found: list[Received], payment: str, what: str) -> Received:
    """The one payment, or the first of those that contradict each other and are settled as one."""
    if not found:
        raise BadInput(
            f"No payment {payment} {what}: 'claimsweep postings list' shows those there are"
        )
    first = found[0]
    together = {first.key, *(payment_key(one.remittance) for one in first.rivals)}
    if others := [one for one in found if one.key not in together]:
        names = ", ".join(f"'{one.key}'" for one in (first, *others))
        raise BadInput(f"Several payments are named {payment}: name one by --payer, or as {names}")
    return first


def _statement(received: Received, stands: str) -> Statement:
    head, _, nth = stands.casefold().partition(":")
    fitting = [
        one
        for one in received.contenders
        if (CHANNELS[one.channel].casefold() == head and not nth)
        or (
            len(head) >= LEAST_HASH
            and one.sha256.startswith(head)
            and nth in ("", str(one.position + 1))
        )
    ]
    ways = ", ".join(
        f"{short(one, received)} ({CHANNELS[one.channel]})" for one in received.contenders
    )
    if not fitting:
        raise BadInput(f"No document {stands} states the payment {named(received)}: {ways} do")
    first, *others = fitting
    if any(difference(first.remittance, one.remittance) for one in others):
        raise BadInput(f"{stands} names statements that differ: name one of {ways}")
    return first


def _said(reason: str) -> str:
    said = " ".join(reason.split())
    if not said:
        raise BadInput("Give the reason in words, by --reason: it is kept with who and when")
    return said
