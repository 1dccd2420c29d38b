"""A 271 transaction becomes covers, as a portal's eligibility answer has them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from billing.claim_places import place
from billing.coverage import Coverage, OtherPayer
from billing.model import Answer, Found, NoAnswer, NotFound, Reason
from bots.reading.x12_benefits import Benefits
from bots.reading.x12_elements import element, period, refused, required
from bots.reading.x12_envelope import Transaction

BEGINS, ENDS, FROM_TO = {"346", "356"}, {"347", "357"}, {"291", "307"}
"""Date qualifiers (DTP01) of plan and eligibility: begin, end, and both."""

_REASON = re.compile(r"[A-Z0-9]{2}[A-Z]?")

NOT_FOUND = {"67", "75", "77", "78"}
UNAVAILABLE = {"42", "80"}
SEVERAL = {"76"}
SEARCHED = ("member_id", "date_of_birth", "patient_last")
WHOLE_INQUIRY = {"20", "21"}
"""Levels (HL03) of the payer and of who asks: what is refused there is refused for everybody."""


@dataclass(frozen=True, slots=True, repr=False)
class ReportedCover:
    """What a 271 says under one trace number (TRN02 of our inquiry; empty where it gives none).

    Where the payer refuses the whole inquiry, it is the inquiry's reference (BHT03).
    ``places`` gives each figure's segment by its path: ``plan``, ``benefits[2].copay``.
    """

    trace_number: str
    answer: Answer[Coverage]
    places: Mapping[str, str]


@dataclass(slots=True)
class _Person:
    """A subscriber or dependent while the segments are read."""

    level: str
    coverage: Coverage
    trace_number: str = ""
    rejections: list[tuple[str, str]] = field(default_factory=list)
    benefits: Benefits = field(default_factory=Benefits)
    others: list[OtherPayer] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)
    of_other: bool = False
    in_benefit: bool = False

    @property
    def says_something(self) -> bool:
        return bool(self.rejections or self.benefits.stated)

    def done(self) -> ReportedCover:
        """What the payer answered about this person."""
        if self.rejections:
            return ReportedCover(self.trace_number, _rejected(self.rejections), self.places)
        benefits, places = self.benefits.listed()
        coverage = replace(
            self.coverage,
            words=self.benefits.words,
            active=self.benefits.active,
            plan=self.benefits.plan,
            benefits=benefits,
            other_payers=tuple(self.others),
            unknown_words=tuple(self.benefits.contradictions),
        )
        return ReportedCover(self.trace_number, Found(coverage), self.places | places)


def read_covers(transaction: Transaction) -> Iterator[ReportedCover]:
    """Each answer of a 271, in order. Raises UnreadableDocument, naming the segment."""
    subscriber = _Person("", Coverage(words="", active=None))
    person, reference = subscriber, ""
    for number, segment in transaction.body:
        match segment[0]:
            case "BHT":
                reference = element(segment, 3)
            case "HL":
                if person.says_something:
                    yield person.done()
                level = element(segment, 3)
                known = Coverage(words="", active=None)
                if level == "23":
                    known = replace(known, member_id=subscriber.coverage.member_id)
                person = _Person(level, known)
                if level == "22":
                    subscriber = person
                elif level in WHOLE_INQUIRY:
                    person.trace_number = reference
            case "TRN":
                if element(segment, 1) == "2" and not person.trace_number:
                    person.trace_number = element(segment, 2)
            case "AAA":
                reason, action = required(number, segment, 3), element(segment, 4)
                if not _REASON.fullmatch(f"{reason}{action}"):
                    raise refused(number, "AAA", 3, "is no reject reason code")
                person.rejections.append((reason, action))
                person.places["rejection"] = place(number, "AAA", 3)
            case _ if person.level in ("22", "23"):
                _add(person, number, segment, transaction)
    if person.says_something:
        yield person.done()


def _add(person: _Person, number: int, segment: list[str], transaction: Transaction) -> None:
    match segment[0]:
        case "NM1" if element(segment, 1) in ("IL", "03") and not person.in_benefit:
            _name(person, number, segment)
        case "NM1" if person.of_other:
            name = element(segment, 3)
            if element(segment, 1) in ("PR", "PRP", "SEP", "TTP") and name:
                person.others.append(_other(name, element(segment, 1)))
            elif element(segment, 1) == "IL" and person.others:
                member = element(segment, 9) or None
                person.others[-1] = replace(person.others[-1], member_id=member)
        case "DMG":
            days = period(number, segment, 2)
            person.coverage = replace(person.coverage, date_of_birth=days[0] if days else None)
            person.places["date_of_birth"] = place(number, "DMG", 2)
        case "DTP" if not person.in_benefit:
            _dates(person, number, segment)
        case "EB":
            person.in_benefit = True
            person.of_other = element(segment, 1) == "R"
            person.benefits.add(number, segment, transaction.delimiters.repetition)
        case "MSG" if not person.coverage.note:
            person.coverage = replace(person.coverage, note=element(segment, 1) or None)


def _name(person: _Person, number: int, segment: list[str]) -> None:
    known = {
        "patient_last": element(segment, 3) or None,
        "patient_first": element(segment, 4) or None,
        "member_id": element(segment, 9) or person.coverage.member_id,
    }
    person.coverage = replace(person.coverage, **known)  # type: ignore[arg-type]
    for name, position in (("patient_last", 3), ("patient_first", 4), ("member_id", 9)):
        if element(segment, position):
            person.places[name] = place(number, "NM1", position)


def _dates(person: _Person, number: int, segment: list[str]) -> None:
    qualifier = element(segment, 1)
    days = period(number, segment, 3)
    if days is None or qualifier not in BEGINS | ENDS | FROM_TO:
        return
    stated: dict[str, date] = {}
    if qualifier not in ENDS:
        stated["begins"] = days[0]
    if qualifier in ENDS or (qualifier in FROM_TO and element(segment, 2) == "RD8"):
        stated["ends"] = days[1]
    for name, value in stated.items():
        if getattr(person.coverage, name) not in (None, value):
            person.benefits.contradictions.append(f"several dates on which the cover {name}")
        person.places[name] = place(number, "DTP", 3)
    person.coverage = replace(person.coverage, **stated)  # type: ignore[arg-type]


def _other(name: str, entity: str) -> OtherPayer:
    primary = {"PRP": True, "SEP": False, "TTP": False}.get(entity)
    return OtherPayer(name, primary=primary)


def _rejected(rejections: list[tuple[str, str]]) -> Answer[Coverage]:
    """What AAA reject reasons (AAA03) and their follow-up (AAA04) mean; several agree or not."""
    reasons = {reason for reason, _ in rejections}
    said = ", ".join(f"{reason} {action}".strip() for reason, action in rejections)
    if reasons <= NOT_FOUND:
        return NotFound(SEARCHED)
    if reasons <= UNAVAILABLE:
        return NoAnswer(Reason.UNAVAILABLE, f"The payer could not answer (AAA {said}).")
    if reasons <= SEVERAL:
        return NoAnswer(Reason.SEVERAL_MATCHES, f"The payer found several members (AAA {said}).")
    return NoAnswer(Reason.NEEDS_PERSON, f"The payer rejected the inquiry (AAA {said}).")
