"""Deletion by policy as the schedule does it."""

from __future__ import annotations

import asyncio

from flows.retention import apply
from flows.scheduled import Occasion
from flows.settings import Settings


async def delete_by_policy(settings: Settings, occasion: Occasion) -> str:
    """Delete what [retention] says; a sentence of counts."""
    done = await asyncio.to_thread(lambda: apply(settings, settings.open_ledger(), occasion.due))
    return done.sentence


def no_policy(settings: Settings) -> bool:
    """Whether the settings have no policy, so that nothing is ever deleted."""
    return not settings.retention
