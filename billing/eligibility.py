"""What a payer's word on a visit's cover means for the front desk: rules as data, none guessed."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import date
from decimal import Decimal

from billing.coverage import (
    GENERAL,
    Benefit,
    Coverage,
    CoverageObservation,
    Network,
    Visit,
    VisitConclusion,
    VisitFinding,
    VisitOutcome,
)
from billing.identity import ENOUGH, same_id
from billing.model import Answer, Found, NoAnswer, NotFound, Reason
from billing.visit_steps import STEPS

_UNANSWERED: Mapping[Reason, str] = {
    Reason.SEVERAL_MATCHES: "several-members",
    Reason.WRONG_PATIENT: "name-mismatch",
    Reason.UNAVAILABLE: "payer-unavailable",
    Reason.UNREACHABLE: "unreachable",
    Reason.LOGIN_REFUSED: "login-refused",
    Reason.UNKNOWN_PAGE: "unknown-page",
    Reason.NEEDS_PERSON: "needs-person",
    Reason.POLICY: "policy",
    Reason.NO_PROFILE: "no-profile",
    Reason.CANARY_FAILED: "canary-failed",
}


_COVER_FIGURES = (
    "words", "member_id", "date_of_birth", "patient_last", "patient_first", "plan", "begins",
    "ends", "note",
)  # fmt: skip
_BENEFIT_FIGURES = tuple(
    name.name for name in fields(Benefit) if name.name not in ("words", "service_type", "network")
)


def same_person(visit: Visit, coverage: Coverage, fields: Sequence[str]) -> Answer[Coverage]:
    """The coverage, if ``fields`` say that it is the visit's patient's; else why it is not taken.

    One difference is enough to say no; what the payer does not show proves nothing either way.
    Raises ValueError on a field that is no identifier.
    """
    strange = [name for name in fields if name not in _COMPARE]
    if strange:
        raise ValueError(f"no identifiers: {', '.join(strange)}; allowed: {', '.join(_COMPARE)}")
    found = {name: _COMPARE[name](visit, coverage) for name in fields}
    differ = [name for name, same in found.items() if same is False]
    if differ:
        spoken = " and ".join(name.replace("_", " ") for name in differ)
        return NoAnswer(
            Reason.WRONG_PATIENT, f"The member that the payer shows differs in {spoken}."
        )
    if sum(1 for same in found.values() if same) < ENOUGH:
        return NoAnswer(
            Reason.NEEDS_PERSON,
            f"The member may be another one: fewer than {ENOUGH} identifiers could be compared.",
        )
    return Found(coverage)


def conclude_visit(
    visit: Visit,
    observation: CoverageObservation,
    *,
    earlier: Coverage | None,
    kept: bool = False,
) -> VisitConclusion:
    """What an observation means for ``visit``; ``earlier`` is what the payer said before it.

    ``kept`` tells that the observation was made for an earlier question that was the same.
    """
    answer = observation.answer
    match answer:
        case Found(Coverage() as coverage):
            outcome, findings = _read(visit, coverage, earlier)
            return VisitConclusion(
                outcome=outcome,
                findings=findings,
                as_of=observation.observed_at,
                coverage=coverage,
                kept=kept,
                evidence=observation.captures,
                places=observation.places,
            )
        case NotFound():
            why = f"Searched by {', '.join(word.replace('_', ' ') for word in answer.searched)}."
            return VisitConclusion(
                outcome=VisitOutcome.NOT_FOUND,
                findings=(_finding("member-not-found", why, visit),),
                as_of=observation.observed_at,
                kept=kept,
                evidence=observation.captures,
            )
        case NoAnswer(reason, detail):
            stranger = reason is Reason.WRONG_PATIENT
            return VisitConclusion(
                outcome=VisitOutcome.WRONG_PATIENT if stranger else VisitOutcome.NO_ANSWER,
                findings=(_finding(_UNANSWERED[reason], detail, visit),),
                as_of=observation.observed_at if stranger else None,
                kept=kept,
                evidence=observation.captures,
                no_answer=reason,
                detail=detail,
            )


def put_off(visit: Visit, detail: str) -> VisitConclusion:
    """A visit that is not urgent and waits for quieter hours, as ``detail`` says in a sentence."""
    return VisitConclusion(
        outcome=VisitOutcome.NO_ANSWER,
        findings=(_finding("asked-later", detail, visit),),
        as_of=None,
        no_answer=Reason.POLICY,
        detail=detail,
    )


def serves(coverage: Coverage, asked_for: date, day: date) -> bool:
    """Whether what was said for the day ``asked_for`` holds for ``day`` too."""
    if asked_for == day:
        return True
    begins, ends = coverage.begins, coverage.ends
    return (
        begins is not None
        and ends is not None
        and begins <= min(asked_for, day) <= max(asked_for, day) <= ends
    )


def for_visit(visit: Visit, coverage: Coverage) -> Benefit | None:
    """The benefit that the visit falls under: in the network, or of a network that is not said."""
    found = coverage.benefit(visit.service_type, Network.IN)
    return found or coverage.benefit(visit.service_type, Network.UNKNOWN)


def figure(visit: Visit, coverage: Coverage, name: str) -> tuple[Decimal | bool | None, str]:
    """A figure of a benefit (``copay``, ``deductible``) as it concerns the visit, and its path.

    It is that of the visit's kind of service; where the payer states none, the whole plan's.
    """
    for service_type in (visit.service_type, GENERAL):
        for network in (Network.IN, Network.UNKNOWN):
            benefit = coverage.benefit(service_type, network)
            value = None if benefit is None else getattr(benefit, name)
            if value is not None:
                return value, f"benefits[{coverage.benefits.index(benefit)}].{name}"
        if name in ("copay", "coinsurance") and for_visit(visit, coverage) is not None:
            break  # the plan's share is that of other services
    return None, name


def figure_paths(coverage: Coverage) -> Iterator[str]:
    """The path of everything that a cover states, as its places have it: ``benefits[2].copay``."""
    for name in _COVER_FIGURES:
        if getattr(coverage, name) is not None:
            yield name
    for n, benefit in enumerate(coverage.benefits):
        yield f"benefits[{n}].service"
        if benefit.network is not Network.UNKNOWN:
            yield f"benefits[{n}].network"
        for name in _BENEFIT_FIGURES:
            if getattr(benefit, name) is not None:
                yield f"benefits[{n}].{name}"
    for n, other in enumerate(coverage.other_payers):
        for name in ("name", "member_id", "primary"):
            if getattr(other, name) is not None:
                yield f"other_payers[{n}].{name}"


def pressing(kind: str) -> int:
    """How early a kind of finding belongs on a list; less is earlier."""
    return list(STEPS).index(kind)


def _read(
    visit: Visit, coverage: Coverage, earlier: Coverage | None
) -> tuple[VisitOutcome, tuple[VisitFinding, ...]]:
    if coverage.active is None:
        why = "The payer's words for the cover are not in its profile."
        return VisitOutcome.UNCLEAR, (_finding("unknown-coverage-words", why, visit),)
    lapse = _lapse(visit, coverage)
    if lapse is not None:
        changed = _changes(visit, coverage, earlier)
        return VisitOutcome.INACTIVE, (_finding("inactive", lapse, visit), *changed)
    found = [*_others(visit, coverage), *_needs(visit, coverage)]
    found += _changes(visit, coverage, earlier)
    if coverage.unknown_words:
        why = f"{len(coverage.unknown_words)} of the payer's words are not in its profile."
        found.append(_finding("unknown-benefit-words", why, visit))
    if visit.service_type != GENERAL and for_visit(visit, coverage) is None:
        why = f"No benefit is stated for service type {visit.service_type}."
        found.append(_finding("benefit-not-stated", why, visit))
    if not found:
        found.append(_finding("covered", "Active on the day of the visit.", visit))
    return VisitOutcome.ACTIVE, tuple(sorted(found, key=lambda one: pressing(one.kind)))


def _lapse(visit: Visit, coverage: Coverage) -> str | None:
    """Why there is no cover on the day, whatever the payer calls it; None when there is."""
    if coverage.begins is not None and visit.day < coverage.begins:
        return f"The cover begins on {coverage.begins.isoformat()}, after the visit."
    if coverage.ends is not None and visit.day > coverage.ends:
        return f"The cover ended on {coverage.ends.isoformat()}, before the visit."
    return None if coverage.active else "The payer says so in its own words."


def _others(visit: Visit, coverage: Coverage) -> Iterator[VisitFinding]:
    if any(other.primary for other in coverage.other_payers):
        yield _finding("other-payer-primary", "The payer names another one as primary.", visit)
    elif any(other.primary is None for other in coverage.other_payers):
        yield _finding("other-payer-known", "The payer does not say whose turn is first.", visit)


def _needs(visit: Visit, coverage: Coverage) -> Iterator[VisitFinding]:
    benefit = for_visit(visit, coverage)
    if benefit is None:
        return
    of = f"for service type {visit.service_type}"
    if benefit.covered is False:
        yield _finding("service-not-covered", f"The plan grants nothing {of}.", visit)
    if benefit.authorization_required:
        yield _finding("authorization-required", f"The payer says so {of}.", visit)
    if benefit.referral_required:
        yield _finding("referral-required", f"The payer says so {of}.", visit)


def _changes(
    visit: Visit, coverage: Coverage, earlier: Coverage | None
) -> tuple[VisitFinding, ...]:
    if earlier is None or earlier.plan is None or earlier.plan == coverage.plan:
        return ()
    why = f"It was {earlier.plan!r} and is {coverage.plan!r} now."
    return (_finding("plan-changed", why, visit),)


def _finding(kind: str, why: str, visit: Visit) -> VisitFinding:
    step = STEPS[kind]
    return VisitFinding(kind, why, step.action, visit.day, step.needs_person)


def _same_words(ours: str | None, theirs: str | None) -> bool | None:
    left, right = _letters(ours), _letters(theirs)
    return None if not left or not right else left == right


def _same_first(ours: str | None, theirs: str | None) -> bool | None:
    """Given names without the middle ones, which one side may leave out."""
    return _same_words((ours or "").partition(" ")[0], (theirs or "").partition(" ")[0])


def _letters(name: str | None) -> str:
    """A name's letters without case, accents, hyphens and blanks."""
    spread = unicodedata.normalize("NFKD", name or "")
    return "".join(letter for letter in spread if letter.isalpha()).casefold()


def _same_day(ours: date, theirs: date | None) -> bool | None:
    return None if theirs is None else ours == theirs


_COMPARE: Mapping[str, Callable[[Visit, Coverage], bool | None]] = {
    "member_id": lambda visit, said: same_id(visit.member_id, said.member_id),
    "date_of_birth": lambda visit, said: _same_day(visit.date_of_birth, said.date_of_birth),
    "patient_last": lambda visit, said: _same_words(visit.patient_last, said.patient_last),
    "patient_first": lambda visit, said: _same_first(visit.patient_first, said.patient_first),
}
