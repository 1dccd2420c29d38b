"""Where one value of a document stands and what it is, and the patterns that find it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, model_validator

from bots.pattern import check_pattern
from bots.strict_yaml import Strict

_CODE = re.compile(r"(CO|PR|OA|PI)-[A-Z]?\d{1,3}")


def _compiles(pattern: str) -> str:
    check_pattern(pattern)
    return pattern


def _with_groups(*counts: int) -> AfterValidator:
    def check(pattern: str) -> str:
        if check_pattern(pattern).groups not in counts:
            count = counts[-1]
            raise ValueError(f"must have {count} group{'s' if count > 1 else ''}, the value")
        return pattern

    return AfterValidator(check)


def _with_names(*choices: set[str]) -> AfterValidator:
    def check(pattern: str) -> str:
        compiled = check_pattern(pattern)
        if set(compiled.groupindex) not in choices or compiled.groups != len(compiled.groupindex):
            said = ", or ".join(", ".join(sorted(names)) for names in choices)
            raise ValueError(f"must have the named groups {said} and no others")
        return pattern

    return AfterValidator(check)


Pattern = Annotated[str, AfterValidator(_compiles)]
ValuePattern = Annotated[str, _with_groups(1)]
StartPattern = Annotated[str, _with_groups(0, 1)]
PagePattern = Annotated[str, _with_groups(2)]
AdjustmentPattern = Annotated[str, _with_names({"group", "reason", "amount"}, {"mark", "amount"})]
MarkPattern = Annotated[str, _with_names({"mark", "group", "reason"})]
ProviderPattern = Annotated[str, _with_names({"reason", "reference", "amount"})]


def check_code(code: str) -> str:
    """``code``, a group and a reason like PR-1. Raises ValueError on anything else."""
    if not _CODE.fullmatch(code):
        raise ValueError("is no group and reason like PR-1")
    return code


class EobField(Strict):
    """Where one value stands, and what it is."""

    label: str | None = None
    beneath: str | None = None
    column: str | None = None
    pattern: ValuePattern | None = None
    constant: str | None = None
    into: Literal["text", "money", "date", "period", "integer", "codes"] = "text"
    date_format: str = "%m/%d/%Y"
    values: Mapping[str, str] | None = None
    when_missing: Literal["none"] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        places = ("label", "beneath", "column", "constant")
        kinds = [kind for kind in places if getattr(self, kind) is not None]
        if len(kinds) > 1 or not (kinds or self.pattern):
            raise ValueError("a field has exactly one of label, beneath, column, pattern, constant")
        return self

    @property
    def placed(self) -> bool:
        """Whether ``pattern`` takes its value out of a text whose place is known otherwise."""
        return any(one is not None for one in (self.label, self.beneath, self.column))


Fields = Mapping[str, EobField]


def check_fields(
    fields: Fields, *, allowed: frozenset[str], required: frozenset[str], columns: bool
) -> None:
    """Raises ValueError when a field is unknown, is missing or may be absent though it is required,
    or has a column without a table."""
    if unknown := fields.keys() - allowed:
        raise ValueError(f"fields {sorted(unknown)} are not known; allowed: {sorted(allowed)}")
    if missing := required - fields.keys():
        raise ValueError(f"fields {sorted(missing)} are missing; add them")
    if absent := [name for name in sorted(required) if fields[name].when_missing is not None]:
        raise ValueError(f"fields {absent} must always be there; take when_missing away")
    if not columns and any(field.column is not None for field in fields.values()):
        raise ValueError("a column needs a table, and there is none here")
