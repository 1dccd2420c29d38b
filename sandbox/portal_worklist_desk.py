"""What a signed-in person does at a clearinghouse's portal: lists, claims, documents, coverage."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.inquiry import Eligibility, day_typed
from sandbox.knobs import Knobs
from sandbox.sessions import Counters
from sandbox.worklist import ALL, LISTS, Filters, Worklist, export_csv, lacks_document
from sandbox.worklist_views import SERVICE_TYPES, coverage, details, row
from sandbox.world import Payer, PayerClaim, Person

ROWS_PER_PAGE = 50
SLOWEST_LIST_SECONDS = 1.2
NOT_FOUND = "Subscriber not found. (AAA 75)"
WRONG_BIRTH = "Date of birth does not match the member on file. (AAA 71)"
UNAVAILABLE = "The payer is not answering right now. Try again later. (SW-503)"


@dataclass(slots=True)
class Visit:
    """One signed-in browser: the pages it must pass first, and what it has been shown."""

    token: str
    checkpoints: list[str]
    exports: dict[str, bytes] = field(default_factory=dict)
    requests: int = 0
    told: bool = False  # the announcement


class Desk:
    """The endpoints behind the sign-in, over one payer."""

    def __init__(
        self,
        payer: Payer,
        document: Callable[[str], bytes],
        delay: float,
        knobs: Knobs,
        counters: Counters,
    ) -> None:
        self._payer = payer
        self._document = document
        self._delay = delay
        self._knobs = knobs
        self._counters = counters
        self._worklist = Worklist(payer)
        self._eligibility = Eligibility(payer)

    async def summary(self, _: Request, __: Visit) -> Response:
        """The task summary, and what the page's own lists of choices hold."""
        return JSONResponse(
            {
                "counts": self._worklist.counts(),
                "statuses": {name: self._worklist.statuses(name) for name in LISTS},
                "payers": ["Brackenfield Benefit Trust", self._payer.name, "Yellow Fork Mutual"],
                "services": [f"{name} ({code})" for code, name in SERVICE_TYPES.items()],
            }
        )

    async def worklist(self, request: Request, visit: Visit) -> Response:
        """One page of a list, narrowed by filters; the filter by member id is not applied."""
        given = await _json(request)
        name = given.get("list") if given.get("list") in LISTS else ALL
        days = [_text(given, key).strip() for key in ("from", "to")]
        first, last = (day_typed(text) if text else None for text in days)
        if [first, last].count(None) != days.count(""):
            return JSONResponse({"error": "Enter service dates as MM/DD/YYYY."})
        filters = Filters(
            payer=_text(given, "payer"),
            status=_text(given, "status"),
            last_name=_text(given, "lastName"),
            first_day=first,
            last_day=last,
        )
        self._counters.searches += 1
        await asyncio.sleep(self._delay * list_seconds(filters))
        found = self._worklist.filtered(str(name), filters)
        if found is None:
            return JSONResponse({"error": UNAVAILABLE})
        rows = [one for one in found for _ in range(2 if self._knobs.duplicate_rows else 1)]
        pages = max(1, -(-len(rows) // ROWS_PER_PAGE))
        page = min(max(int(given["page"]), 1), pages) if str(given.get("page")).isdecimal() else 1
        export = secrets.token_hex(8)
        visit.exports = {
            export: export_csv(self._payer.name, found, str(name), drift=self._knobs.drift)
        }
        shown = rows[(page - 1) * ROWS_PER_PAGE : page * ROWS_PER_PAGE]
        return JSONResponse(
            {
                "total": len(rows),
                "of": self._worklist.counts()[str(name)],
                "page": page,
                "pages": pages,
                "export": export,
                "rows": [row(claim, str(name)) for claim in shown],
            }
        )

    async def export(self, request: Request, visit: Visit) -> Response:
        """The newest list, whole, as CSV."""
        body = visit.exports.get(request.path_params["export"])
        if body is None:
            return JSONResponse({"error": "This export has expired."}, status_code=404)
        return Response(
            body,
            media_type="text/csv",
            headers={"Content-Disposition": 'attachment; filename="worklist.csv"'},
        )

    async def claim(self, request: Request, _: Visit) -> Response:
        """Everything that the portal shows of one claim."""
        claim = self._payer.by_number.get(request.path_params["number"])
        if claim is None:
            return JSONResponse({"error": "No such claim."}, status_code=404)
        if self._knobs.wrong_patient:
            claim = replace(claim, patient=self._somebody_else(claim))
        return JSONResponse(
            details(claim, self._payer) | {"arrives": self._knobs.document or "blob"}
        )

    async def eob(self, request: Request, _: Visit) -> Response:
        """The document of the payment that decided this claim, in the way that is turned on."""
        number = request.path_params["number"]
        claim = self._payer.by_number.get(number)
        trace = claim.trace_number if claim else None
        if trace is None or trace not in self._payer.remittances or lacks_document(number):
            return JSONResponse({"error": "No document."}, status_code=404)
        self._counters.documents += 1
        body = await asyncio.to_thread(self._document, trace)
        way = self._knobs.document
        if way == "truncated":
            body = body[: len(body) // 2]
        elif way == "html":
            body = b"<!doctype html><title>Error</title><p>The document could not be made.</p>"
        elif way == "encrypted":
            body = _locked_pdf()
        shown = "inline" if way in ("inline", "tab") else "attachment"
        return Response(
            body,
            media_type="application/pdf",
            headers={"Content-Disposition": f'{shown}; filename="EOB-{trace}.pdf"'},
        )

    async def note(self, _: Request, __: Visit) -> Response:
        """A write, which no bot that only observes ever sends."""
        return JSONResponse({"message": "Your note was added."}, status_code=202)

    async def eligibility(self, request: Request, _: Visit) -> Response:
        """A member's plan and benefits on one day."""
        given = await _json(request)
        member_id = _text(given, "memberId").strip().upper()
        birth, day = day_typed(_text(given, "birth")), day_typed(_text(given, "day"))
        if not member_id or birth is None or day is None:
            return JSONResponse({"error": "Enter a member ID, and dates as MM/DD/YYYY."})
        if _text(given, "payer") != self._payer.name:
            return JSONResponse({"error": "Choose a payer from the list."})
        self._counters.searches += 1
        await asyncio.sleep(self._delay * SLOWEST_LIST_SECONDS / 2)
        held = self._eligibility.search(member_id, birth)
        if held is None:
            return JSONResponse({"error": UNAVAILABLE})
        if not held:
            known = member_id in self._payer.members
            return JSONResponse({"error": WRONG_BIRTH if known else NOT_FOUND})
        code = _text(given, "service").rpartition(" (")[2]
        service = code.rstrip(")") or "30"
        return JSONResponse(coverage(held, day, service))

    def _somebody_else(self, claim: PayerClaim) -> Person:
        others = (one.patient for one in self._payer.by_number.values())
        return next((one for one in others if one != claim.patient), claim.patient)


def list_seconds(filters: Filters) -> float:
    """How long this list takes: 0 to 1.2 s, the same each time."""
    asked = f"{filters.last_name}/{filters.first_day}/{filters.last_day}"
    return SLOWEST_LIST_SECONDS * hashlib.sha256(asked.encode()).digest()[0] / 255


def _locked_pdf() -> bytes:
    """A document that nobody can open without its password."""
    stream = io.BytesIO()
    canvas = Canvas(stream, encrypt=StandardEncryption(secrets.token_hex(8)))
    canvas.drawString(72, 720, "Explanation of Payment")
    canvas.save()
    return stream.getvalue()


async def _json(request: Request) -> dict[str, Any]:
    try:
        given = json.loads(await request.body())
    except ValueError:
        return {}
    return given if isinstance(given, dict) else {}


def _text(given: dict[str, Any], name: str) -> str:
    value = given.get(name, "")
    return value if isinstance(value, str) else ""
