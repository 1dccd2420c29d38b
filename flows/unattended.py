"""The table ``[unattended]`` of the settings file: what runs by itself, when, and from where."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from billing.errors import BadInput
from flows.scheduled import RESUME, TABLE, Scheduled
from flows.settings import Settings

OFF = "off"
QUEUE, QUEUE_OF_HANDS = "default", "hands"
POOL_TYPES = ("process", "docker", "kubernetes")
_KEYS = {
    "exports", "appointments", "inbox", "backup", "hands", "pool", "pool_type", "port", "at", "job",
    "sessions_at_once",
}  # fmt: skip
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MOST_HANDS = 64


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the table as it is in force: when it is due, and in which folder its files lie."""

    row: Scheduled
    cron: str
    zone: ZoneInfo
    folder: Path | None = None
    hands: int = 1

    @property
    def name(self) -> str:
        """As the schedule, its deployment and its runs are called."""
        return self.row.name

    def next_due(self, after: datetime) -> datetime:
        """The first instant after ``after`` (aware) at which it is due, UTC."""
        return next(CronSim(self.cron, after.astimezone(self.zone))).astimezone(UTC)

    def last_due(self, until: datetime) -> datetime:
        """The last instant at or before ``until`` (aware) at which it was due, UTC."""
        before: datetime = next(CronSim(self.cron, until.astimezone(self.zone), reverse=True))
        at = self.next_due(before)
        return at if at <= until else before.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Unattended:
    """What runs by itself: the entries in force, and the work pool that runs them.

    ``left_out`` says for each row that is not in force why. ``job`` are the pool's job variables;
    ``port`` is the one machine's own orchestrator's, any free one where it is None.
    """

    entries: tuple[Entry, ...]
    left_out: Mapping[str, str]
    pool: str
    pool_type: str
    job: Mapping[str, object]
    port: int | None

    def entry(self, name: str) -> Entry | None:
        """The entry of that name; None where it is not in force."""
        return next((one for one in self.entries if one.name == name), None)

    def queue_of(self, entry: Entry) -> str:
        """The pool's queue that its runs wait in: hands have one, whose workers take one each."""
        return QUEUE if entry.hands == 1 else QUEUE_OF_HANDS

    @property
    def queues(self) -> Sequence[str]:
        """The queues that are in use."""
        return sorted({QUEUE, *map(self.queue_of, self.entries)})


def unattended(settings: Settings) -> Unattended:
    """What the settings say of unattended running.

    Raises BadInput naming the setting that is misspelt or cannot be meant.
    """
    table = settings.unattended
    _know(table, _KEYS, "[unattended]")
    rows, folders, left_out = _rows(table)
    at = table.get("at", {})
    if not isinstance(at, Mapping):
        raise BadInput("Settings: [unattended.at] is a table of names and times")
    _know(at, {row.name for row in rows} | set(left_out), "[unattended.at]")
    hands = _number(table, "hands", 1, MOST_HANDS) or 1
    entries = []
    for row in rows:
        cron, zone = _when(row.name, at.get(row.name, row.cron), settings.time_zone)
        if cron == OFF:
            left_out[row.name] = f"[unattended.at] {row.name} is off"
            continue
        entries.append(Entry(row, cron, zone, folders.get(row.name), hands if row.shared else 1))
    pool_type = table.get("pool_type", "process")
    if pool_type not in POOL_TYPES:
        raise BadInput(f"Settings: [unattended] pool_type is one of {', '.join(POOL_TYPES)}")
    pool = table.get("pool", "claimsweep")
    if not isinstance(pool, str) or not _NAME.fullmatch(pool):
        raise BadInput("Settings: [unattended] pool is a name of small letters, as in claimsweep")
    job = table.get("job", {})
    if not isinstance(job, Mapping):
        raise BadInput("Settings: [unattended.job] is a table of the pool's job variables")
    port = _number(table, "port", 1024, 65535)
    return Unattended(tuple(entries), left_out, pool, str(pool_type), job, port)


def _rows(
    table: Mapping[str, object],
) -> tuple[list[Scheduled], dict[str, Path], dict[str, str]]:
    """The rows in force, the folder of each that has one, and why the others are not in force."""
    rows: list[Scheduled] = []
    folders: dict[str, Path] = {}
    left_out: dict[str, str] = {}
    for row in (*TABLE, RESUME):
        if row.needs is None:
            rows.append(row)
            continue
        given = table.get(row.needs)
        if given is None:
            left_out[row.name] = f"[unattended] {row.needs} names no folder"
        for suffix, folder in _folders(row.needs, given).items():
            named = replace(row, name=f"{row.name}-{suffix}" if suffix else row.name)
            rows.append(named)
            folders[named.name] = folder
    return rows, folders, left_out


def _folders(key: str, given: object) -> dict[str, Path]:
    """One folder as a text, or several by names: a row each."""
    if given is None:
        return {}
    named = {"": given} if isinstance(given, str) else given
    if not isinstance(named, Mapping) or not all(
        isinstance(one, str) and (name == "" or _NAME.fullmatch(name))
        for name, one in named.items()
    ):
        raise BadInput(
            f'Settings: [unattended] {key} is a folder, as in {key} = "/srv/{key}", or a table of '
            "names in small letters with a folder each"
        )
    found = {name: Path(str(one)).expanduser() for name, one in named.items()}
    for one in found.values():
        if not one.is_absolute():
            raise BadInput(f"Settings: [unattended] {key}: {one} begins with /, whoever runs it")
    return found


def _when(name: str, given: object, default: ZoneInfo) -> tuple[str, ZoneInfo]:
    """When an entry is due: five fields of cron, and the time zone that they are of."""
    where, zone = f"Settings: [unattended.at] {name}", default
    if isinstance(given, Mapping):
        _know(given, {"cron", "time_zone"}, f"[unattended.at] {name}")
        named = given.get("time_zone")
        try:
            zone = default if named is None else ZoneInfo(str(named))
        except (ZoneInfoNotFoundError, ValueError):
            raise BadInput(
                f"{where}: {named!r} is not a time zone; use a name such as America/Chicago"
            ) from None
        given = given.get("cron")
    if given == OFF:
        return OFF, zone
    if not isinstance(given, str) or len(given.split()) != 5:
        raise BadInput(
            f'{where}: five fields of cron, as in "0 1 * * mon-fri" (01:00 on weekdays), or "off"'
        )
    try:
        next(CronSim(given, datetime(2026, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration) as error:
        why = str(error) or "no such day"
        raise BadInput(f"{where}: {given!r} is no time that comes ({why})") from None
    return given, zone


def _number(table: Mapping[str, object], key: str, least: int, most: int) -> int | None:
    value = table.get(key)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise BadInput(f"Settings: [unattended] {key} is a number from {least} to {most}")
    return value


def _know(table: Mapping[str, object], known: set[str], name: str) -> None:
    unknown = sorted(set(table) - known)
    if unknown:
        raise BadInput(
            f"Settings: {name} has no {', '.join(unknown)}; it has {', '.join(sorted(known))}"
        )
