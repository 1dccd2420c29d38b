"""Counts of cases and payers' decisions are kept, made here of what an earlier ledger holds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from billing.ledger.case_counts import count_all
from billing.ledger.column_types import Exact, Integer, String
from billing.ledger.decisions import keep_all_decisions

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables, and fill them."""
    op.create_table(
        "case_counts",
        sa.Column("state", String, primary_key=True),
        sa.Column("payer", String, primary_key=True),
        sa.Column("kind", String, primary_key=True),
        sa.Column("desk", String, primary_key=True),
        sa.Column("assignee", String, primary_key=True),
        sa.Column("cases", Integer, nullable=False),
        sa.Column("dollars", Integer, nullable=False),
    )
    op.create_table(
        "decided",
        sa.Column("item_id", Integer, sa.ForeignKey("items.item_id"), primary_key=True),
        sa.Column("payer", String, nullable=False),
        sa.Column("claim_id", String, nullable=False),
        sa.Column("seen", sa.Date, nullable=False),
        sa.Column("before", sa.Date),
        sa.Column("dollars", Exact, nullable=False),
    )
    op.create_index("decided_by_claim", "decided", ["payer", "claim_id", "seen", "item_id"])
    op.create_index("decided_by_day", "decided", ["seen", "payer", "before"])
    op.create_table(
        "refused",
        sa.Column("item_id", Integer, sa.ForeignKey("decided.item_id"), primary_key=True),
        sa.Column("reason", String, primary_key=True),
        sa.Column("procedure", String, primary_key=True),
        sa.Column("seen", sa.Date, nullable=False),
    )
    op.create_index("refused_by_day", "refused", ["seen", "reason", "procedure", "item_id"])
    connection = op.get_bind()
    count_all(connection)
    keep_all_decisions(connection)
