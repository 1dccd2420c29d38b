"""How the bots themselves fared: portals reached, logins refused, what a check cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing.disposition import is_unasked
from billing.money import ZERO, usd
from billing.report import ClaimResult, SweepReport

NO_PORTAL = ("policy", "no-profile")
"""Kinds of finding of a claim that no portal was opened for."""

NOT_REACHED = ("unreachable", "payer-unavailable", "login-refused")
"""Kinds of finding of a claim whose portal was not there to ask."""

_HOUR = 3600
_FINE = Decimal("0.0001")
_TENTH = Decimal("0.1")

Told = tuple[Decimal | None, str]
"""A figure, and what it was made of or why it is unknown."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What the operator says that checks cost, in dollars: an hour of asking, and each check asked
    (a clearinghouse's price, say). None is not stated."""

    per_hour: Decimal | None = None
    per_check: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Logins:
    """Login attempts that a portal judged."""

    accepted: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class PortalDays:
    """One payer's portal: in how many sweeps it was opened, in how many reached, and its logins."""

    payer: str
    sessions: int
    reached: int
    logins: Logins


def portals(sweeps: Iterable[SweepReport], logins: Mapping[str, Logins]) -> tuple[PortalDays, ...]:
    """Every portal that was opened, the least reachable first.

    A sweep's session reached the portal when any of the payer's claims was answered, or met a page.
    """
    opened: defaultdict[str, list[bool]] = defaultdict(list)
    for sweep in sweeps:
        met: defaultdict[str, list[bool]] = defaultdict(list)
        for result in sweep.results:
            if result.claim.payer is not None and _is_asked(result):
                met[result.claim.payer].append(result.conclusion.finding.kind not in NOT_REACHED)
        for payer, some in met.items():
            opened[payer].append(any(some))
    found = [
        PortalDays(payer, len(opened[payer]), sum(opened[payer]), logins.get(payer, Logins()))
        for payer in sorted({*opened, *logins})
    ]
    return tuple(sorted(found, key=lambda one: one.reached - one.sessions))


def operations(
    sweeps: Sequence[SweepReport], logins: Mapping[str, Logins], costs: Costs
) -> dict[str, Told]:
    """The figures of :data:`billing.kpi_definitions.DEFINITIONS` that are about the bots."""
    each = portals(sweeps, logins)
    sessions = sum(one.sessions for one in each)
    refused = sum(one.logins.refused for one in each)
    judged = refused + sum(one.logins.accepted for one in each)
    return {
        "portal_reached": _share(sum(one.reached for one in each), sessions, "sessions"),
        "logins_refused": _share(refused, judged, "logins that a portal judged"),
        "cost_per_check": _cost([r for sweep in sweeps for r in sweep.results], costs),
    }


def _is_asked(result: ClaimResult) -> bool:
    said = result.conclusion
    return said.not_asked is None and said.finding.kind not in NO_PORTAL


def _cost(results: Iterable[ClaimResult], costs: Costs) -> Told:
    asked = [one for one in results if _is_asked(one)]
    answered = sum(not is_unasked(one) for one in asked)
    timed = [one.seconds for one in asked if one.seconds is not None]
    if costs.per_hour is None and costs.per_check is None:
        return None, "no cost is set: say per_hour or per_check under [costs] in the settings file"
    if not answered:
        return None, "no check was answered"
    if costs.per_hour is not None and not timed:
        return None, "no check was timed"
    hours = sum(timed, ZERO) / _HOUR
    total = (costs.per_hour or ZERO) * hours + (costs.per_check or ZERO) * len(asked)
    made = f"{usd(total)} for {len(asked):,} checks asked in {hours.quantize(_TENTH)} hours"
    return (total / answered).quantize(_FINE), f"{made}, {answered:,} of them answered"


def _share(part: int, whole: int, of: str) -> Told:
    if not whole:
        return None, f"there were no {of}"
    return (Decimal(100) * part / whole).quantize(_TENTH), f"{part:,} of {whole:,} {of}"
