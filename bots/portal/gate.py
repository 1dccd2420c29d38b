"""Decides from the recorded policy, before a browser opens, whether a bot may enter today."""

from __future__ import annotations

from datetime import date, datetime

from bots.profile import Profile


def refusal(profile: Profile, *, today: date) -> str | None:
    """Why no bot may enter, in one sentence; None when the recorded permission holds today.

    A permission counts only with who read the terms, when, who approved, under which reference,
    and until when. Anything less is no permission.
    """
    policy = profile.file.policy
    where = f"{profile.file.payer.name}: "
    if policy.automation != "permitted":
        return (
            where
            + {
                "registration_required": "a bot must be registered there and none is recorded",
                "prohibited": "the portal's terms forbid automation",
                "unknown": "nobody has recorded whether the portal's terms permit automation",
            }[policy.automation]
        )
    recorded = ("terms_url", "read_on", "approved_by", "approval_ref", "approval_expires")
    missing = [name for name in recorded if getattr(policy, name) is None]
    if missing:
        return where + f"the permission is not on record (policy lacks {', '.join(missing)})"
    if policy.read_on is not None and policy.read_on > today:
        return where + f"the terms are recorded as read on {policy.read_on}, which is still to come"
    if policy.approval_expires is not None and policy.approval_expires < today:
        return where + f"the permission expired on {policy.approval_expires}"
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
