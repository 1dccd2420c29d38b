"""How the interface says what went wrong: one sentence, as problem+json (RFC 9457)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Literal

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from billing.cases import NoSuchCase
from billing.errors import ClaimsweepError
from billing.ledger import LedgerError

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """Why a request was not served. Nothing was changed by it."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["about:blank"] = Field("about:blank", description="Always: see `status`.")
    title: str = Field(description="The status in words.", examples=["Not Found"])
    status: int = Field(ge=400, le=599, description="The status.", examples=[404])
    detail: str = Field(
        description="One sentence for a person, without patient data.",
        examples=["There is no case 4711."],
    )


class Refused(ClaimsweepError):
    """A request that is not served, with its status."""

    def __init__(
        self, status: int, sentence: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.headers = dict(headers or {})


@contextmanager
def refused_as(status: int) -> Iterator[None]:
    """What the ledger refuses within is answered with this status."""
    try:
        yield
    except (Refused, LedgerError, NoSuchCase):
        raise
    except ClaimsweepError as error:
        raise Refused(status, str(error)) from None


def problem(status: int, sentence: str, headers: Mapping[str, str] | None = None) -> Response:
    """The answer that says it."""
    ended = sentence if sentence.endswith(".") else f"{sentence}."
    said = Problem(type="about:blank", title=HTTPStatus(status).phrase, status=status, detail=ended)
    return Response(said.model_dump_json(), status, headers, MEDIA_TYPE)


def add_problems(app: FastAPI) -> None:
    """Have ``app`` answer every error so."""
    app.add_exception_handler(ClaimsweepError, _one_sentence)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _misspelled)
    app.add_exception_handler(Exception, _unforeseen)


async def _one_sentence(request: Request, error: Exception) -> Response:
    if isinstance(error, Refused):
        return problem(error.status, str(error), error.headers)
    if isinstance(error, LedgerError):
        return problem(503, "The ledger is busy or cannot be used; try again later")
    return problem(404 if isinstance(error, NoSuchCase) else 409, str(error))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
    if error.status_code == 404:
        return problem(404, "There is nothing at this address; /api/v1/openapi.json lists what is")
    if error.status_code == 400:  # FastAPI's word for a body whose bytes are no text
        return problem(422, "The body is not JSON")
    return problem(error.status_code, str(error.detail), error.headers)


async def _misspelled(request: Request, error: Exception) -> Response:
    wrong: list[Any] = list(error.errors()) if isinstance(error, RequestValidationError) else []
    if any(one["type"] == "json_invalid" for one in wrong):
        return problem(422, "The body is not JSON")
    named = sorted({_place(one["loc"]) for one in wrong})
    return problem(422, f"These are missing or not what they should be: {', '.join(named)}")


def _place(loc: tuple[object, ...]) -> str:
    """Where it is wrong, without what was sent: ``query limit``, ``body act``."""
    return " ".join(str(part) for part in loc[:2])


async def _unforeseen(request: Request, error: Exception) -> Response:
    return problem(500, "The interface failed; ask again, then tell whoever keeps it the time")
