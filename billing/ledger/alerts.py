"""Alerts as they are remembered: since when each holds, what was told of it, and when it ended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, select, update

from billing.alerts import Alert, Severity, Signal
from billing.ledger.alert_tables import alert_signals, alert_tellings, alerts
from billing.ledger.database import AnyRow, Database


@dataclass(frozen=True, slots=True)
class KeptAlert:
    """An alert with its number and times; ``ended_at`` is None while it holds. ``told`` says of
    whoever was told of it when and how severe it was then; whoever was told of its end too is not
    among them."""

    alert_id: int
    alert: Alert
    since: datetime
    ended_at: datetime | None
    told: Mapping[str, tuple[datetime, Severity]]

    def to_tell(self, to: str, now: datetime, again: timedelta) -> bool:
        """Whether ``to`` is to be told now: for the first time, when it became worse, after
        ``again`` since the last time, and once more when it has ended after it was told."""
        if to not in self.told:
            return self.ended_at is None
        at, severity = self.told[to]
        worse = self.alert.severity.rank > severity.rank
        return self.ended_at is not None or worse or now - at >= again


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
            old = [row.alert_id for row in gone]
            return Weighed(
                _read(connection, alerts.c.alert_id.in_(begun)),
                _read(connection, alerts.c.alert_id.in_(old)),
            )

    def open_alerts(self) -> tuple[KeptAlert, ...]:
        """What holds, the most severe first, then the oldest."""
        with self._reading() as connection:
            kept = _read(connection, alerts.c.ended_at.is_(None))
        return tuple(sorted(kept, key=lambda one: (-one.alert.severity.rank, one.since)))

    def untold_ends(self) -> tuple[KeptAlert, ...]:
        """What has ended, and somebody who was told of it was not told so yet."""
        waits = select(alert_tellings.c.alert_id).where(alert_tellings.c.end_told_at.is_(None))
        with self._reading() as connection:
            return _read(connection, alerts.c.ended_at.is_not(None), alerts.c.alert_id.in_(waits))

    def note_alerts_told(self, to: str, told: Iterable[KeptAlert], at: datetime) -> None:
        """Note that ``to`` was told of these, or of their end."""
        insert, tellings = self._insert(alert_tellings), alert_tellings.c
        with self._writing() as connection:
            for one in told:
                mine = {"alert_id": one.alert_id, "to": to}
                if one.ended_at is None:
                    values = {"severity": one.alert.severity, "told_at": at}
                    again = insert.on_conflict_do_update(
                        index_elements=["alert_id", "to"], set_=values
                    )
                    connection.execute(again, mine | values)
                else:
                    connection.execute(
                        update(alert_tellings)
                        .where(tellings.alert_id == one.alert_id, tellings.to == to)
                        .values(end_told_at=at)
                    )

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


def _read(connection: Connection, *which: ColumnElement[bool]) -> tuple[KeptAlert, ...]:
    """The alerts of a kind, the oldest first, with who was told of them."""
    rows = connection.execute(select(alerts).where(*which).order_by(alerts.c.alert_id)).all()
    told: dict[int, dict[str, tuple[datetime, Severity]]] = defaultdict(dict)
    query = select(alert_tellings).where(
        alert_tellings.c.alert_id.in_([row.alert_id for row in rows]),
        alert_tellings.c.end_told_at.is_(None),
    )
    for row in connection.execute(query):
        told[row.alert_id][row.to] = (row.told_at, Severity(row.severity))
    return tuple(
        KeptAlert(
            row.alert_id,
            Alert(row.kind, row.subject, Severity(row.severity), row.sentence),
            row.since,
            row.ended_at,
            told[row.alert_id],
        )
        for row in rows
    )
