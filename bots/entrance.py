"""What a profile says of the way in: the permission, the session, the login."""

from __future__ import annotations

from datetime import date, datetime
from random import SystemRandom
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from bots.opening import opens, spans
from bots.page_language import Interruption, Locators, Steps
from bots.pattern import check_pattern
from bots.strict_yaml import Strict

SIX_DIGITS = r"\b(\d{6})\b"
_chance = SystemRandom()


class Policy(Strict):
    """May a bot enter this portal, who says so, until when, and in which form?

    ``approved_profile`` is the hash of the profile that was approved, all of it but this block.
    ``responsible`` and ``account`` are for the payer's registration sheet.
    """

    automation: Literal["permitted", "registration_required", "prohibited", "unknown"]
    terms_url: str | None = None
    read_on: date | None = None
    approved_by: str | None = None
    approval_ref: str | None = None
    approval_expires: date | None = None
    approved_profile: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    responsible: str | None = None
    account: str | None = None


class Reuse(Strict):
    """A session is left open for the next run within ``minutes``, which begins at ``start``."""

    minutes: int = Field(gt=0)
    start: str = Field(pattern="^/")


class Session(Strict):
    """How a session behaves, and what it may ask of the portal.

    ``background`` are the paths that its pages ask all the time, whatever is done: no answer
    waits for them. ``not_loaded`` is what its pages may do without: evidence is without it too.
    ``open`` are the portal's hours, spans with ``;`` between them; always, where it is absent.
    ``down_when`` is what its maintenance page shows.
    """

    open: str | None = None
    idle_minutes: int = Field(gt=0)
    min_seconds_between_searches: float = Field(ge=0)
    jitter_seconds: float = Field(default=0, ge=0, le=600)
    answer_seconds: float = Field(gt=0, le=120)
    claim_seconds: float = Field(gt=0, le=600)
    may_post: tuple[str, ...]
    background: tuple[str, ...] = ()
    not_loaded: tuple[Literal["image", "font", "media"], ...] = ()
    ended_when: Locators
    down_when: Locators | None = None
    interruptions: tuple[Interruption, ...] = ()
    logout: Steps
    reuse: Reuse | None = None

    @model_validator(mode="after")
    def _reused_before_it_is_idle(self) -> Self:
        if self.reuse is not None and self.reuse.minutes >= self.idle_minutes:
            raise ValueError(
                f"reuse.minutes must be below idle_minutes ({self.idle_minutes}): the portal would "
                "have ended the session"
            )
        return self

    @field_validator("open")
    @classmethod
    def _hours(cls, value: str | None) -> str | None:
        if value is not None:
            spans(value)
        return value

    def opens(self, now: datetime) -> datetime | None:
        """When the portal opens next; None while it is open."""
        return None if self.open is None else opens(spans(self.open), now)

    def pause(self) -> float:
        """Seconds from one search to the next: never fewer than the least, and not all alike."""
        return self.min_seconds_between_searches + _chance.uniform(0, self.jitter_seconds)


class CodeMail(Strict):
    """The message that brings a one-time code: who sends it, and where in it the code stands.

    ``from`` is the sender's whole address, or ``@`` and its host; ``subject`` is a part of the
    subject. Both go by small and capital letters alike.
    """

    sender: str = Field(alias="from", min_length=3)
    subject: str = Field(min_length=1)
    pattern: str = SIX_DIGITS
    wait_seconds: int = Field(default=300, gt=0, le=1800)

    @field_validator("pattern")
    @classmethod
    def _one_group(cls, value: str) -> str:
        if check_pattern(value).groups != 1:
            raise ValueError("a pattern has exactly one group, the code")
        return value


class SecondFactor(Strict):
    """The code asked for after the password, and where it comes from.

    ``ask`` chooses the way and has the code sent; ``superseded_when`` shows that a newer code
    was sent in the meantime, ``expired_when`` that the code had run out: ``again`` has another one
    sent. ``step_up_when`` shows that a code is asked for in the middle of a session, by the same
    ``steps``. A person has ``wait_seconds`` to give one.
    """

    kind: Literal["totp", "mailed_code", "person"]
    asked_when: Locators
    ask: Steps = ()
    steps: Steps
    mail: CodeMail | None = None
    wait_seconds: int = Field(default=300, gt=0, le=1800)
    superseded_when: Locators | None = None
    expired_when: Locators | None = None
    again: Steps = ()
    step_up_when: Locators | None = None

    @model_validator(mode="after")
    def _what_goes_together(self) -> Self:
        if (self.kind == "mailed_code") != (self.mail is not None):
            raise ValueError("mail goes with kind mailed_code, and that needs it")
        if bool(self.again) != (self.expired_when is not None):
            raise ValueError("again, the steps to another code, goes with expired_when")
        return self


class PersonNeeded(Strict):
    """A page that only a person may pass, and ``why`` in words that begin a sentence's cause."""

    when: Locators
    why: str = Field(min_length=3)


class Login(Strict):
    """How to sign in; secrets are named, never written here.

    ``person_when`` are pages that end the account's night without a refusal: an expired password,
    a picture to read. ``busy_when`` shows that the portal judges no login now, because the
    session before was not left, say; after ``busy_minutes`` it does again.
    """

    attempts_before_lockout: int = Field(gt=1)
    start: str
    steps: Steps
    second_factor: SecondFactor | None = None
    signed_in_when: Locators
    refused_when: Locators
    locked_when: Locators | None = None
    person_when: tuple[PersonNeeded, ...] = ()
    busy_when: Locators | None = None
    busy_minutes: int | None = Field(default=None, gt=0, le=120)
    interstitials: tuple[Interruption, ...] = ()

    @model_validator(mode="after")
    def _minutes_of_busy(self) -> Self:
        if self.busy_minutes is not None and self.busy_when is None:
            raise ValueError("busy_minutes goes with busy_when")
        return self
