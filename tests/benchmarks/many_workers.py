"""How claims a second grow with the workers of one PostgreSQL, whose portals answer slowly.

A worker does to the ledger what a session does for each claim, and waits as long as its portal
would take; no browser runs, so that the cores of this machine are not the limit. Run it by
``make growth``; ``--wait`` is the portal's time in seconds.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ledger_samples import NOW, begin, claim, conclusion, paid, payment
from postgres_server import PostgresServer, postgres_server

from billing.ledger import open_ledger, owner_name
from billing.model import Outcome

PROCESSES = get_context("forkserver")
PAGES = 3
PAGE_BYTES = 30_000


def ask(home: Path, url: str, payer: str, wait: float) -> None:
    """One worker's session: every claim of its payer, as flows/account_session.py does it."""
    ledger, owner, chance = open_ledger(home, url), owner_name(), random.Random()
    fence = ledger.lease_account(payer, owner, seconds=120)
    assert fence is not None
    while ledger.has_work("night", payer):
        item = ledger.lease_item("night", payer, owner, seconds=120)
        if item is None:
            break
        time.sleep(wait)
        pages = [ledger.store(chance.randbytes(PAGE_BYTES), "text/html") for _ in range(PAGES)]
        ledger.settle(
            item.item_id,
            item.fence,
            observations=[paid(pages[0]), paid(pages[1])],
            conclusion=conclusion(Outcome.PAID, None, pages[0]),
            postings=[payment(item.claim.claim_id)],
            seconds=Decimal(1),
            at=NOW,
        )
        ledger.renew_account(payer, owner, fence, seconds=120)
    ledger.release_account(payer, owner, fence)
    ledger.close()


def measure(server: PostgresServer, workers: int, claims: int, wait: float) -> dict[str, float]:
    """The figures of one run: so many workers, a payer of so many claims each."""
    name = server.new_database()
    url, home = server.url_of(name), Path(tempfile.mkdtemp(prefix="many-"))
    ledger = open_ledger(home, url)
    size = "SELECT pg_database_size(current_database())"
    rows = [claim(n, payer=f"payer-{n % workers}") for n in range(workers * claims)]
    empty = int(str(server.execute(size, name)[0][0]))
    begin(ledger, claims=rows)
    running = [
        PROCESSES.Process(target=ask, args=(home, url, f"payer-{n}", wait)) for n in range(workers)
    ]
    begun = time.monotonic()
    for one in running:
        one.start()
    for one in running:
        one.join()
    seconds = time.monotonic() - begun
    assert ledger.progress("night").answered == workers * claims
    server.execute("VACUUM", name)
    grown = int(str(server.execute(size, name)[0][0])) - empty
    return {
        "workers": workers,
        "claims": workers * claims,
        "seconds": round(seconds, 1),
        "claims_a_second": round(workers * claims / seconds, 2),
        "seconds_a_claim_and_worker": round(seconds / claims, 3),
        "ledger_bytes_a_claim": round(grown / (workers * claims)),
    }


def writes_a_second(server: PostgresServer, seconds: float) -> float:
    """How many write transactions one connection after another gets through the one lock."""
    ledger = open_ledger(
        Path(tempfile.mkdtemp(prefix="many-")), server.url_of(server.new_database())
    )
    fence = ledger.lease_account("acme", "me", seconds=60) or 0
    done, begun = 0, time.monotonic()
    while time.monotonic() - begun < seconds:
        ledger.renew_account("acme", "me", fence, seconds=60)
        done += 1
    return round(done / (time.monotonic() - begun))


def main() -> None:
    """Print the figures, a JSON document a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--claims", type=int, default=30, help="of each worker's payer")
    parser.add_argument("--wait", type=float, default=2.0, help="a portal's time for a claim")
    given = parser.parse_args()
    with postgres_server() as server:
        sys.stdout.write(json.dumps({"writes_a_second": writes_a_second(server, 5)}) + "\n")
        for workers in range(1, given.workers + 1):
            found = measure(server, workers, given.claims, given.wait)
            sys.stdout.write(json.dumps(found) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
