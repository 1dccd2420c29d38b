"""The tables of alerts, of who was told of them, and of what was seen at one moment and holds."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Table

from billing.ledger.column_types import Instant, Integer, String, Text
from billing.ledger.tables import metadata

alerts = Table(
    "alerts",
    metadata,
    Column("alert_id", Integer, primary_key=True, autoincrement=True),
    Column("kind", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("severity", String, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Column("ended_at", Instant),
    Index("alerts_open", "ended_at", "kind", "subject"),
)

alert_tellings = Table(
    "alert_tellings",
    metadata,
    Column("alert_id", ForeignKey("alerts.alert_id"), primary_key=True),
    Column("to", String, primary_key=True),
    Column("severity", String, nullable=False),
    Column("told_at", Instant, nullable=False),
    Column("end_told_at", Instant),
)

alert_signals = Table(
    "alert_signals",
    metadata,
    Column("kind", String, primary_key=True),
    Column("subject", String, primary_key=True),
    Column("sentence", Text, nullable=False),
    Column("seen_at", Instant, nullable=False),
)
