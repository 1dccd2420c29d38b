"""When the ledger first knew each claim as decided, for what rises and falls from week to week."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Date,
    Select,
    and_,
    bindparam,
    case,
    func,
    not_,
    or_,
    select,
)

from billing.denial_families import (
    Counted,
    Family,
    Members,
    NineWeeks,
    denies,
    refused_procedures,
)
from billing.ledger import tables
from billing.ledger.column_types import Integer
from billing.ledger.database import Database
from billing.ledger.words import CONCLUSION, OBSERVATION, read
from billing.model import Channel, Conclusion, Observation, Outcome
from billing.money import ZERO

REFUSED = (Outcome.DENIED, Outcome.PARTLY_PAID)
DECIDED = (Outcome.PAID, *REFUSED)
ANY = ""
"""How a family without a procedure is kept."""
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Denials:
    """What each payer decided, and refused by family, each claim once."""

    decided: Mapping[str, Counted]
    refused: Mapping[Family, Counted]


class Decisions(Database):
    """Reading payers' first decisions; nothing here writes."""

    def denials(self, days: NineWeeks) -> Denials:
        """Every claim decided in the sweeps of these days, counted once: as first seen in them.

        A claim that was decided before them and is swept again counts on its first day here.
        """
        own, lines = tables.decided, tables.refused
        decided = (  # by day, as the index has them: nothing is sorted
            select(own.c.seen, own.c.payer, func.count().label("whole"))
            .where(own.c.seen.between(days.since, days.until), _first(days))
            .group_by(own.c.seen, own.c.payer)
        )
        family = (own.c.payer, lines.c.reason, lines.c.procedure)
        now = func.sum(case((lines.c.seen >= days.begins, 1), else_=0)).label("now")
        refused = (
            select(*family, now, func.count().label("whole"))
            .join_from(lines, own, own.c.item_id == lines.c.item_id)
            .where(lines.c.seen.between(days.since, days.until), _first(days))
            .group_by(*family)
        )
        of_payer: dict[str, Counted] = {}
        of_family: dict[Family, Counted] = {}
        with self._reading() as connection:
            for row in connection.execute(decided):
                known = of_payer.get(row.payer, Counted(0, 0))
                more = (row.whole, 0) if row.seen >= days.begins else (0, row.whole)
                of_payer[row.payer] = Counted(known.now + more[0], known.before + more[1])
            for row in connection.execute(refused):
                named = Family(row.payer, row.reason, row.procedure or None)
                of_family[named] = Counted(row.now, row.whole - row.now)
        return Denials(of_payer, of_family)

    def family_members(self, family: Family, days: NineWeeks) -> Members:
        """The claims of a family that has any this week."""
        own, lines = tables.decided, tables.refused
        query = (
            select(own.c.claim_id, own.c.dollars)
            .join_from(lines, own, own.c.item_id == lines.c.item_id)
            .where(lines.c.seen.between(days.begins, days.until), _first(days), *_of_family(family))
        )
        earliest = (
            select(func.min(lines.c.seen))
            .join_from(lines, own, own.c.item_id == lines.c.item_id)
            .where(_first(days), *_of_family(family))
        )
        week = lines.c.seen.between(days.begins, days.until)
        whole = lines.c.seen.between(days.since, days.until)
        with self._reading() as connection:
            rows = connection.execute(query).all()
            since = connection.execute(earliest.where(week)).scalar_one()
            first_seen = connection.execute(earliest.where(whole)).scalar_one()
        return Members(
            claims=tuple(sorted(row.claim_id for row in rows)),
            dollars=sum((row.dollars for row in rows), ZERO),
            since=since,
            first_seen=first_seen,
        )


def keep_decisions(connection: Connection, concluded: Mapping[int, Conclusion]) -> None:
    """Note what these items' conclusions decide, in the transaction that concludes them.

    To be called when their observations are in.
    """
    items, sweeps = tables.items, tables.sweeps
    decided = [item_id for item_id, said in concluded.items() if said.outcome in DECIDED]
    kept = select(tables.decided.c.item_id)  # an answer is never concluded anew
    for start in range(0, len(decided), _CHUNK):
        some = decided[start : start + _CHUNK]
        query = (
            select(items.c.item_id, items.c.payer, items.c.claim_id, sweeps.c.business_date)
            .join_from(items, sweeps, sweeps.c.sweep_id == items.c.sweep_id)
            .where(
                items.c.item_id.in_(some),
                items.c.payer.is_not(None),
                items.c.item_id.not_in(kept.where(tables.decided.c.item_id.in_(some))),
            )
            .order_by(items.c.item_id)
        )
        rows = connection.execute(query).all()
        own = [
            {
                "its_item": row.item_id,
                "its_payer": row.payer,
                "its_claim": row.claim_id,
                "its_day": row.business_date,
                "its_dollars": _dollars(concluded[row.item_id]),
            }
            for row in rows
        ]
        if own:
            connection.execute(_INSERT, own)
            connection.execute(_TELL_THE_NEXT, own)
        days = {row.item_id: row.business_date for row in rows}
        _keep_lines(connection, days, {item_id: concluded[item_id] for item_id in days})


def forget_decisions(connection: Connection, item_ids: Sequence[int]) -> None:
    """Let go of what is kept of these items, in the transaction that deletes them."""
    own, lines = tables.decided, tables.refused
    claim = (own.c.payer, own.c.claim_id)
    claims = connection.execute(select(*claim).where(own.c.item_id.in_(item_ids))).all()
    for table in (lines, own):
        connection.execute(table.delete().where(table.c.item_id.in_(item_ids)))
    for payer, claim_id in dict.fromkeys((row.payer, row.claim_id) for row in claims):
        query = select(own.c.item_id, own.c.seen).where(
            own.c.payer == payer, own.c.claim_id == claim_id
        )
        before: date | None = None
        for row in connection.execute(query.order_by(own.c.seen, own.c.item_id)).all():
            mine = own.update().where(own.c.item_id == row.item_id)
            connection.execute(mine.values(before=before))
            before = row.seen


def keep_all_decisions(connection: Connection) -> None:
    """Note anew what every conclusion in the ledger decides, in place of what is kept."""
    items, said, own = tables.items, tables.conclusions, tables.decided
    for table in (tables.refused, own):
        connection.execute(table.delete())
    whole = decided_anew().add_columns(bindparam("nothing", ZERO, type_=own.c.dollars.type))
    connection.execute(own.insert().from_select([column.name for column in own.c], whole))
    after = 0
    refused = (
        select(items.c.item_id, own.c.seen, said.c.conclusion)
        .join_from(own, items, items.c.item_id == own.c.item_id)
        .join(said, _current())
        .where(or_(*map(_says, REFUSED)))
        .order_by(items.c.item_id)
        .limit(_CHUNK)
    )
    dollars = own.update().where(own.c.item_id == bindparam("its_item"))
    dollars = dollars.values(dollars=bindparam("its_dollars"))
    while rows := connection.execute(refused.where(items.c.item_id > after)).all():
        concluded = {row.item_id: read(CONCLUSION, row.conclusion) for row in rows}
        connection.execute(
            dollars,
            [{"its_item": n, "its_dollars": _dollars(one)} for n, one in concluded.items()],
        )
        _keep_lines(connection, {row.item_id: row.seen for row in rows}, concluded)
        after = rows[-1].item_id


def decided_anew() -> Select[Any]:
    """Every decision that a conclusion states, as it is to be kept, but for its dollars."""
    items, said, sweeps = tables.items, tables.conclusions, tables.sweeps
    day = sweeps.c.business_date
    of_claim, in_order = (items.c.payer, items.c.claim_id), (day, items.c.item_id)
    before = func.lag(day).over(partition_by=of_claim, order_by=in_order)
    return (
        select(
            items.c.item_id,
            items.c.payer,
            items.c.claim_id,
            day.label("seen"),
            before.label("before"),
        )
        .join_from(items, said, _current())
        .join(sweeps, sweeps.c.sweep_id == items.c.sweep_id)
        .where(items.c.payer.is_not(None), or_(*map(_says, DECIDED)))
    )


def documented(
    connection: Connection, item_ids: Sequence[int]
) -> Iterator[tuple[int, Observation]]:
    """What documents, not portals, stated of these items, each with its item; by item."""
    table = tables.observations
    portal = f'{{"channel":"{Channel.PORTAL}"'
    query = (
        select(table.c.item_id, table.c.observation)
        .where(
            table.c.item_id.in_(item_ids),
            not_(table.c.observation.startswith(portal, autoescape=True)),
        )
        .order_by(table.c.item_id, table.c.fence, table.c.position)
    )
    for row in connection.execute(query):
        yield row.item_id, read(OBSERVATION, row.observation)


def _keep_lines(
    connection: Connection, days: Mapping[int, date], concluded: Mapping[int, Conclusion]
) -> None:
    """Keep by what each of these claims is refused: its reasons, and the lines of documents."""
    reasons = {
        item_id: set(filter(denies, said.reason_codes))
        for item_id, said in concluded.items()
        if said.outcome in REFUSED
    }
    refused = {(n, reason, ANY) for n, mine in reasons.items() for reason in mine}
    for n, observation in documented(connection, [n for n, mine in reasons.items() if mine]):
        stated = refused_procedures(concluded[n].payer_claim_number, [observation])
        refused |= {(n, reason, code) for reason, code in stated if reason in reasons[n]}
    if refused:
        rows = [
            {"item_id": n, "reason": reason, "procedure": procedure, "seen": days[n]}
            for n, reason, procedure in sorted(refused)
        ]
        connection.execute(tables.refused.insert(), rows)


def _dollars(said: Conclusion) -> Decimal:
    return said.finding.dollars if said.outcome in REFUSED else ZERO


def _first(days: NineWeeks) -> ColumnElement[bool]:
    """That a claim was not seen decided before on one of these days."""
    before = tables.decided.c.before
    return or_(before.is_(None), before < days.since)


def _of_family(family: Family) -> tuple[ColumnElement[bool], ...]:
    lines = tables.refused.c
    return (
        tables.decided.c.payer == family.payer,
        lines.reason == family.reason,
        lines.procedure == (family.procedure or ANY),
    )


def _current() -> ColumnElement[bool]:
    items, said = tables.items, tables.conclusions
    return and_(said.c.item_id == items.c.item_id, said.c.fence == items.c.fence)


def _says(outcome: Outcome) -> ColumnElement[bool]:
    """A conclusion's JSON begins with its outcome, its first field."""
    return tables.conclusions.c.conclusion.startswith(f'{{"outcome":"{outcome}"', autoescape=True)


def _beside(*, later: bool) -> Select[Any]:
    """Of the same claim's decisions the next one that was seen, or the last one before."""
    own = tables.decided.alias()
    day, item = bindparam("its_day", type_=Date), bindparam("its_item", type_=Integer)
    order: tuple[ColumnElement[Any], ...]
    if later:
        wanted = (own.c.seen >= day, or_(own.c.seen > day, own.c.item_id > item))
        order = (own.c.seen, own.c.item_id)
    else:
        wanted = (own.c.seen <= day, or_(own.c.seen < day, own.c.item_id < item))
        order = (own.c.seen.desc(), own.c.item_id.desc())
    return (
        select(own.c.item_id if later else own.c.seen)
        .where(
            own.c.payer == bindparam("its_payer"),
            own.c.claim_id == bindparam("its_claim"),
            *wanted,
        )
        .order_by(*order)
        .limit(1)
    )


_INSERT = tables.decided.insert().values(
    item_id=bindparam("its_item"),
    payer=bindparam("its_payer"),
    claim_id=bindparam("its_claim"),
    seen=bindparam("its_day"),
    before=_beside(later=False).scalar_subquery(),
    dollars=bindparam("its_dollars"),
)
_TELL_THE_NEXT = (
    tables.decided.update()
    .where(tables.decided.c.item_id == _beside(later=True).scalar_subquery())
    .values(before=bindparam("its_day"))
)
