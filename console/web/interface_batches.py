"""Batches of postings over the interface: looked at, approved, exported, fetched, undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from billing.ledger import Batch, BatchState
from billing.ledger.tokens import Scope, Token
from billing.model import PostingKind
from console.batches import by_kind
from console.web.access import desk_of
from console.web.approving import approved
from console.web.batches import offered
from console.web.interface_access import holder, told
from console.web.interface_once import Key, once
from console.web.interface_problems import Refused, refused_as
from console.web.interface_values import Instant, Money, Name, Sha256, Words

router = APIRouter(tags=["Batches"])

Reader = Annotated[Token, Depends(holder(Scope.READ))]
Keeper = Annotated[Token, Depends(holder(Scope.BATCHES))]
BatchId = Annotated[str, Path(pattern="^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", examples=["P20261124-1"])]


class Total(Words):
    """Postings of one kind."""

    kind: PostingKind
    count: int
    dollars: Money


class ActDone(Words):
    """When a batch came into a state, and by whom."""

    state: BatchState
    by: str
    at: Instant


class BatchFile(Words):
    """A file that a batch is exported as."""

    name: str = Field(examples=["postings-P20261124-1.csv"])
    sha256: Sha256
    href: str = Field(description="Where its bytes are.")


class BatchLine(Words):
    """A batch with its control totals."""

    batch_id: Name
    run: Name = Field(description="The sweep or proposal that it came of.")
    state: BatchState
    hash: Sha256 = Field(description="Of all its postings; what you approve.")
    postings: int
    totals: list[Total]
    held: int = Field(description="Claims that were not proposed, each with its reason.")
    acts: list[ActDone]
    files: list[BatchFile] = Field(
        description="What may be fetched now: once exported what posts, once undone the opposite."
    )


class BatchPage(Words):
    """A page of the batches, the newest first."""

    batches: list[BatchLine]
    count: int
    next: int | None = Field(ge=1, description="`start` of the next page; null on the last.")


class Seen(Words):
    """What you looked at."""

    hash: Sha256 = Field(description="The batch's `hash`: another one is refused with 409.")


@router.get("/batches", **told(Scope.READ))
def batches(
    request: Request,
    token: Reader,
    state: BatchState | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    start: Annotated[int, Query(ge=0, le=1_000_000, description="`next` of a page.")] = 0,
) -> BatchPage:
    """The batches, the newest first."""
    ledger = desk_of(request).ledger
    found, count = ledger.newest_batches(state=state, start=start, most=limit)
    later = start + len(found)
    return BatchPage(
        batches=[_line(request, one) for one in found],
        count=count,
        next=later if found and later < count else None,
    )


@router.get("/batches/{batch_id}", **told(Scope.READ, 404))
def batch(request: Request, token: Reader, batch_id: BatchId) -> BatchLine:
    """One batch: its state, control totals, and the files there are."""
    with refused_as(404):
        return _line(request, desk_of(request).ledger.batch(batch_id))


@router.post(
    "/batches/{batch_id}/approve", response_model=BatchLine, **told(Scope.BATCHES, 404, 409)
)
def approve_batch(
    request: Request, token: Keeper, key: Key, batch_id: BatchId, wish: Seen
) -> Response:
    """Freeze a proposed batch: the postings with this hash, and the very bytes to export."""
    desk = desk_of(request)
    return _acted(
        request,
        token,
        key,
        batch_id,
        wish,
        lambda: approved(desk, batch_id, by=token.who, digest=wish.hash),
    )


@router.post(
    "/batches/{batch_id}/export", response_model=BatchLine, **told(Scope.BATCHES, 404, 409)
)
def export_batch(request: Request, token: Keeper, key: Key, batch_id: BatchId) -> Response:
    """Say that an approved batch goes out; then its files can be fetched, to import once."""
    desk = desk_of(request)
    return _acted(
        request,
        token,
        key,
        batch_id,
        None,
        lambda: desk.ledger.export_batch(batch_id, by=token.who, at=desk.now())[0],
    )


@router.post("/batches/{batch_id}/undo", response_model=BatchLine, **told(Scope.BATCHES, 404, 409))
def undo_batch(request: Request, token: Keeper, key: Key, batch_id: BatchId) -> Response:
    """Let go of all that a batch posts; what was exported leaves a file that posts the opposite."""
    desk = desk_of(request)
    return _acted(
        request,
        token,
        key,
        batch_id,
        None,
        lambda: desk.ledger.undo_batch(batch_id, by=token.who, at=desk.now()),
    )


_CSV = {
    200: {
        "description": "The file, the same bytes each time.",
        "content": {"text/csv": {"schema": {"type": "string"}}},
    }
}


@router.get("/batches/{batch_id}/files/{name}", **told(Scope.BATCHES, 404, success=_CSV))
def batch_file(
    request: Request,
    token: Keeper,
    batch_id: BatchId,
    name: Annotated[
        str,
        Path(
            pattern="^[a-z]{1,20}-[A-Za-z0-9_-]{1,64}[.]csv$", examples=["totals-P20261124-1.csv"]
        ),
    ],
) -> Response:
    """A file of a batch that went out. That it was fetched is audited."""
    desk = desk_of(request)
    with refused_as(404):
        found = desk.ledger.batch(batch_id)
    if name not in offered(found):
        raise Refused(404, "The batch has no file of this name to give out now")
    data = desk.ledger.fetch(found.files[name])
    kept = {"file": name, "sha256": found.files[name]}
    subject = f"batch {batch_id}"
    desk.ledger.note(token.who, "batch downloaded", subject, at=desk.now(), detail=kept)
    return Response(data, media_type="text/csv")


def _acted(
    request: Request,
    token: Token,
    key: str,
    batch_id: str,
    wish: Words | None,
    act: Callable[[], Batch],
) -> Response:
    def done() -> BatchLine:
        with refused_as(404):
            desk_of(request).ledger.batch(batch_id)
        with refused_as(409):
            return _line(request, act())

    return once(request, token, key, wish, BatchLine, done)


def _line(request: Request, of: Batch) -> BatchLine:
    totals = by_kind(of.postings).items()
    return BatchLine(
        batch_id=of.batch_id,
        run=of.run,
        state=of.state,
        hash=of.digest,
        postings=len(of.postings),
        totals=[Total(kind=kind, count=n, dollars=total) for kind, (n, total) in totals],
        held=sum(not one.already for one in of.held),
        acts=[ActDone(state=state, by=act.by, at=act.at) for state, act in of.acts.items()],
        files=[
            BatchFile(
                name=name,
                sha256=of.files[name],
                href=f"{request.scope['root_path']}/batches/{of.batch_id}/files/{name}",
            )
            for name in offered(of)
        ],
    )
