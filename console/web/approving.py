"""A batch approved in the console, by a page or over the interface."""

from __future__ import annotations

from billing.ledger import Batch
from console.batches import approve
from console.web.desk import Desk


def approved(desk: Desk, batch_id: str, *, by: str, digest: str) -> Batch:
    """Freeze the batch with the hash that was looked at. Raises BadInput."""
    batch = approve(desk.ledger, batch_id, by=by, at=desk.now(), digest=digest)
    desk.tell("batch_approved", batch=batch_id, postings=len(batch.postings))
    return batch
