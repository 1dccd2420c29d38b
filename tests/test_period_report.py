"""The week's and month's report: no patient, no colour alone, a table a chart, right days."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, timedelta
from decimal import Decimal
from pathlib import Path

import pypdfium2
import pytest
from console_samples import NAMES, TODAY, outbreak
from hypothesis import given
from hypothesis import strategies as st
from ledger_samples import DAY, NOW, begin, claim
from lxml import etree
from period_samples import period, sweeps_of
from typer.testing import CliRunner

from billing.kpi import BUCKETS
from billing.kpi_definitions import DEFINITIONS
from billing.ledger import Ledger, open_ledger
from billing.model import Conclusion, Finding, Outcome
from billing.operations import Costs
from billing.report import ClaimResult
from bots.portal.browser import Browser
from console.period import Figures, Told, page, work_out
from console.period_data import document, figures_csv
from console.period_sweeps import Span, days_before, days_of, read_period
from flows.command import app

FILES = ["week-2026-11-24.csv", "week-2026-11-24.json"]


def told(days: int = 14, claims: int = 120) -> Told:
    sweeps = list(sweeps_of(days, claims))
    first = TODAY - timedelta(days=6)
    before = period(sweeps, first - timedelta(days=7), first - timedelta(days=1))
    return Told(
        "Week",
        period(sweeps, first, TODAY),
        before if before.sweeps else None,
        (outbreak(sweeps[-1]),),
        {**NAMES, "larkspur": "Larkspur & <Sons>"},
    )


@pytest.fixture(scope="module")
def week() -> Figures:
    return work_out(told())


def test_no_patient_and_no_claim_number_is_in_it(week: Figures) -> None:
    outputs = [
        page(week, files=FILES),
        figures_csv(week).decode("utf-8-sig"),
        json.dumps(document(week)),
    ]
    for result in (r for sweep in week.told.now.sweeps for r in sweep.results):
        c = result.claim
        born = c.date_of_birth
        assert born is not None
        private = {c.patient_first, c.patient_last, c.member_id, born.isoformat(), c.claim_id}
        private |= {f"{born:%m/%d/%Y}", result.conclusion.payer_claim_number or c.member_id}
        for output in outputs:
            assert not [word for word in private if re.search(rf"\b{re.escape(word)}\b", output)]


def test_every_chart_can_be_said_and_has_its_table(week: Figures) -> None:
    text = page(week, files=FILES)
    charts = re.findall(r"<svg.*?</svg>", text, re.S)
    assert len(charts) == 3
    for chart in charts:
        svg = etree.fromstring(chart)
        space = "{http://www.w3.org/2000/svg}"
        assert svg.get("role") == "img"
        title, described = svg.find(f"{space}title"), svg.find(f"{space}desc")
        assert svg.get("aria-labelledby") == f"{title.get('id')} {described.get('id')}"
        assert len(title.text) > 20
        words = [one.text for one in svg.iter(f"{space}text")]
        assert words
        for bar in [one for one in words if re.match(r"\$|\d+ of", one)]:
            assert bar in described.text
    names = re.findall(r' id="([^"]+)"', text)
    assert len(names) == len(set(names))
    for section in re.findall(r"<section.*?</section>", text, re.S):
        if "<svg" in section:
            assert "<caption>" in section


def test_classes_differ_in_more_than_colour(week: Figures) -> None:
    """Five classes, five patterns: fills whose greys are steps apart, or marks of their own."""
    (aging, *_) = re.findall(r"<svg.*?</svg>", page(week, files=FILES), re.S)
    patterns = re.findall(r'<pattern id="aging-\d".*?fill="(#\w{6})"/>(.*?)</pattern>', aging)
    assert len(patterns) == 5
    greys = [sum(int(fill[at : at + 2], 16) for at in (1, 3, 5)) for fill, _ in patterns]
    assert greys == sorted(greys, reverse=True)
    assert len({marks for _, marks in patterns}) >= 4


def test_the_page_stands_alone_and_a_payer_cannot_write_it(week: Figures) -> None:
    text = page(week, files=FILES)
    assert "<script" not in text
    assert "Larkspur &amp; &lt;Sons&gt;" in text
    assert "<Sons>" not in text
    outside = re.findall(r'(?:src|href|url\()\s*=?\s*"?([^"\s)>]+)', text)
    assert {one for one in outside if not one.startswith("#")} == set(FILES)
    assert set(re.findall(r"https?://[^\"<\s]+", text)) == {"http://www.w3.org/2000/svg"}


def test_the_page_shows_every_figure_with_how_it_is_made(week: Figures) -> None:
    text = page(week, files=FILES)
    for definition in DEFINITIONS.values():
        for words in (definition.title, definition.formula, definition.caveat):
            assert words.replace("'", "&#39;") in text
    assert "not from the general ledger" in text
    assert "unknown" in text


def test_page_csv_and_json_tell_the_same(week: Figures) -> None:
    rows = list(csv.DictReader(io.StringIO(figures_csv(week).decode("utf-8-sig"), newline="")))
    told_to_programs = document(week)
    by_title = {row["Figure"]: row for row in rows if row["Section"] == "Figures"}
    for one in told_to_programs["figures"].values():
        row = by_title[one["title"]]
        assert (row["Value"] or None, row["Before"] or None) == (one["value"], one["before"])
        assert row["Definition"]
        assert "general ledger" in row["Caveat"]
    aged = [row for row in rows if row["Figure"] == "Open balance by date of service"]
    total = sum((Decimal(row["Value"]) for row in aged), Decimal(0))
    assert total == sum(r.claim.balance for r in open_at_the_end(week))
    assert {row["Class"] for row in aged} == {*BUCKETS, "no date"}
    family = next(row for row in rows if row["Section"] == "Rising denials")
    assert (family["Figure"], family["Made of"].split(" decided")[0]) == ("CO-16 G0463", "3 of 21")


def open_at_the_end(week: Figures) -> list[ClaimResult]:
    (last,) = [s for s in week.told.now.sweeps if s.business_date == TODAY]
    return [r for r in last.results if r.claim.balance > 0]


def test_one_sweep_or_none_before_is_said_in_a_sentence() -> None:
    alone = told(days=1)
    text = " ".join(page(work_out(replace(alone, families=None)), files=FILES).split())
    assert "The ledger holds one sweep of this period and none before" in text
    assert text.count("nothing to compare with") >= 6
    assert "holds no earlier week to compare with" in text
    mix = document(work_out(alone))["denials"]
    assert mix
    assert {one["before"] for one in mix.values()} == {None}
    assert "; before $0" not in text
    several = " ".join(page(work_out(told(days=5)), files=FILES).split())
    assert "The ledger holds no sweep of the period before" in several
    both = " ".join(page(work_out(told()), files=FILES).split())
    assert "Compared with 2026-11-11 to 2026-11-17, 7 sweeps." in both


@given(st.dates(min_value=date(2000, 2, 1), max_value=date(2090, 12, 31)))
def test_a_period_is_compared_with_as_many_days(last: date) -> None:
    first, end = days_of(Span.WEEK, last)
    before, before_end = days_before(Span.WEEK, first, end)
    assert ((end - first).days, (before_end - before).days) == (6, 6)
    assert before_end + timedelta(days=1) == first
    first, end = days_of(Span.MONTH, last)
    before, before_end = days_before(Span.MONTH, first, end)
    assert (first.day, before.day, end) == (1, 1, last)
    assert (before.year * 12 + before.month) + 1 == first.year * 12 + first.month
    assert before_end < first
    if (last + timedelta(days=1)).day == 1:
        assert before_end + timedelta(days=1) == first
    else:
        assert before_end.day == min(last.day, (first - timedelta(days=1)).day)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(tmp_path / "home")
    yield opened
    opened.close()


def swept(ledger: Ledger, name: str, *, day: int, claims: int, settled: int | None = None) -> None:
    """A sweep so many days after the first night; ``settled`` of its claims are denied."""
    begin(ledger, name, [claim(number) for number in range(1, claims + 1)], days=day)
    for _ in range(claims if settled is None else settled):
        item = ledger.lease_item(name, "acme", "one", seconds=60, now=NOW)
        assert item is not None
        finding = Finding("denied-other", "Why.", Decimal("75.00"), "Do.", DAY, "a rule", True)
        ledger.settle(
            item.item_id,
            item.fence,
            observations=[],
            conclusion=Conclusion(Outcome.DENIED, finding, reason_codes=("CO-197",)),
            postings=[],
            seconds=Decimal("1.0"),
            at=NOW,
        )


def test_a_period_is_of_whole_finished_sweeps_of_its_days(ledger: Ledger) -> None:
    swept(ledger, "before", day=-7, claims=2)
    swept(ledger, "first", day=-6, claims=2)
    swept(ledger, "check-20261124-1", day=0, claims=1)
    swept(ledger, "running", day=0, claims=2, settled=1)
    swept(ledger, "last", day=0, claims=3)
    swept(ledger, "after", day=1, claims=1)
    first = DAY - timedelta(days=6)
    read, unfinished = read_period(ledger, first, DAY, costs=Costs(), zone=UTC)
    assert [sweep.sweep_id for sweep in read.sweeps] == ["first", "last"]
    assert unfinished == 1
    assert read.rows_in == {"first": 3, "last": 3}


def run(home: Path, *arguments: str) -> tuple[int, str]:
    ran = CliRunner().invoke(app, ["report", *arguments, "--home", str(home)])
    return ran.exit_code, ran.output or str(ran.exception)


def test_the_command_writes_page_csv_and_json(ledger: Ledger, tmp_path: Path) -> None:
    swept(ledger, "one", day=0, claims=3)
    home, out = tmp_path / "home", tmp_path / "out"
    code, said = run(home, "--weekly", "--until", str(DAY), "--out", str(out), "--json")
    assert code == 0
    told_to_programs = json.loads(said)
    assert told_to_programs["period"] == {"name": "Week", "first": "2026-11-18", "last": str(DAY)}
    assert told_to_programs["compared_with"] is None
    assert told_to_programs["figures"]["denial_rate"]["value"] == "100.0"
    assert {Path(path).name for path in told_to_programs["files"].values()} == {
        f"week-{DAY}.{suffix}" for suffix in ("csv", "json", "html")
    }
    kept = json.loads((out / f"week-{DAY}.json").read_text(encoding="utf-8"))
    assert kept == {key: value for key, value in told_to_programs.items() if key != "files"}
    code, said = run(home, "--monthly", "--until", str(DAY), "--out", str(out))
    assert code == 0
    assert said.startswith("Month of 2026-11-01 to 2026-11-24: 1 sweep, in ")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("--weekly", "--until", "2026-01-31"),
            "from 2026-01-25 to 2026-01-31; the last one is of 2026-11-24",
        ),
        (("--weekly", "--until", "31/1"), "--until '31/1' is no date; write it as 2026-11-24"),
        (("--weekly", "--monthly"), "ask for one at a time"),
        (("one", "--weekly"), "name no sweep"),
        (("--until", "2026-11-24"), "--until is the last day of a --weekly or --monthly report"),
    ],
)
def test_what_cannot_be_reported_is_a_sentence(
    ledger: Ledger, tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    swept(ledger, "one", day=0, claims=1)
    code, said = run(tmp_path / "home", *arguments)
    assert code != 0
    assert sentence in said
    assert not (tmp_path / "out").exists()


def test_a_sweep_that_was_only_begun_is_no_report(ledger: Ledger, tmp_path: Path) -> None:
    swept(ledger, "running", day=0, claims=2, settled=1)
    code, said = run(tmp_path / "home", "--weekly", "--until", str(DAY))
    assert code != 0
    assert "and 1 sweep begun: run the same sweep again" in said


def test_a_ledger_without_a_sweep_says_so(ledger: Ledger, tmp_path: Path) -> None:
    code, said = run(tmp_path / "home", "--weekly")
    assert code != 0
    assert "nor any other: run claimsweep sweep first" in said


@pytest.mark.browser
def test_it_prints_whole_and_fits_a_narrow_screen(
    week: Figures, browser_executable: Browser, tmp_path: Path
) -> None:
    from playwright.sync_api import sync_playwright

    file = tmp_path / "week.html"
    file.write_text(page(week, files=FILES), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_executable.executable, args=["--no-sandbox"]
        )
        try:
            shown = browser.new_page(viewport={"width": 480, "height": 900})
            shown.goto(file.as_uri())
            assert shown.evaluate("document.documentElement.scrollWidth") <= 480
            assert shown.get_by_role("img").count() == 3
            printed = pypdfium2.PdfDocument(shown.pdf(format="Letter"))
            assert len(printed) <= 4
            words = "".join(one.get_textpage().get_text_range() for one in printed)
            assert "Every figure, and how it is made" in words
            printed.close()
        finally:
            browser.close()
