"""What the command's verbs share: their common options, and how they say and end things."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.journal import keep_in
from flows.terminal import harmless_json

if TYPE_CHECKING:
    from flows.settings import Settings

DONE, FINDINGS, COULD_NOT = 0, 1, 2

Exports = Annotated[
    list[Path], typer.Option("--export", help="A billing-system export; repeat for more.")
]
OptionalExports = Annotated[
    list[Path] | None, typer.Option("--export", help="A billing-system export; repeat for more.")
]
Home = Annotated[Path | None, typer.Option("--home", help="Where ledger and evidence live.")]
Profiles = Annotated[Path | None, typer.Option("--profiles", help="The folder of payer profiles.")]
Mappings = Annotated[
    Path | None, typer.Option("--mappings", help="A folder of your own mappings of exports.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


def settings_in_force(
    home: Path | None,
    profiles: Path | None,
    mappings: Path | None = None,
) -> Settings:
    """The settings, also in the environment: a flow reads them there."""
    from flows import telemetry
    from flows.settings import load_settings

    settings = load_settings(home=home, profiles=profiles, mappings=mappings)
    os.environ["CLAIMSWEEP_HOME"] = str(settings.home)
    os.environ["CLAIMSWEEP_PROFILES"] = str(settings.profiles)
    keep_in(settings.home)
    telemetry.begin(settings)
    return settings


def print_json(document: object) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(harmless_json(json.dumps(document, indent=1, ensure_ascii=False)) + "\n")
