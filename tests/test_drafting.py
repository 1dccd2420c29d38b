"""A remittance without a layout is read right by one drafted from it, or refused."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from remittance_marks import mark_document
from typer.testing import CliRunner

from billing.errors import UnreadableDocument
from bots.layout import EobLayout, load_layout
from bots.profile import load_layouts
from bots.reading.documents import read_documents, read_or_propose
from bots.reading.drafting.codes_in_words import method_of, status_of
from bots.reading.drafting.draft import draft_layout
from bots.reading.drafting.general import Proposal, propose
from bots.reading.drafting.vocabulary import canonical, meanings
from bots.reading.drafting.written import yaml_text
from bots.reading.words import Word, read_pages
from flows.command import app
from sandbox.__main__ import AS_OF
from sandbox.books import make_world
from sandbox.documents import write_documents
from sandbox.remittances.corpus import ISSUERS, Document, make_document
from sandbox.remittances.others import OTHERS

PROFILES = Path(__file__).resolve().parent.parent / "payer_profiles"
SEED = 23
# Drafted whole from nearly every document; the others are refused, or drafted from some.
DRAFTED = (
    *("alder", "birch", "cedar", "dunmore", "grayling", "harrow", "ironbridge", "juneberry"),
    *("elmford", "ferngate", "kestrel", "lindenfield", "marrow", "northwick", "oxbow"),
)


@cache
def document(layout: str, number: int) -> Document:
    return make_document(layout, "text", SEED, number)


def read_bare(layout: str, number: int, folder: Path) -> dict[str, Any]:
    """As the command reads it where no layout is known."""
    path = folder / document(layout, number).name
    path.write_bytes(document(layout, number).data)
    (reading,) = read_documents([path], {})
    return reading


@pytest.mark.parametrize("layout", ISSUERS)
def test_what_is_drafted_and_balances_is_right(layout: str, tmp_path: Path) -> None:
    for number in (1, 2, 3, 4):
        reading = read_bare(layout, number, tmp_path)
        if reading["errors"]:
            assert reading["payments"] == []
            assert reading["layout"] is None
            continue
        assert reading["layout"] == "drafted"
        if all(payment["balanced"] for payment in reading["payments"]):
            marks = mark_document(document(layout, number).truth, reading["payments"])
            assert not marks.wrong
            assert not marks.missed
            assert 0 < reading["confidence"] <= 100


@pytest.mark.parametrize("layout", DRAFTED)
def test_ordinary_tables_are_read_whole_without_a_layout(layout: str, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        reading = read_bare(layout, number, tmp_path)
        assert reading["errors"] == []
        assert all(payment["balanced"] for payment in reading["payments"])


def test_portals_documents_are_read_without_their_layouts(tmp_path: Path) -> None:
    payers = ("blue-mesa", "tri-rivers", "franklin-medicaid", "juniper-ridge", "copper-line")
    write_documents(make_world(5, 30, AS_OF, payers), tmp_path, limit=2)
    truths = json.loads((tmp_path / "truth.json").read_text())
    read = 0
    for truth in truths:
        (document,) = read_documents([tmp_path / truth["file"]], {})
        for payment in document["payments"]:
            assert payment["balanced"]
            assert payment["trace_number"] == truth["trace_number"]
            assert len(payment["claims"]) == len(truth["claims"])
            for claim, expected in zip(payment["claims"], truth["claims"], strict=True):
                for name in ("claim_id", "payer_claim_number", "status", "charge", "paid"):
                    assert claim[name] == expected[name]
            read += 1
    assert read >= len(truths) - 1


@pytest.mark.parametrize("kind", OTHERS)
def test_what_is_no_remittance_is_refused_with_its_kind(kind: str) -> None:
    with pytest.raises(UnreadableDocument, match=r"looks like no remittance but an? ") as refused:
        read_or_propose(document(kind, 1).data, {})
    assert kind.replace("_", " ").casefold() in str(refused.value).casefold()


@pytest.mark.parametrize("layout", DRAFTED)
def test_a_drafted_layout_is_written_and_reads_its_sample_alike(
    layout: str, tmp_path: Path
) -> None:
    data = document(layout, 1).data
    proposal = propose(read_pages(data), "0")
    path = tmp_path / "eob.yaml"
    path.write_text(yaml_text(proposal.draft), encoding="utf-8")
    loaded: EobLayout = load_layout(path)
    assert loaded == proposal.draft.layout
    known = read_or_propose(data, {layout: loaded})
    assert not isinstance(known, Proposal)
    assert known.remittances[0].claims == proposal.reading.remittances[0].claims


@pytest.mark.parametrize("layout", DRAFTED)
def test_a_swapped_figure_is_not_accepted(layout: str) -> None:
    data = make_document(layout, "digit", SEED, 1).data
    try:
        proposal = read_or_propose(data, {})
    except UnreadableDocument:
        return
    assert isinstance(proposal, Proposal)
    assert not proposal.reading.balanced
    assert proposal.confidence == 0


def test_a_layout_that_a_person_made_comes_first(tmp_path: Path) -> None:
    path = tmp_path / "remittance.pdf"
    path.write_bytes(document("alder", 1).data)
    (reading,) = read_documents([path], load_layouts(PROFILES))
    assert (reading["layout"], reading["payer"]) == ("alder", "alder")


def test_a_document_without_claims_is_refused_with_the_reason() -> None:
    with pytest.raises(UnreadableDocument, match="no table of claims' lines is found"):
        draft_layout(read_pages(document("letter", 1).data))


@pytest.mark.parametrize("layout", DRAFTED)
def test_an_unreadable_row_has_the_document_refused_or_changes_no_claim(layout: str) -> None:
    pages = read_pages(document(layout, 1).data)
    unread = Word("", (60, 8, 300, 17), "ocr", 0)
    blotted = [replace(page, words=(*page.words, unread)) for page in pages]
    claims = propose(pages, "0").reading.remittances[0].claims
    try:
        proposal = propose(blotted, "0")
    except UnreadableDocument:
        return
    assert proposal.reading.remittances[0].claims == claims


@pytest.fixture
def profiles(tmp_path: Path) -> Path:
    """A folder of payers that knows no issuer."""
    shutil.copytree(PROFILES / "blue-mesa", tmp_path / "profiles" / "blue-mesa")
    return tmp_path / "profiles"


def test_the_command_drafts_a_layout_and_draws_it(tmp_path: Path, profiles: Path) -> None:
    file, out = tmp_path / "sample.pdf", tmp_path / "draft"
    file.write_bytes(document("birch", 2).data)
    arguments = ["eob", "layout", "new", str(file), "--out", str(out), "--profiles", str(profiles)]
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["faults"] == []
    assert load_layout(out / "eob.yaml").recognise[0] == "Birchline Mutual Insurance"
    for picture in said["pictures"]:
        drawn = Image.open(picture).convert("RGB")
        assert (200, 30, 30) in {colour for _, colour in drawn.getcolors(2**24) or ()}
    again = CliRunner().invoke(app, arguments)
    assert "lies there already" in str(again.exception)


def test_no_layout_is_drafted_where_one_is_known(tmp_path: Path) -> None:
    file, out = tmp_path / "sample.pdf", tmp_path / "draft"
    file.write_bytes(document("birch", 2).data)
    done = CliRunner().invoke(
        app, ["eob", "layout", "new", str(file), "--out", str(out), "--profiles", str(PROFILES)]
    )
    assert done.exit_code != 0
    assert "the layout of birch recognises it" in str(done.exception)
    assert not out.exists()


def test_the_command_says_that_a_reading_is_a_proposal(tmp_path: Path, profiles: Path) -> None:
    file = tmp_path / "sample.pdf"
    file.write_bytes(document("alder", 1).data)
    done = CliRunner().invoke(app, ["eob", "read", str(file), "--profiles", str(profiles)])
    assert done.exit_code == 1
    said = " ".join(done.stdout.split())
    assert "no layout knows this issuer; read by its own headings" in said
    assert "Confirm every figure" in said


@pytest.mark.parametrize(
    ("text", "part", "field"),
    [
        ("Check/EFT No.", "payment", "trace_number"),
        ("WARRANT #", "payment", "trace_number"),
        ("Date Paid", "payment", "payment_date"),
        ("Remit To", "payment", None),
        ("Pt Acct No", "claim", "claim_id"),
        ("Payer Claim Control Number", "claim", "payer_claim_number"),
        ("ICN", "claim", "payer_claim_number"),
        ("Subscriber ID", "claim", "member_id"),
        ("Dates of Service", "line", "service_date"),
        ("Amt Billed", "line", "charge"),
        ("Co-Ins", "line", "PR-2"),
        ("DEDUCT", "line", "PR-1"),
        ("Pat Resp", "line", "patient_responsibility"),
        ("Prov Pd", "line", "paid"),
        ("Total benefits", "totals", "paid"),
        ("Ded/Copay", "line", None),
        ("Plan Pays", "line", "paid"),
        ("Contract Write-off", "line", "CO-45"),
        ("From/Thru", "line", "service_date"),
        ("Check/Deposit No.", "payment", "trace_number"),
        ("Sandwich", "line", None),
    ],
)
def test_the_vocabulary_knows_abbreviations(text: str, part: str, field: str | None) -> None:
    found = meanings(text, part)
    assert (found[0].field if found else None) == field


def test_the_vocabulary_ignores_case_points_and_broken_words() -> None:
    assert canonical("Copay- ment:") == canonical("COPAYMENT") == canonical("co-pay")
    assert (status_of("Reversed"), status_of("4"), status_of("Sideways")) == ("22", "4", None)
    assert (method_of("Direct deposit"), method_of("CHK"), method_of("?")) == ("ACH", "CHK", None)
