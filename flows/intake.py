"""Exports become a sweep in the ledger: stored first, then read, then one work item a claim."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from billing.errors import BadInput
from billing.ledger import Ledger, SweepStart, SweptExport
from billing.model import Claim
from billing.money import ZERO
from billing.report import RefusedRow
from bots.exports.read import ExportReading, payer_key, read_export
from bots.exports.systems import System
from bots.exports.write_back import write_back
from bots.file_bytes import read_file
from bots.profile import Profile, spellings

MEDIA_TYPES = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xlsm": "application/vnd.ms-excel.sheet.macroEnabled.12",
}


@dataclass(frozen=True, slots=True)
class Intake:
    """Exports as read, and the claims of them that were asked for."""

    readings: tuple[ExportReading, ...]
    claims: tuple[Claim, ...]


def take_in(
    ledger: Ledger,
    exports: Iterable[Path],
    profiles: Mapping[str, Profile],
    *,
    own: Sequence[System] = (),
    payer: str | None = None,
    limit: int | None = None,
    claim_id: str | None = None,
) -> Intake:
    """Store and read ``exports``; keep the claims of ``payer``, of ``claim_id``, at most ``limit``.

    ``limit`` counts per payer, ``own`` are the biller's own mappings. Raises BadInput naming the
    file when one cannot be used, before anything is swept. A claim that an earlier export holds too
    is asked about, and counted, once.
    """
    names = spellings(profiles)
    readings: list[ExportReading] = []
    for path in exports:
        data = read_file(path)
        reading = read_export(data, path.name, payer_ids=names, own=own)
        _require_another(reading, path, readings)
        write_back(data, reading, {})  # a file that will take no answers is refused now, not after
        readings.append(reading)
        ledger.store(data, media_type(path))
    readings = list(_without_repeats(readings))
    claims = [claim for reading in readings for claim in reading.claims]
    if payer is not None:
        if payer not in profiles:
            raise BadInput(f"No payer profile {payer!r}; there are: {', '.join(sorted(profiles))}")
        claims = [claim for claim in claims if claim.payer == payer]
    if claim_id is not None:
        claims = [claim for claim in claims if claim.claim_id == claim_id]
        if not claims:
            files = ", ".join(reading.name for reading in readings)
            raise BadInput(
                f"No claim {claim_id!r} in {files}; give the claim id as the export spells it"
            )
    if limit is not None:
        claims = list(_first_of_each(claims, limit))
    if not claims:
        raise BadInput("The exports hold no claim to sweep; check --payer and the files")
    return Intake(tuple(readings), tuple(claims))


def begin(ledger: Ledger, sweep_id: str, intake: Intake, business_date: date) -> SweepStart:
    """Make the sweep and its work items, or take up the one that was begun before."""
    several = len(intake.readings) > 1
    refused = [
        replace(
            row,
            sheet=", ".join(filter(None, (reading.name if several else None, row.sheet))) or None,
        )
        for reading in intake.readings
        for row in reading.refused
    ]
    return ledger.begin_sweep(
        sweep_id,
        business_date=business_date,
        exports=[
            SweptExport(name=r.name, sha256=r.sha256, system=r.system, rows_in=r.rows_in)
            for r in intake.readings
        ],
        claims=intake.claims,
        refused=refused,
        at=datetime.now(UTC),
    )


def name_sweep(intake: Intake, business_date: date, *asked: object) -> str:
    """The same exports asked for in the same way on the same day are the same sweep."""
    return name_run((reading.sha256 for reading in intake.readings), business_date, *asked)


def name_run(hashes: Iterable[str], business_date: date, *asked: object) -> str:
    """The same files asked for in the same way on the same day are the same run."""
    digest = hashlib.sha256()
    for sha256 in sorted(hashes):
        digest.update(sha256.encode())
    digest.update(repr(asked).encode())
    return f"{business_date:%Y%m%d}-{digest.hexdigest()[:8]}"


def media_type(path: Path) -> str:
    """The media type an export is stored under."""
    return MEDIA_TYPES.get(path.suffix.lower(), "text/csv")


def _require_another(reading: ExportReading, path: Path, others: Iterable[ExportReading]) -> None:
    for other in others:
        if other.sha256 == reading.sha256:
            raise BadInput(f"{path}: holds the same bytes as {other.name}; give an export once")
        if other.name.casefold() == reading.name.casefold():
            raise BadInput(
                f"{path}: another export of this sweep has the same name; rename one of them, so "
                "that their copies can be told apart"
            )


def _without_repeats(readings: Iterable[ExportReading]) -> Iterator[ExportReading]:
    """The readings, each without the claims of those before it, which become refused rows."""
    first: dict[object, str] = {}
    for reading in readings:
        kept = tuple(claim for claim in reading.claims if _same(claim) not in first)
        again = [
            RefusedRow(at.row, f"the claim of {first[_same(claim)]}, again", at.sheet)
            for claim in reading.claims
            if _same(claim) in first and (at := claim.source)
        ]
        first |= {_same(claim): f"{reading.name}, row {claim.source.row}" for claim in kept}
        yield replace(
            reading,
            claims=kept,
            refused=tuple(sorted((*reading.refused, *again), key=lambda refused: refused.row)),
            billed_total=sum((claim.billed for claim in kept), ZERO),
            balance_total=sum((claim.balance for claim in kept), ZERO),
        )


def _same(claim: Claim) -> object:
    """What is equal for two rows of one claim, whichever export they stand in."""
    payer = claim.payer or payer_key(claim.payer_name)
    return claim.claim_id, payer, claim.member_id, claim.service_from


def _first_of_each(claims: Sequence[Claim], limit: int) -> Iterable[Claim]:
    seen: dict[str | None, int] = {}
    for claim in claims:
        seen[claim.payer] = seen.get(claim.payer, 0) + 1
        if seen[claim.payer] <= limit:
            yield claim
