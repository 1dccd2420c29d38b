"""Observations of one claim, from every channel, become one conclusion with proposed postings."""

from billing.reconcile.background import Background
from billing.reconcile.conclusion import conclude
from billing.reconcile.postings import propose_postings

__all__ = ["Background", "conclude", "propose_postings"]
