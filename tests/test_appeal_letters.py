"""Every letter is data that a person edits: each renders, and a wrong one is refused by line."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import PROJECT

from billing.codes.reasons import Denial
from billing.errors import BadInput
from console.appeal_letter import (
    BLANK,
    NEEDED,
    OPTIONAL,
    Source,
    find_letter,
    finish_letter,
    write_letter,
)

WHOLE = {name: f"<{name}>" for name in (*NEEDED, *OPTIONAL)}
BARE = {name: f"<{name}>" for name in NEEDED}


@pytest.mark.parametrize("denial", Denial)
@pytest.mark.parametrize("values", [WHOLE, BARE, {}], ids=["whole", "bare", "nothing"])
def test_every_class_has_a_letter_that_renders(
    denial: Denial, values: dict[str, str], tmp_path: Path
) -> None:
    letter = write_letter([denial], None, tmp_path, values)
    assert "{" not in letter.text
    assert "}" not in letter.text
    assert "None" not in letter.text
    assert "We ask " in letter.text
    assert "In dispute" in letter.text
    shown = [label for label in NEEDED.values() if f"[ {label} ]" in letter.text]
    assert bool(shown) == (not values), "what the record lacks is a blank, and nothing else"
    told = " ".join(letter.blanks)
    assert all(label in told for label in BLANK.findall(letter.text))


def test_the_letters_state_no_figure_and_no_day_of_their_own(tmp_path: Path) -> None:
    for kind in ("frame", *Denial):
        text = find_letter(kind, None, tmp_path).text
        assert not any(letter.isdigit() for letter in text), kind


def test_proof_of_filing_takes_the_place_of_its_blank(tmp_path: Path) -> None:
    with_proof = write_letter([Denial.TIMELY_FILING], None, tmp_path, WHOLE)
    assert "<filing> The proof is enclosed as <proof_exhibit>." in with_proof.text
    assert with_proof.blanks == ()
    assert len(write_letter([Denial.TIMELY_FILING], None, tmp_path, BARE).blanks) == 1


def test_every_class_of_a_claim_is_answered(tmp_path: Path) -> None:
    both = [Denial.BUNDLED, Denial.DUPLICATE]
    text = write_letter(both, None, tmp_path, WHOLE).text
    assert text.index("as part of another service") < text.index("to repeat another one")


def test_the_payers_own_letter_comes_before_the_users_and_that_before_ours(tmp_path: Path) -> None:
    (tmp_path / "acme").mkdir()
    (tmp_path / "other.txt").write_text("Ours: {{ claim_id }}\n")
    (tmp_path / "acme" / "other.txt").write_text("Acme's: {{ claim_id }}\n")
    for payer, begins in (("acme", "Acme's: "), ("else", "Ours: "), (None, "Ours: ")):
        text = write_letter([Denial.OTHER], payer, tmp_path, WHOLE).text
        assert f"{begins}<claim_id>\n" in text
    assert "Ours" not in write_letter([Denial.BUNDLED], "acme", tmp_path, WHOLE).text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "Dear all,\n\n{{ contract_rate }}\n",
            "mine.txt:3: there is no 'contract_rate'; there are",
        ),
        ("{% if claim_id %}\nno end", "mine.txt:1: cannot be read as a letter with blanks"),
        ("{{ claim_id", "mine.txt:1: cannot be read as a letter"),
        ("{{ claim_id.__class__.mro() }}", "mine.txt: cannot be filled in"),
        ("{{ claim_id() }}", "mine.txt: cannot be filled in"),
        ("{% include 'other.txt' %}", "mine.txt: cannot be filled in"),
        ("{{ 1 / 0 }}", "mine.txt: cannot be filled in"),
    ],
)
def test_a_wrong_letter_is_refused_in_a_sentence(text: str, says: str) -> None:
    with pytest.raises(BadInput) as refused:
        finish_letter(Source("mine.txt", text), WHOLE, [])
    assert str(refused.value).startswith(says)
    assert "\n" not in str(refused.value)


def test_the_names_there_are_are_told(tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text("{{ patient }}")
    with pytest.raises(BadInput) as refused:
        write_letter([Denial.OTHER], None, tmp_path, WHOLE)
    assert f"{tmp_path / 'other.txt'}:1: there is no 'patient'" in str(refused.value)
    for name in (*NEEDED, *OPTIONAL):
        assert name in str(refused.value)


def test_a_letter_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="is no text in UTF-8"):
        write_letter([Denial.OTHER], None, tmp_path, WHOLE)


def test_a_value_is_never_read_as_a_template(tmp_path: Path) -> None:
    values = {**WHOLE, "patient_name": "{{ member_id }} [ x ]", "payer_words": "{% if %}"}
    letter = write_letter([Denial.OTHER], None, tmp_path, values)
    assert "Patient: {{ member_id }} [ x ]" in letter.text
    (at,) = [n for n, line in enumerate(letter.text.splitlines(), 1) if "[ x ]" in line]
    assert f"line {at} of the letter" in letter.blanks, "what may be the patient's is not told"


def test_the_guide_names_every_name_and_every_class() -> None:
    guide = (PROJECT / "docs" / "appeals.md").read_text(encoding="utf-8")
    lacking = [one for one in (*NEEDED, *OPTIONAL, *Denial) if f"`{one}`" not in guide]
    assert lacking == []
