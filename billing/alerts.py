"""What an operator must be told of: rules over plain facts, and the alerts that they raise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

APPROVAL_DAYS = 30
TERMS_DAYS = 365
PASSWORD_DAYS = 14
CERTIFICATE_DAYS = 21
URGENT_DAYS = 3
LEAST_ASKED = 5
"""A share of fewer questions than these says nothing."""
LEAST_UNKNOWN = 3
MOST_UNKNOWN = Decimal("0.05")
LEAST_FREE_BYTES = 2 * 1024**3
LEAST_FREE = Decimal("0.05")
MOST_CLOCK_SECONDS = 15
BACKUP_HOURS = 36


class Severity(StrEnum):
    """How soon somebody must act: when there is time, today, now."""

    NOTICE = "notice"
    WARNING = "warning"
    URGENT = "urgent"

    @property
    def rank(self) -> int:
        """The higher, the sooner."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of alert: what it says in general, how severe it is at first, and the mend."""

    means: str
    severity: Severity
    mend: str


KINDS: Mapping[str, Kind] = {
    "canary_failed": Kind(
        "A portal answers its known claim otherwise than its profile thinks.",
        Severity.URGENT,
        "compare the portal with its profile, then run claimsweep canary",
    ),
    "login_refused": Kind(
        "A portal refused a login, and the account is stopped.",
        Severity.URGENT,
        "sign in by hand, mend the password, then run claimsweep policy clear",
    ),
    "lockout_near": Kind(
        "A login was cut off, so one attempt of the account's budget may be spent.",
        Severity.WARNING,
        "sign in by hand once, then run claimsweep policy clear",
    ),
    "coverage_short": Kind(
        "A sweep got answers to too few of its questions at a portal.",
        Severity.WARNING,
        "see why with claimsweep policy show, then run the same sweep again",
    ),
    "unknown_pages": Kind(
        "A portal showed too many pages that its profile does not know.",
        Severity.WARNING,
        "look at the captured pages, mend the profile, and try it with claimsweep profile test",
    ),
    "drift": Kind(
        "A portal is no longer as its profile says, though it is still read.",
        Severity.NOTICE,
        "compare the proposed change with the captured pages, then apply it",
    ),
    "schedule_late": Kind(
        "Something that runs by itself did not begin when it was due.",
        Severity.URGENT,
        "see that the service runs, then what claimsweep deploy --list says",
    ),
    "schedule_failed": Kind(
        "Something that runs by itself failed the last time.",
        Severity.WARNING,
        "read why with claimsweep deploy --list, mend it, and let it run again",
    ),
    "still_running": Kind(
        "A sweep is not over at the hour when its results are wanted.",
        Severity.WARNING,
        "see how far it is; it can be stopped and resumed at any moment",
    ),
    "approval_expires": Kind(
        "A payer's permission for bots is about to expire, or has.",
        Severity.WARNING,
        "have it renewed, and record the new date in the profile",
    ),
    "profiles_refused": Kind(
        "A payer profile cannot be read, and no sweep begins.",
        Severity.URGENT,
        "mend what claimsweep profile lint says",
    ),
    "terms_old": Kind(
        "A portal's terms were read too long ago.",
        Severity.NOTICE,
        "read them again, and record the day as policy.read_on",
    ),
    "password_expires": Kind(
        "A portal account's password is about to expire, or has.",
        Severity.WARNING,
        "change it at the portal, then where the secrets are kept, then the date in the settings",
    ),
    "certificate_expires": Kind(
        "The console's certificate is about to expire, or has.",
        Severity.WARNING,
        "renew it and restart the console",
    ),
    "disk_low": Kind(
        "The disk that ledger and evidence lie on is nearly full.",
        Severity.URGENT,
        "free room or make the disk larger; delete nothing in the home by hand",
    ),
    "clock_off": Kind(
        "This machine's clock is wrong, and one-time codes come from it.",
        Severity.URGENT,
        "set the clock and keep it set: sudo timedatectl set-ntp true",
    ),
    "backup_old": Kind(
        "The newest backup is too old, or there is none.",
        Severity.WARNING,
        "make one, and see why the scheduled one was not made",
    ),
    "unsound": Kind(
        "A check of the ledger, its evidence or its audit trail found something wrong.",
        Severity.URGENT,
        "stop all runs, keep a copy of the home as it is, then run claimsweep doctor",
    ),
    "notify_failed": Kind(
        "A notification could not be delivered.",
        Severity.WARNING,
        "try claimsweep alerts --test, and mend the address or its secret",
    ),
}
"""Every kind of alert, by its name; docs/runbooks/<name>.md says what to do about it."""

SIGNALLED = ("canary_failed", "unsound", "notify_failed")
"""Kinds that are seen at one moment and hold until their opposite is seen."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing that somebody must act on, the same as long as kind and subject are.

    ``subject`` is a payer's id, a sweep's, a schedule's name, or empty. ``sentence`` is made of
    such ids, dates and counts, and holds nothing of patients.
    """

    kind: str
    subject: str
    severity: Severity
    sentence: str

    @property
    def mend(self) -> str:
        """What to do, in a few words."""
        return KINDS[self.kind].mend

    @property
    def runbook(self) -> str:
        """The page that says it at length."""
        return f"docs/runbooks/{self.kind}.md"


@dataclass(frozen=True, slots=True)
class Signal:
    """Something of a kind in SIGNALLED that was seen, and holds."""

    kind: str
    subject: str
    sentence: str


@dataclass(frozen=True, slots=True)
class PortalFacts:
    """One portal as it stands: its permission, its account, and what its pages were like.

    ``entered`` is whether its policy lets bots in at all; ``most`` is how many logins may be
    spent, ``stopped`` whether none may be tried; ``drifted`` counts places of its newest sweep.
    """

    payer: str
    entered: bool
    approval_expires: date | None = None
    terms_read: date | None = None
    password_expires: date | None = None
    spent: int = 0
    most: int = 2
    stopped: bool = False
    drifted: int = 0


@dataclass(frozen=True, slots=True)
class Share:
    """What became of one payer's questions in its newest sweep."""

    payer: str
    sweep_id: str
    due: int
    answered: int
    unknown: int


@dataclass(frozen=True, slots=True)
class DueFacts:
    """Something that runs by itself: when it was due last, and what became of it.

    ``begun`` is whether it was begun since; ``failed`` whether its last run failed.
    """

    name: str
    due: datetime | None
    begun: bool
    failed: bool


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """The machine: bytes free and in all where the home lies, how many seconds its clock is off
    (None where nothing can be compared), when the console's certificate and the newest backup
    are of; ``backed_up`` is whether backups are kept at all."""

    free: int
    size: int
    clock_off: int | None = None
    clock_kept: bool = True
    certificate_expires: datetime | None = None
    backed_up: bool = False
    newest_backup: datetime | None = None


def signalled(signals: Iterable[Signal]) -> Iterator[Alert]:
    """What was seen and still holds."""
    for one in signals:
        yield _alert(one.kind, one.subject, one.sentence)


def of_portal(portal: PortalFacts, today: date) -> Iterator[Alert]:
    """What a portal's permission, account and pages give cause for."""
    if portal.entered and portal.approval_expires is not None:
        yield from _expiring(
            "approval_expires",
            portal.payer,
            f"The permission for bots at {portal.payer}",
            portal.approval_expires,
            today,
            APPROVAL_DAYS,
        )
    if portal.entered and portal.terms_read is not None:
        age = (today - portal.terms_read).days
        if age > TERMS_DAYS:
            read = f"The terms of {portal.payer} were read on {portal.terms_read}, {age} days ago."
            yield _alert("terms_old", portal.payer, read)
    if portal.password_expires is not None:
        yield from _expiring(
            "password_expires",
            portal.payer,
            f"The password of {portal.payer}",
            portal.password_expires,
            today,
            PASSWORD_DAYS,
        )
    if portal.stopped:
        yield _alert(
            "login_refused",
            portal.payer,
            f"{portal.payer} is stopped: {portal.spent} of at most {portal.most} logins were "
            "refused or cut off, and no bot signs in.",
        )
    elif portal.spent:
        yield _alert(
            "lockout_near",
            portal.payer,
            f"At {portal.payer} {portal.spent} of at most {portal.most} logins may be spent.",
        )
    if portal.drifted:
        places = "place" if portal.drifted == 1 else "places"
        yield _alert(
            "drift",
            portal.payer,
            f"In its newest sweep {portal.payer} was not as its profile says in {portal.drifted} "
            f"{places}.",
        )


def of_share(share: Share, least_percent: int) -> Iterator[Alert]:
    """Whether a payer's newest sweep was answered enough, by pages that were known."""
    if share.due < LEAST_ASKED:
        return
    if share.answered * 100 < least_percent * share.due:
        percent = share.answered * 100 // share.due
        yield _alert(
            "coverage_short",
            share.payer,
            f"Sweep {share.sweep_id} had answers to {share.answered} of {share.due} questions at "
            f"{share.payer} ({percent} %, wanted are {least_percent} %).",
        )
    if share.unknown >= LEAST_UNKNOWN and share.unknown > MOST_UNKNOWN * share.due:
        yield _alert(
            "unknown_pages",
            share.payer,
            f"In sweep {share.sweep_id} {share.unknown} of {share.due} questions at {share.payer} "
            "met a page that its profile does not know.",
        )


def of_schedule(due: DueFacts, now: datetime, grace: timedelta) -> Iterator[Alert]:
    """Whether what runs by itself did, and came through."""
    if due.due is not None and not due.begun and now - due.due > grace:
        was = f"{due.due:%Y-%m-%d %H:%M} UTC"
        yield _alert("schedule_late", due.name, f"{due.name} was due at {was} and did not begin.")
    elif due.failed:
        yield _alert("schedule_failed", due.name, f"The last run of {due.name} failed.")


def profiles_refused() -> Alert:
    """That the folder of profiles cannot be used."""
    return _alert("profiles_refused", "", "A payer profile is refused, and no sweep can begin.")


def still_running(sweep_id: str, waiting: int) -> Alert:
    """That a sweep is not over at the hour when it should be."""
    return _alert("still_running", sweep_id, f"Sweep {sweep_id} is not over; {waiting} wait.")


def of_machine(machine: MachineFacts, now: datetime) -> Iterator[Alert]:
    """What the machine, its clock, its certificate and its backups give cause for."""
    if machine.free < LEAST_FREE_BYTES or machine.free < LEAST_FREE * machine.size:
        free = f"{Decimal(machine.free) / 1024**3:.1f}"
        yield _alert("disk_low", "", f"{free} GiB are free where the ledger and evidence lie.")
    if machine.clock_off is not None and abs(machine.clock_off) > MOST_CLOCK_SECONDS:
        off = f"This machine's clock is {machine.clock_off:+d} s off another clock."
        yield _alert("clock_off", "", off)
    elif not machine.clock_kept:
        yield _alert("clock_off", "", "The system says that nothing keeps this machine's clock.")
    if machine.certificate_expires is not None:
        yield from _expiring(
            "certificate_expires",
            "console",
            "The console's certificate",
            machine.certificate_expires.date(),
            now.date(),
            CERTIFICATE_DAYS,
        )
    if machine.backed_up:
        newest = machine.newest_backup
        if newest is None:
            yield _alert("backup_old", "", "Backups are to be kept, and there is none.")
        elif now - newest > timedelta(hours=BACKUP_HOURS):
            made = f"The newest backup was made at {newest:%Y-%m-%d %H:%M} UTC."
            yield _alert("backup_old", "", made)


def worst_first(alerts: Iterable[Alert]) -> Sequence[Alert]:
    """The most severe first, then by kind and subject."""
    return sorted(alerts, key=lambda one: (-one.severity.rank, one.kind, one.subject))


def _expiring(
    kind: str, subject: str, what: str, on: date, today: date, days: int
) -> Iterator[Alert]:
    left = (on - today).days
    if left > days:
        return
    when = f"expired on {on}" if left < 0 else f"expires on {on}, in {left} days"
    severity = Severity.URGENT if left <= URGENT_DAYS else KINDS[kind].severity
    yield Alert(kind, subject, severity, f"{what} {when}.")


def _alert(kind: str, subject: str, sentence: str) -> Alert:
    return Alert(kind, subject, KINDS[kind].severity, sentence)
