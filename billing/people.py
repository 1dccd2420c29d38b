"""Who works at the console: their roles, and what each role may do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum


class Role(IntEnum):
    """What a person may do; each may do all that the ones before it may.

    A VIEWER reads; a BILLER decides about claims; a LEAD approves and exports batches and runs
    bots; an ADMINISTRATOR keeps accounts, tokens and profiles.
    """

    VIEWER = 1
    BILLER = 2
    LEAD = 3
    ADMINISTRATOR = 4

    @property
    def word(self) -> str:
        """As people and the ledger spell it: ``biller``."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the console. ``name`` is what they sign in with, ``local`` whether by password
    here, ``second_factor`` whether a one-time code is asked for besides."""

    user_id: str
    name: str
    role: Role
    active: bool
    local: bool
    second_factor: bool
    made_at: datetime
