"""What workers of several machines may do to each other through one ledger: nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
import time_machine
from bucket_server import Wire, free_port
from ledger_samples import NOW, begin, claim, conclusion, paid, payment
from postgres_server import PostgresServer

import flows.account_session
from billing.errors import AccountBusy, StopAccount
from billing.ledger import (
    Ledger,
    LedgerError,
    failures,
    open_ledger,
    owner_is_dead,
    owner_name,
    patience,
)
from billing.model import Outcome
from flows.account_session import _held
from flows.login_book import AccountBook

HOURS = timedelta(hours=13)
HERE, THERE = "here/b1/n1:10:1-a", "there/b2/n1:10:1-b"


@pytest.fixture
def ledger(postgres_url: str, tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(tmp_path / "home", postgres_url)
    begin(opened, claims=[claim(n) for n in (1, 2, 3)])
    yield opened
    opened.close()


@contextmanager
def clock_off_by(amount: timedelta) -> Iterator[None]:
    """This machine's clock is wrong inside."""
    with time_machine.travel(datetime.now(UTC) + amount):
        yield


def settle(ledger: Ledger, item_id: int, fence: int, sha256: str | None = None) -> bool:
    sha256 = sha256 or ledger.store(b"%PDF page", "application/pdf")
    return ledger.settle(
        item_id,
        fence,
        observations=[paid(sha256), paid(sha256)],
        conclusion=conclusion(Outcome.PAID, None, sha256),
        postings=[payment(f"C{item_id:05}")],
        seconds=Decimal(1),
        at=NOW,
    )


@pytest.mark.parametrize("amount", [HOURS, -HOURS])
def test_a_worker_whose_clock_is_wrong_steals_nothing_and_loses_nothing(
    ledger: Ledger, amount: timedelta
) -> None:
    assert ledger.lease_account("acme", HERE, seconds=60) == 1
    item = ledger.lease_item("night-1", "acme", HERE, seconds=60)
    assert item is not None
    with clock_off_by(amount):
        assert ledger.lease_account("acme", THERE, seconds=60) is None
        other = ledger.lease_item("night-1", "acme", THERE, seconds=60)
        assert other is not None
        assert other.item_id != item.item_id
        assert ledger.account_held("acme") is not None
        assert ledger.lease_account("zenith", THERE, seconds=60) == 1
        assert ledger.renew_account("zenith", THERE, 1, seconds=60)
    assert ledger.lease_account("zenith", HERE, seconds=60) is None
    assert ledger.renew_account("acme", HERE, 1, seconds=60)
    assert settle(ledger, item.item_id, item.fence)


def test_a_clock_that_is_asked_instead_would_steal(ledger: Ledger) -> None:
    """The control: leases judged by the machine's own clock."""
    assert ledger.lease_account("acme", HERE, seconds=60) == 1
    with clock_off_by(HOURS):
        assert ledger.lease_account("acme", THERE, seconds=60, now=datetime.now(UTC)) == 2


def test_a_worker_whose_clock_is_a_night_ahead_spends_no_login(ledger: Ledger) -> None:
    book = AccountBook(ledger, "acme", 5)
    book.attempt()
    book.result(accepted=False)
    with clock_off_by(HOURS):
        assert abs(book.now() - ledger.now()) < timedelta(minutes=5)
        with pytest.raises(StopAccount):
            AccountBook(ledger, "acme", 5).attempt()
    assert ledger.login_standing("acme").spent == 1


def test_what_a_worker_settles_after_it_lost_its_lease_is_refused(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = ledger.lease_item("night-1", "acme", HERE, seconds=600)
    assert late is not None
    assert ledger.take_over("night-1", "acme", THERE) == 1
    assert not settle(ledger, late.item_id, late.fence)
    now = ledger.lease_item("night-1", "acme", THERE, seconds=600)
    assert now is not None
    assert now.item_id == late.item_id or now.attempts == 1
    assert ledger.renew_work("night-1", "acme", HERE, seconds=600) == 0
    assert ledger.renew_work("night-1", "acme", THERE, seconds=600) == 1
    assert not settle(ledger, now.item_id, now.fence - 1)
    assert settle(ledger, now.item_id, now.fence)
    assert not settle(ledger, now.item_id, now.fence)


def test_without_its_fence_the_late_answer_would_stand(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: whoever comes settles."""
    late = ledger.lease_item("night-1", "acme", HERE, seconds=600)
    assert late is not None
    ledger.take_over("night-1", "acme", THERE)
    monkeypatch.setattr("billing.ledger.items.close", lambda *_, **__: "night-1")
    assert settle(ledger, late.item_id, late.fence)


def test_only_a_process_of_this_very_boot_of_this_host_is_known_to_be_dead() -> None:
    host, pid, nonce = owner_name().rsplit(":", 2)
    name, boot, space = host.split("/")
    gone = f"{host}:4194305:{nonce}"  # no process has a number above 2 ** 22
    assert owner_is_dead(gone)
    for other in (f"else/{boot}/{space}", f"{name}/0badb007/{space}", f"{name}/{boot}/1"):
        assert not owner_is_dead(f"{other}:4194305:{nonce}"), "another host, boot, or container"
        assert not owner_is_dead(f"{other}:{pid}:1-{nonce}")


def test_a_restart_is_waited_for_and_an_outage_ends_in_one_sentence(
    postgres: PostgresServer, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.progress("night-1")
    postgres.stop()
    told: list[int] = []
    asking = threading.Thread(target=lambda: told.append(ledger.progress("night-1").pending))
    asking.start()
    asking.join(2)
    assert asking.is_alive()
    postgres.start()
    asking.join(60)
    assert told == [3]
    postgres.stop()
    try:
        monkeypatch.setattr(patience, "PATIENCE_SECONDS", 1)
        monkeypatch.setattr(failures, "PATIENCE_SECONDS", 1)
        with pytest.raises(LedgerError, match="has not answered for 1 seconds") as said:
            ledger.progress("night-1")
    finally:
        postgres.start()
    assert "\n" not in str(said.value)
    assert postgres.password not in str(said.value)
    assert ledger.progress("night-1").pending == 3


class CutAtCommit:
    """Drops the connection in the moment of the next commit, before or after it is made."""

    def __init__(self, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, *, made: bool) -> None:
        self.cuts = 1
        dialect, commit = ledger._engine.dialect, ledger._engine.dialect.do_commit

        def cut(connection: Any) -> None:
            if self.cuts:
                self.cuts -= 1
                if made:
                    commit(connection)
                connection.dbapi_connection.close()
                raise psycopg.OperationalError("server closed the connection unexpectedly")
            commit(connection)

        monkeypatch.setattr(dialect, "do_commit", cut)


@pytest.mark.parametrize("made", [True, False], ids=["committed", "not committed"])
def test_a_call_that_is_cut_off_at_its_commit_is_done_once(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, made: bool
) -> None:
    CutAtCommit(ledger, monkeypatch, made=made)
    item = ledger.lease_item("night-1", "acme", HERE, seconds=60)
    assert item is not None
    assert (item.attempts, item.fence) == (1, 1)
    assert ledger.progress("night-1").leased == 1
    sha256 = ledger.store(b"%PDF page", "application/pdf")
    CutAtCommit(ledger, monkeypatch, made=made)
    assert settle(ledger, item.item_id, item.fence, sha256)
    assert [one.item_id for one in ledger.results("night-1")] == [item.item_id]
    now = ledger.now()
    CutAtCommit(ledger, monkeypatch, made=made)
    begun = ledger.begin_login("acme", now, lambda before: before.spent < 1)
    assert begun.login_id is not None
    assert ledger.login_standing("acme").spent == 1
    CutAtCommit(ledger, monkeypatch, made=made)
    ledger.end_login(begun.login_id, accepted=True, at=now)
    assert ledger.login_standing("acme").spent == 0


def holding(ledger: Ledger, lease: int, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, int]:
    monkeypatch.setattr(flows.account_session, "LEASE_SECONDS", lease)
    fence = ledger.lease_account("acme", HERE, seconds=lease)
    assert fence is not None
    profile = SimpleNamespace(id="acme")
    return SimpleNamespace(ledger=ledger, sweep_id="night-1", profile=profile, owner=HERE), fence


async def another_gets_in(ledger: Ledger, seconds: float) -> bool:
    """Whether another worker gets the account within so many seconds."""
    until = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < until:
        if await asyncio.to_thread(ledger.lease_account, "acme", THERE, seconds=60):
            return True
        await asyncio.sleep(0.1)
    return False


def test_an_account_is_held_for_as_long_as_its_worker_lives(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, fence = holding(ledger, 4, monkeypatch)

    async def inside() -> bool:
        async with _held(work, fence):
            return await another_gets_in(ledger, 8)

    assert not asyncio.run(inside())


def test_a_lease_that_nobody_renews_would_be_lost_inside(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: no beats, and nothing stops who is inside."""
    work, fence = holding(ledger, 4, monkeypatch)
    monkeypatch.setattr(flows.account_session, "BEATS_PER_LEASE", 0.01)
    monkeypatch.setattr(flows.account_session, "HELD_OF_LEASE", 100)

    async def inside() -> bool:
        async with _held(work, fence):
            return await another_gets_in(ledger, 60)

    assert asyncio.run(inside())


def test_who_cannot_reach_the_ledger_is_out_before_another_may_be_in(
    postgres: PostgresServer, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire = Wire(free_port(), postgres.port)
    wire.mend()
    near = open_ledger(tmp_path / "near", postgres_url)
    over = postgres_url.replace(f":{postgres.port}/", f":{wire.port}/")
    far = open_ledger(tmp_path / "far", over)
    work, fence = holding(far, 8, monkeypatch)
    left: list[bool] = []

    async def inside() -> None:
        async with _held(work, fence):
            wire.cut()
            try:
                await asyncio.sleep(120)
            finally:
                left.append(near.account_held("acme") is not None)

    with pytest.raises(AccountBusy, match="could not be reached"):
        asyncio.run(inside())
    assert left == [True], "it was still ours when we left"
    wire.mend()
    far.close()
    near.close()
