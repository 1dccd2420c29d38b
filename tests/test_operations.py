"""What the bots themselves did in a period: portals reached, logins refused, cost of a check."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from console_samples import TODAY, night
from period_samples import period

from billing.errors import BadInput
from billing.kpi import figures
from billing.ledger import Ledger, open_ledger
from billing.model import Finding, Outcome
from billing.operations import Costs, Logins, PortalDays, portals
from billing.report import ClaimResult, SweepReport
from console.period import Told, page, shown, work_out
from console.period_data import document, figures_csv
from flows.settings import load_settings

NIGHT = night(44)
MINE = [one for one in NIGHT.results if one.claim.payer == "larkspur"]
UNHEARD = Finding("unreachable", "No portal.", Decimal(0), "Wait.", None, "", needs_person=False)


def as_kind(result: ClaimResult, kind: str) -> ClaimResult:
    finding = replace(UNHEARD, kind=kind)
    said = replace(result.conclusion, outcome=Outcome.NO_ANSWER, finding=finding)
    return replace(result, conclusion=said)


def sweep(*kinds: str | None, seconds: str | None = "90") -> SweepReport:
    """One payer's claims, each as a night had it, or not answered for this kind of reason."""
    answered = [one for one in MINE if one.conclusion.outcome is Outcome.PAID]
    results = [
        replace(
            one if kind is None else as_kind(one, kind),
            seconds=None if seconds is None else Decimal(seconds),
        )
        for one, kind in zip(answered, kinds, strict=False)
    ]
    return replace(NIGHT, results=tuple(results))


def test_a_session_reached_the_portal_when_anything_of_it_did() -> None:
    sweeps = [
        sweep(None, "unreachable"),
        sweep("unreachable", "unreachable"),
        sweep("login-refused"),
        sweep("unknown-page"),
        sweep("payer-unavailable"),
        sweep("policy"),
    ]
    assert portals(sweeps, {}) == (PortalDays("larkspur", 5, 2, Logins()),)
    told = figures(period(sweeps, TODAY, TODAY))["portal_reached"]
    assert (told.value, told.basis) == (Decimal("40.0"), "2 of 5 sessions")


def test_the_least_reachable_portal_comes_first_and_logins_stand_beside_it() -> None:
    down = replace(NIGHT, results=tuple(
        as_kind(one, "unreachable") if one.claim.payer == "tidewater" else one
        for one in NIGHT.results
    ))  # fmt: skip
    logins = {"larkspur": Logins(3, 1), "cedar": Logins(0, 2)}
    assert [
        (p.payer, p.sessions, p.reached, p.logins.refused) for p in portals([down], logins)
    ] == [
        ("tidewater", 1, 0, 0),
        ("cedar", 0, 0, 2),
        ("larkspur", 1, 1, 1),
    ]
    held = replace(period([down], TODAY, TODAY), logins=logins)
    told = figures(held)["logins_refused"]
    assert (told.value, told.basis) == (Decimal("50.0"), "3 of 6 logins that a portal judged")


@pytest.mark.parametrize(
    ("costs", "cost", "basis"),
    [
        # four asked, two answered, six minutes in all
        (Costs(per_hour=Decimal("5.00")), "0.2500", "$0.50 for 4 checks asked in 0.1 hours"),
        (Costs(per_check=Decimal("0.04")), "0.0800", "$0.16 for 4 checks asked in 0.1 hours"),
        (Costs(Decimal("5.00"), Decimal("0.04")), "0.3300", "$0.66 for 4 checks asked"),
        (Costs(), None, "no cost is set"),
    ],
)
def test_what_was_asked_in_vain_is_paid_for_by_what_was_answered(
    costs: Costs, cost: str | None, basis: str
) -> None:
    one = sweep(None, "unreachable", None, "payer-unavailable", "policy")
    told = figures(replace(period([one], TODAY, TODAY), costs=costs))["cost_per_check"]
    assert told.value == (None if cost is None else Decimal(cost))
    assert told.basis.startswith(basis)


def test_a_cost_by_the_hour_of_what_nobody_timed_is_unknown() -> None:
    held = replace(
        period([sweep(None, seconds=None)], TODAY, TODAY), costs=Costs(per_hour=Decimal(5))
    )
    assert figures(held)["cost_per_check"].value is None
    nobody = replace(period([sweep("unreachable")], TODAY, TODAY), costs=Costs(Decimal(5)))
    assert figures(nobody)["cost_per_check"].value is None


def test_page_csv_and_json_tell_portals_and_logins() -> None:
    held = replace(period([NIGHT], TODAY, TODAY), logins={"larkspur": Logins(3, 1)})
    worked = work_out(Told("Week", held, None, (), {"larkspur": "Larkspur Mutual"}))
    (line,) = [one for one in worked.lines if one.key == "cost_per_check"]
    assert shown(line.now, line.definition) == "unknown"
    text = page(worked, files=[])
    assert "in how many sweeps each was reached" in text
    assert "no cost is set" in text
    rows = figures_csv(worked).decode("utf-8-sig").splitlines()
    (refused,) = [row for row in rows if row.startswith("Portals,Logins refused,Larkspur Mutual")]
    assert ",1,," in refused
    assert "of 4" in refused
    told = document(worked)["portals"]
    assert {"payer": "Larkspur Mutual", "sessions": 1, "reached": 1, "logins_accepted": 3,
            "logins_refused": 1} in told  # fmt: skip


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(tmp_path / "home")
    yield opened
    opened.close()


def test_logins_are_counted_by_the_day_of_the_attempt(ledger: Ledger) -> None:
    zone = ZoneInfo("America/New_York")
    first = datetime(2026, 11, 24, tzinfo=zone).astimezone(UTC)
    for account, minutes, accepted in (
        ("acme", -1, False),
        ("acme", 0, True),
        ("acme", 60, False),
        ("acme", 61, None),
        ("cedar", 24 * 60 - 1, False),
        ("cedar", 24 * 60, True),
    ):
        at = first + timedelta(minutes=minutes)
        login = ledger.begin_login(account, at, lambda _: True).login_id
        assert login is not None
        if accepted is not None:
            ledger.end_login(login, accepted=accepted, at=at)
    until = first + timedelta(days=1)
    assert ledger.logins_between(first, until) == {"acme": (1, 1), "cedar": (0, 1)}


@pytest.mark.parametrize("costs", ['per_hour = "dear"', 'per_month = "4.50"', 'per_hour = "-1"'])
def test_a_cost_that_is_none_is_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, costs: str
) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(f"[costs]\n{costs}\n")
    path.chmod(0o600)
    monkeypatch.setenv("CLAIMSWEEP_SETTINGS", str(path))
    with pytest.raises(BadInput, match=r"\[costs\]"):
        load_settings()
    path.write_text('[costs]\nper_hour = "4.50"\n')
    assert load_settings().costs == {"per_hour": Decimal("4.50")}
