"""``claimsweep unattended``: schedules, server and worker of one machine, in the foreground."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from billing.errors import BadInput
from flows.options import Home, Profiles, settings_in_force


def unattended(
    worker: Annotated[
        bool, typer.Option("--worker", help="Only a worker, of the server of PREFECT_API_URL.")
    ] = False,
    home: Home = None,
    profiles: Profiles = None,
) -> None:
    """Run what is scheduled by itself: a Prefect server of its own on 127.0.0.1, and a worker.

    It stays in the foreground, for systemd, and makes the schedules itself. What dies is started
    again; what an earlier life left undone is taken up. SIGTERM lets runs sign out first, and ends
    within a minute. docs/unattended.md has the settings.

    Example: claimsweep unattended
    """
    from flows.deploy_command import enter
    from flows.embedded import embed
    from flows.pools import worker_missing
    from flows.service import serve, work
    from flows.unattended import unattended as plan_of

    settings = settings_in_force(home, profiles)
    plan = plan_of(settings)
    named = os.environ.get("PREFECT_API_URL")
    if worker:
        if not named:
            raise BadInput("Name the server by PREFECT_API_URL; without one, leave --worker out")
        if (missing := worker_missing(plan.pool_type)) is not None:
            raise BadInput(f"A {plan.pool_type} worker needs: {missing}")
        with _stopped():
            work(settings, plan, say=_say)
        return
    if named:
        raise BadInput(
            "PREFECT_API_URL names a server: use claimsweep deploy and claimsweep unattended "
            "--worker with it, or unset it for one of this machine's own"
        )
    if plan.pool_type != "process":
        raise BadInput('One machine runs a process pool; leave [unattended] pool_type at "process"')
    embed(settings.home)

    def prepare() -> None:
        from flows.deployments import deploy
        from flows.earlier_life import put_right

        asyncio.run(deploy(plan))
        enter(settings, plan)
        crashed, left = asyncio.run(put_right())
        if crashed or left:
            _say(f"of an earlier life, {crashed} runs were cut off and {left} times went by")

    with _stopped():
        serve(settings, plan, say=_say, prepare=prepare)


@contextmanager
def _stopped() -> Iterator[None]:
    """To be told to stop is how it ends well."""
    try:
        yield
    except KeyboardInterrupt:
        _say("stopped; what was cut off is taken up at the next start")


def _say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()
