"""``claimsweep appeal``: a denied claim's packet, for a person to read and send."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from billing.errors import BadInput
from flows.options import FINDINGS, AsJson, Home, Profiles, print_json, settings_in_force


def appeal(
    claim_id: Annotated[str, typer.Argument(help="The denied claim.")],
    payer: Annotated[str | None, typer.Option(help="Whose claim, when several use it.")] = None,
    out: Annotated[Path | None, typer.Option(help="The packet, a PDF.")] = None,
    letter: Annotated[
        Path | None, typer.Option(help="The letter as you edited it, instead of a new one.")
    ] = None,
    inbox: Annotated[
        list[Path] | None,
        typer.Option(
            help="A folder with acceptance reports (277CA, 999) and claim files (837) to prove the "
            "filing by; repeat for more."
        ),
    ] = None,
    filing_proof_only: Annotated[
        bool, typer.Option(help="Only the proof of filing, of a claim denied or not.")
    ] = False,
    as_json: AsJson = False,
    home: Home = None,
    profiles: Profiles = None,
) -> None:
    """Write the appeal of a denied claim as one PDF: letter, record, evidence, proof of filing.

    The letter is filled from the ledger and the settings, and written as text beside the packet;
    edit that and give it back by --letter. What only you know is a blank: exit 1 lists what to
    fill in and to look at. Nothing is sent: a person reads the packet and sends it.

    Example: claimsweep appeal 00012345 --out appeal.pdf
    """
    from flows.appeal import Filed, Packet, make_packet, make_proof

    settings, folders = settings_in_force(home, profiles), inbox or ()
    made: Packet | Filed
    if filing_proof_only:
        if letter is not None:
            raise BadInput("A proof of filing has no letter; leave --letter out")
        made = make_proof(settings, claim_id, payer=payer, out=out, inboxes=folders)
    else:
        made = make_packet(settings, claim_id, payer=payer, out=out, letter=letter, inboxes=folders)
    document = made.document()
    if as_json:
        print_json(document)
    else:
        sys.stdout.write("".join(f"{line}\n" for line in made.sentences()))
    if document["fill_in"] or document["look_at"]:
        raise typer.Exit(FINDINGS)
