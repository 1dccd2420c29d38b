"""From remittance files to a batch: read, received, held against the exports, proposed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain
from pathlib import Path

from billing.agreement import may_post
from billing.errors import BadInput
from billing.ledger import Batch, BatchState, HeldBack, Ledger
from billing.model import Claim, Remittance
from billing.money import usd
from billing.received_payments import Received
from billing.reconcile.order import Entry, Held
from billing.reconcile.postings import entries_of, provider_entries
from billing.reconcile.rows import find_row, not_open, row_number, rows_by_number
from billing.reconcile.settled import doubt, settled_by
from bots.exports.read import read_export
from bots.file_bytes import read_file
from bots.profile import load_profiles, spellings
from flows.money import Money, read_money
from flows.outputs import write_whole
from flows.receiving import receive_file
from flows.settings import Settings

RUN = "postings propose"
NOT_A_DECISION = {
    "23": "It is another payer's claim and was sent on to them.",
    "25": "It is an estimate: nothing was decided and nothing is paid.",
}
"""CLP02 of what is on a remittance and posts nothing."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """What came of proposing: a batch, None if nothing is new; what was held back; and a sentence
    for each payment or file that could not be read."""

    batch: Batch | None
    held: Sequence[HeldBack]
    unread: Sequence[str]


def propose(
    settings: Settings, files: Sequence[Path], exports: Sequence[Path], *, by: str
) -> Proposed:
    """Propose what the payments of ``files`` post, or, without files, of all that were received.

    Where ``exports`` are given, a claim must be a row of one by three identifiers. Raises
    BadInput when a file or an export cannot be opened, or none of the files holds a payment.
    """
    ledger, now = settings.open_ledger(), datetime.now(UTC)
    profiles = load_profiles(settings.profiles)
    names = spellings(profiles)
    own = settings.own_systems
    readings = [
        read_export(read_file(path), path.name, payer_ids=names, own=own) for path in exports
    ]
    unread: list[str] = []
    papers = [(path, read_file(path)) for path in files]
    for path, data in papers:
        unread += receive_file(ledger, settings, profiles, data, path.name, RUN)
    documents = [hashlib.sha256(data).hexdigest() for _, data in papers]
    received = ledger.remittances(documents=documents if files else None)
    if files and not received:
        raise BadInput("\n".join(unread) or "The files hold no payment: name 835s or EOB documents")
    rows = rows_by_number([claim for one in readings for claim in one.claims]) if exports else None
    entries, held = candidates(ledger, received, rows)
    today = now.astimezone(settings.time_zone).date()
    batch, back = ledger.propose_batch(entries, held, by=by, on=today, at=now)
    return Proposed(batch, back, unread)


def candidates(
    ledger: Ledger, received: Sequence[Received], rows: Mapping[str, list[Claim]] | None
) -> tuple[list[Entry], list[Held]]:
    """What the payments may post as far as each is looked at alone, and what is held back.

    Held back is also what the bank's files do not bear out, and a claim of the exports whose
    channels do not all agree.
    """
    entries: list[Entry] = []
    held: list[Held] = []
    money = read_money(ledger, chain.from_iterable((rows or {}).values()))
    for one in received:
        unsure = doubt(one)
        for entry, why in _of_payment(money, one, rows, unsure):
            if why:
                held.append(Held(entry, why, doubt=bool(unsure)))
            else:
                entries.append(entry)
    return entries, held


def export(
    settings: Settings, batch_id: str, out: Path, *, by: str
) -> tuple[Batch, list[Path], bool]:
    """Write an approved batch's files; whether it was exported before, as the same bytes.

    Raises BadInput. It counts as exported before the first byte is written, so that nothing that
    a run killed half-way left behind can be taken for a batch that never went out.
    """
    ledger = settings.open_ledger()
    batch, before = ledger.export_batch(batch_id, by=by, at=datetime.now(UTC))
    return batch, _write(ledger, batch, out, undo=False), before


def undo(
    settings: Settings, batch_id: str, out: Path | None, *, by: str
) -> tuple[Batch, list[Path]]:
    """Take a batch back; what was exported leaves a file that posts the opposite. Raises BadInput.

    Nothing is written of a batch that never went out.
    """
    ledger = settings.open_ledger()
    was_out = BatchState.EXPORTED in ledger.batch(batch_id).acts
    if was_out and out is None:
        raise BadInput(
            f"Batch {batch_id} was exported: name a folder with --out for the file that posts "
            "the opposite"
        )
    batch = ledger.undo_batch(batch_id, by=by, at=datetime.now(UTC))
    return batch, _write(ledger, batch, out, undo=True) if was_out and out is not None else []


def _of_payment(
    money: Money, received: Received, rows: Mapping[str, list[Claim]] | None, unsure: str
) -> Iterator[tuple[Entry, str]]:
    remittance, settled = received.remittance, settled_by(received)
    for index, entry in entries_of(remittance).items():
        claim = remittance.claims[index]
        why = unsure or NOT_A_DECISION.get(claim.status, "") or money.doubt(received.key)
        if rows is not None and not why:
            mine = rows.get(row_number(claim.claim_id), [])
            row = find_row(claim, remittance.payer, mine)
            why = row if isinstance(row, str) else not_open(entry, row) or _differing(money, row)
        yield entry.noted(settled), why
    notes = {
        one.reference: _about(money.ledger, remittance, one.reference, one.amount)
        for one in remittance.provider_adjustments
    }
    for entry in provider_entries(remittance, notes):
        yield entry.noted(settled), unsure or money.doubt(received.key)


def _differing(money: Money, row: Claim) -> str:
    """How the channels of a claim fail to agree; empty when all that were asked do."""
    found = money.agreement(row)
    return "" if found is None or may_post(found) else found.why


def _about(
    ledger: Ledger, remittance: Remittance, reference: str, amount: Decimal
) -> tuple[str, str]:
    """The claim that a provider-level adjustment means, and what became of that claim."""
    found = ledger.referred_to(reference)
    paid = [one for one in found if not one.reversal]
    back = [one for one in found if one.reversal]
    if not paid and not back:
        return "", f"No remittance in the books holds a claim {reference}." if reference else ""
    claim_id = (paid or back)[-1].claim_id
    was = f", paid under {paid[0].trace_number} on {paid[0].payment_date}," if paid else ""
    if back:
        there = back[-1]
        return claim_id, (
            f"About claim {claim_id}{was} and reversed under {there.trace_number} on "
            f"{there.payment_date}: the reversal is posted to the claim, this is its money."
        )
    if amount < 0:
        return claim_id, f"About claim {claim_id}{was} {usd(-amount)} is added to the payment."
    return claim_id, (
        f"Takes {usd(amount)} back from claim {claim_id}{was} which no remittance reverses: the "
        "claim itself stays posted as it is."
    )


def _write(ledger: Ledger, batch: Batch, out: Path, *, undo: bool) -> list[Path]:
    """Write the files of a batch that post it, or the one that posts the opposite."""
    written = []
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, sha256 in sorted(batch.files.items()):
            if name.startswith("undo-") is undo:
                write_whole(out / name, ledger.fetch(sha256))
                written.append(out / name)
    except OSError as error:
        raise BadInput(
            f"{out}: cannot be written ({error.strerror}); the batch is kept as it is: name "
            "another folder and run the same command again"
        ) from error
    return written
