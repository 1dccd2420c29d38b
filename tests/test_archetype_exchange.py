"""A payer behind a clearinghouse is swept like any other: its answers are those of the key."""

from __future__ import annotations

import csv
import json
import os
import shutil
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from conftest import PROJECT, SandboxServer
from exchange_portals import Exchange, exchange
from sweeping import Desk, differences, furnish, read_answers

from sandbox.books import make_world
from sandbox.canary import canary
from sandbox.documents import eob_pdf
from sandbox.exports import CSV_HEADINGS
from sandbox.portal_exchange import Generation
from sandbox.truth import truth_rows
from sandbox.world import BilledClaim, Payer, World

pytestmark = pytest.mark.usefixtures("browser_executable")
MESA = "blue-mesa"
AS_OF = date(2026, 11, 20)
FRAME = 'frame: "#newBodyFrame"'
LEGACY = f"""
      - click: {{role: link, name: Claim Status}}
      - choose: {{role: combobox, name: Payer, value: Blue Mesa Health Plan}}
      - click: {{role: tab, name: HIPAA Standard, {FRAME}}}
      - fill: {{label: Member ID, {FRAME}, value: "{{claim.member_id}}"}}
      - fill: {{label: Patient's Date of Birth, {FRAME}, value: "{{claim.date_of_birth}}"}}
      - fill: {{label: From, {FRAME}, value: "01/01/{{claim.service_from|%Y}}"}}
      - fill: {{label: To, {FRAME}, value: "12/31/{{claim.service_from|%Y}}"}}
"""
COMPONENTS = f"""
      - click: {{role: link, name: Claim Status}}
      - choose: {{role: combobox, name: Payer, value: Blue Mesa Health Plan}}
      - choose: {{role: combobox, name: Search By, {FRAME}, value: Member}}
      - fill: {{label: Member ID, {FRAME}, value: "{{claim.member_id}}"}}
      - fill: {{label: Patient's Date of Birth, {FRAME}, value: "{{claim.date_of_birth}}"}}
      - fill: {{label: Service Date From, {FRAME}, value: "01/01/{{claim.service_from|%Y}}"}}
      - fill: {{label: Service Date To, {FRAME}, value: "12/31/{{claim.service_from|%Y}}"}}
"""


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(1, 60, AS_OF, (MESA,))


def of_every_kind(payer: Payer, most: int) -> list[BilledClaim]:
    """So many claims of the export: of each outcome and status one, then whatever comes."""
    first: dict[tuple[object, ...], BilledClaim] = {}
    for claim in payer.billed:
        key = claim.expected
        owed = bool(key.patient_responsibility)
        first.setdefault((key.outcome, key.status_category, owed), claim)
    listed = {claim.claim_id: claim for claim in [*first.values(), *payer.billed]}
    return list(listed.values())[:most]


def write_export(path: Path, claims: list[BilledClaim]) -> None:
    """The biller's list of unpaid claims, as text."""
    path.parent.mkdir(parents=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, CSV_HEADINGS)
        writer.writeheader()
        for claim in claims:
            who = claim.patient
            days = (claim.service_from, claim.service_to, claim.submitted, claim.last_billed)
            first, last, submitted, again = (f"{day:%m/%d/%Y}" for day in days)
            writer.writerow(
                {
                    "Claim ID": claim.claim_id,
                    "Patient": f"{who.last}, {who.first}",
                    "Patient DOB": f"{who.birth:%m/%d/%Y}",
                    "Insurance": claim.payer_name,
                    "Policy Number": who.member_id,
                    "DOS From": first,
                    "DOS To": last,
                    "Rendering Provider": claim.provider_name,
                    "Provider NPI": claim.provider_npi,
                    "Tax ID": claim.provider_tin,
                    "Date Submitted": submitted,
                    "Last Billed": again,
                    "Total Charge": f"{claim.charge}",
                    "Insurance Balance": f"{claim.balance}",
                    "Encounter ID": claim.claim_id,
                }
            )


def desk_at(there: Exchange, payer: Payer, folder: Path, claims: list[BilledClaim]) -> Desk:
    """A desk with an export of ``claims``, its payer answering at ``there``."""
    account, settings = there.account, folder / "settings.toml"
    lines = [f"home = {json.dumps(str(folder / 'home'))}", "[portals]"]
    lines += [f'{MESA} = "{there.address}"', "[secrets]"]
    lines += [
        f'"{MESA}/{name}" = "{getattr(account, name)}"' for name in ("username", "password", "totp")
    ]
    lines.append(f'"{MESA}/canary" = {json.dumps(canary(payer))}')
    settings.write_text("\n".join(lines) + "\n", encoding="utf-8")
    settings.chmod(0o600)
    write_export(folder / "exports" / "unpaid.csv", claims)
    desk = Desk(SandboxServer(1, len(claims), settings, os.getpid()), folder)
    furnish(desk.home)
    return desk


def keyed(world: World, claims: list[BilledClaim]) -> list[dict[str, Any]]:
    """The key's rows of these claims."""
    ids = {claim.claim_id for claim in claims}
    return [row for row in truth_rows(world) if row["claim_id"] in ids]


def sweep(
    world: World, folder: Path, most: int, *, generation: Generation = 2, profiles: Path | None
) -> None:
    """Sweep ``most`` claims and hold the answers against the key."""
    payer = world.payer(MESA)
    claims = of_every_kind(payer, most)
    with exchange(payer, partial(eob_pdf, world, MESA), generation=generation) as there:
        desk = desk_at(there, payer, folder, claims)
        named = ("--profiles", str(profiles)) if profiles else ()
        answers = read_answers(desk.sweep(*named))
        assert differences(keyed(world, claims), answers) == []
        counted = there.counters()
    assert counted["logins"] == 1
    assert (counted["writes"], counted["locks"], counted["refusals"]) == (0, 0, 0)
    assert counted["documents"] >= sum(row["outcome"] == "paid" for row in answers)


def test_the_clearinghouse_is_swept_as_the_key_says(world: World, tmp_path: Path) -> None:
    sweep(world, tmp_path, 16, profiles=None)


@pytest.mark.parametrize(("generation", "steps"), [(1, LEGACY), (3, COMPONENTS)])
def test_another_generation_of_the_form_is_another_list_of_steps(
    world: World, tmp_path: Path, generation: Generation, steps: str
) -> None:
    profiles = tmp_path / "profiles"
    shutil.copytree(PROJECT / "payer_profiles" / MESA, profiles / MESA)
    path = profiles / MESA / "profile.yaml"
    text = path.read_text(encoding="utf-8")
    before, _, rest = text.partition("    search:\n")
    _, _, after = rest.partition("    submit:\n")
    path.write_text(f"{before}    search:{steps}    submit:\n{after}", encoding="utf-8")
    sweep(world, tmp_path, 5, generation=generation, profiles=profiles)
