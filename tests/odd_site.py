"""A small invented portal on a port of this machine, and the night's work on it from YAML alone."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml
from reportlab.pdfgen.canvas import Canvas

import flows.account_session
from billing.ledger import SweptExport, open_ledger
from billing.model import Channel, Claim, Found, NoAnswer, NotFound, Reason, SourceRow
from bots.portal.browser import Browser
from bots.profile import Profile, load_profile
from flows.account import AccountWork, make_reader

PORTALS = Path(__file__).parent / "odd_portals"
EXPORT = SweptExport("worklist.csv", "e" * 64, "generic", 3)
SWEEP = "night-1"
Kept = dict[str, Any]


def kept(number: str, **other: str) -> Kept:
    """A claim as a portal keeps it; what is not said is the same for all."""
    return {
        "number": number,
        "member": "QX0001234",
        "born": "1980-02-03",
        "served": "2026-01-05",
        "charge": "120.50",
        "paid": "80.25",
        "status": "Paid",
    } | other


def ours(claim: Mapping[str, str], payer: str, row: int) -> Claim:
    """The biller's row of a claim."""
    return Claim(
        claim_id=f"C{row}",
        payer=payer,
        payer_name=payer,
        member_id=claim["member"],
        patient_last="Quill",
        patient_first="Ada",
        date_of_birth=date.fromisoformat(claim["born"]),
        service_from=date.fromisoformat(claim["served"]),
        service_to=date.fromisoformat(claim["served"]),
        billed=Decimal(claim["charge"]),
        balance=Decimal(claim["charge"]),
        source=SourceRow(EXPORT.sha256, row),
    )


def pdf(number: str) -> bytes:
    """An invented explanation of benefits."""
    made = BytesIO()
    canvas = Canvas(made, invariant=1)
    canvas.drawString(72, 720, f"Explanation of benefits {number}")
    canvas.save()
    return made.getvalue()


@dataclass(slots=True)
class Asked:
    """One request that reached a portal."""

    method: str
    path: str
    query: dict[str, str]
    body: bytes
    times: int


@dataclass(slots=True)
class Reply:
    """What it answers, after so many ``seconds``; what is no text is sent as JSON.

    An iterator of bytes is sent piece by piece, for as long as somebody listens.
    """

    body: Any
    kind: str = ""
    status: int = 200
    seconds: float = 0
    headers: dict[str, str] = field(default_factory=dict)


Route = Callable[[Asked], Any]


@dataclass
class Site:
    """A portal: its page, its claims, and ``routes`` by the first part of the path."""

    page: str
    claims: list[Kept]
    flags: dict[str, Any] = field(default_factory=dict)
    routes: dict[str, Route] = field(default_factory=dict)
    session_lasts: int = 10_000
    address: str = ""
    asked: list[str] = field(default_factory=list)
    alive: set[str] = field(default_factory=set)
    over: threading.Event = field(default_factory=threading.Event)

    def answer(self, asked: Asked, session: str) -> Reply:
        """The answer to one request."""
        first = asked.path.split("/")[1]
        if asked.path == "/":
            flags = json.dumps(self.flags)
            html = (PORTALS / f"{self.page}.html").read_text(encoding="utf-8")
            return Reply(html.replace("/*FLAGS*/", f"const FLAGS = {flags};"), "text/html")
        if asked.path == "/odd.js":
            return Reply((PORTALS / "odd.js").read_text(encoding="utf-8"), "text/javascript")
        if first == "login":
            token = f"t{len(self.asked)}"
            self.alive = {token}
            self.left = self.session_lasts
            return Reply({"token": token}, headers={"Set-Cookie": f"sid={token}; Path=/"})
        if first == "logout":
            self.alive.clear()
            return Reply({})
        if session not in self.alive or self.left == 0:
            self.alive.clear()
            return Reply({"error": "ended"}, status=401)
        if first in self.routes:
            found = self.routes[first](asked)
            return found if isinstance(found, Reply) else Reply(found)
        if first == "claims":
            self.left -= 1
            return Reply(self._claims(asked))
        return Reply("not here", "text/plain", 404)

    def _claims(self, asked: Asked) -> Any:
        number = asked.path.removeprefix("/claims").strip("/")
        if number:
            return next(c for c in self.claims if c["number"] == number)
        return self.found(asked.query)

    def found(self, query: Mapping[str, str]) -> list[Kept]:
        """What a search finds: by member, by the days of service, or both."""
        return [
            c
            for c in self.claims
            if query.get("member", c["member"]) == c["member"]
            and query.get("first", "") <= c["served"] <= query.get("last", "9999")
        ]


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    """``site`` answers inside."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            query = dict(parse_qsl(parts.query))
            line = f"{self.command} {parts.path}"
            site.asked.append(line)
            asked = Asked(self.command, parts.path, query, body, site.asked.count(line))
            cookie = (self.headers.get("Cookie") or "").removeprefix("sid=")
            bearer = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            reply = site.answer(asked, bearer or query.get("token") or cookie)
            site.over.wait(reply.seconds)
            data, kind = reply.body, reply.kind
            if isinstance(data, Iterator):
                self.stream(data, reply)
                return
            if not isinstance(data, str | bytes):
                data, kind = json.dumps(data), kind or "application/json"
            data = data.encode() if isinstance(data, str) else data
            self.send_response(reply.status)
            for name, value in {"Content-Type": kind, **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_GET

        def stream(self, pieces: Iterator[bytes], reply: Reply) -> None:
            self.send_response(reply.status)
            for name, value in {"Content-Type": reply.kind, **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.close_connection = True
            for piece in pieces:
                self.wfile.write(piece)
                if site.over.is_set():
                    return

        def log_message(self, *_: object) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            return  # the browser went away

    server = Server(("127.0.0.1", 0), Handler)
    site.address = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield site
    finally:
        site.over.set()
        server.shutdown()
        server.server_close()


def merged(under: Any, over: Any) -> Any:
    """``over`` laid upon ``under``, mapping by mapping; a None takes a key away."""
    if not (isinstance(under, dict) and isinstance(over, dict)):
        return over
    keys = {**under, **over}
    both = {
        k: merged(under[k], over[k]) if k in under and k in over else v for k, v in keys.items()
    }
    return {k: v for k, v in both.items() if v is not None}


def payer_folder(home: Path, payer: str, *said: Mapping[str, Any]) -> Profile:
    """The payer's folder under ``home``, as its author would have written it: one YAML file."""
    profile: Any = {}
    for name in ("all", payer):
        text = (PORTALS / f"{name}.yaml").read_text(encoding="utf-8")
        profile = merged(profile, yaml.safe_load(text))
    for over in said:
        profile = merged(profile, over)
    folder = home / payer
    folder.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(profile | {"payer": {"id": payer, "name": payer.title()}})
    (folder / "profile.yaml").write_text(text, encoding="utf-8")
    return load_profile(folder)


@dataclass(frozen=True, slots=True)
class Told:
    """What a night learned of one claim: a word, or the figures; ``why`` there is no answer."""

    word: str
    paid: Decimal | None = None
    why: str = ""
    document: bytes | None = None
    lost: str = ""


def told_of(
    home: Path,
    browser: Browser,
    site: Site,
    profile: Profile,
    claims: Sequence[Mapping[str, str]],
    seconds: float = 600,
) -> list[Told]:
    """Ask ``site`` about ``claims`` as a sweep does; what was learned, in their order."""
    ledger = open_ledger(home / "ledger")
    rows = [ours(claim, profile.id, n) for n, claim in enumerate(claims, 2)]
    now = datetime.now(UTC)
    ledger.begin_sweep(
        SWEEP, business_date=date(2026, 2, 1), exports=[EXPORT], claims=rows, refused=(), at=now
    )
    work = AccountWork(
        ledger=ledger,
        sweep_id=SWEEP,
        profile=profile,
        address=site.address,
        browser=browser,
        secret={"username": "bot", "password": "invented", "opens": "sesame"}.__getitem__,
        read_document=make_reader(profile),
        today=date(2026, 2, 1),
    )

    async def night() -> None:
        async with asyncio.timeout(seconds):
            await work.run()

    asyncio.run(night())
    told = []
    for n in range(1, len(rows) + 1):
        seen = ledger.observations(n)
        (answer,) = [one.answer for one in seen if one.channel is Channel.PORTAL][-1:]
        papers = [one for one in seen if one.channel is Channel.EOB]
        match answer:
            case Found(status):
                data = (
                    ledger.fetch(papers[-1].captures[0]) if papers and papers[-1].captures else None
                )
                lost = papers[-1].answer.detail if papers and data is None else ""
                told.append(Told("found", status.paid, document=data, lost=lost))
            case NotFound():
                told.append(Told("not on file"))
            case NoAnswer(reason, detail):
                told.append(Told(str(reason), why=detail))
    return told


Night = Callable[..., list[Told]]


@pytest.fixture
def night(browser_executable: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Night:
    """``night(site, claims, …YAML laid upon the portal's)``: no number of odd claims ends it."""
    monkeypatch.setattr(flows.account_session, "UNKNOWN_IN_A_ROW", 99)
    monkeypatch.setattr(flows.account_session, "UNREACHABLE_IN_A_ROW", 99)
    monkeypatch.setattr(flows.account_session, "PAUSE_SECONDS", 0)

    def ask(site: Site, claims: Sequence[Kept], *said: Mapping[str, Any]) -> list[Told]:
        profile = payer_folder(tmp_path, site.page, *said)
        with serving(site):
            return told_of(tmp_path, browser_executable, site, profile, claims)

    return ask


def words(told: Sequence[Told]) -> list[str]:
    """What was learned, a word for each claim."""
    return [one.word for one in told]


UNKNOWN = str(Reason.UNKNOWN_PAGE)
PERSON = str(Reason.NEEDS_PERSON)
UNREACHABLE = str(Reason.UNREACHABLE)
