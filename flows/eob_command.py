"""``claimsweep eob``: EOB documents read, and layouts drafted for those that none fits."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from flows.options import (
    COULD_NOT,
    FINDINGS,
    AsJson,
    Profiles,
    print_json,
    settings_in_force,
)

eob = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
layout = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
eob.add_typer(layout, name="layout", help="Draft the layout of an issuer's documents.")


@eob.command("read")
def eob_read(
    files: list[Path],
    as_json: AsJson = False,
    payer: Annotated[
        str | None, typer.Option(help="Whose profile knows the password of locked PDFs.")
    ] = None,
    profiles: Profiles = None,
) -> None:
    """Read EOB PDFs into the 835's shape, every figure with its page and box.

    A document that no layout recognises is read by its own headings, as a proposal to confirm.
    Exit 1 when a document does not balance or is such a proposal, 2 when none could be read.

    Example: claimsweep eob read remittance.pdf --json
    """
    from bots.profile import load_layouts
    from bots.reading.documents import read_documents
    from bots.reading.drafting.general import DRAFTED
    from console.summary import documents_summary
    from flows.profiles import document_password

    settings = settings_in_force(None, profiles)
    password = document_password(settings, payer) if payer else None
    documents = read_documents(files, load_layouts(settings.profiles), password)
    if as_json:
        print_json({"files": documents})
    else:
        sys.stdout.write(documents_summary(documents, color=sys.stdout.isatty()))
    failed = [d for d in documents if d["errors"]]
    if len(failed) == len(documents):
        raise typer.Exit(COULD_NOT)
    proposed = any(document["layout"] == DRAFTED for document in documents)
    if failed or proposed or not all(p["balanced"] for d in documents for p in d["payments"]):
        raise typer.Exit(FINDINGS)


@layout.command("new")
def layout_new(
    file: Path,
    out: Annotated[Path, typer.Option(help="Where the draft and its pictures go.")] = Path(),
    as_json: AsJson = False,
    profiles: Profiles = None,
) -> None:
    """Draft an eob.yaml from a sample, and draw its pages with every field boxed and named.

    What is drawn shows patients: it is for you alone. Exit 1 when the draft does not read the
    sample to the cent, 2 when a layout recognises it already or none can be drafted.

    Example: claimsweep eob layout new remittance.pdf --out /tmp/draft
    """
    from bots.profile import load_layouts
    from flows.layout_draft import draft_for

    layouts = load_layouts(settings_in_force(None, profiles).profiles)
    made = draft_for(file, layouts, out)
    if as_json:
        print_json(made.document())
    else:
        sys.stdout.write("".join(f"{line}\n" for line in made.sentences()))
    if made.faults:
        raise typer.Exit(FINDINGS)
