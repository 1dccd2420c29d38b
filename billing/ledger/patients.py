"""Everything that is held of one person: found by three identifiers, without anybody else's."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from sqlalchemy import select

from billing.errors import BadInput
from billing.ledger import people_tables as people
from billing.ledger import tables
from billing.ledger.database import AnyRow, Database
from billing.ledger.words import CLAIM, VISIT, read

Told = dict[str, Any]
_OF_CLAIM = re.compile(r"claims\[(\d+)\]")


@dataclass(frozen=True, slots=True, repr=False)
class Sought:
    """Whose record is asked for: a member id or claim number, the last name, the day of birth; the
    ``first`` name where those are not enough."""

    number: str
    last: str
    birth: date
    first: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Held:
    """What the ledger holds of one person, as plain values; ``items`` and ``visits`` by their ids.

    ``others`` counts rows of the same last name and birth date under other member ids, which are
    left out: nobody can tell from here whether they are the same person's.
    """

    claims: tuple[Told, ...]
    visits: tuple[Told, ...]
    payments: tuple[Told, ...]
    cases: tuple[Told, ...]
    audit: tuple[Told, ...]
    others: int


class _Named(Protocol):
    """A claim or a visit, for who it is of."""

    @property
    def member_id(self) -> str: ...
    @property
    def patient_last(self) -> str: ...
    @property
    def patient_first(self) -> str: ...


class Patients(Database):
    """Reading one person's record; nothing here writes."""

    def held_of(self, sought: Sought) -> Held:
        """All that is held of the person.

        Raises BadInput when nobody is found, or when more than one person may be meant. What it
        says names nobody.
        """
        items, visits = (
            self._rows(tables.items, "claim", sought),
            self._rows(tables.visits, "visit", sought),
        )
        every = [*items, *visits]
        numbers = {plain(row[1].member_id) for row in every if _has_number(row[1], sought.number)}
        mine = [row for row in every if plain(row[1].member_id) in numbers]
        if not mine:
            raise BadInput(
                "Nothing is held of a person with this number, last name and date of birth"
            )
        firsts = {plain(row[1].patient_first.split(" ")[0]) for row in mine}
        if sought.first is not None:
            wanted = plain(sought.first.split(" ")[0])
            mine = [r for r in mine if plain(r[1].patient_first.split(" ")[0]) == wanted]
            if not mine:
                raise BadInput("Nobody of this number, name and date of birth has this first name")
        elif len(firsts) > 1:
            raise BadInput(
                f"{len(firsts)} first names are held under this number, last name and date of "
                "birth: give the first name as a fourth line"
            )
        with self._reading() as connection:
            kept = {row[0].item_id for row in mine}
            claims = [row for row in items if row in mine and row[0].item_id in kept]
            seen = [row for row in visits if row in mine]
            case_rows = _cases(connection, [row[0] for row in claims])
            subjects = [f"case {one['case_id']}" for one in case_rows]
            return Held(
                claims=tuple(_claim(connection, row, words) for row, words in claims),
                visits=tuple(_visit(connection, row) for row, _ in seen),
                payments=tuple(_payments(connection, [words for _, words in claims])),
                cases=tuple(case_rows),
                audit=tuple(_trail(connection, subjects)),
                others=len(every) - len([r for r in every if plain(r[1].member_id) in numbers]),
            )

    def _rows(self, table: Any, column: str, sought: Sought) -> list[tuple[AnyRow, Any]]:
        born = f'%"date_of_birth":"{sought.birth.isoformat()}"%'
        sweeps = tables.sweeps.c
        query = (
            select(table, sweeps.business_date, sweeps.started_at)
            .join(tables.sweeps, sweeps.sweep_id == table.c.sweep_id)
            .where(table.c[column].like(born))
            .order_by(sweeps.started_at, table.c.item_id)
        )
        kind: Any = CLAIM if column == "claim" else VISIT
        with self._reading() as connection:
            found = [(row, read(kind, getattr(row, column))) for row in connection.execute(query)]
        return [one for one in found if plain(one[1].patient_last) == plain(sought.last)]


def plain(text: str) -> str:
    """Letters and digits alone, without accents, case and leading zeros."""
    bare = unicodedata.normalize("NFKD", text)
    kept = "".join(one for one in bare if one.isalnum())
    return kept.casefold().lstrip("0")


def _has_number(one: _Named, number: str) -> bool:
    own = getattr(one, "claim_id", None)
    return plain(number) in {plain(one.member_id), plain(own) if own else None}


def _claim(connection: Any, row: AnyRow, words: Any) -> Told:
    seen, said, posted = tables.observations, tables.conclusions, tables.postings
    mine = seen.c.item_id == row.item_id
    observed = connection.execute(
        select(seen.c.observation).where(mine).order_by(seen.c.fence, seen.c.position)
    )
    concluded = connection.execute(
        select(said.c.conclusion, said.c.concluded_at).where(said.c.item_id == row.item_id)
    )
    batches = connection.execute(
        select(posted.c.batch_id, posted.c.posting).where(posted.c.item_id == row.item_id)
    )
    return {
        "item": row.item_id,
        "sweep": row.sweep_id,
        "business_date": row.business_date.isoformat(),
        "state": row.state,
        "claim": json.loads(row.claim),
        "observations": [of_one(json.loads(one), words.claim_id) for one in observed.scalars()],
        "conclusions": [
            {"at": one.concluded_at.isoformat(), **json.loads(one.conclusion)} for one in concluded
        ],
        "postings": [{"batch": one.batch_id, **json.loads(one.posting)} for one in batches],
    }


def of_one(observation: Told, claim_id: str) -> Told:
    """An observation without the other claims of the document that it was read from."""
    value = observation.get("answer", {}).get("value") or {}
    claims = value.get("claims")
    if claims is None:
        return observation
    keep = [n for n, one in enumerate(claims) if plain(one["claim_id"]) == plain(claim_id)]
    places = {
        path: place
        for path, place in (value.get("places") or {}).items()
        if (found := _OF_CLAIM.match(path)) is None or int(found[1]) in keep
    }
    own = value | {
        "claims": [claims[n] for n in keep],
        "places": {path: one for path, one in places.items() if "provider_adj" not in path},
        "provider_adjustments": [],
    }
    return observation | {"answer": observation["answer"] | {"value": own}, "places": {}}


def _visit(connection: Any, row: AnyRow) -> Told:
    seen, said = tables.visit_observations, tables.visit_conclusions
    observed = connection.execute(
        select(seen.c.observation).where(seen.c.item_id == row.item_id).order_by(seen.c.fence)
    )
    concluded = connection.execute(
        select(said.c.conclusion, said.c.concluded_at).where(said.c.item_id == row.item_id)
    )
    return {
        "item": row.item_id,
        "sweep": row.sweep_id,
        "business_date": row.business_date.isoformat(),
        "state": row.state,
        "visit": json.loads(row.visit),
        "observations": [json.loads(one) for one in observed.scalars()],
        "conclusions": [
            {"at": one.concluded_at.isoformat(), **json.loads(one.conclusion)} for one in concluded
        ],
    }


def _payments(connection: Any, claims: Sequence[Any]) -> Iterable[Told]:
    """What the payments received say of these claims: the claim alone, and the payment's number."""
    known = {plain(one.claim_id): plain(one.member_id) for one in claims}
    remitted, paid = tables.remitted_claims, tables.remittances
    query = select(remitted, paid.c.trace, paid.c.payment_date, paid.c.payer).join_from(
        remitted,
        paid,
        (remitted.c.sha256 == paid.c.sha256) & (remitted.c.position == paid.c.position),
    )
    numbers = {one.payer_claim_number for one in claims if one.payer_claim_number}
    some = remitted.c.claim.like
    for one in sorted({*(c.claim_id for c in claims), *numbers}):
        for row in connection.execute(query.where(some(f'%"{_escaped(one)}"%', escape="\\"))):
            told = json.loads(row.claim)
            member = told.get("member_id")
            own = plain(told["claim_id"])
            if own in known and (member is None or plain(member) == known[own]):
                yield {
                    "document": row.sha256,
                    "payer": row.payer,
                    "trace_number": row.trace,
                    "payment_date": row.payment_date.isoformat(),
                    "claim": told,
                }


def _escaped(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)[1:-1]
    return re.sub(r"([\\%_])", r"\\\1", quoted)


def _cases(connection: Any, rows: Sequence[AnyRow]) -> list[Told]:
    cases, acts = people.cases, people.case_acts
    told: dict[int, Told] = {}
    for row in rows:
        claim: Mapping[str, Any] = json.loads(row.claim)
        same = (
            cases.c.claim_id == row.claim_id,
            cases.c.payer == (row.payer or ""),
            cases.c.service_from == date.fromisoformat(claim["service_from"]),
        )
        for case in connection.execute(select(cases).where(*same)):
            deeds = connection.execute(
                select(acts).where(acts.c.case_id == case.case_id).order_by(acts.c.act_id)
            )
            told[case.case_id] = {
                "case_id": case.case_id,
                "claim_id": case.claim_id,
                "payer": case.payer,
                "state": case.state,
                "kind": case.kind,
                "opened_on": case.opened_on.isoformat(),
                "acts": [
                    {"at": one.at.isoformat(), "by": one.by, "act": one.act, "note": one.note}
                    for one in deeds
                ],
            }
    return list(told.values())


def _trail(connection: Any, subjects: Sequence[str]) -> Iterable[Told]:
    audit = people.audit
    query = select(audit).where(audit.c.subject.in_(subjects)).order_by(audit.c.seq)
    for row in connection.execute(query):
        yield {"at": row.at.isoformat(), "who": row.who, "act": row.act, "subject": row.subject}
