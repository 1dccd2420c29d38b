"""Files that came into the inbox folder are received, each once, and reconciled and proposed."""

from __future__ import annotations

import asyncio
import hashlib
import io
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from billing.errors import BadInput, UnreadableDocument
from bots.file_bytes import read_file
from bots.profile import load_profiles
from bots.reading.x12_envelope import ACKNOWLEDGED, Interchanges
from console.words import counted
from flows.post_box import settle_sent
from flows.posting import propose
from flows.receiving import DOCUMENTS, receive_file
from flows.reconciling import reconcile
from flows.scheduled import Occasion
from flows.scheduled_sweep import newest_of_each
from flows.settings import Settings
from flows.unattended import unattended

READ, ANSWERS, NOT_READ = "read", "answers", "not-read"
"""The folders in the inbox that a file is moved to."""

SETTLED_SECONDS = 60
"""A file that was written to more recently may not be whole yet."""

ANSWERING = {"277", "271", "999", "997", "TA1", ACKNOWLEDGED}


def nothing_new(settings: Settings) -> bool:
    """Whether no inbox holds a file to read."""
    return not any(_waiting(one) for one in _inboxes(settings))


async def read_folder(settings: Settings, occasion: Occasion) -> str:
    """Receive every file of the inbox, move it, then reconcile and propose what is new."""
    entry = unattended(settings).entry(occasion.name)
    if entry is None or entry.folder is None:
        raise BadInput(f"[unattended] names no folder for {occasion.name}")
    return await asyncio.to_thread(_read, settings, entry.folder)


def _read(settings: Settings, inbox: Path) -> str:
    ledger, profiles = settings.open_ledger(), load_profiles(settings.profiles)
    came: Counter[str] = Counter()
    try:
        run = f"inbox {datetime.now(UTC):%Y%m%d}"
        for path in _waiting(inbox):
            data = read_file(path)
            kinds = _kinds(data)
            unread = []
            if not kinds or kinds - ANSWERING:
                unread = receive_file(ledger, settings, profiles, data, path.name, run)
                came["with payments"] += "835" in kinds or not unread
            if kinds & ANSWERING:
                came["with answers"] += 1
            where = ANSWERS if kinds & ANSWERING else NOT_READ if unread else READ
            came["to look at"] += where == NOT_READ
            _move(path, data, inbox / where)
    finally:
        ledger.close()
    said = [f"{counted(count, 'file')} {what}" for what, count in came.items() if count]
    if came["with answers"]:
        settle_sent(settings, inbox / ANSWERS)
    if came["with payments"]:
        said.append(_reconcile(settings))
    return ", ".join(said) + "."


def _reconcile(settings: Settings) -> str:
    """Hold the payments against the bank and the newest exports, and propose what may be posted."""
    folders = [e.folder for e in unattended(settings).entries if e.row.needs == "exports"]
    exports = [path for folder in folders if folder for path in newest_of_each(folder, settings)]
    reconcile(settings, exports=exports, remittances=(), deposits=(), out=None)
    proposed = propose(settings, (), exports, by="schedule")
    held = f", {counted(len(proposed.held), 'posting')} held back" if proposed.held else ""
    return (f"batch {proposed.batch.batch_id} proposed" if proposed.batch else "no batch") + held


def _kinds(data: bytes) -> set[str]:
    """The kinds of X12 transactions in a file; none of what is no X12 that can be read."""
    if any(data.lstrip().startswith(sign) for sign in DOCUMENTS):
        return set()
    kinds = set()
    try:
        for transaction in Interchanges(io.BytesIO(data)):
            kinds.add(transaction.kind)
            for _ in transaction.body:
                pass
    except UnreadableDocument:
        return kinds
    return kinds


def _waiting(inbox: Path) -> list[Path]:
    before = time.time() - SETTLED_SECONDS
    try:
        return sorted(
            path
            for path in inbox.iterdir()
            if path.is_file() and not path.name.startswith(".") and path.stat().st_mtime <= before
        )
    except OSError as error:
        raise BadInput(f"{inbox}: cannot be read ({error.strerror}); name the folder") from error


def _inboxes(settings: Settings) -> list[Path]:
    entries = unattended(settings).entries
    return [one.folder for one in entries if one.folder and one.row.needs == "inbox"]


def _move(path: Path, data: bytes, folder: Path) -> None:
    """Out of the way under a name of its own: read twice, after a kill, it comes to the same."""
    digest = hashlib.sha256(data).hexdigest()[:12]
    name = path.name if path.name.startswith(digest) else f"{digest}-{path.name}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        path.replace(folder / name)
    except OSError as error:
        raise BadInput(f"{path}: cannot be moved to {folder} ({error.strerror})") from error
