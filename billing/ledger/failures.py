"""What a database refused, as one sentence for a person that names no address and no password."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from sqlalchemy.exc import DBAPIError, OperationalError

from billing.ledger.patience import PATIENCE_SECONDS

BUSY_SECONDS = 30
"""How long a writer waits for the other writers before it gives up."""

BUSY = f"the ledger was busy for over {BUSY_SECONDS} s: end the other run, then try again."
_AWAY = (
    "the ledger's database cannot be reached: see that its server runs and the network reaches it."
)
_CUT = "the connection to the ledger's database was cut: nothing was half-written; try again."
_FULL = "the disk is full: make room, then run again; nothing was half-written."
_DAMAGED = "the ledger's database is damaged: restore it from a backup."
_REFUSED = "the ledger's database refused its user or password: correct ledger_url."
_NO_DATABASE = "the ledger's database is not there: create it, or correct ledger_url."
_NOT_ALLOWED = "the ledger's database user may not do that: make it the owner of its database."
_READ_ONLY = "the ledger's database can only be read (a standby?): let ledger_url name the primary."
_NUL = "text with a NUL character cannot be kept: remove it from the file it came from."


def passes(error: DBAPIError) -> bool:
    """Whether the database is only away, or kept by others, for what may be a moment."""
    said, state = str(error.orig), getattr(error.orig, "sqlstate", None)
    if isinstance(error.orig, sqlite3.Error):
        return "locked" in said.lower()
    if state is not None:
        return state.startswith("08") or state in _PASSING
    if "FATAL" in said:  # refused at the door, which a wrong password is too
        return any(words in said for words in _AT_THE_DOOR)
    if _by_words(said.lower(), _CONNECTING) is not None:
        return False
    return error.connection_invalidated or isinstance(error, OperationalError)


def what_is_away(error: DBAPIError) -> str:
    """What to say of a database that does not come back."""
    if isinstance(error.orig, sqlite3.Error) or getattr(error.orig, "sqlstate", "") == "55P03":
        return BUSY
    return (
        f"the ledger's database has not answered for {PATIENCE_SECONDS} seconds: see that it runs "
        "and can be reached, then run the same command again."
    )


def what_failed(error: DBAPIError) -> str:
    """What to say of anything else that the database refused."""
    said, state = str(error.orig).lower(), getattr(error.orig, "sqlstate", None)
    if isinstance(error.orig, sqlite3.Error):
        sentence = _by_words(said, _SQLITE)
    else:
        sentence = _by_state(state) if state else _by_words(said, _CONNECTING)
    return sentence or (
        f"the ledger's database refused ({type(error.orig).__name__}): run the doctor."
    )


def _by_words(said: str, sentences: Mapping[str, str]) -> str | None:
    return next((sentence for words, sentence in sentences.items() if words in said), None)


def _by_state(state: str) -> str | None:
    return _STATES.get(state) or _STATES.get(state[:2])


_PASSING = (
    "25P03",  # idle in transaction
    "40001",  # another was first
    "40P01",  # deadlock
    "53300",  # too many connections
    "55P03",  # lock not available
    "57P01",  # shut down by its operator
    "57P02",  # shut down by a crash of another session
    "57P03",  # starting up
)
_AT_THE_DOOR = ("starting up", "shutting down", "recovery", "too many", "remaining connection")

_SQLITE = {
    "not a database": "the file ledger.sqlite is not a database: restore it from a backup.",
    "malformed": _DAMAGED,
    "disk is full": _FULL,
    "locked": BUSY,
    "readonly": "the ledger's database cannot be written: check its owner and permissions.",
    "unable to open": "the ledger's database cannot be opened: check its owner and permissions.",
    "disk i/o error": "the disk failed under the ledger's database: check the disk.",
}

# What a server says before it lets anyone in carries no code, and is in its own language.
_CONNECTING = {
    "authentication failed": _REFUSED,
    "no password supplied": _REFUSED,
    "pg_hba.conf": _REFUSED,
    "role ": _REFUSED,
    "database ": _NO_DATABASE,
    "certificate": "the certificate of the ledger's database is not the one expected: see to TLS.",
    "ssl": "the ledger's database and ledger_url disagree on TLS: correct sslmode.",
    "nul (0x00)": _NUL,
}

_STATES = {
    "22021": _NUL,
    "25006": _READ_ONLY,
    "28": _REFUSED,
    "3D000": _NO_DATABASE,
    "42501": _NOT_ALLOWED,
    "53100": _FULL,
    "57014": "the ledger's database gave up a question that took too long: run the doctor.",
    "58030": "the disk failed under the ledger's database: check the disk.",
    "XX001": _DAMAGED,
    "XX002": _DAMAGED,
}
