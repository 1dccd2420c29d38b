"""The eligibility inquiry as a profile says it: search, outcomes, the cover, its benefits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields as dataclass_fields
from datetime import datetime
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from billing.codes.service_types import SERVICE_TYPES
from billing.coverage import GENERAL, Benefit, Coverage
from bots.opening import opens, spans
from bots.page_language import Css, Locators, PageField, Step, Steps
from bots.strict_yaml import Strict

COVER_WORDS = frozenset(word.name for word in dataclass_fields(Coverage)) - {
    "active",
    "benefits",
    "other_payers",
    "unknown_words",
} | {"date_of_service"}
BENEFIT_WORDS = frozenset(word.name for word in dataclass_fields(Benefit)) - {
    "words",
    "service_type",
} | {"service"}
FLAGS = ("covered", "authorization_required", "referral_required")
OTHER_WORDS = frozenset({"name", "member_id", "primary"})


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


class Source(Strict):
    """Where rows stand: in a ``table``, in one element for ``each``, or in the ``list`` of the JSON
    ``response`` that the page loaded. ``after`` are the steps that bring them to view (another
    tab); they are taken of an inactive cover, too."""

    after: Steps = ()
    table: Css | None = None
    each: Css | None = None
    response: str | None = None
    list: str | None = None
    fields: Mapping[str, PageField]

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        sources = (self.table, self.each, self.response and self.list)
        if sum(1 for source in sources if source) != 1 or bool(self.response) != bool(self.list):
            raise ValueError("rows come from a table, from each element, or a response's list")
        wanted = "label" if self.response else "column" if self.table else None
        for name, field in self.fields.items():
            if wanted and field.constant is None and getattr(field, wanted) is None:
                raise ValueError(f"{name}: in these rows a field has a {wanted}, or is a constant")
            if self.each and field.column is not None:
                raise ValueError(f"{name}: a column is in a table; each has label, css, pattern")
        return self


class BenefitRows(Source):
    """Rows of benefits: a service, a network unless the rows are of both, and figures.

    ``unless_shown`` is what holds where each element shows a field only when it is otherwise
    (authorization "Required", or nothing). Such an element may hold no label that no field reads,
    or a renamed one would pass for that.
    """

    unless_shown: Mapping[str, str] = {}

    @field_validator("fields")
    @classmethod
    def _known(cls, value: Mapping[str, PageField]) -> Mapping[str, PageField]:
        return _check_fields(value, BENEFIT_WORDS, required={"service"}, what="a benefit")

    @model_validator(mode="after")
    def _may_be_missing(self) -> Self:
        for name in self.unless_shown:
            field = self.fields.get(name)
            if name not in FLAGS or not self.each:
                raise ValueError(f"unless_shown: {name} is no flag ({', '.join(FLAGS)}) of each")
            if field is None or field.label is None or field.when_missing is None:
                raise ValueError(f"unless_shown: {name} has a label, and when_missing: none")
        return self


class OtherPayerRows(Source):
    """Rows of other insurers. ``none`` is what the page says when there are none: without rows and
    without these words the page has changed. A page that says nothing then has no ``none``; a
    heading of other insurance on it is a change."""

    none: str | None = None

    @field_validator("fields")
    @classmethod
    def _known(cls, value: Mapping[str, PageField]) -> Mapping[str, PageField]:
        return _check_fields(value, OTHER_WORDS, required={"name"}, what="another payer")


class CoverRead(Strict):
    """What is said of the member and the cover, inside ``within`` (CSS) of the captured page.

    ``date_of_service`` is the day that the page answers for, which must be the one asked for.
    """

    within: Css
    fields: Mapping[str, PageField]

    @field_validator("fields")
    @classmethod
    def _known(cls, value: Mapping[str, PageField]) -> Mapping[str, PageField]:
        return _check_fields(value, COVER_WORDS, required={"words"}, what="a cover")


class EligibilityOutcomes(Strict):
    """What a search may come to; each a list of signs, tried in full, none in order."""

    none: Locators
    found: Locators
    unavailable: Locators

    @property
    def signs(self) -> Mapping[str, Locators]:
        """The signs of each outcome, by its name."""
        return {"none": self.none, "found": self.found, "unavailable": self.unavailable}


class EligibilityTask(Strict):
    """The eligibility inquiry from empty form to figures.

    ``services``, ``networks``, ``coverage_words`` and ``yes_no`` translate the payer's words; any
    other word is a finding. ``not_stated`` are texts that stand where a figure or a date would and
    state none. The same question is asked once in ``at_most_once_hours``. Visits after tomorrow
    stay out of ``quiet_hours`` ("Mon-Fri 07:00-19:00 America/New_York").
    """

    search: Steps
    submit: Step
    outcomes: EligibilityOutcomes
    opened: Steps = ()
    read: CoverRead
    benefits: Annotated[tuple[BenefitRows, ...], BeforeValidator(_as_list)] = ()
    other_payers: Annotated[tuple[OtherPayerRows, ...], BeforeValidator(_as_list)] = ()
    services: Mapping[str, str] = {}
    networks: Mapping[str, Literal["in", "out"]] = {}
    coverage_words: Mapping[str, Literal["active", "inactive"]]
    yes_no: Mapping[str, bool] = {}
    not_stated: tuple[str, ...] = ()
    same_person_when: tuple[
        Literal["member_id", "date_of_birth", "patient_last", "patient_first"], ...
    ] = Field(min_length=3)
    at_most_once_hours: int = Field(default=24, gt=0, le=24 * 31)
    quiet_hours: str | None = None

    @field_validator("services")
    @classmethod
    def _known_services(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        for words, code in value.items():
            if code not in SERVICE_TYPES:
                raise ValueError(
                    f"{words!r}: {code!r} is no service type (271 EB03) that is asked about; "
                    f"there are {', '.join(SERVICE_TYPES)}"
                )
        return value

    @field_validator("same_person_when")
    @classmethod
    def _has_a_name(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if "patient_last" not in value:
            raise ValueError("patient_last must be among them, or a stranger may pass")
        return value

    @field_validator("quiet_hours")
    @classmethod
    def _readable(cls, value: str | None) -> str | None:
        if value is not None:
            spans(value)
        return value

    @model_validator(mode="after")
    def _compares_what_it_reads(self) -> Self:
        if missing := set(self.same_person_when) - self.read.fields.keys():
            raise ValueError(f"same_person_when: {sorted(missing)} must be among read.fields")
        for words in (w for source in self.benefits for w in source.unless_shown.values()):
            if words not in self.yes_no:
                raise ValueError(f"unless_shown: {words!r} must be among yes_no")
        return self

    @property
    def sources(self) -> tuple[Source, ...]:
        """Where rows stand, in the order in which they are brought to view."""
        return (*self.benefits, *self.other_payers)

    @property
    def responses(self) -> tuple[str, ...]:
        """The path patterns of the JSON answers that are read."""
        return tuple(dict.fromkeys(one.response for one in self.sources if one.response))

    def service_words(self, service_type: str) -> str | None:
        """The payer's own name of a service type, or else of the whole plan; None if unknown."""
        by_code: dict[str, str] = {}
        for words, code in self.services.items():
            by_code.setdefault(code, words)
        return by_code.get(service_type) or by_code.get(GENERAL)

    def is_quiet(self, at: datetime) -> bool:
        """Whether checks that are not urgent are to be left for later at this instant."""
        return self.quiet_hours is not None and opens(spans(self.quiet_hours), at) is None


def _check_fields(
    fields: Mapping[str, PageField], known: frozenset[str], *, required: set[str], what: str
) -> Mapping[str, PageField]:
    for name in fields:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f" (did you mean {near[0]}?)" if near else f"; it has {sorted(known)}"
            raise ValueError(f"{name}: {what} has no such word{hint}")
    if missing := required - fields.keys():
        raise ValueError(f"{sorted(missing)} must be read")
    return fields
