"""The audit trail as a page: who did or saw what, and whether it is whole."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from billing.people import Role
from console.web.access import Caller, allowed, desk_of
from console.web.rendering import page

router = APIRouter()
_MOST = 100

_Administrator = Annotated[Caller, Depends(allowed(Role.ADMINISTRATOR))]


@router.get("/audit")
def audit_trail(
    request: Request,
    caller: _Administrator,
    subject: str = "",
    who: str = "",
    before: int | None = None,
) -> Response:
    """The newest entries, of one subject or person if asked so."""
    return _trail(request, subject.strip(), who.strip(), before, None)


@router.post("/audit/verify")
def verify(request: Request, caller: _Administrator) -> Response:
    """Compute every entry's seal again, and say what does not agree."""
    desk = desk_of(request)
    problems = desk.ledger.audit_problems()
    found = {"problems": len(problems)}
    desk.ledger.note(caller.name, "audit verified", "audit", at=desk.now(), detail=found)
    return _trail(request, "", "", None, problems)


def _trail(
    request: Request, subject: str, who: str, before: int | None, problems: list[str] | None
) -> Response:
    entries = desk_of(request).ledger.audit_trail(
        subject=subject or None, who=who or None, before=before, most=_MOST
    )
    asked = {name: value for name, value in (("subject", subject), ("who", who)) if value}
    older = (
        "/audit?" + urlencode({**asked, "before": entries[-1].seq})
        if len(entries) == _MOST
        else None
    )
    return page(
        request,
        "accounts_audit",
        entries=entries,
        subject=subject,
        who=who,
        older=older,
        problems=problems,
    )
