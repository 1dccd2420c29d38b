"""``claimsweep evidence``: the verbs on what an answer rests on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from flows.options import AsJson, Home, print_json, settings_in_force

evidence = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@evidence.callback()
def _evidence() -> None:
    """Look at what an answer rests on."""


@evidence.command("show")
def evidence_show(
    claim_id: str,
    out: Annotated[Path | None, typer.Option(help="Where the pictures go.")] = None,
    sweep: Annotated[str | None, typer.Option(help="Default: the latest sweep.")] = None,
    as_json: AsJson = False,
    home: Home = None,
) -> None:
    """Draw the pages an answer rests on, a named box around each figure that was read.

    The pictures show a patient's page: they are written for you alone.

    Example: claimsweep evidence show 00012345 --out /tmp/pictures
    """
    from flows.evidence import show_evidence

    settings = settings_in_force(home, None)
    made = show_evidence(settings, claim_id, sweep, out or settings.artifacts / "pictures")
    if as_json:
        print_json({"pictures": [str(path) for path in made]})
    else:
        sys.stdout.write("".join(f"{path}\n" for path in made))
