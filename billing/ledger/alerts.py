"""Alerts as they are remembered: since when each holds, what was told of it, and when it ended."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from billing.alerts import Alert, Severity, Signal
from billing.ledger.alert_tables import alert_signals, alerts
from billing.ledger.database import AnyRow, Database


@dataclass(frozen=True, slots=True)
class KeptAlert:
    """An alert with its number and times; ``ended_at`` is None while it holds."""

    alert_id: int
    alert: Alert
    since: datetime
    told_at: datetime | None
    told_severity: Severity | None
    ended_at: datetime | None
    end_told_at: datetime | None

    def to_tell(self, now: datetime, again: timedelta) -> bool:
        """Whether it is to be told now: for the first time, when it became worse, after ``again``
        since the last time, and once more when it has ended after it was told."""
        if self.ended_at is not None:
            return self.told_at is not None and self.end_told_at is None
        if self.told_at is None or self.told_severity is None:
            return True
        worse = self.alert.severity.rank > self.told_severity.rank
        return worse or now - self.told_at >= again


@dataclass(frozen=True, slots=True)
class Weighed:
    """What one look changed: alerts that are new, and alerts that no longer hold."""

    begun: tuple[KeptAlert, ...]
    ended: tuple[KeptAlert, ...]


class Alerts(Database):
    """Remembering alerts and signals."""

    def weigh_alerts(
        self, found: Iterable[Alert], judged: Collection[str], *, at: datetime
    ) -> Weighed:
        """Remember what holds now; of the kinds ``judged``, what was not found has ended.

        One that holds already keeps its number and since when it does.
        """
        now = {(one.kind, one.subject): one for one in found}
        with self._writing() as connection:
            open_now = {(row.kind, row.subject): row for row in _open(connection)}
            for key, row in open_now.items():
                if key in now:
                    one = now[key]
                    values = {"severity": one.severity, "sentence": one.sentence}
                    _set(connection, [row.alert_id], **values)
            gone = [row for key, row in open_now.items() if key not in now and key[0] in judged]
            _set(connection, [row.alert_id for row in gone], ended_at=at)
            begun = [
                connection.execute(
                    alerts.insert().returning(alerts.c.alert_id),
                    {
                        "kind": one.kind,
                        "subject": one.subject,
                        "severity": one.severity,
                        "sentence": one.sentence,
                        "since": at,
                    },
                ).scalar_one()
                for key, one in now.items()
                if key not in open_now
            ]
            new = select(alerts).where(alerts.c.alert_id.in_(begun)).order_by(alerts.c.alert_id)
            old = select(alerts).where(alerts.c.alert_id.in_([row.alert_id for row in gone]))
            return Weighed(
                tuple(_kept(row) for row in connection.execute(new)),
                tuple(_kept(row) for row in connection.execute(old.order_by(alerts.c.alert_id))),
            )

    def open_alerts(self) -> tuple[KeptAlert, ...]:
        """What holds, the most severe first, then the oldest."""
        with self._reading() as connection:
            kept = [_kept(row) for row in _open(connection)]
        return tuple(sorted(kept, key=lambda one: (-one.alert.severity.rank, one.since)))

    def untold_ends(self) -> tuple[KeptAlert, ...]:
        """What was told and has ended since, which was not told yet."""
        query = select(alerts).where(
            alerts.c.ended_at.is_not(None),
            alerts.c.told_at.is_not(None),
            alerts.c.end_told_at.is_(None),
        )
        with self._reading() as connection:
            return tuple(_kept(row) for row in connection.execute(query.order_by("alert_id")))

    def note_alerts_told(self, told: Iterable[KeptAlert], at: datetime) -> None:
        """Note that these were told, or that their end was."""
        with self._writing() as connection:
            for one in told:
                if one.ended_at is None:
                    values = {"told_at": at, "told_severity": one.alert.severity}
                    _set(connection, [one.alert_id], **values)
                else:
                    _set(connection, [one.alert_id], end_told_at=at)

    def signal(self, signal: Signal, at: datetime) -> None:
        """Note something that was seen, and holds until :meth:`unsignal`."""
        insert = self._insert(alert_signals)
        values = {
            "kind": signal.kind,
            "subject": signal.subject,
            "sentence": signal.sentence,
            "seen_at": at,
        }
        with self._writing() as connection:
            connection.execute(
                insert.on_conflict_do_update(
                    index_elements=["kind", "subject"],
                    set_={"sentence": insert.excluded.sentence, "seen_at": insert.excluded.seen_at},
                ),
                values,
            )

    def unsignal(self, kind: str, subject: str) -> None:
        """Note that it no longer holds; harmless where it did not."""
        mine = (alert_signals.c.kind == kind, alert_signals.c.subject == subject)
        with self._reading() as connection:
            if connection.execute(select(alert_signals.c.kind).where(*mine)).first() is None:
                return
        with self._writing() as connection:
            connection.execute(delete(alert_signals).where(*mine))

    def signals(self) -> tuple[Signal, ...]:
        """What was seen and holds."""
        query = select(alert_signals).order_by(alert_signals.c.kind, alert_signals.c.subject)
        with self._reading() as connection:
            return tuple(
                Signal(row.kind, row.subject, row.sentence) for row in connection.execute(query)
            )


def _open(connection: Connection) -> list[AnyRow]:
    query = select(alerts).where(alerts.c.ended_at.is_(None)).order_by(alerts.c.alert_id)
    return list(connection.execute(query))


def _set(connection: Connection, ids: list[int], **values: object) -> None:
    if ids:
        connection.execute(update(alerts).where(alerts.c.alert_id.in_(ids)).values(**values))


def _kept(row: AnyRow) -> KeptAlert:
    return KeptAlert(
        row.alert_id,
        Alert(row.kind, row.subject, Severity(row.severity), row.sentence),
        row.since,
        row.told_at,
        Severity(row.told_severity) if row.told_severity else None,
        row.ended_at,
        row.end_told_at,
    )
