"""What X12 files hold, for people: a row a file, then every sentence about what is wrong."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from billing.money import usd
from bots.reading.x12_json import Tally
from console.summary import new_console, new_table, text_of

MOST_SENTENCES = 20


def edi_summary(tallies: Sequence[Tally], *, color: bool) -> str:
    """A table of the files and what to look at in them; no patient is named in it."""
    console = new_console(color=color)
    table = new_table("File", "Kind", ">Payments", ">Claims", ">Amount", "Adds up", ">Answers")
    for one in tallies:
        answers = sum(n for name, n in one.counts.items() if name != "payments")
        payments = one.counts["payments"]
        adds_up = Text(f"NO ({one.unbalanced})", "bold red") if one.unbalanced else "to the cent"
        table.add_row(
            Text(one.file),
            one.type or "\u2013",
            f"{payments:,}" if payments else "",
            f"{one.claims:,}" if payments else "",
            usd(one.paid) if payments else "",
            adds_up if payments else "",
            f"{answers:,}" if answers else "",
        )
    console.print(table)
    for one in tallies:
        if one.refused:
            console.print(Text(f"  {one.file}: refused on receipt: {one.refused:,}", "red"))
        for sentence in _some(one.envelope):
            console.print(Text(f"  {one.file}: envelope: {sentence}"))
        for sentence in _some(one.errors):
            console.print(Text(f"  {one.file}: {sentence}", "red"))
    return text_of(console)


def _some(sentences: Sequence[str]) -> Sequence[str]:
    """The first sentences, and how many more there are."""
    if len(sentences) <= MOST_SENTENCES:
        return sentences
    more = len(sentences) - MOST_SENTENCES
    return [*sentences[:MOST_SENTENCES], f"and {more:,} more; --json has them all."]
