"""A portal that fails on purpose: a proxy between the browser and a simulated payer."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

from conftest import PROJECT
from portal_worlds import AS_OF, small_world

from billing.ledger import Ledger, SweptExport, open_ledger
from billing.model import Claim, Conclusion, NoAnswer, Observation, Reason, SourceRow
from bots.portal.browser import Browser
from bots.profile import Profile, load_profile
from flows.account import AccountWork, make_reader
from sandbox.serve import Portals
from sandbox.world import PayerClaim, World

PASSED_ON = ("content-type", "content-disposition", "set-cookie", "location")
SWEEP = "night-1"
WORLD = small_world()
MEDICAID, COMMERCIAL = "franklin-medicaid", "juniper-ridge"
PAID = {MEDICAID: "0226000000001", COMMERCIAL: "E00000000001"}
EXPORT = SweptExport("worklist.csv", "e" * 64, "generic", 3)


@dataclass(slots=True)
class Sent:
    """One answer of the portal on its way: ``path`` and ``form`` are what was asked.

    ``manner`` is how it arrives: whole, cut off half-way, half and then never the rest (hang), or
    not at all (lost), and ``late`` after how many seconds.
    """

    method: str
    path: str
    form: bytes
    status: int
    headers: list[tuple[str, str]]
    body: bytes
    manner: str = "whole"
    late: float = 0.0

    def page(self, html: str, status: int = 200) -> None:
        """A page in its place."""
        self.status, self.body = status, html.encode()
        self.headers = [("Content-Type", "text/html; charset=utf-8")]


Spoil = Callable[[Sent], None]


@dataclass
class Between:
    """Passes everything on, after ``spoil`` had its way with it; ``asked`` are method and path."""

    upstream: str
    spoil: Spoil = lambda _: None
    asked: list[str] = field(default_factory=list)
    address: str = ""
    over: threading.Event = field(default_factory=threading.Event)

    def fetch(self, method: str, path: str, form: bytes, headers: dict[str, str]) -> Sent:
        """The portal's own answer."""
        connection = http.client.HTTPConnection(urlsplit(self.upstream).netloc, timeout=20)
        connection.request(method, path, form or None, headers)
        answer = connection.getresponse()
        kept = [(name, value) for name, value in answer.getheaders() if name.lower() in PASSED_ON]
        body = answer.read()
        connection.close()
        self.asked.append(f"{method} {urlsplit(path).path}")
        return Sent(method, urlsplit(path).path, form, answer.status, kept, body)


@contextmanager
def between(upstream: str) -> Iterator[Between]:
    """A proxy that answers inside."""
    it = Between(upstream)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            form = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            skipped = ("connection", "accept-encoding", "content-length")
            headers = {n: v for n, v in self.headers.items() if n.lower() not in skipped}
            sent = it.fetch(self.command, self.path, form, headers)
            it.spoil(sent)
            it.over.wait(sent.late)
            if sent.manner == "lost":
                self.close_connection = True
                return
            self.send_response(sent.status)
            for name, value in [*sent.headers, ("Content-Length", str(len(sent.body)))]:
                self.send_header(name, value)
            self.end_headers()
            part = len(sent.body) if sent.manner == "whole" else len(sent.body) // 2
            self.wfile.write(sent.body[:part])
            if sent.manner == "hang":
                it.over.wait(60)
            self.close_connection = sent.manner != "whole"

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            return  # the browser went away

    server = Server(("127.0.0.1", 0), Handler)
    it.address = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield it
    finally:
        it.over.set()
        server.shutdown()
        server.server_close()


def crash(_: Sent) -> None:
    """The browser dies, as if it had run out of memory; so does the script that started it."""
    found = []
    for process in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            if b"--headless" in words and b"--type" not in b" ".join(words) and _is_ours(parent):
                found.append(int(process.name))
    for pid in found:  # who loses its parent is ours no more
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _is_ours(pid: int) -> bool:
    while pid > 1:
        if pid == os.getpid():
            return True
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return False


def quick_profile(payer: str, **session: float) -> Profile:
    """The payer's profile with short waits."""
    profile = load_profile(PROJECT / "payer_profiles" / payer)
    waits = {"answer_seconds": 5.0, "claim_seconds": 30.0, **session}
    file, login = profile.file, profile.file.login
    if login.second_factor is not None:  # nobody is there to give a code
        nobody = login.second_factor.model_copy(update={"wait_seconds": 1})
        login = login.model_copy(update={"second_factor": nobody})
    session_now = file.session.model_copy(update=waits)
    short = file.model_copy(update={"session": session_now, "login": login})
    return profile.model_copy(update={"file": short})


def billed(claim: PayerClaim, payer: str, row: int) -> Claim:
    """The biller's row of a claim that the payer holds."""
    return Claim(
        claim_id=claim.claim_id,
        payer=payer,
        payer_name=payer,
        member_id=claim.patient.member_id,
        patient_last=claim.patient.last,
        patient_first=claim.patient.first,
        date_of_birth=claim.patient.birth,
        service_from=claim.service_from,
        service_to=claim.service_to,
        billed=claim.charge,
        balance=claim.charge,
        source=SourceRow(EXPORT.sha256, row),
    )


def claims_of(world: World, payer: str, numbers: Sequence[str]) -> list[Claim]:
    """The rows of these payer claim numbers, in this order."""
    books = {one.payer_id: one for one in (world.commercial, world.medicaid)}[payer]
    return [billed(books.by_number[number], payer, n) for n, number in enumerate(numbers, 2)]


@dataclass(slots=True)
class Night:
    """One payer's account, worked through as a sweep would."""

    ledger: Ledger
    work: AccountWork

    def run(self, seconds: float = 240) -> None:
        """Ask about every pending claim; what ends the session early is raised."""

        async def work() -> None:
            async with asyncio.timeout(seconds):
                await self.work.run()

        asyncio.run(work())

    def conclusions(self) -> list[Conclusion]:
        """The results so far, in the order of the rows."""
        return [result.conclusion for result in self.ledger.results(SWEEP)]

    def observed(self, item_id: int = 1) -> Observation:
        """The newest observation of an item."""
        return self.ledger.observations(item_id)[-1]

    def reason(self, item_id: int = 1) -> Reason | None:
        """Why there is no answer; None when there is one."""
        answer = self.observed(item_id).answer
        return answer.reason if isinstance(answer, NoAnswer) else None


def night(
    home: Path,
    browser: Browser,
    portals: Portals,
    profile: Profile,
    address: str,
    claims: list[Claim],
) -> Night:
    """A new ledger with a sweep of ``claims``, and the work of their account."""
    shutil.rmtree(home, ignore_errors=True)
    ledger = open_ledger(home)
    ledger.begin_sweep(
        SWEEP,
        business_date=AS_OF,
        exports=[EXPORT],
        claims=claims,
        refused=(),
        at=datetime.now(UTC),
    )
    work = work_of(ledger, browser, profile, address, secrets_of(portals, profile.id))
    return Night(ledger, work)


def secrets_of(portals: Portals, payer: str) -> dict[str, str]:
    """What opens the payer's account and documents, by name."""
    account = portals.accounts[payer]
    return {
        "username": account.username,
        "password": account.password,
        "totp": account.totp,
        "document_password": account.document_password,
        "mailbox": portals.mailboxes.get(payer, ""),
    }


def work_of(
    ledger: Ledger, browser: Browser, profile: Profile, address: str, secrets: Mapping[str, str]
) -> AccountWork:
    """The work of one account in the sweep that the ledger holds."""
    return AccountWork(
        ledger=ledger,
        sweep_id=SWEEP,
        profile=profile,
        address=address,
        browser=browser,
        secret=secrets.__getitem__,
        read_document=make_reader(profile),
        today=AS_OF,
    )


Open = Callable[..., tuple[Night, Between]]


@contextmanager
def desks(browser: Browser, portals: Portals, home: Path) -> Iterator[Open]:
    """``desk(payer, spoil, numbers)``: a night's work through a proxy that spoils answers."""
    with ExitStack() as opened:

        def sit(payer: str, spoil: Spoil, *numbers: str, **waits: float) -> tuple[Night, Between]:
            there = opened.enter_context(between(portals.addresses[payer]))
            there.spoil = spoil
            claims = claims_of(WORLD, payer, numbers or (PAID[payer],))
            profile = quick_profile(payer, **waits)
            return night(home, browser, portals, profile, there.address, claims), there

        yield sit


def is_search(sent: Sent) -> bool:
    if sent.path == "/ClaimInquiry.aspx":
        return b"btnSearch" in sent.form
    return sent.path.startswith("/api/claim-searches/")


def is_detail(sent: Sent) -> bool:
    return b"Select" in sent.form or (
        sent.path.startswith("/api/claims/") and not sent.path.endswith("/eob")
    )


def is_document(sent: Sent) -> bool:
    return sent.path == "/RemittanceAdvice.aspx" or sent.path.endswith("/eob")


def broken(sent: Sent) -> None:
    sent.manner = "cut"


def hung(sent: Sent) -> None:
    sent.manner = "hang"


def down(sent: Sent) -> None:
    sent.page("<h1>503 Service Unavailable</h1>", 503)


def too_many(sent: Sent) -> None:
    sent.page("<h1>Slow down</h1>", 429)


def maintenance(sent: Sent) -> None:
    sent.page("<h1>Scheduled maintenance</h1><p>We will be back at 6 AM.</p>")


def nothing(sent: Sent) -> None:
    sent.body = b""


class Spoiler:
    """Spoils the answers that ``which`` picks, the first ``times`` of them."""

    def __init__(
        self, which: Callable[[Sent], bool], how: Callable[[Sent], None], times: int = 999
    ) -> None:
        self.which, self.how, self.left = which, how, times

    def __call__(self, sent: Sent) -> None:
        if self.left and self.which(sent):
            self.left -= 1
            self.how(sent)


def counted(portals: Portals, payer: str) -> dict[str, int]:
    with urlopen(f"{portals.addresses[payer]}/sandbox/counters", timeout=10) as answer:  # noqa: S310 - loopback
        return dict(json.load(answer))
