"""What payers say they paid goes into the books: every payment that a file states, once."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from billing.balance import Residual, residuals
from billing.errors import UnreadableDocument
from billing.ledger import Ledger
from billing.model import Channel, Remittance
from bots.exports.read import payer_key
from bots.profile import Profile, load_layouts, spellings
from bots.reading.eob import read_eob
from bots.reading.x12_envelope import Interchanges
from bots.reading.x12_remittance import Payment, whole
from flows.settings import Settings

X12 = "application/edi-x12"
DOCUMENTS = {
    b"%PDF": "application/pdf",
    b"\x89PNG": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"II*\0": "image/tiff",
    b"MM\0*": "image/tiff",
}
"""How documents begin, and their media types; whatever begins otherwise is read as X12."""


def receive_file(
    ledger: Ledger,
    settings: Settings,
    profiles: Mapping[str, Profile],
    data: bytes,
    name: str,
    run: str,
) -> list[str]:
    """Store one remittance file, an EOB document or 835s, and receive what it states.

    Of each payment that cannot be read or does not balance there is a sentence. A document that
    no eob.yaml recognises is no evidence of a payment.
    """
    unread: list[str] = []
    kind = next((media for sign, media in DOCUMENTS.items() if data.lstrip().startswith(sign)), X12)
    if kind == X12:
        sha256, payments = ledger.store(data, X12), _payments(name, data, unread)
        off = [residuals(one) for one in payments]
        told = zip(payments, off, strict=True)
        unread += [_unbalanced(name, one) for one, open_ones in told if open_ones]
        _receive(ledger, sha256, payments, off, spellings(profiles), run)
        return unread
    try:
        reading = read_eob(data, load_layouts(settings.profiles))
    except UnreadableDocument as error:
        return [f"{name}: {error}"]
    found = [replace(one, payer=reading.payer) for one in reading.remittances]
    ledger.receive(
        ledger.store(data, kind),
        found,
        reading.residuals,
        channel=Channel.EOB,
        run=run,
        at=datetime.now(UTC),
    )
    told = zip(found, reading.residuals, strict=True)
    return [_unbalanced(name, one) for one, open_ones in told if open_ones]


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
    off = [residuals(one) for one in remittances]
    return _receive(ledger, sha256, remittances, off, payers, run)


def _receive(
    ledger: Ledger,
    sha256: str,
    remittances: Sequence[Remittance],
    off: Sequence[Sequence[Residual]],
    payers: Mapping[str, str],
    run: str,
) -> Sequence[str]:
    """As :func:`receive_payments`, of payments whose residuals are known."""
    named = []
    for one in remittances:
        name = payer_key(one.payer)
        named.append(replace(one, payer=payers.get(name, name)))
    return ledger.receive(
        sha256, named, off, channel=Channel.CLEARINGHOUSE, run=run, at=datetime.now(UTC)
    )


def _payments(name: str, data: bytes, unread: list[str]) -> list[Remittance]:
    """The payments of a file of 835s; a transaction with a damaged end is not believed."""
    sha256 = hashlib.sha256(data).hexdigest()
    found = []
    try:
        for transaction in Interchanges(io.BytesIO(data)):
            if transaction.kind != "835":
                unread.append(f"{name}: holds a {transaction.kind}, which pays nothing.")
                continue
            try:
                payment = whole(Payment(transaction), sha256)
                for _ in transaction.body:  # to its end, where its faults are known
                    pass
            except UnreadableDocument as error:
                unread.append(f"{name}: {error}")
                continue
            if transaction.faults:
                unread.append(f"{name}: {transaction.faults[0]} It is not believed; get it again.")
            else:
                found.append(payment)
    except UnreadableDocument as error:
        unread.append(f"{name}: {error}")
    return found


def _unbalanced(name: str, one: Remittance) -> str:
    return f"{name}: payment {one.trace_number} does not balance; no figure of it is believed."
