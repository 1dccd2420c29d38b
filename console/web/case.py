"""One claim's case on one page: what each channel said, its evidence, what to decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request
from fastapi import Path as InPath
from starlette.responses import RedirectResponse, Response

from billing.cases import CaseAct, CaseState
from billing.errors import BadInput
from billing.people import Role
from console.web.access import Caller, allowed, desk_of
from console.web.case_channels import LINE_HEADS
from console.web.case_evidence import spot_key
from console.web.case_figures import FIGURES, kept, read_figure, shown
from console.web.case_page import CaseFile
from console.web.desk import Desk
from console.web.queue_view import read_asked
from console.web.rendering import page

router = APIRouter()

Reader = Annotated[Caller, Depends(allowed(Role.VIEWER))]
Decider = Annotated[Caller, Depends(allowed(Role.BILLER))]
Hash = Annotated[str, InPath(pattern="^[0-9a-f]{64}$")]

ENDING = (CaseAct.APPROVE, CaseAct.RESOLVE, CaseAct.SNOOZE)
"""Acts that take a case off the queue: the next one of the view is shown then."""

REASONS = (
    "Corrected claim sent",
    "Resubmitted",
    "Appeal sent",
    "Written off by policy",
    "Moved to the patient",
    "Posted by hand",
    "Called the payer, nothing more to do",
)
"""What the form of resolving proposes; any other words do as well."""

_TOLD = {
    "approve": "Case {of} was approved.",
    "resolve": "Case {of} was resolved.",
    "snooze": "Case {of} was snoozed.",
    "assign": "The case was assigned.",
    "reopen": "The case is open again.",
    "correct": "The figure was corrected; what was read stays beside it.",
    "note": "The note was added.",
    "undo": "Your last act was taken back.",
}


@dataclass(frozen=True, slots=True)
class Round:
    """Where a person goes through a view of the queue, case by case."""

    query: str
    before: int | None
    behind: int | None

    @property
    def suffix(self) -> str:
        """What follows an address of the round."""
        return f"?{self.query}" if self.query else ""


@router.get("/cases/{case_id}")
def show_case(request: Request, caller: Reader, case_id: int) -> Response:
    """The page of a case; that it was opened is in the audit trail."""
    return _page(request, caller, case_id, patient=False)


@router.post("/cases/{case_id}/patient")
def show_patient(request: Request, caller: Reader, case_id: int) -> Response:
    """The patient's name, member id and date of birth, until the page is loaded again."""
    desk = desk_of(request)
    case = desk.ledger.case(case_id)
    desk.ledger.note(caller.name, "patient shown", f"case {case_id}", at=desk.now())
    if request.headers.get("HX-Request"):
        return page(request, "case_patient", file=CaseFile(desk, case), patient=True)
    return _page(request, caller, case_id, patient=True)


@router.get("/cases/{case_id}/evidence")
def show_evidence(request: Request, caller: Reader, case_id: int) -> Response:
    """The pages that the case rests on, with a box around every figure."""
    desk = desk_of(request)
    file = CaseFile(desk, desk.ledger.case(case_id))
    detail = {"pages": [_spoken(one.sha256, one.page) for one in file.sheets]}
    _audit(desk, caller, "evidence viewed", case_id, detail)
    part = "case_evidence_part" if request.headers.get("HX-Request") else "case_evidence"
    return page(request, part, file=file)


@router.get("/cases/{case_id}/evidence/{sha256}")
def show_picture(request: Request, caller: Reader, case_id: int, sha256: Hash) -> Response:
    """A screenshot of the case, as PNG."""
    return _picture(request, caller, case_id, sha256, None)


@router.get("/cases/{case_id}/evidence/{sha256}/{number}")
def show_page(
    request: Request, caller: Reader, case_id: int, sha256: Hash, number: int
) -> Response:
    """A page of a document of the case, as PNG; what is other patients' is covered on it."""
    return _picture(request, caller, case_id, sha256, number)


@router.post("/cases/{case_id}/approve")
def approve(
    request: Request, caller: Decider, case_id: int, note: Annotated[str, Form()] = ""
) -> Response:
    """End the case because what was found and proposed is right."""
    onward = _onward(request, caller, case_id)
    desk = desk_of(request)
    desk.ledger.approve_cases([case_id], note.strip(), by=caller.name, at=desk.now())
    return _go_on(request, CaseAct.APPROVE, case_id, onward)


@router.post("/cases/{case_id}/resolve")
def resolve(
    request: Request, caller: Decider, case_id: int, reason: Annotated[str, Form()] = ""
) -> Response:
    """End the case for a reason."""
    onward = _onward(request, caller, case_id)
    desk = desk_of(request)
    desk.ledger.resolve_cases([case_id], reason, by=caller.name, at=desk.now())
    return _go_on(request, CaseAct.RESOLVE, case_id, onward)


@router.post("/cases/{case_id}/snooze")
def snooze(
    request: Request, caller: Decider, case_id: int, until: Annotated[date, Form()]
) -> Response:
    """Take the case off the queue until a day."""
    onward = _onward(request, caller, case_id)
    desk = desk_of(request)
    desk.ledger.snooze_cases([case_id], until, by=caller.name, at=desk.now(), today=desk.today())
    return _go_on(request, CaseAct.SNOOZE, case_id, onward)


@router.post("/cases/{case_id}/assign")
def assign(
    request: Request, caller: Decider, case_id: int, to: Annotated[str, Form()] = ""
) -> Response:
    """Give the case to a person, or to nobody."""
    desk = desk_of(request)
    desk.ledger.assign_cases([case_id], to or None, by=caller.name, at=desk.now())
    return _go_on(request, CaseAct.ASSIGN, case_id, case_id)


@router.post("/cases/{case_id}/reopen")
def reopen(request: Request, caller: Decider, case_id: int) -> Response:
    """Put the case back on the queue."""
    desk = desk_of(request)
    desk.ledger.reopen_cases([case_id], by=caller.name, at=desk.now())
    return _go_on(request, CaseAct.REOPEN, case_id, case_id)


@router.post("/cases/{case_id}/note")
def note(
    request: Request, caller: Decider, case_id: int, words: Annotated[str, Form()] = ""
) -> Response:
    """Add a person's own words."""
    desk = desk_of(request)
    desk.ledger.note_case(case_id, words, by=caller.name, at=desk.now())
    return _go_on(request, CaseAct.NOTE, case_id, case_id)


@router.post("/cases/{case_id}/correct")
def correct(
    request: Request,
    caller: Decider,
    case_id: int,
    figure: Annotated[str, Form()] = "",
    value: Annotated[str, Form()] = "",
    seen: Annotated[str, Form()] = "",
) -> Response:
    """Say what a figure is instead of what was read, and where that is seen."""
    desk = desk_of(request)
    now = read_figure(figure, value)
    file = CaseFile(desk, desk.ledger.case(case_id))
    made = file.corrections.get(figure)
    was = made[-1].now if made else kept(getattr(file.case.result.conclusion, figure, None))
    if was == now:
        raise BadInput("The figure is known so already")
    desk.ledger.correct_figure(
        case_id, figure, was=was, now=now, why=seen, by=caller.name, at=desk.now()
    )
    return _go_on(request, CaseAct.CORRECT, case_id, case_id)


@router.post("/cases/{case_id}/undo")
def undo(request: Request, caller: Decider, case_id: int) -> Response:
    """Take back the caller's last act, on whichever case it was; that case is shown."""
    desk = desk_of(request)
    undone = desk.ledger.undo(by=caller.name, at=desk.now())
    return _go_on(request, CaseAct.UNDO, case_id, case_id if case_id in undone else undone[0])


@router.post("/cases/{case_id}/appeal")
def make_appeal(request: Request, caller: Decider, case_id: int) -> Response:
    """The appeal packet of a denied claim: as a file, or what to fill in and where it lies."""
    desk = desk_of(request)
    case = desk.ledger.case(case_id)
    path = _packet(desk, case_id)
    made = desk.bots.appeal(case.result.claim, path, today=desk.today())
    _audit(desk, caller, "appeal packet made", case_id, {"look_at": len(made)})
    if request.headers.get("HX-Request"):
        return page(request, "case_appeal", case=case, sentences=made)
    return _file(path.read_bytes(), case_id)


@router.get("/cases/{case_id}/appeal.pdf")
def download_appeal(request: Request, caller: Decider, case_id: int) -> Response:
    """The packet that was made last."""
    desk = desk_of(request)
    path = _packet(desk, case_id)
    if not path.exists():
        raise BadInput(f"No appeal packet of case {case_id} was made yet; make it on its page")
    _audit(desk, caller, "appeal packet downloaded", case_id)
    return _file(path.read_bytes(), case_id)


def _packet(desk: Desk, case_id: int) -> Path:
    return desk.files / "appeals" / f"case-{case_id}.pdf"


def _file(data: bytes, case_id: int) -> Response:
    named = {"Content-Disposition": f'attachment; filename="appeal-case-{case_id}.pdf"'}
    return Response(data, media_type="application/pdf", headers=named)


def _page(request: Request, caller: Caller, case_id: int, *, patient: bool) -> Response:
    desk = desk_of(request)
    file = CaseFile(desk, desk.ledger.case(case_id))
    _audit(desk, caller, "case viewed", case_id)
    asked = read_asked(request.query_params)
    before, behind = _beside(request, caller, case_id)
    return page(
        request,
        "case",
        file=file,
        patient=patient,
        round=Round(asked.query(), before, behind),
        told=_told(request),
        payer=desk.payer_names().get(file.claim.payer or "", file.claim.payer_name),
        may_decide=caller.person.role >= Role.BILLER,
        shown=shown,
        spot_key=spot_key,
        LINE_HEADS=LINE_HEADS,
        FIGURES=FIGURES,
        REASONS=REASONS,
        CaseState=CaseState,
    )


def _told(request: Request) -> str:
    of = request.query_params.get("of", "")
    said = _TOLD.get(request.query_params.get("told", ""), "")
    return said.format(of=of) if of.isdecimal() else ""


def _beside(request: Request, caller: Caller, case_id: int) -> tuple[int | None, int | None]:
    """The cases before and behind this one in the view that it was opened from."""
    desk = desk_of(request)
    view = read_asked(request.query_params).view(caller.person.user_id, desk.today())
    return desk.ledger.neighbours(view, desk.today(), case_id)


def _onward(request: Request, caller: Caller, case_id: int) -> int:
    """The case to show when this one is off the queue: the one behind it, else before it."""
    before, behind = _beside(request, caller, case_id)
    return behind or before or case_id


def _go_on(request: Request, act: CaseAct, of: int, onward: int) -> Response:
    query = read_asked(request.query_params).query()
    told = urlencode({"told": act.value, "of": of})
    return RedirectResponse(f"/cases/{onward}?{'&'.join(filter(None, (query, told)))}", 303)


def _picture(
    request: Request, caller: Caller, case_id: int, sha256: str, number: int | None
) -> Response:
    desk = desk_of(request)
    file = CaseFile(desk, desk.ledger.case(case_id))
    data = file.picture(sha256, number)
    _audit(desk, caller, "picture viewed", case_id, {"page": _spoken(sha256, number)})
    return Response(data, media_type="image/png")


def _spoken(sha256: str, number: int | None) -> str:
    return sha256 if number is None else f"{sha256}, page {number}"


def _audit(
    desk: Desk, caller: Caller, act: str, case_id: int, detail: Mapping[str, object] | None = None
) -> None:
    desk.ledger.note(caller.name, act, f"case {case_id}", at=desk.now(), detail=detail)
