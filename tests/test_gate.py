"""No recorded, unexpired permission, no browser."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from shutil import copytree

import pytest
import yaml

from bots.entrance import Policy
from bots.portal.gate import refusal
from bots.profile import Profile, load_profile, load_profiles

TODAY = date(2026, 11, 24)
PROFILES = Path(__file__).parent.parent / "payer_profiles"


def with_policy(**changes: object) -> Profile:
    profile = load_profiles(PROFILES)["juniper-ridge"]
    policy = profile.file.policy.model_dump() | changes
    file = profile.file.model_copy(update={"policy": Policy.model_validate(policy)})
    return profile.model_copy(update={"file": file})


def test_a_recorded_permission_opens_the_gate_until_its_last_day() -> None:
    assert refusal(with_policy(approval_expires=TODAY), today=TODAY) is None


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"automation": "prohibited"}, "forbid automation"),
        ({"automation": "unknown"}, "nobody has recorded"),
        ({"automation": "registration_required"}, "registered"),
        ({"approval_expires": date(2026, 11, 23)}, "expired on 2026-11-23"),
        ({"approval_expires": None}, "approval_expires"),
        ({"approved_by": None}, "approved_by"),
        ({"approval_ref": None}, "approval_ref"),
        ({"terms_url": None}, "terms_url"),
        ({"read_on": None}, "read_on"),
        ({"read_on": date(2026, 11, 25)}, "still to come"),
    ],
)
def test_anything_less_keeps_the_bot_out_and_says_why(changes: dict[str, object], why: str) -> None:
    assert why in (refusal(with_policy(**changes), today=TODAY) or "")


def changed(folder: Path, change: dict[str, dict[str, object]]) -> Profile:
    """The profile in ``folder`` after its file was changed."""
    path = folder / "profile.yaml"
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    for part, keys in change.items():
        values[part] |= keys
    path.write_text(yaml.safe_dump(values, sort_keys=True), encoding="utf-8")
    return load_profile(folder)


@pytest.mark.parametrize("automation", ["permitted", "registration_required"])
def test_a_profile_that_changed_since_it_was_approved_does_not_run(
    automation: str, tmp_path: Path
) -> None:
    folder = tmp_path / "juniper-ridge"
    copytree(PROFILES / folder.name, folder)
    approved = load_profile(folder).sha256
    policy = {"automation": automation, "approved_profile": approved}
    same = changed(folder, {"policy": policy})
    assert refusal(same, today=TODAY) is None, "the policy itself, order and comments do not count"
    other = changed(folder, {"session": {"claim_seconds": 91}})
    assert "has changed since it was approved" in (refusal(other, today=TODAY) or "")
    again = changed(folder, {"policy": {"approved_profile": other.sha256}})
    assert refusal(again, today=TODAY) is None


def test_a_bot_that_must_be_registered_needs_the_hash_on_record() -> None:
    refused = refusal(with_policy(automation="registration_required"), today=TODAY)
    assert "policy lacks approved_profile" in (refused or "")
