"""The backup as the schedule makes it."""

from __future__ import annotations

import asyncio

from billing.errors import BadInput
from flows.backup import back_up
from flows.scheduled import Occasion
from flows.settings import Settings
from flows.unattended import unattended


async def back_up_home(settings: Settings, occasion: Occasion) -> str:
    """Bring the backup in the settings' folder up to now; a sentence of counts."""
    entry = unattended(settings).entry(occasion.name)
    if entry is None or entry.folder is None:
        raise BadInput("Settings: [unattended] backup names no folder")
    done = await asyncio.to_thread(back_up, settings, entry.folder)
    missing = f", {len(done.missing)} were missing" if done.missing else ""
    return f"{done.evidence} files of evidence are backed up, {done.copied} of them new{missing}."
