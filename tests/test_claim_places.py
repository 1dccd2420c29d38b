"""Where an 835's figures stand is the same when it is read, kept, and kept as it once was."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import pytest
from ledger_samples import NOW
from pydantic import TypeAdapter
from x12_samples import REMITTANCE, delimited, interchange

from billing.balance import residuals
from billing.ledger import Ledger, open_ledger
from billing.model import Channel, Evidence, Remittance
from bots.reading.x12_envelope import Interchanges
from bots.reading.x12_remittance import Payment, whole

DATA = delimited(interchange([REMITTANCE]))
AT = {
    "amount": "segment 4, BPR02",
    "trace_number": "segment 5, TRN02",
    "payment_date": "segment 4, BPR16",
    "provider_adjustments[0].amount": "segment 21, PLB04",
    "claims[0].charge": "segment 9, CLP03",
    "claims[0].paid": "segment 9, CLP04",
    "claims[0].patient_responsibility": "segment 9, CLP05",
    "claims[0].adjustments[0].amount": "segment 10, CAS03",
    "claims[0].lines[0].charge": "segment 12, SVC02",
    "claims[0].lines[0].paid": "segment 12, SVC03",
    "claims[0].lines[0].allowed": "segment 16, AMT02",
    "claims[0].lines[0].adjustments[0].amount": "segment 14, CAS03",
    "claims[0].lines[0].adjustments[1].amount": "segment 15, CAS03",
    "claims[0].lines[1].charge": "segment 18, SVC02",
    "claims[0].lines[1].paid": "segment 18, SVC03",
    "claims[0].lines[1].adjustments[0].amount": "segment 20, CAS03",
    "claims[0].lines[1].adjustments[1].amount": "segment 20, CAS06",
}
"""Counted by hand in the sample's segments; ISA and GS stand before them."""


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return open_ledger(tmp_path / "home")


def received(ledger: Ledger) -> tuple[str, Remittance]:
    """The sample read and kept: its hash, and the payment as read."""
    sha256 = ledger.store(DATA, "application/edi-x12")
    (paid,) = (whole(Payment(one), sha256) for one in Interchanges(io.BytesIO(DATA)))
    ledger.receive(
        sha256, [paid], [residuals(paid)], channel=Channel.CLEARINGHOUSE, run="r", at=NOW
    )
    return sha256, paid


def places(ledger: Ledger) -> Mapping[str, Evidence]:
    """Where the figures of the one payment in the books stand."""
    (found,) = ledger.remittances()
    return found.remittance.places


def test_every_figure_has_its_segment_when_read_and_when_kept(ledger: Ledger) -> None:
    sha256, paid = received(ledger)
    expected = {path: Evidence(sha256, where) for path, where in AT.items()}
    assert dict(paid.places) == dict(places(ledger)) == expected
    assert len(paid.places) == len(places(ledger)) == len(expected)
    assert {path: places(ledger)[path] for path in AT} == expected


def test_what_has_no_place_has_none(ledger: Ledger) -> None:
    received(ledger)
    found = places(ledger)
    strange = ("claims[1].paid", "claims[0].lines[2].paid", "claims[0].allowed", "claims[", "payer")
    assert [found.get(path) for path in strange] == [None] * len(strange)


def test_places_that_an_earlier_version_spelled_out_are_read(ledger: Ledger) -> None:
    sha256, paid = received(ledger)
    kept = {
        path.removeprefix("claims[0]"): Evidence(sha256, where)
        for path, where in AT.items()
        if path.startswith("claims[0]")
    }
    text = TypeAdapter(dict[str, Evidence]).dump_json(kept).decode()
    with ledger._engine.begin() as connection:
        (short,) = connection.exec_driver_sql("SELECT places FROM remitted_claims").one()
        assert len(short) * 10 < len(text)
        quoted = text.replace("'", "''")
        connection.exec_driver_sql(f"UPDATE remitted_claims SET places = '{quoted}'")  # noqa: S608
    assert dict(places(ledger)) == dict(paid.places)


def test_places_of_other_bytes_are_spelled_out(ledger: Ledger) -> None:
    _, paid = received(ledger)
    copy = ledger.store(b"another file that states it", "text/plain")
    ledger.receive(copy, [paid], [()], channel=Channel.CLEARINGHOUSE, run="r", at=NOW)
    (found,) = ledger.remittances()
    assert [dict(one.remittance.places) for one in found.statements] == [dict(paid.places)] * 2
