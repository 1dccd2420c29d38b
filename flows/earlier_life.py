"""What an orchestrator still believes of processes that are gone is put right at the next start."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterNextScheduledStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.states import Cancelled, Crashed

from flows.scheduled import RESUME
from flows.scheduled_flow import NAME

LATE = timedelta(minutes=1)
GONE = "Its process was gone when the service was started again."
WENT_BY = "Its time went by; what was missed is taken up."
AT_WORK = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]


async def put_right() -> tuple[int, int]:
    """Mark runs whose processes are gone as crashed, leave the times that went by, and have what
    was cut off or missed taken up; how many runs were marked, and how many left.

    For a server of its own that has no worker yet.
    """
    gone = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=AT_WORK)))
    late = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
        next_scheduled_start_time=FlowRunFilterNextScheduledStartTime.model_validate(
            {"before_": datetime.now(UTC) - LATE}
        ),
    )
    crashed = cancelled = 0
    async with get_client() as client:
        while runs := await client.read_flow_runs(flow_run_filter=gone, limit=200):
            for run in runs:
                await client.set_flow_run_state(run.id, Crashed(message=GONE), force=True)
            crashed += len(runs)
        while runs := await client.read_flow_runs(flow_run_filter=late, limit=200):
            for run in runs:
                await client.set_flow_run_state(run.id, Cancelled(message=WENT_BY), force=True)
            cancelled += len(runs)
        deployment = await client.read_deployment_by_name(f"{NAME}/{RESUME.name}")
        await client.create_flow_run_from_deployment(deployment.id)
    return crashed, cancelled
