"""Earlier nights' captures read again offline: a profile's repair is proved before it is used."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, get_args

from billing.coverage import CoverageObservation
from billing.errors import BadInput, UnreadableDocument
from billing.ledger import AskedVisit, Ledger
from billing.model import Channel, Found, NoAnswer, Observation, Remittance
from billing.report import ClaimResult
from bots.page_language import Locators
from bots.portal.browser import find_browser, require_driver
from bots.portal.saved_page import signs_shown
from bots.profile import Profile, load_profiles
from bots.reading.eob import Reading
from bots.reading.redecide import DECISION, OUTCOME, Shown, redecide, results_page
from bots.reading.reread import (
    PAGES,
    Archive,
    Reread,
    Verdict,
    captured,
    compare,
    flat_remittance,
    reread_page,
)
from bots.reading.reread_visit import reread_visit
from console.words import counted
from flows.account import eob_observation, make_reader
from flows.settings import Settings

DIFFERENT = ("changed", "refused")
REPLAYS = "replays"
SAID = {
    "changed": "changed",
    "refused": "now refused",
    "read": "now read",
    "unread": "still not read",
    "undecided": "cannot be decided again",
}
DECIDED = (OUTCOME, DECISION)


@dataclass(frozen=True, slots=True)
class ItemReread:
    """One claim or visit of one sweep, by the ledger's own number for it, and its fields again.

    ``row`` is a visit's row of its schedule; a claim has none.
    """

    sweep_id: str
    item_id: int
    fields: tuple[Reread, ...]
    row: int | None = None

    def public(self) -> dict[str, Any]:
        """Which one it is."""
        if self.row is None:
            return {"sweep": self.sweep_id, "item": self.item_id}
        return {"sweep": self.sweep_id, "visit": self.item_id, "row": self.row}

    def sentences(self) -> Iterator[str]:
        """What differs: of a claim what was decided, of a visit every figure, one each."""
        what = "claim" if self.row is None else "visit"
        who = f"{what} {self.item_id} of {self.sweep_id}"
        told = [f for f in self.fields if f.verdict in SAID]
        for field in told:
            if field.field in DECIDED:
                yield f"  {who}: {field.why} ({field.sha256[:12] or 'nothing kept'})"
        if self.row is None:
            return
        figures = [(_whole(f.field), f) for f in told if f.field not in DECIDED]
        for (name, verdict), times in Counter((n, f.verdict) for n, f in figures).items():
            first = next(f for n, f in figures if (n, f.verdict) == (name, verdict))
            why = f" ({first.why})" if first.why else ""
            often = f" {times:,} times" if times > 1 else ""
            yield f"  {who}: {name} {SAID[verdict]}{often}, in {first.sha256[:12]}{why}"


@dataclass(frozen=True, slots=True)
class Replayed:
    """What today's profile makes of everything that was captured of one payer.

    ``values`` is the file that holds what was read before and now; None when nothing differs.
    """

    payer: str
    sweeps: tuple[str, ...]
    claims: tuple[ItemReread, ...]
    visits: tuple[ItemReread, ...]
    values: Path | None

    @property
    def items(self) -> tuple[ItemReread, ...]:
        """All that was read again."""
        return (*self.claims, *self.visits)

    @property
    def counts(self) -> dict[str, int]:
        """Fields by verdict."""
        found = Counter(f.verdict for item in self.items for f in item.fields)
        return {verdict: found[verdict] for verdict in get_args(Verdict)}

    @property
    def differs(self) -> bool:
        """Whether any field reads otherwise than it did, or not at all."""
        return any(self.counts[verdict] for verdict in DIFFERENT)

    def document(self) -> dict[str, Any]:
        """Names, hashes and counts: nothing that a page said."""
        return {
            "payer": self.payer,
            "sweeps": list(self.sweeps),
            "claims": len(self.claims),
            "visits": len(self.visits),
            "counts": self.counts,
            "differences": [
                {**item.public(), **_public(field)}
                for item in self.items
                for field in item.fields
                if field.verdict != "same"
            ],
            "values": str(self.values) if self.values else None,
        }

    def sentences(self) -> Iterator[str]:
        """The same for a person: the sums, then each field that differs with one of its pages."""
        counts = self.counts
        visits = f" and {counted(len(self.visits), 'visit')}" if self.visits else ""
        yield (
            f"{self.payer}: {counted(len(self.claims), 'claim')}{visits} of "
            f"{counted(len(self.sweeps), 'sweep')} read again offline, "
            f"{sum(counts.values()):,} fields: {counts['same']:,} the same, "
            f"{counts['changed']:,} changed, {counts['refused']:,} now refused, "
            f"{counts['read']:,} now read that were not, "
            f"{counts['unread']:,} pages still not read, "
            f"{counts['undecided']:,} that cannot be decided again."
        )
        everything = [f for claim in self.claims for f in claim.fields if f.verdict in SAID]
        fields = [f for f in everything if f.field not in DECIDED]
        for (verdict, name), times in Counter((f.verdict, f.field) for f in fields).items():
            first = next(f for f in fields if (f.verdict, f.field) == (verdict, name))
            why = f" ({first.why})" if first.why else ""
            often = "once" if times == 1 else f"{times:,} times"
            yield f"  {name}: {SAID[verdict]} {often}, first in {first.sha256[:12]}{why}"
        for item in self.items:
            yield from item.sentences()
        if self.values:
            yield f"  What was read before and now: {self.values} (only you may read it)"


def replay_sweeps(
    settings: Settings, payer: str, *, since: date | None = None, sweep_id: str | None = None
) -> Replayed:
    """Read again everything captured of ``payer``, in one sweep or in those begun since a day.

    No portal is asked. Raises BadInput when there is nothing to read again.
    """
    profiles = load_profiles(settings.profiles)
    if payer not in profiles:
        raise BadInput(f"No payer profile {payer!r}; there are: {', '.join(sorted(profiles))}")
    ledger = settings.open_ledger()
    sweeps = (sweep_id,) if sweep_id else ledger.sweeps_since(since)
    again = _Again(ledger, profiles[payer])
    claims = [(sweep, result) for sweep in sweeps for result in ledger.results(sweep, payer)]
    visits = [(sweep, asked) for sweep in sweeps for asked in ledger.asked_visits(sweep, payer)]
    again.look(
        [one for _, result in claims for one in again.newest(result)],
        [asked.observation for _, asked in visits],
    )
    reread = tuple(
        ItemReread(sweep, result.item_id, fields)
        for sweep, result in claims
        if (fields := tuple(again.claim(result)))
    )
    rechecked = tuple(
        ItemReread(sweep, asked.item_id, fields, asked.visit.source.row)
        for sweep, asked in visits
        if (fields := tuple(again.visit(asked)))
    )
    if not reread and not rechecked:
        raise BadInput(
            f"The ledger in {settings.home} holds no answer of {payer} to read again; "
            "sweep it first, or name another --sweep or --since"
        )
    values = _keep_values(settings.home, payer, (*reread, *rechecked))
    return Replayed(payer, sweeps, reread, rechecked, values)


class _Again:
    """Reads one payer's answers again; a document of many claims is read once."""

    def __init__(self, ledger: Ledger, profile: Profile) -> None:
        self.ledger, self.profile = ledger, profile
        self._archive = Archive(ledger.fetch, ledger.media_type)
        self._read_document = make_reader(profile)
        self._readings: dict[str, Reading | UnreadableDocument] = {}
        self._listed: dict[str, Shown] = {}
        self._checked: dict[str, Shown] = {}

    def newest(self, result: ClaimResult) -> list[Observation]:
        """The newest answer of each channel."""
        newest = {one.channel: one for one in self.ledger.observations(result.item_id)}
        return list(newest.values())

    def look(self, claims: list[Observation], visits: list[CoverageObservation]) -> None:
        """See which outcomes the saved pages of searches show by today's profile."""
        found = [results_page(one, self._archive) for one in claims]
        pages = [page for page in found if page is not None]
        kinds = [captured(one.captures, self._archive, PAGES)[:1] for one in visits]
        checked = [page for kind in kinds for page in kind]
        tasks = self.profile.file.tasks
        self._listed = self._shown(pages, tasks.claim_status.outcomes.signs)
        if tasks.eligibility is not None:
            self._checked = self._shown(checked, tasks.eligibility.outcomes.signs)

    def _shown(self, pages: list[str], signs: Mapping[str, Locators]) -> dict[str, Shown]:
        """Nothing where there is no browser: what was read can be read again without one."""
        if not pages:
            return {}
        try:
            require_driver()
            return asyncio.run(signs_shown(find_browser(), pages, self.ledger.fetch, signs))
        except BadInput:
            return {}

    def claim(self, result: ClaimResult) -> Iterator[Reread]:
        """Every field of the newest answer of each channel."""
        for observation in self.newest(result):
            match observation.answer:
                case Found(Remittance() as before):
                    yield from self._document(result, observation, before)
                case _ if observation.channel is Channel.PORTAL:
                    yield from reread_page(observation, self._archive, self.profile)
                    shown = self._listed.get(results_page(observation, self._archive) or "")
                    yield from redecide(
                        result.claim, observation, self._archive, self.profile, shown
                    )

    def visit(self, asked: AskedVisit) -> Iterator[Reread]:
        """Every field of what was last observed of a visit."""
        pages = captured(asked.observation.captures, self._archive, PAGES)
        yield from reread_visit(
            asked.visit,
            asked.observation,
            self._archive,
            self.profile.file.tasks.eligibility,
            self._checked.get(pages[0]) if pages else None,
        )

    def _document(
        self, result: ClaimResult, observation: Observation, before: Remittance
    ) -> Iterator[Reread]:
        (sha256,) = observation.captures
        number = result.conclusion.payer_claim_number or before.claims[0].payer_claim_number
        answer = eob_observation(
            self._reading(sha256), sha256, claim=result.claim, payer_claim_number=number
        ).answer
        match answer:
            case Found(Remittance() as now):
                was = flat_remittance(before)
                for field in compare(was, flat_remittance(now), sha256):
                    yield Reread(
                        f"document.{field.field}", sha256, field.verdict, field.before, field.after
                    )
            case NoAnswer(detail=why):
                yield Reread("document", sha256, "refused", why=why)

    def _reading(self, sha256: str) -> Reading | UnreadableDocument:
        if sha256 not in self._readings:
            try:
                self._readings[sha256] = self._read_document(self.ledger.fetch(sha256))
            except UnreadableDocument as error:
                self._readings[sha256] = error
        return self._readings[sha256]


def _whole(field: str) -> str:
    """``benefits[2].copay`` as "benefits copay": what of all rows is meant."""
    return re.sub(r"\[\d+\]", "", field).replace(".", " ")


def _public(field: Reread) -> dict[str, str]:
    return {
        "field": field.field,
        "evidence": field.sha256,
        "verdict": field.verdict,
        "why": field.why,
    }


def _keep_values(home: Path, payer: str, items: tuple[ItemReread, ...]) -> Path | None:
    """The values that differ, in a file of the ledger's home that nobody else may read."""
    different = [
        {**item.public(), **asdict(field)}
        for item in items
        for field in item.fields
        if field.verdict != "same"
    ]
    if not different:
        return None
    folder = home / REPLAYS
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{payer}-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}.json"
    private = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(private, "w", encoding="utf-8") as file:
        json.dump(different, file, indent=1)
        file.write("\n")
    return path
