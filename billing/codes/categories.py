"""Status categories of the 277: how far a claim has come, in our own words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """What a status category lets us conclude."""

    PENDING = "pending"
    DOCUMENTS_WANTED = "documents_wanted"
    PATIENT_ASKED = "patient_asked"
    REJECTED = "rejected"
    ADJUDICATED = "adjudicated"
    UNAVAILABLE = "unavailable"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Category:
    """One status category: our gloss, and the stage it stands for."""

    gloss: str
    stage: Stage


CATEGORIES: Mapping[str, Category] = {
    "A0": Category("passed on to another party", Stage.PENDING),
    "A1": Category("received, not yet accepted", Stage.PENDING),
    "A2": Category("accepted, not yet adjudicated", Stage.PENDING),
    "A3": Category("sent back before adjudication", Stage.REJECTED),
    "A4": Category("submitted, but not in the adjudication system", Stage.REJECTED),
    "A5": Category("split into several claims", Stage.UNDECIDED),
    "A6": Category("sent back because something is missing", Stage.REJECTED),
    "A7": Category("sent back because something is invalid", Stage.REJECTED),
    "A8": Category("sent back because fields contradict each other", Stage.REJECTED),
    "P0": Category("pending; see the payer's note", Stage.PENDING),
    "P1": Category("in process", Stage.PENDING),
    "P2": Category("under review", Stage.PENDING),
    "P3": Category("waiting for information from the provider", Stage.DOCUMENTS_WANTED),
    "P4": Category("waiting for information from the patient", Stage.PATIENT_ASKED),
    "P5": Category("held by the payer's own system", Stage.PENDING),
    "F0": Category("adjudicated; read the money", Stage.ADJUDICATED),
    "F1": Category("adjudicated and paid", Stage.ADJUDICATED),
    "F2": Category("adjudicated and denied", Stage.ADJUDICATED),
    "F3": Category("adjudicated again after a change", Stage.ADJUDICATED),
    "F3F": Category("adjudicated again, forwarded", Stage.ADJUDICATED),
    "F3N": Category("adjudicated again, not forwarded", Stage.ADJUDICATED),
    "F4": Category("adjudicated, no payment to come", Stage.ADJUDICATED),
    "R0": Category("the payer asks for more", Stage.DOCUMENTS_WANTED),
    "R1": Category("the payer asks about a party to the claim", Stage.DOCUMENTS_WANTED),
    "E0": Category("the payer could not answer the inquiry as sent", Stage.UNAVAILABLE),
    "E1": Category("the payer's system could not answer", Stage.UNAVAILABLE),
    "E2": Category("the payer's system was busy", Stage.UNAVAILABLE),
    "E3": Category("the inquiry was incomplete", Stage.UNAVAILABLE),
    "E4": Category("the payer's system was out of reach", Stage.UNAVAILABLE),
    "D0": Category("the payer's search gave no single claim", Stage.UNDECIDED),
} | {
    f"R{n}": Category("the payer asks for documents or data", Stage.DOCUMENTS_WANTED)
    for n in range(2, 18)
}


def stage_of(category: str | None) -> Stage | None:
    """The stage of a status category; None when there is none or we do not know it."""
    known = CATEGORIES.get(category) if category is not None else None
    return known.stage if known is not None else None
