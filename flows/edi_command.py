"""``claimsweep edi``: X12 files in and out."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from billing.errors import BadInput
from flows.options import (
    COULD_NOT,
    FINDINGS,
    AsJson,
    Home,
    Mappings,
    OptionalExports,
    Profiles,
    print_json,
    settings_in_force,
)

if TYPE_CHECKING:
    from flows.run import Checked, Swept

edi = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@edi.callback()
def x12() -> None:
    """X12 files: read what payers answer, write what they are asked."""


@edi.command("read")
def edi_read(files: list[Path], as_json: AsJson = False) -> None:
    """Read 835, 277, 277CA, 271, 999 and TA1 files, every figure with its segment.

    Payments have the shape that 'eob read' gives. Exit 1 when a payment does not balance, an
    envelope is damaged or something was refused on receipt; 2 when none could be read.

    Example: claimsweep edi read payments.835 --json
    """
    from bots.reading.x12_json import write_document
    from console.edi_summary import edi_summary

    tallies = []
    if as_json:
        sys.stdout.write('{"files": [\n')
        for index, file in enumerate(files):
            sys.stdout.write(",\n" if index else "")
            tallies.append(write_document(file, sys.stdout))
        sys.stdout.write("\n]}\n")
    else:
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            tallies = [write_document(file, nowhere) for file in files]
        sys.stdout.write(edi_summary(tallies, color=sys.stdout.isatty()))
    if not any(one.read for one in tallies):
        raise typer.Exit(COULD_NOT)
    if not all(one.clean for one in tallies):
        raise typer.Exit(FINDINGS)


@edi.command("write")
def edi_write(
    kind: Annotated[str, typer.Argument(help="276, 270 or 835.")],
    files: list[Path],
    out: Annotated[Path, typer.Option(help="The X12 file to write.")],
    payer: Annotated[str | None, typer.Option(help="Only what is of this payer.")] = None,
    as_json: AsJson = False,
    home: Home = None,
    profiles: Profiles = None,
    mappings: Mappings = None,
) -> None:
    """Write a 276 from exports, a 270 from schedules, or an 835 from EOB PDFs that balance.

    The settings name the parties: [edi] with sender, receiver, submitter, provider, npi and
    usage, and [edi_payers] with each payer's number. Nothing is sent. Exit 1 when rows
    or payments were left out, each with its reason; 2 when nothing was written.

    Example: claimsweep edi write 276 aging.csv --out inquiries.276
    """
    from flows.edi_files import write_edi

    made = write_edi(settings_in_force(home, profiles, mappings), kind, files, out, payer=payer)
    if as_json:
        left_out = list(made.left_out)
        print_json({"file": str(out), "type": kind, "count": made.count, "left_out": left_out})
    else:
        sys.stdout.write(f"{out}: a {kind} about {made.count:,}\n")
        sys.stdout.write("".join(f"  left out: {sentence}\n" for sentence in made.left_out))
    if made.left_out:
        raise typer.Exit(FINDINGS)


@edi.command("post-box")
def edi_post_box(
    outbox: Annotated[Path, typer.Option(help="The folder whose files are sent.")],
    inbox: Annotated[Path, typer.Option(help="The folder where answers arrive.")],
    export: OptionalExports = None,
    schedule: Annotated[
        Path | None, typer.Option(help="A schedule, to ask about cover instead of claims.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where the files go.")] = None,
    as_json: AsJson = False,
    home: Home = None,
    profiles: Profiles = None,
    mappings: Mappings = None,
) -> None:
    """Ask through a clearinghouse's folders; the results are those of 'sweep' or 'eligibility'.

    The inquiries (276 for an export, 270 for a schedule) are written once; the same call again
    reads what has come: answers (277, 271, 835), and what was refused on receipt (277CA, 999,
    TA1), each with its reason. No portal is entered, so payers whose portals forbid bots take
    part. An answer under our trace number counts when it is surely this claim's or person's.

    Example: claimsweep edi post-box --export aging.csv --outbox to-send --inbox received
    """
    from flows.post_box import ask_by_folder, ask_visits_by_folder

    settings = settings_in_force(home, profiles, mappings)
    if bool(export) == bool(schedule):
        raise BadInput("Name claims by --export or visits by --schedule, one of them")
    if schedule is not None:
        checked, sentences = ask_visits_by_folder(
            settings, schedule, outbox=outbox, inbox=inbox, out=out
        )
        _say_visits(checked, sentences, as_json=as_json)
        useful = checked.useful
    else:
        swept, sentences = ask_by_folder(
            settings, list(export or ()), outbox=outbox, inbox=inbox, out=out
        )
        _say_claims(swept, sentences, as_json=as_json)
        useful = swept.useful
    if sentences or not useful:
        raise typer.Exit(FINDINGS)


def _say_claims(swept: Swept, sentences: Sequence[str], *, as_json: bool) -> None:
    from console.answers import answers
    from console.summary import summary, totals

    if as_json:
        found = {"sweep": swept.report.sweep_id, "resumed": swept.resumed, **totals(swept.report)}
        rest = {"files": swept.files, "inbox": list(sentences), "answers": answers(swept.report)}
        print_json({**found, **rest})
    else:
        sys.stdout.write(summary(swept.report, swept.files, color=sys.stdout.isatty()))
        sys.stdout.write("".join(f"  {sentence}\n" for sentence in sentences))


def _say_visits(checked: Checked, sentences: Sequence[str], *, as_json: bool) -> None:
    from console.visit_summary import visit_summary
    from console.visits import answers, totals

    report = checked.report
    if as_json:
        found = {"sweep": report.sweep_id, "resumed": checked.resumed, **totals(report)}
        rest = {"files": checked.files, "inbox": list(sentences), "answers": answers(report)}
        print_json({**found, **rest})
    else:
        sys.stdout.write(visit_summary(report, checked.files, color=sys.stdout.isatty()))
        sys.stdout.write("".join(f"  {sentence}\n" for sentence in sentences))
