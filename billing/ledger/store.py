"""The ledger as a whole, and how one is opened."""

from __future__ import annotations

from pathlib import Path

from billing.ledger.accounts import Accounts
from billing.ledger.alerts import Alerts
from billing.ledger.audit import Audit
from billing.ledger.backup import BackedUp
from billing.ledger.bank_files import BankFiles
from billing.ledger.batch_parts import BatchParts
from billing.ledger.case_deeds import CaseDeeds
from billing.ledger.case_history import CaseHistory
from billing.ledger.cases import Cases
from billing.ledger.database import Database
from billing.ledger.decisions import Decisions
from billing.ledger.evidence import EVIDENCE_FOLDER
from billing.ledger.expiry import Expiry
from billing.ledger.forgetting import Forgetting
from billing.ledger.history import History
from billing.ledger.items import Work
from billing.ledger.keys import Wrappings
from billing.ledger.nights import Nights
from billing.ledger.opening import connect
from billing.ledger.patience import LedgerError
from billing.ledger.patients import Patients
from billing.ledger.people import People
from billing.ledger.reports import Reports
from billing.ledger.restored import RestoredLedger
from billing.ledger.runs import Runs
from billing.ledger.saved_views import SavedViews
from billing.ledger.shelf_care import ShelfCare
from billing.ledger.shelves import FolderShelf, Shelf
from billing.ledger.sign_ins import SignIns
from billing.ledger.soundness import Soundness
from billing.ledger.sweep_pages import SweepPages
from billing.ledger.taking_up import TakingUp
from billing.ledger.tokens import Tokens
from billing.ledger.upgrade import bring_up
from billing.ledger.visits import Visits
from billing.ledger.web_sessions import WebSessions


class Ledger(
    Forgetting,
    Expiry,
    Soundness,
    ShelfCare,
    BackedUp,
    Visits,
    Work,
    Accounts,
    Decisions,
    CaseHistory,
    BatchParts,
    RestoredLedger,
    BankFiles,
    Reports,
    SweepPages,
    History,
    TakingUp,
    Cases,
    CaseDeeds,
    SavedViews,
    Patients,
    People,
    Tokens,
    Runs,
    WebSessions,
    SignIns,
    Nights,
    Alerts,
    Audit,
    Database,
):
    """Everything the suite remembers; made by :func:`open_ledger`. May be shared by threads."""


def open_ledger(
    home: Path,
    url: str | None = None,
    *,
    shelf: Shelf | None = None,
    wrappings: Wrappings | None = None,
) -> Ledger:
    """Open the ledger in ``home``, or make a new one there: database and evidence folder.

    A home that is made here, or is empty, is closed to other users; the database file always is.
    ``url`` puts the database elsewhere (PostgreSQL), ``shelf`` the evidence; ``wrappings``
    gives what keeps the keys that evidence is sealed with, which is in clear without. Raises
    ClaimsweepError when the home cannot be written, or what lies there is not a ledger, is
    damaged, or is newer than this program.
    """
    try:
        if not home.exists():
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
        elif home.is_dir() and not any(home.iterdir()):
            home.chmod(0o700)
        if shelf is None:
            shelf = FolderShelf(home / EVIDENCE_FOLDER)
            shelf.prepare()
    except OSError as error:
        raise LedgerError(
            f"{home} cannot be used as the ledger's home ({error.strerror}): choose another home."
        ) from None
    return Ledger(home, connect(home, url, bring_up), shelf, wrappings)
