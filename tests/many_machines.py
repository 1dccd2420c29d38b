"""Three machines sweep three portals together; one dies, one loses its network, the database
restarts, and the answers are those of the key."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from bucket_server import BucketServer, bucket_server
from conftest import start_sandbox, stop_sandbox
from machines import Machine
from postgres_server import PostgresServer, postgres_server
from sweeping import Desk, differences, new_desk, read_answers

from billing.ledger import open_ledger

pytestmark = [pytest.mark.usefixtures("browser_executable"), pytest.mark.slow]

PAYERS = "juniper-ridge,franklin-medicaid,blue-mesa"
LEASE = 30  # seconds; long enough that a busy machine beats in time
DEADLINE = 600.0


@dataclass
class Together:
    """Machines with one ledger, one bucket and one desk; ``marks`` are the instants of events."""

    desk: Desk
    server: PostgresServer
    bucket: BucketServer
    machines: list[Machine]
    marks: dict[str, float] = field(default_factory=dict)

    def ask(self, statement: str) -> list[tuple[object, ...]]:
        return self.server.execute(statement)

    def holders(self) -> dict[str, str]:
        """Which machine holds which account."""
        rows = self.ask("SELECT account, owner FROM accounts WHERE owner IS NOT NULL")
        return {str(owner).split("/")[0]: str(account) for account, owner in rows}

    def settled(self, account: str | None = None) -> int:
        rows = self.ask("SELECT payer FROM items WHERE state NOT IN ('pending', 'leased')")
        return sum(account in (None, payer) for (payer,) in rows)

    def until(self, what: str, happened: Callable[[], bool]) -> None:
        """Wait for it, and mark when it was."""
        deadline = time.monotonic() + DEADLINE
        while not happened():
            said = "\n".join(f"{m.name}: {m.errors()[-1500:]}" for m in self.machines)
            assert time.monotonic() < deadline, f"{what} did not happen\n{said}"
            time.sleep(0.1)
        self.marks[what] = time.monotonic()
        sys.stderr.write(f"{what}\n")

    def at_work(self, machine: Machine) -> bool:
        """Whether the machine has an account and has settled some claims of it, but not all."""
        account = self.holders().get(machine.name)
        if account is None:
            return False
        done = self.settled(account)
        return 0 < done < self.desk.sandbox.claims - 1


@pytest.fixture(scope="module")
def database() -> Iterator[PostgresServer]:
    with postgres_server(durable=False) as server:
        yield server


@pytest.fixture(scope="module")
def together(
    database: PostgresServer, many_claims: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Together]:
    """The three machines, swept to the end through every fault."""
    folder = tmp_path_factory.mktemp("many")
    sandbox, process = start_sandbox(3, many_claims, PAYERS, folder, delay=1.0)
    try:
        with bucket_server() as bucket:
            desk = new_desk(sandbox, folder / "desk")
            machines = [Machine(f"m{n}", desk, folder / f"m{n}", LEASE) for n in (1, 2, 3)]
            those = Together(desk, database, bucket, machines)
            go_through_everything(those)
            yield those
    finally:
        stop_sandbox(process)


def go_through_everything(those: Together) -> None:
    """All begin; the database restarts; one is killed, one is cut off and comes back late."""
    keys = {"CLAIMSWEEP_SECRET_CLAIMSWEEP_EVIDENCE_KEY": "k" * 44, **those.bucket.environment}
    open_ledger(those.desk.home, those.server.url).close()  # its tables, before we look at them
    for machine in those.machines:
        machine.connect(those.server.url, those.bucket)
        machine.sweep(keys)
    those.until("all at work", lambda: len(those.holders()) == 3 and those.settled() >= 2)
    those.server.restart()
    those.marks["database back"] = time.monotonic()
    before = those.settled()
    those.until("going on", lambda: those.settled() > before)
    first, second, _ = those.machines
    those.until("m1 at work", lambda: those.at_work(first))
    theirs = those.holders()
    first.kill()
    those.marks["killed"] = time.monotonic()
    second.lose_network()
    those.marks["cut off"] = time.monotonic()
    for machine in (first, second):
        account = theirs[machine.name]
        those.until(f"{machine.name}'s taken over", lambda a=account, m=machine: taken(those, a, m))
    second.get_network_back()
    for machine in those.machines[1:]:
        assert machine.process is not None
        machine.process.wait(DEADLINE)
    those.marks["over"] = time.monotonic()


def taken(those: Together, account: str, machine: Machine) -> bool:
    """Whether another machine has the account, or all is settled already."""
    holder = {account: name for name, account in those.holders().items()}.get(account)
    return holder not in (None, machine.name) or (
        those.settled(account) == those.desk.sandbox.claims
    )


def test_the_answers_are_those_of_the_key(together: Together) -> None:
    machine = together.machines[2]
    assert machine.process is not None
    assert machine.process.returncode in (0, 1), machine.errors()[-3000:]
    document = json.loads(machine.said.read_text(encoding="utf-8"))
    assert differences(together.desk.truth(), read_answers(document)) == []


def test_no_claim_has_two_answers_and_no_posting_stands_twice(together: Together) -> None:
    claims = 3 * together.desk.sandbox.claims
    answers = together.ask("SELECT item_id, count(*) FROM conclusions GROUP BY item_id")
    assert len(answers) == claims
    assert {count for _, count in answers} == {1}
    postings = together.ask("SELECT unit, key, count(*) FROM postings GROUP BY unit, key")
    assert postings
    assert {count for _, _, count in postings} == {1}


def test_no_account_was_signed_in_twice_at_once_or_once_too_often(together: Together) -> None:
    fences = dict(together.ask("SELECT account, fence FROM accounts"))
    begun = Counter(str(a) for (a,) in together.ask("SELECT account FROM logins"))
    for payer, counted in together.desk.counters().items():
        assert counted["two_at_once"] == 0, payer
        assert counted["refusals"] == counted["locks"] == counted["writes"] == 0, payer
        assert counted["logins"] <= begun[payer], payer
        assert begun[payer] <= int(str(fences[payer])), "a login for each time it was taken"


def test_a_dead_machines_account_was_taken_within_its_lease_and_a_look(together: Together) -> None:
    marks = together.marks
    waited = max(marks["m1's taken over"], marks["m2's taken over"]) - marks["killed"]
    told = {name: round(at - marks["all at work"], 1) for name, at in marks.items()}
    assert waited < DEADLINE / 2, told
