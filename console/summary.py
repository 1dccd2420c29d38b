"""The readable end of a sweep in a terminal, and the same totals for programs."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from billing.disposition import UNANSWERED, is_money_found
from billing.money import ZERO, dollars, usd
from billing.report import SweepReport
from console.figures import by_kind, by_outcome, money_found, pace, still_open, tally
from console.words import (
    FAMILIES,
    OUTCOMES,
    counted,
    initials,
    kind_words,
    payer_name,
)

WIDTH = 100


def totals(report: SweepReport) -> dict[str, Any]:
    """Counts and dollars for programs: dollars as strings, seconds as numbers or None."""
    tallies = by_outcome(report)
    answered = [r for r in report.results if r.conclusion.outcome not in UNANSWERED]
    took = pace(report)
    return {
        "claims": len(report.results),
        "answered": len(answered),
        "not_asked": sum(r.conclusion.not_asked is not None for r in report.results),
        "outcomes": {outcome.value: tallies[outcome].claims for outcome in OUTCOMES},
        "dollars": {outcome.value: dollars(tallies[outcome].billed) for outcome in OUTCOMES},
        "paid": {outcome.value: dollars(tallies[outcome].paid) for outcome in OUTCOMES},
        "money_found": dollars(sum((p.paid for p in money_found(report)), ZERO)),
        "exceptions": {kind: one.claims for kind, one in by_kind(report)},
        "seconds_per_claim": {
            "median": None if took is None else _rounded(took.median),
            "p95": None if took is None else _rounded(took.p95),
        },
    }


def summary(report: SweepReport, files: Mapping[str, str], *, color: bool) -> str:
    """What a sweep came to, 100 columns wide; ``files`` is what each file is → where it lies."""
    console = new_console(color=color)
    console.print()
    everything = tally(report.results)
    console.print(
        Text.assemble(
            (f"Sweep {report.sweep_id}", "bold"),
            f"  {report.business_date.isoformat()}  "
            f"{counted(everything.claims, 'claim')}, {usd(everything.billed)} billed",
        )
    )
    _print_outcomes(console, report)
    _print_money(console, report)
    _print_kinds(console, report)
    _print_open(console, report)
    _print_pace(console, report)
    left = [r for r in report.results if r.conclusion.not_asked]
    if left:
        claims = counted(len(left), "claim")
        console.print(f"  {claims} not asked: they cannot have changed; each says when it is due")
    if report.refused_rows:
        rows = counted(len(report.refused_rows), "export row")
        console.print(f"  {rows} refused; first: row {_first_refused(report)}")
    print_files(console, files)
    return text_of(console)


def one_claim(report: SweepReport, *, color: bool) -> str:
    """What was learned of the one claim of a check, or of each row that carries its number."""
    console = new_console(color=color)
    for result in report.results:
        claim, said = result.claim, result.conclusion
        console.print()
        console.print(
            Text.assemble(
                (f"{claim.claim_id}  {OUTCOMES[said.outcome]}", "bold"),
                f"  {payer_name(report, claim)}, {initials(claim)}, "
                f"served {claim.service_from.isoformat()}, {usd(claim.billed)} billed",
            )
        )
        lines = {
            "Payer says": said.status_words,
            "Paid": None if said.paid is None else usd(said.paid),
            "Patient owes": (
                None if said.patient_responsibility is None else usd(said.patient_responsibility)
            ),
            "Payment": " ".join(filter(None, (said.trace_number, _iso(said.payment_date)))),
            "Reason codes": " ".join(sorted(said.reason_codes)),
            "Finding": f"{kind_words(said.finding.kind)}. {said.finding.why}",
            "Next": said.finding.next_action,
            "Due": " ".join(filter(None, (_iso(said.finding.due), f"({said.finding.due_basis})"))),
            "Evidence": " ".join(sha256[:12] for sha256 in said.evidence),
        }
        table = Table.grid(padding=(0, 2))
        for label, value in lines.items():
            if value:
                table.add_row(Text(label, "dim"), Text(value))
        console.print(Padding(table, (0, 0, 0, 2)))
    console.print()
    return text_of(console)


def documents_summary(documents: Sequence[Mapping[str, Any]], *, color: bool) -> str:
    """What EOB files hold: a row a payment, then what is wrong with which file."""
    console = new_console(color=color)
    table = new_table("File", "Trace number", "Date", ">Claims", ">Amount", "Adds up")
    for document in documents:
        name = str(document["file"])
        for payment in document["payments"]:
            table.add_row(
                Text(name),
                Text(payment["trace_number"]),
                payment["date"],
                str(len(payment["claims"])),
                usd(Decimal(payment["amount"])),
                "to the cent" if payment["balanced"] else Text("NO", "bold red"),
            )
            name = ""
    if table.row_count:
        console.print(table)
    for document in documents:
        if document["payments"] and document.get("layout") == "drafted":
            said = (
                f"  {document['file']}: no layout knows this issuer; read by its own headings, "
                f"{document['confidence']} % sure. Confirm every figure, or draft a layout with "
                "eob layout new."
            )
            console.print(Text(said, "yellow"))
        for payment in document["payments"]:
            for residual in payment["residuals"]:
                console.print(Text(f"  {document['file']}: off: {_said(residual)}"))
        for error in document["errors"]:
            console.print(Text(f"  {document['file']}: {_said(error)}", "red"))
    return text_of(console)


def _print_outcomes(console: Console, report: SweepReport) -> None:
    table = new_table("Outcome", ">Claims", ">Billed", ">Payer paid", ">Money found")
    tallies = by_outcome(report)
    found = {
        outcome: tally(
            r for r in report.results if r.conclusion.outcome is outcome and is_money_found(r)
        ).paid
        for outcome in OUTCOMES
    }
    for outcome, words in OUTCOMES.items():
        one = tallies[outcome]
        if one.claims:
            table.add_row(
                words,
                f"{one.claims:,}",
                usd(one.billed),
                usd(one.paid) if one.paid else "",
                usd(found[outcome]) if found[outcome] else "",
            )
    everything = tally(report.results)
    table.add_section()
    table.add_row(
        "All",
        f"{everything.claims:,}",
        usd(everything.billed),
        usd(everything.paid),
        usd(sum(found.values(), ZERO)),
        style="bold",
    )
    console.print(table)


def _print_money(console: Console, report: SweepReport) -> None:
    found = money_found(report)
    if found:
        amount = usd(sum((p.paid for p in found), ZERO))
        claims = counted(sum(p.claims for p in found), "claim")
        console.print(
            Text.assemble(
                "  Money found: ",
                (amount, "bold green"),
                f" on {claims} in {counted(len(found), 'payment')}, paid but still open.",
            )
        )


def _print_kinds(console: Console, report: SweepReport) -> None:
    kinds = by_kind(report)
    if not kinds:
        console.print("\n  No claim needs a person or an action.")
        return
    table = new_table("To do", ">Claims", ">At stake")
    for kind, one in kinds:
        table.add_row(kind_words(kind), f"{one.claims:,}", usd(one.at_stake))
    console.print(table)


def _print_open(console: Console, report: SweepReport) -> None:
    rows = still_open(report)
    if not rows:
        return
    table = new_table("Still open because", "What", "Payer", ">Claims", ">Billed")
    for family, words in FAMILIES.items():
        for row in rows:
            if row.family == family:
                table.add_row(
                    Text(words, "red" if family == "system" else "yellow"),
                    kind_words(row.kind),
                    Text(row.payer),
                    f"{row.tally.claims:,}",
                    usd(row.tally.billed),
                )
    console.print(table)
    for note in report.payer_notes:
        name = report.payer_names.get(note.payer, note.payer)
        console.print(Padding(Text(f"{name}: {note.sentence}"), (0, 0, 0, 2)))


def _print_pace(console: Console, report: SweepReport) -> None:
    took = pace(report)
    if took is not None:
        console.print(
            f"\n  Time per claim: {took.median:.1f} s median, {took.p95:.1f} s at the 95th "
            "percentile."
        )


def print_files(console: Console, files: Mapping[str, str]) -> None:
    """What each file is, and where it lies."""
    if not files:
        return
    console.print("\n  Files")
    wide = max(len(what) for what in files)
    for what, path in files.items():  # a path is never broken: it is there to be copied
        console.print(Text(f"  {what:<{wide}}  {path}"), soft_wrap=True)
    console.print()


def _first_refused(report: SweepReport) -> str:
    row = report.refused_rows[0]
    return f"{row.row}{f' of {row.sheet}' if row.sheet else ''}: {row.why}"


def new_table(*headings: str) -> Table:
    """A plain table; a heading that begins with ``>`` is a column of figures."""
    table = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=True)
    for heading in headings:
        table.add_column(
            heading.lstrip(">"), justify="right" if heading[0] == ">" else "left", overflow="fold"
        )
    return table


def new_console(*, color: bool) -> Console:
    """A console that prints into memory, the same whatever the terminal."""
    return Console(
        file=io.StringIO(),
        record=True,
        width=WIDTH,
        force_terminal=color,
        force_interactive=False,
        color_system="standard" if color else None,
        no_color=not color,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
        _environ={},
    )


def text_of(console: Console) -> str:
    """All that was printed."""
    lines = console.export_text(styles=not console.no_color).splitlines()
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _rounded(seconds: Decimal) -> float:
    return float(round(seconds, 3))


def _said(thing: object) -> str:
    return ", ".join(str(v) for v in thing.values()) if isinstance(thing, Mapping) else str(thing)
