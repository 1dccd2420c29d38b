"""Billing systems as data: which heading of an export is which of our words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

from billing.errors import ProfileError
from bots.exports.import_shape import ImportFile
from bots.strict_yaml import load_strict

SYSTEMS_DIR = Path(__file__).parent / "systems"
EXCEL_SERIAL = "excel serial"

Kind = Literal["id", "text", "name", "date", "birth", "money", "time"]
Holds = Literal["claims", "visits"]
Field = Literal[
    "claim_id",
    "payer_name",
    "member_id",
    "patient_name",
    "patient_last",
    "patient_first",
    "date_of_birth",
    "service_from",
    "service_to",
    "billed",
    "balance",
    "payer_claim_number",
    "provider_npi",
    "provider_tin",
    "submitted",
    "last_billed",
    "secondary_payer",
    "authorization_number",
    "insurance_paid",
    "owner",
    "contract",
    "visit_date",
    "visit_time",
    "service_type",
]
FIELDS: Mapping[Field, Kind] = {
    "claim_id": "id",
    "payer_name": "text",
    "member_id": "id",
    "patient_name": "name",
    "patient_last": "text",
    "patient_first": "text",
    "date_of_birth": "birth",
    "service_from": "date",
    "service_to": "date",
    "billed": "money",
    "balance": "money",
    "payer_claim_number": "id",
    "provider_npi": "id",
    "provider_tin": "id",
    "submitted": "date",
    "last_billed": "date",
    "secondary_payer": "text",
    "authorization_number": "id",
    "insurance_paid": "money",
    "owner": "id",
    "contract": "id",
    "visit_date": "date",
    "visit_time": "time",
    "service_type": "text",
}
INDISPENSABLE: Mapping[Holds, tuple[Field, ...]] = {
    "claims": ("claim_id", "payer_name", "member_id", "service_from", "billed", "balance"),
    "visits": ("visit_date", "payer_name", "member_id", "date_of_birth"),
}
_SSN = re.compile(r"(^|\s)(pat|patient|guar|guarantor)?(ssn|ss #|ss no|ss num|ss nbr)|soc\w* ?sec")


@lru_cache(maxsize=1024)
def plain(heading: str) -> str:
    """A heading without case, punctuation or doubled blanks, for comparison only."""
    return " ".join(re.sub(r"[^\w#]+|_+", " ", heading.casefold().replace("#", " # ")).split())


def is_ssn_heading(heading: str) -> bool:
    """Whether a column of this heading holds social security numbers, which we never read."""
    return _SSN.search(plain(heading)) is not None


class System(BaseModel):
    """One system's export: our field, and the headings it may stand under.

    ``holds`` says what its rows are: claims, or a schedule's visits. ``dates`` are strptime
    formats, or "excel serial" for day numbers. ``negative`` are amounts that the system spells
    below zero where we count them above (payments received). A ``draft`` is not yet settled by a
    person, and nothing is read with it but to look at it. ``import_back`` is the file that the
    system can import besides an 835.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str
    title: str
    reconstruction: str
    draft: bool = False
    holds: Holds = "claims"
    dates: tuple[str, ...]
    required: dict[Field, tuple[str, ...]]
    optional: dict[Field, tuple[str, ...]] = {}
    negative: tuple[Field, ...] = ()
    import_back: ImportFile | None = None

    @model_validator(mode="after")
    def _is_usable(self) -> System:
        lacking = [field for field in INDISPENSABLE[self.holds] if field not in self.required]
        if not (
            {"patient_name"} <= set(self.required)
            or {"patient_last", "patient_first"} <= set(self.required)
        ):
            lacking.append("patient_name")
        if lacking:
            raise ValueError(f"required must map {', '.join(lacking)}")
        if twice := set(self.required) & set(self.optional):
            raise ValueError(f"both required and optional map {', '.join(sorted(twice))}")
        if unnamed := [field for field, headings in self.headings.items() if not headings]:
            raise ValueError(f"{', '.join(unnamed)} must list a heading of your export")
        if no_money := [field for field in self.negative if FIELDS[field] != "money"]:
            raise ValueError(f"negative lists {', '.join(no_money)}, which holds no money")
        private = [h for hs in self.headings.values() for h in hs if is_ssn_heading(h)]
        if private:
            raise ValueError(f"a social security number is never read ({', '.join(private)})")
        return self

    @property
    def headings(self) -> dict[Field, tuple[str, ...]]:
        """Required, then optional fields with their headings."""
        return {**self.required, **self.optional}


@dataclass(frozen=True, slots=True)
class Fit:
    """How one system's mapping fits one row of headings; positions are 0-based."""

    positions: Mapping[Field, int]
    missing: tuple[Field, ...]
    doubled: tuple[Field, ...]


def fit(system: System, headings: Sequence[str]) -> Fit:
    """Find each field's column; two columns for one field are reported, never chosen between."""
    where: dict[str, list[int]] = {}
    for position, heading in enumerate(headings):
        if heading and not is_ssn_heading(heading):
            where.setdefault(plain(heading), []).append(position)
    positions: dict[Field, int] = {}
    missing: list[Field] = []
    doubled: list[Field] = []
    for field, spellings in system.headings.items():
        hits = [p for word in {plain(s) for s in spellings} for p in where.get(word, ())]
        if len(hits) == 1:
            positions[field] = hits[0]
        elif hits:
            doubled.append(field)
        elif field in system.required:
            missing.append(field)
    return Fit(positions, tuple(missing), tuple(doubled))


def own_systems(folder: Path | None, *, drafts: bool = False) -> tuple[System, ...]:
    """The biller's own mappings in ``folder``, of claims and of visits; none without a folder.

    ``drafts`` lets mappings in that a person has still to settle, to show what they would read.
    Raises ProfileError naming file, line and fact.
    """
    if folder is None:
        return ()
    if not folder.is_dir():
        raise ProfileError(f"{folder}: there is no such folder of mappings; check --mappings")
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        raise ProfileError(
            f"{folder}: holds no mapping; a mapping is a file such as ours.yaml (claimsweep export "
            "detect FILE --draft ours.yaml writes one)"
        )
    return _loaded(paths, drafts=drafts)


@cache
def shipped_systems(holds: Holds = "claims") -> tuple[System, ...]:
    """Every mapping that is shipped for such rows; raises ProfileError naming file and line."""
    every = _loaded(sorted(SYSTEMS_DIR.glob("*.yaml")), drafts=False)
    return tuple(system for system in every if system.holds == holds)


def all_systems(holds: Holds = "claims", own: Sequence[System] = ()) -> tuple[System, ...]:
    """The mappings for such rows: the biller's ``own``, and those shipped that no own one replaces
    by its name."""
    mine = tuple(system for system in own if system.holds == holds)
    replaced = {system.system for system in mine}
    return mine + tuple(s for s in shipped_systems(holds) if s.system not in replaced)


def _loaded(paths: Sequence[Path], *, drafts: bool) -> tuple[System, ...]:
    found: dict[str, Path] = {}
    systems = []
    for path in paths:
        system = load_strict(path, System)
        if system.draft and not drafts:
            raise ProfileError(
                f"{path}: draft: is still true; settle every line marked CHECK, look at what it "
                "reads with claimsweep export detect, then remove the line"
            )
        if system.system in found:
            raise ProfileError(
                f"{path}:1: system: {system.system} is already the name of {found[system.system]}; "
                "give each mapping a name of its own"
            )
        found[system.system] = path
        systems.append(system)
    return tuple(systems)
