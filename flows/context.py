"""What a flow run needs, opened from a ledger key and the settings in force."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial

from billing.errors import (
    BadInput,
    BrowserLost,
    CanaryFailed,
    ClaimsweepError,
    LoginCutOff,
    LoginNotBefore,
    NeedsPerson,
    PortalClosed,
    StopAccount,
    TryLater,
    UnknownPage,
)
from billing.ledger import Ledger
from billing.model import Channel, Claim, Conclusion, NoAnswer, Observation, Reason
from billing.payer_rules import PayerRules
from billing.reconcile import conclude
from billing.report import PayerNote
from bots.portal.browser import find_browser
from bots.portal.gate import refusal
from bots.profile import Profile, load_profiles
from bots.reading.canary import load_canary
from flows.account import AccountWork, make_reader
from flows.journal import log
from flows.kept_session import SealedSession, drop_session, session_key
from flows.settings import Settings, load_settings
from flows.visits import VisitWork, leave_visits, spare

REASON_OF: Mapping[type[BaseException], Reason] = {
    StopAccount: Reason.LOGIN_REFUSED,
    NeedsPerson: Reason.NEEDS_PERSON,
    BadInput: Reason.NEEDS_PERSON,
    CanaryFailed: Reason.CANARY_FAILED,
    UnknownPage: Reason.UNKNOWN_PAGE,
    LoginCutOff: Reason.UNREACHABLE,
    LoginNotBefore: Reason.UNREACHABLE,
    PortalClosed: Reason.UNREACHABLE,
    TryLater: Reason.UNREACHABLE,
    BrowserLost: Reason.UNREACHABLE,
}
"""What a session's end means for the claims left unasked; TryLater when its retries are spent."""


@dataclass(frozen=True, slots=True)
class SweepContext:
    """One sweep's ledger, profiles and settings."""

    settings: Settings
    ledger: Ledger
    profiles: Mapping[str, Profile]
    sweep_id: str
    business_date: date
    of_visits: bool = False

    def pending_payers(self) -> list[str]:
        """The payers with claims or visits to ask about whose policy lets a bot in.

        Those of the others are concluded here: a person works them from the list.
        """
        open_to_bots = []
        for payer in self.ledger.pending_payers(self.sweep_id):
            if payer is None or payer not in self.profiles:
                self.leave_unasked(
                    payer, Reason.NO_PROFILE, "No payer profile claims this payer's name."
                )
                continue
            if self.of_visits and self.profiles[payer].file.tasks.eligibility is None:
                self.leave_unasked(
                    payer, Reason.NO_PROFILE, "The payer's profile has no eligibility task."
                )
                continue
            refused = refusal(self.profiles[payer], today=self.business_date)
            if refused is None:
                open_to_bots.append(payer)
            else:
                self.leave_unasked(payer, Reason.POLICY, f"{refused}.")
        return open_to_bots

    def account_work(self, payer: str) -> AccountWork | VisitWork:
        """The work of one payer's account; finds the browser."""
        profile = self.profiles[payer]
        secret = partial(self.settings.secret, payer)
        task = profile.file.tasks.eligibility
        if self.of_visits and task is not None:
            spare(self.ledger, self.sweep_id, payer, task, today=self.business_date)
            return VisitWork(
                ledger=self.ledger,
                sweep_id=self.sweep_id,
                profile=profile,
                task=task,
                address=self.settings.portals.get(payer, profile.file.portal.address),
                browser=find_browser(),
                secret=secret,
                today=self.business_date,
                canary=partial(load_canary, profile, secret),
                keep=partial(self._keep, profile),
            )
        return self.claim_work(payer)

    def claim_work(self, payer: str) -> AccountWork:
        """The work of one payer's account on claims; finds the browser."""
        profile, secret = self.profiles[payer], partial(self.settings.secret, payer)
        return AccountWork(
            ledger=self.ledger,
            sweep_id=self.sweep_id,
            profile=profile,
            address=self.settings.portals.get(payer, profile.file.portal.address),
            browser=find_browser(),
            secret=secret,
            read_document=make_reader(profile),
            today=self.business_date,
            canary=partial(load_canary, profile, secret),
            keep=partial(self._keep, profile),
        )

    def _keep(self, profile: Profile) -> SealedSession | None:
        """Where the session lies between two runs: nowhere, where that is not wanted or there is
        no key to seal it with."""
        home = self.ledger.home
        if profile.file.session.reuse is None:
            drop_session(home, profile.id)
            return None
        try:
            key = session_key(self.settings)
        except BadInput as error:
            drop_session(home, profile.id)
            sys.stderr.write(f"{profile.id}: no session is kept for the next run. {error}\n")
            return None
        address = self.settings.portals.get(profile.id, profile.file.portal.address)
        return SealedSession(home, profile, address, key)

    def end_session(self, payer: str, end: BaseException) -> None:
        """The claims a session left unasked stay unknown, for the reason that ended it.

        What fails on our side (a full disk, a damaged ledger) says nothing of them: it is raised.
        """
        ours = isinstance(end, ClaimsweepError) and type(end) not in REASON_OF
        if ours or not isinstance(end, Exception):
            raise end
        reason = REASON_OF.get(type(end), Reason.NEEDS_PERSON)
        # only our own sentences are free of patient data
        sentence = (
            str(end)
            if type(end) in REASON_OF
            else f"Unexpected {type(end).__name__} in the session."
        )
        left = self.leave_unasked(payer, reason, sentence)
        if left or type(end) in REASON_OF:  # else the orchestrator failed after the work was done
            self.ledger.note_payer(self.sweep_id, PayerNote(payer, reason, sentence))

    def leave_unasked(self, payer: str | None, reason: Reason, detail: str) -> int:
        """Conclude what is pending of ``payer`` as unanswered for ``reason``; how many."""
        profile = self.profiles.get(payer) if payer else None
        rules = profile.rules if profile else PayerRules()
        now = datetime.now(UTC)
        if self.of_visits:
            left = leave_visits(self.ledger, self.sweep_id, payer, NoAnswer(reason, detail))
            self._note_left(payer, reason, left)
            return left

        def conclusion_for(claim: Claim) -> Conclusion:
            unasked = Observation(Channel.PORTAL, now, NoAnswer(reason, detail), ())
            return conclude(claim, [unasked], rules, today=self.business_date)

        left = self.ledger.conclude_unasked(self.sweep_id, payer, conclusion_for, now)
        self._note_left(payer, reason, left)
        return left

    def _note_left(self, payer: str | None, reason: Reason, left: int) -> None:
        if left:
            of = "visits" if self.of_visits else "claims"
            log("items_left", sweep=self.sweep_id, payer=payer, of=of, items=left, reason=reason)


def open_context(sweep_id: str) -> SweepContext:
    """Open what ``sweep_id`` needs from the settings in the environment."""
    settings = load_settings()
    ledger = settings.open_ledger()
    return SweepContext(
        settings=settings,
        ledger=ledger,
        profiles=load_profiles(settings.profiles),
        sweep_id=sweep_id,
        business_date=ledger.business_date(sweep_id),
        of_visits=ledger.holds_visits(sweep_id),
    )
