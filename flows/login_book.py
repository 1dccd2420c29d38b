"""The ledger's pages about one account's logins, as a session writes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from billing.errors import StopAccount
from billing.ledger import Ledger, LoginStanding
from flows.journal import log, sentence_of, type_of

ONE_NIGHT = timedelta(hours=12)
MOST_SPENT = 2


@dataclass(slots=True)
class AccountBook:
    """One account's budget, shared by every process that works with the ledger.

    A refused login ends the account's day. The attempt before the last one that the portal
    allows is never made, nor a third without a person: losing the account would cost more than a
    night's answers.
    """

    ledger: Ledger
    account: str
    attempts_before_lockout: int
    _login_id: int | None = None

    def now(self) -> datetime:
        """The instant by the clock that all who use this account go by."""
        return self.ledger.now()

    def stopped(self, now: datetime) -> str | None:
        """Why no login may be tried, in a sentence; None when one may."""
        standing = self.ledger.login_standing(self.account)
        return None if self._may(standing, now) else self._why_not(standing)

    def attempt(self) -> datetime | None:
        """Note an attempt before it is made; until when the one before may have used its code.

        One that was cut off may have typed it at any moment until now, and a person who cleared
        the account may have signed in with one just before. Raises StopAccount when no login may
        be tried.
        """
        now = self.now()
        begun = self.ledger.begin_login(self.account, now, lambda before: self._may(before, now))
        self._keep(begun.login_id, begun.before)
        log("login_attempted", payer=self.account)
        before = begun.before
        if before.last_attempt_at is None:
            return None
        if before.last_result_at is None:
            return now
        return before.cleared_at or before.last_result_at

    def again(self) -> None:
        """Another code for the same login: it counts as one more attempt, refused so far.

        Raises StopAccount when the account cannot afford it.
        """
        begun = self.ledger.begin_login(
            self.account,
            self.now(),
            lambda before: before.spent < self.most,
            after_refused_code=True,
        )
        log("login_refused", payer=self.account)
        self._keep(begun.login_id, begun.before)
        log("login_attempted", payer=self.account)

    def result(self, *, accepted: bool) -> None:
        """Note how the attempt ended."""
        if self._login_id is None:
            raise RuntimeError("no attempt was noted before its result")
        self.ledger.end_login(self._login_id, accepted=accepted, at=self.now())
        log("login_accepted" if accepted else "login_refused", payer=self.account)

    def withdraw(self) -> None:
        """Note that the portal did not judge the attempt."""
        if self._login_id is None:
            raise RuntimeError("no attempt was noted before it was withdrawn")
        self.ledger.withdraw_login(self._login_id)
        log("login_withdrawn", payer=self.account)

    @property
    def most(self) -> int:
        """How many logins may be spent before a person has looked."""
        return min(MOST_SPENT, self.attempts_before_lockout - 1)

    def _may(self, standing: LoginStanding, now: datetime) -> bool:
        refused_at = standing.last_refused_at
        tonight = refused_at is not None and now - refused_at < ONE_NIGHT
        return not tonight and standing.spent < self.most

    def _keep(self, login_id: int | None, before: LoginStanding) -> None:
        self._login_id = login_id
        if login_id is None:
            stop = StopAccount(self._why_not(before))
            log(
                "login_stopped",
                payer=self.account,
                type=type_of(stop),
                sentence=sentence_of(stop),
            )
            raise stop

    def _why_not(self, standing: LoginStanding) -> str:
        return (
            f"{self.account}: {standing.spent} of the {self.attempts_before_lockout} logins "
            "before a lockout were refused or cut off; a person should check the password, "
            f"then run 'claimsweep policy clear {self.account}'"
        )
