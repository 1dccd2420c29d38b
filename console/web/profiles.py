"""Payer profiles: what is wrong with them, their canaries, drift and replays."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from billing.errors import BadInput, ProfileError
from billing.ledger import Run, RunState
from billing.people import Role
from billing.report import Drift
from bots.profile import Profile
from bots.reading.canary import CANARY_FILE
from console.web.access import Caller, allowed, desk_of
from console.web.rendering import page

router = APIRouter()

Viewer = Annotated[Caller, Depends(allowed(Role.VIEWER))]
Lead = Annotated[Caller, Depends(allowed(Role.LEAD))]
Administrator = Annotated[Caller, Depends(allowed(Role.ADMINISTRATOR))]


@dataclass(frozen=True, slots=True)
class Kept:
    """One profile with what is known of it: the problems of its folder, where its portal drifted
    last (in which sweep), and the newest canary and replay that were run from here."""

    profile: Profile
    problems: tuple[str, ...]
    drift: tuple[Drift, ...]
    drifted_in: str | None
    canary: Run | None
    canary_said: Mapping[str, str]
    replay: Run | None
    replayed: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The payer's name."""
        return self.profile.file.payer.name

    @property
    def has_canary(self) -> bool:
        """Whether a claim with a known answer is kept for it."""
        return (self.profile.folder / CANARY_FILE).is_file()

    @property
    def tasks(self) -> tuple[str, ...]:
        """What its portal can be asked."""
        tasks = self.profile.file.tasks
        asked = ["claim status"]
        asked += ["EOB documents"] if tasks.claim_status.document is not None else []
        asked += ["eligibility"] if tasks.eligibility is not None else []
        return tuple(asked)

    @property
    def cases(self) -> int:
        """How many recorded cases prove it."""
        return len([one for one in (self.profile.folder / "cases").glob("*/") if one.is_dir()])

    @property
    def working(self) -> bool:
        """Whether a canary or a replay of it runs now."""
        return any(run is not None and run.alive for run in (self.canary, self.replay))


@router.get("/profiles")
def profiles(request: Request, caller: Viewer) -> Response:
    """Every profile, with what is wrong in any folder."""
    desk = desk_of(request)
    problems = tuple(desk.bots.lint())
    try:
        known = desk.profiles()
    except ProfileError:  # the problems say which
        known = {}
    kept = [_kept(request, one, problems) for one in known.values()]
    return page(request, "profiles", kept=kept, problems=problems)


@router.get("/profiles/{payer}")
def profile(request: Request, caller: Viewer, payer: str) -> Response:
    """One profile: its permission, its proofs, and the change that its portal's drift asks for."""
    return _one(request, payer)


@router.get("/profiles/{payer}/runs")
def runs(request: Request, caller: Viewer, payer: str) -> Response:
    """The part of its page that changes while a canary or a replay runs."""
    kept = _kept(request, _profile(request, payer), ())
    part = page(request, "profile_runs", kept=kept)
    if not kept.working:
        part.headers["HX-Refresh"] = "true"
    return part


@router.post("/profiles/{payer}/canary")
def canary(request: Request, caller: Lead, payer: str) -> Response:
    """Ask its portal about the known claim."""
    return _begin(request, payer, lambda: desk_of(request).bots.canary(payer, by=caller.name))


@router.post("/profiles/{payer}/replay")
def replay(request: Request, caller: Lead, payer: str) -> Response:
    """Read everything that was captured of it again, with the profile of today."""
    return _begin(request, payer, lambda: desk_of(request).bots.replay(payer, by=caller.name))


@router.get("/profiles/{payer}/drift.diff")
def drift(request: Request, caller: Lead, payer: str) -> Response:
    """The change to the profile, to apply with git apply or patch -p1."""
    kept = _kept(request, _profile(request, payer), ())
    if kept.drifted_in is None:
        raise BadInput("No sweep has seen this portal drift")
    text = desk_of(request).bots.drift_patch(payer, kept.drifted_in)
    headers = {"Content-Disposition": f'attachment; filename="drift-{payer}.diff"'}
    return PlainTextResponse(text, headers=headers)


@router.post("/profiles/{payer}/apply")
def apply(
    request: Request,
    caller: Administrator,
    payer: str,
    sweep_id: Annotated[str, Form()],
    reviewed: Annotated[str, Form()],
) -> Response:
    """Write the change into the profile that was ``reviewed`` (its hash), if its recorded cases
    still read as expected."""
    bots = desk_of(request).bots
    return _begin(
        request,
        payer,
        lambda: bots.apply_drift(payer, sweep_id, reviewed=reviewed, by=caller.name),
    )


def _begin(request: Request, payer: str, act: Any) -> Response:
    _profile(request, payer)
    try:
        act()
    except BadInput as error:
        return _one(request, payer, refused=str(error))
    return RedirectResponse(f"/profiles/{payer}", 303)


def _one(request: Request, payer: str, *, refused: str | None = None) -> Response:
    desk = desk_of(request)
    found = _profile(request, payer)
    kept = _kept(request, found, tuple(desk.bots.lint()))
    patch = desk.bots.drift_patch(payer, kept.drifted_in) if kept.drifted_in else ""
    return page(
        request,
        "profile",
        status=400 if refused else 200,
        refused=refused,
        kept=kept,
        obstacle=desk.bots.obstacle(payer),
        lines=[(_kind(line), line) for line in patch.splitlines()],
        changes=any(line.startswith("+") for line in patch.splitlines()),
        trail=desk.ledger.audit_trail(subject=payer, most=10),
    )


def _kind(line: str) -> str:
    if line.startswith(("+++", "---", "@@", "#")):
        return "said"
    return {"+": "added", "-": "removed"}.get(line[:1], "same")


def _profile(request: Request, payer: str) -> Profile:
    known = desk_of(request).profiles()
    if payer not in known:
        raise BadInput(f"There is no payer profile {payer}; see the list of profiles")
    return known[payer]


def _kept(request: Request, profile: Profile, problems: tuple[str, ...]) -> Kept:
    ledger = desk_of(request).ledger
    sweep_id, drift = ledger.newest_drift(profile.id) or (None, ())
    canary, replay = (
        ledger.newest_run("canary", profile.id),
        ledger.newest_run("replay", profile.id),
    )
    return Kept(
        profile=profile,
        problems=tuple(one for one in problems if f"{profile.id}/" in one),
        drift=drift,
        drifted_in=sweep_id,
        canary=canary,
        canary_said=_said(canary),
        replay=replay,
        replayed=_said(replay),
    )


def _said(run: Run | None) -> Mapping[str, Any]:
    """What a finished run left; empty for one that did not finish."""
    if run is None or run.state is not RunState.DONE:
        return {}
    left: Mapping[str, Any] = json.loads(run.said)
    return left
