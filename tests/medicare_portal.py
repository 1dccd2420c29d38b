"""The Medicare contractor's portal and its mailbox on a thread, and a browser without scripts."""

from __future__ import annotations

import asyncio
import imaplib
import re
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Self, TypeVar
from urllib.parse import quote

import httpx
import uvicorn
from lxml import html
from portal_clients import SetClock
from portal_worlds import open_claim, paid_claim
from portal_worlds import payer as books

from sandbox.documents import draw
from sandbox.imap import open_imap
from sandbox.knobs import Knobs
from sandbox.mailbox import Mailbox, make_mailbox
from sandbox.portal_medicare import medicare_app
from sandbox.sessions import Account, make_account
from sandbox.world import Benefit, Membership, OtherPayer, Payer, Person

T = TypeVar("T")
READY_SECONDS = 30
ANSWER_SECONDS = 20
PAYER_ID = "tri-rivers"
NAME = "Tri-Rivers Medicare Services"
SENDER = "no-reply@portal.tri-rivers.example"
OLWEN = Person("Olwen", "Castlebury", "R", date(1948, 2, 29), "1SA4TE5MK72")
MERGED = Person("Ferrand", "O'Hallow", "", date(1941, 7, 8), "3SB2RD7QN11")
DOWN, DOWN_ONCE = "5SC1XX0XX01", "5SC1XX0XX02"


def medicare_books() -> Payer:
    """One beneficiary with four claims (paid, denied, waiting, another's) and her cover."""
    day = date(2026, 6, 1)
    claims = [
        paid_claim("1126160000001", "ENC4000001", OLWEN, day, "Processed"),
        paid_claim("1126167000002", "ENC4000002", OLWEN, day + timedelta(days=7), "Processed"),
        open_claim("1126181000003", "ENC4000003", OLWEN, day + timedelta(days=30), "Pending"),
    ]
    payer = books(PAYER_ID, NAME, claims, DOWN, DOWN_ONCE)
    benefits = (
        Benefit(
            "48", in_network=True, deductible=_usd("1736.00"), deductible_remaining=_usd("0.00")
        ),
        Benefit(
            "30",
            in_network=True,
            coinsurance=20,
            deductible=_usd("283.00"),
            deductible_remaining=_usd("41.50"),
        ),
    )
    first = OtherPayer("Harrow Mills Employees Plan", "HM-4471", primary=True)
    after = OtherPayer("Blue Heron Mutual", "BH-90", primary=False)
    begins = date(2013, 2, 1)
    cover = Membership(OLWEN, "Original Medicare", begins, None, benefits, (first, after))
    payer.members[OLWEN.member_id] = (cover,)
    return payer
