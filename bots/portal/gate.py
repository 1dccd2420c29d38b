"""Decides from the recorded policy, before a browser opens, whether a bot may enter now."""

from __future__ import annotations

from datetime import date, datetime

from bots.profile import Profile

CLOSED = {
    "prohibited": "the portal's terms forbid automation",
    "unknown": "nobody has recorded whether the portal's terms permit automation",
}
RECORDED = ("terms_url", "read_on", "approved_by", "approval_ref", "approval_expires")


def refusal(profile: Profile, *, today: date) -> str | None:
    """Why no bot may enter, in one sentence; None when the recorded permission holds today.

    A permission counts only with who read the terms, when, who approved, under which reference,
    and until when; where a bot must be registered, also with the hash of the profile that was.
    Anything less is no permission, nor is one for a profile that has changed since.
    """
    policy = profile.file.policy
    where = f"{profile.file.payer.name}: "
    if policy.automation in CLOSED:
        return where + CLOSED[policy.automation]
    needed: tuple[str, ...] = RECORDED
    what = "the permission is not on record"
    if policy.automation == "registration_required":
        needed = (*RECORDED, "approved_profile")
        what = "a bot must be registered there and none is recorded"
    missing = [name for name in needed if getattr(policy, name) is None]
    if missing:
        return where + f"{what} (policy lacks {', '.join(missing)})"
    if policy.read_on is not None and policy.read_on > today:
        return where + f"the terms are recorded as read on {policy.read_on}, which is still to come"
    if policy.approval_expires is not None and policy.approval_expires < today:
        return where + f"the permission expired on {policy.approval_expires}"
    if policy.approved_profile not in (None, profile.sha256):
        return where + (
            f"the profile has changed since it was approved (it is {profile.sha256[:12]} now); "
            "have it approved again and record the new hash as policy.approved_profile"
        )
    return None


def closed(profile: Profile, *, now: datetime) -> str | None:
    """That the portal is closed at this hour and when it opens, in one sentence; None if open."""
    opens = profile.file.session.opens(now)
    if opens is None:
        return None
    return (
        f"{profile.file.payer.name} is closed at this hour and opens {opens:%Y-%m-%d %H:%M} UTC; "
        "run again then"
    )
