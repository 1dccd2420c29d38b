"""Before a portal is asked about anybody, it is asked about a claim or a member that is known."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeVar

from billing.alerts import Signal
from billing.coverage import Coverage, CoverageObservation, Visit
from billing.errors import CanaryFailed, SessionEnded, TryLater
from billing.ledger import Ledger
from billing.model import ClaimStatus, Found, NoAnswer, NotFound, Observation, Reason
from bots.eligibility_task import EligibilityTask
from bots.portal.capture import Keep
from bots.portal.driver import ClaimStatusDriver
from bots.portal.eligibility import EligibilityDriver
from bots.portal.session import PortalSession
from bots.reading.canary import Canary
from flows.journal import log

DOWN = (Reason.UNAVAILABLE, Reason.UNREACHABLE)
Answer = TypeVar("Answer")


async def ask_canary(session: PortalSession, keep: Keep, canary: Canary) -> Observation:
    """The portal's answer about the canary. Raises TryLater when it cannot answer now."""
    driver, claim = ClaimStatusDriver(session, keep), canary.asked(session.profile.id)
    asked = await _answer(session, lambda: driver.ask(claim))
    return asked.observation


def judge_canary(payer: str, observation: Observation, canary: Canary) -> None:
    """Return when the answer is the known one.

    Raises CanaryFailed when it is another, TryLater when the portal did not answer.
    """
    match observation.answer:
        case Found(ClaimStatus() as status):
            wrong = canary.differences(status)
        case _:
            wrong = []
    _judge(payer, "claim", observation, wrong)


async def ask_known_member(
    session: PortalSession, task: EligibilityTask, keep: Keep, visit: Visit
) -> CoverageObservation:
    """The portal's answer about the known member. Raises TryLater when it cannot answer now."""
    driver = EligibilityDriver(session, task, keep)
    return await _answer(session, lambda: driver.ask(visit))


def judge_known_member(payer: str, observation: CoverageObservation, canary: Canary) -> None:
    """As :func:`judge_canary`, of the known member's cover."""
    match observation.answer:
        case Found(Coverage() as coverage):
            wrong = canary.cover_differences(coverage)
        case _:
            wrong = []
    _judge(payer, "member", observation, wrong)


@contextmanager
def remembered(ledger: Ledger, payer: str, *, of_member: bool = False) -> Iterator[None]:
    """Remember whether the canary that is judged inside failed, until it passes."""
    kind, subject = "canary_failed", f"{payer}-eligibility" if of_member else payer
    try:
        yield
    except CanaryFailed:
        known = "member" if of_member else "claim"
        said = f"The portal of {payer} does not answer its known {known} as it is known."
        ledger.signal(Signal(kind, subject, said), datetime.now(UTC))
        raise
    ledger.unsignal(kind, subject)


async def _answer(session: PortalSession, ask: Callable[[], Awaitable[Answer]]) -> Answer:
    try:
        try:
            return await ask()
        except SessionEnded:
            if not session.reused:
                raise
            await session.renew()  # the session of the run before had less left than it showed
            return await ask()
    except SessionEnded:
        name = session.profile.id
        raise TryLater(f"{name} ended the session when it was asked about the canary") from None


def _judge(
    payer: str, known: str, observation: Observation | CoverageObservation, wrong: list[str]
) -> None:
    match observation.answer:
        case NoAnswer(reason=reason, detail=detail) if reason in DOWN:
            raise TryLater(f"{payer}, asked about the canary: {detail}")
        case NoAnswer(detail=detail):
            what = f"was not answered ({detail.removesuffix('.')})"
        case NotFound():
            what = "was not found"
        case _ if wrong:
            what = f"reads otherwise in {', '.join(wrong)}"
        case _:
            log("canary_passed", payer=payer)
            return
    shown = next(iter(reversed(observation.captures)), "")[:12]
    log("canary_failed", payer=payer)
    raise CanaryFailed(
        f"{payer}: canary failed: the known {known} {what}; compare the portal (evidence {shown}) "
        "with the profile, then run claimsweep canary"
    )
