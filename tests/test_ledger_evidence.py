"""Evidence betrays every change, and nothing rests on bytes that are not there."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from ledger_samples import DAY, LAST_NAME, NOW, begin, claim, conclusion, paid, payment

from billing.errors import ClaimsweepError
from billing.ledger import EvidenceDamaged, EvidenceMissing, Ledger, open_ledger
from billing.ledger.shelves import FolderShelf
from billing.model import (
    Channel,
    Evidence,
    Found,
    Observation,
    Outcome,
    Remittance,
    RemittedClaim,
)


def lies(ledger: Ledger, sha256: str) -> Path:
    """Where the bytes lie."""
    return FolderShelf(ledger.home / "evidence").path(sha256)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(tmp_path / "home")
    yield opened
    opened.close()


def test_what_is_stored_is_fetched_and_lies_under_its_hash(ledger: Ledger) -> None:
    sha256 = ledger.store(b"page", "text/html")
    assert sha256 == hashlib.sha256(b"page").hexdigest()
    assert ledger.store(b"page", "application/pdf") == sha256
    assert ledger.fetch(sha256) == b"page"
    assert ledger.media_type(sha256) == "text/html"
    path = lies(ledger, sha256)
    assert path.read_bytes() == b"page"
    assert path.relative_to(ledger.home / "evidence").as_posix() == f"{sha256[:2]}/{sha256[2:]}"
    assert list((ledger.home / "evidence" / "incoming").iterdir()) == []


def test_empty_bytes_are_evidence_too(ledger: Ledger) -> None:
    assert ledger.fetch(ledger.store(b"", "text/plain")) == b""


def test_a_changed_or_missing_file_is_found_and_healed_by_storing_again(ledger: Ledger) -> None:
    whole = ledger.store(b"whole", "text/html")
    changed = ledger.store(b"changed", "text/html")
    missing = ledger.store(b"missing", "text/html")
    never = hashlib.sha256(b"never").hexdigest()
    lies(ledger, changed).write_bytes(b"chanqed")
    lies(ledger, missing).unlink()
    with pytest.raises(EvidenceDamaged, match=changed):
        ledger.fetch(changed)
    with pytest.raises(EvidenceMissing, match=missing):
        ledger.fetch(missing)
    with pytest.raises(EvidenceMissing, match=never):
        ledger.media_type(never)
    assert ledger.verify_evidence([whole]) == []
    problems = ledger.verify_evidence([whole, changed, missing, never])
    assert [any(h in p for p in problems) for h in (whole, changed, missing, never)] == [
        False,
        True,
        True,
        True,
    ]
    ledger.store(b"changed", "text/html")
    ledger.store(b"missing", "text/html")
    assert ledger.verify_evidence([whole, changed, missing]) == []


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "e" * 63, "e" * 64 + "\n"])
def test_only_a_hash_names_evidence(ledger: Ledger, name: str) -> None:
    with pytest.raises(EvidenceMissing):
        ledger.fetch(name)


def test_what_a_killed_run_left_half_written_is_dropped_later(ledger: Ledger) -> None:
    incoming = ledger.home / "evidence" / "incoming"
    old, young = incoming / "old", incoming / "young"
    old.write_bytes(b"half a pa")
    young.write_bytes(b"half a pa")
    os.utime(old, (time.time() - 7200,) * 2)
    open_ledger(ledger.home).close()
    assert (old.exists(), young.exists()) == (False, True)


def test_a_store_that_cannot_be_written_is_one_sentence(ledger: Ledger) -> None:
    incoming = ledger.home / "evidence" / "incoming"
    incoming.rmdir()
    incoming.write_text("in the way")
    with pytest.raises(ClaimsweepError, match="evidence cannot be written"):
        ledger.store(b"page", "text/html")


HASH = "a" * 64
REMITTANCE = Remittance(
    trace_number="T1",
    method="ACH",
    amount=Decimal("80.00"),
    payment_date=DAY,
    payer="Acme",
    payee="Clinic",
    claims=(RemittedClaim("C1", "P1", "1", Decimal("100.00"), Decimal("80.00"), Decimal("20.00")),),
    places={"amount": Evidence(HASH, "page 1")},
)


@pytest.mark.parametrize(
    "rests",
    ["capture", "place", "image", "remittance", "conclusion", "conclusion place", "posting"],
)
def test_nothing_is_settled_on_bytes_that_are_not_stored(ledger: Ledger, rests: str) -> None:
    page = ledger.store(b"page", "text/html")
    begin(ledger, claims=[claim(1)])
    item = ledger.lease_item("night-1", "acme", "one", seconds=60, now=NOW)
    assert item is not None
    observation, concluded, posting = paid(page), conclusion(Outcome.PAID), payment("T1")
    elsewhere = {"paid": Evidence(HASH, "row 2")}
    match rests:
        case "capture":
            observation = replace(observation, captures=(page, HASH))
        case "place":
            observation = replace(observation, places=elsewhere)
        case "image":
            observation = replace(observation, places={"paid": Evidence(page, "row", image=HASH)})
        case "remittance":
            observation = Observation(Channel.EOB, NOW, Found(REMITTANCE), (page,))
        case "conclusion":
            concluded = replace(concluded, evidence=(HASH,))
        case "conclusion place":
            concluded = replace(concluded, places=elsewhere)
        case "posting":
            posting = replace(posting, evidence=Evidence(HASH, "row 2"))

    def settle() -> bool:
        return ledger.settle(
            item.item_id,
            item.fence,
            observations=[observation],
            conclusion=concluded,
            postings=[posting],
            seconds=Decimal(1),
            at=NOW,
        )

    with pytest.raises(EvidenceMissing, match=HASH) as refusal:
        settle()
    assert LAST_NAME not in str(refusal.value)
    assert ledger.observations(item.item_id) == ()
    assert ledger.progress("night-1").leased == 1
    # The database itself refuses too, whatever the code in front of it forgets.
    with ledger._writing() as connection:
        connection.exec_driver_sql(
            f"INSERT INTO evidence (sha256, media_type, size) VALUES ('{HASH}', 'text/html', 1)"  # noqa: S608
        )
    assert settle()
    assert ledger.observations(item.item_id) == (observation,)
    with pytest.raises(ClaimsweepError), ledger._writing() as connection:
        connection.exec_driver_sql("DELETE FROM evidence")
