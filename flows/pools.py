"""Work pools: what a process, Docker or Kubernetes pool is made of, and what jobs it is given."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from billing.errors import BadInput
from flows.embedded import QUIET

COLLECTIONS = {"process": "prefect", "docker": "prefect-docker", "kubernetes": "prefect-kubernetes"}
SECRET = "CLAIMSWEEP_SECRET_"  # noqa: S105 - how the variables begin that hold secrets
OF_THE_JOB = ("parallelism", "completions")  # Prefect 3.8.8 puts them where a pod has none
_SECCOMP = "seccomp="
_LIST = {"type": "array", "items": {"type": "object"}}
_TABLE = {"type": "object"}
ADDED: Mapping[str, Mapping[str, tuple[tuple[str, ...], str, Mapping[str, object]]]] = {
    "docker": {
        "container_create_kwargs": (
            ("container_create_kwargs",),
            "What else docker-py's containers.create is given: read_only, security_opt, shm_size …",
            _TABLE,
        ),
    },
    "kubernetes": {
        "env_from": (
            ("container", "envFrom"),
            "Secrets and config maps whose keys become environment variables.",
            _LIST,
        ),
        "volume_mounts": (
            ("container", "volumeMounts"),
            "Where the pod's volumes lie in the container.",
            _LIST,
        ),
        "security_context": (
            ("container", "securityContext"),
            "What the container may do, as Kubernetes writes it.",
            _TABLE,
        ),
        "volumes": (("pod", "volumes"), "The pod's volumes, as Kubernetes writes them.", _LIST),
        "pod_security_context": (
            ("pod", "securityContext"),
            "Which user and group the pod's volumes are of, as Kubernetes writes it.",
            _TABLE,
        ),
    },
}
"""What Prefect's own templates have no variable for: where it belongs, what it does, its kind."""


def base_template(pool_type: str) -> dict[str, Any]:
    """The base job template of a pool of this type, as Prefect ships it, and with variables for
    what our containers take besides: secrets, volumes, and what they may not do."""
    name = "aggregate-worker-metadata.json"
    text = files("prefect.server.api.collections_data.views").joinpath(name).read_text("utf-8")
    known = json.loads(text)[COLLECTIONS[pool_type]][pool_type]
    template: dict[str, Any] = known["default_base_job_configuration"]
    variables = template["variables"]["properties"]
    places = {"": template["job_configuration"]}
    if pool_type == "kubernetes":
        job = template["job_configuration"]["job_manifest"]["spec"]
        pod = job["template"]["spec"]
        job |= {name: pod.pop(name) for name in OF_THE_JOB if name in pod}
        places |= {"pod": pod, "container": pod["containers"][0]}
    for variable, (where, does, kind) in ADDED.get(pool_type, {}).items():
        place = places[where[0] if len(where) > 1 else ""]
        place[where[-1]] = f"{{{{ {variable} }}}}"
        variables[variable] = {"title": variable.replace("_", " "), "description": does, **kind}
    return template


def job_variables(pool_type: str, job: Mapping[str, object]) -> dict[str, Any]:
    """What every run is given in a pool of this type: the settings' ``job``, and Prefect's quiet.

    Raises BadInput naming the variable that is misspelt, of another type, missing, or a secret,
    which would lie in the orchestrator's database.
    """
    template = base_template(pool_type)
    known = template["variables"]["properties"]
    if unknown := sorted(set(job) - set(known)):
        raise BadInput(
            f"Settings: [unattended.job] has {unknown[0]}; a {pool_type} pool has "
            f"{', '.join(sorted(known))}"
        )
    if pool_type != "process" and "image" not in job:
        raise BadInput(
            f"Settings: [unattended.job] lacks image: a {pool_type} pool runs a container of "
            'claimsweep, as in image = "registry.example/claimsweep:1"'
        )
    given = job.get("env", {})
    env = given if isinstance(given, Mapping) else {}
    if secret := next((one for one in sorted(env) if one.startswith(SECRET)), None):
        raise BadInput(
            f"Settings: [unattended.job] env has {secret}, which the orchestrator would keep in "
            "clear: mount the secret as a file below CREDENTIALS_DIRECTORY, or name a Kubernetes "
            "secret by env_from"
        )
    for fault in Draft202012Validator(template["variables"]).iter_errors(dict(job)):
        where = ".".join(map(str, fault.absolute_path))
        kind = fault.schema.get("type", "another kind") if isinstance(fault.schema, dict) else ""
        raise BadInput(f"Settings: [unattended.job] {where} is to be {kind}")
    return {**_with_profiles_read(job), "env": {**QUIET, **env}}


def worker_missing(pool_type: str) -> str | None:
    """What to install where a worker of this type is to run; None where it can run here."""
    package = COLLECTIONS[pool_type]
    if find_spec(package.replace("-", "_")) is not None:
        return None
    return f"pip install {package}   (on the machine of the worker; it is not installed here)"


def _with_profiles_read(job: Mapping[str, object]) -> dict[str, object]:
    """The job whose ``seccomp=FILE`` holds what is in the file: Docker's interface, unlike its
    command, takes no path. Raises BadInput for a file that is none."""
    given = job.get("container_create_kwargs")
    options = given.get("security_opt") if isinstance(given, Mapping) else None
    if not isinstance(given, Mapping) or not isinstance(options, list):
        return dict(job)
    read = [_read_profile(one) if isinstance(one, str) else one for one in options]
    return {**job, "container_create_kwargs": {**given, "security_opt": read}}


def _read_profile(option: str) -> str:
    path = option.removeprefix(_SECCOMP)
    if path == option or not path.startswith("/"):
        return option
    try:
        profile = json.loads(Path(path).read_text("utf-8"))
    except (OSError, ValueError):
        raise BadInput(
            f"Settings: [unattended.job] security_opt: {path} cannot be read as a seccomp profile "
            "(JSON) on this machine"
        ) from None
    return _SECCOMP + json.dumps(profile)
