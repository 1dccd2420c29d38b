"""What came into a clearinghouse's folder: answers by trace number, and what was refused."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from billing.acknowledgement import Acceptance, Acknowledgement
from billing.balance import residuals
from billing.codes.categories import Stage, stage_of
from billing.errors import BadInput, UnreadableDocument
from billing.ledger import Ledger
from billing.model import Answer, Claim, NoAnswer, Reason, Remittance
from bots.file_bytes import read_file
from bots.reading.eob import Reading
from bots.reading.x12 import Segments
from bots.reading.x12_acknowledgements import read_interchange_receipt, read_receipts
from bots.reading.x12_coverage import ReportedCover, read_covers
from bots.reading.x12_elements import element
from bots.reading.x12_envelope import ACKNOWLEDGED, Interchanges, Transaction
from bots.reading.x12_filing import acceptances
from bots.reading.x12_remittance import Payment, whole
from bots.reading.x12_status import ReportedStatus, read_statuses
from flows.receiving import X12, receive_payments

Reported = TypeVar("Reported", ReportedStatus, ReportedCover)
ACCEPTANCE_REPORT = b"005010X214"
Kept = dict[str, list[tuple[Reported, str]]]


@dataclass(slots=True)
class Inbox:
    """What the answers in a folder say, each with the hash of its file.

    ``statuses`` (277) and ``covers`` (271) are by trace number, ``rejections`` (277CA) by the
    claim's patient control number, ``payments`` (835) by payer claim number; ``receipts`` are
    what 999s and TA1s refuse. ``sentences`` says what could not be used;
    ``reports`` are the bytes of files that hold 277CAs, each with its hash.
    """

    statuses: Kept[ReportedStatus] = field(default_factory=lambda: defaultdict(list))
    covers: Kept[ReportedCover] = field(default_factory=lambda: defaultdict(list))
    rejections: Kept[ReportedStatus] = field(default_factory=lambda: defaultdict(list))
    payments: dict[str, list[tuple[Reading, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    receipts: list[tuple[Acknowledgement, str, str]] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    reports: list[tuple[bytes, str]] = field(default_factory=list)

    def accepted(self, claim: Claim) -> tuple[Acceptance, str] | None:
        """The earliest 277CA that took the claim on receipt, with its file's hash."""
        number = claim.claim_id.encode()
        taken = [
            (one, sha256)
            for data, sha256 in self.reports
            if number in data
            for one in _acceptances(data, claim)
        ]
        return min(taken, key=lambda pair: pair[0].on, default=None)


@dataclass(frozen=True, slots=True)
class Refusal:
    """That an inquiry was refused, and the file that says so."""

    answer: NoAnswer
    sha256: str


def read_inbox(ledger: Ledger, inbox: Path, payers: Mapping[str, str], run: str) -> Inbox:
    """Store and read every file of the folder; a transaction with a damaged end is not believed.

    Its payments are received for ``run``; ``payers`` leads from a payer's name to its profile.
    """
    found = Inbox()
    try:
        files = sorted(path for path in inbox.iterdir() if path.is_file())
    except OSError as error:
        raise BadInput(f"{inbox}: cannot be read ({error.strerror}); name the folder") from error
    for file in files:
        data = read_file(file)
        sha256, paid = ledger.store(data, X12), list[Remittance]()
        if ACCEPTANCE_REPORT in data:
            found.reports.append((data, sha256))
        try:
            for transaction in Interchanges(io.BytesIO(data)):
                try:
                    paid += _take(found, transaction, sha256)
                except UnreadableDocument as error:
                    found.sentences.append(f"{file.name}: {error}")
        except UnreadableDocument as error:
            found.sentences.append(f"{file.name}: {error}")
        receive_payments(ledger, sha256, paid, payers, run)
    return found


def refusals(sent: bytes, found: Inbox) -> Mapping[str, Refusal]:
    """Which inquiries of the file ``sent`` were refused, by trace number.

    A 999 refuses a transaction or group, a TA1 an interchange, a 277 or 271 at a level above the
    claims or persons the whole inquiry whose reference (BHT03) it returns.
    """
    refused = {}
    receipts = {
        (one.of, one.within, one.reference): (_receipt(one, kind), sha256)
        for one, kind, sha256 in found.receipts
    }
    for trace, interchange, group, transaction, inquiry in _questions(sent):
        said = (
            receipts.get(("transaction", group, transaction))
            or receipts.get(("group", "", group))
            or receipts.get(("interchange", "", interchange))
        )
        if said is None:
            answers: list[tuple[Answer[Any], str]] = [
                *((one.answer, sha256) for one, sha256 in found.statuses.get(inquiry, ())),
                *((one.answer, sha256) for one, sha256 in found.covers.get(inquiry, ())),
            ]
            for answer, sha256 in answers:
                if isinstance(answer, NoAnswer):
                    said = answer, sha256
        if said is not None:
            refused[trace] = Refusal(*said)
    return refused


def _questions(sent: bytes) -> Iterator[tuple[str, str, str, str, str]]:
    """Of each question its trace number, interchange, group, transaction and inquiry (BHT03)."""
    interchange = group = transaction = inquiry = ""
    for segment in Segments(io.BytesIO(sent)):
        match segment[0]:
            case "ISA":
                interchange = element(segment, 13)
            case "GS":
                group = f"{element(segment, 1)} {element(segment, 6)}"
            case "ST":
                transaction = f"{element(segment, 1)} {element(segment, 2)}"
            case "BHT":
                inquiry = element(segment, 3)
            case "TRN":
                yield element(segment, 2), interchange, group, transaction, inquiry


def _receipt(one: Acknowledgement, kind: str) -> NoAnswer:
    said = ", ".join(filter(None, (" ".join(one.codes), *one.errors))) or "without a reason"
    return NoAnswer(
        Reason.NEEDS_PERSON,
        f"The inquiry was refused on receipt, its {one.of} ({kind}: {said}): correct and ask anew.",
    )


def _take(found: Inbox, transaction: Transaction, sha256: str) -> list[Remittance]:
    """Keep what the transaction says; the payment of an 835 comes back."""
    match transaction.kind:
        case "277":
            for status in _whole(transaction, read_statuses(transaction)):
                _keep(found.statuses, status, sha256)
        case "271":
            for cover in _whole(transaction, read_covers(transaction)):
                _keep(found.covers, cover, sha256)
        case kind if kind == ACKNOWLEDGED:
            for status in _whole(transaction, read_statuses(transaction)):
                if status.of == "claim" and _rejected(status):
                    _keep(found.rejections, status, sha256)
        case "999" | "997":
            for receipt in _whole(transaction, read_receipts(transaction)):
                if not receipt.accepted:
                    found.receipts.append((receipt, transaction.kind, sha256))
        case "TA1":
            for receipt in read_interchange_receipt(transaction):
                if not receipt.accepted:
                    found.receipts.append((receipt, "TA1", sha256))
        case "835":
            remittance = whole(Payment(transaction), sha256)
            _require_whole(transaction)
            reading = Reading(remittance.payer, (remittance,), (residuals(remittance),), ({},))
            for number in {claim.payer_claim_number for claim in remittance.claims} - {""}:
                found.payments[number].append((reading, sha256))
            return [remittance]
    return []


def _acceptances(data: bytes, claim: Claim) -> tuple[Acceptance, ...]:
    try:
        return acceptances(data, claim)
    except UnreadableDocument:  # what is wrong with a file was told when it was read
        return ()


def _rejected(one: ReportedStatus) -> bool:
    codes = one.status.words.split()
    return any(stage_of(code.partition(":")[0]) is Stage.REJECTED for code in codes)


Item = TypeVar("Item")


def _whole(transaction: Transaction, found: Iterator[Item]) -> list[Item]:
    listed = list(found)
    _require_whole(transaction)
    return listed


def _keep(kept: Kept[Reported], one: Reported, sha256: str) -> None:
    """Keep an answer unless it is there already, wherever it stood."""
    same = kept[one.trace_number]
    if not any(replace(other, places=one.places) == one for other, _ in same):
        same.append((one, sha256))


def _require_whole(transaction: Transaction) -> None:
    if transaction.faults:
        raise UnreadableDocument(f"{transaction.faults[0]} It is not believed; get it again.")
