"""Every payer's canary asked on its own, without a sweep."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from billing.errors import BadInput, CanaryFailed, PortalError
from bots.portal.browser import require_driver
from bots.portal.gate import refusal
from bots.profile import Profile, load_profiles
from bots.reading.canary import check_canary
from flows.context import SweepContext
from flows.settings import Settings
from flows.stopping import run_until_stopped


@dataclass(frozen=True, slots=True)
class CanaryResult:
    """What came of one payer's canary, and a sentence about it; grey is a portal not asked."""

    payer: str
    colour: Literal["green", "red", "grey"]
    sentence: str


def run_canaries(settings: Settings, payer: str | None) -> list[CanaryResult]:
    """Ask the portals of all payers with a canary, or of one, each about its known claim.

    Raises BadInput when there is none to ask about.
    """
    results: list[CanaryResult] = []

    async def ask() -> None:
        results.extend(await canaries(settings, payer))

    run_until_stopped(ask)
    return results


async def canaries(settings: Settings, payer: str | None) -> list[CanaryResult]:
    """As :func:`run_canaries`, in an event loop that runs already."""
    profiles = load_profiles(settings.profiles)
    if payer is not None and payer not in profiles:
        raise BadInput(f"No payer profile {payer!r}; there are: {', '.join(sorted(profiles))}")
    asked = [p for p in profiles.values() if payer in (None, p.id) and check_canary(p)]
    if not asked:
        where = profiles[payer].folder if payer else settings.profiles
        raise BadInput(f"{where}: no canary.yaml there; docs/add-a-payer.md says what it holds")
    require_driver()
    context = SweepContext(
        settings=settings,
        ledger=settings.open_ledger(),
        profiles=profiles,
        sweep_id="",
        business_date=datetime.now(UTC).astimezone(settings.time_zone).date(),
    )
    return [await _ask(context, profile) for profile in asked]


async def _ask(context: SweepContext, profile: Profile) -> CanaryResult:
    payer, refused = profile.id, refusal(profile, today=context.business_date)
    if refused is not None:
        return CanaryResult(payer, "grey", f"{payer}: {refused}")
    try:
        await context.claim_work(payer).run_canary()
    except CanaryFailed as error:
        return CanaryResult(payer, "red", str(error))
    except (PortalError, BadInput) as error:
        return CanaryResult(payer, "grey", str(error))
    return CanaryResult(payer, "green", f"{payer}: the known claim was answered as known")
