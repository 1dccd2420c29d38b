"""``claimsweep doctor``: what this machine has for a sweep, or whether its ledger is whole."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from flows.options import FINDINGS, AsJson, Home, Profiles, print_json, settings_in_force

if TYPE_CHECKING:
    from flows.settings import Settings


def doctor(
    deep: Annotated[
        bool, typer.Option("--deep", help="Look at the whole ledger instead of the machine.")
    ] = False,
    seal: Annotated[
        str | None,
        typer.Option(help="With --deep: an earlier seal of the audit trail, NUMBER:HASH."),
    ] = None,
    as_json: AsJson = False,
    home: Home = None,
    profiles: Profiles = None,
) -> None:
    """Show what was found on this machine, each with its mend.

    With --deep the ledger is looked at instead, all of it and changing nothing: whether every row
    can be read and refers to rows that are there, every stored byte has its hash, remittances and
    batches add up, states follow from their history, the audit trail is as it was written, and
    nothing in the home is open to others. A sentence for each problem; exit 1 when there is one.

    Example: claimsweep doctor --deep
    """
    settings = settings_in_force(home, profiles)
    sound = _deep(settings, seal, as_json) if deep else _machine(settings, as_json)
    if not sound:
        raise typer.Exit(FINDINGS)


def _machine(settings: Settings, as_json: bool) -> bool:
    from bots.profile import load_profile
    from flows.doctor import examine
    from flows.key_check import key_check

    checks = examine(
        home=settings.home,
        profiles=settings.profiles,
        ledger=settings.home / "ledger.sqlite",
        load_profile=load_profile,
    )
    checks.append(key_check(settings))
    if as_json:
        print_json(
            {
                "checks": [
                    {"name": c.name, "ok": c.ok, "found": c.found, "mend": c.mend} for c in checks
                ]
            }
        )
    else:
        for c in checks:
            mend = f"\n       mend: {c.mend}" if c.mend and not c.ok else ""
            sys.stdout.write(f"{'ok  ' if c.ok else 'FAIL'} {c.name}: {c.found}{mend}\n")
    return all(c.ok for c in checks)


def _deep(settings: Settings, seal: str | None, as_json: bool) -> bool:
    from billing.ledger.engines import LEDGER_FILE
    from flows.deep_check import deep_text, look_deep, print_problem, read_seal
    from flows.soundness_signal import remember_check

    kept = read_seal(seal) if seal else None
    if settings.ledger_url is None and not (settings.home / LEDGER_FILE).exists():
        if as_json:
            print_json({"parts": [], "problems": 0})
        else:
            sys.stdout.write(f"ok   no ledger yet in {settings.home}\n")
        return True
    ledger = settings.open_ledger()
    tell = (lambda _: None) if as_json else print_problem
    looked = look_deep(ledger, settings.home, kept=kept, tell=tell)
    problems = sum(one.problems for one in looked)
    remember_check(ledger, "ledger", problems)
    if as_json:
        print_json({"parts": [asdict(one) for one in looked], "problems": problems})
    else:
        sys.stdout.write(deep_text(looked))
        if (waiting := ledger.awaits_review()) is not None:
            sys.stdout.write(f"note {waiting.sentence}\n")
    return not problems
