"""How far the check of one claim or member is, step by step, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from billing.coverage import VisitResult
from billing.errors import BadInput
from billing.ledger import Run, RunState
from billing.model import Outcome
from billing.report import ClaimResult
from console.web.desk import Desk

Standing = Literal["done", "now", "later", "bad"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a check: done, being done, still to come, or failed."""

    title: str
    standing: Standing
    detail: str = ""


@dataclass(frozen=True, slots=True)
class CheckProgress:
    """What there is to see of a check. ``code_until`` is until when its bot waits for a code that
    only a person has; ``case_id`` the case of its claim, if it has one."""

    sweep_id: str
    payer: str
    run: Run | None
    steps: tuple[Step, ...]
    code_until: datetime | None
    claim: ClaimResult | None
    visit: VisitResult | None
    case_id: int | None

    @property
    def over(self) -> bool:
        """Whether nothing more will come of it by itself."""
        return self.run is None or not self.run.alive

    @property
    def settled(self) -> bool:
        """Whether there is a result, if only that nobody knows."""
        return self.claim is not None or self.visit is not None


def check_progress(desk: Desk, sweep_id: str) -> CheckProgress:
    """How far a check is now. Raises BadInput for what is no check."""
    night = desk.ledger.night(sweep_id)
    if not night.check or not night.tallies:
        raise BadInput(f"{sweep_id} is not the check of one claim; see it under Sweeps")
    payer = night.tallies[0].payer or ""
    run = desk.ledger.run_of_sweep(sweep_id)
    claim, visit = None, None
    if not night.waiting and night.of_visits:
        visit = desk.ledger.eligibility_report(sweep_id).results[0]
    elif not night.waiting:
        claim = desk.ledger.results(sweep_id)[0]
    alive = run is not None and run.alive
    return CheckProgress(
        sweep_id=sweep_id,
        payer=payer,
        run=run,
        steps=_steps(
            desk, payer, run, settled=not night.waiting, leased=bool(night.in_state("leased"))
        ),
        code_until=desk.bots.waits_for_code(payer) if alive and night.waiting else None,
        claim=claim,
        visit=visit,
        case_id=desk.ledger.case_of_item(claim.item_id)
        if claim is not None and not alive
        else None,
    )


def answer_words(progress: CheckProgress) -> str:
    """What came of the check, in a few words."""
    if progress.visit is not None:
        return f"Cover: {progress.visit.conclusion.outcome.replace('_', ' ')}"
    if progress.claim is not None and progress.claim.conclusion.outcome is Outcome.NO_ANSWER:
        return "No answer"
    return "Answered"


def _steps(
    desk: Desk, payer: str, run: Run | None, *, settled: bool, leased: bool
) -> tuple[Step, ...]:
    queued = Step("Queued", "done", f"by {run.by}" if run else "")
    if settled:
        return (
            queued,
            Step("Signed in", "done"),
            Step("Asked", "done"),
            Step("Result", "done"),
        )
    if run is None or not run.alive:
        return (queued, Step("Stopped before an answer", "bad", _why(run)))
    if run.state is RunState.QUEUED:
        return (
            Step("Queued", "now", f"by {run.by}"),
            Step("Sign in", "later"),
            Step("Ask", "later"),
            Step("Result", "later"),
        )
    if leased:
        signing: Step = Step("Signed in", "done")
        asking = Step("Asking about it", "now")
    else:
        signing, asking = _signing_in(desk, payer, run), Step("Ask", "later")
    return (queued, signing, asking, Step("Result", "later"))


def _signing_in(desk: Desk, payer: str, run: Run) -> Step:
    until = desk.bots.waits_for_code(payer)
    if until is not None:
        at = f"{until.astimezone(desk.time_zone):%H:%M}"
        return Step("Signing in", "now", f"waiting for a code until {at}")
    standing = desk.ledger.login_standing(payer)
    last = standing.last_result_at
    if last is not None and last > run.begun_at and not standing.refusals_in_a_row:
        return Step("Signed in", "now", "the known claim is asked about first, where there is one")
    if desk.ledger.account_held(payer, desk.now()) is None:
        return Step("Starting the browser", "now")
    return Step("Signing in", "now", "or waiting while another run is signed in with the account")


def _why(run: Run | None) -> str:
    if run is None:
        return "No run of this console works on it."
    if run.state is RunState.INTERRUPTED:
        return "Its process ended without a word. Nothing is lost; ask again."
    return run.said
