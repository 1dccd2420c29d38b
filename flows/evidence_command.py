"""``claimsweep evidence``: the verbs on what an answer rests on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from billing.errors import BadInput
from flows.options import AsJson, Home, print_json, settings_in_force

evidence = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@evidence.callback()
def _evidence() -> None:
    """Look at what an answer rests on."""


@evidence.command("show")
def evidence_show(
    claim_id: Annotated[str | None, typer.Argument(help="The claim.")] = None,
    visit: Annotated[
        int | None, typer.Option(help="A row of the schedule checked last, instead of a claim.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where the pictures go.")] = None,
    sweep: Annotated[str | None, typer.Option(help="Default: the latest sweep.")] = None,
    as_json: AsJson = False,
    home: Home = None,
) -> None:
    """Draw the pages an answer rests on, a named box around each figure that was read.

    Of a visit also the pages and the data as saved, and the place of every figure. What is
    written shows a patient's page: it is for you alone.

    Example: claimsweep evidence show 00012345 --out /tmp/pictures
    """
    from flows.evidence import show_evidence
    from flows.visit_evidence import show_visit

    settings = settings_in_force(home, None)
    if (claim_id is None) == (visit is None):
        raise BadInput("Name a claim, or a row of the schedule with --visit")
    if visit is not None:
        shown = show_visit(settings, visit, sweep, out or settings.artifacts / "pictures")
        if as_json:
            print_json(shown.document())
        else:
            sys.stdout.write("".join(f"{line}\n" for line in shown.sentences()))
        return
    made = show_evidence(settings, str(claim_id), sweep, out or settings.artifacts / "pictures")
    if as_json:
        print_json({"pictures": [str(path) for path in made]})
    else:
        sys.stdout.write("".join(f"{path}\n" for path in made))
