"""Whether the payer's own eligibility answers say that it insured the patient on that day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from billing.codes.reasons import Denial
from billing.coverage import Coverage, CoverageObservation
from billing.model import Evidence, Found
from billing.reconcile.weighing import Weighed, kinds_of


def weigh_cover(weighed: Weighed, covers: Sequence[tuple[CoverageObservation, date]]) -> None:
    """Note what the newest answer about the day of service says; each with the day it is about."""
    day = weighed.claim.service_from
    for observation, about in covers:
        found = observation.answer.value if isinstance(observation.answer, Found) else None
        active = _on(found, day, about) if found is not None else None
        if found is None or active is None:
            continue
        figure = f"eligibility.{'active' if active else 'ended'}"
        place = observation.places.get("words") or _first(observation)
        stated = weighed.stated
        if place is not None:
            weighed.stated = replace(
                stated,
                places={**stated.places, figure: place},
                evidence=tuple(dict.fromkeys((*stated.evidence, place.sha256))),
            )
        weighed.note("covered that day" if active else "uncovered that day", figures=(figure,))
        said = observation.observed_at.date().isoformat()
        told = f"On {said} its eligibility answer was that cover was"
        told += " in force on the day of service." if active else " not in force that day."
        _tell(weighed, told)
        return


def _tell(weighed: Weighed, told: str) -> None:
    denied = weighed.told.get(kinds_of(Denial.ELIGIBILITY)[0])
    why = f"{denied.why if denied else weighed.said} {told}"
    for kind in ("denied-eligibility-disputed", "coverage-ended"):
        weighed.tell(kind, why, denied.dollars if denied else None)


def _on(cover: Coverage, day: date, about: date) -> bool | None:
    """Whether the cover held on ``day``; None where the answer, about another day, leaves it open.

    An end before the day, or a beginning after it, says no whatever day was asked for.
    """
    if cover.ends is not None and cover.ends < day:
        return False
    if cover.begins is not None and cover.begins > day:
        return False
    if about == day:
        return cover.active
    within = cover.begins is not None and cover.begins <= day <= about
    return True if cover.active and within else None


def _first(observation: CoverageObservation) -> Evidence | None:
    return Evidence(observation.captures[0], "the answer") if observation.captures else None
