"""Made-up claims, observations and conclusions for the ledger's tests."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from billing.ledger import Ledger, SweptExport
from billing.model import (
    Channel,
    Claim,
    ClaimStatus,
    Conclusion,
    Evidence,
    Finding,
    Found,
    NoAnswer,
    Observation,
    Outcome,
    Posting,
    PostingKind,
    Reason,
    SourceRow,
)
from billing.received_payments import bare_trace
from billing.report import RefusedRow

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
DAY = date(2026, 11, 24)
EXPORT = SweptExport("worklist.csv", "e" * 64, "generic", 3)
LAST_NAME = "Quillfeather"


def claim(number: int, payer: str | None = "acme") -> Claim:
    """The claim in row ``number`` of the export."""
    return Claim(
        claim_id=f"C{number:05}",
        payer=payer,
        payer_name="Acme Plan",
        member_id="MBR777",
        patient_last=LAST_NAME,
        patient_first="Ottoline",
        date_of_birth=date(1961, 2, 3),
        service_from=date(2026, 9, 1),
        service_to=date(2026, 9, 1),
        billed=Decimal("100.00"),
        balance=Decimal("100.00"),
        source=SourceRow(EXPORT.sha256, number),
    )


def begin(
    ledger: Ledger,
    sweep_id: str = "night-1",
    claims: Sequence[Claim] = (),
    refused: Sequence[RefusedRow] = (),
    days: int = 0,
) -> None:
    """Begin a sweep of these claims, so many days after the first night."""
    later = timedelta(days=days)
    ledger.begin_sweep(
        sweep_id,
        business_date=DAY + later,
        exports=[EXPORT],
        claims=claims,
        refused=refused,
        at=NOW + later,
    )


def paid(sha256: str, note: str | None = None) -> Observation:
    """The portal says the claim was paid."""
    status = ClaimStatus(
        words="Paid",
        category="F1",
        payer_claim_number="P1",
        member_id="MBR777",
        date_of_birth=date(1961, 2, 3),
        service_from=date(2026, 9, 1),
        service_to=None,
        charge=Decimal("100.00"),
        paid=Decimal("80.00"),
        note=note,
    )
    places = {"paid": Evidence(sha256, "row 2, Paid", page=1, box=(1.0, 2.0, 3.5, 4.0))}
    return Observation(Channel.PORTAL, NOW, Found(status), (sha256,), places)


def unknown(reason: Reason) -> Observation:
    """The portal gave no answer."""
    return Observation(Channel.PORTAL, NOW, NoAnswer(reason, "It did not say."), ())


def conclusion(outcome: Outcome, reason: Reason | None = None, *evidence: str) -> Conclusion:
    """A conclusion of this outcome that rests on this evidence."""
    finding = Finding("kind", "Why.", Decimal("20.00"), "Do this.", DAY, "a rule", False)
    return Conclusion(outcome=outcome, finding=finding, no_answer=reason, evidence=evidence)


def payment(trace: str, line: int = 0, amount: str = "80.00") -> Posting:
    """A proposed payment."""
    unit = f"acme|{bare_trace(trace)}|p1|claim|1"
    return Posting("acme", trace, "P1", line, PostingKind.PAYMENT, "", Decimal(amount), unit=unit)


def make_old(database: sqlite3.Connection, version: int) -> None:
    """Leave out of a new ledger what its revisions made; it calls itself of an old ``version``."""
    for table in ("case_counts", "refused", "decided", "alembic_version"):
        database.execute(f"DROP TABLE {table}")
    database.execute("UPDATE schema_version SET version = ?", (version,))
