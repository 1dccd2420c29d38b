"""The readable end of an eligibility check in a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from rich.padding import Padding
from rich.text import Text

from billing.coverage import EligibilityReport
from billing.visit_steps import STEPS
from console.summary import new_console, new_table, print_files, text_of
from console.visits import OUTCOMES, by_kind
from console.words import counted


def visit_summary(report: EligibilityReport, files: Mapping[str, str], *, color: bool) -> str:
    """What a check came to, 100 columns wide; ``files`` is what each file is → where it lies."""
    console = new_console(color=color)
    console.print()
    console.print(
        Text.assemble(
            (f"Eligibility {report.sweep_id}", "bold"),
            f"  {report.business_date.isoformat()}  {counted(len(report.results), 'visit')}",
        )
    )
    outcomes = Counter(result.conclusion.outcome for result in report.results)
    table = new_table("Outcome", ">Visits")
    for outcome, words in OUTCOMES.items():
        if outcomes[outcome]:
            table.add_row(words, f"{outcomes[outcome]:,}")
    console.print(table)
    kinds = by_kind(report)
    if kinds:
        table = new_table("To do before the visit", ">Visits", "Next action")
        for kind, count in kinds:
            table.add_row(STEPS[kind].title, f"{count:,}", STEPS[kind].action)
        console.print(table)
    else:
        console.print("\n  Nothing needs doing before the visits.")
    for note in report.payer_notes:
        name = report.payer_names.get(note.payer, note.payer)
        console.print(Padding(Text(f"{name}: {note.sentence}"), (0, 0, 0, 2)))
    kept = sum(1 for result in report.results if result.conclusion.kept)
    if kept:
        console.print(f"  {counted(kept, 'visit')} answered from what the payer said before.")
    if report.refused_rows:
        first = report.refused_rows[0]
        rows = counted(len(report.refused_rows), "row")
        console.print(Text(f"  {rows} refused; first: row {first.row}: {first.why}"))
    print_files(console, files)
    return text_of(console)
