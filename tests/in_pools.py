"""A Docker work pool of a real Prefect server sweeps by its schedule; a Kubernetes one is read.

No cluster runs here: the Job is the one that Prefect's own worker would send to Kubernetes.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from container_place import Place, a_place
from engine import TAG, ask_ledger, docker, until
from in_containers import desk, image, see_that_pages_are_boxed, tell  # noqa: F401 - fixtures
from machines import about_noon, prefect_server
from sweeping import Desk, differences

from flows.pools import base_template, job_variables
from flows.scheduled import TABLE

pytestmark = pytest.mark.slow

AHEAD = timedelta(minutes=2)
TAKEN_UP_SECONDS = 1200
INSTALL_SECONDS = 1800
KILLED = "franklin-medicaid"

POOL = """
time_zone = "{zone}"
[unattended]
pool = "boxes"
pool_type = "docker"
[unattended.exports]
east = "/run/secrets/exports/juniper-ridge"
west = "/run/secrets/exports/franklin-medicaid"
[unattended.at]
sweep-east = "{at}"
sweep-west = "{at}"
resume = "{later} * * * *"
{off}
[unattended.job]
image = "{image}"
image_pull_policy = "Never"
network_mode = "host"
auto_remove = true
volumes = $volumes
env = {{CLAIMSWEEP_SETTINGS = "/run/secrets/settings.toml"}}
[unattended.job.container_create_kwargs]
read_only = true
cap_drop = ["ALL"]
security_opt = ["no-new-privileges", "seccomp=/opt/claimsweep/seccomp.json"]
tmpfs = {{"/tmp" = ""}}
shm_size = "1g"
"""

JOB: Mapping[str, object] = {
    "image": "registry.example/claimsweep:1",
    "env": {"CLAIMSWEEP_SETTINGS": "/etc/claimsweep/settings.toml"},
    "env_from": [{"secretRef": {"name": "claimsweep"}}],
    "volumes": [
        {"name": "settings", "secret": {"secretName": "settings", "defaultMode": 0o440}},
        {"name": "home", "persistentVolumeClaim": {"claimName": "claimsweep"}},
        {"name": "tmp", "emptyDir": {}},
        {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}},
    ],
    "volume_mounts": [
        {"name": "settings", "mountPath": "/etc/claimsweep"},
        {"name": "home", "mountPath": "/var/lib/claimsweep"},
        {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - the pod's own
        {"name": "shm", "mountPath": "/dev/shm"},  # noqa: S108 - the pod's own
    ],
    "pod_security_context": {"runAsNonRoot": True, "fsGroup": 8400},
    "security_context": {
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "Localhost", "localhostProfile": "claimsweep.json"},
    },
}

MANIFEST = """
import asyncio, json, sys
from uuid import uuid4
from kubernetes_asyncio.client import ApiClient
from prefect.client.schemas.objects import FlowRun
from prefect_kubernetes.worker import KubernetesWorkerJobConfiguration as Job

async def main():
    template, values = json.load(sys.stdin)
    job = await Job.from_template_and_values(template, values)
    job.prepare_for_flow_run(FlowRun(id=uuid4(), name="tried", flow_id=uuid4()))
    made = job.job_manifest
    wrong = json.loads(json.dumps(made))
    wrong["spec"]["template"]["spec"]["completions"] = 1
    async with ApiClient() as api:
        known = [api._ApiClient__deserialize(one, "V1Job") for one in (made, wrong)]
        print(json.dumps([made, wrong, *map(api.sanitize_for_serialization, known)]))

asyncio.run(main())
"""
"""The Job that Prefect's worker makes, one with a word out of place, and what Kubernetes' own model
keeps of each."""


@pytest.fixture(scope="session")
def tools(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Programs of a virtual environment with Prefect's workers of both pools, apart from ours."""
    if given := request.config.getoption("--pool-worker"):
        return Path(given) / "bin"
    folder = tmp_path_factory.mktemp("tools")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=600)
    needed = [f"prefect=={version('prefect')}", "prefect-docker", "prefect-kubernetes"]
    install = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", *needed]
    install += ["sqlalchemy<2.1", "fastapi<0.151"]
    subprocess.run(install, check=True, timeout=INSTALL_SECONDS)
    return folder / "bin"


@contextmanager
def a_worker(tools: Path, folder: Path, server: Mapping[str, str]) -> Iterator[Path]:
    """A worker of the pool, as an operator starts it; what it says is in the file."""
    said, home = folder / "worker.txt", folder / "of-worker"
    words = [str(tools / "prefect"), "worker", "start", "--pool", "boxes", "--type", "docker"]
    environment = {**_outside(), **server, "PREFECT_HOME": str(home)}
    with said.open("ab") as out:
        worker = subprocess.Popen(
            words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    try:
        yield said
    finally:
        worker.kill()  # it would wait for the containers that it began
        worker.wait(60)


def _outside() -> dict[str, str]:
    """This environment without our sources, which another virtual environment is not to see."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def settings() -> str:
    """What an operator writes; both sweeps are due in some minutes."""
    zone = about_noon(datetime.now(UTC))
    due = (datetime.now(UTC) + AHEAD).astimezone(ZoneInfo(zone))
    # not before the sweeps have begun, which it would take up in their place
    later = ",".join(str((due.minute + n) % 60) for n in range(6, 30))
    off = "\n".join(f'{one.name} = "off"' for one in TABLE if one.name != "sweep")
    at = f"{due.minute} {due.hour} * * *"
    return POOL.format(zone=zone, at=at, later=later, off=off, image=TAG)


def test_a_docker_pool_sweeps_and_takes_up_what_was_killed(
    desk: Desk,  # noqa: F811 - the fixture
    tools: Path,
    tmp_path: Path,
) -> None:
    with (
        prefect_server(tmp_path / "orchestrator") as server,
        a_place(desk, settings()) as place,
    ):
        reach = ("--network=host", *(f"--env={name}={value}" for name, value in server.items()))
        said = place.run("deploy", options=reach)
        assert "work pool boxes (docker): made" in said
        assert "sweep-east: made" in said
        assert "A worker of this pool needs: pip install prefect-docker" in said
        with a_worker(tools, tmp_path, server) as words:
            until("a sweep", lambda: place.settled(KILLED) >= 2, TAKEN_UP_SECONDS)
            victim = container_of(place, "sweep-west")
            see_that_pages_are_boxed(victim)
            docker("kill", victim)
            killed = time.monotonic()
            assert place.settled(KILLED) < desk.sandbox.claims, "it was to be killed half way"
            until("the other's end", lambda: "sweep-east" in well(place), TAKEN_UP_SECONDS)
            until("its end too", lambda: "sweep-west" in well(place), TAKEN_UP_SECONDS)
            tell(f"swept to the end {time.monotonic() - killed:.0f} s after the kill")
            assert differences(desk.truth(), place.answers(tmp_path / "kept")) == []
            ends = as_prefect_knows(tmp_path / "orchestrator")
            tell(f"as Prefect knows them: {ends}; the worker said\n{words.read_text()[-1500:]}")
            assert ends["sweep-east"] == "Completed"
            assert ends["sweep-west"] == "Crashed"
            listed = place.run("deploy", "--list", options=reach)
            tell(f"claimsweep deploy --list:\n{listed}")
            assert "done. Sweep" in listed
            assert "interrupted" not in listed
        assert place.kept.open_to_others() == ""
        counted = desk.counters()
        assert not any(c["two_at_once"] or c["refusals"] for c in counted.values()), counted


def well(place: Place) -> set[str]:
    """The schedules of which a run ended well, by the ledger."""
    asked = "SELECT about FROM runs WHERE what = 'scheduled' AND ended = 'done'"
    return {str(about) for (about,) in ask_ledger(place.kept, asked)}


def container_of(place: Place, schedule: str) -> str:
    """The container in which the schedule runs."""
    words = ("ps", "--filter", f"volume={place.kept.name}", "--format", "{{.ID}} {{.Labels}}")
    lines = docker(*words).splitlines()
    found = [line.split()[0] for line in lines if schedule in line]
    assert len(found) == 1, lines
    return found[0]


def as_prefect_knows(orchestrator: Path) -> dict[str, str]:
    """How the first run of each schedule ended at the server."""
    database = orchestrator / "prefect" / "prefect.db"
    query = "SELECT parameters, state_name FROM flow_run WHERE auto_scheduled AND run_count > 0"
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        asked = connection.execute(f"{query} ORDER BY start_time DESC")
        runs = [(json.loads(given), name) for given, name in asked]
    return {given["name"]: name for given, name in runs}


def test_the_job_of_a_kubernetes_pool_is_one_that_kubernetes_knows(
    tools: Path, tmp_path: Path
) -> None:
    given = json.dumps([base_template("kubernetes"), job_variables("kubernetes", JOB)])
    with prefect_server(tmp_path / "orchestrator") as server:
        done = subprocess.run(
            [str(tools / "python"), "-c", MANIFEST],
            input=given,
            cwd=tmp_path,
            env={**_outside(), **server, "PREFECT_HOME": str(tmp_path / "of-worker")},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-3000:]
    manifest: dict[str, Any]
    manifest, wrong, known, known_of_wrong = json.loads(done.stdout.splitlines()[-1])
    assert known == manifest, "Kubernetes would not know a part of it"
    assert known_of_wrong != wrong, "the control: a word where Kubernetes has none"
    pod = manifest["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["image"] == JOB["image"]
    assert container["args"] == ["prefect", "flow-run", "execute"]
    assert container["envFrom"] == JOB["env_from"]
    assert container["volumeMounts"] == JOB["volume_mounts"]
    assert container["securityContext"] == JOB["security_context"]
    assert pod["securityContext"] == JOB["pod_security_context"]
    assert pod["volumes"] == JOB["volumes"]
    env = {one["name"]: one["value"] for one in container["env"]}
    assert env["CLAIMSWEEP_SETTINGS"] == "/etc/claimsweep/settings.toml"
    assert env["PREFECT_LOGGING_TO_API_ENABLED"] == "false"
