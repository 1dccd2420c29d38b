"""Proof of filing is an acceptance report about this very claim, or there is none."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from filing_samples import CLAIM, claim_file, receipt, report

from billing.errors import BadInput, UnreadableDocument
from billing.ledger import open_ledger
from bots.reading.x12_filing import acceptances, filed, receipts
from flows.appeal_filing import find_proof


def test_a_277ca_that_took_the_claim_is_proof() -> None:
    (found,) = acceptances(report(), CLAIM)
    assert (found.report, found.by, found.role) == ("277CA", "ACME HEALTH", "payer")
    assert (found.on, found.codes) == (date(2026, 9, 15), ("A2:20",))
    assert found.payer_claim_number == "PAYER77"
    assert "date of the status" in found.where
    assert f"TRN*2*{CLAIM.claim_id}" in found.segments
    assert not any("ROE" in one for one in found.segments), "no other patient's part"


def test_the_day_of_receipt_comes_before_the_day_of_the_status() -> None:
    (found,) = acceptances(report(received="20260912"), CLAIM)
    assert found.on == date(2026, 9, 12)
    assert "date of receipt" in found.where
    (of_clearinghouse,) = acceptances(report(source="AY*2*CLEARWATER*****46*99"), CLAIM)
    assert (of_clearinghouse.by, of_clearinghouse.role) == ("CLEARWATER", "clearinghouse")


@pytest.mark.parametrize(
    "data",
    [
        report(codes="A3:21"),
        report(codes="A7:562:85"),
        report(codes="A0:16"),
        report(codes="A2:20").replace(b"A2:20*20260915", b"A2:20*00000000"),
        report(number="C00002"),
        report(member="MBR778"),
        report(replace(CLAIM, billed=Decimal("100.01"))),
        report(replace(CLAIM, service_from=date(2026, 9, 2), service_to=date(2026, 9, 2))),
        claim_file(),
        receipt(),
    ],
    ids="returned rejected passed-on undated number member charge day 837 999".split(),
)
def test_what_does_not_take_this_claim_is_no_proof(data: bytes) -> None:
    assert acceptances(data, CLAIM) == ()


def test_a_report_that_is_cut_off_is_not_believed() -> None:
    with pytest.raises(UnreadableDocument, match="not believed"):
        acceptances(report(count=99), CLAIM)


def test_a_999_is_proof_of_the_file_that_held_the_claim() -> None:
    sent = filed(claim_file(), CLAIM)
    assert [(one.group, one.transaction) for one in sent] == [("HC 7", "837 0021")]
    (found,) = receipts(receipt(), sent)
    assert (found.report, found.by, found.on) == ("999", "RECEIVER", date(2026, 1, 5))
    assert f"CLM*{CLAIM.claim_id}*100.00***11:B:1*Y*A*Y*Y" in found.segments
    assert "IK5*A" in found.segments
    assert "IK5*R*5" not in found.segments, "another transaction's"
    for other in (receipt(group="8"), receipt(verdict="R"), receipt(back=False), report()):
        assert receipts(other, sent) == ()
    assert filed(claim_file(member="MBR778"), CLAIM) == ()
    assert filed(claim_file(charge="100.01"), CLAIM) == ()
    assert filed(claim_file(), replace(CLAIM, claim_id="C00002")) == ()


def test_the_earliest_of_each_report_counts_and_its_file_is_kept(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / "home")
    folder = tmp_path / "in"
    folder.mkdir()
    files = {
        "late.277ca": report(received="20261001"),
        "early.277ca": report(received="20260912"),
        "claims.837": claim_file(),
        "a.999": receipt(on="20260910"),
        "before.999": receipt(),  # taken before the service: another claim's
        "notes.txt": b"call them",
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)

    def proved(limit: date | None) -> str:
        found = find_proof(ledger, [folder], CLAIM, limit=limit, position=2)
        return found.filing.known

    found = find_proof(ledger, [folder], CLAIM, limit=None, position=2)
    assert found.filing.known == "Taken on receipt on 2026-09-10 (999, 277CA)."
    assert found.filing.exhibit == "Exhibit C and Exhibit D"
    assert "ACME HEALTH acknowledged the claim as of September 12, 2026" in found.filing.sentence
    assert len(found.doubts) == 1
    assert "notes.txt: The file is no X12" in found.doubts[0]
    hashes = [fact.value for one in found.proof for fact in one.facts if "SHA" in fact.name]
    wanted = [hashlib.sha256(files[name]).hexdigest() for name in ("a.999", "early.277ca")]
    assert hashes == wanted
    assert all(ledger.fetch(one) for one in hashes)
    (folder / "a.999").unlink()
    assert "within the filing limit of 2026-09-12" in proved(date(2026, 9, 12))
    assert "after the filing limit of 2026-09-11" in proved(date(2026, 9, 11))
    none = find_proof(ledger, [folder], replace(CLAIM, claim_id="C7"), limit=None, position=2)
    assert none.proof == ()
    assert none.filing.sentence == ""
    with pytest.raises(BadInput, match="no-such: cannot be read"):
        find_proof(ledger, [tmp_path / "no-such"], CLAIM, limit=None, position=2)
