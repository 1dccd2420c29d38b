"""How each payer's portal stands: its permission, its account, its hours, and its last nights."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from billing.ledger import Ledger, LoginStanding, Night
from billing.recheck import WAITS
from bots.portal.gate import refusal
from bots.profile import Profile
from console.web.desk import Desk

HEALTH_DAYS = 14
SOON_DAYS = 30
GOOD, FAIR = Decimal("0.95"), Decimal("0.75")


@dataclass(frozen=True, slots=True)
class PortalStanding:
    """One portal: ``refused`` is why policy lets no bot in, ``obstacle`` why none may go in now
    for whatever reason; ``opens`` when a closed one opens, ``held_until`` that of a session."""

    profile: Profile
    refused: str | None
    obstacle: str | None
    expires_in: int | None
    logins: LoginStanding
    held_until: datetime | None
    opens: datetime | None

    @property
    def name(self) -> str:
        """The payer as its profile names it."""
        return self.profile.file.payer.name

    @property
    def expires_soon(self) -> bool:
        """Whether the approval should be renewed by now."""
        return self.expires_in is not None and self.expires_in <= SOON_DAYS


@dataclass(frozen=True, slots=True)
class NightOfPortal:
    """One day's sweeps at one portal: how many were asked about, and answered."""

    day: date
    asked: int
    answered: int

    @property
    def share(self) -> Decimal | None:
        """From 0 to 1; None where nothing was asked."""
        return Decimal(self.answered) / self.asked if self.asked else None

    @property
    def height(self) -> int:
        """Of its bar, of 24."""
        return max(2, int(24 * self.share)) if self.share is not None else 0

    @property
    def standing(self) -> str:
        """Good, soon or late, as the marks are called."""
        share = self.share or Decimal(0)
        return "good" if share >= GOOD else "soon" if share >= FAIR else "late"


@dataclass(frozen=True, slots=True)
class Health:
    """A portal's last days, the oldest first."""

    payer: str
    nights: tuple[NightOfPortal, ...]

    @property
    def words(self) -> str:
        """The same in a sentence."""
        swept = [one for one in self.nights if one.asked]
        if not swept:
            return f"Not asked in the last {HEALTH_DAYS} days."
        asked, answered = sum(one.asked for one in swept), sum(one.answered for one in swept)
        last = swept[-1]
        days = "one day" if len(swept) == 1 else f"{len(swept)} days"
        return (
            f"{100 * answered // asked} % of {asked:,} answered on {days}; last on "
            f"{last.day:%b} {last.day.day}: {last.answered:,} of {last.asked:,}."
        )


def portal_standings(desk: Desk) -> tuple[PortalStanding, ...]:
    """Every portal that has a profile."""
    now, today = desk.now(), desk.today()
    return tuple(
        PortalStanding(
            profile=profile,
            refused=refusal(profile, today=today),
            obstacle=desk.bots.obstacle(profile.id),
            expires_in=_days_until(profile.file.policy.approval_expires, today),
            logins=desk.ledger.login_standing(profile.id),
            held_until=desk.ledger.account_held(profile.id, now),
            opens=profile.file.session.opens(now),
        )
        for profile in desk.profiles().values()
    )


def portal_health(desk: Desk) -> tuple[Health, ...]:
    """Of every portal with a profile, what share of its questions was answered day by day."""
    today = desk.today()
    days = [today - timedelta(days=back) for back in reversed(range(HEALTH_DAYS))]
    asked: Counter[tuple[str, date]] = Counter()
    answered: Counter[tuple[str, date]] = Counter()
    for night in desk.ledger.nights(since=days[0], most=5000):
        for one in () if night.check else night.tallies:
            if one.payer and one.due and not one.waiting:
                asked[one.payer, night.business_date] += one.items
                answered[one.payer, night.business_date] += one.items if one.answered else 0
    return tuple(
        Health(
            payer,
            tuple(NightOfPortal(day, asked[payer, day], answered[payer, day]) for day in days),
        )
        for payer in desk.profiles()
    )


def rechecks(desk: Desk, nights: tuple[Night, ...]) -> dict[date, int]:
    """By day how many claims that wait are due to be asked again, as the last finished sweep of
    claims knows them."""
    last = next((n for n in nights if n.finished_at and not n.check and not n.of_visits), None)
    if last is None:
        return {}
    return _due(desk.ledger, last.sweep_id, last.finished_at)


@lru_cache(maxsize=8)
def _due(ledger: Ledger, sweep_id: str, _finished_at: datetime) -> dict[date, int]:
    due = Counter(
        one.conclusion.finding.due
        for one in ledger.results(sweep_id)
        if one.conclusion.finding.kind in WAITS and one.conclusion.finding.due is not None
    )
    return {day: due[day] for day in sorted(d for d in due if d is not None)}


def _days_until(day: date | None, today: date) -> int | None:
    return None if day is None else (day - today).days
