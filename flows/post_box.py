"""Claims are asked about through a clearinghouse's folders: inquiries go out, answers come in."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from billing.balance import residuals
from billing.errors import BadInput, UnreadableDocument
from billing.identity import Verdict, judge, same_id
from billing.ledger import Ledger, WorkItem, open_ledger, owner_name
from billing.model import (
    Answer,
    Channel,
    Claim,
    ClaimStatus,
    Evidence,
    Found,
    NoAnswer,
    Observation,
    Reason,
)
from billing.reconcile import conclude, propose_postings
from bots.edi.inquiries import claim_status_inquiry, trace_number
from bots.profile import Profile, load_profiles
from bots.reading.eob import Reading
from bots.reading.x12_envelope import Interchanges, Transaction
from bots.reading.x12_remittance import Payment, whole
from bots.reading.x12_status import ReportedStatus, read_statuses
from flows.account import eob_observation
from flows.account_session import LEASE_SECONDS
from flows.edi_files import parties
from flows.intake import Intake, begin, name_run, read_file, take_in
from flows.outputs import sweep_report, write_outputs, write_whole
from flows.run import Swept
from flows.settings import Settings

X12 = "application/edi-x12"
ASKED_DAYS = 7
"""For so many days the answers to an inquiry are waited for; then the same export asks anew."""

IDENTIFIERS = ("member_id", "service_from", "billed")
"""What a 277 returns of a claim; all three must agree."""


@dataclass(slots=True)
class Inbox:
    """What the answers in a folder say: statuses by trace number, payments by payer claim number.

    Each stands with the hash of its file; ``sentences`` says what could not be used.
    """

    statuses: dict[str, list[tuple[ReportedStatus, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    payments: dict[str, list[tuple[Reading, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    sentences: list[str] = field(default_factory=list)


def ask_by_folder(
    settings: Settings, exports: list[Path], *, outbox: Path, inbox: Path, out: Path | None
) -> tuple[Swept, Sequence[str]]:
    """Write the inquiries of ``exports`` once, settle every claim by the answers that are there.

    Only claims of payers with a number in [edi_payers] take part. The same call again reads what
    has come since. Raises BadInput when a folder, a file or the settings cannot be used.
    """
    started = datetime.now(UTC)
    profiles = load_profiles(settings.profiles)
    ledger = open_ledger(settings.home)
    who = parties(settings)
    taken = take_in(ledger, exports, profiles)
    intake = replace(taken, claims=tuple(c for c in taken.claims if c.payer in who.payers))
    if not intake.claims:
        raise BadInput("No claim is of a payer with a number in [edi_payers]; add one")
    today = started.astimezone(settings.time_zone).date()
    sweep_id, asked = _name(ledger, intake, today)
    if not asked:
        data = claim_status_inquiry(intake.claims, who, started.astimezone(settings.time_zone))
        _put(outbox / f"{sweep_id}.276", data)
    start = begin(ledger, sweep_id, intake, today)
    ledger.reopen_unanswered(sweep_id)
    answers = read_inbox(ledger, inbox)
    for payer in ledger.pending_payers(sweep_id):
        for item in _items(ledger, sweep_id, str(payer)):
            _settle(ledger, item, answers, profiles[str(payer)], today)
    ledger.finish_sweep(sweep_id, datetime.now(UTC))
    report = sweep_report(ledger, sweep_id, profiles)
    files = write_outputs(ledger, report, profiles, out or settings.artifacts / sweep_id)
    seconds = (datetime.now(UTC) - started).total_seconds()
    return Swept(report, files, seconds, start.resumed), answers.sentences


def read_inbox(ledger: Ledger, inbox: Path) -> Inbox:
    """Store and read every file of the folder; a transaction with a damaged end is not believed."""
    found = Inbox()
    try:
        files = sorted(path for path in inbox.iterdir() if path.is_file())
    except OSError as error:
        raise BadInput(f"{inbox}: cannot be read ({error.strerror}); name the folder") from error
    for file in files:
        data = read_file(file)
        sha256 = ledger.store(data, X12)
        try:
            for transaction in Interchanges(io.BytesIO(data)):
                try:
                    _take(found, transaction, sha256)
                except UnreadableDocument as error:
                    found.sentences.append(f"{file.name}: {error}")
        except UnreadableDocument as error:
            found.sentences.append(f"{file.name}: {error}")
    return found


def answer(claim: Claim, reported: Sequence[ReportedStatus]) -> Answer[ClaimStatus]:
    """What answers under the claim's trace number say of it; a contradiction is no answer."""
    if not reported:
        return NoAnswer(Reason.UNREACHABLE, "The clearinghouse has not answered yet.")
    if len(reported) > 1:
        return NoAnswer(
            Reason.SEVERAL_MATCHES,
            f"{len(reported)} different answers came under one trace number.",
        )
    (one,) = reported
    if one.claim_id is not None and same_id(claim.claim_id, one.claim_id) is False:
        return NoAnswer(Reason.NEEDS_PERSON, "The answer names another patient control number.")
    if not isinstance(one.answer, Found):
        return one.answer
    match judge(claim, one.status, IDENTIFIERS):
        case Verdict.SAME:
            return one.answer
        case Verdict.OTHER_PATIENT:
            return NoAnswer(Reason.WRONG_PATIENT, "The answer is about another patient's claim.")
        case Verdict.OTHER_CLAIM:
            return NoAnswer(
                Reason.NEEDS_PERSON, "The answer's service date or charge is another claim's."
            )
        case Verdict.UNSURE:
            return NoAnswer(
                Reason.NEEDS_PERSON, "The answer does not state what tells that it is our claim."
            )


def _take(found: Inbox, transaction: Transaction, sha256: str) -> None:
    if transaction.kind == "277":
        statuses = list(read_statuses(transaction))
        _require_whole(transaction)
        for one in statuses:
            same = found.statuses[one.trace_number]
            if not any(replace(other, places=one.places) == one for other, _ in same):
                same.append((one, sha256))
    elif transaction.kind == "835":
        remittance = whole(Payment(transaction), sha256)
        _require_whole(transaction)
        reading = Reading(remittance.payer, (remittance,), (residuals(remittance),), ({},))
        for number in {claim.payer_claim_number for claim in remittance.claims}:
            found.payments[number].append((reading, sha256))


def _require_whole(transaction: Transaction) -> None:
    if transaction.faults:
        raise UnreadableDocument(f"{transaction.faults[0]} It is not believed; get it again.")


def _name(ledger: Ledger, intake: Intake, today: date) -> tuple[str, bool]:
    """The sweep that asks about these exports, and whether it has asked already."""
    hashes = [reading.sha256 for reading in intake.readings]
    name = f"post-box-{name_run(hashes, today)}"
    same = name.removeprefix(f"post-box-{today:%Y%m%d}")
    for earlier in ledger.sweeps_since(today - timedelta(days=ASKED_DAYS)):
        if earlier.startswith("post-box-") and earlier.endswith(same):
            return earlier, True
    return name, False


def _items(ledger: Ledger, sweep_id: str, payer: str) -> Iterator[WorkItem]:
    owner = owner_name()
    while True:
        now = datetime.now(UTC)
        item = ledger.lease_item(sweep_id, payer, owner, seconds=LEASE_SECONDS, now=now)
        if item is None:
            return
        yield item


def _settle(ledger: Ledger, item: WorkItem, found: Inbox, profile: Profile, today: date) -> None:
    claim = item.claim
    reported = found.statuses.get(trace_number(claim), [])
    said = answer(claim, [one for one, _ in reported])
    places: Mapping[str, Evidence] = {}
    if isinstance(said, Found):
        ((one, sha256),) = reported
        places = {name: Evidence(sha256, where) for name, where in one.places.items()}
    now, captures = datetime.now(UTC), tuple(sorted({sha256 for _, sha256 in reported}))
    observations = [Observation(Channel.CLEARINGHOUSE, now, said, captures, places)]
    if isinstance(said, Found):
        number = said.value.payer_claim_number
        observations += [
            eob_observation(reading, sha256, claim=claim, payer_claim_number=number)
            for reading, sha256 in found.payments.get(number, ())
        ]
    conclusion = conclude(claim, observations, profile.rules, today=today)
    ledger.settle(
        item.item_id,
        item.fence,
        observations=observations,
        conclusion=conclusion,
        postings=propose_postings(claim, observations, conclusion),
        seconds=Decimal(0),
        at=now,
    )


def _put(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, data)
    except OSError as error:
        raise BadInput(f"{path}: cannot be written ({error.strerror}); name the folder") from error
