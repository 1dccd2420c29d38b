"""What the settings say of unattended running: what is in force, when, and what is refused."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import PROJECT
from prefect.server.schemas.schedules import CronSchedule

from billing.errors import BadInput
from flows.pools import base_template, job_variables, worker_missing
from flows.settings import Settings, load_settings
from flows.unattended import Unattended, unattended


def settings(tmp_path: Path, **table: object) -> Settings:
    return replace(load_settings(home=tmp_path), unattended=table)


def plan(tmp_path: Path, **table: object) -> Unattended:
    return unattended(settings(tmp_path, **table))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}:00+00:00")


def test_a_row_without_its_folder_is_left_out_and_said(tmp_path: Path) -> None:
    bare = plan(tmp_path)
    assert {"canaries", "morning", "resume"} <= {one.name for one in bare.entries}
    assert bare.entry("sweep") is None
    assert bare.left_out["sweep"] == "[unattended] exports names no folder"
    whole = plan(tmp_path, exports="/srv/exports", inbox="/srv/inbox", at={"canaries": "off"})
    entry = whole.entry("sweep")
    assert entry is not None
    assert entry.folder == Path("/srv/exports")
    assert whole.entry("canaries") is None


def test_several_folders_are_a_sweep_each(tmp_path: Path) -> None:
    at = {"sweep-west": {"cron": "0 2 * * *", "time_zone": "America/Denver"}}
    found = plan(tmp_path, exports={"east": "/srv/east", "west": "/srv/west"}, at=at, hands=3)
    east, west = found.entry("sweep-east"), found.entry("sweep-west")
    assert east is not None
    assert west is not None
    assert (east.cron, east.hands) == ("0 1 * * mon-fri", 3)
    assert (west.cron, west.zone.key, west.folder) == (
        "0 2 * * *",
        "America/Denver",
        Path("/srv/west"),
    )


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"export": "/srv"}, "has no export"),
        ({"exports": "srv"}, "begins with /"),
        ({"exports": 3}, "is a folder"),
        ({"hands": 0}, "from 1 to 64"),
        ({"hands": True}, "from 1 to 64"),
        ({"port": 80}, "from 1024"),
        ({"pool": "A Pool"}, "small letters"),
        ({"pool_type": "ecs"}, "process, docker, kubernetes"),
        ({"at": {"sweeps": "0 1 * * *"}}, "has no sweeps"),
        ({"at": {"canaries": "at noon"}}, "five fields of cron"),
        ({"at": {"canaries": "61 1 * * *"}}, "no time that comes"),
        ({"at": {"canaries": "0 1 30 2 *"}}, "no time that comes"),
        ({"at": {"canaries": {"cron": "0 1 * * *", "zone": "UTC"}}}, "has no zone"),
        ({"at": {"canaries": {"cron": "0 1 * * *", "time_zone": "Mars"}}}, "not a time zone"),
    ],
)
def test_what_cannot_be_meant_is_named(tmp_path: Path, table: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput, match=r"^Settings: \[unattended") as refused:
        plan(tmp_path, **table)
    assert said in str(refused.value)


# New York leaves UTC-5 for UTC-4 at 02:00 on 2026-03-08 and comes back at 02:00 on 2026-11-01.
DUE = [
    ("0 1 * * *", "2026-03-06T12:00", ["2026-03-07T06:00", "2026-03-08T06:00", "2026-03-09T05:00"]),
    ("0 6 * * *", "2026-03-06T12:00", ["2026-03-07T11:00", "2026-03-08T10:00", "2026-03-09T10:00"]),
    ("0 6 * * *", "2026-10-30T12:00", ["2026-10-31T10:00", "2026-11-01T11:00", "2026-11-02T11:00"]),
    ("0 1 * * mon-fri", "2026-10-30T12:00", ["2026-11-02T06:00", "2026-11-03T06:00"]),
]


@pytest.mark.parametrize(("cron", "after", "due"), DUE)
def test_the_hour_is_the_wall_clocks_when_clocks_change(
    tmp_path: Path, cron: str, after: str, due: list[str]
) -> None:
    entry = plan(tmp_path, at={"canaries": cron}).entry("canaries")
    assert entry is not None
    at, found = utc(after), []
    for _ in due:
        at = entry.next_due(at)
        found.append(at)
    assert found == [utc(one) for one in due]
    minute = timedelta(minutes=1)
    assert [entry.last_due(one) for one in found] == found
    assert entry.last_due(found[-1] - minute) == found[-2]
    assert entry.last_due(found[-1] + minute) == found[-1]


@pytest.mark.parametrize(("cron", "after", "due"), DUE)
def test_the_orchestrator_means_the_same_hours(cron: str, after: str, due: list[str]) -> None:
    schedule = CronSchedule(cron=cron, timezone="America/New_York")
    found = asyncio.run(schedule.get_dates(len(due), start=utc(after)))
    assert [one.astimezone(UTC) for one in found] == [utc(one) for one in due]


def test_a_pool_takes_what_its_type_has_and_no_secret() -> None:
    given = job_variables("docker", {"image": "claimsweep:1", "volumes": ["/srv:/srv"]})
    assert given["image"] == "claimsweep:1"
    assert given["env"]["PREFECT_LOGGING_TO_API_ENABLED"] == "false"
    assert given["env"]["PREFECT_RESULTS_PERSIST_BY_DEFAULT"] == "false"
    for pool_type, job, said in (
        ("docker", {}, "lacks image"),
        ("docker", {"image": "x", "volume": []}, "has volume"),
        ("docker", {"image": "x", "volumes": "/srv"}, "volumes is to be array"),
        ("process", {"env": {"CLAIMSWEEP_SECRET_ACME_PASSWORD": "x"}}, "in clear"),
    ):
        with pytest.raises(BadInput, match=said):
            job_variables(pool_type, job)


def test_docker_is_given_what_is_in_a_seccomp_profile(tmp_path: Path) -> None:
    template = base_template("docker")
    assert template["job_configuration"]["container_create_kwargs"] == (
        "{{ container_create_kwargs }}"
    )
    profile = PROJECT / "docs" / "service" / "seccomp.json"
    options = ["no-new-privileges", f"seccomp={profile}", "seccomp=unconfined"]
    job = {"image": "x", "container_create_kwargs": {"init": True, "security_opt": options}}
    given = job_variables("docker", job)["container_create_kwargs"]
    assert given["init"] is True
    first, read, last = given["security_opt"]
    assert (first, last) == (options[0], options[2])
    assert json.loads(read.removeprefix("seccomp=")) == json.loads(profile.read_text("utf-8"))
    for wrong in (tmp_path / "nowhere.json", Path(__file__)):
        job["container_create_kwargs"] = {"security_opt": [f"seccomp={wrong}"]}
        with pytest.raises(BadInput, match="cannot be read as a seccomp profile"):
            job_variables("docker", job)


def test_a_kubernetes_pod_gets_its_secrets_by_reference() -> None:
    template = base_template("kubernetes")
    pod = template["job_configuration"]["job_manifest"]["spec"]["template"]["spec"]
    assert pod["containers"][0]["envFrom"] == "{{ env_from }}"
    assert pod["securityContext"] == "{{ pod_security_context }}"
    assert "completions" not in pod, "a word of the job's, not of the pod's"
    secret = [{"secretRef": {"name": "claimsweep"}}]
    assert job_variables("kubernetes", {"image": "x", "env_from": secret})["env_from"] == secret
    assert worker_missing("process") is None
