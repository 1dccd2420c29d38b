"""An account has one live session, whoever works with it; the portal's own counter proves it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from portal_clients import Medicaid, SetClock, answering
from portal_worlds import small_world

from billing.ledger import Ledger, open_ledger
from sandbox.portal_medicaid import LOG_OUT
from sandbox.serve import Portals

WORKERS = ("one", "other")
DEADLINE = 120
ALONE_SECONDS = 2  # a worker with the lease waits so long for company that cannot come


@contextmanager
def leased(ledger: Ledger, owner: str) -> Iterator[None]:
    """The account, once the other has let it go."""
    again = threading.Event()
    for _ in range(DEADLINE * 20):
        fence = ledger.lease_account("franklin-medicaid", owner, seconds=DEADLINE)
        if fence is not None:
            break
        again.wait(0.05)
    assert fence is not None, "the other never let it go"
    try:
        yield
    finally:
        ledger.release_account("franklin-medicaid", owner, fence)


def sessions(home: Path, *, lease: bool) -> dict[str, int]:
    """What the portal counted while two workers, each with a connection to the ledger of its own,
    signed in, met if they could, asked and signed out."""
    both_inside = threading.Barrier(len(WORKERS))
    door = threading.Lock()
    failed: list[BaseException] = []

    def work(portals: Portals, owner: str) -> None:
        try:
            with ExitStack() as stack:
                ledger = open_ledger(home)
                stack.callback(ledger.close)
                if lease:
                    stack.enter_context(leased(ledger, owner))
                worker = stack.enter_context(Medicaid(portals))
                with door:  # a login that another one breaks off in the middle is not the question
                    worker.enter()
                with suppress(threading.BrokenBarrierError):
                    both_inside.wait(ALONE_SECONDS if lease else DEADLINE)
                worker.http.get("/ClaimInquiry.aspx")  # whoever was thrown out is told so here
                worker.http.post(worker.path, data=worker.hidden | {"__EVENTTARGET": LOG_OUT})
        except BaseException as error:  # told by the test, not by a thread
            failed.append(error)

    open_ledger(home).close()
    with answering(small_world(), SetClock(), delay=0) as portals:
        threads = [threading.Thread(target=work, args=(portals, one)) for one in WORKERS]
        for one in threads:
            one.start()
        for one in threads:
            one.join(DEADLINE)
        with Medicaid(portals) as looker:
            counted = looker.counters()
    assert failed == []
    assert counted["logins"] == len(WORKERS)
    return counted


def test_two_workers_with_the_lease_are_never_signed_in_at_once(tmp_path: Path) -> None:
    counted = sessions(tmp_path / "home", lease=True)
    assert (counted["two_at_once"], counted["concurrent_sessions"]) == (0, 0)


def test_the_portal_sees_two_workers_without_the_lease(tmp_path: Path) -> None:
    counted = sessions(tmp_path / "home", lease=False)
    assert counted["two_at_once"] > 0
    assert counted["concurrent_sessions"] == 1
