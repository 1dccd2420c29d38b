"""The claim-status inquiry as a profile says it: search, outcomes, rows, figures, document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields as dataclass_fields
from difflib import get_close_matches
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from billing.identity import choose
from billing.model import Answer, Claim, ClaimStatus
from bots.page_language import PLACEHOLDER, Css, Locators, PageField, Step, Steps
from bots.strict_yaml import Strict

WHOLE_RANGE = frozenset({("range", "first"), ("range", "last")})
OF_THE_PRACTICE = frozenset({("claim", "provider_npi"), ("claim", "provider_tin")})
PROVES_WHOSE = frozenset({"words", "member_id", "date_of_birth", "service_from", "charge"})
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
    ``total`` is where a response says how many claims the search found, on all of its pages.
    What ``skip`` selects is no row of a table or of each: a total, an opened row's inside.
    """

    table: Css | None = None
    each: Css | None = None
    response: str | None = None
    list: str | None = None
    total: str | None = None
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
        if self.total and not self.response:
            raise ValueError("total goes with response: it is a dotted path in it")
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
    """The figures that the page's own JSON states, by its path pattern; labels are dotted.

    ``document`` is where it says whether the claim has an EOB: true or false.
    """

    path: str
    fields: Mapping[str, PageField]
    document: str | None = None

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

    @property
    def stated_whole(self) -> bool:
        """Whether the response states all that is read on the page."""
        return self.response is not None and self.fields.keys() <= self.response.fields.keys()


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


class ListDocument(Document):
    """The EOB that a row of a list of many claims offers.

    ``one_for`` says that all claims of one payment have the same document, which is fetched once.
    """

    one_for: Literal["trace_number"] | None = None


class ClaimList(Strict):
    """The portal's list of many patients' claims, which answers them without a search each.

    It is asked for the month, quarter or year of a claim's service. Each of its pages must show
    ``for_us`` and ``for_range``, and all of them together as many rows as ``count`` says; where
    ``incomplete`` shows, nothing is taken from it. ``whole`` names the status words whose rows say
    all that an opened claim would, each with what a claim in these words may lack (``document``:
    it has none); a row that lacks anything else is not whole. A claim in the words of ``opened`` is
    opened from the list; any other is asked alone.
    """

    every: Literal["month", "quarter", "year"]
    search: Steps
    submit: Step
    outcomes: Outcomes
    for_us: Locators
    for_range: Locators
    count: PageField
    incomplete: Locators | None = None
    rows: Rows
    next_page: NextPage | None = None
    open: Steps = ()
    back: Steps = ()
    whole: Mapping[str, tuple[str, ...]] = {}
    opened: tuple[str, ...] = ()
    document: ListDocument | None = None

    @model_validator(mode="after")
    def _about_nobody_alone(self) -> Self:
        words = _typed_words(self.search)
        if not words >= WHOLE_RANGE:
            raise ValueError("search must type {range.first} and {range.last}")
        if strange := {".".join(word) for word in words - WHOLE_RANGE - OF_THE_PRACTICE}:
            raise ValueError(f"search types {sorted(strange)}; a list of many claims is not of one")
        if not all(_words(str(way)) >= WHOLE_RANGE for way in self.for_range):
            raise ValueError("for_range must show {range.first} and {range.last}")
        if not all(_words(str(way)) >= words & OF_THE_PRACTICE for way in self.for_us):
            raise ValueError("for_us must show the provider's number that search types")
        return self

    @model_validator(mode="after")
    def _proves_whose_a_row_is(self) -> Self:
        if self.outcomes.one:
            raise ValueError("outcomes: a list of many claims has no outcome 'one'")
        if self.rows.scroll or not (self.rows.table or self.rows.each):
            raise ValueError("rows: a list of many claims is a table, or has one element for each")
        if missing := PROVES_WHOSE - {"date_of_birth"} - self.rows.fields.keys():
            raise ValueError(f"rows: {sorted(missing)} must be read, or nobody's row is proved")
        for words, lacking in self.whole.items():
            if unproved := sorted(PROVES_WHOSE.intersection(lacking)):
                raise ValueError(f"whole: {words}: {unproved} can lack in no row that is believed")
        if both := sorted(self.whole.keys() & set(self.opened)):
            raise ValueError(f"{both} cannot be both whole and opened")
        if self.opened and not self.open:
            raise ValueError("opened goes with open, the steps that open a row's claim")
        return self

    @property
    def of_whom(self) -> frozenset[tuple[str, str]]:
        """The words that tell whose list it is: ``("claim", "provider_npi")``, say."""
        return _words(" ".join(map(str, self.for_us))) & OF_THE_PRACTICE


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
    claim_list: ClaimList | None = None

    @model_validator(mode="after")
    def _a_range_is_asked_of_the_list(self) -> Self:
        words = _typed_words(self.search)
        if words & WHOLE_RANGE:
            raise ValueError("search: {range.first} and {range.last} are words of claim_list")
        typed = _typed_words(self.claim_list.search) if self.claim_list else words
        if typed & OF_THE_PRACTICE != words & OF_THE_PRACTICE:
            raise ValueError("claim_list.search must type the provider's numbers that search types")
        return self

    @model_validator(mode="after")
    def _a_whole_row_lacks_nothing(self) -> Self:
        if self.claim_list is None:
            return self
        listed = self.claim_list
        opening = self.told | ({"document"} if self.document else set())
        missing = opening - {*listed.rows.fields, *(("document",) if listed.document else ())}
        for words, lacking in listed.whole.items():
            if strange := set(lacking) - opening:
                raise ValueError(f"claim_list.whole: {words}: nothing reads {sorted(strange)}")
            if unsaid := sorted(missing - set(lacking)):
                raise ValueError(
                    f"claim_list.whole: {words}: its rows lack {unsaid}, which the opened claim "
                    "has; read it in the rows, or list it here if no such claim has it"
                )
        return self

    @property
    def told(self) -> frozenset[str]:
        """The words of a claim status that an opened claim is read for."""
        response = self.read.response.fields if self.read.response else ()
        return frozenset({*self.read.fields, *response})

    def choose(self, claim: Claim, opened: Sequence[ClaimStatus]) -> Answer[ClaimStatus]:
        """Our claim among all that this inquiry found and opened, or why there is none."""
        typed = [PLACEHOLDER.findall(step.typed.value) for step in self.search if step.typed]
        member_asked = any(
            (kind, word) == ("claim", "member_id") and not spelling.startswith(("first", "last"))
            for found in typed
            for kind, word, spelling in found
        )
        return choose(
            claim, opened, self.same_claim_when, self.superseded, member_asked=member_asked
        )

    def by_list(self, many: ClaimList) -> ClaimStatusTask:
        """The same inquiry by the list of many claims."""
        way = ("search", "submit", "outcomes", "rows", "next_page", "open", "back")
        return self.model_copy(update={name: getattr(many, name) for name in way} | {"more": None})

    @property
    def responses(self) -> tuple[str, ...]:
        """The path patterns of the JSON answers that are read."""
        read = self.read.response.path if self.read.response else None
        return tuple(path for path in (self.rows.response, read) if path)


def _words(text: str) -> frozenset[tuple[str, str]]:
    return frozenset((kind, word) for kind, word, _ in PLACEHOLDER.findall(text))


def _typed_words(steps: Steps) -> frozenset[tuple[str, str]]:
    return _words(" ".join(step.typed.value for step in steps if step.typed))


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
