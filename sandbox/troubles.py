"""What the knobs do to a portal's session, to a claim it shows and to a document it sends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from starlette.responses import Response

from sandbox.knobs import Knobs
from sandbox.sessions import SignIns
from sandbox.world import Payer, PayerClaim

TAKEN_BACK = frozenset({"Void", "Reversed"})
_PAGE = b"<!doctype html><title>Error</title><p>The document could not be made.</p>"


def loses_session(knobs: Knobs, door: SignIns, token: str | None) -> bool:
    """Whether the session is gone with this signed-in request: idle, or taken by a second login."""
    if knobs.ends_session_after is not None:
        knobs.ends_session_after -= 1
        if knobs.ends_session_after < 0:
            knobs.ends_session_after = None
            door.expire(token)
            return True
    if knobs.stolen_after is not None:
        knobs.stolen_after -= 1
        if knobs.stolen_after < 0:
            knobs.stolen_after = None
            door.open()
            return True
    return False


def as_shown(claim: PayerClaim, payer: Payer, knobs: Knobs) -> PayerClaim:
    """The claim, or the same figures for a patient of another member id.

    Where negatives stand in parentheses, what was paid for a claim that was taken back does too.
    """
    if knobs.parentheses and claim.status in TAKEN_BACK and claim.paid is not None:
        lines = tuple(replace(line, paid=-line.paid) for line in claim.lines)
        claim = replace(claim, paid=-claim.paid, lines=lines)
    if not knobs.wrong_patient:
        return claim
    ours = claim.patient.member_id
    others = (other.patient for other in payer.by_number.values())
    return replace(claim, patient=next(other for other in others if other.member_id != ours))


def as_sent(body: Callable[[], bytes], name: str, *, own: str, knobs: Knobs) -> Response:
    """A PDF on its way, ``own`` (inline or attachment) being the portal's way."""
    content = _PAGE if knobs.document == "html" else body()
    if knobs.document == "truncated":
        content = content[: len(content) // 2]
    manner = knobs.document if knobs.document in ("inline", "attachment") else own
    return Response(
        content,
        media_type="text/html" if knobs.document == "html" else "application/pdf",
        headers={"Content-Disposition": f'{manner}; filename="{name}"'},
    )
