"""The Medicare contractor's portal and its mailbox, answering on a thread of their own."""

from __future__ import annotations

import imaplib
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

import httpx
import uvicorn
from mailbox_server import imap_of
from portal_clients import SetClock
from portal_worlds import open_claim, paid_claim
from portal_worlds import payer as books

from sandbox.documents import draw
from sandbox.knobs import Knobs
from sandbox.mailbox import Mailbox
from sandbox.medicare_pages import PTAN
from sandbox.plans import PLANS, grant
from sandbox.portal_medicare import medicare_app
from sandbox.sessions import Account, make_account
from sandbox.world import Membership, OtherPayer, Payer, Person

READY_SECONDS = 30
PAYER_ID = "tri-rivers"
NAME = "Tri-Rivers Medicare Services"
SENDER = "no-reply@portal.tri-rivers.example"
OLWEN = Person("Olwen", "Castlebury", "R", date(1948, 2, 29), "1SA4TE5MK72")
DOWN, DOWN_ONCE = "5SC1XX0XX01", "5SC1XX0XX02"
PAID, WAITING = "1126160000001", "1126181000003"


def medicare_books() -> Payer:
    """One beneficiary with three claims, two of them decided, and her cover."""
    day = date(2026, 6, 1)
    claims = [
        paid_claim(PAID, "ENC4000001", OLWEN, day, "Processed"),
        paid_claim("1126167000002", "ENC4000002", OLWEN, day + timedelta(days=7), "Processed"),
        open_claim(WAITING, "ENC4000003", OLWEN, day + timedelta(days=30), "Pending"),
    ]
    payer = books(PAYER_ID, NAME, claims, DOWN, DOWN_ONCE)
    first = OtherPayer("Harrow Mills Employees Plan", "HM-4471", primary=True)
    after = OtherPayer("Blue Heron Mutual", "BH-90", primary=False)
    (plan,) = (one for one in PLANS[PAYER_ID] if "Parts A and B" in one.name)
    cover = Membership(
        OLWEN, plan.name, date(2013, 2, 1), None, grant(Random(3), plan), (first, after)
    )
    payer.members[OLWEN.member_id] = (cover,)
    return payer


@dataclass(frozen=True, slots=True)
class Medicare:
    """A portal that answers, and everything a test turns or looks at."""

    payer: Payer
    account: Account
    mailbox: Mailbox
    knobs: Knobs
    clock: SetClock
    address: str
    imap_port: int

    def secrets(self) -> dict[str, str]:
        """What a bot needs to come in."""
        return {
            "username": self.account.username,
            "password": self.account.password,
            "mailbox": self.mailbox.address(self.imap_port),
        }

    def counters(self) -> dict[str, int]:
        """What was done to the portal so far."""
        return dict(httpx.get(f"{self.address}/sandbox/counters").json())

    def newest_code(self) -> str:
        """The code of the newest mail, as a person would look it up."""
        with imaplib.IMAP4("127.0.0.1", self.imap_port, timeout=10) as client:
            client.login(self.mailbox.username, self.mailbox.password)
            client.select("INBOX", readonly=True)
            _, found = client.search(None, "FROM", SENDER)
            _, parts = client.fetch(found[0].split()[-1].decode(), "(BODY.PEEK[TEXT])")
        return re.findall(rb"\b(\d{6})\b", parts[0][1])[0].decode()


@contextmanager
def medicare(payer: Payer, *, seed: int = 7, delay: float = 0.0) -> Iterator[Medicare]:
    """The portal over ``payer`` and its mailbox."""
    clock, knobs = SetClock(), Knobs()
    account = make_account(seed, PAYER_ID)
    app = medicare_app(
        payer,
        account,
        document=lambda trace: draw(PAYER_ID, payer.remittances[trace]),
        clock=clock,
        delay=delay,
        knobs=knobs,
    )
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, lifespan="off", log_level="warning", access_log=False)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        httpx.get(f"{address}/sandbox/counters", timeout=READY_SECONDS).raise_for_status()
        with imap_of(app.state.mailbox) as port:
            yield Medicare(payer, account, app.state.mailbox, knobs, clock, address, port)
    finally:
        server.should_exit = True
        thread.join(READY_SECONDS)
        listener.close()


INQUIRY = {
    "taxId": "001234567",
    "npi": "1098765430",
    "ptan": PTAN,
    "program": "Part B",
    "medicareNumber": OLWEN.member_id,
    "lastName": OLWEN.last.upper(),
    "firstName": OLWEN.first,
    "birthDate": f"{OLWEN.birth:%m/%d/%Y}",
}


class Visitor:
    """A browser without scripts, at one portal."""

    def __init__(self, portal: Medicare) -> None:
        self.portal = portal
        self.http = httpx.Client(base_url=portal.address, follow_redirects=True, timeout=20)

    def get(self, path: str) -> str:
        return self.http.get(path).text

    def post(self, path: str, **form: str) -> str:
        return self.http.post(path, data=form).text

    def log_in(self) -> str:
        self.get("/login")
        account = self.portal.account
        return self.post("/login", userId=account.username, password=account.password)

    def enter(self) -> str:
        assert "How would you like" in self.log_in()
        self.post("/login/method", method="email")
        return self.post("/login/code", code=self.portal.newest_code())

    def inside(self) -> Visitor:
        self.enter()
        assert "Welcome" in self.post("/login/acknowledgement", answer="accept")
        return self

    def search(self) -> str:
        return self.post("/claims", **INQUIRY)
