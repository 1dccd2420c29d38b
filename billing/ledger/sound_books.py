"""Whether remittances and batches add up, by sums in cents that owe nothing to how they came in."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, and_, select

from billing.ledger import tables
from billing.ledger.batches import BatchState
from billing.ledger.database import AnyRow
from billing.ledger.people_tables import audit
from billing.ledger.sound_rows import AT_ONCE
from billing.ledger.words import POSTING, read, write

_STREAM = {"yield_per": AT_ONCE}
Fetch = Callable[[str], bytes]


def unbalanced_remittances(connection: Connection) -> Iterator[str | None]:
    """For each remittance that is kept as balanced a sentence, or None where it balances."""
    heads, claims = tables.remittances, tables.remitted_claims
    beside = and_(claims.c.sha256 == heads.c.sha256, claims.c.position == heads.c.position)
    query = (
        select(
            heads.c.sha256,
            heads.c.position,
            heads.c.amount,
            heads.c.unbalanced,
            heads.c.remittance,
            claims.c.nth,
            claims.c.claim,
        )
        .join_from(heads, claims, beside, isouter=True)
        .order_by(heads.c.sha256, heads.c.position, claims.c.nth)
    )
    rows = connection.execute(query, execution_options=_STREAM)
    for (sha256, position), some in groupby(rows, key=lambda row: (row.sha256, row.position)):
        try:
            why = _why_unbalanced(some)
        except (ValueError, TypeError, KeyError, InvalidOperation):
            why = "cannot be added up"
        yield why and f"Remittance {position} of the document {sha256} {why}."


def batches_that_differ(connection: Connection, fetch: Fetch) -> Iterator[str | None]:
    """For each batch a sentence, or None where its postings are what was approved and exported.

    ``fetch`` gives evidence by its hash, and may raise.
    """
    query = select(tables.batches.c.batch_id, tables.batches.c.state).order_by(
        tables.batches.c.batch_id
    )
    for batch_id, _state in connection.execute(query).all():
        posted = _Posted(connection, batch_id)
        why = posted.why or _why_frozen_otherwise(connection, batch_id, posted, fetch)
        yield why and f"The batch {batch_id} {why}."


def _why_unbalanced(rows: Iterator[AnyRow]) -> str | None:
    head: AnyRow | None = None
    paid, count = 0, 0
    claim_off = False
    for row in rows:
        head = row
        if row.claim is None:
            continue
        if row.nth != count:
            return f"lacks its claim {count}"
        count += 1
        claim = json.loads(row.claim)
        paid += _cents(claim["paid"])
        claim_off = claim_off or not _claim_balances(claim)
    if head is None or head.unbalanced:
        return None
    payment = json.loads(head.remittance)
    amount = _cents(payment["amount"])
    withheld = sum(_cents(one["amount"]) for one in payment["provider_adjustments"])
    if claim_off:
        return "has a claim that does not balance"
    if paid - withheld != amount:
        return f"pays {_dollars(amount)} and its parts come to {_dollars(paid - withheld)}"
    if _cents(str(head.amount)) != amount:
        return "is listed with another amount than it states"
    return None


def _claim_balances(claim: Mapping[str, Any]) -> bool:
    charge, paid = _cents(claim["charge"]), _cents(claim["paid"])
    taken = list(claim["adjustments"])
    charges = 0
    for line in claim["lines"]:
        off = sum(_cents(one["amount"]) for one in line["adjustments"])
        if _cents(line["charge"]) - off != _cents(line["paid"]):
            return False
        charges += _cents(line["charge"])
        taken += line["adjustments"]
    patient = sum(_cents(one["amount"]) for one in taken if one["group"] == "PR")
    return (
        charge - sum(_cents(one["amount"]) for one in taken) == paid
        and (not claim["lines"] or charges == charge)
        and patient == _cents(claim["patient_responsibility"])
    )


class _Posted:
    """A batch's postings, added up as they stream by."""

    def __init__(self, connection: Connection, batch_id: str) -> None:
        self.cents = self.lines = 0
        self.why: str | None = None
        raw, anew = hashlib.sha256(), hashlib.sha256()
        table = tables.postings
        query = select(table).where(table.c.batch_id == batch_id).order_by(table.c.position)
        for row in connection.execute(query, execution_options=_STREAM):
            try:
                one = json.loads(row.posting)
                key = f"{one['unit']}|{one['line']}|{one['code']}"
                self.cents += _cents(one["amount"])
                anew.update(write(POSTING, read(POSTING, row.posting)).encode() + b"\n")
            except Exception:  # told of as a row that cannot be read too
                self.why = f"has a posting {row.position} that cannot be read"
                continue
            raw.update(row.posting.encode() + b"\n")
            self.lines += 1
            if (one["unit"], key) != (row.unit, row.key):
                self.why = f"has a posting {row.position} under another key than its own"
        self.digests = {raw.hexdigest(), anew.hexdigest()}


def _why_frozen_otherwise(
    connection: Connection, batch_id: str, posted: _Posted, fetch: Fetch
) -> str | None:
    table = tables.batch_files
    rows = connection.execute(select(table).where(table.c.batch_id == batch_id)).all()
    files = {row.name: row.sha256 for row in rows}
    if not files:
        return None
    query = select(audit.c.detail).where(
        audit.c.subject == f"batch {batch_id}", audit.c.act == f"batch {BatchState.APPROVED}"
    )
    for detail in connection.execute(query).scalars():
        approved = json.loads(detail)
        if approved.get("postings") not in posted.digests:
            return "holds other postings than were approved"
        if approved.get("files") != files:
            return "has other files than were approved"
    try:
        forth, totals, back = (
            _table(fetch(files[f"{kind}-{batch_id}.csv"]))
            for kind in ("postings", "totals", "undo")
        )
    except Exception:  # missing or damaged evidence is told of by itself
        return "has files that cannot be read"
    if (len(forth), _sum(forth)) != (posted.lines, posted.cents):
        return "was frozen with other lines or dollars than it posts"
    if (len(back), _sum(back)) != (posted.lines, -posted.cents):
        return "has an undo file that does not take back what it posts"
    return _why_totals_differ(forth, totals)


def _why_totals_differ(lines: list[dict[str, str]], totals: list[dict[str, str]]) -> str | None:
    dollars: Counter[tuple[str, str]] = Counter()
    count: Counter[tuple[str, str]] = Counter()
    for line in lines:
        key = line["Trace number"], line["Kind"]
        dollars[key] += _cents(line["Amount"])
        count[key] += 1
    kinds = {kind for _, kind in count}
    stated: Counter[tuple[str, str]] = Counter()
    counted: Counter[tuple[str, str]] = Counter()
    whole: dict[tuple[str, str], int] = {}
    for row in totals:
        payment, what, cents = (row["Payer"], row["Trace number"]), row["What"], row["Dollars"]
        if what in kinds:
            stated[payment[1], what] += _cents(cents)
            counted[payment[1], what] += int(row["Count"] or 0)
        elif what == "Remittance":
            whole[payment] = whole.get(payment, 0) - _cents(cents)
        else:
            whole[payment] = whole.get(payment, 0) + _cents(cents)
    if counted != count or any(stated[key] != dollars[key] for key in count):
        return "has control totals that its lines do not come to"
    if any(whole.values()):
        return "has control totals whose parts are not the remittance"
    return None


def _table(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def _sum(rows: list[dict[str, str]]) -> int:
    return sum(_cents(row["Amount"]) for row in rows)


def _cents(text: object) -> int:
    """Whole cents of an amount as text. Raises ValueError for a fraction of one."""
    cents = Decimal(str(text).replace(",", "") or "0") * 100
    if cents != cents.to_integral_value():
        raise ValueError
    return int(cents)


def _dollars(cents: int) -> str:
    return f"{Decimal(cents) / 100:.2f}"
