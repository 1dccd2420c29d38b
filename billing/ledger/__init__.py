"""The memory: what was asked, answered, proposed and proved, in one database and one folder."""

from billing.ledger.accounts import BegunLogin, LoginStanding
from billing.ledger.alerts import KeptAlert, Weighed
from billing.ledger.audit import AuditEntry
from billing.ledger.batches import Act, Batch, BatchState, HeldBack
from billing.ledger.copying import copy_ledger
from billing.ledger.evidence import EvidenceDamaged, EvidenceLocked, EvidenceMissing
from billing.ledger.forgetting import EvidenceForgotten
from billing.ledger.items import WorkItem
from billing.ledger.nights import Night, Tally
from billing.ledger.owners import end_owner, living_process, owner_is_dead, owner_name
from billing.ledger.patience import LedgerAway, LedgerError
from billing.ledger.runs import Run, RunState
from billing.ledger.store import Ledger, open_ledger
from billing.ledger.sweeps import Progress, SweepStart, SweptExport
from billing.ledger.visits import AskedVisit, KeptAnswer, VisitItem

__all__ = [
    "Act",
    "AskedVisit",
    "AuditEntry",
    "Batch",
    "BatchState",
    "BegunLogin",
    "EvidenceDamaged",
    "EvidenceForgotten",
    "EvidenceLocked",
    "EvidenceMissing",
    "HeldBack",
    "KeptAlert",
    "KeptAnswer",
    "Ledger",
    "LedgerAway",
    "LedgerError",
    "LoginStanding",
    "Night",
    "Progress",
    "Run",
    "RunState",
    "SweepStart",
    "SweptExport",
    "Tally",
    "VisitItem",
    "Weighed",
    "WorkItem",
    "copy_ledger",
    "end_owner",
    "living_process",
    "open_ledger",
    "owner_is_dead",
    "owner_name",
]
