"""How the field's words are spelled in the ledger: as JSON, checked when read back."""

from __future__ import annotations

from pydantic import TypeAdapter

from billing.model import Claim, Conclusion, Observation, Posting

CLAIM: TypeAdapter[Claim] = TypeAdapter(Claim)
OBSERVATION: TypeAdapter[Observation] = TypeAdapter(Observation)
CONCLUSION: TypeAdapter[Conclusion] = TypeAdapter(Conclusion)
POSTING: TypeAdapter[Posting] = TypeAdapter(Posting)
