"""The morning sheet: one printable page that a biller reads in two minutes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from billing.codes.reasons import explain
from billing.disposition import UNANSWERED, is_unasked, is_unproven
from billing.model import Outcome
from billing.money import ZERO, usd
from billing.report import ClaimResult, SweepReport
from console.figures import (
    Open,
    by_outcome,
    group,
    money_found,
    news,
    posting_totals,
    still_open,
    tally,
    to_do_first,
)
from console.pages import STYLES, page_environment
from console.words import (
    FAMILIES,
    OUTCOMES,
    UNASKED,
    counted,
    due_words,
    initials,
    kind_words,
    no_families,
    payer_name,
)

if TYPE_CHECKING:
    from jinja2 import Environment

ROOM = 12  # rows that "Do first" and "What the bots could not do" share on one page
LEAST_FIRST, MOST_FIRST = 5, 12
MOST_OBSTACLES = 3  # rows of each family of obstacles
MOST_OBSTACLE_ROWS = 8  # of all of them, one of each family at least
MOST_PAYERS = 4
MOST_MONEY_LINES = 8  # payers and payments together
MOST_TURNS = 3  # changes of outcome in one sentence
MOST_REFUSED = 3
MOST_NOTES = 4
MOST_FAMILIES = 2
BAR_UNITS = 100
STYLE = STYLES / "morning.css"


@dataclass(frozen=True, slots=True)
class Row:
    """A claim to do first, as it is printed."""

    claim_id: str
    payer: str
    patient: str
    service: str
    billed: str
    at_stake: str
    why: str
    next_action: str
    due: str
    nearness: str
    mark: str
    basis: str


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One thing that kept the bots from an answer, as it is printed."""

    what: str
    payer: str
    claims: str
    billed: str
    do: str
    detail: str
    due: str
    nearness: str
    mark: str


def morning_sheet(report: SweepReport, *, files: Mapping[str, str], today: date) -> str:
    """The sheet as one self-contained HTML page; ``files`` is what each file is → where it lies."""
    body = morning_body(report, files=files, today=today)
    template = _environment().get_template("morning.html.j2")
    return template.render(today=today, sheet=STYLE.read_text(), body=body)


def morning_body(report: SweepReport, *, files: Mapping[str, str], today: date) -> str:
    """What the sheet says, as HTML to stand in a page with the style of ``web/static/morning.css``.

    Patients appear as initials only. What does not fit is counted, and its file named.
    """
    work = to_do_first(report, today)
    everything = tally(report.results)
    checked = tally(r for r in report.results if not is_unasked(r))
    rising = min(len(report.families or ()), MOST_FAMILIES)
    obstacles = _obstacles(report, today, most=MOST_OBSTACLE_ROWS - rising)
    obstacle_rows = sum(len(family["rows"]) for family in obstacles)
    fits = min(max(ROOM - obstacle_rows - rising, LEAST_FIRST), MOST_FIRST)
    unknown = tally(r for r in report.results if r.conclusion.outcome in UNANSWERED)
    return (
        _environment()
        .get_template("morning_body.html.j2")
        .render(
            report=report,
            today=today,
            started=_instant(report.started_at),
            finished=_instant(report.finished_at),
            all=everything,
            checked=checked,
            learned=_learned(report),
            news=news(report),
            outcomes=OUTCOMES,
            most_turns=MOST_TURNS,
            first=[_row(report, result, today) for result in work[:fits]],
            first_more=tally(work[fits:]),
            work=tally(work),
            urgent=_urgent(work, today),
            money=_money(report),
            obstacles=obstacles,
            unknown=unknown,
            not_found=by_outcome(report)[Outcome.NOT_FOUND],
            notes=_notes(report, obstacles),
            refused=report.refused_rows,
            controls=_controls(report),
            files=files,
            workbook=files.get("exceptions (workbook)", "the exceptions workbook"),
            families=_families(report),
            most_families=MOST_FAMILIES,
            no_families=no_families(report),
            most_refused=MOST_REFUSED,
            most_notes=MOST_NOTES,
        )
    )


def _environment() -> Environment:
    environment = page_environment()
    environment.filters["day"] = _day
    return environment


def _learned(report: SweepReport) -> list[dict[str, Any]]:
    tallies = by_outcome(report)
    most = max((one.billed for one in tallies.values()), default=ZERO)
    return [
        {
            "outcome": outcome.value,
            "words": words,
            "tally": tallies[outcome],
            "bar": int(tallies[outcome].billed * BAR_UNITS / most) if most > 0 else 0,
            "open": outcome in UNANSWERED,
        }
        for outcome, words in OUTCOMES.items()
    ]


def _row(report: SweepReport, result: ClaimResult, today: date) -> Row:
    claim, finding = result.claim, result.conclusion.finding
    mark, nearness = due_words(finding.due, today)
    return Row(
        claim_id=claim.claim_id,
        payer=payer_name(report, claim),
        patient=initials(claim),
        service=_day(claim.service_from),
        billed=usd(claim.billed),
        at_stake=usd(finding.dollars),
        why=finding.why,
        next_action=finding.next_action,
        due=_day(finding.due) if finding.due else "",
        nearness=nearness,
        mark=mark,
        basis=finding.due_basis,
    )


def _urgent(work: list[ClaimResult], today: date) -> dict[str, int]:
    marks = [due_words(result.conclusion.finding.due, today)[0] for result in work]
    return {mark: marks.count(mark) for mark in ("late", "soon")}


def _money(report: SweepReport) -> dict[str, Any]:
    payments = money_found(report)
    payers = [
        (payer, sum(p.claims for p in ps), sum((p.paid for p in ps), ZERO))
        for payer, ps in group(payments, lambda p: p.payer).items()
    ]
    payers.sort(key=lambda row: (-row[2], row[0]))
    fits = MOST_MONEY_LINES - min(len(payers), MOST_PAYERS)
    rest = payments[fits:]
    return {
        "total": sum((p.paid for p in payments), ZERO),
        "unproven": tally(filter(is_unproven, report.results)),
        "claims": sum(p.claims for p in payments),
        "payers": payers[:MOST_PAYERS],
        "payers_more": len(payers[MOST_PAYERS:]),
        "payers_more_paid": sum((row[2] for row in payers[MOST_PAYERS:]), ZERO),
        "payments": payments[:fits],
        "count": len(payments),
        "more": len(rest),
        "more_paid": sum((p.paid for p in rest), ZERO),
    }


def _obstacles(report: SweepReport, today: date, *, most: int) -> list[dict[str, Any]]:
    rows = still_open(report)
    families = group(rows, lambda row: row.family)
    shown = dict.fromkeys(families, 1)
    for row in rows:  # most dollars first
        room = sum(shown.values()) < most and shown[row.family] < MOST_OBSTACLES
        if room and row is not families[row.family][0]:
            shown[row.family] += 1
    return [
        {
            "heading": heading,
            "rows": [_obstacle(row, today) for row in families[family][: shown[family]]],
            "claims": sum(row.tally.claims for row in families[family]),
            "billed": sum((row.tally.billed for row in families[family]), ZERO),
            "more": len(families[family][shown[family] :]),
            "more_claims": sum(row.tally.claims for row in families[family][shown[family] :]),
        }
        for family, heading in FAMILIES.items()
        if family in families
    ]


def _obstacle(row: Open, today: date) -> Obstacle:
    mark, nearness = due_words(row.first_due, today)
    detail = ""
    if row.family in UNASKED and row.details:
        detail = row.details[0]
        if len(row.details) > 1:
            detail += f" ({counted(len(row.details) - 1, 'further detail')} in the workbook)"
    return Obstacle(
        what=kind_words(row.kind),
        payer=row.payer,
        claims=f"{row.tally.claims:,}",
        billed=usd(row.tally.billed),
        do=row.do,
        detail=detail,
        due=_day(row.first_due) if row.first_due else "",
        nearness=nearness,
        mark=mark,
    )


def _families(report: SweepReport) -> list[dict[str, Any]]:
    return [
        {
            "what": " on ".join(filter(None, (family.reason, family.procedure))),
            "gloss": explain(family.reason).split(";")[0],
            "payer": report.payer_names.get(family.payer, family.payer),
            "claims": len(family.claims),
            "of": family,
        }
        for family in report.families or ()
    ]


def _notes(report: SweepReport, obstacles: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """What happened to whole sessions, but for what the sheet says above already."""
    said = {row.detail for family in obstacles for row in family["rows"]}
    return [
        (report.payer_names.get(note.payer, note.payer), note.sentence)
        for note in report.payer_notes
        if note.sentence not in said
    ]


def _controls(report: SweepReport) -> dict[str, Any]:
    totals = posting_totals(report)
    return {
        "balance": sum((r.claim.balance for r in report.results), ZERO),
        "payer_paid": tally(report.results).paid,
        "postings": len(report.new_postings),
        "net": sum((t.net for t in totals), ZERO),
        "adjustments": sum((t.adjustments for t in totals), ZERO),
        "payments": len(totals),
    }


def _day(day: date) -> str:
    return day.isoformat()


def _instant(at: datetime | None) -> str:
    return "not yet" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
