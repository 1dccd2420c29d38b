"""The page language: locators, verbs and fields, small and Playwright's own."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self

import cssselect
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    field_validator,
    model_validator,
)

from bots.pattern import check_pattern
from bots.strict_yaml import Strict

PLACEHOLDER = re.compile(r"\{(claim|visit|row|range|secret)\.([a-z_]+)(?:\|([^{}]+))?\}")
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
VISIT_WORDS = (
    "member_id",
    "patient_last",
    "patient_first",
    "date_of_birth",
    "date",
    "service_type",
    "service",
    "provider_npi",
)
"""``service`` is the payer's own name of the service type."""
DATE_WORDS = ("date_of_birth", "service_from", "service_to", "date")
RANGE_WORDS = ("first", "last")
"""The days that a list of many claims reaches from and to."""
SECRET_WORDS = ("username", "password", "code")
SPELLINGS = re.compile(r"digits|upper|lower|(?:first|last) [1-9]\d?")
"""How a word that is no date may be spelled: ``{claim.member_id|digits}``, ``first 3`` letters."""
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

WAYS = ("role", "label", "text", "placeholder", "title", "test_id", "css")
_DIRECTIVE = re.compile(r"%(-?.?)")
_DIRECTIVES = frozenset({"m", "d", "Y", "y", "b", "B", "%"})


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


class Locator(Strict):
    """One way to point at a visible element, as Playwright does; open shadow roots are looked into.

    ``exact`` is on: text matches whole. ``frame`` is the CSS of the frame the element is in, or a
    list of them from the outermost. ``inside`` is an element around it, ``containing`` a text that
    it holds.
    """

    role: str | None = None
    name: str | None = None
    label: str | None = None
    text: str | None = None
    placeholder: str | None = None
    title: str | None = None
    test_id: str | None = None
    css: str | None = None
    frame: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = ()
    exact: bool = True
    inside: Locator | None = None
    containing: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = [way for way in WAYS if getattr(self, way)]
        if len(ways) != 1:
            raise ValueError(f"a locator names exactly one of {', '.join(WAYS)}")
        if self.inside and self.inside.frame:
            raise ValueError("frame goes with the locator itself, not with inside")
        for text in (self.name, self.label, self.text, self.css, self.containing):
            if text and "{" in text:
                _check_placeholders(text)
        if self.name and not self.role:
            raise ValueError("name goes with role only")
        if self.role and self.role not in ROLES:
            near = get_close_matches(self.role, ROLES, 1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise ValueError(f"{self.role!r} is not an ARIA role{hint}")
        return self

    def __str__(self) -> str:
        shown = self.model_dump(exclude={"exact", "inside"}, exclude_defaults=True)
        words = " ".join(f"{key}={value!r}" for key, value in shown.items())
        return f"{words} inside ({self.inside})" if self.inside else words


Locators = Annotated[tuple[Locator, ...], BeforeValidator(_as_list), Field(min_length=1)]


class Fill(Locator):
    """A locator and the text to type there; ``{claim.member_id}`` and the like are filled in."""

    value: str

    @field_validator("value")
    @classmethod
    def _known_words(cls, value: str) -> str:
        return _check_placeholders(value)


class Choose(Fill):
    """A list to choose ``value`` from: a <select>, or what opens on a click and shows options.

    ``option`` points at the option where it has not the role of one.
    """

    option: Locator | None = None


class Press(Locator):
    """A locator and the key to press there."""

    key: Literal[
        "Enter", "Tab", "Escape", "Space", "Backspace", "Delete", "Home", "End", "PageUp",
        "PageDown", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight",
    ]  # fmt: skip


class Step(Strict):
    """One verb, as a person would do it; ``expect`` and ``gone`` wait for what shows or goes.

    ``unfold`` clicks whatever cuts a text short ("View more"), as often as it is there.
    """

    go: str | None = None
    fill: Fill | None = None
    type: Fill | None = None
    press: Press | None = None
    choose: Choose | None = None
    check: Locators | None = None
    click: Locators | None = None
    hover: Locators | None = None
    unfold: Locators | None = None
    expect: Locators | None = None
    gone: Locators | None = None

    @model_validator(mode="after")
    def _one_verb(self) -> Self:
        verbs = type(self).model_fields
        if sum(1 for verb in verbs if getattr(self, verb) is not None) != 1:
            raise ValueError(f"a step is exactly one of {', '.join(verbs)}")
        return self

    @property
    def typed(self) -> Fill | None:
        """The field that this step gives a value to, and the value."""
        return self.fill or self.type or self.choose


Steps = tuple[Step, ...]


class Interruption(Strict):
    """A page or a message that may stand in the way, and how a person would pass it."""

    when: Locators
    steps: Steps


def _selects(css: str) -> str:
    try:
        cssselect.parse(css)
    except cssselect.SelectorError as error:
        raise ValueError(f"{css!r} is not a CSS selector: {error}") from None
    return css


Css = Annotated[str, AfterValidator(_selects)]
"""A selector that the readers apply to a captured page; Playwright's own additions are none."""


class PageField(Strict):
    """Where one value stands: beside a ``label``, under a ``column``, in the one element that
    ``css`` selects, in the text that ``pattern`` (its first group) finds, or a ``constant``.

    ``pattern`` may also refine any other text, and ``attribute`` names the attribute that holds it.
    In a JSON body ``label`` is a dotted path, ``*`` every entry of a list; codes may stand at
    several, with commas between. ``column`` is a heading, a list of headings (of several tables),
    or a position from 1 whose heading is ``headed``; ``within`` narrows it to the tables that this
    CSS selects. ``date_format`` is one spelling or several; without it any US spelling is
    understood. ``beside`` selects a list whose n-th entry belongs to the label that is the n-th of
    its own list. ``into: cents`` is a whole number of them; a pattern ``into: money`` may have a
    second group, the cents. ``when_missing: none`` takes what is empty, or a dash, for missing too.
    """

    label: str | None = None
    column: Annotated[tuple[str | int, ...], BeforeValidator(_as_list)] | None = None
    headed: str | None = None
    css: Css | None = None
    pattern: str | None = None
    constant: str | None = None
    attribute: str | None = None
    within: Css | None = None
    beside: Css | None = None
    into: Literal["text", "money", "cents", "date", "codes"] = "text"
    date_format: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = ()
    when_missing: Literal["none"] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = [k for k in ("label", "column", "css", "constant") if getattr(self, k) is not None]
        if len(kinds) > 1 or not (kinds or self.pattern):
            raise ValueError("a field has exactly one of label, column, css, pattern, constant")
        positions = [c for c in self.column or () if isinstance(c, int)]
        if positions and (len(self.column or ()) > 1 or positions[0] < 1):
            raise ValueError("a column's position is one whole number from 1")
        if bool(positions) != (self.headed is not None):
            raise ValueError("a column's position goes with headed, the heading that stands there")
        if self.beside and self.label is None:
            raise ValueError("beside goes with a label")
        if self.pattern is not None:
            self._check_groups(self.pattern)
        return self

    def _check_groups(self, pattern: str) -> None:
        groups = check_pattern(pattern).groups
        if groups != 1 and (groups, self.into) != (2, "money"):
            raise ValueError(
                "a pattern has exactly one group, the value; into money a second one is the cents"
            )

    @field_validator("date_format")
    @classmethod
    def _known_directives(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_check_date_format(spelling, _DIRECTIVES) for spelling in value)


def _check_placeholders(value: str) -> str:
    rest = PLACEHOLDER.sub("", value)
    if "{" in rest or "}" in rest:
        raise ValueError(
            f"{value!r}: a placeholder is {{claim.word}}, {{claim.word|spelling}}, "
            "{visit.word}, {row.word}, {range.word} or {secret.word}"
        )
    for kind, word, spelling in PLACEHOLDER.findall(value):
        if kind == "claim" and word not in CLAIM_WORDS:
            raise ValueError(f"{value!r}: a claim has no {word!r}; it has {sorted(CLAIM_WORDS)}")
        if kind == "visit" and word not in VISIT_WORDS:
            raise ValueError(f"{value!r}: a visit has no {word!r}; it has {sorted(VISIT_WORDS)}")
        if kind == "secret" and word not in SECRET_WORDS:
            raise ValueError(f"{value!r}: there is no secret {word!r}; use {list(SECRET_WORDS)}")
        if kind == "range" and word not in RANGE_WORDS:
            raise ValueError(f"{value!r}: a range has no {word!r}; use {list(RANGE_WORDS)}")
        if "%" in spelling or word in DATE_WORDS or kind == "range":
            _check_date_format(spelling, _DIRECTIVES | {"-m", "-d"})
        elif spelling and not SPELLINGS.fullmatch(spelling):
            raise ValueError(
                f"{value!r}: {spelling!r} is no spelling; it is a date format, digits, upper, "
                "lower, first N or last N"
            )
    return value


def _check_date_format(spelling: str, allowed: frozenset[str]) -> str:
    strange = [f"%{found}" for found in _DIRECTIVE.findall(spelling) if found not in allowed]
    if strange:
        known = " ".join(sorted(f"%{one}" for one in allowed))
        raise ValueError(f"{spelling!r}: a date format has no {strange[0]}; it has {known}")
    return spelling
