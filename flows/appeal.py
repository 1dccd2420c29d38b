"""A denied claim becomes an appeal packet: letter, record, exhibits and proof in one PDF."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

from PIL import Image

from billing.actions import filing_limit, next_step
from billing.errors import BadInput, UnreadableDocument
from billing.ledger import Ledger
from billing.model import Claim, Remittance, RemittedClaim
from billing.payer_rules import PayerRules
from billing.report import ClaimResult
from bots.profile import Profile, load_profiles
from bots.reading.words import POINTS_PER_INCH, draw_page
from console.appeal import Denied, Exhibit, denied, exhibits_of, other_claims, spelled
from console.appeal_letter import finish_letter, read_letter, write_letter
from console.appeal_packet import Pictures, Proof, packet, proof_of_filing
from console.appeal_record import (
    OUR_RECORD,
    PRACTICE,
    Fact,
    Limit,
    Record,
    Sender,
    claim_facts,
)
from console.appeal_sheet import covered
from console.figures import is_unasked
from flows.account import make_reader
from flows.appeal_filing import find_proof
from flows.evidence import put
from flows.settings import Settings

DPI = 200
SENT_BY_A_PERSON = "Nothing was sent: a person reads the packet and sends it."
_UNSAFE = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet and its letter as files; ``fill_in`` and ``look_at`` are for a person first."""

    path: Path
    letter: Path
    denials: tuple[str, ...]
    exhibits: tuple[Exhibit, ...]
    proof: tuple[Proof, ...]
    filing: str
    limit: Limit
    next_action: str
    fill_in: tuple[str, ...]
    look_at: tuple[str, ...]

    def document(self) -> dict[str, object]:
        """As JSON; nothing of the patient."""
        return {
            "packet": str(self.path),
            "letter": str(self.letter),
            "classes": list(self.denials),
            "appeal_limit": self.limit.on.isoformat() if self.limit.on else None,
            "appeal_limit_basis": self.limit.basis,
            "filing": self.filing,
            "proof": [{"exhibit": one.letter, "what": one.title} for one in self.proof],
            "next_action": self.next_action,
            "exhibits": [
                {
                    "exhibit": one.letter,
                    "what": one.title,
                    "captured": one.at.astimezone(UTC).isoformat(),
                    "sha256": one.shown,
                    "page": one.page,
                }
                for one in self.exhibits
            ],
            "fill_in": list(self.fill_in),
            "look_at": list(self.look_at),
        }

    def sentences(self) -> list[str]:
        """For a person at a terminal."""
        until = self.limit.on.isoformat() if self.limit.on else "not known"
        said = [
            f"{self.path}",
            f"classes: {', '.join(self.denials)}",
            f"letter: {self.letter}; edit it and give it back by --letter",
            f"appeal limit: {until} ({self.limit.basis})",
            f"filing: {self.filing}",
            f"the ledger's next step: {self.next_action}",
        ]
        said += [f"fill in before sending: {one}" for one in self.fill_in]
        said += [f"look at before sending: {one}" for one in self.look_at]
        return [*said, SENT_BY_A_PERSON]


def make_packet(
    settings: Settings,
    claim_id: str,
    *,
    payer: str | None,
    out: Path | None,
    letter: Path | None,
    inboxes: Sequence[Path] = (),
    today: date | None = None,
) -> Packet:
    """Write the appeal packet of a claim, and its letter as text beside it, for their owner alone.

    Acceptance reports are looked for in ``inboxes``. Raises BadInput in one sentence when the
    claim is not known, not denied or without evidence, or when a letter cannot be used; nothing
    is written then.
    """
    ledger = settings.open_ledger()
    day = today or datetime.now(UTC).astimezone(settings.time_zone).date()
    result = last_answer(ledger, claim_id, payer)
    appeal = denied(result, ledger.observations(result.item_id))
    exhibits = exhibits_of(appeal)
    profiles = load_profiles(settings.profiles)
    profile = profiles.get(result.claim.payer or "")
    named = profile.file.payer.name if profile is not None else result.claim.payer_name
    rules = profile.rules if profile is not None else PayerRules()
    notice = result.conclusion.payment_date
    found = find_proof(
        ledger,
        inboxes,
        result.claim,
        limit=filing_limit(result.claim, rules),
        position=len(exhibits),
    )
    pictures, hidden, unsure = _pictures(ledger, appeal, exhibits, profile)
    record = Record(
        appeal=appeal,
        exhibits=exhibits,
        sender=_sender(settings, result.claim, named),
        limit=_limit(result, rules, day, notice),
        filing=found.filing,
        today=day,
        covered=hidden,
    )
    written = (
        finish_letter(read_letter(letter), record.values(), record.figures())
        if letter is not None
        else write_letter(
            appeal.denials, result.claim.payer, settings.appeal_letters, record.values()
        )
    )
    data = packet(record, written, pictures, found.proof)
    path = out or settings.artifacts / "appeals" / f"{_name(result)}.pdf"
    text = path.with_suffix(".letter.txt")
    if letter is None or letter.resolve() != text.resolve():
        put(text, written.text.encode())
    put(path, data)
    return Packet(
        path=path,
        letter=text,
        denials=tuple(appeal.denials),
        exhibits=exhibits,
        proof=found.proof,
        filing=record.filing.known,
        limit=record.limit,
        next_action=result.conclusion.finding.next_action,
        fill_in=written.blanks,
        look_at=(*written.doubts, *_doubts(record, day), *unsure, *found.doubts),
    )


@dataclass(frozen=True, slots=True)
class Filed:
    """Proof of filing alone, as a file, and what a person looks at first."""

    path: Path
    proof: tuple[Proof, ...]
    filing: str
    look_at: tuple[str, ...]

    def document(self) -> dict[str, object]:
        """As JSON; nothing of the patient."""
        return {
            "packet": str(self.path),
            "filing": self.filing,
            "proof": [{"exhibit": one.letter, "what": one.title} for one in self.proof],
            "fill_in": [],
            "look_at": list(self.look_at),
        }

    def sentences(self) -> list[str]:
        """For a person at a terminal."""
        said = [str(self.path), f"filing: {self.filing}"]
        said += [f"look at before sending: {one}" for one in self.look_at]
        return [*said, SENT_BY_A_PERSON]


def make_proof(
    settings: Settings,
    claim_id: str,
    *,
    payer: str | None,
    out: Path | None,
    inboxes: Sequence[Path],
) -> Filed:
    """Write the proof of filing of a claim, denied or not, for its owner alone.

    Raises BadInput when the claim is not known or ``inboxes`` prove nothing; nothing is written
    then.
    """
    ledger = settings.open_ledger()
    every = results_of(ledger, claim_id, payer)
    claim = every[0].claim
    profile = load_profiles(settings.profiles).get(claim.payer or "")
    rules = profile.rules if profile is not None else PayerRules()
    limit = filing_limit(claim, rules)
    found = find_proof(ledger, inboxes, claim, limit=limit, position=0)
    if not found.proof:
        raise BadInput(
            f"No acceptance report in the folders takes claim {claim_id!r}; name the folders that "
            "hold its 277CA, or its 837 with the 999, by --inbox"
        )
    facts = [fact for fact in claim_facts(claim) if fact.value]
    facts.append(Fact("Billed", spelled(claim.billed), OUR_RECORD))
    facts.append(Fact("Filing", found.filing.known, found.filing.exhibit))
    data = proof_of_filing(claim_id, facts, found.proof)
    path = out or settings.artifacts / "appeals" / f"{_name(every[0])}.filing.pdf"
    put(path, data)
    return Filed(path, found.proof, found.filing.known, found.doubts)


def last_answer(ledger: Ledger, claim_id: str, payer: str | None) -> ClaimResult:
    """What the payer was last heard to say of a claim.

    Raises BadInput when the ledger knows none such, or cannot tell which claim is meant.
    """
    every = results_of(ledger, claim_id, payer)
    heard = [one for one in every if not is_unasked(one)]
    if not heard:
        raise BadInput(
            f"No payer was heard about claim {claim_id!r} yet: "
            f"{every[0].conclusion.finding.why or every[0].conclusion.finding.next_action}"
        )
    return heard[0]


def results_of(ledger: Ledger, claim_id: str, payer: str | None) -> tuple[ClaimResult, ...]:
    """All that the ledger has of one claim, the newest first; at least one.

    Raises BadInput when it has none, or cannot tell which claim is meant.
    """
    known = ledger.claim_results(claim_id)
    every = tuple(one for one in known if payer in (None, one.claim.payer))
    of = f" of {payer}" if payer else ""
    if not every:
        raise BadInput(f"The ledger has no answer about a claim {claim_id!r}{of}; sweep it first")
    payers = sorted({one.claim.payer or one.claim.payer_name for one in every})
    if len(payers) > 1:
        raise BadInput(
            f"Claim number {claim_id!r} is known of {', '.join(payers)}; name one by --payer"
        )
    if len({(one.claim.member_id, one.claim.service_from) for one in every}) > 1:
        rows = ", ".join(sorted({str(one.claim.source.row) for one in every}, key=int))
        raise BadInput(
            f"Claim number {claim_id!r} stands for several claims in the ledger (rows {rows} of "
            "their exports); what is sent needs a number that is one claim's alone"
        )
    return every


def _sender(settings: Settings, claim: Claim, payer_name: str) -> Sender:
    unknown = sorted(set(settings.practice) - set(PRACTICE))
    if unknown:
        raise BadInput(
            f"Settings: [practice] has no {', '.join(unknown)}; there are: {', '.join(PRACTICE)}"
        )
    return Sender(
        name=settings.edi.get("provider", ""),
        npi=settings.edi.get("npi", ""),
        payer_name=payer_name,
        payer_address=settings.appeal_addresses.get(claim.payer or "", ""),
        **{"tax_id": claim.provider_tin or "", **settings.practice},
    )


def _limit(result: ClaimResult, rules: PayerRules, today: date, notice: date | None) -> Limit:
    due = next_step("denied-other", result.claim, rules, today=today, notice=notice)
    return Limit(due.due, due.due_basis)


def _doubts(record: Record, today: date) -> list[str]:
    """What of the record itself a person must know before sending."""
    limit, doubts = record.limit.on, []
    if limit is None:
        doubts.append(f"the appeal limit is not known: {record.limit.basis}")
    elif limit < today:
        doubts.append(f"the appeal limit passed on {limit}; ask whether a late appeal is taken")
    if record.appeal.document is None:
        doubts.append("no remittance advice is enclosed: none was read that decides this claim")
    return doubts


def _pictures(
    ledger: Ledger, appeal: Denied, exhibits: Sequence[Exhibit], profile: Profile | None
) -> tuple[Pictures, frozenset[str], list[str]]:
    """What the exhibits show, which of them have other patients covered, and where nobody could
    tell whether there are any."""
    found: dict[tuple[str, int | None], tuple[Image.Image, float]] = {}
    hidden: set[str] = set()
    unsure: list[str] = []
    read: dict[str, Sequence[Remittance] | None] = {}

    def is_ours(claim: RemittedClaim) -> bool:
        return claim.payer_claim_number == appeal.status.payer_claim_number

    for one in exhibits:
        if not one.is_drawn:
            continue
        data = ledger.fetch(one.shown)
        if one.page is None:
            found[one.shown, None] = Image.open(BytesIO(data)), 1.0
            continue
        if one.shown not in read:
            read[one.shown] = _remittances(data, profile)
        remittances = read[one.shown]
        if remittances is None:
            unsure.append(f"{one.name} may show other patients; black them out")
        unit = DPI / POINTS_PER_INCH
        bands = [
            (top * unit, bottom * unit)
            for top, bottom in other_claims(is_ours, remittances or (), one.page)
        ]
        hidden |= {one.letter} if bands else set()
        found[one.shown, one.page] = covered(draw_page(data, one.page, DPI), bands), unit
    return found, frozenset(hidden), unsure


def _remittances(data: bytes, profile: Profile | None) -> Sequence[Remittance] | None:
    """All that a document pays, to know whose claims stand on it; None when that cannot be read."""
    try:
        return make_reader(profile)(data).remittances if profile is not None else None
    except UnreadableDocument:
        return None


def _name(result: ClaimResult) -> str:
    """The claim's number as a file may be called, and the ledger's own number of the item."""
    safe = _UNSAFE.sub("-", result.claim.claim_id).strip("-")
    return "-".join(filter(None, ("appeal", safe, "item", str(result.item_id))))
