"""The schedules on a real Prefect server: made once, changed in place, taken away."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import WorkPool
from prefect.testing.utilities import prefect_test_harness

from billing.errors import BadInput
from flows.deployments import Deployed, deploy
from flows.scheduled import TABLE
from flows.settings import load_settings
from flows.unattended import Unattended, unattended

START_SECONDS = 600
FEW = {row.name: "off" for row in TABLE if row.name != "morning" and row.needs is None}


@pytest.fixture(scope="module", autouse=True)
def _server() -> Iterator[None]:
    with prefect_test_harness(server_startup_timeout=START_SECONDS):
        yield


def plan(**table: object) -> Unattended:
    settings = replace(load_settings(home=Path("/nowhere")), unattended=table)
    return unattended(settings)


def bring(wanted: Unattended, **options: bool) -> Deployed:
    return asyncio.run(deploy(wanted, **options))


def on_server(*names: str) -> dict[str, Any]:
    async def read() -> dict[str, Any]:
        async with get_client() as client:
            found = await client.read_deployments(limit=200)
            return {one.name: one for one in found if not names or one.name in names}

    return asyncio.run(read())


def pool(name: str) -> WorkPool:
    async def read() -> WorkPool:
        async with get_client() as client:
            return await client.read_work_pool(name)

    return asyncio.run(read())


def test_made_twice_they_are_as_they_were_and_changed_they_stay_the_same_deployments() -> None:
    first = plan(exports="/srv/exports", hands=3)
    looked = bring(first, dry_run=True)
    assert looked.pool == "made"
    assert "sweep" in looked.made
    assert on_server() == {}
    assert bring(first) == looked
    again = bring(first)
    assert again.nothing
    assert set(again.same) == {one.name for one in first.entries} == set(on_server())

    sweep = on_server("sweep")["sweep"]
    times = [(one.schedule.cron, one.schedule.timezone, one.parameters) for one in sweep.schedules]
    assert sorted(times, key=str) == [
        ("0 1 * * mon-fri", "America/New_York", {"hand": hand}) for hand in (1, 2, 3)
    ]
    assert sweep.global_concurrency_limit.limit == 3
    assert sweep.concurrency_options.collision_strategy == "ENQUEUE"
    assert sweep.parameters == {"name": "sweep"}
    assert sweep.work_queue_name == "hands"
    morning = on_server("morning")["morning"]
    assert morning.concurrency_options.collision_strategy == "CANCEL_NEW"
    assert morning.work_queue_name == "default"
    assert pool("claimsweep").type == "process"

    other = plan(exports="/srv/exports", hands=2, at={"sweep": "30 2 * * *", "canaries": "off"})
    changed = bring(other)
    assert set(changed.changed) == {"sweep"}
    assert changed.removed == ["canaries"]
    moved = on_server("sweep", "canaries")
    assert moved["sweep"].id == sweep.id
    assert [one.schedule.cron for one in moved["sweep"].schedules] == ["30 2 * * *"] * 2
    assert "canaries" not in moved
    assert bring(other).nothing


def test_a_container_pool_is_made_of_its_own_template() -> None:
    job = {"image": "claimsweep:1", "volumes": ["/srv/claimsweep:/srv/claimsweep"]}
    boxes = plan(pool="boxes", pool_type="docker", job=job, at=FEW)
    assert bring(boxes).pool == "made"
    assert bring(boxes).nothing
    assert pool("boxes").type == "docker"
    found = on_server("morning")["morning"]
    assert found.work_pool_name == "boxes"
    assert found.job_variables["image"] == "claimsweep:1"
    assert found.job_variables["env"]["PREFECT_LOGGING_TO_API_ENABLED"] == "false"
    secret = [{"secretRef": {"name": "claimsweep"}}]
    pods = plan(pool="pods", pool_type="kubernetes", at=FEW, job={"image": "x", "env_from": secret})
    assert bring(pods).pool == "made"
    assert "env_from" in pool("pods").base_job_template["variables"]["properties"]
    with pytest.raises(BadInput, match="is a docker pool"):
        bring(plan(pool="boxes", job={}))
