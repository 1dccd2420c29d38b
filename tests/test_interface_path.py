"""A billing system's whole path over real HTTP: have a claim checked, fetch the result, decide."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from console_portals import ASKS_NOTHING, FORBIDS, Practice, practice, until
from web_console import person, serving

from billing.ledger.tokens import MOST_PER_MINUTE, Scope
from billing.people import Role
from console.web.interface_access import PATH
from flows.run import start_sweep

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("browser_executable")]

KEY = "Idempotency-Key"
SECRET = "claimsweep_of_the_billing_system"


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    with practice(tmp_path_factory.mktemp("practice"), claims=4) as found:
        desk = found.desk
        exports = list(found.exports.values())
        start_sweep(desk.ledger, exports, desk.profiles(), desk.today(), ask_all=True)
        desk.ledger.add_token(
            "billing",
            [Scope.READ, Scope.CHECK, Scope.DECIDE],
            sha256=hashlib.sha256(SECRET.encode()).hexdigest(),
            expires_on=desk.today() + timedelta(days=1),
            per_minute=MOST_PER_MINUTE,
            by=person(desk.ledger, Role.ADMINISTRATOR),
            at=desk.now(),
            today=desk.today(),
        )
        yield found


@pytest.fixture(scope="module")
def system(at: Practice) -> Iterator[httpx.Client]:
    with (
        serving(at.desk) as address,
        httpx.Client(
            base_url=address, headers={"Authorization": f"Bearer {SECRET}"}, timeout=30
        ) as client,
    ):
        yield client


def money(row: dict[str, Any], name: str) -> str | None:
    return None if row[name] is None else f"{row[name]:.2f}"


def test_a_claim_is_checked_and_decided_from_outside(at: Practice, system: httpx.Client) -> None:
    known = next(one for one in at.truth(ASKS_NOTHING) if one["outcome"] == "denied")
    wish = {"claim_number": known["claim_id"], "payer": ASKS_NOTHING}
    asked = [
        system.post(f"{PATH}/checks", json=wish, headers={KEY: "check-the-claim"}) for _ in range(2)
    ]
    assert [one.status_code for one in asked] == [202, 202]
    assert asked[0].json() == asked[1].json()
    place = asked[0].headers["location"]
    assert asked[1].headers["location"] == place
    assert known["claim_id"] not in place

    check = until(lambda: (now := system.get(place).json())["state"] != "asking" and now)
    assert (check["state"], check["detail"]) == ("done", None)
    result = check["result"]
    assert result["outcome"] == known["outcome"]
    figures = {one["name"]: one for one in result["figures"]}
    assert figures["payer_claim_number"]["value"] == known["payer_claim_number"]
    held = at.desk.ledger.fetch(figures["payer_claim_number"]["place"]["sha256"])
    assert known["payer_claim_number"].encode() in held

    case = system.get(f"{PATH}/cases/{check['case_id']}").json()
    assert case["case"]["claim_number"] == known["claim_id"]
    assert case["result"] == result
    assert {one["channel"] for one in case["channels"]} >= {"portal"}
    wish = {"act": "resolve", "cases": [check["case_id"]], "reason": "corrected and sent again"}
    done = system.post(f"{PATH}/decisions", json=wish, headers={KEY: "decide-the-case"})
    assert done.status_code == 201
    assert system.get(f"{PATH}/cases/{check['case_id']}").json()["case"]["state"] == "resolved"
    trail = at.desk.ledger.audit_trail(subject=check["check_id"])
    assert [(one.who, one.act) for one in trail] == [("system:billing", "check begun")]


def test_what_a_payer_forbids_is_refused_in_its_words(at: Practice, system: httpx.Client) -> None:
    wish = {"claim_number": at.truth(FORBIDS)[0]["claim_id"], "payer": FORBIDS}
    for _ in range(2):  # what was refused frees its key
        refused = system.post(f"{PATH}/checks", json=wish, headers={KEY: "forbidden-01"})
        assert refused.status_code == 409
        assert "forbid" in refused.json()["detail"]
    nobody = {"claim_number": "no such claim", "payer": ASKS_NOTHING}
    unknown = system.post(f"{PATH}/checks", json=nobody, headers={KEY: "unknown-01"})
    assert unknown.status_code == 404
