"""Exports, schedules and EOBs become X12 files, with the parties that the settings name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from billing.errors import BadInput, UnreadableDocument
from billing.model import Remittance
from bots.edi.envelope import Parties
from bots.edi.inquiries import claim_status_inquiry, eligibility_inquiry
from bots.edi.remittance import write_remittances
from bots.exports.read import read_export
from bots.exports.schedule import read_schedule
from bots.profile import load_layouts, load_profiles, spellings
from bots.reading.eob import read_eob
from flows.intake import read_file
from flows.outputs import write_whole
from flows.settings import Settings

NEEDED = ("sender", "receiver", "submitter", "provider", "npi")


def write_edi(
    settings: Settings, kind: str, files: Sequence[Path], out: Path, *, payer: str | None
) -> int:
    """Write ``files`` as one X12 file of ``kind`` to ``out``; how many things it holds.

    The file is readable by its owner only. Raises BadInput when a file, the settings or a value
    cannot be used; nothing is written then.
    """
    if kind not in WRITERS:
        raise BadInput(f"{kind!r} is not written; there are: {', '.join(WRITERS)}")
    data, count = WRITERS[kind](settings, files, payer)
    try:
        out.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(out, data)
    except OSError as error:
        raise BadInput(f"{out}: cannot be written ({error.strerror}); choose another") from error
    return count


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


def _claim_status(
    settings: Settings, files: Sequence[Path], payer: str | None
) -> tuple[bytes, int]:
    names = spellings(load_profiles(settings.profiles))
    claims = [
        claim
        for file in files
        for claim in read_export(read_file(file), file.name, payer_ids=names).claims
        if payer in (None, claim.payer)
    ]
    _require(claims, "claim")
    return claim_status_inquiry(claims, parties(settings), _now(settings)), len(claims)


def _eligibility(settings: Settings, files: Sequence[Path], payer: str | None) -> tuple[bytes, int]:
    names = spellings(load_profiles(settings.profiles))
    visits = [
        visit
        for file in files
        for visit in read_schedule(read_file(file), file.name, payer_ids=names).visits
        if payer in (None, visit.payer)
    ]
    _require(visits, "visit")
    return eligibility_inquiry(visits, parties(settings), _now(settings)), len(visits)


def _remittances(settings: Settings, files: Sequence[Path], payer: str | None) -> tuple[bytes, int]:
    layouts = load_layouts(settings.profiles)
    found: list[Remittance] = []
    for file in files:
        try:
            reading = read_eob(read_file(file), layouts)
        except UnreadableDocument as error:
            raise BadInput(f"{file}: {error}") from error
        if not reading.balanced:
            first = next(one for found in reading.residuals for one in found)
            raise BadInput(
                f"{file}: does not balance ({first.where}: {first.equation}, off by "
                f"{first.dollars}); only balanced readings become an 835"
            )
        if payer in (None, reading.payer):
            found += reading.remittances
    _require(found, "payment")
    return write_remittances(found, parties(settings), _now(settings)), len(found)


def _require(found: Sequence[object], what: str) -> None:
    if not found:
        raise BadInput(f"The files hold no {what} to write; check --payer and the files")


def _now(settings: Settings) -> datetime:
    return datetime.now(UTC).astimezone(settings.time_zone)


WRITERS: Mapping[str, Callable[[Settings, Sequence[Path], str | None], tuple[bytes, int]]] = {
    "276": _claim_status,
    "270": _eligibility,
    "835": _remittances,
}
