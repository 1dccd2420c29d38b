"""Remittances and the bank's files come in, are kept, and stand beside what portals said."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from billing.agreement import Agreed, Source, agree
from billing.balance import residuals
from billing.bank import Statement, all_lines
from billing.books import Received, bare
from billing.deposit_matching import match_deposits
from billing.deposits import Deposit, payments_of
from billing.errors import BadInput, UnreadableDocument
from billing.ledger import Ledger, open_ledger
from billing.model import Channel, Claim, ClaimStatus, Found, Observation, Remittance
from bots.bank.read import read_statement
from bots.exports.read import read_export
from bots.profile import Profile, load_layouts, load_profiles, spellings
from bots.reading.eob import read_eob
from bots.reading.x12_envelope import Interchanges
from bots.reading.x12_remittance import Payment, whole
from console.reconciliation import reconciliation_files
from flows.intake import media_type, name_run, read_file
from flows.outputs import write_whole
from flows.receiving import X12, receive_payments
from flows.settings import Settings


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What became of every payment, every bank line and every claim of the exports.

    ``unpaid`` counts claims of which no channel states a payment; ``repeats`` bank lines that an
    earlier file held too; ``sentences`` say what could not be used; ``files`` what was written.
    """

    deposits: tuple[Deposit, ...]
    claims: tuple[Agreed, ...]
    unpaid: int
    statements: tuple[Statement, ...]
    repeats: int
    sentences: tuple[str, ...]
    files: Mapping[str, str]


def reconcile(
    settings: Settings,
    *,
    exports: Sequence[Path],
    remittances: Sequence[Path],
    deposits: Sequence[Path],
    out: Path | None,
) -> Reconciled:
    """Keep what the files state, match all payments ever received with all bank lines, and hold
    the claims of ``exports`` against them and against what the last sweeps observed.

    Raises BadInput when an export or a bank file cannot be used, before anything is kept.
    """
    now = datetime.now(UTC)
    today = now.astimezone(settings.time_zone).date()
    profiles, ledger = load_profiles(settings.profiles), open_ledger(settings.home)
    names = spellings(profiles)
    claims = [
        claim
        for path in exports
        for claim in read_export(read_file(path), path.name, payer_ids=names).claims
    ]
    banks = [(path, read_file(path)) for path in deposits]
    given = [read_statement(data, path.name) for path, data in banks]
    papers = [(path, read_file(path)) for path in remittances]
    run = name_run([*(one.sha256 for one in given)], today, *map(str, (*remittances, *exports)))
    sentences: list[str] = []
    for path, data in banks:
        ledger.receive_bank_file(ledger.store(data, media_type(path)), path.name, now)
    for path, data in papers:
        sentences += receive_file(ledger, settings, profiles, data, path.name, run)
    statements = tuple(
        read_statement(ledger.fetch(sha256), name) for sha256, name in ledger.bank_files()
    )
    for statement in statements:
        sentences += statement.faults
        sentences += [
            f"{statement.name}, row {one.row}: {one.why}" for one in statement.refused if one.meant
        ]
    received = ledger.remittances()
    lines, repeats = all_lines(statements)
    days = frozenset(day for statement in statements for day in statement.days)
    matched = match_deposits(payments_of(received), lines, covered=days)
    agreed, unpaid = _agreements(ledger, claims, received, matched, banked=bool(statements))
    folder = out or settings.artifacts / f"reconciliation-{run}"
    made = reconciliation_files(matched, agreed, statements, run=run, created=now, today=today)
    files = _written(folder, made)
    return Reconciled(matched, agreed, unpaid, statements, repeats, tuple(sentences), files)


def receive_file(
    ledger: Ledger,
    settings: Settings,
    profiles: Mapping[str, Profile],
    data: bytes,
    name: str,
    run: str,
) -> list[str]:
    """Keep the payments of one remittance file, an 835 or an EOB document; what cannot be used.

    A document that no eob.yaml recognises is no evidence of a payment and is told.
    """
    if data.startswith(b"%PDF"):
        kind = "application/pdf"
    elif (kind := next((k for sign, k in _PICTURES.items() if data.startswith(sign)), "")) == "":
        return _receive_835(ledger, profiles, data, name, run)
    try:
        reading = read_eob(data, load_layouts(settings.profiles))
    except UnreadableDocument as error:
        return [f"{name}: {error}"]
    ledger.receive(
        ledger.store(data, kind),
        [replace(one, payer=reading.payer) for one in reading.remittances],
        reading.residuals,
        channel=Channel.EOB,
        run=run,
        at=datetime.now(UTC),
    )
    return (
        [] if reading.balanced else [f"{name}: it does not balance; no figure of it is believed."]
    )


_PICTURES = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"II*\0": "image/tiff"}


def _receive_835(
    ledger: Ledger, profiles: Mapping[str, Profile], data: bytes, name: str, run: str
) -> list[str]:
    """Keep the 835s of an X12 file; a transaction with a damaged end is not believed."""
    found: list[Remittance] = []
    sentences: list[str] = []
    sha256 = ledger.store(data, X12)
    try:
        for transaction in Interchanges(io.BytesIO(data)):
            if transaction.kind != "835":
                continue
            try:
                one = whole(Payment(transaction), sha256)
                for _ in transaction.body:  # to its end, where its faults are known
                    pass
            except UnreadableDocument as error:
                sentences.append(f"{name}: {error}")
                continue
            if transaction.faults:
                sentences.append(f"{name}: {transaction.faults[0]} It is not believed.")
            else:
                found.append(one)
    except UnreadableDocument as error:
        sentences.append(f"{name}: {error}")
    if not found and not sentences:
        sentences.append(f"{name}: holds no payment (835).")
    receive_payments(ledger, sha256, found, spellings(profiles), run)
    sentences += [
        f"{name}: payment {one.trace_number} does not balance; no figure of it is believed."
        for one in found
        if residuals(one)
    ]
    return sentences


def _agreements(
    ledger: Ledger,
    claims: Sequence[Claim],
    received: Sequence[Received],
    matched: Sequence[Deposit],
    *,
    banked: bool,
) -> tuple[tuple[Agreed, ...], int]:
    """The channels of every claim, and of how many claims none states a payment."""
    holding: dict[str, dict[str, Received]] = defaultdict(dict)
    for payment in received:
        for statement in payment.statements:
            for one in statement.remittance.claims:
                for number in (one.claim_id, one.payer_claim_number):
                    holding[bare(number)][payment.key] = payment
    became = {payment.key: one for one in matched for payment in one.payments}
    observed = [ledger.last_observations(claim.claim_id, claim.payer) for claim in claims]
    asked = {Source.ERA}
    asked |= {Source.PORTAL} if any(observed) else set()
    asked |= {Source.BANK} if banked else set()
    found = []
    for claim, observations in zip(claims, observed, strict=True):
        numbers = [claim.claim_id, *_payers_numbers(observations)]
        mine = {k: p for number in numbers if number for k, p in holding[bare(number)].items()}
        said = agree(claim, observations, list(mine.values()), became, asked=frozenset(asked))
        if said is not None:
            found.append(said)
    return tuple(found), len(claims) - len(found)


def _payers_numbers(observations: Sequence[Observation]) -> list[str]:
    return [
        one.answer.value.payer_claim_number
        for one in observations
        if isinstance(one.answer, Found) and isinstance(one.answer.value, ClaimStatus)
    ]


def _written(folder: Path, made: Mapping[str, tuple[str, bytes]]) -> dict[str, str]:
    """Write the files; what each is → its path. Raises BadInput when the folder cannot be."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, data in made.values():
            write_whole(folder / name, data)
    except OSError as error:
        raise BadInput(
            f"{folder}: the files cannot be written ({error.strerror}); name another by --out"
        ) from error
    return {what: str(folder / name) for what, (name, _) in made.items()}
