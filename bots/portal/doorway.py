"""From a submitted password to the signed-in page, and past a code asked for further inside."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import NoReturn, Protocol

from billing.errors import LoginNotBefore, NeedsPerson, StopAccount, TryLater, UnknownPage
from bots.entrance import Login, SecondFactor
from bots.page_language import Locators
from bots.portal.second_factor import Codes
from bots.portal.traffic import Traffic
from bots.portal.verbs import Hand

PAGES_TO_SIGN_IN = 8
LOOK_SECONDS = 0.2
ONCE_MORE = ("superseded", "expired")
ORDER = (
    *ONCE_MORE, "refused", "locked", "busy", "person", "second", "interstitial", "signed",
)  # fmt: skip


class LoginBook(Protocol):
    """The ledger's side of a login: what was tried is remembered before it is tried."""

    def now(self) -> datetime:
        """The instant by the clock of all who use the account."""

    def attempt(self) -> datetime | None:
        """Note an attempt, committed before the submit; until when a code may have been used.

        Raises StopAccount when the account's budget does not allow another one.
        """

    def again(self) -> None:
        """Note that the code of this attempt was refused, and one more is about to be tried.

        Raises StopAccount when the account's budget does not allow that.
        """

    def result(self, *, accepted: bool) -> None:
        """Note how the attempt ended."""

    def withdraw(self) -> None:
        """Note that the portal did not judge the attempt."""


@dataclass(slots=True)
class Attempt:
    """What was submitted and what came of it; ``waits`` until the portal has judged."""

    book: LoginBook
    waits: bool = False

    def begin(self) -> datetime | None:
        """On record before anything is submitted; until when a code may have been used."""
        used_until = self.book.attempt()
        self.waits = True
        return used_until

    def judged(self, *, accepted: bool) -> None:
        """The portal said so."""
        self.book.result(accepted=accepted)
        self.waits = False

    def withdrawn(self) -> None:
        """The portal said neither."""
        self.book.withdraw()
        self.waits = False


@dataclass(slots=True)
class Doorway:
    """One portal's pages between the password and the work."""

    name: str
    login: Login
    hand: Hand
    traffic: Traffic
    attempt: Attempt
    codes: Codes | None
    used_until: datetime | None = None
    _signs: dict[str, Locators] = field(init=False, default_factory=dict)

    async def pass_through(self) -> None:
        """Return once signed in, whatever stands between.

        Raises StopAccount, NeedsPerson, TryLater or UnknownPage.
        """
        self._signs = self._known()
        for _ in range(PAGES_TO_SIGN_IN):
            seen = await self.hand.which(self._signs)
            # a message over the menu is answered before the menu counts as reached
            first = min(seen, key=lambda sign: ORDER.index(sign.split()[0]))
            if first == "signed in":
                self.attempt.judged(accepted=True)
                return
            if first in ("refused", "locked"):
                self._refused(locked=first == "locked")
            if first == "busy":
                self._busy()
            if first.startswith("person"):
                self._only_a_person(self.login.person_when[int(first.split()[1])].why)
            del self._signs[first]
            factor = self.login.second_factor
            if factor and self.codes and not first.startswith("interstitial"):
                await self._give_code(factor, self.codes, first)
            else:
                await self.hand.take(self.login.interstitials[int(first.split()[1])].steps, {})
        raise NeedsPerson(
            f"{self.name} shows one page after another instead of signing in; a person should look"
        )

    async def inside(self) -> None:
        """Signed in: a code that is still on its way answers no later question."""
        factor = self.login.second_factor
        if self.codes and factor and factor.step_up_when:
            with suppress(TryLater):  # what was in the mailbox at the login still does not count
                await self.codes.ready()

    async def confirm(self) -> None:
        """Give the code that is asked for in the middle of a session, once.

        Raises NeedsPerson when there is none, StopAccount when it is refused.
        """
        factor = self.login.second_factor
        if factor is None or factor.step_up_when is None or self.codes is None:
            raise NeedsPerson(f"{self.name} asks for a code that the profile knows nothing of")
        code = await self.codes.code(self.attempt.book.now())  # the login's was used before now
        self.attempt.begin()
        self.traffic.forget()
        await self.hand.take(factor.steps, {"secret.code": code})
        self.traffic.stirred()
        seconds = self.hand.answer_ms / 1000
        await self.traffic.quiet(seconds)
        bad = (*self.login.refused_when, *(factor.superseded_when or ()))
        bad += factor.expired_when or ()
        deadline = monotonic() + seconds
        while await self.hand.shows(factor.step_up_when):
            locked = self.login.locked_when
            if locked and await self.hand.shows(locked):
                self._refused(locked=True)
            if await self.hand.shows(bad):
                self._refused()
            if monotonic() > deadline:
                raise UnknownPage(f"{self.name}: the page did not react to the code")
            await asyncio.sleep(LOOK_SECONDS)
        self.attempt.judged(accepted=True)

    def _known(self) -> dict[str, Locators]:
        login = self.login
        signs: dict[str, Locators] = {
            "refused": login.refused_when,
            "signed in": login.signed_in_when,
        }
        if login.locked_when:
            signs["locked"] = login.locked_when
        if login.second_factor:
            signs["second factor"] = login.second_factor.asked_when
        if login.busy_when:
            signs["busy"] = login.busy_when
        signs |= {f"interstitial {n}": page.when for n, page in enumerate(login.interstitials)}
        return signs | {f"person {n}": page.when for n, page in enumerate(login.person_when)}

    async def _give_code(self, factor: SecondFactor, codes: Codes, sign: str) -> None:
        """Type a code. One that a newer code superseded is followed by that one, one that had run
        out by another that is asked for: once."""
        once_more = sign in ONCE_MORE
        if once_more:
            self.attempt.book.again()
            for other in ONCE_MORE:
                self._signs.pop(other, None)
        ask = {"second factor": factor.ask, "expired": factor.again}.get(sign, ())
        if ask:
            await codes.ready()
            await self.hand.take(ask, {})
        code = await codes.code(self.used_until)
        await self.hand.take(factor.steps, {"secret.code": code})
        if once_more:  # what the page says of the code before may stay until this one is judged
            await self.traffic.quiet(self.hand.answer_ms / 1000)
            return
        if factor.superseded_when:
            self._signs["superseded"] = factor.superseded_when
        if factor.expired_when:
            self._signs["expired"] = factor.expired_when

    def _refused(self, *, locked: bool = False) -> NoReturn:
        self.attempt.judged(accepted=False)
        said = "says the account is locked" if locked else "refused the login"
        raise StopAccount(
            f"{self.name} {said}; a person should check the password before a bot signs in again"
        )

    def _busy(self) -> NoReturn:
        self.attempt.withdrawn()
        minutes = self.login.busy_minutes
        if minutes is None:
            raise TryLater(f"{self.name} takes no login now; the session before may not be over")
        until = datetime.now(UTC) + timedelta(minutes=minutes)
        raise LoginNotBefore(self.name, until)

    def _only_a_person(self, why: str) -> NoReturn:
        self.attempt.judged(accepted=False)
        raise NeedsPerson(
            f"{self.name}: {why}; a person should sign in, then run "
            f"'claimsweep policy clear {self.name}'"
        )
