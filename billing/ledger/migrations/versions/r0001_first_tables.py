"""The tables that revisions began with; what an earlier ledger has of them stays."""

from __future__ import annotations

from alembic import op

from billing.ledger.migrations import make_first_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them."""
    make_first_tables(op.get_bind())
