"""Three machines with a Prefect worker each sweep three portals together, as they are deployed.

One dies, one loses its network, the database restarts, and the answers are those of the key.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from bucket_server import bucket_server
from conftest import PROJECT, start_sandbox, stop_sandbox
from machines import NETWORK, Machine, about_noon, machines_can_be, prefect_server
from postgres_server import PostgresServer, postgres_server
from sweeping import Desk, differences, new_desk

from flows.scheduled import TABLE

pytestmark = [pytest.mark.usefixtures("browser_executable"), pytest.mark.slow]

PAYERS = ("juniper-ridge", "franklin-medicaid", "blue-mesa")
AHEAD = timedelta(minutes=3)  # for deploying; a worker that is there later finds its run waiting
DEADLINE = 900.0


@dataclass
class Together:
    """Machines with one ledger, one bucket and one desk; ``marks`` are the instants of events.

    ``roles`` are the machine that is killed, which has the first hand of the sweep, the one that
    is cut off, and the one that goes on.
    """

    desk: Desk
    server: PostgresServer
    machines: dict[str, Machine]
    orchestrator: Path
    marks: dict[str, float] = field(default_factory=dict)
    roles: list[Machine] = field(default_factory=list)

    def ask(self, statement: str) -> list[tuple[object, ...]]:
        return self.server.execute(statement)

    def holders(self) -> dict[str, str]:
        """Which machine holds which payer's account, or hand of the sweep."""
        rows = self.ask("SELECT account, owner FROM accounts WHERE owner IS NOT NULL")
        return {str(account): str(owner).split("/")[0] for account, owner in rows}

    def accounts(self) -> dict[str, str]:
        """Which payer's account each machine holds."""
        return {name: payer for payer, name in self.holders().items() if payer in PAYERS}

    def settled(self, *payers: str) -> int:
        rows = self.ask("SELECT payer FROM items WHERE state NOT IN ('pending', 'leased')")
        return sum(payer in (payers or PAYERS) for (payer,) in rows)

    def runs(self) -> dict[str, str]:
        """How each machine's run of the sweep ended, "" before."""
        rows = self.ask("SELECT owner, coalesce(ended, '') FROM runs WHERE what = 'scheduled'")
        return {str(owner).split("/")[0]: str(ended) for owner, ended in rows}

    def until(self, what: str, happened: Callable[[], bool]) -> None:
        """Wait for it, and mark when it was."""
        deadline = time.monotonic() + DEADLINE
        while not happened():
            assert time.monotonic() < deadline, f"{what} did not happen: {self.stands()}"
            time.sleep(0.2)
        self.mark(what)

    def stands(self) -> str:
        said = "\n".join(f"{m.name}: {m.said()[-1500:]}" for m in self.machines.values())
        return f"{self.holders()} {self.runs()} {self.settled()} settled\n{said}"

    def mark(self, what: str) -> None:
        self.marks[what] = time.monotonic()
        since = self.marks[what] - next(iter(self.marks.values()))
        sys.stderr.write(f"{since:6.1f} s  {what}\n")

    def at_work(self, machine: Machine) -> bool:
        """Whether the machine has an account and has settled some claims of it, but not all."""
        account = self.accounts().get(machine.name)
        return account is not None and 0 < self.settled(account) < self.desk.sandbox.claims - 1


@pytest.fixture(scope="module")
def together(many_claims: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Together]:
    """The three machines, swept to the end through every fault."""
    if not machines_can_be():
        pytest.skip("machines of their own networks take root on Linux, and iproute2")
    folder = tmp_path_factory.mktemp("many")
    sandbox, portals = start_sandbox(3, many_claims, ",".join(PAYERS), folder, delay=1.0)
    with ExitStack() as stack:
        stack.callback(stop_sandbox, portals)
        server = stack.enter_context(postgres_server(durable=False))
        bucket = stack.enter_context(bucket_server())
        orchestrator = stack.enter_context(prefect_server(folder / "prefect"))
        desk = new_desk(sandbox, folder / "desk")
        let_machines_in(server)
        settings = write_settings(desk, server.url, bucket.settings)
        environment = {
            **orchestrator,
            **bucket.environment,
            "CLAIMSWEEP_SECRET_CLAIMSWEEP_EVIDENCE_KEY": "k" * 44,
            "CLAIMSWEEP_SETTINGS": str(settings),
        }
        machines = {f"m{n}": Machine(n, folder / f"m{n}", environment) for n in (1, 2, 3)}
        those = Together(desk, server, machines, folder / "prefect")
        deploy(desk, environment)
        for machine in machines.values():
            stack.callback(machine.remove)
            machine.build()
            machine.start("unattended", "--worker")
        go_through_everything(those)
        yield those


def let_machines_in(server: PostgresServer) -> None:
    """The database takes its owner's password from machines too, as this one's it does."""
    with (server.folder / "data" / "pg_hba.conf").open("a", encoding="utf-8") as rules:
        rules.write(f"host all all {NETWORK} scram-sha-256\n")
    server.execute("SELECT pg_reload_conf()")


def write_settings(desk: Desk, ledger_url: str, evidence: str) -> Path:
    """The one settings file of all the machines; the sweep is due in some minutes."""
    now = datetime.now(UTC)
    zone = about_noon(now)
    due = now + AHEAD
    there = due + timedelta(hours=12 - now.hour)
    off = "".join(f'{one.name} = "off"\n' for one in TABLE if one.name != "sweep")
    settings = desk.folder / "settings.toml"
    settings.touch(0o600)
    settings.write_text(
        f'ledger_url = "{ledger_url}"\ntime_zone = "{zone}"\n'
        + desk.sandbox.settings.read_text("utf-8").partition("\n")[2]
        + f'\n{evidence}[unattended]\nexports = "{desk.folder / "exports"}"\nhands = 3\n'
        + "sessions_at_once = 1\n[unattended.at]\n"
        + f'sweep = "{there.minute} {there.hour} * * *"\n{off}',
        "utf-8",
    )
    return settings


def deploy(desk: Desk, environment: dict[str, str]) -> None:
    """As an operator does it, on whichever machine."""
    done = subprocess.run(
        [sys.executable, "-m", "flows", "deploy", "--pool", "claimsweep", "--type", "process"],
        cwd=PROJECT,
        env={**os.environ, **environment, "CLAIMSWEEP_HOME": str(desk.home)},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "sweep: made" in done.stdout


def go_through_everything(those: Together) -> None:
    """All begin; the database restarts; one is killed, one is cut off and comes back late."""
    those.mark("deployed")
    those.until("all at work", lambda: len(those.accounts()) == 3 and those.settled() >= 2)
    those.server.restart()
    those.mark("database back")
    before = those.settled()
    those.until("going on", lambda: those.settled() > before)
    first = those.machines[those.holders()["schedule sweep"]]
    second, third = (one for one in those.machines.values() if one is not first)
    those.roles = [first, second, third]
    those.until("the first hand at work", lambda: those.at_work(first))
    theirs = those.accounts()
    first.kill()
    those.mark("killed")
    second.lose_network()
    those.mark("cut off")
    for machine, what in ((first, "the dead one's"), (second, "the lost one's")):
        account = theirs[machine.name]
        those.until(f"{what} account taken over", lambda a=account, m=machine: taken(those, a, m))
    second.get_network_back()
    those.mark("network back")
    those.until("over", lambda: those.runs()[third.name] != "")


def taken(those: Together, account: str, machine: Machine) -> bool:
    """Whether another machine has the account, or all is settled already."""
    return those.holders().get(account) not in (None, machine.name) or (
        those.settled(account) == those.desk.sandbox.claims
    )


def test_the_answers_are_those_of_the_key(together: Together) -> None:
    _, _, third = together.roles
    assert together.runs()[third.name] == "done", third.said()[-3000:]
    (written,) = third.artifacts.glob("*/answers.json")
    answers = json.loads(written.read_text("utf-8"))
    assert differences(together.desk.truth(), answers) == []


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


def test_each_hand_of_the_sweep_had_a_machine_of_its_own(together: Together) -> None:
    hands = together.ask("SELECT about, owner FROM runs WHERE sweep_id IS NOT NULL")
    machines = {str(about): str(owner).split("/")[0] for about, owner in hands}
    assert sorted(machines) == ["sweep", "sweep/2", "sweep/3"]
    assert sorted(machines.values()) == sorted(together.machines)


def test_prefect_began_them_by_its_schedule_and_knows_how_the_last_one_ended(
    together: Together,
) -> None:
    database = together.orchestrator / "prefect" / "prefect.db"
    query = "SELECT parameters, state_name FROM flow_run WHERE auto_scheduled AND run_count > 0"
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        runs = [(json.loads(given), state) for given, state in connection.execute(query)]
    begun = {given["hand"]: state for given, state in runs if given["name"] == "sweep"}
    sys.stderr.write(f"hands, as Prefect knows them: {begun}\n")
    assert sorted(begun) == [1, 2, 3]
    assert "Completed" in begun.values()
