"""A batch of postings as the files that are frozen and exported, and as lines for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from billing.errors import BadInput
from billing.ledger import Batch, HeldBack, Ledger
from billing.model import Posting, PostingKind
from billing.money import ZERO, dollars, usd
from billing.received_payments import Received
from billing.reconcile.order import Entry
from billing.reconcile.settled import doubt
from console.sheets import Column, Sheet, Value
from console.words import POSTINGS
from console.workbook import sheet_csv

COLUMNS = (
    Column("Batch", "text", 20),
    Column("Claim", "text", 15),
    Column("Payer", "prose", 24),
    Column("Trace number", "text", 20),
    Column("Payment date", "date", 12),
    Column("Payer claim number", "text", 20),
    Column("Line", "count", 7),
    Column("Kind", "text", 16),
    Column("Code", "text", 10),
    Column("Amount", "money", 13),
    Column("Note", "prose", 40),
    Column("Key", "text", 40),
    Column("Where it stood", "prose", 34),
    Column("Evidence", "text", 16),
)


def approve(
    ledger: Ledger, batch_id: str, *, by: str, at: datetime, digest: str | None = None
) -> Batch:
    """Freeze a proposed batch with the very bytes that will be exported.

    ``digest`` is that of the batch as it was looked at, by default as it is now. Raises BadInput.
    """
    batch = ledger.batch(batch_id)
    keys = sorted({one.payment for one in batch.entries})
    received = ledger.remittances(keys=keys)
    for one in received:
        if why := doubt(one):
            raise BadInput(
                f"Batch {batch_id} posts the payment {one.remittance.trace_number}, and a document "
                f"that came since says otherwise: undo the batch, and propose anew. {why}"
            )
    others = [one for one in ledger.batches_of_run(batch.run) if one.batch_id != batch_id]
    files = batch_files(batch, received, others)
    stored = {name: ledger.store(data, "text/csv") for name, data in files.items()}
    return ledger.approve_batch(batch_id, digest or batch.digest, stored, by=by, at=at)


def batch_files(
    batch: Batch, received: Sequence[Received], others: Sequence[Batch]
) -> dict[str, bytes]:
    """What an approved batch is exported as, by file name, and what undoes it.

    ``received`` are the payments that it posts, ``others`` the other batches of its run.
    """
    name = batch.batch_id
    return {
        f"postings-{name}.csv": _postings_csv(name, batch.postings),
        f"totals-{name}.csv": sheet_csv(totals_sheet(batch, received, others)),
        f"undo-{name}.csv": undo_csv(name, batch.postings),
    }


def undo_csv(batch_id: str, postings: Sequence[Posting]) -> bytes:
    """The file that posts the opposite of a batch's ``postings``, the last first."""
    backwards = [replace(p, amount=-p.amount, note="") for p in reversed(postings)]
    return _postings_csv(f"undo of {batch_id}", backwards)


def totals_sheet(batch: Batch, received: Sequence[Received], others: Sequence[Batch]) -> Sheet:
    """Count and dollars by payer, trace number and kind, then how each payment adds up.

    The amount of a remittance is what is posted here and in the ``others`` of the run, what was
    posted before, what is held, and in a sweep's batch what other claims were paid; provider-level
    adjustments are among it.
    Raises BadInput when a batch that was proposed from whole remittances does not add up so.
    """
    columns = (
        Column("Payer", "prose", 24),
        Column("Trace number", "text", 20),
        Column("What", "text", 34),
        Column("Count", "count", 8),
        Column("Dollars", "money", 15),
    )
    rows: list[tuple[Value, ...]] = []
    mine = {one.unit for one in batch.entries}
    beside = {e.unit: e for one in others for e in one.entries if e.unit not in mine}
    for payment in sorted(received, key=lambda one: one.key):
        here = [one for one in batch.postings if Entry((one,)).payment == payment.key]
        kinds = {kind: [p for p in here if p.kind is kind] for kind in PostingKind}
        lines: list[tuple[str, int, Decimal]] = [
            (POSTINGS[kind], len(some), _sum(some)) for kind, some in kinds.items() if some
        ]
        money = [p for p in here if not p.code or p.kind is PostingKind.PROVIDER]
        of_it = [one for one in batch.held if Entry(one.postings).payment == payment.key]
        before = [one for one in of_it if one.already]
        held = [one for one in of_it if not one.already]
        apart = [one.paid for one in beside.values() if one.payment == payment.key]
        parts = [
            ("Money posted here", len(money), _sum(money)),
            ("Money in other batches of the run", len(apart), sum(apart, ZERO)),
            ("Money posted before", len(before), sum(map(_paid, before), ZERO)),
            ("Money held", len(held), sum(map(_paid, held), ZERO)),
        ]
        amount = payment.remittance.amount
        rest = amount - sum((total for _, _, total in parts), ZERO)
        if rest and not batch.of_sweep:
            raise BadInput(
                f"Batch {batch.batch_id}: the payment {payment.remittance.trace_number} does not "
                f"add up, {usd(rest)} of {usd(amount)} is missing: undo the batch, propose anew"
            )
        lines += [*parts, ("Claims not asked about", 0, rest), ("Remittance", 0, amount)]
        who = payment.remittance.payer, payment.remittance.trace_number
        rows += [(*who, what, count or None, total) for what, count, total in lines]
    return Sheet("Totals", "Control totals of the batch.", columns, tuple(rows))


def _postings_csv(name: str, postings: Iterable[Posting]) -> bytes:
    rows = tuple(
        (
            name,
            one.claim_id,
            one.payer,
            one.trace_number,
            one.payment_date,
            one.payer_claim_number,
            one.line,
            POSTINGS[one.kind],
            one.code,
            one.amount,
            one.note,
            one.key,
            one.evidence.where if one.evidence else "",
            one.evidence.sha256 if one.evidence else "",
        )
        for one in postings
    )
    return sheet_csv(Sheet("Postings", "", COLUMNS, rows))


def batch_json(batch: Batch, *, whole: bool) -> dict[str, Any]:
    """A batch for programs; ``whole`` with its postings and what was held."""
    money = {
        kind.value: {"count": count, "dollars": dollars(total)}
        for kind, (count, total) in by_kind(batch.postings).items()
    }
    acts = {
        state.value: {"by": act.by, "at": act.at.isoformat()} for state, act in batch.acts.items()
    }
    said: dict[str, Any] = {
        "batch": batch.batch_id,
        "run": batch.run,
        "state": batch.state.value,
        "acts": acts,
        "hash": batch.digest,
        "postings": len(batch.postings),
        "kinds": money,
        "held": sum(not one.already for one in batch.held),
        "already": sum(one.already for one in batch.held),
        "files": dict(batch.files),
    }
    if whole:
        said["lines"] = [_line_json(one) for one in batch.postings]
        said["held_back"] = held_json(batch.held)
    return said


def held_json(held: Iterable[HeldBack]) -> list[dict[str, Any]]:
    """What was not proposed, each with its reason, for programs."""
    return [
        {**_line_json(one.postings[0]), "amount": dollars(_paid(one)), "already": one.already,
         "why": one.why}
        for one in held
    ]  # fmt: skip


def batch_text(batch: Batch, *, whole: bool) -> str:
    """A batch in lines for a terminal: state, totals by kind, and what was held, by reason."""
    lines = [f"{batch.batch_id}  {batch.state}, {len(batch.postings):,} postings"]
    for kind, (count, total) in by_kind(batch.postings).items():
        lines.append(f"  {POSTINGS[kind]:<16} {count:>7,} {usd(total):>16}")
    lines += [
        f"  {state:<9} {act.at:%Y-%m-%d %H:%M} UTC by {act.by}" for state, act in batch.acts.items()
    ]
    if whole:
        lines.append(f"  hash {batch.digest}")
        lines += [
            f"  {one.claim_id or '-':<14} {one.trace_number:<16} {one.line:>3} "
            f"{POSTINGS[one.kind]:<14} {one.code:<7} {usd(one.amount):>13}"
            + (f"  {one.note}" if one.note else "")
            for one in batch.postings
        ]
    return "\n".join([*lines, *_held_lines(batch.held, whole=whole)]) + "\n"


def held_text(held: Sequence[HeldBack]) -> str:
    """What was not proposed, in lines for a terminal."""
    return "".join(f"{line}\n" for line in _held_lines(held, whole=True))


def by_kind(postings: Iterable[Posting]) -> Mapping[PostingKind, tuple[int, Decimal]]:
    """Count and dollars of each kind of posting that there is."""
    listed = list(postings)
    found = {kind: [p for p in listed if p.kind is kind] for kind in PostingKind}
    return {kind: (len(some), _sum(some)) for kind, some in found.items() if some}


def _held_lines(held: Sequence[HeldBack], *, whole: bool) -> list[str]:
    reasons = Counter(one.why for one in held)
    if not whole or len(held) > MOST_HELD:
        return [f"  not proposed, {count:,}: {why}" for why, count in reasons.most_common()]
    return [
        f"  not proposed: claim {one.postings[0].claim_id or '-'}, payment "
        f"{one.postings[0].trace_number}, {usd(_paid(one))}: {one.why}"
        for one in held
    ]


MOST_HELD = 200
"""So many are listed one by one in a terminal; more are counted by reason."""


def _line_json(one: Posting) -> dict[str, Any]:
    return {
        "claim_id": one.claim_id,
        "payer": one.payer,
        "trace_number": one.trace_number,
        "payment_date": one.payment_date.isoformat() if one.payment_date else None,
        "payer_claim_number": one.payer_claim_number,
        "line": one.line,
        "kind": one.kind.value,
        "code": one.code,
        "amount": dollars(one.amount),
        "note": one.note,
        "key": one.key,
    }


def _paid(one: HeldBack) -> Decimal:
    return Entry(one.postings).paid


def _sum(postings: Iterable[Posting]) -> Decimal:
    return sum((one.amount for one in postings), ZERO)
