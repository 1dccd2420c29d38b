"""The file that a billing system can import, as data: its columns, and each finding's code."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

from billing.findings import FINDINGS

Part = Literal["claim_id", "code", "note", "checked_on", "due", "run"]


class ImportColumn(BaseModel):
    """One column of the file: its heading, and what stands in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    heading: str
    holds: Part


class ImportFile(BaseModel):
    """A CSV that people import into the billing system.

    ``codes`` lead from a finding's kind, or from the beginning of several with a star
    (``denied-*``), to the system's code; ``otherwise`` is for every other. ``dates`` is a strftime
    spelling. ``name`` ends the file's name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, StringConstraints(pattern=r"^[a-z]+(-[a-z]+)*$")]
    title: str
    reconstruction: str
    columns: tuple[ImportColumn, ...]
    codes: dict[str, str] = {}
    otherwise: str = ""
    dates: str = "%m/%d/%Y"

    @model_validator(mode="after")
    def _is_usable(self) -> ImportFile:
        held = [column.holds for column in self.columns]
        if "claim_id" not in held or "note" not in held:
            raise ValueError("columns must hold claim_id and note")
        if ("code" in held) != bool(self.otherwise):
            raise ValueError("a column of codes and otherwise, the code of the rest, go together")
        unknown = [key for key in self.codes if not any(_meant(key, kind) for kind in FINDINGS)]
        if unknown:
            raise ValueError(f"codes: no finding is called {', '.join(unknown)}")
        several = [k for k in FINDINGS if sum(_meant(key, k) for key in self.codes) > 1]
        if several:
            raise ValueError(f"codes: more than one is given for {', '.join(several)}")
        return self

    def code(self, kind: str) -> str:
        """The system's code for a kind of finding."""
        return next((self.codes[key] for key in self.codes if _meant(key, kind)), self.otherwise)


def _meant(key: str, kind: str) -> bool:
    return kind.startswith(key[:-1]) if key.endswith("*") else kind == key


__all__ = ["ImportColumn", "ImportFile"]
