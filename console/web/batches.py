"""Write-back: batches of postings, looked at by class, approved, exported, downloaded, undone."""

from __future__ import annotations

import mimetypes
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from billing.errors import BadInput
from billing.ledger import Batch, BatchState
from billing.people import Role
from billing.reconcile.classes import PostingClass, classed
from console.web.access import Caller, allowed, desk_of
from console.web.approving import approved as freeze
from console.web.batch_shown import (
    MOST_HELD,
    TITLES,
    classes_of,
    entries_of_class,
    held_by_reason,
    held_money,
    payments_of,
    shown,
    sums_of,
)
from console.web.downloads import attachment
from console.web.rendering import page
from console.words import POSTINGS

router = APIRouter()

Viewer = Annotated[Caller, Depends(allowed(Role.VIEWER))]
Biller = Annotated[Caller, Depends(allowed(Role.BILLER))]
Lead = Annotated[Caller, Depends(allowed(Role.LEAD))]

BATCHES = 20
ENTRIES = 50
UNDO = "undo-"
"""What begins the name of the file that posts the opposite of a batch."""

DONE = {
    "approved": "Approved: these postings are frozen. Export them when you are ready to import.",
    "apart": "Set apart: this batch holds what you chose, and nothing was approved.",
    "exported": "Exported: download the files below and import them once.",
    "undone": "Undone: nothing of this batch stands; it may be proposed anew.",
}


@router.get("/batches")
def batches(
    request: Request,
    caller: Viewer,
    state: BatchState | None = None,
    start: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """The batches, the newest first."""
    desk = desk_of(request)
    found, count = desk.ledger.newest_batches(state=state, start=start, most=BATCHES)
    return page(
        request,
        "batches",
        rows=[(one, sums_of(one.entries), len({e.payment for e in one.entries})) for one in found],
        count=count,
        state=state,
        states=tuple(BatchState),
        start=start,
        most=BATCHES,
    )


@router.get("/batches/{batch_id}")
def batch_page(
    request: Request,
    caller: Viewer,
    batch_id: str,
    kind: PostingClass | None = None,
    start: Annotated[int, Query(ge=0)] = 0,
    done: str = "",
) -> Response:
    """One batch by class, with its control totals, what is held back, and its files."""
    batch = desk_of(request).ledger.batch(batch_id)
    return _page(request, batch, kind=kind, start=start, told=DONE.get(done, ""))


@router.post("/batches/{batch_id}/approve")
def approve_batch(
    request: Request, caller: Lead, batch_id: str, digest: Annotated[str, Form()]
) -> Response:
    """Freeze the whole batch."""
    desk = desk_of(request)
    try:
        freeze(desk, batch_id, by=caller.name, digest=digest)
    except BadInput as error:
        return _page(request, desk.ledger.batch(batch_id), wrong=str(error))
    return _to(batch_id, "approved")


@router.post("/batches/{batch_id}/part")
def part_batch(
    request: Request,
    caller: Lead,
    batch_id: str,
    digest: Annotated[str, Form()],
    kind: Annotated[list[PostingClass] | None, Form()] = None,
    payment: Annotated[list[str] | None, Form()] = None,
    approved: Annotated[bool, Form()] = False,
) -> Response:
    """Set the chosen classes and payments apart in a batch of their own, and approve that at once
    where it is asked for; where all of the batch is chosen, it is approved as it is."""
    desk = desk_of(request)
    batch = desk.ledger.batch(batch_id)
    try:
        units = _chosen(batch, kind or (), payment or ())
        if not approved or len(units) < len(batch.entries):
            batch = desk.ledger.part_batch(batch_id, units, digest, by=caller.name, at=desk.now())
            digest = batch.digest
        if approved:
            freeze(desk, batch.batch_id, by=caller.name, digest=digest)
    except BadInput as error:
        return _page(request, desk.ledger.batch(batch.batch_id), wrong=str(error))
    return _to(batch.batch_id, "approved" if approved else "apart")


@router.post("/batches/{batch_id}/export")
def export_batch(request: Request, caller: Lead, batch_id: str) -> Response:
    """Say that the batch goes out; from then on its files can be downloaded."""
    desk = desk_of(request)
    try:
        desk.ledger.export_batch(batch_id, by=caller.name, at=desk.now())
    except BadInput as error:
        return _page(request, desk.ledger.batch(batch_id), wrong=str(error))
    return _to(batch_id, "exported")


@router.post("/batches/{batch_id}/undo")
def undo_batch(request: Request, caller: Lead, batch_id: str) -> Response:
    """Let go of all that the batch posts."""
    desk = desk_of(request)
    try:
        desk.ledger.undo_batch(batch_id, by=caller.name, at=desk.now())
    except BadInput as error:
        return _page(request, desk.ledger.batch(batch_id), wrong=str(error))
    return _to(batch_id, "undone")


@router.get("/batches/{batch_id}/files/{name}")
def batch_file(request: Request, caller: Lead, batch_id: str, name: str) -> Response:
    """A frozen file of a batch that went out: the same bytes each time."""
    desk = desk_of(request)
    batch = desk.ledger.batch(batch_id)
    if name not in offered(batch):
        raise BadInput(f"Batch {batch_id} has no file of this name to give out now")
    data = desk.ledger.fetch(batch.files[name])
    told = {"file": name, "sha256": batch.files[name]}
    subject = f"batch {batch_id}"
    desk.ledger.note(caller.name, "batch downloaded", subject, at=desk.now(), detail=told)
    return attachment(data, name, "text/csv; charset=utf-8")


@router.get("/batches/{batch_id}/evidence/{sha256}")
def batch_evidence(request: Request, caller: Biller, batch_id: str, sha256: str) -> Response:
    """The document that a posting of the batch was read from, to open beside it."""
    desk = desk_of(request)
    postings = desk.ledger.batch(batch_id).postings
    if not any(one.evidence is not None and one.evidence.sha256 == sha256 for one in postings):
        raise BadInput(f"Nothing that batch {batch_id} posts was read from this document")
    data, media = desk.ledger.fetch(sha256), desk.ledger.media_type(sha256)
    told = {"sha256": sha256}
    subject = f"batch {batch_id}"
    desk.ledger.note(caller.name, "evidence opened", subject, at=desk.now(), detail=told)
    return attachment(data, f"{sha256}{mimetypes.guess_extension(media) or ''}", media)


def _page(
    request: Request,
    batch: Batch,
    *,
    kind: PostingClass | None = None,
    start: int = 0,
    told: str = "",
    wrong: str = "",
) -> Response:
    desk = desk_of(request)
    classes = classes_of(batch)
    chosen = kind or classes[0].kind
    entries = entries_of_class(batch, chosen)
    others = [one for one in desk.ledger.batches_of_run(batch.run) if one != batch]
    return page(
        request,
        "batch",
        status=409 if wrong else 200,
        batch=batch,
        whole=sums_of(batch.entries),
        classes=classes,
        payments=payments_of(desk.ledger, batch),
        chosen=chosen,
        title=TITLES[chosen],
        entries=shown(desk.ledger, batch, entries[start : start + ENTRIES]),
        count=len(entries),
        start=start,
        most=ENTRIES,
        others=others,
        waits=desk.ledger.waits_for(batch.batch_id),
        held=[one for one in batch.held if not one.already][:MOST_HELD],
        reasons=held_by_reason(batch.held),
        held_money=held_money,
        offered=offered(batch),
        names=desk.payer_names(),
        POSTINGS=POSTINGS,
        told=told,
        wrong=wrong,
        State=BatchState,
    )


def offered(batch: Batch) -> tuple[str, ...]:
    """The files that may be downloaded: once it is out those that post, once undone its opposite.

    A batch counts as out before the first byte leaves, so that nothing is imported unnoticed.
    """
    if BatchState.EXPORTED not in batch.acts:
        return ()
    undone = batch.state is BatchState.UNDONE
    return tuple(sorted(name for name in batch.files if name.startswith(UNDO) is undone))


def _chosen(batch: Batch, kinds: Sequence[PostingClass], payments: Sequence[str]) -> frozenset[str]:
    """The units of the chosen classes and payments. Raises BadInput when they are none."""
    of = classed(batch.entries)
    units = frozenset(
        one.unit for one in batch.entries if of[one.unit] in kinds or one.payment in payments
    )
    if not units:
        raise BadInput("Choose a class or a payment of the batch first")
    return units


def _to(batch_id: str, done: str) -> Response:
    return RedirectResponse(f"/batches/{batch_id}?done={done}", 303)
