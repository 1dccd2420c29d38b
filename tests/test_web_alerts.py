"""The console shows leads what needs an operator, and its own events reach the log's table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from web_console import desk_over, person, serving, visitor

from billing.alerts import Alert, Severity
from billing.people import Role
from console.web.desk import Desk
from flows.journal_table import fitting

Told = list[tuple[str, dict[str, object]]]


@pytest.fixture(scope="module")
def told() -> Told:
    return []


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, told: Told) -> Desk:
    home: Path = tmp_path_factory.mktemp("home")
    desk = replace(desk_over(home), tell=lambda event, **fields: told.append((event, fields)))
    for role in Role:
        person(desk.ledger, role)
    return desk


@pytest.fixture(scope="module")
def address(desk: Desk) -> Iterator[str]:
    with serving(desk) as found:
        yield found


def test_leads_see_what_is_open_and_others_do_not(desk: Desk, address: str) -> None:
    lead = visitor(address, "lead")
    assert "Needs an operator" not in lead.get("/sweeps").text
    said = "At juniper-ridge 1 of at most 2 logins may be spent."
    alert = Alert("lockout_near", "juniper-ridge", Severity.WARNING, said)
    desk.ledger.weigh_alerts([alert], {"lockout_near"}, at=desk.now())
    page = lead.get("/sweeps").text
    assert "Needs an operator" in page
    assert said in page
    assert "docs/runbooks/lockout_near.md" in page
    assert "Needs an operator" not in visitor(address, "viewer").get("/sweeps").text
    desk.ledger.weigh_alerts([], {"lockout_near"}, at=desk.now())
    assert "Needs an operator" not in lead.get("/sweeps").text


def test_a_refused_sign_in_is_told_without_what_was_typed(address: str, told: Told) -> None:
    assert visitor(address).sign_in("Zebulon Quartermain", "a word of his").status_code == 401
    (one,) = [(event, fields) for event, fields in told if event == "sign_in_refused"]
    assert one == ("sign_in_refused", {"how": "password"})
    assert fitting(*one) == ({"how": "password"}, [])
