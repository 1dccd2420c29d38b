"""The page language: locators, verbs and fields, small and Playwright's own."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self

import cssselect
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

PLACEHOLDER = re.compile(r"\{(claim|row|secret)\.([a-z_]+)(?:\|([^{}]+))?\}")
CLAIM_WORDS = (
    "claim_id",
    "member_id",
    "patient_last",
    "patient_first",
    "date_of_birth",
    "service_from",
    "service_to",
    "billed",
    "payer_claim_number",
    "provider_npi",
    "provider_tin",
)
SECRET_WORDS = ("username", "password", "code")
ROLES = frozenset(
    """alert alertdialog application article banner blockquote button caption cell checkbox code
    columnheader combobox complementary contentinfo definition deletion dialog directory document
    emphasis feed figure form generic grid gridcell group heading img insertion link list listbox
    listitem log main marquee math menu menubar menuitem menuitemcheckbox menuitemradio meter
    navigation none note option paragraph presentation progressbar radio radiogroup region row
    rowgroup rowheader scrollbar search searchbox separator slider spinbutton status strong
    subscript superscript switch tab table tablist tabpanel term textbox time timer toolbar tooltip
    tree treegrid treeitem""".split()
)
"""The roles of WAI-ARIA 1.2."""

_DIRECTIVE = re.compile(r"%(-?.?)")
_DIRECTIVES = frozenset({"m", "d", "Y", "y", "b", "B", "%"})


class Strict(BaseModel):
    """Every part of a profile is frozen and knows all of its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Locator(Strict):
    """One way to point at an element, as Playwright does: role (with name), label, text, test id
    or CSS, at most one of them in a frame. ``exact`` is on: text matches whole."""

    role: str | None = None
    name: str | None = None
    label: str | None = None
    text: str | None = None
    test_id: str | None = None
    css: str | None = None
    frame: str | None = None
    exact: bool = True

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = [w for w in ("role", "label", "text", "test_id", "css") if getattr(self, w)]
        if len(ways) != 1:
            raise ValueError("a locator names exactly one of role, label, text, test_id, css")
        if self.name and not self.role:
            raise ValueError("name goes with role only")
        if self.role and self.role not in ROLES:
            near = get_close_matches(self.role, ROLES, 1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise ValueError(f"{self.role!r} is not an ARIA role{hint}")
        return self

    def __str__(self) -> str:
        shown = {k: v for k, v in self.model_dump().items() if v is not None and k != "exact"}
        return " ".join(f"{key}={value!r}" for key, value in shown.items())


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


Locators = Annotated[tuple[Locator, ...], BeforeValidator(_as_list), Field(min_length=1)]


class Fill(Locator):
    """A locator and the text to type there; ``{claim.member_id}`` and the like are filled in."""

    value: str

    @field_validator("value")
    @classmethod
    def _known_words(cls, value: str) -> str:
        return _check_placeholders(value)


class Step(Strict):
    """One verb: exactly one of go, fill, choose, click, expect."""

    go: str | None = None
    fill: Fill | None = None
    choose: Fill | None = None
    click: Locators | None = None
    expect: Locators | None = None

    @model_validator(mode="after")
    def _one_verb(self) -> Self:
        if sum(1 for verb in type(self).model_fields if getattr(self, verb) is not None) != 1:
            raise ValueError("a step is exactly one of go, fill, choose, click, expect")
        return self


Steps = tuple[Step, ...]


def _selects(css: str) -> str:
    try:
        cssselect.parse(css)
    except cssselect.SelectorError as error:
        raise ValueError(f"{css!r} is not a CSS selector: {error}") from None
    return css


Css = Annotated[str, AfterValidator(_selects)]
"""A selector that the readers apply to a captured page; Playwright's own additions are none."""


class PageField(Strict):
    """Where one value stands: beside a ``label``, under a ``column`` heading, in the text that
    ``pattern`` (its first group) finds, or a ``constant``.

    ``pattern`` may also refine a label's or a column's text. In a JSON body ``label`` is a
    dotted path. ``column`` may list the headings of several tables; ``within`` narrows it to the
    tables that this CSS selects.
    """

    label: str | None = None
    column: Annotated[tuple[str, ...], BeforeValidator(_as_list)] | None = None
    pattern: str | None = None
    constant: str | None = None
    within: Css | None = None
    into: Literal["text", "money", "date", "codes"] = "text"
    date_format: str = "%m/%d/%Y"
    when_missing: Literal["none"] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = [k for k in ("label", "column", "constant") if getattr(self, k) is not None]
        if len(kinds) > 1 or not (kinds or self.pattern):
            raise ValueError("a field has exactly one of label, column, pattern, constant")
        return self

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            compiled = re.compile(value)
        except re.error as error:
            raise ValueError(f"{value!r} is not a regular expression: {error}") from None
        if compiled.groups != 1:
            raise ValueError("a pattern has exactly one group, the value")
        return value

    @field_validator("date_format")
    @classmethod
    def _known_directives(cls, value: str) -> str:
        return _check_date_format(value, _DIRECTIVES)


def _check_placeholders(value: str) -> str:
    rest = PLACEHOLDER.sub("", value)
    if "{" in rest or "}" in rest:
        raise ValueError(
            f"{value!r}: a placeholder is {{claim.word}}, {{claim.word|date format}}, "
            "{row.word} or {secret.word}"
        )
    for kind, word, spelling in PLACEHOLDER.findall(value):
        if kind == "claim" and word not in CLAIM_WORDS:
            raise ValueError(f"{value!r}: a claim has no {word!r}; it has {sorted(CLAIM_WORDS)}")
        if kind == "secret" and word not in SECRET_WORDS:
            raise ValueError(f"{value!r}: there is no secret {word!r}; use {list(SECRET_WORDS)}")
        _check_date_format(spelling, _DIRECTIVES | {"-m", "-d"})
    return value


def _check_date_format(spelling: str, allowed: frozenset[str]) -> str:
    strange = [f"%{found}" for found in _DIRECTIVE.findall(spelling) if found not in allowed]
    if strange:
        known = " ".join(sorted(f"%{one}" for one in allowed))
        raise ValueError(f"{spelling!r}: a date format has no {strange[0]}; it has {known}")
    return spelling
