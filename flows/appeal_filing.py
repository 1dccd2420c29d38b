"""Proof of filing: acceptance reports found in folders, as exhibits of an appeal packet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from billing.acknowledgement import Acceptance
from billing.codes.categories import CATEGORIES
from billing.errors import BadInput, UnreadableDocument
from billing.ledger import Ledger
from billing.model import Claim
from bots.file_bytes import read_file
from bots.reading.x12_filing import Filed, acceptances, filed, receipts
from console.appeal import lettered, spelled
from console.appeal_packet import Proof
from console.appeal_record import Fact, Filing, long_day
from flows.inbox import X12

NO_PROOF = (
    "The record holds no acceptance report (277CA, 999) and no receipt date of the payer's own."
)


@dataclass(frozen=True, slots=True)
class Found:
    """What the folders prove; ``doubts`` says which files could not be used."""

    filing: Filing
    proof: tuple[Proof, ...] = ()
    doubts: tuple[str, ...] = ()


def find_proof(
    ledger: Ledger, folders: Sequence[Path], claim: Claim, *, limit: date | None, position: int
) -> Found:
    """The earliest 277CA and 999 that took ``claim``, not before its service; their files are kept.

    ``limit`` is the last day to file, where it is known; the exhibits' letters begin at
    ``position``. A 999 needs the claim file (837) it answers in one of the folders. Raises
    BadInput when a folder cannot be read.
    """
    files = [file for folder in folders for file in _files(folder)]
    found: list[tuple[Acceptance, bytes]] = []
    sent: list[Filed] = []
    doubts: list[str] = []
    datas: list[bytes] = []
    for file in files:
        data = read_file(file)
        try:
            found += [(one, data) for one in acceptances(data, claim)]
            sent += filed(data, claim)
            datas.append(data)
        except UnreadableDocument as error:
            doubts.append(f"{file}: {error}")
    for data in datas if sent else ():
        found += [(one, data) for one in receipts(data, sent)]
    found = [pair for pair in found if pair[0].on >= claim.service_from]
    first: dict[str, tuple[Acceptance, bytes]] = {}
    for one, data in sorted(found, key=lambda pair: pair[0].on):
        first.setdefault(one.report, (one, data))
    if not first:
        return Found(Filing(NO_PROOF), doubts=tuple(doubts))
    proof = tuple(
        _proof(lettered(position + n), one, ledger.store(data, X12))
        for n, (one, data) in enumerate(first.values())
    )
    earliest = min(one.on for one, _ in first.values())
    said = " ".join(_sentence(one) for one, _ in first.values())
    known = f"Taken on receipt on {earliest.isoformat()} ({', '.join(first)})"
    if limit is not None:
        within = "within" if earliest <= limit else "after"
        known += f", {within} the filing limit of {limit.isoformat()}"
        if earliest > limit:
            doubts.append(f"the acceptance is dated after the filing limit of {limit.isoformat()}")
    names = " and ".join(one.name for one in proof)
    return Found(Filing(f"{known}.", said, names), proof, tuple(doubts))


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_file())
    except OSError as error:
        raise BadInput(f"{folder}: cannot be read ({error.strerror}); name the folder") from error


def _sentence(one: Acceptance) -> str:
    on = long_day(one.on)
    if one.report == "999":
        return f"The claim file was accepted on {on} by its receiver, {one.by} (999)."
    by = f"{one.by}, a clearinghouse," if one.role == "clearinghouse" else one.by
    return f"{by or 'The receiver'} acknowledged the claim as of {on} (277CA: {_glosses(one)})."


def _glosses(one: Acceptance) -> str:
    categories = dict.fromkeys(code.partition(":")[0] for code in one.codes)
    return "; ".join(f"{name}, {CATEGORIES[name].gloss}" for name in categories)


def _proof(letter: str, one: Acceptance, sha256: str) -> Proof:
    facts = (
        Fact("Report", one.report, ""),
        Fact("By", f"{one.by} ({one.role})", ""),
        Fact("Taken on", spelled(one.on), one.where),
        Fact("Codes", " ".join(one.codes), "" if one.report == "999" else _glosses(one)),
        Fact("Payer's claim number", one.payer_claim_number or "", "REF, 1K"),
        Fact("SHA-256 of the file", sha256, ""),
    )
    title = f"Proof of filing: acceptance report ({one.report})"
    return Proof(letter, title, tuple(fact for fact in facts if fact.value), one.segments)
