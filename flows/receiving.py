"""What payers say they paid goes into the books: every payment that a file states, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from billing.balance import residuals
from billing.ledger import Ledger
from billing.model import Channel, Remittance
from bots.exports.read import payer_key

X12 = "application/edi-x12"


def receive_payments(
    ledger: Ledger,
    sha256: str,
    remittances: Sequence[Remittance],
    payers: Mapping[str, str],
    run: str,
) -> Sequence[str]:
    """Receive the payments of one stored 835 file for ``run``; their keys in the books.

    ``payers`` leads from a payer's name to its profile; another keeps its name, as names are
    compared.
    """
    named = []
    for one in remittances:
        name = payer_key(one.payer)
        named.append(replace(one, payer=payers.get(name, name)))
    return ledger.receive(
        sha256,
        named,
        [residuals(one) for one in named],
        channel=Channel.CLEARINGHOUSE,
        run=run,
        at=datetime.now(UTC),
    )
