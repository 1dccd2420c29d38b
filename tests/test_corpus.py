"""Simulated remittances are the same for the same seed, balance, and say what their truth says."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections import Counter
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pdfplumber
import pypdfium2
import pytest
from PIL import Image
from remittance_marks import mark_document

from billing.errors import ProfileError
from bots.layout import EobLayout
from bots.profile import load_layouts
from bots.reading.documents import read_documents
from flows.profiles import lint
from sandbox.__main__ import main
from sandbox.remittances.corpus import ISSUERS, LAYOUTS, Document, draw_layout, make_document
from sandbox.remittances.damage import QUALITIES
from sandbox.remittances.drawing import Figure, Sheet
from sandbox.remittances.faults import FAULTS, other_digit
from sandbox.remittances.others import OTHERS

PROFILES = Path(__file__).resolve().parent.parent / "payer_profiles"
SEED = 11

each_layout = pytest.mark.parametrize("layout", LAYOUTS)
each_issuer = pytest.mark.parametrize("layout", ISSUERS)


def payments(layout: str, count: int = 6) -> list[dict[str, Any]]:
    found = []
    for number in range(1, count + 1):
        found += make_document(layout, "text", SEED, number).truth["payments"]
    return found


def dollars(entries: list[dict[str, str]], name: str = "amount") -> Decimal:
    return sum((Decimal(entry[name]) for entry in entries), Decimal(0))


@each_layout
def test_a_seed_gives_the_same_bytes_and_another_gives_others(layout: str) -> None:
    first = make_document(layout, "text", SEED, 1)
    assert make_document(layout, "text", SEED, 1) == first
    others = {
        make_document(layout, "text", SEED, 2).data,
        make_document(layout, "text", 12, 1).data,
    }
    assert first.data not in others
    assert len(others) == 2


def small_document(pages: int) -> tuple[bytes, dict[str, Figure]]:
    """A paper of two inches, which is damaged fast."""
    sheet = Sheet((216, 144))
    for number in range(pages):
        sheet.begin_page()
        sheet.text(40, f"Paid {number}.00", path=f"payments[{number}].amount")
    return sheet.finish(), sheet.figures


@pytest.mark.parametrize("quality", QUALITIES)
def test_damage_is_the_same_for_the_same_seed(quality: str) -> None:
    data, _ = small_document(1)
    _, damage = QUALITIES[quality]
    assert damage(data, Random(1)) == damage(data, Random(1))
    assert (damage(data, Random(1)) == data) == (quality == "text")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_the_same_for_the_same_seed(fault: str) -> None:
    data, figures = small_document(1)
    spoil = FAULTS[fault]
    assert spoil(data, figures, Random(1)) == spoil(data, figures, Random(1))
    assert (spoil(data, figures, Random(1)) == data) == (fault == "digit")
    (other,) = other_digit(figures, Random(1)).values()
    assert sum(a != b for a, b in zip(other, "Paid 0.00", strict=True)) == 1


def test_a_picture_has_one_page_and_a_tiff_has_all() -> None:
    data, _ = small_document(3)
    for quality, format_, pages in (("photo", "JPEG", 1), ("png", "PNG", 1), ("tiff", "TIFF", 3)):
        suffix, damage = QUALITIES[quality]
        with Image.open(io.BytesIO(damage(data, Random(1)))) as image:
            assert (image.format, getattr(image, "n_frames", 1)) == (format_, pages)
        assert suffix in {"jpg", "png", "tiff"}


@each_layout
def test_every_layout_fits_on_a_photo(layout: str) -> None:
    assert draw_layout(layout, SEED, 1, pages=1).pages == 1


@each_issuer
def test_the_truth_balances(layout: str) -> None:
    """Charge less adjustments is paid: of a line, a claim, a payment; by arithmetic of our own."""
    for payment in payments(layout):
        claims = payment["claims"]
        for claim in claims:
            for line in claim["lines"]:
                left = Decimal(line["charge"]) - dollars(line["adjustments"])
                assert left == Decimal(line["paid"])
            every = claim["adjustments"] + [
                a for line in claim["lines"] for a in line["adjustments"]
            ]
            assert Decimal(claim["charge"]) - dollars(every) == Decimal(claim["paid"])
            patient = [one for one in every if one["group"] == "PR"]
            assert dollars(patient) == Decimal(claim["patient_responsibility"])
            if claim["lines"]:
                assert dollars(claim["lines"], "charge") == Decimal(claim["charge"])
        withheld = dollars(payment["provider_adjustments"])
        assert dollars(claims, "paid") - withheld == Decimal(payment["amount"]) >= 0


@each_issuer
def test_every_figure_of_the_truth_stands_on_its_page(layout: str) -> None:
    """Another library finds the figure's text in its box."""
    document = make_document(layout, "text", SEED, 1)
    with pdfplumber.open(io.BytesIO(document.data)) as pdf:
        pages = [[c for c in page.chars if c["text"] != " "] for page in pdf.pages]
    assert len(pages) == document.truth["pages"]
    for path, place in document.truth["places"].items():
        left, top, right, bottom = place["box"]
        there = "".join(
            c["text"]
            for c in pages[place["page"] - 1]
            if left <= (c["x0"] + c["x1"]) / 2 <= right
            and top <= (c["top"] + c["bottom"]) / 2 <= bottom
        )
        assert there == place["text"].replace(" ", ""), path


@each_issuer
def test_every_amount_has_a_place(layout: str) -> None:
    document = make_document(layout, "text", SEED, 1)
    wanted = set()
    for p, payment in enumerate(document.truth["payments"]):
        at = f"payments[{p}]"
        wanted |= {f"{at}.amount", f"{at}.trace_number"}
        for n in range(len(payment["provider_adjustments"])):
            wanted.add(f"{at}.provider_adjustments[{n}].amount")
        for c, claim in enumerate(payment["claims"]):
            wanted |= {f"{at}.claims[{c}].{key}" for key in ("charge", "paid", "claim_id")}
            for k, line in enumerate(claim["lines"]):
                here = f"{at}.claims[{c}].lines[{k}]"
                wanted |= {f"{here}.charge", f"{here}.paid", f"{here}.procedure"}
                for n in range(len(line["adjustments"])):
                    wanted.add(f"{here}.adjustments[{n}].amount")
    assert wanted <= document.truth["places"].keys()


@each_layout
def test_nothing_is_drawn_over_something_else(layout: str) -> None:
    for number in (1, 2):
        with pdfplumber.open(io.BytesIO(draw_layout(layout, SEED, number).data)) as pdf:
            for page in pdf.pages:
                chars = [one for one in page.chars if one["text"] != " "]
                assert all(one["x0"] > 30 and one["x1"] < page.width - 30 for one in chars)
                chars.sort(key=lambda one: (round(one["bottom"]), one["x0"]))
                for one, after in pairwise(chars):
                    same_row = round(one["bottom"]) == round(after["bottom"])
                    assert not same_row or after["x0"] > one["x1"] - 1.2


def test_the_corpus_holds_what_real_remittances_hold() -> None:
    seen: Counter[str] = Counter()
    for layout in ISSUERS:
        for number in range(1, 7):
            truth = make_document(layout, "text", SEED, number).truth
            seen["several payments"] += len(truth["payments"]) > 1
            seen["several pages"] += truth["pages"] > 1
            for payment in truth["payments"]:
                seen["zero pay"] += Decimal(payment["amount"]) == 0
                seen.update(one["reason"] for one in payment["provider_adjustments"])
                for claim in payment["claims"]:
                    seen[f"status {claim['status']}"] += 1
                    seen["denial without lines"] += not claim["lines"]
                    seen["claim adjustment"] += bool(claim["lines"] and claim["adjustments"])
    for what in (
        *("several payments", "several pages", "zero pay", "WO", "L6", "FB"),
        *("status 1", "status 2", "status 4", "status 22"),
        *("denial without lines", "claim adjustment"),
    ):
        assert seen[what] >= 3, what


def test_claims_that_are_in_process_are_no_part_of_a_payment() -> None:
    """They stand on the paper, and neither among the truth's claims nor in its amounts."""
    pending = 0
    for number in range(1, 7):
        document = make_document("quarry", "text", SEED, number)
        (payment,) = document.truth["payments"]
        decided = {claim["payer_claim_number"] for claim in payment["claims"]}
        with pdfplumber.open(io.BytesIO(document.data)) as pdf:
            text = "\n".join(page.extract_text() for page in pdf.pages)
        waiting = re.findall(r"^(\d{13}) .* UNDER REVIEW$", text, re.MULTILINE)
        assert not decided & set(waiting)
        pending += len(waiting)
    assert pending >= 3


def test_a_page_that_lies_across_is_shown_upright() -> None:
    with pypdfium2.PdfDocument(draw_layout("tamarind", SEED, 1).data) as pdf:
        page = pdf[0]
        assert page.get_rotation() == 90
        assert page.get_mediabox()[2:] == (612, 792)
        assert page.get_size() == (792, 612)


def test_notes_begin_anew_with_each_claim() -> None:
    """The same number means something else on the next page of the same document."""
    several = 0
    for number in range(1, 13):
        with pdfplumber.open(io.BytesIO(draw_layout("rushwater", SEED, number).data)) as pdf:
            text = "\n".join(page.extract_text() for page in pdf.pages)
        meanings = re.findall(r"^1 [A-Z].*\(([A-Z0-9-]+)\)\.$", text, re.MULTILINE)
        several += len(set(meanings)) > 1
    assert several >= 2


def test_half_of_the_layouts_have_no_eob_yaml() -> None:
    described = {layout for layout, issuer in ISSUERS.items() if issuer.described}
    kept = {path.parent.name for path in PROFILES.glob("_issuers/*/eob.yaml")}
    assert described == kept
    assert len(ISSUERS) >= 20
    assert len(described) <= len(ISSUERS) / 2


def test_an_issuer_without_a_portal_has_only_an_eob_yaml(tmp_path: Path) -> None:
    profiles = tmp_path / "profiles"
    for folder in ("blue-mesa", "_issuers/northwick"):
        shutil.copytree(PROFILES / folder, profiles / folder)
    assert load_layouts(profiles).keys() == {"northwick", "blue-mesa"}
    shutil.copytree(profiles / "_issuers" / "northwick", profiles / "_issuers" / "blue-mesa")
    with pytest.raises(ProfileError, match=r"_issuers/blue-mesa/eob\.yaml: a payer of that id"):
        load_layouts(profiles)
    shutil.rmtree(profiles / "_issuers" / "blue-mesa")
    (profiles / "_issuers" / "northwick" / "eob.yaml").write_text("recognise: []\n")
    with pytest.raises(ProfileError, match=r"northwick/eob\.yaml"):
        load_layouts(profiles)
    assert [one for one in lint(profiles, date(2026, 11, 20)) if "_issuers/northwick" in one]


@cache
def shipped_layouts() -> dict[str, EobLayout]:
    return load_layouts(PROFILES)


def read(document: Document, folder: Path) -> dict[str, Any]:
    path = folder / document.name
    path.write_bytes(document.data)
    (reading,) = read_documents([path], shipped_layouts())
    return reading


@pytest.mark.parametrize("layout", [key for key, issuer in ISSUERS.items() if issuer.described])
def test_an_issuer_with_an_eob_yaml_is_read_in_every_field(layout: str, tmp_path: Path) -> None:
    document = make_document(layout, "text", SEED, 1)
    reading = read(document, tmp_path)
    assert reading["errors"] == []
    marks = mark_document(document.truth, reading["payments"])
    assert (marks.missed, marks.wrong) == ([], [])
    assert marks.right > 10


@pytest.mark.parametrize("layout", [key for key, issuer in ISSUERS.items() if issuer.described])
def test_a_digit_that_is_another_is_refused(layout: str, tmp_path: Path) -> None:
    document = make_document(layout, "digit", SEED, 1)
    assert document.truth["expect"] == "refused"
    reading = read(document, tmp_path)
    assert reading["errors"] or not all(one["balanced"] for one in reading["payments"])


@pytest.mark.parametrize("layout", OTHERS)
def test_what_is_no_remittance_is_refused(layout: str, tmp_path: Path) -> None:
    assert read(make_document(layout, "text", SEED, 1), tmp_path)["errors"]


def test_marks_tell_right_missed_and_wrong_apart() -> None:
    numbered = (make_document("alder", "text", SEED, n).truth for n in range(1, 20))
    truth = next(one for one in numbered if len(one["payments"][0]["claims"]) > 1)
    as_read = json.loads(json.dumps(truth["payments"]))
    clean = mark_document(truth, as_read)
    assert (clean.missed, clean.wrong) == ([], [])
    claim = as_read[0]["claims"][0]
    claim["paid"] = "0.01"
    claim["status"] = None
    del as_read[0]["claims"][1]
    marks = mark_document(truth, as_read)
    assert len(marks.wrong) == 1
    assert marks.missed[0] == "payments[0].claims[0].status"
    assert marks.right + len(marks.missed) + 1 == clean.right
    assert mark_document({"payments": []}, as_read).wrong


# What might be somebody's: a real procedure code, a social security number, a host that exists.
REAL = re.compile(
    r"(?<![\w.,$/-])\d{4}[FT]?\d?\b(?=\s*CPT)|\b\d{3}-\d{2}-\d{4}\b|https?://(?!\S*\.example)"
)


@each_layout
def test_nobody_real_is_in_it(layout: str) -> None:
    with pdfplumber.open(io.BytesIO(draw_layout(layout, SEED, 1).data)) as pdf:
        text = "\n".join(page.extract_text() for page in pdf.pages)
    assert not REAL.search(text)
    truth = make_document(layout, "text", SEED, 1).truth
    for payment in truth["payments"]:
        for claim in payment["claims"]:
            assert all(re.fullmatch(r"[A-Z]\d{4}", line["procedure"]) for line in claim["lines"])


def test_the_command_writes_documents_and_truth(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--seed", "3", "--layouts", "alder,letter", "--quality", "text", "--count", "2"]
    main(["remittances", str(tmp_path), *asked])
    assert capsys.readouterr().out.startswith("4 documents and truth.json in ")
    truth = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    assert truth["seed"] == 3
    for entry in truth["documents"]:
        assert (tmp_path / entry["file"]).read_bytes().startswith(b"%PDF-")
    assert [one["expect"] for one in truth["documents"]] == ["read", "read", "refused", "refused"]
    with pytest.raises(SystemExit):
        main(["remittances", str(tmp_path), "--layouts", "nobody"])
