"""How the interface spells money, days, instants and names, in its description and in its bytes."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from billing.money import dollars

MOST_ID = 2**31 - 1
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", re.ASCII)


class Words(BaseModel):
    """What is said in either direction: nothing but what is described."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _iso_day(value: object) -> object:
    if isinstance(value, str) and not _DAY.match(value):
        raise ValueError("write a day as 2026-11-24")
    if not isinstance(value, str | date) or isinstance(value, datetime):
        raise ValueError("write a day as 2026-11-24")  # noqa: TRY004 - pydantic wants a ValueError
    return value


def _whole(value: object) -> object:
    if isinstance(value, bool | str):
        raise ValueError("write a whole number")  # noqa: TRY004 - pydantic wants a ValueError
    return value


def _iso_instant(value: datetime) -> str:
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


Day = Annotated[
    date,
    BeforeValidator(_iso_day),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-11-24"]}),
]
Instant = Annotated[
    datetime,
    PlainSerializer(_iso_instant, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "pattern": "Z$",
            "examples": ["2026-11-24T07:00:00Z"],
        }
    ),
]
Money = Annotated[
    Decimal,
    PlainSerializer(dollars, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]+\.[0-9]{2}$", "examples": ["125.00"]}),
]
"""Dollars with two decimals, as a string, so that no reader makes a binary fraction of it."""

Id = Annotated[int, Field(ge=1, le=MOST_ID, examples=[17]), BeforeValidator(_whole)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$", examples=["5e" * 32])]
Name = Annotated[str, Field(pattern="^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
"""A payer's profile, a sweep, a batch."""
ClaimNumber = Annotated[
    str,
    Field(
        min_length=1,
        max_length=50,
        pattern="^[!-~]([ -~]*[!-~])?$",
        description="The patient control number as the export spells it; never part of an address.",
        examples=["00012345"],
    ),
]
UserName = Annotated[str, Field(min_length=1, max_length=100, pattern="^[ -~]+$")]


class Place(Words):
    """Where a figure stands: stored bytes by hash, the place in words and for the eye."""

    sha256: Sha256
    where: str = Field(examples=["definition Paid amount"])
    page: int | None
    box: list[float] | None = Field(
        description="Left, top, right, bottom: PDF points on the page, pixels on the image.",
        min_length=4,
        max_length=4,
    )
    image: Sha256 | None
