"""No recorded, unexpired permission, no browser."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from bots.entrance import Policy
from bots.portal.gate import refusal
from bots.profile import Profile, load_profiles

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
