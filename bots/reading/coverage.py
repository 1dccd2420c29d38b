"""Captured bytes and a profile's eligibility task become a cover with the place of each figure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from lxml.html import HtmlElement

from billing.coverage import Benefit, Coverage, Network, OtherPayer
from billing.errors import UnknownPage
from billing.model import Evidence
from billing.money import money, percent
from bots.eligibility_task import FLAGS, BenefitRows, EligibilityTask, Source
from bots.page_language import PageField
from bots.reading.dom import Box, Cell, cell_of, column, parse, visible
from bots.reading.page import (
    Reading,
    follow,
    parse_json,
    read_entry,
    read_fields,
    read_region,
    spelled,
    value_of,
)

DATES = ("date_of_birth", "begins", "ends", "date_of_service")
MONEY = (
    "copay",
    "deductible",
    "deductible_remaining",
    "out_of_pocket",
    "out_of_pocket_remaining",
)
HEADINGS = "h1, h2, h3, h4, h5, h6, caption, legend, th, dt, [role=heading]"
OTHER_INSURANCE = re.compile(
    r"\b(other|additional) (insur|payer|payor|carrier|cover|polic)|coordination of benefits"
    r"|secondary payer|crossover|medigap",
    re.IGNORECASE,
)
"""How payers head the part about other insurers: where it stands and no row of it was found, the
page is not as the profile says, unless the profile has the words that say there is none."""


@dataclass(frozen=True, slots=True)
class CoverReading:
    """A cover, the evidence of each of its values by path, and the day that the page answers for
    (None where the profile does not read it)."""

    coverage: Coverage
    places: Mapping[str, Evidence]
    date_of_service: date | None


@dataclass(slots=True)
class _Words:
    """Translates the payer's words by the profile, and notes those it does not know."""

    task: EligibilityTask
    unknown: dict[str, None] = field(default_factory=dict)

    def service(self, words: str) -> str | None:
        return self._translated(words, self.task.services)

    def network(self, words: str) -> Network:
        if not words:
            return Network.UNKNOWN
        known = self._translated(words, self.task.networks)
        return Network.UNKNOWN if known is None else Network(known)

    def flag(self, words: str) -> bool | None:
        if words in self.task.not_stated:
            return None
        return self._translated(words, self.task.yes_no)

    def _translated(self, words: str, known: Mapping[str, Any]) -> Any:
        if words not in known:
            self.unknown[words] = None
            return None
        return known[words]


def read_member(page: bytes, task: EligibilityTask) -> CoverReading:
    """What a captured page states of the member and the cover, rows of any kind aside.

    Raises UnknownPage when a value is not where the profile says, stands there twice, or is not
    what it should be.
    """
    reading = read_region(page, task.read.within, _as_text(task.read.fields))
    values, places = dict(reading.values), dict(reading.places)
    for name in DATES:
        if values.get(name):
            values[name] = _day(name, str(values[name]), task, places)
    asked_for = values.pop("date_of_service", None)
    places.pop("date_of_service", None)
    words = str(values.pop("words", None) or "")
    known = task.coverage_words.get(words)
    stated: dict[str, Any] = {
        name: value for name, value in values.items() if value not in (None, "")
    }
    coverage = Coverage(words=words, active=None if known is None else known == "active", **stated)
    return CoverReading(coverage, places, asked_for if isinstance(asked_for, date) else None)


def read_coverage(
    page: bytes,
    task: EligibilityTask,
    bodies: Mapping[str, bytes] | None = None,
    later: Sequence[bytes] = (),
) -> CoverReading:
    """The cover that a captured page states, with the JSON ``bodies`` it loaded by path pattern.

    ``later`` are the page's captures after the steps that brought some rows to view, in the order
    of the task's sources; one that is as the page was may be left out. Raises UnknownPage as
    :func:`read_member` does, when an active cover lacks the benefits that the profile reads, and
    when a later capture states another cover.
    """
    member = read_member(page, task)
    places, translate = dict(member.places), _Words(task)
    pages = _pages(page, task, later, member)
    benefits: list[Benefit] = []
    for source in task.benefits:
        shown = pages.pop(0)
        rows = _rows(shown, source, bodies or {})
        if rows is None:
            if member.coverage.active:
                raise UnknownPage(_changed(shown, f"an active cover and no {_named(source)}"))
            continue
        before = set(benefits)
        for row in rows:
            benefit = _benefit(row, source, translate)
            if source.after and benefit in before:
                raise UnknownPage(_changed(shown, f"the same {_named(source)} after its steps"))
            at = f"benefits[{len(benefits)}]"
            places |= {f"{at}.{name}": place for name, place in row.places.items()}
            benefits.append(benefit)
    others = _others(pages, task, bodies or {})
    places |= {
        f"other_payers[{n}].{name}": place
        for n, row in enumerate(others)
        for name, place in row.places.items()
    }
    coverage = replace(
        member.coverage,
        benefits=tuple(benefits),
        other_payers=tuple(_other(row, translate) for row in others),
        unknown_words=tuple(translate.unknown),
    )
    return replace(member, coverage=coverage, places=places)


def _pages(
    page: bytes, task: EligibilityTask, later: Sequence[bytes], member: CoverReading
) -> list[bytes]:
    """The capture that each of the task's sources is read from."""
    following = iter(later)
    pages = [next(following, page) if source.after else page for source in task.sources]
    for shown in pages:
        if shown is not page and read_member(shown, task).coverage != member.coverage:
            raise UnknownPage(_changed(shown, "another cover than the page before it"))
    return pages


def _benefit(row: Reading, source: BenefitRows, translate: _Words) -> Benefit:
    said = {name: str(value or "") for name, value in row.values.items()}
    said |= {name: words for name, words in source.unless_shown.items() if not said[name]}
    words = said["service"]
    figures: dict[str, Decimal | bool | None] = {}
    for name, text in said.items():
        if name in ("service", "network") or not text:
            continue
        if name in FLAGS:
            figures[name] = translate.flag(text)
        elif text not in translate.task.not_stated:
            figures[name] = _figure(name, text, row.places)
    return Benefit(
        words=words,
        service_type=translate.service(words),
        network=translate.network(said.get("network", "")),
        **figures,  # type: ignore[arg-type]
    )


def _figure(name: str, text: str, places: Mapping[str, Evidence]) -> Decimal:
    try:
        return money(text) if name in MONEY else percent(text)
    except ValueError as error:
        where = places[name].where if name in places else name
        raise UnknownPage(f"{where}: {error}; compare the capture with the profile") from error


def _others(
    pages: Sequence[bytes], task: EligibilityTask, bodies: Mapping[str, bytes]
) -> list[Reading]:
    found: list[Reading] = []
    silent: list[bytes] = []
    for page, source in zip(pages, task.other_payers, strict=True):
        rows = _rows(page, source, bodies)
        found += rows or []
        if source.response is not None and rows is None:
            raise UnknownPage(_changed(page, f"a cover that came without {_named(source)}"))
        if rows:
            continue
        if source.none is None:
            silent.append(page)
        elif source.none not in _shown(page, task):
            raise UnknownPage(_changed(page, f"neither {_named(source)} nor {source.none!r}"))
    for page in () if found else silent:
        if heading := next((one for one in _headings(page) if OTHER_INSURANCE.search(one)), None):
            raise UnknownPage(_changed(page, f"the heading {heading!r} and no other payer"))
    return found


def _headings(page: bytes) -> Iterator[str]:
    for element in visible(parse(page), HEADINGS):
        yield " ".join(cell_of(element).text.split())


def _other(row: Reading, translate: _Words) -> OtherPayer:
    said = {name: str(value or "") for name, value in row.values.items()}
    primary = said.get("primary")
    return OtherPayer(
        name=said["name"],
        member_id=said.get("member_id") or None,
        primary=translate.flag(primary) if primary else None,
    )


def _rows(page: bytes, source: Source, bodies: Mapping[str, bytes]) -> list[Reading] | None:
    """The rows of a source, every field as text; None when the source is not there."""
    fields = _as_text(source.fields)
    if source.response is not None:
        body = bodies.get(source.response)
        return None if body is None else _entries(body, source, fields)
    if source.each is not None:
        sha256 = hashlib.sha256(page).hexdigest()
        elements = visible(parse(page), source.each)
        if isinstance(source, BenefitRows) and source.unless_shown:
            _refuse_unread_labels(page, source, elements)
        return [
            _placed(
                read_fields(element, fields, where, sha256),
                source,
                where,
                sha256,
                cell_of(element).box,
            )
            for where, element in ((f"{source.each} {n}", e) for n, e in enumerate(elements, 1))
        ] or None
    return _table(page, source, fields)


def _placed(row: Reading, source: Source, where: str, sha256: str, box: Box | None) -> Reading:
    """A row with the place of what it says by the profile: a constant, what holds unless shown.

    That rests on the row's being there, and on what it does not show.
    """
    unless = source.unless_shown if isinstance(source, BenefitRows) else ()
    said = {
        name: f"{where}, without {spelled(source.fields[name])}"
        for name in unless
        if not row.values[name]
    }
    said |= {
        name: f"{where}, a constant of the profile"
        for name, field in source.fields.items()
        if field.constant is not None
    }
    places = {name: Evidence(sha256=sha256, where=at, box=box) for name, at in said.items()}
    return Reading(row.values, {**row.places, **places})


def _refuse_unread_labels(
    page: bytes, source: BenefitRows, elements: Sequence[HtmlElement]
) -> None:
    known = {field.label for field in source.fields.values()}
    shown = {cell_of(label).text.strip() for one in elements for label in visible(one, "dt, th")}
    if strange := sorted(shown - known):
        raise UnknownPage(_changed(page, f"in {_named(source)} the unknown labels {strange}"))


def _entries(body: bytes, source: Source, fields: Mapping[str, PageField]) -> list[Reading]:
    sha256, path = hashlib.sha256(body).hexdigest(), str(source.list)
    entries = follow(parse_json(body), path)
    if not isinstance(entries, list):
        raise UnknownPage(
            f"The captured response {sha256[:12]} has no list {path!r}; the portal may have "
            "changed, compare it with the profile"
        )
    return [
        _placed(read_entry(entry, fields, where, sha256), source, where, sha256, None)
        for where, entry in ((f"{path} {n}", entry) for n, entry in enumerate(entries, 1))
    ]


def _table(page: bytes, source: Source, fields: Mapping[str, PageField]) -> list[Reading] | None:
    sha256, css = hashlib.sha256(page).hexdigest(), str(source.table)
    tables = visible(parse(page), css)
    if not tables:
        return None
    if len(tables) > 1:
        raise UnknownPage(_changed(page, f"{len(tables)} tables {css!r} instead of one"))
    columns = {
        name: column(tables[0], one.column or (), one.headed)
        for name, one in fields.items()
        if one.constant is None
    }
    lengths = {len(cells) for cells in columns.values()}
    if lengths == {0} or len(lengths) != 1:
        missing = sorted(spelled(fields[name]) for name, cells in columns.items() if not cells)
        raise UnknownPage(_changed(page, f"a table {css!r} without the columns {missing}"))
    readings = []
    for n in range(lengths.pop()):
        values: dict[str, Any] = {
            name: one.constant for name, one in fields.items() if one.constant is not None
        }
        places: dict[str, Evidence] = {}
        for name, cells in columns.items():
            where = f"{css} row {n + 1}, {spelled(fields[name])}"
            cell = cell_of(cells[n], fields[name].attribute)
            values[name] = value_of(cell, fields[name], where, sha256)
            places[name] = Evidence(sha256=sha256, where=where, box=cell.box)
        row = Reading(values, places)
        readings.append(_placed(row, source, f"{css} row {n + 1}", sha256, None))
    return readings


def _as_text(fields: Mapping[str, PageField]) -> dict[str, PageField]:
    """The same fields read as text: what each is, its name says."""
    return {name: one.model_copy(update={"into": "text"}) for name, one in fields.items()}


def _day(
    name: str, text: str, task: EligibilityTask, places: Mapping[str, Evidence]
) -> date | None:
    if text in task.not_stated:
        return None
    spelling = task.read.fields[name].model_copy(update={"into": "date", "pattern": None})
    place = places[name]
    day = value_of(Cell(text, place.box), spelling, place.where, place.sha256)
    return day if isinstance(day, date) else None


def _shown(page: bytes, task: EligibilityTask) -> str:
    texts = (cell_of(element).text for element in visible(parse(page), task.read.within))
    return " ".join(" ".join(texts).split())


def _named(source: Source) -> str:
    return f"{source.table or source.each or source.response!r}"


def _changed(page: bytes, what: str) -> str:
    return (
        f"The captured page {hashlib.sha256(page).hexdigest()[:12]} shows {what}; the portal may "
        "have changed, compare it with the profile"
    )
