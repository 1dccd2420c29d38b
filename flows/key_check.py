"""Whether the key that seals the evidence is at hand, and where else it should be."""

from __future__ import annotations

from billing.errors import ClaimsweepError
from billing.ledger.sealing import SecretWrapping
from flows.doctor import Check
from flows.evidence_keys import (
    KEY_NAME,
    KEY_OF,
    ProgramWrapping,
    keeper_in_force,
    key_file,
    read_key_file,
    wrappings_of,
)
from flows.settings import Settings


def key_check(settings: Settings) -> Check:
    """What seals the evidence on this machine, for the doctor; nothing is made."""
    name, file = "evidence key", key_file()
    try:
        keeper = keeper_in_force(settings)
        if settings.ledger_url is not None or (settings.home / "ledger.sqlite").exists():
            for held in settings.open_ledger().held_keys():
                wrappings_of(settings)(held.wrapped_by)
    except ClaimsweepError as error:
        return Check(name, False, str(error), "put that key back; without it nothing opens")
    if keeper is None:
        return Check(name, True, f"none yet; the first piece of evidence makes one in {file}")
    if isinstance(keeper, ProgramWrapping):
        return Check(name, True, f"kept by {keeper.to_unwrap[0]}")
    if file.exists() and SecretWrapping(read_key_file(file)).name == keeper.name:
        return Check(
            name,
            True,
            f"{keeper.name} lies on this machine, in {file}: put it into a vault as the secret "
            f"{KEY_OF}/{KEY_NAME}, and a copy where a restore finds it when this machine is gone",
        )
    return Check(name, True, f"{keeper.name}, from the secret {KEY_OF}/{KEY_NAME}")
