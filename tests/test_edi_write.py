"""What is written as X12 is read back the same, and what an 835 cannot say is refused."""

from __future__ import annotations

import io
import json
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from conftest import PROJECT
from eob_samples import table_document
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner
from x12_samples import REMITTANCE, delimited, interchange

from billing.coverage import Visit
from billing.errors import BadInput
from billing.model import (
    Adjustment,
    Claim,
    ProviderAdjustment,
    Remittance,
    RemittedClaim,
    ServiceLine,
    SourceRow,
)
from billing.money import ZERO
from bots.edi.envelope import Parties
from bots.edi.inquiries import claim_status_inquiry, eligibility_inquiry, trace_number
from bots.edi.remittance import write_remittances
from bots.profile import load_profiles
from bots.reading.eob import read_eob
from bots.reading.x12 import Segments
from bots.reading.x12_envelope import Interchanges
from bots.reading.x12_remittance import Payment, whole
from flows.command import app
from flows.edi_files import parties
from flows.settings import load_settings

PROFILES = PROJECT / "payer_profiles"
AT = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
PARTIES = Parties(
    sender="SENDER",
    receiver="RECEIVER",
    submitter="LARKSPUR BILLING",
    provider="LARKSPUR FAMILY MEDICINE",
    npi="1234567893",
    test=True,
    payers={"acme": "12345", "other": "99999"},
)
CLAIM = Claim(
    claim_id="00012345",
    payer="acme",
    payer_name="Acme Health",
    member_id="ACM000111",
    patient_last="Doe",
    patient_first="Jane",
    date_of_birth=date(1980, 2, 3),
    service_from=date(2025, 12, 1),
    service_to=date(2025, 12, 2),
    billed=Decimal("120.50"),
    balance=Decimal("120.50"),
    source=SourceRow("0" * 64, 2),
)
VISIT = Visit(
    day=date(2026, 1, 6),
    payer="acme",
    payer_name="Acme Health",
    member_id="ACM000111",
    patient_last="Doe",
    patient_first="Jane",
    date_of_birth=date(1980, 2, 3),
    source=SourceRow("0" * 64, 2),
    service_type="98",
)

cents = st.integers(min_value=-10_000_00, max_value=10_000_00).map(lambda n: Decimal(n).scaleb(-2))
# any text but control characters, as an issuer may print it: delimiters too
words = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=12
)
codes = st.text("ABCDEFGHJKLMN0123456789", min_size=1, max_size=5)
days = st.dates(date(2000, 1, 1), date(2035, 12, 31))
adjustments = st.lists(
    st.builds(Adjustment, st.sampled_from(["CO", "PR", "OA", "PI"]), codes, cents), max_size=9
).map(tuple)


@st.composite
def lines(draw: st.DrawFn) -> ServiceLine:
    found, charge = draw(adjustments), draw(cents)
    return ServiceLine(
        procedure=draw(words),
        service_date=draw(st.none() | days),
        charge=charge,
        paid=charge - sum((one.amount for one in found), ZERO),
        modifiers=tuple(draw(st.lists(codes, max_size=4))),
        units=draw(st.none() | st.decimals(0, 999, places=2).map(lambda n: n.normalize())),
        allowed=draw(st.none() | cents),
        adjustments=found,
        remarks=tuple(draw(st.lists(codes, max_size=3))),
    )


@st.composite
def claims(draw: st.DrawFn) -> RemittedClaim:
    own, served = draw(adjustments), tuple(draw(st.lists(lines(), max_size=3)))
    charge = sum((line.charge for line in served), ZERO) if served else draw(cents)
    every = own + tuple(one for line in served for one in line.adjustments)
    return RemittedClaim(
        claim_id=draw(words),
        payer_claim_number=draw(words),
        status=draw(st.sampled_from(["1", "2", "4", "19", "22"])),
        charge=charge,
        paid=charge - sum((one.amount for one in every), ZERO),
        patient_responsibility=sum((one.amount for one in every if one.group == "PR"), ZERO),
        member_id=draw(st.none() | words),
        adjustments=own,
        lines=served,
        remarks=tuple(draw(st.lists(codes, max_size=10))),
    )


@st.composite
def balanced(draw: st.DrawFn) -> Remittance:
    listed = tuple(draw(st.lists(claims(), max_size=3)))
    withheld = draw(
        st.lists(st.builds(ProviderAdjustment, codes, st.just("") | words, cents), max_size=8)
    )
    total = sum((one.paid for one in listed), ZERO) - sum((one.amount for one in withheld), ZERO)
    if total < ZERO:
        withheld.append(ProviderAdjustment("FB", "", total))
        total = ZERO
    return Remittance(
        trace_number=draw(words),
        method=draw(st.sampled_from(["ACH", "CHK", "NON"])),
        amount=total,
        payment_date=draw(days),
        payer=draw(words),
        payee=draw(words),
        claims=listed,
        provider_adjustments=tuple(withheld),
    )


def read_back(data: bytes) -> list[Remittance]:
    interchanges = Interchanges(io.BytesIO(data))
    found = [whole(Payment(one), "0" * 64) for one in interchanges]
    assert interchanges.faults == []
    return [replace(one, places={}) for one in found]


@given(written=st.lists(balanced(), min_size=1, max_size=2))
def test_a_remittance_is_read_back_as_it_was_written(written: list[Remittance]) -> None:
    assert read_back(write_remittances(written, PARTIES, AT)) == written


def test_an_835_that_was_read_is_written_and_read_the_same() -> None:
    data = delimited(interchange([REMITTANCE]))
    (found,) = read_back(data)
    assert read_back(write_remittances([found], PARTIES, AT)) == [found]


def test_what_does_not_balance_is_no_835() -> None:
    (found,) = read_back(delimited(interchange([REMITTANCE])))
    with pytest.raises(BadInput, match=r"T00123 does not balance .* off by 1\.00"):
        write_remittances([replace(found, amount=found.amount - 1)], PARTIES, AT)


@pytest.mark.parametrize(
    ("name", "said"), [("method", "how it was paid"), ("payee", "who is paid")]
)
def test_a_payment_that_does_not_say_what_an_835_must_is_refused(name: str, said: str) -> None:
    (found,) = read_back(delimited(interchange([REMITTANCE])))
    with pytest.raises(BadInput, match=f"T00123 does not say {said}"):
        write_remittances([replace(found, **{name: ""})], PARTIES, AT)


def test_a_line_end_in_a_value_is_refused() -> None:
    (found,) = read_back(delimited(interchange([REMITTANCE])))
    with pytest.raises(BadInput, match="line ends"):
        write_remittances([replace(found, payer="ACME\nHEALTH")], PARTIES, AT)


def test_a_276_asks_about_each_claim_under_its_trace_number() -> None:
    other = replace(CLAIM, payer="other", claim_id="7", payer_claim_number="E7F")
    data = claim_status_inquiry([CLAIM, other, replace(CLAIM, claim_id="8")], PARTIES, AT)
    segments = list(Segments(io.BytesIO(data)))
    assert len(data.split(b"~")[0]) == 105
    assert [one[2] for one in segments if one[:2] == ["NM1", "PR"]] == ["2", "2"]
    assert [one[9] for one in segments if one[:2] == ["NM1", "PR"]] == ["12345", "99999"]
    traces = [one[2] for one in segments if one[0] == "TRN"]
    assert traces == [trace_number(one) for one in (CLAIM, replace(CLAIM, claim_id="8"), other)]
    assert len(set(traces)) == 3
    assert ["REF", "EJ", "00012345"] in segments
    assert ["REF", "1K", "E7F"] in segments
    assert ["AMT", "T3", "120.5"] in segments
    assert ["DTP", "472", "RD8", "20251201-20251202"] in segments
    interchanges = Interchanges(io.BytesIO(data))
    assert [one.kind for one in interchanges] == ["276", "276"]
    assert interchanges.faults == []


def test_a_270_asks_about_each_visit() -> None:
    data = eligibility_inquiry([VISIT, replace(VISIT, member_id="X")], PARTIES, AT)
    segments = list(Segments(io.BytesIO(data)))
    assert ["EQ", "98"] in segments
    assert ["DTP", "291", "D8", "20260106"] in segments
    assert ["NM1", "IL", "1", "Doe", "Jane", "", "", "", "MI", "ACM000111"] in segments
    assert next(one[2] for one in segments if one[0] == "TRN") == trace_number(VISIT)
    interchanges = Interchanges(io.BytesIO(data))
    assert [one.version for one in interchanges] == ["005010X279A1"]
    assert interchanges.faults == []


def test_a_payer_without_number_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match=r"'nobody'.*edi_payers"):
        claim_status_inquiry([replace(CLAIM, payer="nobody")], PARTIES, AT)


SETTINGS = """
[edi]
sender = "SENDER"
receiver = "RECEIVER"
submitter = "LARKSPUR BILLING"
provider = "LARKSPUR FAMILY MEDICINE"
npi = "1234567893"
"""


EOBS = sorted((PROJECT / "payer_profiles").glob("*/cases/document-paid/capture.pdf"))


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(SETTINGS)
    file.chmod(0o600)
    monkeypatch.setenv("CLAIMSWEEP_SETTINGS", str(file))


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("pdf", EOBS, ids=lambda path: path.parts[-4])
def test_an_eob_that_balances_becomes_an_835(pdf: Path, tmp_path: Path) -> None:
    out = tmp_path / "made" / "eob.835"
    done = CliRunner().invoke(app, ["edi", "write", "835", str(pdf), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    layouts = {one.id: one.eob for one in load_profiles(PROFILES).values() if one.eob}
    (printed,) = read_eob(pdf.read_bytes(), layouts).remittances
    assert read_back(out.read_bytes()) == [replace(printed, places={})]
    again = CliRunner().invoke(app, ["edi", "read", str(out), "--json"])
    assert again.exit_code == 0
    (payment,) = json.loads(again.stdout)["files"][0]["payments"]
    assert payment["balanced"]


@pytest.mark.usefixtures("settings")
def test_an_eob_of_nobody_is_refused_and_nothing_written(tmp_path: Path) -> None:
    pdf, out = tmp_path / "eob.pdf", tmp_path / "eob.835"
    pdf.write_bytes(table_document())
    refused = CliRunner().invoke(app, ["edi", "write", "835", str(pdf), "--out", str(out)])
    assert isinstance(refused.exception, BadInput)
    assert "no payer's eob.yaml recognises this document" in str(refused.exception)
    assert not out.exists()


@pytest.mark.usefixtures("settings")
def test_an_export_becomes_a_276_and_a_schedule_a_270(tmp_path: Path) -> None:
    world = [sys.executable, "-m", "sandbox"]
    schedule = tmp_path / "schedule.csv"
    for made in (["export", str(tmp_path / "x")], ["schedule", str(schedule)]):
        command = [*world, *made, "--claims", "16"]
        subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, timeout=120)
    settings = tmp_path / "settings.toml"
    numbers = "".join(f'{one} = "12345"\n' for one in load_profiles(PROFILES))
    settings.write_text(f"{SETTINGS}[edi_payers]\n{numbers}")
    exports = sorted(map(str, (tmp_path / "x").glob("*")))[:1]
    for kind, files in (("276", exports), ("270", [str(schedule)])):
        out = tmp_path / f"some.{kind}"
        done = CliRunner().invoke(app, ["edi", "write", kind, *files, "--out", str(out), "--json"])
        assert done.exit_code == 0, done.output or done.exception
        segments = list(Segments(io.BytesIO(out.read_bytes())))
        traces = {one[2] for one in segments if one[0] == "TRN"}
        assert len(traces) == json.loads(done.stdout)["count"] > 10


@pytest.mark.parametrize("lacks", ["sender", "npi"])
def test_settings_that_lack_a_party_are_refused_by_name(
    lacks: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "settings.toml"
    kept = [line for line in SETTINGS.splitlines() if not line.startswith(f"{lacks} =")]
    file.write_text("\n".join(kept))
    file.chmod(0o600)
    monkeypatch.setenv("CLAIMSWEEP_SETTINGS", str(file))
    with pytest.raises(BadInput, match=f"lacking: {lacks}"):
        parties(load_settings())


def test_an_open_validator_finds_nothing_wrong_with_an_835(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """pyx12 has the 5010 map of the 835; of 276 and 270 it has the older ones only."""
    document = pytest.importorskip("pyx12.x12n_document")
    params = pytest.importorskip("pyx12.params").params()
    (found,) = read_back(delimited(interchange([REMITTANCE])))
    file = tmp_path / "some.835"
    file.write_bytes(write_remittances([found], PARTIES, AT))
    assert document.x12n_document(params, str(file), None, None)
    file.write_bytes(file.read_bytes().replace(b"CLP*00012345*1*", b"CLP*00012345*99*"))
    assert not document.x12n_document(params, str(file), None, None)
    assert "CLP02" in caplog.text
