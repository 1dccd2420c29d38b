"""Payer accounts: one session at a time anywhere, and no login beyond the lockout budget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, select, update

from billing.ledger import tables
from billing.ledger.database import AnyRow, Database, instant
from billing.ledger.owners import owner_is_dead
from billing.ledger.patience import repeatable


@dataclass(frozen=True, slots=True)
class LoginStanding:
    """How near an account is to its lockout, counted since the last accepted login or clearing.

    ``refusals_in_a_row`` are logins the portal refused. ``unfinished_attempts`` are those whose
    result nobody saw (a crash); each may have been refused, so the budget is both together:
    ``spent``. ``last_attempt_at`` and ``last_result_at`` are of the last attempt of all, accepted
    ones included: between them its one-time code was used, which must not be used twice. Who
    cleared the account since, at ``cleared_at``, may have used another to sign in by hand.
    """

    refusals_in_a_row: int
    last_refused_at: datetime | None
    unfinished_attempts: int
    last_attempt_at: datetime | None
    last_result_at: datetime | None
    cleared_at: datetime | None = None

    @property
    def spent(self) -> int:
        """Attempts that the portal may have counted towards a lockout."""
        return self.refusals_in_a_row + self.unfinished_attempts


@dataclass(frozen=True, slots=True)
class BegunLogin:
    """A recorded attempt and how the account stood before; ``login_id`` is None when refused."""

    login_id: int | None
    before: LoginStanding


class Accounts(Database):
    """Leases and login records of payer accounts."""

    @repeatable
    def lease_account(
        self, account: str, owner: str, *, seconds: int, now: datetime | None = None
    ) -> int | None:
        """Take the account for so many seconds; the lease's fence, or None while another has it.

        A lease that has run out by the ledger's one clock (or at ``now``), or whose owner is a
        dead process of this host, does not count. The same owner asking again gets a new fence
        and the old one ends.
        """
        accounts = tables.accounts.c
        with self._writing() as connection:
            now = now or instant(connection)
            self._insert_or_keep(connection, tables.accounts, [{"account": account}])
            query = select(tables.accounts).where(accounts.account == account).with_for_update()
            row = connection.execute(query).one()
            held = row.owner is not None and row.owner != owner and row.leased_until > now
            if held and not owner_is_dead(row.owner):
                return None
            connection.execute(
                update(tables.accounts)
                .where(accounts.account == account)
                .values(
                    owner=owner,
                    leased_until=now + timedelta(seconds=seconds),
                    fence=row.fence + 1,
                )
            )
            return int(row.fence) + 1

    @repeatable
    def renew_account(
        self,
        account: str,
        owner: str,
        fence: int,
        *,
        seconds: int,
        now: datetime | None = None,
    ) -> bool:
        """Hold the account for so many seconds from now; False when another has taken it."""
        length = timedelta(seconds=seconds)
        return self._update_lease(account, owner, fence, owner, length, now)

    @repeatable
    def release_account(self, account: str, owner: str, fence: int) -> bool:
        """Let the account go; False when another had taken it already."""
        return self._update_lease(account, owner, fence, None, None, None)

    def _update_lease(
        self,
        account: str,
        owner: str,
        fence: int,
        keeper: str | None,
        length: timedelta | None,
        now: datetime | None,
    ) -> bool:
        accounts = tables.accounts.c
        with self._writing() as connection:
            until = None if length is None else (now or instant(connection)) + length
            held = connection.execute(
                update(tables.accounts)
                .where(
                    accounts.account == account, accounts.owner == owner, accounts.fence == fence
                )
                .values(owner=keeper, leased_until=until)
            ).rowcount
        return bool(held)

    def release_owner(self, prefix: str) -> int:
        """End every lease whose owner begins so; returns how many.

        For a person who knows that a machine is gone (``host/``) and will not wait for its
        leases to run out.
        """
        accounts, ended = tables.accounts.c, 0
        with self._writing() as connection:
            for work in (tables.items, tables.visits):
                ended += connection.execute(
                    update(work)
                    .where(
                        work.c.state == tables.LEASED,
                        work.c.owner.startswith(prefix, autoescape=True),
                    )
                    .values(state=tables.PENDING, owner=None, leased_until=None)
                ).rowcount
            ended += connection.execute(
                update(tables.accounts)
                .where(accounts.owner.startswith(prefix, autoescape=True))
                .values(owner=None, leased_until=None)
            ).rowcount
        return ended

    def begin_login(
        self,
        account: str,
        at: datetime,
        may: Callable[[LoginStanding], bool],
        *,
        after_refused_code: bool = False,
    ) -> BegunLogin:
        """Record that a login is about to be submitted, if ``may`` says so of the account.

        Looking and recording are one transaction, on the disk when it returns: of two processes
        that ask at once, the second sees the first one's attempt. ``after_refused_code`` ends
        the account's last attempt as refused, for another code on the same page.
        """
        begun: list[BegunLogin] = []

        @repeatable
        def begin(ledger: Accounts) -> BegunLogin:
            with ledger._writing() as connection:
                if begun and _stands(connection, begun[-1].login_id, account, at):
                    return begun[-1]  # committed, though nobody heard of it
                self._insert_or_keep(connection, tables.accounts, [{"account": account}])
                found = _begin_login(connection, account, at, may, after_refused_code)
                begun.append(found)
            return found

        return begin(self)

    @repeatable
    def end_login(self, login_id: int, *, accepted: bool, at: datetime) -> None:
        """Record what the portal said to the attempt; what was said first stays.

        A person's clearing in between does not hide it.
        """
        logins = tables.logins.c
        with self._writing() as connection:
            connection.execute(
                update(tables.logins)
                .where(logins.login_id == login_id, logins.accepted.is_(None))
                .values(accepted=accepted, result_at=at, cleared_at=None)
            )

    @repeatable
    def withdraw_login(self, login_id: int) -> None:
        """The portal did not judge the attempt: it counts for nothing."""
        logins = tables.logins.c
        with self._writing() as connection:
            connection.execute(
                delete(tables.logins).where(logins.login_id == login_id, logins.accepted.is_(None))
            )

    @repeatable
    def login_standing(self, account: str) -> LoginStanding:
        """What the portal may hold against the account now."""
        with self._reading() as connection:
            return _standing(connection, account)

    def logins_between(self, since: datetime, until: datetime) -> dict[str, tuple[int, int]]:
        """How many logins each account's portal accepted and refused, attempted from ``since`` and
        before ``until``."""
        logins = tables.logins.c
        query = (
            select(logins.account, logins.accepted, func.count().label("times"))
            .where(
                logins.attempted_at >= since,
                logins.attempted_at < until,
                logins.accepted.is_not(None),
            )
            .group_by(logins.account, logins.accepted)
        )
        found: dict[str, tuple[int, int]] = {}
        with self._reading() as connection:
            for row in connection.execute(query):
                accepted, refused = found.get(row.account, (0, 0))
                found[row.account] = (row.times, refused) if row.accepted else (accepted, row.times)
        return found

    @repeatable
    def account_held(self, account: str, now: datetime | None = None) -> datetime | None:
        """Until when a living run holds the account's one session; None when it is free."""
        accounts = tables.accounts.c
        with self._reading() as connection:
            query = select(tables.accounts).where(accounts.account == account)
            row = connection.execute(query).first()
            now = now or instant(connection)
        if row is None or row.owner is None or row.leased_until <= now or owner_is_dead(row.owner):
            return None
        until: datetime = row.leased_until
        return until

    @repeatable
    def left_open(self, account: str, now: datetime | None = None) -> datetime | None:
        """Until when at most a run that ended without handing the account back was at it, if its
        session at the portal may still be open; None where none is, or a living run has it."""
        accounts = tables.accounts.c
        with self._reading() as connection:
            query = select(tables.accounts).where(accounts.account == account)
            row = connection.execute(query).first()
            now = now or instant(connection)
            if row is None or row.owner is None:
                return None
            if row.leased_until > now and not owner_is_dead(row.owner):
                return None
            logins = tables.logins.c
            newest = select(tables.logins).where(logins.account == account)
            login = connection.execute(newest.order_by(logins.login_id.desc())).first()
        if login is None or login.accepted is False or login.cleared_at is not None:
            return None
        until: datetime = row.leased_until
        return until

    def clear_account(self, account: str, at: datetime) -> None:
        """A person has put the account right: its refusals no longer count."""
        logins = tables.logins.c
        with self._writing() as connection:
            connection.execute(
                update(tables.logins)
                .where(logins.account == account, logins.cleared_at.is_(None))
                .values(cleared_at=at)
            )


def _begin_login(
    connection: Connection,
    account: str,
    at: datetime,
    may: Callable[[LoginStanding], bool],
    after_refused_code: bool,
) -> BegunLogin:
    logins = tables.logins.c
    row = select(tables.accounts.c.account).where(tables.accounts.c.account == account)
    connection.execute(row.with_for_update())
    if after_refused_code:
        newest = select(func.max(logins.login_id)).where(logins.account == account)
        connection.execute(
            update(tables.logins)
            .where(logins.login_id == newest.scalar_subquery(), logins.accepted.is_(None))
            .values(accepted=False, result_at=at)
        )
    standing = _standing(connection, account)
    if not may(standing):
        return BegunLogin(None, standing)
    values = {"account": account, "attempted_at": at}
    login_id = connection.execute(tables.logins.insert().returning(logins.login_id), values)
    return BegunLogin(login_id.scalar_one(), standing)


def _stands(connection: Connection, login_id: int | None, account: str, at: datetime) -> bool:
    logins = tables.logins.c
    mine = (logins.login_id == login_id, logins.account == account, logins.attempted_at == at)
    return connection.execute(select(logins.login_id).where(*mine)).first() is not None


def _standing(connection: Connection, account: str) -> LoginStanding:
    logins = tables.logins.c
    refused: list[AnyRow] = []
    unfinished = 0
    newest_first = connection.execute(
        select(tables.logins).where(logins.account == account).order_by(logins.login_id.desc())
    ).all()
    for row in newest_first:
        if row.accepted or row.cleared_at is not None:
            break
        if row.accepted is None:
            unfinished += 1
        else:
            refused.append(row)
    return LoginStanding(
        refusals_in_a_row=len(refused),
        last_refused_at=refused[0].result_at if refused else None,
        unfinished_attempts=unfinished,
        last_attempt_at=newest_first[0].attempted_at if newest_first else None,
        last_result_at=newest_first[0].result_at if newest_first else None,
        cleared_at=newest_first[0].cleared_at if newest_first else None,
    )
