"""What a profile says of the way in: the permission, the session, the login."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from bots.page_language import Interruption, Locators, Steps, Strict


class Policy(Strict):
    """May a bot enter this portal, who says so, and until when?"""

    automation: Literal["permitted", "registration_required", "prohibited", "unknown"]
    terms_url: str | None = None
    read_on: date | None = None
    approved_by: str | None = None
    approval_ref: str | None = None
    approval_expires: date | None = None


class Session(Strict):
    """How a session behaves, and what it may ask of the portal."""

    idle_minutes: int = Field(gt=0)
    min_seconds_between_searches: float = Field(ge=0)
    answer_seconds: float = Field(gt=0, le=120)
    claim_seconds: float = Field(gt=0, le=600)
    may_post: tuple[str, ...]
    ended_when: Locators
    interruptions: tuple[Interruption, ...] = ()
    logout: Steps


class SecondFactor(Strict):
    """The code asked for after the password."""

    kind: Literal["totp"]
    asked_when: Locators
    steps: Steps


class Login(Strict):
    """How to sign in; secrets are named, never written here."""

    attempts_before_lockout: int = Field(gt=1)
    start: str
    steps: Steps
    second_factor: SecondFactor | None = None
    signed_in_when: Locators
    refused_when: Locators
    locked_when: Locators | None = None
    interstitials: tuple[Interruption, ...] = ()
