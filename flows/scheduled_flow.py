"""What is scheduled as Prefect runs it: it gets a name, and none of our words gets to it."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from typing import Any

from prefect import flow
from prefect.context import FlowRunContext
from prefect.states import Completed, Failed

from billing.errors import ClaimsweepError
from billing.ledger import RunState
from flows import journal
from flows.options import settings_in_force
from flows.scheduled import RESUME
from flows.scheduled_run import do, resume

NAME = "claimsweep"
ENTRYPOINT = "flows.scheduled_flow.claimsweep"


@flow(name=NAME, validate_parameters=False, persist_result=False, log_prints=False)
async def claimsweep(name: str, hand: int = 1) -> Any:
    """Do what the table calls ``name``; of several workers that share it this is the ``hand``-th.

    What it did, or why it could not, is in the ledger; Prefect learns how it ended, no more.
    """
    os.umask(0o077)  # a worker that a person or a container began has another
    journal.begin(unattended=True)
    try:
        settings = settings_in_force(None, None)
        if name == RESUME.name:
            await resume(settings)
            return Completed(message="Looked for what was cut off or missed.")
        done = await do(settings, name, hand=hand, due=_due())
    except Exception as error:  # its words may hold what must not be kept in the orchestrator
        if isinstance(error, ClaimsweepError):
            sys.stderr.write(f"{name}: {error}\n")  # the worker's, as systemd keeps it
        return Failed(message=f"It could not begin ({type(error).__name__}).")
    if done.state is RunState.DONE:
        return Completed(message=f"Run {done.run_id} is done.")
    if done.state is None:
        return Completed(name="Skipped", message="Nothing was begun.")
    return Failed(message=f"Run {done.run_id} failed; the console says why, under Next runs.")


def _due() -> datetime | None:
    """When the schedule meant this run to be; None where a person began it."""
    context = FlowRunContext.get()
    run = None if context is None else context.flow_run
    return run.expected_start_time if run is not None and run.auto_scheduled else None
