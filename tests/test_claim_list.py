"""Many claims answered from one list of the portal: as the key says, and with far fewer pages."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path
from urllib.request import urlopen

import pytest
from portal_clients import SetClock, answering
from portal_faults import EXPORT, MEDICAID, Night, night, quick_profile

from billing.model import CLAIM_LIST, Claim, SourceRow
from bots.portal.browser import Browser
from bots.profile import Profile
from sandbox.books import make_world
from sandbox.serve import Portals
from sandbox.truth import truth_rows
from sandbox.world import BilledClaim, World

AS_OF = date(2026, 11, 20)
KEYED = (
    "outcome",
    "payer_claim_number",
    "service_from",
    "charge",
    "paid",
    "payment_date",
    "trace_number",
    "patient_responsibility",
    "reason_codes",
    "status_category",
)


def claim_of(billed: BilledClaim, row: int) -> Claim:
    """The biller's row of a claim."""
    person = billed.patient
    return Claim(
        claim_id=billed.claim_id,
        payer=MEDICAID,
        payer_name=MEDICAID,
        member_id=person.member_id,
        patient_last=person.last,
        patient_first=person.first,
        date_of_birth=person.birth,
        service_from=billed.service_from,
        service_to=billed.service_to,
        billed=billed.charge,
        balance=billed.charge,
        source=SourceRow(EXPORT.sha256, row),
    )


def asked(portals: Portals) -> Counter[str]:
    with urlopen(f"{portals.addresses[MEDICAID]}/sandbox/requests", timeout=10) as answer:
        notes = json.load(answer)
    return Counter(n["path"] for n in notes if n["path"].endswith(".aspx"))


def alone(profile: Profile) -> Profile:
    task = profile.file.tasks.claim_status.model_copy(update={"claim_list": None})
    tasks = profile.file.tasks.model_copy(update={"claim_status": task})
    return profile.model_copy(update={"file": profile.file.model_copy(update={"tasks": tasks})})


@pytest.mark.parametrize("listed", [True, False])
def test_try(listed: bool, browser_executable: Browser, tmp_path: Path) -> None:
    world = make_world(1, 30, AS_OF)
    with answering(world, SetClock(), delay=0) as portals:
        claims = [claim_of(b, n) for n, b in enumerate(world.medicaid.billed, 2)]
        profile = quick_profile(MEDICAID)
        if not listed:
            profile = alone(profile)
        it = night(
            tmp_path / "home",
            browser_executable,
            portals,
            profile,
            portals.addresses[MEDICAID],
            claims,
        )
        it.run(150)
        print(asked(portals))
    truth = {r["claim_id"]: r for r in truth_rows(world) if r["payer"] == MEDICAID}
    for r in it.ledger.results("night-1"):
        c, want = r.conclusion, truth[r.claim.claim_id]
        o = it.ledger.observations(r.item_id)[0]
        print(
            r.item_id,
            c.outcome,
            want["outcome"],
            o.search,
            len(o.captures),
            type(o.answer).__name__,
        )
        assert c.outcome == want["outcome"]
    print(it.ledger.drift("night-1"))
