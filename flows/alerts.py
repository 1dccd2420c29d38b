"""What the operator must know now: facts from ledger, profiles, settings and machine, judged."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from billing.alerts import (
    KINDS,
    Alert,
    PortalFacts,
    Share,
    of_machine,
    of_portal,
    of_schedule,
    of_share,
    profiles_refused,
    signalled,
    still_running,
    worst_first,
)
from billing.errors import ProfileError
from billing.ledger import KeptAlert, Ledger, Night
from billing.model import Reason
from bots.profile import Profile, load_profiles
from flows.alert_settings import AlertSettings, alert_settings
from flows.journal import log
from flows.login_book import AccountBook
from flows.machine_facts import machine_facts
from flows.notify import tell, to_be_told
from flows.schedule_facts import schedule_facts
from flows.scheduled import Occasion
from flows.settings import Settings

DAYS = 4  # the newest sweep of a payer is looked for as far back: over a long weekend
LEAST_HOURS = 2  # a sweep that a person began lately is not late

OF_PROFILES = ("approval_expires", "terms_old", "password_expires", "login_refused",
               "lockout_near", "drift")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look found: what holds, what of it is new, and what has ended."""

    open: tuple[KeptAlert, ...]
    begun: tuple[KeptAlert, ...]
    ended: tuple[KeptAlert, ...]


def look(settings: Settings, ledger: Ledger, now: datetime) -> Looked:
    """Judge everything at ``now`` (aware), and remember it. Raises BadInput for wrong settings."""
    found, judged = judge(settings, ledger, now)
    weighed = ledger.weigh_alerts(found, judged, at=now)
    for one in (*weighed.begun, *weighed.ended):
        alert = one.alert
        log(
            "alert_opened" if one.ended_at is None else "alert_ended",
            kind=alert.kind,
            severity=alert.severity,
            subject=alert.subject or None,
        )
    return Looked(ledger.open_alerts(), weighed.begun, weighed.ended)


def judge(settings: Settings, ledger: Ledger, now: datetime) -> tuple[list[Alert], set[str]]:
    """What holds at ``now``, the worst first, and the kinds that could be judged."""
    wanted, judged = alert_settings(settings), set(KINDS)
    local = now.astimezone(settings.time_zone)
    nights = _nights(ledger, local.date())
    shares = _shares(nights)
    found = [*signalled(ledger.signals())]
    try:
        profiles = load_profiles(settings.profiles)
    except ProfileError:
        judged -= set(OF_PROFILES)
        found.append(profiles_refused())
    else:
        for facts in _portals(ledger, profiles, wanted, nights, now):
            found += of_portal(facts, local.date())
    for share in shares:
        found += of_share(share, wanted.coverage_percent)
    for due in schedule_facts(settings, ledger, now):
        found += of_schedule(due, now, wanted.late)
    found += _running(nights, wanted, local)
    found += of_machine(machine_facts(settings, ledger, wanted, now), now)
    return list(worst_first(found)), judged


def _nights(ledger: Ledger, today: date) -> list[Night]:
    """The sweeps of the last days, the newest first; checks of single claims are none."""
    nights = ledger.nights(since=today - timedelta(days=DAYS), most=500)
    return [one for one in nights if not one.check]


def _newest_of(nights: Iterable[Night]) -> dict[str, Night]:
    """Each payer's newest sweep that is over and was to ask its portal."""
    found: dict[str, Night] = {}
    for night in nights:
        for one in night.tallies if night.finished_at else ():
            if one.payer and one.due:
                found.setdefault(one.payer, night)
    return found


def _shares(nights: list[Night]) -> Iterator[Share]:
    for payer, night in sorted(_newest_of(nights).items()):
        mine = [one for one in night.tallies if one.payer == payer and one.due]
        yield Share(
            payer=payer,
            sweep_id=night.sweep_id,
            due=sum(one.items for one in mine),
            answered=sum(one.items for one in mine if one.answered),
            unknown=sum(one.items for one in mine if one.reason is Reason.UNKNOWN_PAGE),
        )


def _portals(
    ledger: Ledger,
    profiles: Mapping[str, Profile],
    wanted: AlertSettings,
    nights: list[Night],
    now: datetime,
) -> Iterator[PortalFacts]:
    newest = _newest_of(nights)
    for payer, profile in profiles.items():
        policy, login = profile.file.policy, profile.file.login
        book = AccountBook(ledger, payer, login.attempts_before_lockout)
        swept = newest.get(payer)
        drift = ledger.drift(swept.sweep_id).get(payer, ()) if swept else ()
        yield PortalFacts(
            payer=payer,
            entered=policy.automation in ("permitted", "registration_required"),
            approval_expires=policy.approval_expires,
            terms_read=policy.read_on,
            password_expires=wanted.passwords.get(payer),
            spent=ledger.login_standing(payer).spent,
            most=book.most,
            stopped=book.stopped(now) is not None,
            drifted=len(drift),
        )


def _running(nights: list[Night], wanted: AlertSettings, local: datetime) -> Iterator[Alert]:
    """The newest sweep of claims and the newest of visits, where it should be over by now."""
    for of_visits in (False, True):
        newest = next((one for one in nights if one.of_visits is of_visits), None)
        if newest is not None and newest.finished_at is None:
            began = newest.started_at.astimezone(local.tzinfo) + timedelta(hours=LEAST_HOURS)
            over = datetime.combine(began.date(), wanted.over_by, local.tzinfo)
            over += timedelta(days=over < began)
            if local >= over:
                yield still_running(newest.sweep_id, newest.waiting)


async def watch_over(settings: Settings, _occasion: Occasion) -> str:
    """Judge, remember and tell, as the schedule does; how many hold. Raises ClaimsweepError."""
    ledger, now = settings.open_ledger(), datetime.now(UTC)
    try:
        looked = await asyncio.to_thread(look, settings, ledger, now)
        told = await asyncio.to_thread(tell, settings, ledger, now)
    finally:
        ledger.close()
    failed = sum(not one.delivered for one in told)
    return f"{len(looked.open)} open; {len(told)} told, {failed} of them in vain."


def nothing_changed(settings: Settings) -> bool:
    """Whether nothing began or ended since the last look, and nobody is to be told of anything.

    Raises BadInput for wrong settings.
    """
    ledger, now = settings.open_ledger(), datetime.now(UTC)
    try:
        found, judged = judge(settings, ledger, now)
        held = ledger.open_alerts()
        same = {(one.kind, one.subject, one.severity) for one in found} == {
            (one.alert.kind, one.alert.subject, one.alert.severity)
            for one in held
            if one.alert.kind in judged
        }
        return same and not to_be_told(settings, ledger, now)
    finally:
        ledger.close()
