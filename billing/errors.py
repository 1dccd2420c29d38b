"""Exceptions by who must act; what is true of a claim is a finding and never raised.

Every message is one sentence with place, fact and remedy, and holds no patient data.
"""

from __future__ import annotations

from datetime import datetime


class ClaimsweepError(Exception):
    """Any refusal a user may read; ``str()`` of it is the whole message."""


class BadInput(ClaimsweepError):
    """A file or argument from the user cannot be used as it is."""


class ProfileError(ClaimsweepError):
    """A payer profile says something it may not; names file and line."""


class UnreadableDocument(ClaimsweepError):
    """A document was stored but cannot be read as a remittance; a person must look."""


class UnknownIssuer(UnreadableDocument):
    """No payer's eob.yaml recognises the document, which may be a remittance all the same."""


class PortalError(ClaimsweepError):
    """Something between us and an answer; the claim stays unknown."""


class TryLater(PortalError):
    """Maintenance, timeout, connection lost: the same question may be asked again."""


class BrowserLost(TryLater):
    """The browser hangs or is gone: another one may ask the same question."""


class LoginNotBefore(TryLater):
    """The portal takes no login of this account before ``until``, by its own rule."""

    def __init__(self, account: str, until: datetime) -> None:
        super().__init__(
            f"{account} takes no login before {until.astimezone():%H:%M}, the session before may "
            "not be over; run the same command again then"
        )
        self.until = until


class AccountBusy(PortalError):
    """Another run holds this account's one session; its claims are that run's to answer."""


class PortalClosed(PortalError):
    """Outside the portal's own hours: what is not asked waits until it opens."""


class StopAccount(PortalError):
    """Refused, locked or expired login: no further login with this account tonight."""


class LoginCutOff(PortalError):
    """The portal failed while it judged a login: it may count the attempt, so no other is made."""


class NeedsPerson(PortalError):
    """A code, a challenge or changed terms: only a person may go on."""


class UnknownPage(PortalError):
    """A page that matches none, or more than one, of the outcomes the profile knows."""


class CanaryFailed(PortalError):
    """A claim whose answer is known was answered otherwise: nothing else is asked until a person
    has compared the portal with its profile."""


class CodeAsked(PortalError):
    """The portal asks for another one-time code in the middle of a session."""


class SessionEnded(PortalError):
    """The portal ended the session by itself; signing in again is allowed and expected."""
