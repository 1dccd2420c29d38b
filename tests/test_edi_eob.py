"""Simulated EOBs of every described layout become 835s that an open validator finds valid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import PROJECT
from test_edi_write import AT, PARTIES, read_back

from billing.model import Remittance
from bots.edi.remittance import write_remittances
from bots.layout import EobLayout
from bots.profile import load_layouts
from bots.reading.eob import read_eob
from sandbox.remittances.corpus import ISSUERS, make_document

DESCRIBED = sorted(key for key, issuer in ISSUERS.items() if issuer.described)
SEEDS = (1, 2, 3)


@pytest.fixture(scope="module")
def layouts() -> Mapping[str, EobLayout]:
    return load_layouts(PROJECT / "payer_profiles")


def kinds(remittance: Remittance) -> Counter[str]:
    """Which of the awkward kinds a payment is."""
    withheld = [one.reason for one in remittance.provider_adjustments]
    return Counter(
        reversal=any(one.status == "22" for one in remittance.claims),
        withheld=bool(withheld),
        interest="L6" in withheld,
        nothing_paid=not remittance.amount,
    )


def test_every_described_layout_becomes_a_valid_835_and_is_read_the_same(
    layouts: Mapping[str, EobLayout], tmp_path: Path
) -> None:
    """pyx12 has the 5010 map of the 835; reversals, interest and zero payments are among them."""
    document = pytest.importorskip("pyx12.x12n_document")
    params = pytest.importorskip("pyx12.params").params()
    file, seen = tmp_path / "eob.835", Counter[str]()
    for layout in DESCRIBED:
        for seed in SEEDS:
            reading = read_eob(make_document(layout, "text", seed, 1).data, layouts)
            assert reading.balanced, (layout, seed)
            data = write_remittances(reading.remittances, PARTIES, AT)
            printed = [replace(one, places={}) for one in reading.remittances]
            assert read_back(data) == printed, (layout, seed)
            file.write_bytes(data)
            assert document.x12n_document(params, str(file), None, None), (layout, seed)
            for one in printed:
                seen += kinds(one)
    assert len(DESCRIBED) >= 5
    assert set(seen) == {"reversal", "withheld", "interest", "nothing_paid"}
