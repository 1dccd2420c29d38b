"""The sweep as Prefect runs it: sessions of different payers side by side, ledger keys only."""

from __future__ import annotations

import asyncio

from prefect import flow

from billing.errors import (
    AccountBusy,
    BadInput,
    CanaryFailed,
    LoginCutOff,
    NeedsPerson,
    PortalClosed,
    StopAccount,
    UnknownPage,
)
from flows.context import open_context
from flows.embedded import failed_in_orchestrator

SESSION_RETRIES = 2  # a portal that stays away three times is left alone tonight
RETRY_SECONDS = 5


@flow(name="sweep", validate_parameters=False)
async def sweep(sweep_id: str) -> None:
    """Ask every portal about the pending claims of ``sweep_id``, payers side by side."""
    context = open_context(sweep_id)
    payers = context.pending_payers()
    ends = await asyncio.gather(*(_session(sweep_id, payer) for payer in payers))
    for payer, end in zip(payers, ends, strict=True):
        if end is not None:
            context.end_session(payer, end)


async def _session(sweep_id: str, payer: str) -> Exception | None:
    """How the payer's session failed; the work goes on without an orchestrator that fails."""
    try:
        try:
            await payer_session(sweep_id, payer)
        except Exception as error:
            if not failed_in_orchestrator(error):
                raise
            await payer_session.fn(sweep_id, payer)
    except Exception as error:
        return error
    return None


@flow(
    name="payer-session",
    retries=SESSION_RETRIES,
    retry_delay_seconds=RETRY_SECONDS,
    validate_parameters=False,
)
async def payer_session(sweep_id: str, payer: str) -> None:
    """One payer account's session; what a person must mend ends it, all else is tried again."""
    context = open_context(sweep_id)
    try:
        await context.account_work(payer).run()
    except AccountBusy:
        return  # they stay pending: they are the other run's to answer
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
