"""One sweep as its page shows it: its standing, and each payer's share with what befell it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from billing.ledger import Night, Run, RunState, Tally
from billing.model import Reason
from billing.report import Drift, PayerNote
from bots.reading.canary import CANARY_FILE
from console.web.desk import Desk

REASONS: Mapping[Reason, str] = {
    Reason.SEVERAL_MATCHES: "several claims match",
    Reason.WRONG_PATIENT: "another patient's",
    Reason.UNAVAILABLE: "portal said unavailable",
    Reason.UNREACHABLE: "portal not reached",
    Reason.LOGIN_REFUSED: "login refused",
    Reason.UNKNOWN_PAGE: "unknown page",
    Reason.CANARY_FAILED: "known claim read otherwise",
    Reason.NEEDS_PERSON: "needs a person",
    Reason.POLICY: "policy forbids bots",
    Reason.NO_PROFILE: "no payer profile",
}


@dataclass(frozen=True, slots=True)
class PayerShare:
    """One payer's part of a sweep. ``canary`` is what came of its known claim, None where it has
    none or was not asked."""

    payer: str | None
    tallies: tuple[Tally, ...]
    notes: tuple[PayerNote, ...]
    drift: tuple[Drift, ...]
    canary: bool | None

    @property
    def items(self) -> int:
        """The claims or visits."""
        return sum(one.items for one in self.tallies)

    @property
    def answered(self) -> int:
        """Those that the payer answered."""
        return sum(one.items for one in self.tallies if one.answered)

    @property
    def kept(self) -> int:
        """Those left as they were known."""
        return sum(one.items for one in self.tallies if one.kept)

    @property
    def waiting(self) -> int:
        """Those without a result yet."""
        return sum(one.items for one in self.tallies if one.waiting)

    def without_answer(self, *, asked: bool) -> Mapping[str, int]:
        """How many have none, by why in words."""
        found: Counter[str] = Counter()
        for one in self.tallies:
            if one.reason is not None and one.asked is asked:
                found[REASONS[one.reason]] += one.items
        return found


@dataclass(frozen=True, slots=True)
class SweepView:
    """One sweep: ``word`` is its standing, ``mark`` its tone, ``said`` a sentence about it."""

    night: Night
    run: Run | None
    word: str
    mark: str
    said: str

    @property
    def alive(self) -> bool:
        """Whether a run of the console works on it."""
        return self.run is not None and self.run.alive

    @property
    def settled(self) -> int:
        """How many have a result."""
        return self.night.items - self.night.waiting

    @property
    def resumable(self) -> bool:
        """Whether there is something left that asking again may answer."""
        return not self.alive and (self.night.waiting > 0 or self.night.no_answer > 0)


def sweep_view(desk: Desk, night: Night) -> SweepView:
    """How a sweep stands now."""
    run = desk.ledger.run_of_sweep(night.sweep_id)
    return SweepView(night, run, *_standing(night, run))


def shares(desk: Desk, night: Night) -> tuple[PayerShare, ...]:
    """Each payer's part of the sweep, the largest first."""
    notes = desk.ledger.session_notes(night.sweep_id)
    drift, profiles = desk.ledger.drift(night.sweep_id), desk.profiles()
    found = []
    for payer in {one.payer for one in night.tallies}:
        mine = tuple(one for one in night.tallies if one.payer == payer)
        said = tuple(one for one in notes if one.payer == payer)
        profile = profiles.get(payer) if payer else None
        guarded = profile is not None and (profile.folder / CANARY_FILE).is_file()
        failed = any(one.kind == Reason.CANARY_FAILED for one in said)
        passed = guarded and any(one.asked and not one.waiting for one in mine)
        canary = False if failed else True if passed else None
        found.append(PayerShare(payer, mine, said, drift.get(payer or "", ()), canary))
    return tuple(sorted(found, key=lambda one: (-one.items, one.payer or "")))


def _standing(night: Night, run: Run | None) -> tuple[str, str, str]:
    if run is not None and run.alive:
        if run.stop_asked_at is not None:
            return "stopping", "soon", "It signs out; what it has is kept."
        if run.state is RunState.QUEUED:
            return "starting", "soon", ""
        return "running", "soon", ""
    if not night.waiting and night.finished_at is not None:
        return "finished", "good", ""
    if run is not None and run.state is RunState.STOPPED:
        return "paused", "soon", "Resume it where it was."
    if run is not None and run.state is RunState.INTERRUPTED:
        ended = "Its process ended without a word. Nothing that was answered is lost: resume it."
        return "interrupted", "late", ended
    if run is not None and run.state is RunState.FAILED:
        return "failed", "late", run.said
    return "unfinished", "soon", "It was not begun here; a run elsewhere may be at work on it."
