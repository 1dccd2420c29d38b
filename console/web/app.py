"""The console as one web application: its areas, its safety, and how it says what went wrong."""

from __future__ import annotations

import sys
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from billing.cases import CaseChanged
from billing.errors import ClaimsweepError
from billing.ledger import LedgerError
from console.web import (
    accounts,
    audit_page,
    batches,
    case,
    checks,
    locking,
    me,
    openid,
    profiles,
    queue,
    queue_acts,
    reports,
    signing_in,
    sweeps,
    tokens,
)
from console.web.access import SAFE, Elsewhere, NotAllowed, NotSignedIn, page_asked, with_next
from console.web.catching_up import CatchingUp
from console.web.desk import Desk
from console.web.interface import make_interface
from console.web.interface_access import PATH
from console.web.interface_problems import problem
from console.web.patience import Streams
from console.web.rendering import page
from console.web.safety import Safety, TooLarge

ROUTERS = (
    signing_in.router,
    openid.router,
    locking.router,
    me.router,
    queue.router,
    queue_acts.router,
    case.router,
    checks.router,
    sweeps.router,
    batches.router,
    reports.router,
    profiles.router,
    tokens.router,
    accounts.router,
    audit_page.router,
)
"""The areas' routes; nothing else is served but what lies in ``static``."""
STATIC = Path(__file__).parent / "static"

_FAILED = (
    "The console failed here. Load the page again and see whether it was done before you repeat "
    "it; what failed stands in the console's own output."
)
_WRONG = {403: "Not allowed", 404: "Nothing here", 405: "Not possible", 409: "Changed since"}


def make_app(desk: Desk) -> FastAPI:
    """The console over one desk."""
    catching_up = CatchingUp(desk.ledger)

    @asynccontextmanager
    async def serving(_: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(catching_up.look, desk.today())
        yield

    app = FastAPI(
        title="claimsweep", docs_url=None, redoc_url=None, openapi_url=None, lifespan=serving
    )
    app.state.desk = desk
    app.state.catching_up = catching_up
    app.state.streams = Streams()
    for router in ROUTERS:
        app.include_router(router, include_in_schema=False)
    app.mount(PATH, make_interface(desk, catching_up), name="interface")
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_exception_handler(Elsewhere, _elsewhere)
    app.add_exception_handler(ClaimsweepError, _one_sentence)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _misspelled)
    app.add_middleware(Unforeseen)
    app.add_middleware(Safety, entrance=desk.entrance)
    return app


async def _elsewhere(request: Request, error: Exception) -> Response:
    where = getattr(error, "path", "/")
    if isinstance(error, NotSignedIn):
        where = with_next(where, page_asked(request))
    if request.headers.get("HX-Request"):
        return Response(status_code=401, headers={"HX-Redirect": where})
    if request.method in SAFE or not isinstance(error, NotSignedIn):
        return RedirectResponse(where, 303)
    return _wrong(request, 401, str(error))


async def _one_sentence(request: Request, error: Exception) -> Response:
    if isinstance(error, LedgerError):  # its words name a folder of this machine
        sys.stderr.write(f"{error}\n")
        return _wrong(
            request,
            503,
            "The ledger is busy or cannot be used. Try again; if it stays so, "
            "have the machine's keeper run claimsweep doctor.",
        )
    status = (
        403 if isinstance(error, NotAllowed) else 409 if isinstance(error, CaseChanged) else 400
    )
    return _wrong(request, status, str(error))


async def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return _wrong(request, status, "There is no such page." if status == 404 else "")


async def _misspelled(request: Request, error: Exception) -> Response:
    fields = error.errors() if isinstance(error, RequestValidationError) else []
    named = ", ".join(sorted({str(one["loc"][-1]) for one in fields}))
    return _wrong(request, 400, f"These are missing or not what they should be: {named}")


def _wrong(request: Request, status: int, sentence: str) -> Response:
    if request.url.path.startswith(f"{PATH}/"):
        return problem(status, sentence)  # an address that no mount takes, as one with a line end
    part = "error_part" if request.headers.get("HX-Request") else "error"
    title = _WRONG.get(status, "That did not work")
    return page(request, part, status=status, title=title, sentence=sentence)


class Unforeseen:
    """Answers a request that failed as nobody foresaw, and tells where on standard error: the way
    through the code, without the error's own words, which may hold a patient's name."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        begun = False

        async def send_on(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, send_on)
        except Exception as error:
            if isinstance(error, TooLarge):
                raise
            way = "".join(traceback.format_list(traceback.extract_tb(error.__traceback__)))
            at = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
            sys.stderr.write(f"{at}: {type(error).__name__} in the console\n{way}")
            if not begun and scope["type"] == "http":
                await _wrong(Request(scope), 500, _FAILED)(scope, receive, send)
