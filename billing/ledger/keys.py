"""The ring of keys that seal evidence, wrapped in the ledger and known by id; one is current."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from billing.ledger.audit import enter
from billing.ledger.database import AnyRow, Database
from billing.ledger.key_tables import sealing_keys
from billing.ledger.patience import LedgerError
from billing.ledger.sealing import KeyRing, SealBroken, Wrapping, new_key

SETTLED = timedelta(minutes=10)
"""How long after a rotation the last piece that a run was just storing is surely laid down."""

Wrappings = Callable[[str | None], Wrapping]
"""Gives the keeper of the keys by its name, or the one in force for None.

Raises ClaimsweepError with a sentence that names the keeper wanted when it is not at hand.
"""


@dataclass(frozen=True, slots=True)
class HeldKey:
    """One key of the ring, without the key: ``retired_at`` is None while it is the current one."""

    key_id: str
    wrapped_by: str
    made_at: datetime
    retired_at: datetime | None


class Keys(Database):
    """The ring, and its rotation; a ledger that was opened without keys has none."""

    def __init__(self, home: Path, engine: Engine, wrappings: Wrappings | None) -> None:
        super().__init__(home, engine)
        self._wrappings = wrappings
        self._ring: KeyRing | None = None

    def key_ring(self, current: str | None = None) -> KeyRing | None:
        """The ring as it is now; None for a ledger without keys. ``current``, if known, spares
        asking the database.

        Raises ClaimsweepError naming the keeper that is wanted, or when it does not answer.
        """
        if self._wrappings is None:
            return None
        if current is None:
            with self._reading() as connection:
                current = current_key(connection)
        if current is None or self._ring is None or self._ring.current != current:
            self._ring = self._loaded()
        return self._ring

    def held_keys(self) -> tuple[HeldKey, ...]:
        """Every key of the ring, the oldest first; nothing is asked of who keeps them."""
        with self._reading() as connection:
            return tuple(HeldKey(*row) for row in connection.execute(_HELD))

    def rotate_key(self, *, by: str, at: datetime) -> str:
        """Make a new current key and return its id; the old ones stay for reading."""
        with self._reading() as connection:
            first = current_key(connection) is None
        if not first:
            self.key_ring()  # whoever cannot open what there is must not seal otherwise
        return self._add_key(by, at, first=first)

    def rewrap_keys(self, *, by: str, at: datetime) -> int:
        """Have every key kept by the keeper in force; how many were not before.

        Raises ClaimsweepError when one that kept a key until now is not at hand.
        """
        preferred = self._wrapping(None)
        with self._reading() as connection:
            rows = connection.execute(select(sealing_keys)).all()
        others = [row for row in rows if row.wrapped_by != preferred.name]
        anew = {row.key_id: preferred.wrap(self._unwrapped(row), row.key_id) for row in others}
        with self._writing() as connection:
            for key_id, wrapped in anew.items():
                told = {"wrapped": wrapped.hex(), "wrapped_by": preferred.name}
                connection.execute(
                    sealing_keys.update().where(sealing_keys.c.key_id == key_id), told
                )
                enter(connection, by, "sealing key wrapped anew", f"key {key_id}", at=at)
        return len(anew)

    def drop_retired_keys(self, *, by: str, at: datetime, looked_since: datetime) -> int:
        """Drop every key but the current one; how many.

        Whoever calls has looked at all that is sealed, beginning at ``looked_since``, and found
        nothing under another key. Raises LedgerError when that was so soon after a rotation that
        a run might have laid down since what it sealed before.
        """
        with self._writing() as connection:
            retired = connection.execute(_HELD.where(sealing_keys.c.retired_at.is_not(None))).all()
            last = max((row.retired_at for row in retired), default=None)
            if last is not None and looked_since < last + SETTLED:
                raise LedgerError(
                    "The old key stays for now, since a run may just be storing what it sealed "
                    f"with it: run claimsweep keys reseal --drop-old after "
                    f"{(last + SETTLED).astimezone():%H:%M}."
                )
            for row in retired:
                connection.execute(sealing_keys.delete().where(sealing_keys.c.key_id == row.key_id))
                enter(connection, by, "sealing key dropped", f"key {row.key_id}", at=at)
        self._ring = None
        return len(retired)

    def _wrapping(self, name: str | None) -> Wrapping:
        if self._wrappings is None:
            raise LedgerError("This ledger was opened without keys, so none can be changed.")
        return self._wrappings(name)

    def _loaded(self) -> KeyRing:
        with self._reading() as connection:
            rows = connection.execute(select(sealing_keys)).all()
        if not rows:
            self._add_key("claimsweep", datetime.now(UTC), first=True)
            return self._loaded()
        keys = {row.key_id: self._unwrapped(row) for row in rows}
        (current,) = (row.key_id for row in rows if row.retired_at is None)
        return KeyRing(keys, current)

    def _unwrapped(self, row: AnyRow) -> bytes:
        wrapping = self._wrapping(row.wrapped_by)
        try:
            return wrapping.unwrap(bytes.fromhex(row.wrapped), row.key_id)
        except SealBroken:
            raise LedgerError(
                f"The ledger's key {row.key_id} was changed after it was wrapped: restore the "
                "ledger's database from a backup."
            ) from None

    def _add_key(self, by: str, at: datetime, *, first: bool) -> str:
        key_id, key = new_key()
        wrapping = self._wrapping(None)
        wrapped = wrapping.wrap(key, key_id).hex()
        with self._writing() as connection:
            before = current_key(connection)
            if first and before is not None:  # another process made it meanwhile
                return before
            connection.execute(
                sealing_keys.update()
                .where(sealing_keys.c.retired_at.is_(None))
                .values(retired_at=at.astimezone(UTC))
            )
            row = {"key_id": key_id, "wrapped": wrapped, "wrapped_by": wrapping.name}
            connection.execute(sealing_keys.insert(), row | {"made_at": at.astimezone(UTC)})
            enter(connection, by, "sealing key made", f"key {key_id}", at=at)
        return key_id


def current_key(connection: Connection) -> str | None:
    """The id of the key that seals now; None before the first."""
    query = select(sealing_keys.c.key_id).where(sealing_keys.c.retired_at.is_(None))
    found: str | None = connection.execute(query).scalar()
    return found


_HELD = select(
    sealing_keys.c.key_id,
    sealing_keys.c.wrapped_by,
    sealing_keys.c.made_at,
    sealing_keys.c.retired_at,
).order_by(sealing_keys.c.made_at)
