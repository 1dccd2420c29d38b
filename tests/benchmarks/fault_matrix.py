"""Every simulated portal with every trouble: what became of its claims, as one table.

``make faults`` prints archetype x fault -> recovered, exception or WRONG, and ends with code 1 on
any wrong answer, locked account or changing request. The portals are simulated.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from portal_clients import SetClock, answering
from portal_faults import (
    EXPORT,
    SWEEP,
    Night,
    Sent,
    Spoil,
    between,
    counted,
    crash,
    night,
    quick_profile,
)

import flows.account_session
from billing.errors import ClaimsweepError, LoginNotBefore, TryLater
from billing.model import Channel, Claim, Found, Outcome, SourceRow
from bots.portal.browser import Browser, find_browser
from sandbox.__main__ import AS_OF
from sandbox.books import make_world
from sandbox.knobs import Knobs
from sandbox.truth import truth_rows
from sandbox.world import BilledClaim, World

ARCHETYPES = {
    "A clearinghouse": "blue-mesa",
    "B Medicare": "tri-rivers",
    "C Medicaid": "franklin-medicaid",
    "D commercial": "juniper-ridge",
    "E worklist": "copper-line",
}
SEED, CLAIMS = 7, 40
SESSIONS = 3  # as often as a sweep tries one
UNANSWERED = (Outcome.NO_ANSWER, Outcome.WRONG_PATIENT, Outcome.SEVERAL_MATCHES)
SEARCHES = ("/api/inquiries/", "/api/claim-searches/", "/api/worklist")
DETAILS = ("/api/claims/", "/claims/view")


@dataclass(slots=True)
class Trouble:
    """One fault: knobs to turn, and what to do to the portal's answers on their way."""

    name: str
    knobs: dict[str, object] = field(default_factory=dict)
    spoil: Callable[[], Spoil] | None = None


def search(sent: Sent) -> bool:
    """Whether this is the answer to a search."""
    if sent.path == "/ClaimInquiry.aspx":
        return b"btnSearch" in sent.form
    if sent.path == "/claims":
        return sent.method == "POST"
    return sent.path.startswith(SEARCHES)


def detail(sent: Sent) -> bool:
    """Whether this is the answer to opening a claim."""
    if sent.path == "/ClaimInquiry.aspx":
        return b"Select" in sent.form
    return sent.path.startswith(DETAILS) and not sent.path.endswith("/eob")


def login(sent: Sent) -> bool:
    """Whether this is the answer to a submitted password."""
    return sent.method == "POST" and sent.path in (
        "/api/login", "/login", "/Login.aspx", "/signin"
    )  # fmt: skip


def spoiled(
    which: Callable[[Sent], bool], how: Callable[[Sent], None], times: int = 10_000
) -> Callable[[], Spoil]:
    """Spoils the first ``times`` answers that ``which`` picks, anew for each portal."""

    def make() -> Spoil:
        left = [times]

        def spoil(sent: Sent) -> None:
            if left[0] and which(sent):
                left[0] -= 1
                how(sent)

        return spoil

    return make


def manner(name: str) -> Callable[[Sent], None]:
    """How the answer arrives, if at all."""

    def how(sent: Sent) -> None:
        sent.manner = name

    return how


def status(code: int) -> Callable[[Sent], None]:
    """An error page."""
    return lambda sent: sent.page(f"<h1>{code}</h1>", code)


def maintenance(sent: Sent) -> None:
    """A friendly page, and HTTP 200."""
    sent.page("<h1>Scheduled maintenance</h1><p>We will be back at 6 AM.</p>")


def slow(sent: Sent) -> None:
    """An answer that takes its time."""
    sent.late = 1.0


TROUBLES = [
    Trouble("nothing wrong"),
    Trouble("announcement", {"announcement": True}),
    Trouble("password expiring", {"password_expiring": True}),
    Trouble("password expired", {"password_expired": True}),
    Trouble("CAPTCHA", {"captcha": True}),
    Trouble("step-up", {"step_up": True}),
    Trouble("stale-data banner", {"stale_banner": True}),
    Trouble("amounts in parentheses", {"parentheses": True}),
    Trouble("duplicated rows", {"duplicate_rows": True}),
    Trouble("wrong patient opens", {"wrong_patient": True}),
    Trouble("idle timeout mid-search", {"ends_session_after": 4}),
    Trouble("session stolen", {"stolen_after": 4}),
    Trouble("maintenance page, HTTP 200", {"maintenance": True}),
    Trouble("drift 1: labels", {"drift": 1}),
    Trouble("drift 2: ids, columns", {"drift": 2}),
    Trouble("drift 3: rebuilt", {"drift": 3}),
    *(
        Trouble(f"PDF {way}", {"document": way})
        for way in ("attachment", "inline", "tab", "blob", "encrypted", "truncated", "html")
    ),
    Trouble("maintenance mid-sweep", spoil=spoiled(search, maintenance)),
    Trouble("search: 503 always", spoil=spoiled(search, status(503))),
    Trouble("search: 503 once", spoil=spoiled(search, status(503), 1)),
    Trouble("search: 429 once", spoil=spoiled(search, status(429), 1)),
    Trouble("search: hung body always", spoil=spoiled(search, manner("hang"))),
    Trouble("search: hung body once", spoil=spoiled(search, manner("hang"), 1)),
    Trouble("claim: connection drops once", spoil=spoiled(detail, manner("cut"), 1)),
    Trouble("claim: connection drops always", spoil=spoiled(detail, manner("cut"))),
    Trouble("login: answer lost", spoil=spoiled(login, manner("lost"))),
    Trouble("login: 503", spoil=spoiled(login, status(503))),
    Trouble("slow pages", spoil=spoiled(search, slow)),
    Trouble("browser crash", spoil=spoiled(search, crash, 1)),
]


def chosen(world: World, payer: str) -> tuple[list[Claim], list[dict[str, object]]]:
    """A paid claim and one that is not on file, and what the key says of them."""
    books = world.payer(payer)
    key = {str(row["claim_id"]): row for row in truth_rows(world)}
    calm = [
        billed
        for billed in books.billed
        if (billed.patient.member_id, billed.service_from) not in books.unavailable_once
    ]
    picked = [
        next(b for b in calm if key[b.claim_id]["outcome"] == outcome)
        for outcome in ("paid", "not_found")
    ]
    claims = [_claim(billed, row) for row, billed in enumerate(picked, 2)]
    return claims, [key[claim.claim_id] for claim in claims]


def _claim(billed: BilledClaim, row: int) -> Claim:
    return Claim(
        claim_id=billed.claim_id,
        payer=billed.payer_id,
        payer_name=billed.payer_name,
        member_id=billed.patient.member_id,
        patient_last=billed.patient.last,
        patient_first=billed.patient.first,
        date_of_birth=billed.patient.birth,
        service_from=billed.service_from,
        service_to=billed.service_to,
        billed=billed.charge,
        balance=billed.balance,
        source=SourceRow(EXPORT.sha256, row),
        provider_npi=billed.provider_npi,
        provider_tin=billed.provider_tin,
    )


@dataclass(frozen=True, slots=True)
class Cell:
    """What one fault at one portal came to, and what the portal counted meanwhile."""

    archetype: str
    trouble: str
    verdict: str
    said: tuple[str, ...]
    logins: int
    locks: int
    writes: int

    @property
    def holds(self) -> bool:
        """No wrong answer, no lockout, nothing changed."""
        return self.verdict != "WRONG" and not self.locks and not self.writes


def try_trouble(
    archetype: str, trouble: Trouble, worlds: dict[str, World], browser: Browser, home: Path
) -> Cell:
    """One night of one account with one thing wrong."""
    payer = ARCHETYPES[archetype]
    claims, key = chosen(worlds[payer], payer)
    knobs, clock = Knobs(), SetClock()
    for name, value in trouble.knobs.items():
        setattr(knobs, name, value)
    with (
        answering(worlds[payer], clock, delay=0, knobs={payer: knobs}) as portals,
        between(portals.addresses[payer]) as there,
    ):
        if trouble.spoil:
            there.spoil = trouble.spoil()
        profile = quick_profile(payer, answer_seconds=4.0, claim_seconds=30.0)
        work = night(home, browser, portals, profile, there.address, claims)
        ended = _work(work, clock)
        counts = counted(portals, payer)
    said = [*(str(c.outcome) for c in work.conclusions()), *([ended] if ended else [])]
    said += [f"EOB {came}" for came in _documents(work, len(claims))]
    return Cell(
        archetype,
        trouble.name,
        _verdict(work, key),
        tuple(said),
        counts["logins"],
        counts["locks"],
        counts["writes"],
    )


def _work(work: Night, clock: SetClock) -> str | None:
    """A night's sessions, as a sweep tries them; how the last one ended."""
    for _ in range(SESSIONS):
        try:
            work.run(180)
        except LoginNotBefore as error:
            ended = type(error).__name__
            clock.ahead += error.until - datetime.now(UTC)  # a sweep waits for it
        except TryLater as error:
            ended = type(error).__name__
        except ClaimsweepError as error:
            return type(error).__name__
        else:
            return None
    return ended


def _verdict(work: Night, key: list[dict[str, object]]) -> str:
    conclusions = {r.claim.claim_id: r.conclusion for r in work.ledger.results(SWEEP)}
    right = 0
    for row in key:
        conclusion = conclusions.get(str(row["claim_id"]))
        if conclusion is None or conclusion.outcome in UNANSWERED:
            continue
        told = (
            str(conclusion.outcome),
            None if conclusion.paid is None else f"{conclusion.paid:.2f}",
            conclusion.payer_claim_number,
        )
        if told != (row["outcome"], row["paid"], row["payer_claim_number"]):
            return "WRONG"
        right += 1
    return "recovered" if right == len(key) else "exception"


def _documents(work: Night, items: int) -> list[str]:
    seen = [o for n in range(1, items + 1) for o in work.ledger.observations(n)]
    return [
        "read" if isinstance(o.answer, Found) else "not read"
        for o in seen
        if o.channel is Channel.EOB
    ]


def table(cells: list[Cell]) -> str:
    """Troubles by archetypes."""
    names = list(dict.fromkeys(cell.archetype for cell in cells))
    found = {(cell.trouble, cell.archetype): cell for cell in cells}
    lines = [
        "| fault (simulated portals) | " + " | ".join(names) + " |",
        "|---|" + "---|" * len(names),
    ]
    for trouble in dict.fromkeys(cell.trouble for cell in cells):
        row = [found[trouble, name] for name in names if (trouble, name) in found]
        lines.append(f"| {trouble} | " + " | ".join(cell.verdict for cell in row) + " |")
    return "\n".join(lines)


def main() -> int:
    """Try every trouble at every portal, print the table; 0 when nothing was wrong or changed."""
    parser = argparse.ArgumentParser(description=__doc__, prog="make faults")
    parser.add_argument("--archetype", default="", help="only those whose name begins so")
    parser.add_argument("--trouble", default="", help="only those whose name begins so")
    parser.add_argument("--json", type=Path, help="write every cell there")
    options = parser.parse_args()
    flows.account_session.PAUSE_SECONDS = 0
    browser = find_browser()
    cells = []
    archetypes = [name for name in ARCHETYPES if name.startswith(options.archetype)]
    worlds = {
        ARCHETYPES[name]: make_world(SEED, CLAIMS, AS_OF, (ARCHETYPES[name],))
        for name in archetypes
    }
    with tempfile.TemporaryDirectory() as folder:
        for archetype in archetypes:
            for trouble in TROUBLES:
                if not trouble.name.startswith(options.trouble):
                    continue
                cell = try_trouble(archetype, trouble, worlds, browser, Path(folder) / "home")
                cells.append(cell)
                sys.stderr.write(
                    f"{cell.archetype}: {cell.trouble}: {cell.verdict} ({', '.join(cell.said)}; "
                    f"{cell.logins} logins, {cell.locks} locks, {cell.writes} writes)\n"
                )
                if options.json:
                    text = json.dumps([asdict(one) for one in cells], indent=1)
                    options.json.write_text(f"{text}\n", encoding="utf-8")
    sys.stdout.write(f"{table(cells)}\n")
    bad = [cell for cell in cells if not cell.holds]
    sys.stdout.write(
        f"{len(cells)} cells: {sum(c.verdict == 'recovered' for c in cells)} recovered, "
        f"{sum(c.verdict == 'exception' for c in cells)} exceptions, "
        f"{sum(c.verdict == 'WRONG' for c in cells)} wrong; {sum(c.locks for c in cells)} locks, "
        f"{sum(c.writes for c in cells)} changing requests.\n"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
