"""The sweep as Prefect runs it: sessions of different payers side by side, ledger keys only."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from prefect import flow

from billing.errors import (
    AccountBusy,
    BadInput,
    CanaryFailed,
    LoginCutOff,
    LoginNotBefore,
    NeedsPerson,
    PortalClosed,
    StopAccount,
    UnknownPage,
)
from flows.context import open_context
from flows.embedded import failed_in_orchestrator
from flows.sharing import share

SESSION_RETRIES = 2  # a portal that stays away three times is left alone tonight
RETRY_SECONDS = 5
BUSY = "busy"


@flow(name="sweep", validate_parameters=False)
async def sweep(sweep_id: str) -> None:
    """Ask every portal about the pending claims of ``sweep_id``, payers side by side, together
    with whoever else is at it, until each has a result."""
    context = open_context(sweep_id)
    await share(context, partial(_session, sweep_id))


async def _session(sweep_id: str, payer: str) -> Exception | None:
    """How the payer's session failed; the work goes on without an orchestrator that fails."""
    try:
        try:
            left = await payer_session(sweep_id, payer)
        except Exception as error:
            if not failed_in_orchestrator(error):
                raise
            left = await payer_session.fn(sweep_id, payer)
    except Exception as error:
        return error
    if left == BUSY:
        return AccountBusy(payer)
    return LoginNotBefore(payer, left) if isinstance(left, datetime) else None


@flow(
    name="payer-session",
    retries=SESSION_RETRIES,
    retry_delay_seconds=RETRY_SECONDS,
    validate_parameters=False,
)
async def payer_session(sweep_id: str, payer: str) -> datetime | str | None:
    """One payer account's session; what a person must mend ends it, all else is tried again.

    BUSY where another worker has the account; until when the portal takes no login, if it says so.
    """
    context = open_context(sweep_id)
    try:
        await context.account_work(payer).run()
    except AccountBusy:
        return BUSY  # the claims are the other worker's to answer, while it lives
    except LoginNotBefore as error:
        return error.until
    except (
        StopAccount,
        LoginCutOff,
        PortalClosed,
        NeedsPerson,
        UnknownPage,
        BadInput,
        CanaryFailed,
    ) as error:
        context.end_session(payer, error)
    return None
