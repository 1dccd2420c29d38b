"""The simulated clearinghouse on a thread of its own, and a client that speaks its API."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Self

import httpx
import pyotp
import uvicorn
from portal_clients import SetClock
from portal_worlds import ALONE, CHILD, DOWN, DOWN_ONCE, PARENT, open_claim, paid_claim, payer

from sandbox import eob_commercial
from sandbox.knobs import Knobs
from sandbox.portal_exchange import Generation, exchange_app
from sandbox.sessions import Account, make_account
from sandbox.world import Benefit, Membership, OtherPayer, Payer

READY_SECONDS = 30
ANSWER_SECONDS = 20
QUICK = 0.02  # of the 0-20 s that an inquiry takes
MESA = "Blue Mesa Health Plan"
FAMILY = "BMX000000101"
MOTHER, SON = (replace(person, member_id=FAMILY) for person in (PARENT, CHILD))
STRANGER = replace(ALONE, member_id="BMX000000202")
NUMBERS = [f"2026{n:03d}BM{n:06d}" for n in range(1, 32)]


def mesa() -> Payer:
    """A family with 28 paid claims of one year, one rejected, and one whose remittance is gone.

    Claim 4 was voided, and the last one is a stranger's. The parent's first plan ended with 2025.
    """
    start = date(2026, 1, 5)
    claims = [
        paid_claim(
            number,
            f"4{n:07d}",
            SON if n % 3 == 0 else MOTHER,
            start + timedelta(days=7 * n),
            "Finalized - Voided" if n == 4 else "Finalized - Paid",
        )
        for n, number in enumerate(NUMBERS[:28], 1)
    ]
    claims.append(
        open_claim(NUMBERS[28], "40000029", MOTHER, date(2026, 10, 1), "Rejected by payer")
    )
    claims.append(
        paid_claim(NUMBERS[29], "40000030", MOTHER, date(2026, 10, 9), "Finalized - Paid")
    )
    claims.append(
        paid_claim(NUMBERS[30], "40000031", STRANGER, date(2026, 5, 4), "Finalized - Paid")
    )
    made = payer("blue-mesa", MESA, claims, DOWN, DOWN_ONCE)
    kept = {trace: one for trace, one in made.remittances.items() if trace != "T0030"}
    visit = Benefit(
        "98",
        True,
        copay=Decimal("25.00"),
        deductible=Decimal("1500.00"),
        deductible_remaining=Decimal("320.55"),
    )
    away = Benefit("98", False, coinsurance=40, authorization_required=True)
    other = OtherPayer("Alder County Benefit Trust", "AC-5512", primary=True)
    plans = (
        Membership(MOTHER, "Mesa Bronze", date(2025, 1, 1), date(2025, 12, 31), (visit, away)),
        Membership(MOTHER, "Mesa Gold", date(2026, 1, 1), None, (visit, away), (other,)),
    )
    return replace(made, remittances=kept, members={FAMILY: plans})


def mesa_document(there: Payer, trace: str) -> bytes:
    """The PDF of one payment."""
    return eob_commercial.draw(there.remittances[trace])


@dataclass(frozen=True, slots=True)
class Exchange:
    """Where the clearinghouse answers, who may sign in, and what is wrong with it."""

    address: str
    account: Account
    knobs: Knobs

    def counters(self) -> dict[str, int]:
        """What was done to it so far."""
        return dict(httpx.get(f"{self.address}/sandbox/counters", timeout=ANSWER_SECONDS).json())


@contextmanager
def exchange(
    payer: Payer,
    document: Callable[[str], bytes],
    *,
    clock: SetClock | None = None,
    generation: Generation = 2,
    delay: float = QUICK,
) -> Iterator[Exchange]:
    """The clearinghouse with ``payer`` behind it, answering inside."""
    account, knobs = make_account(7, "exchange"), Knobs()
    app = exchange_app(
        payer,
        account,
        document=document,
        clock=clock or SetClock(),
        delay=delay,
        knobs=knobs,
        generation=generation,
    )
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            lifespan="off",
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=3,
        )
    )
    thread = threading.Thread(
        target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True
    )
    thread.start()
    try:
        deadline = time.monotonic() + READY_SECONDS
        while not server.started:
            assert time.monotonic() < deadline, "the clearinghouse did not start"
            time.sleep(0.01)
        yield Exchange(f"http://127.0.0.1:{listener.getsockname()[1]}", account, knobs)
    finally:
        server.should_exit = True
        thread.join(READY_SECONDS)


class Client:
    """A browser without pages: it keeps the cookie and speaks JSON."""

    def __init__(self, there: Exchange) -> None:
        self.there = there
        self.http = httpx.Client(base_url=there.address, timeout=ANSWER_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def post(self, path: str, **given: str) -> dict[str, Any]:
        return dict(self.http.post(path, json=given).json())

    def password(self, password: str | None = None) -> dict[str, Any]:
        account = self.there.account
        return self.post(
            "/api/login", userId=account.username, password=password or account.password
        )

    def code(self, *, steps_ahead: int = 0, code: str | None = None) -> dict[str, Any]:
        made = pyotp.TOTP(self.there.account.totp).at(int(time.time()) + 30 * steps_ahead)
        return self.post("/api/login/verify", code=code or made)

    def mailed(self) -> str:
        """The newest code in the simulated mailbox."""
        (*_, newest) = self.http.get("/sandbox/mailbox/messages.json").json()
        return str(newest["text"].removesuffix(".").rpartition(" ")[2])

    def sign_in(self, *, steps_ahead: int = 0) -> Client:
        assert self.password()["next"] == "method"
        assert self.post("/api/login/method", method="app") == {"next": "verify"}
        assert self.code(steps_ahead=steps_ahead) == {"next": "home"}
        return self

    def ask(self, kind: str, **given: str) -> dict[str, Any]:
        """An inquiry's answer, polled for."""
        started = self.http.post(f"/api/{kind}-inquiries", json=given)
        assert started.status_code == 202, started.text
        path = f"/api/inquiries/{started.json()['inquiry']}"
        deadline = time.monotonic() + ANSWER_SECONDS
        while (answer := self.http.get(path).json()).get("state") == "working":
            assert time.monotonic() < deadline
        return dict(answer)

    def claims(self, member: str, first: str, last: str) -> dict[str, Any]:
        return self.ask(
            "claim-status", memberId=member, birth="04/09/1981", **{"from": first, "to": last}
        )
