"""What a person's settling of differing statements means for what may be posted."""

from __future__ import annotations

import shlex
from decimal import Decimal

from billing.model import Channel
from billing.received_payments import Received, Statement, difference
from billing.reconcile.order import Entry
from billing.reconcile.postings import entries_of, provider_entries

CHANNELS = {Channel.CLEARINGHOUSE: "835", Channel.EOB: "EOB", Channel.PORTAL: "portal"}
"""What the document of a statement is called, by the channel it came through."""


def doubt(received: Received) -> str:
    """Why nothing of a payment may be posted, with the command that mends it; empty when it may."""
    if received.unbalanced:
        return f"The remittance does not balance: {received.unbalanced}."
    if received.overruled:
        return f"{settled_by(received)} By that there is no such payment."
    if received.conflict:
        ways = " or ".join(f"--stands {short(one, received)}" for one in received.contenders)
        return (
            f"Two documents differ on this payment: {received.conflict}. Settle it with a "
            f"--reason: claimsweep postings settle {named(received)} {ways}."
        )
    return ""


def settled_by(received: Received) -> str:
    """Who settled when and why that which document stands, in a sentence; empty if nobody did."""
    said = received.settled
    if said is None:
        return ""
    (stands,) = [
        s for s in received.contenders if (s.sha256, s.position) == (said.sha256, said.position)
    ]
    others = [
        f"{CHANNELS[one.channel]} {short(one, received)}"
        for one in received.contenders
        if difference(stands.remittance, one.remittance)
    ]
    return (
        f"Settled by {said.by} on {said.at:%Y-%m-%d} ({said.reason}): the "
        f"{CHANNELS[stands.channel]} {short(stands, received)} stands, not the "
        f"{' nor the '.join(others)}."
    )


def otherwise(received: Received, entry: Entry) -> str:
    """Why an entry of a settled payment is not what stands, in a sentence; empty when it is."""
    if received.settled is None or standing_totals(received).get(entry.unit) == entry.totals:
        return ""
    return f"{settled_by(received)} This comes from a document that does not stand."


def standing_totals(received: Received) -> dict[str, dict[str, Decimal]]:
    """Dollars by code of all that a payment posts as it stands, by unit."""
    if received.overruled:
        return {}
    entries = [
        *entries_of(received.remittance).values(),
        *provider_entries(received.remittance, {}),
    ]
    return {one.unit: one.totals for one in entries}


def short(statement: Statement, received: Received) -> str:
    """What names a statement among all of its payment: the head of its document's hash, and which
    payment of the document it is where that is needed."""
    head = statement.sha256[:8]
    alike = [one for one in received.contenders if one.sha256[:8] == head]
    return head if len(alike) == 1 else f"{head}:{statement.position + 1}"


def named(received: Received) -> str:
    """What names a payment in a command: trace number and payer."""
    said = received.remittance
    return f"{shlex.quote(said.trace_number)} --payer {shlex.quote(said.payer)}"
