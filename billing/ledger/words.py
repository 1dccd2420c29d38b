"""How the field's words are spelled in the ledger: as JSON, checked when read back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from billing.coverage import CoverageObservation, Visit, VisitConclusion
from billing.ledger.database import LedgerError
from billing.model import (
    Claim,
    Conclusion,
    Evidence,
    Observation,
    Posting,
    Remittance,
    RemittedClaim,
)

T = TypeVar("T")

CLAIM: TypeAdapter[Claim] = TypeAdapter(Claim)
OBSERVATION: TypeAdapter[Observation] = TypeAdapter(Observation)
CONCLUSION: TypeAdapter[Conclusion] = TypeAdapter(Conclusion)
POSTING: TypeAdapter[Posting] = TypeAdapter(Posting)
REMITTANCE: TypeAdapter[Remittance] = TypeAdapter(Remittance)
REMITTED_CLAIM: TypeAdapter[RemittedClaim] = TypeAdapter(RemittedClaim)
PLACES: TypeAdapter[Mapping[str, Evidence]] = TypeAdapter(Mapping[str, Evidence])
VISIT: TypeAdapter[Visit] = TypeAdapter(Visit)
COVERAGE_OBSERVATION: TypeAdapter[CoverageObservation] = TypeAdapter(CoverageObservation)
VISIT_CONCLUSION: TypeAdapter[VisitConclusion] = TypeAdapter(VisitConclusion)


def write(kind: TypeAdapter[T], word: T) -> str:
    """The JSON of a word."""
    return kind.dump_json(word).decode()


def read(kind: TypeAdapter[T], text: str) -> T:
    """The word that the JSON spells. Raises LedgerError, which does not quote it."""
    try:
        return kind.validate_json(text)
    except ValidationError:
        raise LedgerError(
            "A row of the ledger does not say what it should: restore the ledger from a backup."
        ) from None
