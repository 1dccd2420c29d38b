"""The tables of the keys that seal evidence, and of evidence that a policy deleted."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Table

from billing.ledger.column_types import Instant, String, Text
from billing.ledger.tables import metadata

sealing_keys = Table(
    "sealing_keys",
    metadata,
    Column("key_id", String, primary_key=True),
    Column("wrapped", Text, nullable=False),  # in hex; useless without what wrapped it
    Column("wrapped_by", String, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("retired_at", Instant),  # none: it is the one that seals
)

# `gone` once the shelf has let go of the bytes.
forgotten = Table(
    "forgotten_evidence",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("kind", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("gone", Boolean, nullable=False),
)
