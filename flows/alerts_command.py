"""``claimsweep alerts``: what needs an operator now, and who is told of it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from flows.options import COULD_NOT, FINDINGS, AsJson, Home, Profiles, print_json, settings_in_force

if TYPE_CHECKING:
    from billing.ledger import KeptAlert


def alerts(
    notify: Annotated[
        bool, typer.Option("--notify", help="Tell the destinations of [notify] too.")
    ] = False,
    test: Annotated[
        bool, typer.Option("--test", help="Only send each destination a test message.")
    ] = False,
    as_json: AsJson = False,
    home: Home = None,
    profiles: Profiles = None,
) -> None:
    """Judge ledger, profiles, settings and this machine, and list what needs an operator.

    Each has a page that says what to do: docs/runbooks. Exit 1 when any is open; 2 when a
    destination did not take a message.

    Example: claimsweep alerts --notify
    """
    from flows.alerts import look
    from flows.notify import Told, tell, tell_test

    settings = settings_in_force(home, profiles)
    ledger, now = settings.open_ledger(), datetime.now(UTC)
    found: tuple[KeptAlert, ...] = ()
    told: list[Told] = []
    if test:
        told = tell_test(settings, ledger, now)
    else:
        found = look(settings, ledger, now).open
        if notify:
            told = tell(settings, ledger, now)
    if as_json:
        print_json(
            {
                "alerts": [alert_json(one) for one in found],
                "told": [{"to": one.to, "delivered": one.delivered} for one in told],
            }
        )
    else:
        sys.stdout.write("".join(alert_text(one) for one in found))
        if not found and not test:
            sys.stdout.write("Nothing needs an operator.\n")
        for one in told:
            came = "took it" if one.delivered else "did not take it"
            sys.stdout.write(f"{one.to} {came}.\n")
    if not all(one.delivered for one in told):
        raise typer.Exit(COULD_NOT)
    if found:
        raise typer.Exit(FINDINGS)


def alert_json(one: KeptAlert) -> dict[str, str]:
    """An alert as other programs read it."""
    return {
        "kind": one.alert.kind,
        "severity": one.alert.severity,
        "subject": one.alert.subject,
        "since": one.since.isoformat(timespec="seconds"),
        "sentence": one.alert.sentence,
        "mend": one.alert.mend,
        "runbook": one.alert.runbook,
    }


def alert_text(one: KeptAlert) -> str:
    """An alert as a person reads it."""
    alert = one.alert
    return (
        f"{alert.severity:<7} {alert.kind}: {alert.sentence}\n"
        f"        since {one.since:%Y-%m-%d %H:%M} UTC; {alert.mend}\n"
        f"        {alert.runbook}\n"
    )
