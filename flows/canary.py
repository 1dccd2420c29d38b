"""Before a portal is asked about anybody's claim, it is asked about one whose answer is known."""

from __future__ import annotations

from billing.errors import CanaryFailed, SessionEnded, TryLater
from billing.model import ClaimStatus, Found, NoAnswer, NotFound, Observation, Reason
from bots.portal.capture import Keep
from bots.portal.driver import ClaimStatusDriver
from bots.portal.session import PortalSession
from bots.reading.canary import Canary

DOWN = (Reason.UNAVAILABLE, Reason.UNREACHABLE)


async def ask_canary(session: PortalSession, keep: Keep, canary: Canary) -> Observation:
    """The portal's answer about the canary. Raises TryLater when it cannot answer now."""
    payer = session.profile.id
    try:
        asked = await ClaimStatusDriver(session, keep).ask(canary.asked(payer))
    except SessionEnded:
        raise TryLater(f"{payer} ended the session when it was asked about the canary") from None
    return asked.observation


def judge_canary(payer: str, observation: Observation, canary: Canary) -> None:
    """Return when the answer is the known one.

    Raises CanaryFailed when it is another, TryLater when the portal did not answer.
    """
    match observation.answer:
        case NoAnswer(reason=reason, detail=detail) if reason in DOWN:
            raise TryLater(f"{payer}, asked about the canary: {detail}")
        case NoAnswer(detail=detail):
            what = f"was not answered ({detail.removesuffix('.')})"
        case NotFound():
            what = "was not found"
        case Found(ClaimStatus() as status):
            wrong = canary.differences(status)
            if not wrong:
                return
            what = f"reads otherwise in {', '.join(wrong)}"
        case _:
            what = "was answered with something else than a status"
    shown = next(iter(reversed(observation.captures)), "")[:12]
    raise CanaryFailed(
        f"{payer}: canary failed: the known claim {what}; compare the portal (evidence {shown}) "
        "with the profile, then run claimsweep canary"
    )
