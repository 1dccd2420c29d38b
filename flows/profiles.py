"""What a person does with payer profiles: lint, replay, record, and see what may run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from billing.errors import BadInput, ProfileError
from billing.ledger import Ledger
from billing.model import CLAIM_LIST, Channel, Found, Observation
from bots.claim_task import ClaimStatusTask
from bots.portal.gate import refusal
from bots.profile import Profile, load_layouts, load_profile, load_profiles
from bots.reading.canary import check_canary
from bots.reading.cases import LATER, RESPONSE, Reads, find_cases, problem, replay_bytes
from bots.reading.reread import Archive, captured, opened_claim, said_by_list
from flows.kept_session import drop_session, kept_until
from flows.login_book import AccountBook
from flows.settings import Settings

SOON = timedelta(days=30)
NAMES = {
    "text/html": "capture.html",
    "application/json": "capture.json",
    "application/pdf": "capture.pdf",
    "text/csv": "capture.csv",
}

KINDS: Mapping[str, Reads] = {
    "claim_status": "claim",
    "rows": "rows",
    "claim_list": "claim_list",
    "document": "document",
}
ELIGIBILITY = "eligibility"


def lint(folder: Path, today: date) -> list[str]:
    """Every problem of every profile: ``file:line: key: fact``."""
    problems = []
    for payer in sorted(p for p in folder.glob("*/") if not p.name.startswith((".", "_"))):
        try:
            profile = load_profile(payer)
        except ProfileError as error:
            problems += str(error).splitlines()
            continue
        policy = profile.file.policy
        if policy.automation == "permitted" and (refused := refusal(profile, today=today)):
            problems.append(f"{payer / 'profile.yaml'}: policy: {refused}; no browser would open")
        if profile.file.tasks.claim_status.document and profile.eob is None:
            problems.append(
                f"{payer / 'eob.yaml'}: no such file, and the profile downloads EOBs; describe "
                "their layout there"
            )
        try:
            check_canary(profile)
        except ProfileError as error:
            problems += str(error).splitlines()
    if not problems:
        try:
            load_layouts(folder)
        except ProfileError as error:
            problems.append(str(error))
    return problems


def document_password(settings: Settings, payer: str) -> str:
    """What opens the payer's locked documents, from where its secrets are kept.

    Raises BadInput where no such payer is known, its profile names no password, or there is none.
    """
    profiles = load_profiles(settings.profiles)
    if payer not in profiles:
        raise BadInput(f"No payer profile {payer!r}; there are: {', '.join(sorted(profiles))}")
    document = profiles[payer].file.tasks.claim_status.document
    if document is None or document.password is None:
        raise BadInput(f"{payer}: its profile names no tasks.claim_status.document.password")
    return settings.secret(payer, document.password)


def replay(folder: Path) -> list[dict[str, str | None]]:
    """Every field of every recorded case, with what is wrong with it; no case is wrong too."""
    fields: list[dict[str, str | None]] = []
    for profile in load_profiles(folder).values():
        cases = list(find_cases(profile))
        if not cases:
            none = "no case is recorded; claimsweep profile record makes one"
            fields.append({"case": profile.id, "field": "cases", "problem": none})
        fields += [
            {"case": case.name, "field": field, "problem": wrong}
            for case in cases
            for field, wrong in problem(case, profile).items()
        ]
    return fields


def record(settings: Settings, payer: str, claim_id: str, case: str) -> Path:
    """Make a case of the newest capture that answered ``claim_id`` in the latest sweep.

    For a case of eligibility it is the row of the schedule that was checked last. The expectation
    is what is read today; it proves nothing until a person has reviewed it.
    """
    profiles = load_profiles(settings.profiles)
    if payer not in profiles:
        raise BadInput(f"No payer profile {payer!r}; there are: {', '.join(sorted(profiles))}")
    ledger, today = settings.open_ledger(), datetime.now(UTC).astimezone(settings.time_zone)
    what, _, name = case.partition("-")
    if what == ELIGIBILITY and name:
        pages, body = _covered(ledger, profiles[payer], claim_id)
        capture = ("capture.html", pages[0])
        return _write_case(
            profiles[payer], case, "coverage", capture, today.date(), body, pages[1:]
        )
    sweep_id = ledger.latest_sweep()
    items = ledger.find_items(sweep_id, claim_id) if sweep_id else ()
    if not items:
        raise BadInput(f"The latest sweep has no claim {claim_id!r}; sweep it first")
    found = [o for o in ledger.observations(items[-1]) if isinstance(o.answer, Found)]
    if not found:
        raise BadInput(f"The latest sweep found no answer for claim {claim_id!r}; choose another")
    if what not in KINDS or not name:
        raise BadInput(
            f"{case!r}: a case is named claim_status-WHAT, rows-WHAT, claim_list-WHAT, "
            "document-WHAT or eligibility-WHAT"
        )
    reads = KINDS[what]
    sha256, loaded = _captures(ledger, found, reads, profiles[payer].file.tasks.claim_status)
    capture = (NAMES[ledger.media_type(sha256)], ledger.fetch(sha256))
    body = ledger.fetch(loaded) if loaded else None
    return _write_case(profiles[payer], case, reads, capture, today.date(), body)


def _write_case(
    profile: Profile,
    case: str,
    reads: Reads,
    capture: tuple[str, bytes],
    today: date,
    body: bytes | None = None,
    later: Sequence[bytes] = (),
) -> Path:
    """The folder of a new case: the capture's name and bytes, what was loaded or captured after
    it, and what is read of them today."""
    folder = profile.folder / "cases" / case
    if folder.exists():
        raise BadInput(f"{folder}: there is such a case already; choose another name")
    name, data = capture
    read = replay_bytes(data, reads, profile, body, later)
    folder.mkdir(parents=True)
    (folder / name).write_bytes(data)
    for number, page in enumerate(later, 1):
        (folder / LATER.format(number)).write_bytes(page)
    if body is not None:
        (folder / RESPONSE).write_bytes(body)
    (folder / "expected.json").write_text(json.dumps(read, indent=1) + "\n", encoding="utf-8")
    (folder / "case.yaml").write_text(
        f"reads: {reads}\ncaptured: {name}\nsource: the portal this profile describes\n"
        f"recorded_on: {today}\nreviewed_by: null\n",
        encoding="utf-8",
    )
    return folder


def _covered(ledger: Ledger, profile: Profile, row: str) -> tuple[list[bytes], bytes | None]:
    """The pages that answered for a row of the latest schedule, and the JSON that they loaded."""
    sweep_id = ledger.latest_schedule()
    asked = (
        ledger.asked_visits(sweep_id, profile.id, int(row)) if sweep_id and row.isdigit() else ()
    )
    found = asked[-1].observation if asked else None
    if found is None or not isinstance(found.answer, Found):
        raise BadInput(
            f"The latest schedule has no answer of {profile.id} for row {row}; choose another"
        )
    kinds = [(ledger.media_type(sha256), sha256) for sha256 in found.captures]
    pages = [ledger.fetch(sha256) for kind, sha256 in kinds if kind == "text/html"]
    bodies = [ledger.fetch(sha256) for kind, sha256 in kinds if kind == "application/json"]
    return pages, bodies[0] if bodies else None


def _captures(
    ledger: Ledger, found: Sequence[Observation], reads: Reads, task: ClaimStatusTask
) -> tuple[str, str | None]:
    """The capture that ``reads`` wants: the opened claim's page (with the JSON that came with it,
    if that is read), the first list, or the EOB."""
    archive = Archive(ledger.fetch, ledger.media_type)
    asked = [o for o in found if o.channel is Channel.PORTAL]
    if reads == "claim_list" and asked and asked[0].search == CLAIM_LIST:
        return captured(asked[0].captures, archive, "text/html")[0], None
    searched = [o for o in asked if not said_by_list(o, opened_claim(o, archive), archive)]
    opened = [opened_claim(o, archive) for o in searched]
    found = [o for o in found if o.search != CLAIM_LIST or reads != "rows"]
    if reads == "claim" and opened:
        return opened[0].page, opened[0].body if task.read.response else None
    used = {sha256 for one in opened for sha256 in (one.page, one.body)}
    kind = "application/pdf" if reads == "document" else ""
    if reads == "rows":
        kind = task.rows.media_type
    for sha256 in (c for o in found for c in o.captures):
        if ledger.media_type(sha256) == kind and sha256 not in used:
            return sha256, None
    told = (
        "; a list of many claims told it: record claim_list-WHAT" if asked[len(searched) :] else ""
    )
    raise BadInput(f"The latest sweep captured nothing of that kind for this claim{told}")


def passport(settings: Settings) -> list[dict[str, str | bool]]:
    """Each payer's standing: may a bot enter today, until when, on whose word; is it stopped?"""
    now = datetime.now(UTC)
    today = now.astimezone(settings.time_zone).date()
    known = (settings.home / "ledger.sqlite").exists()  # looking makes no ledger
    ledger = settings.open_ledger() if known else None
    return [
        {
            "payer": profile.id,
            "automation": profile.file.policy.automation,
            "approved_by": profile.file.policy.approved_by or "",
            "approval_ref": profile.file.policy.approval_ref or "",
            "expires": str(profile.file.policy.approval_expires or ""),
            "expires_soon": _expires_soon(profile, today),
            "profile_sha256": profile.sha256,
            "refusal": refusal(profile, today=today) or "",
            "stopped": _stopped(ledger, profile, now) if ledger else "",
            "session_kept_until": _kept_until(settings, profile),
        }
        for profile in load_profiles(settings.profiles).values()
    ]


def _expires_soon(profile: Profile, today: date) -> bool:
    expires = profile.file.policy.approval_expires
    return expires is not None and today <= expires <= today + SOON


def _stopped(ledger: Ledger, profile: Profile, now: datetime) -> str:
    attempts = profile.file.login.attempts_before_lockout
    return AccountBook(ledger, profile.id, attempts).stopped(now) or ""


def _kept_until(settings: Settings, profile: Profile) -> str:
    until = kept_until(settings.home, profile)
    return f"{until.astimezone(settings.time_zone):%Y-%m-%d %H:%M}" if until else ""


def clear_account(settings: Settings, payer: str) -> None:
    """A person has mended the login of ``payer``: its refusals no longer count.

    A session that was kept is dropped: the next run signs in.
    """
    if payer not in load_profiles(settings.profiles):
        raise BadInput(f"No payer profile {payer!r}")
    settings.open_ledger().clear_account(payer, datetime.now(UTC))
    drop_session(settings.home, payer)
