"""A made world holds the payers asked for, each with its own words, numbers, documents and file."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pdfplumber
import pytest
from pdfminer.pdfdocument import PDFPasswordIncorrect
from pdfplumber.utils.exceptions import PdfminerException

from bots.exports import read_export
from sandbox.__main__ import main
from sandbox.books import make_world
from sandbox.documents import eob_pdf, write_documents
from sandbox.exports import write_exports
from sandbox.payers import STYLES
from sandbox.truth import CATEGORIES, truth_rows
from sandbox.world import World

AS_OF = date(2026, 11, 20)
CLAIMS = 120
ALL = tuple(STYLES)
each_payer = pytest.mark.parametrize("payer_id", ALL)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(4, CLAIMS, AS_OF, ALL)


def test_there_are_five_payers_and_the_two_known_ones_by_name(world: World) -> None:
    assert [payer.payer_id for payer in world.payers] == list(ALL)
    assert len(ALL) == 5
    assert world.commercial is world.payer("juniper-ridge")
    assert world.medicaid is world.payer("franklin-medicaid")
    with pytest.raises(KeyError, match="no acme in a world of"):
        world.payer("acme")
    with pytest.raises(ValueError, match="no simulated payer is called acme"):
        make_world(4, 1, AS_OF, ("acme",))


@each_payer
def test_a_payer_is_the_same_in_any_company(world: World, payer_id: str) -> None:
    assert make_world(4, CLAIMS, AS_OF, (payer_id,)).payers == (world.payer(payer_id),)
    assert make_world(5, CLAIMS, AS_OF, (payer_id,)).payers != (world.payer(payer_id),)


def test_no_number_means_two_things(world: World) -> None:
    for numbers in (
        [billed.claim_id for payer in world.payers for billed in payer.billed],
        [number for payer in world.payers for number in payer.by_number],
        [member_id for payer in world.payers for member_id in payer.members],
        [trace for payer in world.payers for trace in payer.remittances],
    ):
        assert len(numbers) == len(set(numbers))


def test_a_simulated_medicare_number_can_be_nobodys(world: World) -> None:
    payer = world.payer("tri-rivers")
    for member_id in payer.members:
        assert len(member_id) == 11
        assert member_id[0] in "123456789"
        assert member_id[1] == "S"  # no real one has an S, L, O, I, B or Z
    assert all(number.isdecimal() and len(number) == 13 for number in payer.by_number)
    assert {claim.status for claim in payer.by_number.values()} == {"Pending", "Processed"}
    assert all(
        claim.superseded_by is None
        for numbers in payer.by_member.values()
        for claim in (payer.by_number[number] for number in numbers)
    )


@each_payer
def test_the_key_knows_every_word_of_a_payer(world: World, payer_id: str) -> None:
    payer, words = world.payer(payer_id), STYLES[payer_id].words
    outcomes = {billed.expected.outcome for billed in payer.billed}
    assert {"paid", "denied", "partly_paid", "pending", "not_found", "no_answer"} <= outcomes
    for claim in payer.by_number.values():
        assert claim.status in CATEGORIES or claim.status == words.reversed
    categories = {
        billed.expected.status_category for billed in payer.billed if billed.expected.paid
    }
    assert ("F1" in categories) == (not STYLES[payer_id].public)
    assert ("F3" in categories) == (payer_id != "tri-rivers")


@each_payer
def test_every_payment_and_claim_of_a_payer_foots(world: World, payer_id: str) -> None:
    zero = Decimal("0.00")
    payer = world.payer(payer_id)
    assert payer.remittances
    for remittance in payer.remittances.values():
        withheld = sum((entry.amount for entry in remittance.provider_adjustments), zero)
        assert (
            sum((c.paid or zero for c in remittance.claims), zero) - withheld == remittance.amount
        )
        for claim in remittance.claims:
            taken = [*claim.adjustments, *(a for line in claim.lines for a in line.adjustments)]
            assert claim.charge - sum((a.amount for a in taken), zero) == claim.paid


def read_text(path: Path, password: str | None = None) -> str:
    with pdfplumber.open(path, password=password) as document:
        return document.pages[0].extract_text() or ""


@each_payer
def test_a_document_says_whose_it_is(world: World, payer_id: str, tmp_path: Path) -> None:
    payer = world.payer(payer_id)
    trace = next(iter(payer.remittances))
    file = tmp_path / "eob.pdf"
    file.write_bytes(eob_pdf(world, payer_id, trace))
    text = read_text(file).casefold()
    named = {one.name for one in STYLES.values() if one.name.casefold() in text}
    assert named == {payer.name}
    assert trace in text


@each_payer
def test_a_locked_document_opens_with_its_password_only(
    world: World, payer_id: str, tmp_path: Path
) -> None:
    trace = next(iter(world.payer(payer_id).remittances))
    clear, locked = tmp_path / "clear.pdf", tmp_path / "locked.pdf"
    clear.write_bytes(eob_pdf(world, payer_id, trace))
    locked.write_bytes(eob_pdf(world, payer_id, trace, "RA-1"))
    assert locked.read_bytes() == eob_pdf(world, payer_id, trace, "RA-1")
    assert read_text(locked, "RA-1") == read_text(clear)
    for wrong in ("", "RA-2"):
        with pytest.raises(PdfminerException) as refused:
            read_text(locked, wrong)
        assert isinstance(refused.value.args[0], PDFPasswordIncorrect)


def test_every_payer_has_an_export_that_is_recognised(world: World, tmp_path: Path) -> None:
    paths = write_exports(world, tmp_path / "once")
    assert [path.name for path in paths] == [
        "juniper-ridge.csv",
        "franklin-medicaid.xlsx",
        "blue-mesa.csv",
        "tri-rivers.xlsx",
        "copper-line.csv",
    ]
    again = write_exports(world, tmp_path / "again")
    assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in again]
    names = {payer.name: payer.payer_id for payer in world.payers}
    for path, payer in zip(paths, world.payers, strict=True):
        claims = read_export(path.read_bytes(), path.name, payer_ids=names).claims
        assert sorted(
            (c.claim_id, c.payer, c.member_id, c.date_of_birth, c.service_from, c.billed)
            for c in claims
        ) == sorted(
            (
                b.claim_id,
                payer.payer_id,
                b.patient.member_id,
                b.patient.birth,
                b.service_from,
                b.charge,
            )
            for b in payer.billed
        )


def test_the_command_takes_the_chosen_payers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = ["--claims", "8", "--seed", "4"]
    main(["export", str(tmp_path / "default"), *few])
    assert {path.stem for path in (tmp_path / "default").iterdir()} == set(STYLES)
    chosen = ["--payers", "tri-rivers, blue-mesa"]
    main(["export", str(tmp_path / "chosen"), *few, *chosen])
    assert {path.name for path in (tmp_path / "chosen").iterdir()} == {
        *("tri-rivers.xlsx", "blue-mesa.csv")
    }
    main(["documents", str(tmp_path / "documents"), *few, *chosen, "--limit", "1"])
    assert len(list((tmp_path / "documents").glob("*.pdf"))) == 2
    capsys.readouterr()
    main(["truth", "--json", *few, *chosen])
    made = make_world(4, 8, AS_OF, ("tri-rivers", "blue-mesa"))
    assert json.loads(capsys.readouterr().out) == list(truth_rows(made))
    with pytest.raises(SystemExit):
        main(["truth", "--payers", "acme"])
    assert "some of these, please: juniper-ridge" in capsys.readouterr().err


def test_documents_are_written_for_all(world: World, tmp_path: Path) -> None:
    assert write_documents(world, tmp_path, limit=2) == 2 * len(ALL)
    truth = json.loads((tmp_path / "truth.json").read_text("utf-8"))
    assert {row["payer"] for row in truth} == set(ALL)
