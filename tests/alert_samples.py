"""A small practice of one payer, and for each kind of alert what raises it and what ends it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from shutil import copytree
from typing import Any

import yaml
from conftest import PROJECT
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from ledger_samples import EXPORT, claim, conclusion

from billing.alerts import Signal
from billing.errors import CanaryFailed
from billing.ledger import Ledger, RunState
from billing.model import Outcome, Reason
from billing.report import Drift
from flows.canary import remembered
from flows.schedule_pauses import SET_UP
from flows.settings import Settings, load_settings
from flows.soundness_signal import remember_check

PAYER = "juniper-ridge"


@dataclass
class Practice:
    """One practice's folder, settings and ledger, at one moment."""

    folder: Path
    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    tables: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        copytree(PROJECT / "payer_profiles" / PAYER, self.profile.parent)
        self.policy(
            approval_expires=self.today + timedelta(days=200),
            read_on=self.today - timedelta(days=10),
        )
        self.ledger: Ledger = self.settings.open_ledger()

    @property
    def profile(self) -> Path:
        return self.folder / "profiles" / PAYER / "profile.yaml"

    @property
    def today(self) -> date:
        return self.now.date()

    @property
    def settings(self) -> Settings:
        found = load_settings(home=self.folder / "home", profiles=self.folder / "profiles")
        return replace(found, **self.tables)

    def policy(self, **changes: object) -> None:
        """Write other dates into the profile's policy."""
        values = yaml.safe_load(self.profile.read_text(encoding="utf-8"))
        values["policy"] |= changes
        self.profile.write_text(yaml.safe_dump(values), encoding="utf-8")

    def sweep(
        self,
        reason: Reason | None,
        *,
        name: str = "20260101-a1b2c3d4",
        hours: int = 1,
        finished: bool = True,
    ) -> None:
        """A sweep of eight claims, all paid, or all left for ``reason``."""
        at = self.now - timedelta(hours=hours)
        self.ledger.begin_sweep(
            name,
            business_date=at.date(),
            exports=[EXPORT],
            claims=[claim(n, PAYER) for n in range(1, 9)],
            refused=(),
            at=at,
        )
        if not finished:
            return
        if reason is None:
            while item := self.ledger.lease_item(name, PAYER, "me", seconds=60, now=at):
                self.ledger.settle(
                    item.item_id,
                    item.fence,
                    observations=(),
                    conclusion=conclusion(Outcome.PAID),
                    postings=(),
                    seconds=None,
                    at=at,
                )
        else:
            none = conclusion(Outcome.NO_ANSWER, reason)
            self.ledger.conclude_unasked(name, PAYER, lambda _: none, at)
        self.ledger.finish_sweep(name, at + timedelta(minutes=1))

    def schedule(self) -> None:
        """Canaries are due every day, two hours ago, and were set up days ago."""
        local = (self.now - timedelta(hours=2)).astimezone(self.settings.time_zone)
        self.tables["unattended"] = {"at": {"canaries": f"0 {local.hour} * * *"}}
        set_up = self.now - timedelta(days=3)
        self.ledger.note("me", SET_UP, "schedule canaries", at=set_up, detail={"when": "daily"})

    def run(self, state: RunState) -> None:
        """The canaries' run of today, ended so."""
        at = self.now - timedelta(hours=1)
        run = self.ledger.begin_run(
            "scheduled", "canaries", sweep_id=None, by="schedule", owner="h:1:x", at=at
        )
        self.ledger.take_run(run, at)
        self.ledger.end_run(run, state, "", at=at + timedelta(minutes=1))

    def certificate(self, days: int) -> None:
        """A certificate of the console's that is good for so many days more."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "console.example")])
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(self.now - timedelta(days=60))
            .not_valid_after(self.now + timedelta(days=days))
            .sign(key, hashes.SHA256())
        )
        path = self.folder / "console.pem"
        path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        self.tables["notify"] = {"certificate": str(path)}

    def passwords(self, days: int) -> None:
        """The settings say when the account's password expires."""
        self.tables["notify"] = {"passwords": {PAYER: self.today + timedelta(days=days)}}

    def login(self, *, accepted: bool | None) -> None:
        """A login whose result nobody saw, or that was refused or accepted."""
        begun = self.ledger.begin_login(PAYER, self.now, lambda _: True)
        if accepted is not None and begun.login_id is not None:
            self.ledger.end_login(begun.login_id, accepted=accepted, at=self.now)

    def canary(self, *, passes: bool) -> None:
        """What a session notes of its canary."""
        with suppress(CanaryFailed), remembered(self.ledger, PAYER):
            if not passes:
                raise CanaryFailed(f"{PAYER}: canary failed")

    def drift(self) -> None:
        """A sweep whose pages were not quite as the profile says."""
        self.sweep(None)
        self.ledger.note_drift("20260101-a1b2c3d4", PAYER, [Drift("role=button 'Find'", "text", 1)])

    def well(self) -> None:
        """A later sweep, without any trouble."""
        self.sweep(None, name="20260102-a1b2c3d4", hours=0)


Act = Callable[[Practice], object]

RAISED_AND_ENDED: Mapping[str, tuple[Act, Act]] = {
    "canary_failed": (lambda p: p.canary(passes=False), lambda p: p.canary(passes=True)),
    "login_refused": (
        lambda p: p.login(accepted=False),
        lambda p: p.ledger.clear_account(PAYER, p.now),
    ),
    "lockout_near": (lambda p: p.login(accepted=None), lambda p: p.login(accepted=True)),
    "coverage_short": (lambda p: p.sweep(Reason.UNREACHABLE), Practice.well),
    "unknown_pages": (lambda p: p.sweep(Reason.UNKNOWN_PAGE), Practice.well),
    "drift": (Practice.drift, Practice.well),
    "schedule_late": (Practice.schedule, lambda p: p.run(RunState.DONE)),
    "schedule_failed": (
        lambda p: (p.schedule(), p.run(RunState.FAILED)),
        lambda p: p.run(RunState.DONE),
    ),
    "still_running": (lambda p: p.sweep(None, hours=27, finished=False), Practice.well),
    "profiles_refused": (
        lambda p: p.profile.write_text(p.profile.read_text() + "nonsense: 1\n"),
        lambda p: p.profile.write_text(p.profile.read_text().replace("nonsense: 1\n", "")),
    ),
    "approval_expires": (
        lambda p: p.policy(approval_expires=p.today + timedelta(days=10)),
        lambda p: p.policy(approval_expires=p.today + timedelta(days=300)),
    ),
    "terms_old": (
        lambda p: p.policy(read_on=p.today - timedelta(days=400)),
        lambda p: p.policy(read_on=p.today),
    ),
    "password_expires": (lambda p: p.passwords(5), lambda p: p.passwords(90)),
    "certificate_expires": (lambda p: p.certificate(10), lambda p: p.certificate(80)),
    "unsound": (
        lambda p: remember_check(p.ledger, "audit", 2),
        lambda p: remember_check(p.ledger, "audit", 0),
    ),
    "notify_failed": (
        lambda p: p.ledger.signal(Signal("notify_failed", "office-mail", "Not told."), p.now),
        lambda p: p.ledger.unsignal("notify_failed", "office-mail"),
    ),
}
"""Kind of alert → what makes it so, and what ends it; the others are of machines."""
