"""The claims of exports that no bot may ask about, as a worklist for a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from billing.errors import BadInput
from billing.model import Claim
from bots.exports.read import read_export
from bots.file_bytes import read_file
from bots.portal.gate import refusal
from bots.portal.words import claim_words, fill_in
from bots.profile import Profile, load_profiles, spellings
from console.worklist import ByHand, worklist_csv, worklist_xlsx
from flows.outputs import write_whole
from flows.settings import Settings

WRITERS = {".xlsx": worklist_xlsx, ".csv": worklist_csv}


def write_worklist(
    settings: Settings, exports: Sequence[Path], out: Path | None
) -> tuple[Path, int]:
    """Write the worklist for the claims of ``exports``; where it is, and how many it holds.

    The file is readable by its owner only. Raises BadInput when a file cannot be used.
    """
    profiles = load_profiles(settings.profiles)
    names, own = spellings(profiles), settings.own_systems
    today = datetime.now(UTC).astimezone(settings.time_zone).date()
    path = out or settings.artifacts / f"by-hand-{today}.xlsx"
    if path.suffix.lower() not in WRITERS:
        raise BadInput(f"{path}: the worklist is an .xlsx or a .csv; name it so")
    claims = [
        claim
        for export in exports
        for claim in read_export(read_file(export), export.name, payer_ids=names, own=own).claims
    ]
    rows = [
        row for claim in claims if (row := by_hand(claim, profiles.get(claim.payer or ""), today))
    ]
    rows.sort(key=lambda row: (row.payer, -row.claim.balance, row.claim.claim_id))
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, WRITERS[path.suffix.lower()](rows))
    except OSError as error:
        raise BadInput(f"{path}: cannot be written ({error.strerror}); choose another") from error
    return path, len(rows)


def by_hand(claim: Claim, profile: Profile | None, today: date) -> ByHand | None:
    """The row of a claim that no bot may ask about today; None when one may."""
    if profile is None:
        return ByHand(claim, claim.payer_name, "", "no payer profile claims this payer's name", ())
    refused = refusal(profile, today=today)
    if refused is None:
        return None
    words = claim_words(claim)
    steps = [step.typed for step in profile.file.tasks.claim_status.search]
    typed = tuple(
        (str(to.label or to.name or to.placeholder or to), value)
        for to in steps
        if to is not None and (value := fill_in(to.value, words))
    )
    where = f"{profile.file.portal.address}{profile.file.login.start}"
    return ByHand(claim, profile.file.payer.name, where, refused, typed)
