"""Observations of one claim, from every channel, become one conclusion with proposed postings."""

from billing.reconcile.conclusion import conclude
from billing.reconcile.postings import propose_postings

__all__ = ["conclude", "propose_postings"]
