"""The sheet that a payer asks for where a bot must be registered before it may enter."""

from __future__ import annotations

from datetime import date

from bots.page_language import PLACEHOLDER
from bots.profile import Profile

BLANK = "________________________"
NEVER = (
    "submits, changes, corrects, appeals or deletes anything: every request that is not a read "
    "goes only to the paths listed above, all others are refused inside the browser",
    "visits any other host, or follows a redirect to one",
    "solves a CAPTCHA, hides that it is automated, or gets round a second factor",
    "tries a login again after a refusal, or shares its user ID with a person or another bot",
    "has two sessions of one account at the same time, or leaves one without logging out",
    "keeps passwords in its files or patient data in its logs",
)


def registration_sheet(profile: Profile, version: str, today: date) -> str:
    """Markdown, a fact a row; what is not on record is a blank to fill in by hand."""
    file = profile.file
    policy, session = file.policy, file.session
    rows = {
        "Name of the bot": f"claimsweep, payer profile {profile.id}",
        "Version": version,
        "Hash of the profile (SHA-256)": profile.sha256,
        "Purpose": _purpose(profile),
        "Responsible person": policy.responsible or BLANK,
        "Account": policy.account or BLANK,
        "Hours": session.open or "any hour that the portal is open",
        "Pace": _pace(profile),
        "Hosts": ", ".join([file.portal.address, *file.portal.hosts]),
        "Requests besides reads, by path": ", ".join(session.may_post) or "none",
        "Searched with": ", ".join(_searched(profile)),
        "Read from an opened claim": ", ".join(_read(profile)),
        "Second factor": file.login.second_factor.kind if file.login.second_factor else "none",
        "Terms of use": f"{policy.terms_url or BLANK}, read on {policy.read_on or BLANK}",
        "Approved by, reference": f"{policy.approved_by or BLANK}, {policy.approval_ref or BLANK}",
        "Approval ends": str(policy.approval_expires or BLANK),
    }
    table = "".join(f"| {name} | {_cell(value)} |\n" for name, value in rows.items())
    never = "".join(f"- It never {one}.\n" for one in NEVER)
    return (
        f"# Registration of an automated process: {file.payer.name}\n\n"
        f"Made on {today}. A change of the profile changes its hash and needs a new registration.\n"
        f"\n| | |\n|---|---|\n{table}\n## What it never does\n\n{never}\n"
        f"Signed: {BLANK}    Date: {BLANK}\n"
    )


def _purpose(profile: Profile) -> str:
    documents = profile.file.tasks.claim_status.document is not None
    return "Claim status inquiry" + (" and download of its remittance advice" if documents else "")


def _pace(profile: Profile) -> str:
    session = profile.file.session
    least, most = session.min_seconds_between_searches, session.jitter_seconds
    return (
        f"one session, one search at a time, {least:g} to {least + most:g} seconds or more between "
        f"searches, {session.claim_seconds:g} seconds at most for a claim"
    )


def _searched(profile: Profile) -> list[str]:
    steps = [step.typed for step in profile.file.tasks.claim_status.search]
    found = [m[2] for to in steps if to for m in PLACEHOLDER.finditer(to.value)]
    return list(dict.fromkeys(word.replace("_", " ") for word in found))


def _read(profile: Profile) -> list[str]:
    read = profile.file.tasks.claim_status.read
    fields = [*read.fields, *(read.response.fields if read.response else ())]
    return list(dict.fromkeys(field.replace("_", " ") for field in fields))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
