"""Work pools: what a process, Docker or Kubernetes pool is made of, and what jobs it is given."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from importlib.util import find_spec
from typing import Any

from jsonschema import Draft202012Validator

from billing.errors import BadInput
from flows.embedded import QUIET

COLLECTIONS = {"process": "prefect", "docker": "prefect-docker", "kubernetes": "prefect-kubernetes"}
SECRET = "CLAIMSWEEP_SECRET_"  # noqa: S105 - how the variables begin that hold secrets
POD = {
    "env_from": ("envFrom", "Secrets and config maps whose keys become environment variables."),
    "volume_mounts": ("volumeMounts", "Where the pod's volumes lie in the container."),
}
"""Lists of a Kubernetes container that Prefect's own template has no variable for."""


def base_template(pool_type: str) -> dict[str, Any]:
    """The base job template of a pool of this type, as Prefect ships it; that of Kubernetes with
    variables for secrets and volumes besides."""
    name = "aggregate-worker-metadata.json"
    text = files("prefect.server.api.collections_data.views").joinpath(name).read_text("utf-8")
    known = json.loads(text)[COLLECTIONS[pool_type]][pool_type]
    template: dict[str, Any] = known["default_base_job_configuration"]
    if pool_type == "kubernetes":
        pod = template["job_configuration"]["job_manifest"]["spec"]["template"]["spec"]
        variables = template["variables"]["properties"]
        for variable, (key, does) in POD.items():
            pod["containers"][0][key] = f"{{{{ {variable} }}}}"
            variables[variable] = _list(variable, does)
        pod["volumes"] = "{{ volumes }}"
        variables["volumes"] = _list("volumes", "The pod's volumes, as Kubernetes writes them.")
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
    return {**job, "env": {**QUIET, **env}}


def worker_missing(pool_type: str) -> str | None:
    """What to install where a worker of this type is to run; None where it can run here."""
    package = COLLECTIONS[pool_type]
    if find_spec(package.replace("-", "_")) is not None:
        return None
    return f"pip install {package}   (on the machine of the worker; it is not installed here)"


def _list(name: str, does: str) -> dict[str, Any]:
    items = {"type": "object"}
    return {"title": name.replace("_", " "), "description": does, "type": "array", "items": items}
