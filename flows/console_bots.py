"""What the console starts: each run that asks a portal is a process of its own."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from billing.errors import BadInput
from billing.ledger import Ledger, Run, SweptExport, living_process, owner_name
from billing.model import Claim
from bots.exports.schedule import ScheduleReading, read_schedule
from bots.portal.gate import closed, refusal
from bots.profile import Profile, spellings
from console.web.doors import MemberAsked, ScheduleStanding
from console.web.kept_profiles import KeptProfiles
from flows import schedule_pauses
from flows.appeal import make_packet
from flows.codes import give_code, waiting_until
from flows.drift import proposal
from flows.drift_applied import apply_drift
from flows.login_book import AccountBook
from flows.profiles import lint
from flows.run import start_sweep
from flows.schedule_standing import standings
from flows.settings import Settings
from flows.unattended import unattended

ASKED_HERE = "asked-at-the-console.csv"
RESUMABLE = timedelta(days=1)
_SCHEDULE = "Appt Date,Patient Last,Patient First,DOB,Payer,Policy Number,Service Type".split(",")


def _environment() -> Mapping[str, str]:
    return dict(os.environ)


@dataclass(frozen=True, slots=True)
class ConsoleBots:
    """Runs begun from the console, with the settings that it runs with.

    ``environment`` is what a run's process gets: the settings, and nothing of a patient.
    ``children`` are the processes started here that may still be at work, ``linted`` is what was
    wrong with the profiles as they were last.
    """

    settings: Settings
    ledger: Ledger
    profiles: KeptProfiles
    environment: Mapping[str, str] = field(default_factory=_environment, repr=False)
    children: list[subprocess.Popen[bytes]] = field(default_factory=list)
    linted: dict[object, Sequence[str]] = field(default_factory=dict)

    def check(self, item_id: int, *, by: str) -> str:
        """Begin asking about the claim of an item now; the id of the sweep that will hold the
        answer. Of a claim that is being asked about already, the id of that."""
        about = f"item {item_id}"
        if (running := self._alive("check", about)) is not None:
            return str(running.sweep_id)
        claim, export = self.ledger.asked_claim(item_id)
        self._require_open(claim.payer, claim.payer_name)
        now = datetime.now(UTC)
        sweep_id = f"check-{now:%Y%m%d-%H%M%S-%f}"
        self.ledger.begin_sweep(
            sweep_id,
            business_date=self._day(now),
            exports=[export] if export else [],
            claims=[claim],
            refused=(),
            at=now,
        )
        self._start("check", about, sweep_id, by)
        return sweep_id

    def check_member(self, asked: MemberAsked, *, by: str) -> str:
        """Begin asking about a member's cover; the id of the sweep that will hold the answer."""
        profile = self._require_open(asked.payer, asked.payer)
        if profile.file.tasks.eligibility is None:
            raise BadInput(f"{profile.file.payer.name}: its profile has no eligibility task")
        data, reading = self._one_visit(asked, profile)
        now = datetime.now(UTC)
        sweep_id = f"check-{now:%Y%m%d-%H%M%S-%f}"
        self.ledger.store(data, "text/csv")
        system = reading.recognised.system.system
        self.ledger.begin_visits(
            sweep_id,
            business_date=self._day(now),
            schedule=SweptExport(ASKED_HERE, reading.sha256, system, reading.rows_in),
            visits=reading.visits,
            refused=(),
            at=now,
        )
        self._start("check", sweep_id, sweep_id, by)
        return sweep_id

    def sweep(self, files: Sequence[tuple[str, bytes]], *, ask_all: bool, by: str) -> str:
        """Begin a sweep of uploaded exports (file name, bytes); its id. The same files on the
        same day are the same sweep, which goes on."""
        with tempfile.TemporaryDirectory(dir=self.settings.home) as folder:
            paths = [Path(folder) / (Path(name).name or "export.csv") for name, _ in files]
            if len({path.name.casefold() for path in paths}) != len(paths):
                raise BadInput("Two of the files have the same name; rename one of them")
            for path, (_, data) in zip(paths, files, strict=True):
                path.write_bytes(data)
            try:
                started = start_sweep(
                    self.ledger,
                    paths,
                    self.profiles(),
                    self._day(datetime.now(UTC)),
                    own=self.settings.own_systems,
                    ask_all=ask_all,
                )
            except BadInput as error:
                raise BadInput(str(error).replace(f"{folder}{os.sep}", "")) from None
        self._start("sweep", started.sweep_id, started.sweep_id, by)
        return started.sweep_id

    def sweep_again(self, sweep_id: str, *, ask_all: bool, by: str) -> str:
        """Begin today's sweep of the same exports as an earlier one's; its id."""
        if self.ledger.holds_visits(sweep_id):
            raise BadInput(
                "That was a schedule of visits; check a schedule by claimsweep eligibility"
            )
        exports = self.ledger.sweep_exports(sweep_id)
        files = [(one.name, self.ledger.fetch(one.sha256)) for one in exports]
        return self.sweep(files, ask_all=ask_all, by=by)

    def resume(self, sweep_id: str, *, by: str) -> None:
        """Go on with a sweep that was stopped or interrupted, or whose claims were unanswered."""
        today = self._day(datetime.now(UTC))
        if today - self.ledger.business_date(sweep_id) > RESUMABLE:
            raise BadInput(
                "That sweep is of an earlier day; begin a new one with the same files instead"
            )
        what = "check" if sweep_id.startswith("check-") else "sweep"
        newest = self.ledger.run_of_sweep(sweep_id)
        about = newest.about if newest is not None else sweep_id
        if newest is None or not newest.alive:
            self.ledger.reopen_unanswered(sweep_id)
        self._start(what, about, sweep_id, by)

    def stop(self, sweep_id: str, *, by: str) -> None:
        """Have a run stop as Ctrl-C does: it signs out and keeps what it has."""
        run = self.ledger.run_of_sweep(sweep_id)
        process = living_process(run.owner) if run is not None and run.alive else None
        if run is None or process is None:
            raise BadInput("No run of the console works on it on this machine; nothing was stopped")
        self.ledger.ask_to_stop(run.run_id, by=by, at=datetime.now(UTC))
        os.kill(process, signal.SIGTERM)

    def obstacle(self, payer: str | None) -> str | None:
        """Why the payer's portal may not be asked now, in a sentence; None where it may."""
        profiles = self.profiles()
        if payer is None or payer not in profiles:
            return "no payer profile claims this payer's name"
        profile, now = profiles[payer], datetime.now(UTC)
        attempts = profile.file.login.attempts_before_lockout
        return (
            refusal(profile, today=self._day(now))
            or AccountBook(self.ledger, payer, attempts).stopped(now)
            or closed(profile, now=now)
        )

    def schedules(self) -> Sequence[ScheduleStanding]:
        """What runs by itself, and when next."""
        return standings(self.settings, self.ledger, datetime.now(UTC))

    def pause_schedule(self, name: str, *, by: str) -> None:
        """Let a schedule rest from now on."""
        schedule_pauses.pause(self.ledger, self._schedule(name), by=by)

    def resume_schedule(self, name: str, *, by: str) -> None:
        """Let a schedule be due again."""
        schedule_pauses.resume(self.ledger, self._schedule(name), by=by)

    def lint(self) -> Sequence[str]:
        """Every problem of every profile: file, line, key and fact."""
        today = self._day(datetime.now(UTC))
        key = (today, self.profiles.stamp())
        if key not in self.linted:
            found = lint(self.settings.profiles, today)
            self.linted.clear()
            self.linted[key] = [
                one.replace(f"{self.settings.profiles}{os.sep}", "") for one in found
            ]
        return self.linted[key]

    def canary(self, payer: str, *, by: str) -> None:
        """Begin asking a portal about its known claim alone."""
        self._require_open(payer, payer)
        self._start("canary", payer, None, by)

    def replay(self, payer: str, *, by: str) -> None:
        """Begin reading a payer's captures again, offline, with its profile of today."""
        self._start("replay", payer, None, by)

    def drift_patch(self, payer: str, sweep_id: str) -> str:
        """What a portal's drift in a sweep asks of its profile: remarks, then a unified diff."""
        return proposal(self.ledger, self.profiles()[payer], self.ledger.drift(sweep_id)[payer])

    def apply_drift(self, payer: str, sweep_id: str, *, reviewed: str, by: str) -> None:
        """Write that change into the profile whose hash was ``reviewed``, if all its recorded
        cases still read as expected."""
        now = apply_drift(self.profiles()[payer], self.ledger.drift(sweep_id)[payer], reviewed)
        self.ledger.note(
            by,
            "drift applied to the profile",
            payer,
            at=datetime.now(UTC),
            detail={"sweep": sweep_id, "before": reviewed, "after": now},
        )

    def waits_for_code(self, payer: str) -> datetime | None:
        """Until when a run waits for a one-time code of the payer; None when none does."""
        return waiting_until(self.settings.home, payer)

    def give_code(self, payer: str, code: str, *, by: str) -> None:
        """Hand the one-time code to the run that waits for it."""
        give_code(self.settings.home, payer, code.strip())
        self.ledger.note(by, "code given", payer, at=datetime.now(UTC))

    def _schedule(self, name: str) -> str:
        if unattended(self.settings).entry(name) is None:
            raise BadInput("No schedule of that name is in force")
        return name

    def _require_open(self, payer: str | None, name: str) -> Profile:
        why = self.obstacle(payer)
        if payer is None or why is not None:
            raise BadInput(why if why and payer else f"{name}: {why}")
        return self.profiles()[payer]

    def _day(self, now: datetime) -> date:
        return now.astimezone(self.settings.time_zone).date()

    def _one_visit(self, asked: MemberAsked, profile: Profile) -> tuple[bytes, ScheduleReading]:
        """What is asked as a schedule of one row, and what is read of that."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(_SCHEDULE)
        writer.writerow(
            [
                f"{asked.day:%m/%d/%Y}",
                asked.last,
                asked.first,
                f"{asked.born:%m/%d/%Y}",
                profile.file.payer.name,
                asked.member_id,
                asked.service_type,
            ]
        )
        data = text.getvalue().encode()
        names = spellings(self.profiles())
        reading = read_schedule(data, ASKED_HERE, payer_ids=names)
        if not reading.visits:
            raise BadInput(f"That cannot be asked: {reading.refused[0].why}")
        return data, reading

    def _alive(self, what: str, about: str) -> Run | None:
        run = self.ledger.newest_run(what, about)
        return run if run is not None and run.alive else None

    def _start(self, what: str, about: str, sweep_id: str | None, by: str) -> None:
        """Enter the run, then start its process: it gets the run's number, and no more."""
        self.children[:] = [one for one in self.children if one.poll() is None]
        run_id = self.ledger.begin_run(
            what, about, sweep_id=sweep_id, by=by, owner=owner_name(), at=datetime.now(UTC)
        )
        settings = {
            "CLAIMSWEEP_HOME": str(self.settings.home),
            "CLAIMSWEEP_PROFILES": str(self.settings.profiles),
            "CLAIMSWEEP_ARTIFACTS": str(self.settings.artifacts),
        }
        child = subprocess.Popen(
            [sys.executable, "-m", "flows.console_run", str(run_id)],
            cwd=self.settings.home,
            env={**self.environment, **settings},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a console that ends leaves its runs to their work
        )
        self.children.append(child)
        self.ledger.give_run(run_id, owner_name(child.pid))

    def appeal(self, claim: Claim, path: Path, *, today: date) -> tuple[str, ...]:
        """Write the appeal packet of a denied claim; what a person does before sending it."""
        made = make_packet(
            self.settings, claim.claim_id, payer=claim.payer, out=path, letter=None, today=today
        )
        fill_in = (f"Fill in {one}." for one in made.fill_in)
        look_at = (f"Look: {one}." for one in made.look_at)
        return (*fill_in, *look_at)
