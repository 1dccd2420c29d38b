"""The morning sheet: what it counts, what it puts first, what it keeps apart, how it prints."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pypdfium2
import pytest
from console_samples import (
    FILES,
    FOREIGN,
    NAMES,
    TODAY,
    UNHEARD,
    night,
    outbreak,
    paid_and_open,
    to_work,
    usd,
)

from billing.model import Outcome
from billing.report import ClaimResult, Earlier, PayerNote, SweepReport
from bots.portal.browser import Browser
from console.morning import morning_sheet


@pytest.fixture(scope="module")
def report() -> SweepReport:
    return night()


def sheet(report: SweepReport) -> str:
    return morning_sheet(report, files=FILES, today=TODAY)


class Texts(HTMLParser):
    """The rows of a page's tables, and its attributes that would fetch or run something."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.links: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.links += [str(value) for name, value in attrs if name in ("src", "href")]
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self.inside = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.rows[-1][-1] = " ".join(f"{self.rows[-1][-1]} {data}".split())


def test_the_sheet_counts_every_outcome(report: SweepReport) -> None:
    rows = {row[0]: row for row in Texts(sheet(report)).rows if row}
    words = {"not_found": "Not on file"}
    for outcome in Outcome:
        mine = [r for r in report.results if r.conclusion.outcome is outcome]
        row = rows[words.get(outcome, outcome.replace("_", " ").capitalize())]
        assert row[1:3] == [str(len(mine)), usd(sum((r.claim.billed for r in mine), Decimal(0)))]
    billed = sum((r.claim.billed for r in report.results), Decimal(0))
    assert rows["All"][1:3] == ["60", usd(billed)]


def with_last_night(report: SweepReport, *, before: Outcome, of: Outcome) -> SweepReport:
    """The report as it is when last night's sweep knew the same, but ``before`` of all ``of``."""
    yesterday = TODAY - timedelta(days=1)

    def known(result: ClaimResult) -> ClaimResult:
        said = result.conclusion
        earlier = replace(said, outcome=before) if said.outcome is of else said
        return replace(result, earlier=Earlier(yesterday, earlier))

    return replace(report, results=tuple(known(r) for r in report.results))


def test_what_changed_overnight_is_counted_and_named(report: SweepReport) -> None:
    again = with_last_night(report, before=Outcome.PENDING, of=Outcome.DENIED)
    outcomes = [r.conclusion.outcome for r in report.results]
    denied, unheard = outcomes.count(Outcome.DENIED), outcomes.count(Outcome.NO_ANSWER)
    page = " ".join(sheet(again).split())
    assert f"{denied} changed, {len(outcomes) - denied - unheard} as before" in page
    assert f"Pending → Denied {denied} claims" in page
    first = " ".join(sheet(report).split())
    assert "every answer is a claim's first" in first.replace("&#39;", "'")
    assert "→" not in first


def test_the_sheet_heads_with_what_was_checked(report: SweepReport) -> None:
    page = sheet(report)
    asked = [r for r in report.results if r.conclusion.finding.kind not in UNHEARD]
    dollars = usd(sum((r.claim.billed for r in asked), Decimal(0)))
    assert f"<dd>{len(asked)}</dd><dd>of 60 in the sweep</dd>" in page
    assert f"<dd>{dollars}</dd>" in page
    assert "Tuesday, November 24, 2026" in page
    assert report.sweep_id in page


def test_money_found_is_what_was_paid_on_open_claims(report: SweepReport) -> None:
    found = paid_and_open(report)
    total = sum((r.conclusion.paid or Decimal(0) for r in found), Decimal(0))
    page = sheet(report)
    assert f"<strong>{usd(total)}</strong> on {len(found)} claims" in page
    for name in NAMES.values():
        theirs = [r for r in found if NAMES.get(r.claim.payer or "") == name]
        paid = sum((r.conclusion.paid or Decimal(0) for r in theirs), Decimal(0))
        assert f"<li>{name}: {usd(paid)}, {len(theirs)} claims</li>" in page
    by_trace: dict[tuple[str | None, str], list[Decimal]] = {}
    for r in found:
        key = (r.conclusion.trace_number, str(r.conclusion.payment_date))
        by_trace.setdefault(key, []).append(r.conclusion.paid or Decimal(0))
    shown = [row for row in Texts(page).rows if len(row) == 4 and row[0].startswith("8")]
    assert len(shown) == 6
    for trace, on, claims, dollars in shown:
        assert (claims, dollars) == (
            str(len(by_trace[trace, on])),
            usd(sum(by_trace[trace, on], Decimal(0))),
        )
    rest = total - sum((Decimal(row[3].lstrip("$").replace(",", "")) for row in shown), Decimal(0))
    assert f"{len(by_trace) - 6} more payments, {usd(rest)}: exceptions.xlsx" in page
    unproven = [r for r in found if r.conclusion.finding.kind == "eob-missing"]
    dollars = usd(sum((r.conclusion.paid or Decimal(0) for r in unproven), Decimal(0)))
    assert f"of which {dollars} on {len(unproven)} claims only by the portal" in page


def test_first_things_come_first_and_the_rest_is_counted(report: SweepReport) -> None:
    page = sheet(report)
    work = [r for r in to_work(report) if r.conclusion.finding.kind not in UNHEARD]
    rows = [row for row in Texts(page).rows if len(row) == 6 and row[0].isdigit()]
    assert [row[1].split()[0] for row in rows] == [r.claim.claim_id for r in work[: len(rows)]]
    assert 6 <= len(rows) <= 12
    for row, result in zip(rows, work, strict=False):
        claim, finding = result.claim, result.conclusion.finding
        assert f"{claim.patient_first[0]}.{claim.patient_last[0]}. served" in row[1]
        assert claim.service_from.isoformat() in row[1]
        assert row[2] == f"{usd(finding.dollars)} of {usd(claim.billed)}"
        assert row[3:5] == [finding.why, finding.next_action]
        assert finding.due_basis in row[5]
        assert finding.due is not None
        days = (finding.due - TODAY).days
        word = "overdue by" if days < 0 else "due today" if days == 0 else f"in {days} day"
        assert word in row[5]
    rest = sum((r.conclusion.finding.dollars for r in work[len(rows) :]), Decimal(0))
    more = f"{len(work) - len(rows)} more claims to work, {usd(rest)} at stake: exceptions.xlsx"
    assert more in page


def test_a_failed_system_is_never_not_on_file(report: SweepReport) -> None:
    page = sheet(report)
    stopped = page[page.index('id="stopped"') : page.index('id="refused"')]
    rows = [row for row in Texts(stopped).rows if len(row) in (5, 6)][1:]
    shown = {tuple(row[-5:-2]) for row in rows}
    titles = {
        "payer-unavailable": "Payer's system down",
        "login-refused": "Login refused",
        "no-profile": "Payer unknown",
        "several-matches": "Several claims match",
        "wrong-patient": "Another patient's claim",
        "portal-eob-conflict": "Portal and EOB disagree",
    }
    expected = set()
    for kind, title in titles.items():
        mine = [r for r in report.results if r.conclusion.finding.kind == kind]
        for payer in {r.claim.payer for r in mine}:
            theirs = [r for r in mine if r.claim.payer == payer]
            billed = usd(sum((r.claim.billed for r in theirs), Decimal(0)))
            assert mine
            name = NAMES.get(payer or "", FOREIGN)
            expected.add((f"{title} {name}", str(len(theirs)), billed))
    assert shown == expected
    missing = [r for r in report.results if r.conclusion.outcome is Outcome.NOT_FOUND]
    dollars = usd(sum((r.claim.billed for r in missing), Decimal(0)))
    assert f"not counted here: {len(missing)} claims, {dollars}" in stopped
    unknown = sum(
        r.conclusion.outcome in (Outcome.NO_ANSWER, Outcome.SEVERAL_MATCHES, Outcome.WRONG_PATIENT)
        for r in report.results
    )
    assert f"{unknown} claims still unknown" in stopped


def test_the_sheet_stands_alone_and_runs_nothing(report: SweepReport) -> None:
    page = Texts(sheet(report))
    assert set(page.links) == set(FILES.values()) - {"morning.html"}
    assert not {"script", "img", "iframe", "link", "object"} & {tag for tag, _ in page.tags}
    assert "http" not in sheet(report).replace("http-equiv", "")
    headings = [attrs for tag, attrs in page.tags if tag == "th"]
    assert headings
    assert all(attrs.get("scope") for attrs in headings)
    assert ("html", {"lang": "en"}) in page.tags


def test_a_payers_name_cannot_write_the_page(report: SweepReport) -> None:
    assert "Corvid &amp; Sons &lt;Health&gt;" in sheet(report)
    assert "<Health>" not in sheet(report)


def test_refused_rows_and_a_nights_notes_are_named(report: SweepReport) -> None:
    page = sheet(report)
    assert "Row 4: the billed amount is empty" in page
    assert "Sheet1, row 19: " in page
    assert "1 more row: exceptions.xlsx, sheet Refused rows." in page
    assert "2 login attempts were refused." in page


def test_what_ended_a_session_is_said_once(report: SweepReport) -> None:
    said = "The portal says that its claim system is unavailable."
    (down, *_) = [r for r in report.results if r.conclusion.finding.kind == "login-refused"]
    down = replace(down, conclusion=replace(down.conclusion, detail=said))
    note = PayerNote(str(down.claim.payer), "login_refused", said)
    page = sheet(replace(report, results=(down,), payer_notes=(note,)))
    assert page.count(said) == 1
    answered = [r for r in report.results if r.conclusion.outcome is Outcome.PAID]
    page = sheet(replace(report, results=tuple(answered), payer_notes=(note,)))
    assert page.count(said) == 1


def test_denials_on_the_rise_are_told_with_what_they_cost(report: SweepReport) -> None:
    family = outbreak(report)
    page = sheet(replace(report, families=(family, family, family)))
    told = " ".join(page[page.index('id="families"') : page.index('id="stopped"')].split())
    name = NAMES[family.payer]
    assert told.count("<strong>CO-16 on G0463</strong> (") == 2
    assert f"{name}: 3 claims of 21 decided this week, 1 of 160 in the eight weeks before" in told
    assert f"<strong>{usd(family.dollars)}</strong> at stake. Since 2026-11-22" in told
    assert "1 more. The claims: exceptions.xlsx, sheet Denial families." in told
    assert "None: no payer, reason and procedure rises" in sheet(replace(report, families=()))
    assert "Not known yet: no earlier week" in sheet(replace(report, families=None))


def test_an_empty_night_says_so() -> None:
    empty = replace(night(0), refused_rows=(), payer_notes=(), finished_at=None, known_postings=0)
    page = sheet(empty)
    for sentence in (
        "no claim needs a person or an action today",
        "every claim of the sweep has its payer's answer",
        "every row of the exports is a claim",
        "to not yet",
    ):
        assert sentence in page.replace("&#39;", "'")


def crowded(claims: int) -> SweepReport:
    """A night of eight payers with long names, sentences and notes, every list of it too long."""
    names = {f"p{n}": f"Larkspur Mutual of the Greater Tri-County Area {n}" for n in range(8)}
    why = "CO-18 (the payer already has this very claim) took $1,894.73, CO-197 and more. " * 4
    said = "The portal's answer: the search is not available at this time, try again later."

    def long(result: ClaimResult, number: int) -> ClaimResult:
        finding = result.conclusion.finding
        finding = replace(finding, why=why, due_basis=f"{finding.due_basis}; {why}")
        detail = said if result.conclusion.detail else None
        payer = f"p{number % 8}" if result.claim.payer else None
        return replace(
            result,
            claim=replace(result.claim, payer=payer),
            conclusion=replace(result.conclusion, finding=finding, detail=detail),
        )

    report = night(claims)
    results = tuple(long(result, n) for n, result in enumerate(report.results))
    report = replace(report, results=results, payer_names=names)
    notes = tuple(PayerNote(payer, "drift", f"{said} {why}") for payer in names)
    return replace(report, families=(outbreak(report),) * 3, payer_notes=notes)


@pytest.mark.browser
@pytest.mark.parametrize(
    "report", [night(60), crowded(60), crowded(3000)], ids=["usual", "crowded", "crowded-3000"]
)
def test_the_sheet_prints_on_one_page(
    report: SweepReport, browser_executable: Browser, tmp_path: Path
) -> None:
    from playwright.sync_api import sync_playwright

    files = FILES | {f"write-back of export {n}": f"an-export-of-payer-{n}.csv" for n in range(8)}
    page_file = tmp_path / "morning.html"
    page_file.write_text(morning_sheet(report, files=files, today=TODAY), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_executable.executable, args=["--no-sandbox"]
        )
        try:
            page = browser.new_page(viewport={"width": 1180, "height": 900})
            page.goto(page_file.as_uri())
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= 1180
            for paper in ("Letter", "A4"):
                document = pypdfium2.PdfDocument(page.pdf(format=paper))
                assert len(document) == 1, paper
                document.close()
        finally:
            browser.close()
