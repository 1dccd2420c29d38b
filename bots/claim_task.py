"""The claim-status inquiry as a profile says it: search, outcomes, rows, figures, document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields as dataclass_fields
from difflib import get_close_matches
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from billing.model import ClaimStatus
from bots.page_language import Css, Locators, PageField, Step, Steps
from bots.strict_yaml import Strict

STATUS_WORDS = frozenset(word.name for word in dataclass_fields(ClaimStatus)) - {"category"}


class ListedFile(Strict):
    """The whole list as a delimited file, which arrives after ``click``.

    ``numbers`` (CSS) are the claim numbers on the page itself, one for each row it shows: a claim
    that the page shows and the file lacks tells a file that was cut.
    """

    click: Locators
    numbers: Css
    delimiter: Literal[",", ";", "|", "\t"] = ","


class Rows(Strict):
    """How one results page is read: a ``table`` (or a grid with the roles of one), one element for
    ``each`` row, the ``list`` in the JSON ``response`` that the page loaded, or a ``file`` with the
    rows of all pages.

    ``scroll`` is the box (``css: html``, the page) whose rows exist only while they are in view.
    What ``skip`` selects is no row of a table or of each: a total, an opened row's inside.
    """

    table: Css | None = None
    each: Css | None = None
    response: str | None = None
    list: str | None = None
    file: ListedFile | None = None
    scroll: Locators | None = None
    skip: Css | None = None
    fields: Mapping[str, PageField]

    @field_validator("fields")
    @classmethod
    def _status_words(cls, value: Mapping[str, PageField]) -> Mapping[str, PageField]:
        return _check_fields(value, required={"payer_claim_number"})

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        sources = (self.table, self.each, self.response and self.list, self.file)
        if sum(1 for source in sources if source) != 1 or bool(self.response) != bool(self.list):
            raise ValueError(
                "rows come from a table, from each element, a response's list, or a file"
            )
        if self.scroll and not (self.table or self.each):
            raise ValueError("scroll goes with table or each: the others have all of their rows")
        wanted = "label" if self.response else "column" if self.table or self.file else None
        for name, field in self.fields.items():
            if wanted and getattr(field, wanted) is None:
                raise ValueError(f"{name}: in these rows a field has a {wanted}")
            if self.each and field.column is not None:
                raise ValueError(
                    f"{name}: a column is in a table; each row has label, css, pattern"
                )
        return self

    @property
    def media_type(self) -> str:
        """Of the capture that the rows are read from."""
        return "application/json" if self.response else "text/csv" if self.file else "text/html"


class NextPage(Strict):
    """How to reach the next page of results: ``click`` while it is there and enabled; the page
    has turned when the text of ``changes`` is another one. No search has over ``most`` pages."""

    click: Locators
    changes: Locators
    most: int = Field(default=40, gt=0, le=2000)


class More(Strict):
    """What adds rows to those that are there: ``click`` while it is there and enabled."""

    click: Locators


class ReadResponse(Strict):
    """The figures that the page's own JSON states, by its path pattern; labels are dotted."""

    path: str
    fields: Mapping[str, PageField]

    @field_validator("fields")
    @classmethod
    def _status_words(cls, value: Mapping[str, PageField]) -> Mapping[str, PageField]:
        for name, field in value.items():
            if field.label is None and field.constant is None:
                raise ValueError(f"{name}: in a response a field has a label, its dotted path")
        return _check_fields(value, required={"payer_claim_number"})


class Read(Strict):
    """The figures of an opened claim, inside ``within`` (CSS) of the captured page, and from the
    JSON ``response`` that came with it; what both state must agree."""

    within: Css
    fields: Mapping[str, PageField]
    response: ReadResponse | None = None

    @field_validator("fields")
    @classmethod
    def _status_words(cls, value: Mapping[str, PageField]) -> Mapping[str, PageField]:
        return _check_fields(value, required={"payer_claim_number"})

    @model_validator(mode="after")
    def _says_the_status(self) -> Self:
        if "words" not in {*self.fields, *(self.response.fields if self.response else ())}:
            raise ValueError("['words'] must be read, or the claim has no status")
        return self


class Document(Strict):
    """The EOB a claim's page offers, however it arrives: as a download, in a tab, in the page.

    ``in_tab`` are steps in the tab that the click opens, ``absent_when`` shows there that the
    portal has no such document; ``password`` names the secret that opens the document.
    """

    offered_when: Locators
    click: Locators
    in_tab: Steps = ()
    absent_when: Locators | None = None
    password: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_]*$")

    @model_validator(mode="after")
    def _absent_in_the_tab(self) -> Self:
        if self.absent_when and not self.in_tab:
            raise ValueError("absent_when goes with in_tab")
        return self


class Outcomes(Strict):
    """What a search may come to; each a list of signs, tried in full, none in order.

    ``one`` is a single claim that opens at once, without a list.
    """

    none: Locators
    listed: Locators
    one: Locators | None = None
    unavailable: Locators

    @property
    def signs(self) -> Mapping[str, Locators]:
        """The signs of each outcome that there may be, by its name."""
        signs = {"none": self.none, "listed": self.listed, "unavailable": self.unavailable}
        return signs | ({"one": self.one} if self.one else {})


class ClaimStatusTask(Strict):
    """The claim-status inquiry from empty form to figures.

    Without ``submit`` the results filter themselves while the search is filled in.
    """

    search: Steps
    submit: Step | None = None
    outcomes: Outcomes
    rows: Rows
    next_page: NextPage | None = None
    more: More | None = None
    open: Steps
    opened_when: Locators
    read: Read
    back: Steps = ()
    document: Document | None = None
    same_claim_when: tuple[Literal["member_id", "date_of_birth", "service_from", "billed"], ...] = (
        Field(min_length=3)
    )
    superseded: tuple[str, ...] = ()

    @property
    def responses(self) -> tuple[str, ...]:
        """The path patterns of the JSON answers that are read."""
        read = self.read.response.path if self.read.response else None
        return tuple(path for path in (self.rows.response, read) if path)


def _check_fields(
    fields: Mapping[str, PageField], *, required: set[str]
) -> Mapping[str, PageField]:
    for name in fields:
        if name not in STATUS_WORDS:
            near = get_close_matches(name, STATUS_WORDS, 1)
            hint = f" (did you mean {near[0]}?)" if near else f"; it has {sorted(STATUS_WORDS)}"
            raise ValueError(f"{name}: a claim status has no such word{hint}")
    if missing := required - fields.keys():
        raise ValueError(f"{sorted(missing)} must be read, or no claim can be told from another")
    return fields
