"""Counts of cases and payers' decisions are kept, and weighing changes fewer indexes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from alembic import op

from billing.ledger.case_counts import count_all
from billing.ledger.column_types import Exact, Integer, String
from billing.ledger.decisions import keep_all_decisions

revision = "0002"
down_revision = "0001"

_ANEW: Mapping[str, Sequence[str | sa.TextClause]] = {
    "cases_by_weighing": ["state", "priority_on", sa.text("priority DESC")],
    "cases_by_dollars": ["state", sa.text("dollars DESC")],
}


def upgrade() -> None:
    """Make the tables, fill them with what an earlier ledger holds, and make two indexes anew."""
    for name, columns in _ANEW.items():
        op.drop_index(name, "cases")
        op.create_index(name, "cases", columns)
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
