"""Service types of the 271 (EB03): our gloss, and how schedules commonly say them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServiceType:
    """One service type: our own short words for it, and what front desks call such visits."""

    gloss: str
    spellings: tuple[str, ...]


SERVICE_TYPES: Mapping[str, ServiceType] = {
    "30": ServiceType("plan as a whole", ("general", "eligibility", "health benefit plan")),
    "98": ServiceType(
        "office visit",
        ("office visit", "office", "new patient", "follow up", "established patient", "physical"),
    ),
    "UC": ServiceType("urgent care", ("urgent care", "walk in")),
    "86": ServiceType("emergency", ("emergency", "emergency room", "er")),
    "47": ServiceType("hospital", ("hospital", "hospital outpatient", "outpatient hospital")),
    "48": ServiceType("hospital, inpatient", ("hospital inpatient", "inpatient", "admission")),
    "5": ServiceType("laboratory", ("lab", "lab work", "laboratory", "blood draw")),
    "4": ServiceType("imaging", ("imaging", "x ray", "radiology", "mri", "ct", "ultrasound")),
    "MH": ServiceType("mental health", ("mental health", "counseling", "therapy", "psychiatry")),
    "88": ServiceType("pharmacy", ("pharmacy",)),
}
"""The service types that a practice asks about, by code."""

_BY_SPELLING = {
    spelling: code for code, kind in SERVICE_TYPES.items() for spelling in kind.spellings
}


def service_type(words: str) -> str | None:
    """The code of a service type that is given as such, or in a front desk's words; else None."""
    plain = " ".join(words.replace("-", " ").split())
    if plain.upper() in SERVICE_TYPES:
        return plain.upper()
    return _BY_SPELLING.get(plain.casefold())


def spoken_service(code: str) -> str:
    """The service type in words, with its code."""
    kind = SERVICE_TYPES.get(code)
    return f"{kind.gloss} ({code})" if kind else code
