"""The interface for other systems: the console's reads and actions, described by OpenAPI."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from starlette.responses import Response

from console.web import (
    interface_batches,
    interface_cases,
    interface_checks,
    interface_decisions,
    interface_reports,
    interface_sweeps,
)
from console.web.catching_up import CatchingUp
from console.web.desk import Desk
from console.web.interface_access import PATH, Door
from console.web.interface_problems import Problem, add_problems
from console.web.rendering import page

INTERFACE_ROUTERS = (
    interface_cases.router,
    interface_decisions.router,
    interface_checks.router,
    interface_sweeps.router,
    interface_batches.router,
    interface_reports.router,
)
ABOUT = """\
What the review console reads and decides, for billing systems. Money is a string with two
decimals, days are ISO dates, instants UTC. Errors are problem+json with one sentence. Lists name
no patient. Send `Authorization: Bearer` with a token that an administrator made; its scopes say
what it opens.
"""


def make_interface(desk: Desk, catching_up: CatchingUp) -> FastAPI:
    """The interface over one desk, to be mounted at :data:`PATH`."""
    app = FastAPI(
        title="claimsweep",
        version="1",
        description=ABOUT,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        root_path_in_servers=False,
        servers=[{"url": PATH}],
        separate_input_output_schemas=False,
    )
    app.state.desk = desk
    app.state.catching_up = catching_up
    for router in INTERFACE_ROUTERS:
        app.include_router(router)
    app.add_api_route("/", _about, include_in_schema=False)
    add_problems(app)
    app.add_middleware(Door, desk=desk)
    app.openapi = lambda: _description(app)  # type: ignore[method-assign]
    return app


def _about(request: Request) -> Response:
    """The interface for people: every request, its scope, and what it does."""
    areas: defaultdict[str, list[tuple[str, str, str, str]]] = defaultdict(list)
    for path, methods in request.app.openapi()["paths"].items():
        for method, route in methods.items():
            scope = "".join(route["security"][0]["token"])
            words = route["description"].split("\n\n")[0]
            areas[route["tags"][-1]].append((method.upper(), path, scope, words))
    return page(request, "tokens_interface", areas_of_interface=areas, path=PATH)


def _description(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        said = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            servers=app.servers,
            separate_input_output_schemas=False,
        )
        parts = said["components"]
        parts["schemas"]["Problem"] = Problem.model_json_schema()
        parts["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        app.openapi_schema = said
    return app.openapi_schema
