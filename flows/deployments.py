"""The schedules as deployments of a Prefect server: made, brought up to date, taken away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate, WorkPoolCreate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags
from prefect.client.schemas.objects import ConcurrencyLimitStrategy, ConcurrencyOptions
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import ObjectNotFound
from prefect.utilities.callables import parameter_schema

from billing.errors import BadInput, ClaimsweepError
from flows.pools import base_template, job_variables
from flows.scheduled import RESUME
from flows.scheduled_flow import ENTRYPOINT, NAME, claimsweep
from flows.unattended import Entry, Unattended

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient
    from prefect.client.schemas.responses import DeploymentResponse

TAG = "claimsweep"


@dataclass(frozen=True, slots=True)
class Deployed:
    """What was changed on the server, or would be: the names of the deployments, by what becomes
    of them; ``pool`` says so of the work pool."""

    pool: str
    made: Sequence[str] = ()
    changed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    removed: Sequence[str] = ()
    same: Sequence[str] = ()

    @property
    def nothing(self) -> bool:
        """Whether all was as it is wanted."""
        return self.pool == "same" and not (self.made or self.changed or self.removed)


async def deploy(plan: Unattended, *, dry_run: bool = False) -> Deployed:
    """Bring the server's deployments to what the settings say; twice is once.

    A row that is no longer in force loses its deployment, and the runs that were still to come
    with it. Raises BadInput where the pool is there with another type or the settings do not fit
    it, ClaimsweepError where the server cannot be reached.
    """
    job = job_variables(plan.pool_type, plan.job)
    try:
        async with get_client() as client:
            return await _deploy(client, plan, job, dry_run=dry_run)
    except (BadInput, ClaimsweepError):
        raise
    except Exception as error:
        raise ClaimsweepError(
            f"The Prefect server did not do it ({type(error).__name__}); see that PREFECT_API_URL "
            "and PREFECT_API_AUTH_STRING are those of a server that runs"
        ) from error


async def _deploy(
    client: PrefectClient, plan: Unattended, job: dict[str, Any], *, dry_run: bool
) -> Deployed:
    there = await _there(client)
    pool = await _pool(client, plan, dry_run=dry_run)
    made, changed, same = [], dict[str, Sequence[str]](), []
    for entry in plan.entries:
        wanted = _wanted(entry, plan, job)
        found = there.get(entry.name)
        differs = [] if found is None else _differences(wanted, _as_it_is(found))
        if found is None:
            made.append(entry.name)
        elif differs:
            changed[entry.name] = differs
        else:
            same.append(entry.name)
            continue
        if not dry_run:
            await _make(client, entry, wanted)
    gone = sorted(set(there) - {entry.name for entry in plan.entries})
    if not dry_run:
        for name in gone:
            await client.delete_deployment(there[name].id)
    return Deployed(pool, made, changed, gone, same)


def _wanted(entry: Entry, plan: Unattended, job: dict[str, Any]) -> dict[str, Any]:
    hands = range(1, entry.hands + 1)
    # what was cut off is looked for whatever else runs; the ledger holds everything else apart
    limit = None if entry.name == RESUME.name else entry.hands
    return {
        "description": entry.row.does,
        "entrypoint": ENTRYPOINT,
        "pool": plan.pool,
        "queue": plan.queue_of(entry),
        "job_variables": job,
        "parameters": {"name": entry.name},
        "concurrency_limit": limit,
        "schedules": sorted((f"hand-{n}", entry.cron, entry.zone.key, True, n) for n in hands),
        "paused": False,
    }


def _as_it_is(found: DeploymentResponse) -> dict[str, Any]:
    limit = found.global_concurrency_limit
    return {
        "description": found.description,
        "entrypoint": found.entrypoint,
        "pool": found.work_pool_name,
        "queue": found.work_queue_name,
        "job_variables": found.job_variables,
        "parameters": found.parameters,
        "concurrency_limit": None if limit is None else limit.limit,
        "schedules": sorted(
            (
                str(one.slug),
                getattr(one.schedule, "cron", ""),
                getattr(one.schedule, "timezone", ""),
                one.active,
                one.parameters.get("hand", 0),
            )
            for one in found.schedules
        ),
        "paused": found.paused,
    }


def _differences(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    return [name for name in wanted if wanted[name] != found[name]]


async def _make(client: PrefectClient, entry: Entry, wanted: dict[str, Any]) -> None:
    limit = wanted["concurrency_limit"]
    # behind a place that a killed run still holds, a queue would only grow: what is left is done
    # at its next time, or taken up; of the hands of a sweep each is wanted
    full = ConcurrencyLimitStrategy.CANCEL_NEW
    if entry.row.shared:
        full = ConcurrencyLimitStrategy.ENQUEUE
    await client.create_deployment(
        flow_id=await client.create_flow_from_name(NAME),
        name=entry.name,
        description=wanted["description"],
        entrypoint=wanted["entrypoint"],
        work_pool_name=wanted["pool"],
        work_queue_name=wanted["queue"],
        job_variables=wanted["job_variables"],
        parameters=wanted["parameters"],
        concurrency_limit=limit,
        concurrency_options=None if limit is None else ConcurrencyOptions(collision_strategy=full),
        schedules=[
            DeploymentScheduleCreate(
                schedule=CronSchedule(cron=cron, timezone=zone),
                active=active,
                slug=slug,
                parameters={"hand": hand},
            )
            for slug, cron, zone, active, hand in wanted["schedules"]
        ],
        parameter_openapi_schema=parameter_schema(claimsweep).model_dump(),
        enforce_parameter_schema=False,
        tags=[TAG],
        paused=False,
    )


async def _there(client: PrefectClient) -> dict[str, DeploymentResponse]:
    """Our deployments on the server, by name."""
    found: dict[str, DeploymentResponse] = {}
    ours = DeploymentFilter(tags=DeploymentFilterTags(all_=[TAG]))
    while page := await client.read_deployments(
        deployment_filter=ours, limit=200, offset=len(found)
    ):
        found |= {one.name: one for one in page}
    return found


async def _pool(client: PrefectClient, plan: Unattended, *, dry_run: bool) -> str:
    try:
        pool = await client.read_work_pool(plan.pool)
    except ObjectNotFound:
        if not dry_run:
            template = base_template(plan.pool_type)
            await client.create_work_pool(
                WorkPoolCreate(name=plan.pool, type=plan.pool_type, base_job_template=template)
            )
        return "made"
    if pool.type != plan.pool_type:
        raise BadInput(
            f"The work pool {plan.pool} is a {pool.type} pool; name another by [unattended] pool, "
            f'or say pool_type = "{pool.type}"'
        )
    return "same"
