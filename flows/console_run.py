"""One run that the console began, in a process of its own: ``python -m flows.console_run 12``."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from billing.errors import ClaimsweepError
from billing.ledger import Ledger, Run, RunState
from bots.portal.browser import require_driver
from bots.profile import load_profiles
from flows import journal
from flows.command import log_of
from flows.options import COULD_NOT, DONE, settings_in_force
from flows.settings import Settings
from flows.stopping import stop_as_control_c_does

PATIENCE = timedelta(minutes=10)
"""How long a check waits for an account that a sweep is signed in with."""

MOST_DIFFERENCES = 500
STOPPED = "Stopped by a person; it can be resumed where it was."


def check(settings: Settings, ledger: Ledger, run: Run) -> str:
    """Ask about the one claim or visit of a check."""
    from flows.run import ask_directly

    require_driver()
    ask_directly(ledger, _sweep_of(run), lambda _: None, patience=PATIENCE)
    return ""


def sweep(settings: Settings, ledger: Ledger, run: Run) -> str:
    """Ask about everything that a sweep has no result for, and write its files."""
    from console.swept import sweep_report
    from flows.outputs import write_outputs
    from flows.run import ask_by_flow
    from flows.schedule import eligibility_report, write_eligibility

    require_driver()
    sweep_id, profiles = _sweep_of(run), load_profiles(settings.profiles)
    ask_by_flow(settings, ledger, sweep_id, lambda _: None)
    folder, own = settings.artifacts / sweep_id, settings.own_systems
    if ledger.holds_visits(sweep_id):
        visits = eligibility_report(ledger, sweep_id, profiles)
        write_eligibility(ledger, visits, profiles, folder, own)
    else:
        write_outputs(ledger, sweep_report(ledger, sweep_id, profiles), profiles, folder, own)
    return ""


def replay(settings: Settings, ledger: Ledger, run: Run) -> str:
    """Read a payer's archived captures again with its profile of today."""
    from flows.replay import replay_sweeps

    document = replay_sweeps(settings, run.about).document()
    return json.dumps({**document, "differences": document["differences"][:MOST_DIFFERENCES]})


def canary(settings: Settings, ledger: Ledger, run: Run) -> str:
    """Ask a payer's portal about its known claim."""
    from flows.canaries import run_canaries

    (result,) = run_canaries(settings, run.about)
    return json.dumps(asdict(result))


WORK: Mapping[str, Callable[[Settings, Ledger, Run], str]] = {
    "check": check,
    "sweep": sweep,
    "replay": replay,
    "canary": canary,
}


def main() -> int:
    """Do the run that the argument names; how it ended is in the ledger."""
    os.umask(0o077)
    journal.begin()
    stop_as_control_c_does()
    settings = settings_in_force(None, None)
    ledger = settings.open_ledger()
    run = ledger.take_run(int(sys.argv[1]), datetime.now(UTC))
    state, said = RunState.FAILED, ""
    try:
        said = WORK[run.what](settings, ledger, run)
        state = RunState.DONE
    except KeyboardInterrupt:
        state, said = RunState.STOPPED, STOPPED
    except ClaimsweepError as error:
        said = str(error)
    except Exception as error:
        said = f"Unexpected {type(error).__name__}; where it happened is in {log_of(error)}."
    now = datetime.now(UTC)
    ledger.end_run(run.run_id, state, said, at=now)
    ledger.take_up(now.astimezone(settings.time_zone).date())
    return DONE if state is RunState.DONE else COULD_NOT


def _sweep_of(run: Run) -> str:
    if run.sweep_id is None:
        raise ClaimsweepError(f"Run {run.run_id} is of no sweep")
    return run.sweep_id


if __name__ == "__main__":
    sys.exit(main())
