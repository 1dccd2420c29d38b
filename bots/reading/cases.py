"""Recorded cases: captured bytes with a reviewed expectation, replayed offline."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, TypeAdapter

from billing.coverage import Coverage
from billing.errors import ProfileError, UnknownPage, UnreadableDocument
from billing.model import ClaimStatus
from bots.profile import Profile
from bots.reading.coverage import read_coverage
from bots.reading.eob import read_eob
from bots.reading.eob_json import document_json
from bots.reading.listed import read_rows
from bots.reading.page import read_claim
from bots.strict_yaml import Strict, load_strict

STATUSES: TypeAdapter[tuple[ClaimStatus, ...]] = TypeAdapter(tuple[ClaimStatus, ...])
COVERAGE: TypeAdapter[Coverage] = TypeAdapter(Coverage)


RESPONSE = "response.json"
"""What an opened claim's or a member's page loaded, where the profile reads that too."""

LATER = "later-{}.html"
"""A member's page after the steps that brought further rows to view, numbered from 1."""

Reads = Literal["claim", "rows", "claim_list", "document", "coverage"]


class CaseFile(Strict):
    """case.yaml: what the captured bytes are, where they came from, who checked the expectation."""

    reads: Reads
    captured: str = Field(pattern=r"^capture\.(html|json|pdf|csv)$")
    source: str
    recorded_on: date
    reviewed_by: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One recorded case: its folder, its file, and what is expected field by field.

    ``refused`` is a part of the sentence that reading must refuse the capture with.
    """

    folder: Path
    file: CaseFile
    expected: Mapping[str, Any]
    refused: str | None

    @property
    def name(self) -> str:
        """``payer/task-what``."""
        return f"{self.folder.parent.parent.name}/{self.folder.name}"


def find_cases(profile: Profile) -> Iterator[Case]:
    """Every recorded case of ``profile``. Raises ProfileError for a folder that is no case."""
    for folder in sorted((profile.folder / "cases").glob("*/")):
        file = load_strict(folder / "case.yaml", CaseFile)
        expected, refused = folder / "expected.json", folder / "refused.json"
        if expected.is_file() == refused.is_file():
            raise ProfileError(f"{folder}: needs either an expected.json or a refused.json")
        yield Case(
            folder,
            file,
            json.loads(expected.read_text(encoding="utf-8")) if expected.is_file() else {},
            json.loads(refused.read_text(encoding="utf-8"))["sentence"]
            if refused.is_file()
            else None,
        )


def replay(case: Case, profile: Profile) -> Mapping[str, Any]:
    """What the profile reads from the case's bytes today, flat: path → value as JSON has it.

    Raises UnknownPage or UnreadableDocument as reading live would.
    """
    data, body = (case.folder / case.file.captured).read_bytes(), case.folder / RESPONSE
    later = [path.read_bytes() for path in sorted(case.folder.glob(LATER.format("*")))]
    return replay_bytes(
        data, case.file.reads, profile, body.read_bytes() if body.is_file() else None, later
    )


def replay_bytes(
    data: bytes,
    reads: Reads,
    profile: Profile,
    body: bytes | None = None,
    later: Sequence[bytes] = (),
) -> Mapping[str, Any]:
    """What ``profile`` reads from ``data``, the JSON ``body`` that came with it and the ``later``
    captures of the same page, flat."""
    task = profile.file.tasks.claim_status
    if reads == "document":
        reading = read_eob(data, {profile.id: profile.eob} if profile.eob else {})
        document = document_json("capture.pdf", reading)
        for payment in document["payments"]:
            del payment["places"]  # geometry is the PDF library's; the figures are the profile's
        return flat(document)
    if reads == "coverage":
        asked = profile.file.tasks.eligibility
        if asked is None:
            raise UnknownPage("the profile has no eligibility task to read a cover with")
        bodies = dict.fromkeys(asked.responses, body) if body is not None else {}
        read = read_coverage(data, asked, bodies, later)
        return flat(COVERAGE.dump_python(read.coverage, mode="json"))
    if reads == "claim":
        status, _ = read_claim(data, task.read, profile.file.vocabulary, body)
        statuses: tuple[ClaimStatus, ...] = (status,)
    elif reads == "claim_list":
        if task.claim_list is None:
            raise UnknownPage("the profile has no claim_list to read a list of many claims with")
        statuses = read_rows(data, task.claim_list.rows, profile.file.vocabulary)
    else:
        statuses = read_rows(data, task.rows, profile.file.vocabulary)
    return flat(STATUSES.dump_python(statuses, mode="json"))


def problem(case: Case, profile: Profile) -> dict[str, str | None]:
    """Each expected field and what is wrong with it: None when it reads as expected.

    A case that nobody reviewed proves nothing, and says so.
    """
    if case.file.reviewed_by is None:
        return {"reviewed_by": "nobody has reviewed this expectation; fill in reviewed_by"}
    try:
        got = replay(case, profile)
    except (UnknownPage, UnreadableDocument) as error:
        if case.refused is not None:
            met = case.refused in str(error)
            return {"refused": None if met else f"refused with another sentence: {error}"}
        return {"reading": str(error)}
    if case.refused is not None:
        return {"refused": "was read, but should have been refused"}
    shown = is_invented(profile)
    return {
        field: _difference(case.expected.get(field), got.get(field), shown=shown)
        for field in sorted({*case.expected, *got})
    }


def is_invented(profile: Profile) -> bool:
    """Whether the portal's host is reserved for examples (RFC 2606), so that nobody's data can
    have come from it."""
    host = urlsplit(profile.file.portal.address).hostname or ""
    return host.endswith(".example")


def _difference(expected: Any, got: Any, *, shown: bool) -> str | None:
    """What is wrong with a field; its values only when they are invented."""
    if got == expected:
        return None
    values = f": expected {json.dumps(expected)}, got {json.dumps(got)}" if shown else ""
    return f"reads otherwise than expected{values}"


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """Nested JSON as one mapping: ``[0].paid`` → "12.00"."""
    if isinstance(value, dict):
        return {
            k: v
            for key, item in value.items()
            for k, v in flat(item, f"{path}.{key}" if path else key).items()
        }
    if isinstance(value, list | tuple) and value:
        return {k: v for n, item in enumerate(value) for k, v in flat(item, f"{path}[{n}]").items()}
    return {path: value}
