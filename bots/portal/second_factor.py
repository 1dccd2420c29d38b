"""Where a login's one-time code comes from: a clock, a mailbox, or a person."""

from __future__ import annotations

import asyncio
import base64
import hmac
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from billing.errors import BadInput, NeedsPerson, TryLater
from bots.entrance import CodeMail, SecondFactor
from bots.portal.mail import Mailbox, code_in, open_mailbox

TOTP_SECONDS = 30
TOTP_MARGIN = 3  # a code is not typed in its last seconds: it would expire on the way
LOOK_SECONDS = 2

Secret = Callable[[str], Awaitable[str]]
AskPerson = Callable[[datetime], Awaitable[str]]
"""A code from a person by then. Raises NeedsPerson when nobody gave one."""


class Codes(Protocol):
    """Gives the codes of one login."""

    @property
    def seconds(self) -> int:
        """How long one may take."""

    async def ready(self) -> None:
        """From now on codes may be sent. Raises BadInput or TryLater when none can be read."""

    async def code(self, used_until: datetime | None) -> str:
        """A code that no login has typed yet; one may have been used until ``used_until``.

        Raises NeedsPerson when there is none in time.
        """


async def codes_of(
    name: str,
    factor: SecondFactor,
    secret: Secret,
    ask_person: AskPerson | None,
    now: Callable[[], datetime],
) -> Codes:
    """The source of ``factor``'s codes for payer ``name``, tried as far as it can be.

    ``now`` is the clock of all who use the account: codes made by one that is wrong are refused.

    Raises BadInput before a password is spent on a second secret that is no good.
    """
    if factor.kind == "totp":
        return ClockCodes(_key(name, await secret("totp")), now)
    if factor.mail is not None:
        mailbox = open_mailbox(f"{name}/mailbox", await secret("mailbox"))
        return MailedCodes(name, mailbox, factor.mail)
    return PersonCodes(name, factor.wait_seconds, ask_person)


@dataclass(slots=True, repr=False)
class ClockCodes:
    """Codes made from a shared key and the time (RFC 6238)."""

    key: bytes
    now: Callable[[], datetime]
    seconds: int = 2 * TOTP_SECONDS

    async def ready(self) -> None:
        """There is nothing to wait for."""

    async def code(self, used_until: datetime | None) -> str:
        """A code of a time step that no earlier login has used: portals accept each once."""
        used = int(used_until.timestamp()) // TOTP_SECONDS if used_until else 0
        while True:
            now = self.now().timestamp()
            step, into = int(now) // TOTP_SECONDS, now % TOTP_SECONDS
            if step > used and into < TOTP_SECONDS - TOTP_MARGIN:
                return clock_code(self.key, step)
            await asyncio.sleep(TOTP_SECONDS - into)


@dataclass(slots=True, repr=False)
class MailedCodes:
    """Codes that the portal mails: only those of messages that came after it was asked."""

    name: str
    mailbox: Mailbox
    mail: CodeMail
    _typed: set[str] = field(default_factory=set)

    @property
    def seconds(self) -> int:
        """How long the message may take."""
        return self.mail.wait_seconds

    async def ready(self) -> None:
        """What lies in the mailbox now is no answer."""
        try:
            await asyncio.to_thread(self.mailbox.mark)
        finally:
            await asyncio.to_thread(self.mailbox.close)

    async def code(self, used_until: datetime | None) -> str:
        """The code of the newest message; each message's is typed once."""
        try:
            async with asyncio.timeout(self.mail.wait_seconds):
                while (found := await self._look()) is None:
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError:
            raise NeedsPerson(
                f"{self.name}: no message with a code came in {self.mail.wait_seconds} s; a person "
                f"should look into the mailbox of {self.name}/mailbox"
            ) from None
        finally:
            await asyncio.to_thread(self.mailbox.close)
        return found

    async def _look(self) -> str | None:
        try:
            messages = await asyncio.to_thread(self.mailbox.new)
        except TryLater:  # it may answer before the time is up
            return None
        late = [message for message in messages if message.id not in self._typed]
        found = code_in(late, self.mail, f"{self.name}/mailbox")
        if found is None:
            return None
        # an older message that is still to be seen was superseded by this one
        self._typed |= {message.id for message in late}
        return found[1]


@dataclass(slots=True, repr=False)
class PersonCodes:
    """Codes that only a person has."""

    name: str
    seconds: int
    ask: AskPerson | None

    async def ready(self) -> None:
        """A person is asked when the portal asks."""

    async def code(self, used_until: datetime | None) -> str:
        """What the person gives before the time is up."""
        if self.ask is None:
            raise NeedsPerson(f"{self.name} asks for a code that only a person has")
        return await self.ask(datetime.now(UTC) + timedelta(seconds=self.seconds))


def clock_code(key: bytes, step: int) -> str:
    """The six digits of a time step (RFC 4226 5.3)."""
    digest = hmac.digest(key, struct.pack(">Q", step), "sha1")
    (number,) = struct.unpack_from(">I", digest, digest[-1] & 0xF)
    return f"{(number & 0x7FFFFFFF) % 1_000_000:06}"


def _key(name: str, secret: str) -> bytes:
    """The bytes of a secret as portals show it: Base32, often in groups, often short."""
    letters = "".join(secret.split()).replace("-", "").rstrip("=")
    try:
        key = base64.b32decode(letters + "=" * (-len(letters) % 8), casefold=True)
    except ValueError:
        key = b""
    if not key:
        raise BadInput(
            f"The secret {name}/totp is not in Base32; copy it again as the portal shows it when "
            "a second factor is set up"
        )
    return key
