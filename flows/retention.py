"""Deletes what is older than the policy in the settings' ``[retention]`` allows, and says why."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from billing.errors import BadInput
from billing.ledger import Ledger
from billing.retention import LEAST_DAYS, Expiring, Kind, Policy
from flows.settings import Settings

HOLD = "legal_hold"
AUDIT = "audit_days"
BY = "retention"
_SWEEP = re.compile(r"(eligibility-)?\d{8}-[0-9a-f]{8}\Z")
_KEYS = {f"{kind}_days": kind for kind in Kind}


@dataclass(frozen=True, slots=True)
class Deleted:
    """What one call deleted: things of each kind, and how many marks of evidence were settled."""

    things: Mapping[Kind, int]
    evidence: int

    @property
    def sentence(self) -> str:
        """It in words, without names."""
        parts = [f"{count} {kind}" for kind, count in self.things.items() if count]
        told = ", ".join(parts) or "nothing was old enough"
        return f"Deleted by policy: {told}; {self.evidence} pieces of evidence looked at."


def policy_of(settings: Settings) -> Policy:
    """The policy in force; without [retention] nothing is ever deleted.

    Raises BadInput naming the key that is misspelt, too short, or asks for what is not done.
    """
    table = settings.retention
    if AUDIT in table:
        raise BadInput(
            f"Settings: [retention] has no {AUDIT}: the audit trail is never deleted, because each "
            "entry seals those before it, and documentation is to be kept six years "
            "(45 CFR 164.316(b)(2)(i))"
        )
    if unknown := sorted(set(table) - {*_KEYS, HOLD}):
        raise BadInput(
            f"Settings: [retention] has no {unknown[0]}; it has {', '.join([*_KEYS, HOLD])}"
        )
    days = {kind: _days(table[key], key, kind) for key, kind in _KEYS.items() if key in table}
    if days.get(Kind.CAPTURES, 0) > days.get(Kind.ANSWERS, 10**6):
        raise BadInput(
            "Settings: [retention] captures_days is more than answers_days: what an answer rests "
            "on goes with it at the latest"
        )
    held = table.get(HOLD, [])
    if not isinstance(held, bool | list) or (
        isinstance(held, list) and not all(isinstance(one, str) and one for one in held)
    ):
        raise BadInput(
            f"Settings: [retention] {HOLD} is a list of claim numbers as the export spells them, "
            "or true to hold everything"
        )
    if isinstance(held, bool):
        return Policy(days, hold_all=held)
    return Policy(days, held=frozenset(held))


def expiring(settings: Settings, ledger: Ledger, now: datetime) -> list[Expiring]:
    """What the policy would delete at ``now``, a line for each kind it names; nothing is done."""
    policy, disputed = policy_of(settings), disputed_claims(ledger)
    found = []
    for kind in policy.days:
        before = policy.before(kind, now)
        if before is None:
            continue
        if kind is Kind.OUTPUTS:
            folders = len(list(_old_folders(settings.artifacts, before)))
            found.append(Expiring(kind, before, "folders of a sweep's files", folders, {}))
        else:
            found.append(ledger.expiring(kind, before, policy.held, disputed))
    return found


def apply(settings: Settings, ledger: Ledger, now: datetime, *, by: str = BY) -> Deleted:
    """Delete what the policy says, in small transactions, each on the audit trail.

    Ended at any moment, the next call goes on. Raises BadInput for a policy that cannot be used,
    LedgerError while others keep the database from writing itself anew.
    """
    policy, disputed = policy_of(settings), disputed_claims(ledger)
    things: dict[Kind, int] = {}
    for kind in policy.days:
        before = policy.before(kind, now)
        if before is None:
            continue
        things[kind] = 0
        if kind is Kind.OUTPUTS:
            things[kind] = _drop_folders(settings, ledger, before, by=by, at=now)
            continue
        while some := ledger.expire_some(kind, before, policy.held, disputed, by=by, at=now):
            things[kind] += some
    evidence = 0
    while some := ledger.forget_some():
        evidence += some
    if policy.days:  # also when a call before this one was ended just here
        ledger.give_back_space()
    return Deleted(things, evidence)


def disputed_claims(ledger: Ledger) -> frozenset[str]:
    """The claim numbers in payments whose documents differ and that nobody has settled."""
    return frozenset(
        claim.claim_id
        for payment in ledger.contested()
        if payment.conflict and payment.settled is None
        for statement in payment.contenders
        for claim in statement.remittance.claims
    )


def _old_folders(artifacts: Path, before: datetime) -> Iterator[Path]:
    """A sweep's own folders, none that a person named otherwise."""
    with suppress(FileNotFoundError):
        for path in sorted(artifacts.iterdir()):
            if not path.is_symlink() and path.is_dir() and _SWEEP.match(path.name):
                newest = max(one.stat().st_mtime for one in (path, *path.iterdir()))
                if datetime.fromtimestamp(newest, UTC) < before:
                    yield path


def _drop_folders(
    settings: Settings, ledger: Ledger, before: datetime, *, by: str, at: datetime
) -> int:
    dropped = 0
    for path in _old_folders(settings.artifacts, before):
        files = sum(len(names) for _, _, names in os.walk(path))
        try:
            shutil.rmtree(path)
        except OSError as error:
            raise BadInput(
                f"{path}: cannot be deleted ({error.strerror}); mend that, then run again"
            ) from None
        told = {"files": files, "before": before.date().isoformat()}
        ledger.note(by, "deleted by policy", f"files of {path.name}", at=at, detail=told)
        dropped += 1
    return dropped


def _days(value: object, key: str, kind: Kind) -> int:
    least = LEAST_DAYS[kind]
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise BadInput(f"Settings: [retention] {key} is a number of days, {least} or more")
    return value
