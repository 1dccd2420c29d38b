"""Exports, schedules and EOBs become X12 files, with the parties that the settings name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from billing.errors import BadInput, UnreadableDocument
from billing.model import Remittance
from bots.edi.envelope import Parties
from bots.edi.inquiries import claim_status_inquiry, eligibility_inquiry
from bots.edi.remittance import require_balanced, write_remittances
from bots.exports.read import ExportReading, read_export
from bots.exports.schedule import ScheduleReading, read_schedule
from bots.file_bytes import read_file
from bots.profile import load_layouts, load_profiles, spellings
from bots.reading.eob import read_eob
from flows.outputs import write_whole
from flows.settings import Settings

NEEDED = ("sender", "receiver", "submitter", "provider", "npi")


@dataclass(frozen=True, slots=True)
class Written:
    """An X12 file: its bytes, how many things it is about, and a sentence for each left out."""

    data: bytes
    count: int
    left_out: Sequence[str] = ()


def write_edi(
    settings: Settings, kind: str, files: Sequence[Path], out: Path, *, payer: str | None
) -> Written:
    """Write ``files`` as one X12 file of ``kind`` to ``out``; what it holds.

    The file is readable by its owner only. Raises BadInput when the settings, or a value, or all
    of the payments cannot be used; nothing is written then.
    """
    if kind not in WRITERS:
        raise BadInput(f"{kind!r} is not written; there are: {', '.join(WRITERS)}")
    written = WRITERS[kind](settings, files, payer)
    try:
        out.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(out, written.data)
    except OSError as error:
        raise BadInput(f"{out}: cannot be written ({error.strerror}); choose another") from error
    return written


def parties(settings: Settings) -> Parties:
    """Who sends to whom. Raises BadInput naming what [edi] lacks."""
    lacking = [name for name in NEEDED if not settings.edi.get(name)]
    unknown = sorted(set(settings.edi) - {*NEEDED, "usage"})
    if lacking or unknown or settings.edi.get("usage", "test") not in ("test", "production"):
        raise BadInput(
            f'Settings: [edi] needs {", ".join(NEEDED)}, and usage = "test" or "production" '
            f"(lacking: {', '.join(lacking) or 'none'}; unknown: {', '.join(unknown) or 'none'})"
        )
    return Parties(
        **{name: settings.edi[name] for name in NEEDED},
        test=settings.edi.get("usage") != "production",
        payers=dict(settings.edi_payers),
    )


def _claim_status(settings: Settings, files: Sequence[Path], payer: str | None) -> Written:
    names = spellings(load_profiles(settings.profiles))
    own = settings.own_systems
    readings = [read_export(read_file(file), file.name, payer_ids=names, own=own) for file in files]
    claims = [one for reading in readings for one in reading.claims if payer in (None, one.payer)]
    _require(claims, "claim")
    data = claim_status_inquiry(claims, parties(settings), _now(settings))
    return Written(data, len(claims), _refused(readings))


def _eligibility(settings: Settings, files: Sequence[Path], payer: str | None) -> Written:
    names = spellings(load_profiles(settings.profiles))
    own = settings.own_systems
    readings = [
        read_schedule(read_file(file), file.name, payer_ids=names, own=own) for file in files
    ]
    visits = [one for reading in readings for one in reading.visits if payer in (None, one.payer)]
    _require(visits, "visit")
    data = eligibility_inquiry(visits, parties(settings), _now(settings))
    return Written(data, len(visits), _refused(readings))


def _refused(readings: Sequence[ExportReading] | Sequence[ScheduleReading]) -> Sequence[str]:
    """A sentence for each row that could be no claim or visit, though it was meant as one."""
    return [
        f"{reading.name}: {f'{one.sheet}, ' if one.sheet else ''}row {one.row}: {one.why}"
        for reading in readings
        for one in reading.refused
        if one.meant
    ]


def _remittances(settings: Settings, files: Sequence[Path], payer: str | None) -> Written:
    """The payments that balance; of each other one, and of each file unread, why it is left out."""
    layouts, who, now = load_layouts(settings.profiles), parties(settings), _now(settings)
    found: list[Remittance] = []
    left_out: list[str] = []
    for file in files:
        try:
            reading = read_eob(read_file(file), layouts)
        except UnreadableDocument as error:
            left_out.append(f"{file}: {error}")
            continue
        if payer not in (None, reading.payer):
            continue
        for remittance, residuals in zip(reading.remittances, reading.residuals, strict=True):
            paid = replace(remittance, places={})
            if paid in found:
                left_out.append(f"{file}: The payment {paid.trace_number} stands here once more")
                continue
            try:
                require_balanced(paid, residuals)
                write_remittances([paid], who, now)
            except BadInput as error:
                left_out.append(f"{file}: {error}")
            else:
                found.append(paid)
    if left_out and not found:
        raise BadInput("\n".join(left_out))
    _require(found, "payment")
    return Written(write_remittances(found, who, now), len(found), left_out)


def _require(found: Sequence[object], what: str) -> None:
    if not found:
        raise BadInput(f"The files hold no {what} to write; check --payer and the files")


def _now(settings: Settings) -> datetime:
    return datetime.now(UTC).astimezone(settings.time_zone)


WRITERS: Mapping[str, Callable[[Settings, Sequence[Path], str | None], Written]] = {
    "276": _claim_status,
    "270": _eligibility,
    "835": _remittances,
}
