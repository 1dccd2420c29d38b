"""The sweep as Prefect runs it: sessions of different payers side by side, ledger keys only."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime

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
from flows.journal import log

SESSION_RETRIES = 2  # a portal that stays away three times is left alone tonight
RETRY_SECONDS = 5


@flow(name="sweep", validate_parameters=False)
async def sweep(sweep_id: str) -> None:
    """Ask every portal about the pending claims of ``sweep_id``, payers side by side.

    An account that its portal keeps out for some minutes is asked for once more after the others.
    """
    context = open_context(sweep_id)
    payers = context.pending_payers()
    ends = await asyncio.gather(*(_session(sweep_id, payer) for payer in payers))
    found = dict(zip(payers, ends, strict=True))
    kept_out = {p: end.until for p, end in found.items() if isinstance(end, LoginNotBefore)}
    again = await asyncio.gather(*(_session(sweep_id, *one) for one in kept_out.items()))
    for payer, end in (found | dict(zip(kept_out, again, strict=True))).items():
        if end is not None:
            context.end_session(payer, end)


async def _session(
    sweep_id: str, payer: str, not_before: datetime | None = None
) -> Exception | None:
    """How the payer's session failed; the work goes on without an orchestrator that fails."""
    if not_before is not None:
        log("login_waited_for", sweep=sweep_id, payer=payer, until=not_before)
        until = f"{not_before.astimezone():%H:%M}"
        sys.stderr.write(f"{payer}: its portal takes no login before {until}; it is waited for\n")
        await asyncio.sleep((not_before - datetime.now(UTC)).total_seconds())
    try:
        try:
            kept_out = await payer_session(sweep_id, payer)
        except Exception as error:
            if not failed_in_orchestrator(error):
                raise
            kept_out = await payer_session.fn(sweep_id, payer)
    except Exception as error:
        return error
    return None if kept_out is None else LoginNotBefore(payer, kept_out)


@flow(
    name="payer-session",
    retries=SESSION_RETRIES,
    retry_delay_seconds=RETRY_SECONDS,
    validate_parameters=False,
)
async def payer_session(sweep_id: str, payer: str) -> datetime | None:
    """One payer account's session; what a person must mend ends it, all else is tried again.

    Until when the portal takes no login of this account, if it says so.
    """
    context = open_context(sweep_id)
    try:
        await context.account_work(payer).run()
    except AccountBusy:
        return None  # they stay pending: they are the other run's to answer
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
