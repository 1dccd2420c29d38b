"""Earlier nights' captures read again offline: a profile's repair is proved before it is used."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, get_args

from billing.errors import BadInput, UnreadableDocument
from billing.ledger import Ledger, open_ledger
from billing.model import Found, NoAnswer, Observation, Remittance
from billing.report import ClaimResult
from bots.profile import Profile, load_profiles
from bots.reading.eob import Reading
from bots.reading.reread import (
    Archive,
    Reread,
    Verdict,
    compare,
    flat_remittance,
    reread_page,
)
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
}


@dataclass(frozen=True, slots=True)
class ClaimReread:
    """One claim of one sweep, by the ledger's own number for it, and its fields again."""

    sweep_id: str
    item_id: int
    fields: tuple[Reread, ...]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What today's profile makes of everything that was captured of one payer.

    ``values`` is the file that holds what was read before and now; None when nothing differs.
    """

    payer: str
    sweeps: tuple[str, ...]
    claims: tuple[ClaimReread, ...]
    values: Path | None

    @property
    def counts(self) -> dict[str, int]:
        """Fields by verdict."""
        found = Counter(f.verdict for claim in self.claims for f in claim.fields)
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
            "counts": self.counts,
            "differences": [
                {"sweep": claim.sweep_id, "item": claim.item_id, **_public(field)}
                for claim in self.claims
                for field in claim.fields
                if field.verdict != "same"
            ],
            "values": str(self.values) if self.values else None,
        }

    def sentences(self) -> Iterator[str]:
        """The same for a person: the sums, then each field that differs with one of its pages."""
        counts = self.counts
        yield (
            f"{self.payer}: {counted(len(self.claims), 'claim')} of "
            f"{counted(len(self.sweeps), 'sweep')} read again offline, "
            f"{sum(counts.values()):,} fields: {counts['same']:,} the same, "
            f"{counts['changed']:,} changed, {counts['refused']:,} now refused, "
            f"{counts['read']:,} now read that were not, {counts['unread']:,} pages still not read."
        )
        everything = [f for claim in self.claims for f in claim.fields if f.verdict != "same"]
        for (verdict, name), times in Counter((f.verdict, f.field) for f in everything).items():
            first = next(f for f in everything if (f.verdict, f.field) == (verdict, name))
            why = f" ({first.why})" if first.why else ""
            often = "once" if times == 1 else f"{times:,} times"
            yield f"  {name}: {SAID[verdict]} {often}, first in {first.sha256[:12]}{why}"
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
    ledger = open_ledger(settings.home)
    sweeps = (sweep_id,) if sweep_id else ledger.sweeps_since(since)
    again = _Again(ledger, profiles[payer])
    claims = tuple(
        ClaimReread(sweep, result.item_id, fields)
        for sweep in sweeps
        for result in ledger.results(sweep, payer)
        if (fields := tuple(again.claim(result)))
    )
    if not claims:
        raise BadInput(
            f"The ledger in {settings.home} holds no answer of {payer} to read again; "
            "sweep it first, or name another --sweep or --since"
        )
    return Replayed(payer, sweeps, claims, _keep_values(settings.home, payer, claims))


class _Again:
    """Reads one payer's answers again; a document of many claims is read once."""

    def __init__(self, ledger: Ledger, profile: Profile) -> None:
        self.ledger, self.profile = ledger, profile
        self._archive = Archive(ledger.fetch, ledger.media_type)
        self._read_document = make_reader(profile)
        self._readings: dict[str, Reading | UnreadableDocument] = {}

    def claim(self, result: ClaimResult) -> Iterator[Reread]:
        """Every field of the newest answer of each channel."""
        newest = {one.channel: one for one in self.ledger.observations(result.item_id)}
        for observation in newest.values():
            match observation.answer:
                case Found(Remittance() as before):
                    yield from self._document(result, observation, before)
                case Found() | NoAnswer():
                    yield from reread_page(observation, self._archive, self.profile)

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


def _public(field: Reread) -> dict[str, str]:
    return {
        "field": field.field,
        "evidence": field.sha256,
        "verdict": field.verdict,
        "why": field.why,
    }


def _keep_values(home: Path, payer: str, claims: tuple[ClaimReread, ...]) -> Path | None:
    """The values that differ, in a file of the ledger's home that nobody else may read."""
    different = [
        {"sweep": claim.sweep_id, "item": claim.item_id, **asdict(field)}
        for claim in claims
        for field in claim.fields
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
