"""Acceptance reports (277CA, 999) tell that a claim was taken on receipt, by whom and when."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from billing.acknowledgement import Acceptance
from billing.claim_places import place
from billing.errors import UnreadableDocument
from billing.identity import Verdict, judge, same_id
from billing.model import Claim
from billing.money import x12_money
from bots.reading.x12 import Segments
from bots.reading.x12_acknowledgements import read_claim_acknowledgements, read_receipts
from bots.reading.x12_elements import day, element
from bots.reading.x12_envelope import ACKNOWLEDGED, Interchanges, Transaction
from bots.reading.x12_status import read_statuses

TAKEN = ("A1", "A2")
"""Categories that say so: received, and accepted into adjudication; "A0" was only passed on."""

IDENTIFIERS = ("member_id", "service_from", "billed")
"""What a 277CA returns of a claim besides its number; all three must agree."""

ROLES = {"PR": "payer", "AY": "clearinghouse", "ACV": "clearinghouse"}
RECEIPT = "050"  # DTP01: the day on which the file was received

Text = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Filed:
    """Where a claim stands in a claim file (837): who sent it to whom, in which group and
    transaction ("HC 12", "837 0001"), and the segments that say so."""

    sender: str
    receiver: str
    group: str
    transaction: str
    segments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Envelope:
    """The group (GS) that a transaction stands in, as it was sent."""

    text: str
    sender: str
    receiver: str
    group: str
    on: date | None


def acceptances(data: bytes, claim: Claim) -> tuple[Acceptance, ...]:
    """What the 277CAs of a file say of ``claim``, where it was taken.

    Only where number, member, service date and charge are the claim's. Raises UnreadableDocument
    when the file is no X12 or one of its 277CAs has a damaged end.
    """
    found: list[Acceptance] = []
    for transaction in Interchanges(io.BytesIO(data)):
        if transaction.kind == ACKNOWLEDGED:
            texts = list(transaction.texts)
            _require_whole(transaction)
            found += _of_claims(transaction, texts, claim)
    return tuple(found)


def _of_claims(
    transaction: Transaction, texts: Sequence[Text], claim: Claim
) -> Iterator[Acceptance]:
    by = transaction.delimiters.element
    source, role = "", ""
    received: tuple[date | None, str] = (None, "")
    for loop in _parted(texts, "HL", by):
        level = element(loop[0][1].split(by), 3)
        if level == "20":
            source, role = _source(loop, by)
            received = _received(loop, by)
        elif level == "PT":
            head, *parts = _parted(loop, "TRN", by)
            for part in parts:
                one = _of_claim(transaction, [*head, *part], claim)
                on, where = received if received[0] is not None else _status_day(part, by)
                if one is not None and on is not None:
                    yield replace(one, by=source, role=role, on=on, where=where)


def _of_claim(transaction: Transaction, texts: Sequence[Text], claim: Claim) -> Acceptance | None:
    """The status of one claim, if it is this one and was taken; not yet by whom and when."""
    said = next(read_statuses(replace(transaction, texts=iter(texts))), None)
    if said is None or same_id(claim.claim_id, said.trace_number) is not True:
        return None
    if judge(claim, said.status, IDENTIFIERS) is not Verdict.SAME:
        return None
    receipt = next(read_claim_acknowledgements(replace(transaction, texts=iter(texts))))
    categories = {code.partition(":")[0] for code in receipt.codes}
    if not receipt.accepted or not categories <= set(TAKEN):
        return None
    return Acceptance(
        report=ACKNOWLEDGED,
        by="",
        role="",
        on=date.min,
        codes=receipt.codes,
        where="",
        segments=tuple(text for _, text in texts),
        payer_claim_number=receipt.payer_claim_number,
    )


def _parted(texts: Sequence[Text], name: str, by: str) -> list[list[Text]]:
    """``texts`` in parts that each begin with the segment ``name``, after what stands before."""
    parts: list[list[Text]] = [[]]
    for number, text in texts:
        if text.partition(by)[0] == name and parts[-1]:
            parts.append([])
        parts[-1].append((number, text))
    return parts


def _source(loop: Sequence[Text], by: str) -> tuple[str, str]:
    for _, text in loop:
        segment = text.split(by)
        if segment[0] == "NM1":
            named = element(segment, 3) or element(segment, 9)
            return named, ROLES.get(element(segment, 1), "sender of the report")
    return "", "sender of the report"


def _received(loop: Sequence[Text], by: str) -> tuple[date | None, str]:
    for number, text in loop:
        segment = text.split(by)
        if segment[0] == "DTP" and element(segment, 1) == RECEIPT:
            return day(number, segment, 3), f"{place(number, 'DTP', 3)}, date of receipt"
    return None, ""


def _status_day(part: Sequence[Text], by: str) -> tuple[date | None, str]:
    for number, text in part:
        segment = text.split(by)
        if segment[0] == "STC":
            return day(number, segment, 2), f"{place(number, 'STC', 2)}, date of the status"
    return None, ""


def filed(data: bytes, claim: Claim) -> tuple[Filed, ...]:
    """Where ``claim`` stands in a file of claims (837), by its number, charge and member id.

    Raises UnreadableDocument when the file is no X12 or one of its 837s has a damaged end.
    """
    envelopes = _envelopes(data)
    found: list[Filed] = []
    for transaction in Interchanges(io.BytesIO(data)):
        if transaction.kind != "837":
            continue
        by, member = transaction.delimiters.element, ""
        envelope = envelopes.get(transaction.number)
        mine = ""
        for _, text in transaction.texts:
            segment = text.split(by)
            if segment[0] == "NM1" and element(segment, 1) == "IL":
                member = element(segment, 9)
            elif segment[0] == "CLM" and _is_ours(claim, segment, member):
                mine = text
        _require_whole(transaction)
        if mine and envelope is not None:
            number = f"{transaction.kind} {transaction.control_number}"
            opening = by.join(("ST", transaction.kind, transaction.control_number))
            texts = (envelope.text, opening, mine)
            found.append(Filed(envelope.sender, envelope.receiver, envelope.group, number, texts))
    return tuple(found)


def _is_ours(claim: Claim, segment: Sequence[str], member: str) -> bool:
    try:
        charge = x12_money(element(segment, 2))
    except ValueError:
        return False
    same = same_id(claim.claim_id, element(segment, 1)), same_id(claim.member_id, member)
    return charge == claim.billed and same == (True, True)


def receipts(data: bytes, sent: Sequence[Filed]) -> tuple[Acceptance, ...]:
    """What the 999s of a file say of the transactions that a claim was ``sent`` in, where taken.

    A 999 counts when it goes from the receiver of the claim file to its sender. Raises
    UnreadableDocument when the file is no X12 or one of its 999s has a damaged end.
    """
    envelopes = _envelopes(data)
    found: list[Acceptance] = []
    for transaction in Interchanges(io.BytesIO(data)):
        if transaction.kind != "999":
            continue
        texts = list(transaction.texts)
        _require_whole(transaction)
        envelope = envelopes.get(transaction.number)
        if envelope is None or envelope.on is None:
            continue
        taken = {
            (receipt.within, receipt.reference): receipt
            for receipt in read_receipts(replace(transaction, texts=iter(texts)))
            if receipt.of == "transaction" and receipt.accepted
        }
        for one in sent:
            receipt = taken.get((one.group, one.transaction))
            answers = (envelope.sender, envelope.receiver) == (one.receiver, one.sender)
            if receipt is not None and answers:
                about = _about(texts, one, transaction.delimiters.element)
                found.append(
                    Acceptance(
                        report="999",
                        by=envelope.sender,
                        role="receiver of the claim file",
                        on=envelope.on,
                        codes=receipt.codes,
                        where="GS04, date of the report",
                        segments=(*one.segments, envelope.text, *about),
                    )
                )
    return tuple(found)


def _about(texts: Sequence[Text], sent: Filed, by: str) -> Iterator[str]:
    """Of a 999 what is about the group and about the transaction that was sent."""
    ours = False
    for _, text in texts:
        segment = text.split(by)
        if segment[0] == "AK2":
            ours = f"{element(segment, 1)} {element(segment, 2)}" == sent.transaction
        if segment[0] in ("AK1", "AK9") or ours:
            yield text


def _envelopes(data: bytes) -> Mapping[int, _Envelope]:
    """The group of every transaction, by the number of its first segment."""
    found: dict[int, _Envelope] = {}
    current: _Envelope | None = None
    segments = Segments(io.BytesIO(data))
    for number, segment in enumerate(segments, 1):
        if segment[0] == "GS":
            current = _Envelope(
                text=segments.delimiters.element.join(segment),
                sender=element(segment, 2),
                receiver=element(segment, 3),
                group=f"{element(segment, 1)} {element(segment, 6)}",
                on=day(number, segment, 4),
            )
        elif segment[0] == "ST" and current is not None:
            found[number] = current
    return found


def _require_whole(transaction: Transaction) -> None:
    if transaction.faults:
        raise UnreadableDocument(f"{transaction.faults[0]} It is not believed; get it again.")
