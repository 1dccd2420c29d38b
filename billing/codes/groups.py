"""Group codes of an adjustment: who is left with the dollars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Group:
    """One group code: our gloss, and whether the patient or the next payer may be billed."""

    gloss: str
    patient_may_be_billed: bool


GROUPS: Mapping[str, Group] = {
    "CO": Group("the provider carries it under the contract", patient_may_be_billed=False),
    "PR": Group("the patient or the next payer owes it", patient_may_be_billed=True),
    "OA": Group("neither contract nor patient; read the reason", patient_may_be_billed=False),
    "PI": Group("the payer took it without a contract", patient_may_be_billed=False),
}
