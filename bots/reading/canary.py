"""A claim whose answer is known, and whether a portal's answer is still that one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields as dataclass_fields
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import (
    BeforeValidator,
    Field,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from billing.coverage import GENERAL, Coverage, Visit
from billing.errors import BadInput, ProfileError
from billing.model import Claim, ClaimStatus, SourceRow
from billing.money import ZERO
from bots.profile import Profile
from bots.reading.cases import flat, is_invented
from bots.strict_yaml import Strict, load_strict

CANARY_FILE = "canary.yaml"
WORDS = frozenset(word.name for word in dataclass_fields(ClaimStatus))
COVER_WORDS = frozenset({"words", "plan", "begins", "ends", "member_id", "date_of_birth"})
MONEY = frozenset({"charge", "allowed", "paid", "patient_responsibility"})

_STATUS: TypeAdapter[ClaimStatus] = TypeAdapter(ClaimStatus)
_COVERAGE: TypeAdapter[Coverage] = TypeAdapter(Coverage)


def _as_text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


Known = Annotated[str, BeforeValidator(_as_text)] | tuple[str, ...]
"""What a field must say: its text, a day as 2026-03-31, dollars as "1180.00", or codes."""


class CanaryClaim(Strict):
    """The claim's words that a portal is searched with."""

    claim_id: str
    member_id: str
    patient_last: str = ""
    patient_first: str = ""
    date_of_birth: date | None = None
    service_from: date
    service_to: date | None = None
    billed: Decimal
    payer_claim_number: str | None = None
    provider_npi: str | None = None
    provider_tin: str | None = None


class CanaryVisit(Strict):
    """A member whose cover is known on a ``day``; without one it is today's that is asked for."""

    member_id: str
    patient_last: str
    patient_first: str = ""
    date_of_birth: date
    day: date | None = None
    service_type: str = GENERAL
    provider_npi: str | None = None


class Kept(Strict):
    """The name of the secret that holds the whole canary as JSON."""

    secret: str


class CanaryFile(Strict):
    """canary.yaml: ``claim`` and ``expect``, ``visit`` and ``expect_cover`` if eligibility is to
    be guarded too; or the secret that keeps them all."""

    claim: CanaryClaim | Kept
    expect: Mapping[str, Known] = Field(default_factory=dict)
    visit: CanaryVisit | None = None
    expect_cover: Mapping[str, Known] = Field(default_factory=dict)


class Canary(Strict):
    """A known claim, and what the portal says of it; a known member's cover, if there is one."""

    claim: CanaryClaim
    expect: Mapping[str, Known] = Field(min_length=1)
    visit: CanaryVisit | None = None
    expect_cover: Mapping[str, Known] = Field(default_factory=dict)

    @field_validator("expect")
    @classmethod
    def _status_words(cls, value: Mapping[str, Known]) -> Mapping[str, Known]:
        if strange := sorted(value.keys() - WORDS):
            raise ValueError(f"{strange[0]}: a claim status has no such word")
        return value

    @field_validator("expect_cover")
    @classmethod
    def _cover_words(cls, value: Mapping[str, Known]) -> Mapping[str, Known]:
        if strange := sorted(value.keys() - COVER_WORDS):
            raise ValueError(f"{strange[0]}: a canary's cover has no such word")
        return value

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.visit is None) == bool(self.expect_cover):
            raise ValueError("visit and expect_cover go together")
        return self

    def visited(self, payer: str, today: date) -> Visit | None:
        """The known member as a schedule's row, which it is not; None where there is none."""
        if self.visit is None:
            return None
        words = self.visit.model_dump()
        words["day"] = words["day"] or today
        return Visit(**words, payer=payer, payer_name=payer, source=SourceRow(CANARY_FILE, 0))

    def cover_differences(self, coverage: Coverage) -> list[str]:
        """The names of the cover's words that do not say what is known."""
        stated = _COVERAGE.dump_python(coverage, mode="json")
        return [name for name, known in self.expect_cover.items() if stated[name] != known]

    def asked(self, payer: str) -> Claim:
        """The claim as a biller's row, which it is not."""
        words = self.claim.model_dump()
        words["service_to"] = words["service_to"] or self.claim.service_from
        return Claim(
            **words, payer=payer, payer_name=payer, balance=ZERO, source=SourceRow(CANARY_FILE, 0)
        )

    def differences(self, status: ClaimStatus) -> list[str]:
        """The names of the fields that do not say what is known."""
        stated = _STATUS.dump_python(status, mode="json")
        return [
            name
            for name, known in self.expect.items()
            if flat({name: stated[name]}) != flat({name: _dollars(name, known)})
        ]

    def __repr__(self) -> str:
        return "Canary(…)"


def load_canary(profile: Profile, secret: Callable[[str], str]) -> Canary | None:
    """The payer's canary; None when its folder has none.

    Raises ProfileError for a file that is none, or that names a real patient, and BadInput for a
    secret that is none; neither is quoted.
    """
    file = check_canary(profile)
    if file is None:
        return None
    if isinstance(file.claim, CanaryClaim):
        return _of(file, file.claim)
    name = f"{profile.id}/{file.claim.secret}"
    try:
        return Canary.model_validate(json.loads(secret(file.claim.secret)))
    except (ValueError, ValidationError):
        raise BadInput(
            f'The secret {name} is no canary; it is JSON: {{"claim": {{words of the claim}}, '
            '"expect": {fields of its answer}}, with the names that docs/add-a-payer.md lists'
        ) from None


def check_canary(profile: Profile) -> CanaryFile | None:
    """The payer's canary.yaml as it stands, without its secret. Raises ProfileError."""
    path = profile.folder / CANARY_FILE
    if not path.is_file():
        return None
    file = load_strict(path, CanaryFile)
    if isinstance(file.claim, Kept):
        if file.expect or file.visit or file.expect_cover:
            raise ProfileError(
                f"{path}: what is expected and the visit belong into the secret too; remove it here"
            )
        return file
    if not is_invented(profile):
        raise ProfileError(
            f"{path}: claim: is a patient's where the portal is real; keep it as a secret: "
            "claim: {secret: canary}"
        )
    try:
        _of(file, file.claim)
    except ValidationError as error:
        said = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
        raise ProfileError(f"{path}: expect: {said}") from None
    return file


def _of(file: CanaryFile, claim: CanaryClaim) -> Canary:
    return Canary(claim=claim, expect=file.expect, visit=file.visit, expect_cover=file.expect_cover)


def _dollars(name: str, known: str | tuple[str, ...]) -> str | tuple[str, ...]:
    if name in MONEY and isinstance(known, str):
        return f"{Decimal(known):.2f}"
    return known
