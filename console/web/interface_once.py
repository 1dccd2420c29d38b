"""A request that acts is done once, however often it is sent under the same key."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import Header, Request
from pydantic import BaseModel
from starlette.responses import Response

from billing.errors import ClaimsweepError
from billing.ledger.tokens import Token
from console.web.access import desk_of
from console.web.interface_problems import Refused

Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern="^[A-Za-z0-9_-]{8,64}$",
        description="Your own name for this request. Sent again within seven days, with the same "
        "body, it is answered as the first time and nothing is done twice; with another body it "
        "is refused.",
        examples=["0d7c7c1e-check-12"],
    ),
]

M = TypeVar("M", bound=BaseModel)


def once(
    request: Request,
    token: Token,
    key: str,
    wish: BaseModel | None,
    made: type[M],
    act: Callable[[], M],
    *,
    status: int = 200,
    location: Callable[[M], str] | None = None,
) -> Response:
    """The answer ``made`` by ``act``, or the one that the key stands for already.

    What is refused frees its key: nothing was done under it.
    """
    ledger = desk_of(request).ledger
    asked = f"{request.method} {request.url.path} {wish.model_dump_json() if wish else ''}"
    digest = hashlib.sha256(asked.encode()).hexdigest()
    kept = ledger.claim_key(token.sha256, key, digest, at=desk_of(request).now())
    if kept is not None and kept.request != digest:
        raise Refused(422, "This Idempotency-Key was used for another request; choose a new one")
    if kept is not None and kept.answer is None:
        raise Refused(
            409,
            "The request with this Idempotency-Key is being worked on or was cut off: ask again, "
            "and if this stays so, see whether it was done before you send it under another key",
            {"Retry-After": "1"},
        )
    headers = {}
    if kept is not None and kept.answer is not None:
        answer = made.model_validate_json(kept.answer)
        headers["Idempotent-Replayed"] = "true"
    else:
        try:
            answer = act()
        except ClaimsweepError:
            ledger.let_go_of_key(token.sha256, key)
            raise
        ledger.keep_answer(token.sha256, key, answer.model_dump_json())
    if location is not None:
        headers["Location"] = location(answer)
    return Response(answer.model_dump_json(), status, headers, "application/json")
