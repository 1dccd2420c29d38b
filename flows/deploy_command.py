"""``claimsweep deploy``: schedules onto the Prefect server in force, or shown as they stand."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from flows.options import AsJson, Home, Profiles, print_json, settings_in_force

if TYPE_CHECKING:
    from flows.deployments import Deployed
    from flows.settings import Settings
    from flows.unattended import Unattended


def deploy(
    listing: Annotated[
        bool, typer.Option("--list", help="What is scheduled and how it stands; change nothing.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="What would be changed; change nothing.")
    ] = False,
    pool: Annotated[str | None, typer.Option(help="The work pool, else the settings'.")] = None,
    pool_type: Annotated[
        str | None, typer.Option("--type", help="process, docker or kubernetes.")
    ] = None,
    as_json: AsJson = False,
    home: Home = None,
    profiles: Profiles = None,
) -> None:
    """Make the schedules on the Prefect server in force, or bring them up to date.

    The server is the one of PREFECT_API_URL, else the one that claimsweep unattended runs on this
    machine, running or not. The same call again changes nothing; a schedule that the settings no
    longer hold is taken away. docs/unattended.md has the settings.

    Example: claimsweep deploy --pool claimsweep --type process
    """
    from flows.unattended import unattended

    settings = settings_in_force(home, profiles)
    given = {"pool": pool, "pool_type": pool_type}
    table = {**settings.unattended, **{key: one for key, one in given.items() if one is not None}}
    plan = unattended(replace(settings, unattended=table))
    if listing:
        _list(settings, plan, as_json=as_json)
        return
    done = _deploy(settings, plan, dry_run=dry_run)
    if as_json:
        print_json({**asdict(done), "nothing": done.nothing, "left_out": plan.left_out})
        return
    sys.stdout.write(_told(done, plan, dry_run=dry_run))


def _deploy(settings: Settings, plan: Unattended, *, dry_run: bool) -> Deployed:
    """Deploy, then enter in the ledger since when each schedule stands as it is."""
    from flows.orchestrator import reach

    reach(settings)
    from flows.deployments import deploy as bring_up

    done = asyncio.run(bring_up(plan, dry_run=dry_run))
    if not dry_run:
        enter(settings, plan)
    return done


def enter(settings: Settings, plan: Unattended) -> None:
    """Enter in the ledger since when each schedule stands as it is."""
    from flows.schedule_pauses import set_up
    from flows.scheduled_run import BY

    ledger = settings.open_ledger()
    for entry in plan.entries:
        set_up(ledger, entry.name, f"{entry.cron}, {entry.zone.key}", by=BY)
    ledger.close()


def _told(done: Deployed, plan: Unattended, *, dry_run: bool) -> str:
    from flows.pools import worker_missing

    would = "would be " if dry_run else ""
    lines = [f"work pool {plan.pool} ({plan.pool_type}): {done.pool}"]
    lines += [f"{name}: {would}made" for name in done.made]
    lines += [f"{name}: {would}changed ({', '.join(what)})" for name, what in done.changed.items()]
    lines += [f"{name}: {would}taken away" for name in done.removed]
    lines += [f"{name}: as it was" for name in done.same]
    lines += [f"{name}: left out; {why}" for name, why in plan.left_out.items()]
    missing = worker_missing(plan.pool_type)
    lines += [f"A worker of this pool needs: {missing}"] if missing else []
    return "".join(f"{line}\n" for line in lines)


def _list(settings: Settings, plan: Unattended, *, as_json: bool) -> None:
    from flows.schedule_standing import standings

    ledger = settings.open_ledger()
    rows = []
    for one in standings(settings, ledger, datetime.now(UTC)):
        last = one.last
        rows.append(
            {
                "name": one.name,
                "does": one.does,
                "when": one.when,
                "next": one.next_due.isoformat(),
                "set_up": one.set_up,
                "paused_by": one.paused_by,
                "last": last and last.begun_at.isoformat(),
                "outcome": last and last.state.value,
                "said": last and last.said,
            }
        )
    ledger.close()
    if as_json:
        print_json({"schedules": rows, "left_out": plan.left_out})
        return
    zone = settings.time_zone
    for row in rows:
        at = datetime.fromisoformat(str(row["next"])).astimezone(zone)
        state = (
            f"paused by {row['paused_by']}" if row["paused_by"] else f"next {at:%a %Y-%m-%d %H:%M}"
        )
        state = state if row["set_up"] else f"{state}, once claimsweep deploy has made it"
        sys.stdout.write(f"{row['name']:<16} {state}  ({row['when']})\n  {row['does']}\n")
        if row["last"]:
            began = datetime.fromisoformat(str(row["last"])).astimezone(zone)
            sys.stdout.write(f"  last {began:%Y-%m-%d %H:%M}: {row['outcome']}. {row['said']}\n")
    for name, why in plan.left_out.items():
        sys.stdout.write(f"{name:<16} left out: {why}\n")
