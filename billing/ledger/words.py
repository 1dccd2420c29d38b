"""How the field's words are spelled in the ledger: as JSON, checked when read back."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from billing.claim_places import SegmentPlaces
from billing.coverage import CoverageObservation, Visit, VisitConclusion
from billing.ledger.patience import LedgerError
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
WHERE: TypeAdapter[list[int]] = TypeAdapter(list[int])
"""The segments that state a claim's figures, as :mod:`billing.claim_places` has them."""

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


def write_places(places: Mapping[str, Evidence], sha256: str, claim: RemittedClaim) -> str:
    """The JSON of where a claim's figures stand in the document that ``sha256`` names.

    Of an 835's claim it is the segments alone.
    """
    if isinstance(places, SegmentPlaces) and places.sha256 == sha256 and places.claim is claim:
        return f"[{','.join(map(str, places.where))}]"
    return write(PLACES, dict(places))


def read_places(text: str, sha256: str, claim: RemittedClaim) -> Mapping[str, Evidence]:
    """Where the figures of a claim stand in the document that ``sha256`` names, by path from it.

    Raises LedgerError as :func:`read`.
    """
    if text.startswith("["):
        return SegmentPlaces(sha256, claim, array("Q", read(WHERE, text)))
    return read(PLACES, text)


def read(kind: TypeAdapter[T], text: str) -> T:
    """The word that the JSON spells. Raises LedgerError, which does not quote it."""
    try:
        return kind.validate_json(text)
    except ValidationError:
        raise LedgerError(
            "A row of the ledger does not say what it should: restore the ledger from a backup."
        ) from None
