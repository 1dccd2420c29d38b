"""One person's record: everything of that person is in it, and nothing of anybody else."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from conftest import PROJECT, sealed_ledger
from ledger_samples import begin, claim, conclusion
from marked_bytes import Marks
from PIL import Image

from billing.errors import BadInput
from billing.ledger import Ledger, open_ledger
from billing.ledger.patients import Sought, of_one, plain
from billing.ledger.words import OBSERVATION, write
from billing.model import (
    Channel,
    Claim,
    Conclusion,
    Found,
    Observation,
    Outcome,
    Reason,
    Remittance,
)
from bots.profile import load_profiles
from bots.reading.words import read_pages
from flows.account import make_reader
from flows.patient_record import export_record, of_document
from flows.run import start_sweep
from flows.settings import Settings, load_settings
from sandbox.__main__ import AS_OF
from sandbox.books import make_world
from sandbox.documents import eob_pdf
from sandbox.exports import write_exports
from sandbox.world import BilledClaim, Person, World

PLAN = "juniper-ridge"
AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Practice:
    """A ledger with two nights of a plan's families, and the world they come from."""

    settings: Settings
    ledger: Ledger
    world: World

    @property
    def billed(self) -> list[BilledClaim]:
        return [one for payer in self.world.payers for one in payer.billed]

    def of(self, person: Person) -> set[str]:
        """The claim numbers of one person, as the world knows them."""
        return {one.claim_id for one in self.billed if one.patient == person}

    @property
    def busiest(self) -> Person:
        """Somebody with more than one claim, whose family has claims too."""
        people = {one.patient for one in self.billed}
        shared = [p for p in people if any(q.member_id == p.member_id and q != p for q in people)]
        return max(shared, key=lambda one: (len(self.of(one)), one.birth))


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    folder = tmp_path_factory.mktemp("practice")
    world = make_world(3, 60, AS_OF, (PLAN,))
    exports = list(write_exports(world, folder / "exports"))
    ledger = sealed_ledger(folder / "home")
    profiles = load_profiles(PROJECT / "payer_profiles")
    for day in (date(2026, 11, 23), date(2026, 11, 24)):
        start = start_sweep(ledger, exports, profiles, day, ask_all=True)

        def said(claim: Claim) -> Conclusion:
            return conclusion(Outcome.NO_ANSWER, Reason.UNREACHABLE)

        ledger.conclude_unasked(start.sweep_id, PLAN, said, AT)
        ledger.finish_sweep(start.sweep_id, AT)
        ledger.take_up(day)
    yield Practice(load_settings(home=folder / "home"), ledger, world)
    ledger.close()


def sought(person: Person, **other: object) -> Sought:
    return replace(
        Sought(person.member_id, person.last, person.birth, person.first),
        **other,  # type: ignore[arg-type]
    )


def others(practice: Practice, person: Person) -> Marks:
    """What no page of this person's may hold: whatever is another's and not theirs too."""
    texts, days = set(), set()
    mine = {person.first, person.last, person.member_id}
    for one in practice.billed:
        if one.patient != person:
            texts |= {("claim", one.claim_id), ("member", one.patient.member_id)}
            texts |= {("name", f"{one.patient.first} {one.patient.last}")}
            texts |= {("name", f"{one.patient.last}, {one.patient.first}")}
            days |= {("birth", one.patient.birth)} - {("birth", person.birth)}
    return Marks([one for one in texts if one[1] not in mine], days)


def test_all_of_the_person_over_all_sweeps_and_nothing_of_the_family(
    practice: Practice, tmp_path: Path
) -> None:
    person = practice.busiest
    assert len(practice.of(person)) > 1
    (case,) = practice.ledger.cases_of_claim(min(practice.of(person)))
    practice.ledger.note_case(case.case_id, "called; ref 4471", by="ann", at=AT)
    practice.ledger.note("bob", "case viewed", f"case {case.case_id}", at=AT)
    out, held = export_record(
        practice.settings, sought(person), tmp_path / "record.zip", by="ann", at=AT
    )
    with zipfile.ZipFile(out) as archive:
        document = json.loads(archive.read("record.json"))
        page = archive.read("record.html").decode()
    assert {one["claim"]["claim_id"] for one in document["claims"]} == practice.of(person)
    assert len(document["claims"]) == 2 * len(practice.of(person)), "both nights"
    assert {one["claim_id"] for one in document["cases"]} == practice.of(person)
    assert "called; ref 4471" in page
    seen = [(one["who"], one["act"]) for one in document["audit_trail"]]
    assert ("bob", "case viewed") in seen
    assert others(practice, person).found_in(out.read_bytes()) == set()
    assert out.stat().st_mode & 0o077 == 0
    assert held.others == 0
    told = str(practice.ledger.audit_trail())
    assert "patient record exported" in told
    assert person.last not in told


def test_the_search_for_others_finds_them_in_a_record_that_holds_everybody(
    practice: Practice, tmp_path: Path
) -> None:
    whole = json.dumps([str(one.patient.birth) for one in practice.billed]).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("record.json", whole)
    assert others(practice, practice.busiest).found_in(packed.getvalue())


def test_three_identifiers_agree_or_nobody_is_found(practice: Practice) -> None:
    person = practice.busiest
    find = practice.ledger.held_of
    by_claim = find(sought(person, number=min(practice.of(person))))
    assert {one["claim"]["claim_id"] for one in by_claim.claims} == practice.of(person)
    assert find(sought(person, last=person.last.upper(), first=None)).claims
    for wrong in ({"last": "Nobody"}, {"birth": date(1900, 1, 1)}, {"number": "1"}):
        with pytest.raises(BadInput, match="Nothing is held") as error:
            find(sought(person, **wrong))
        assert person.last not in str(error.value)
    with pytest.raises(BadInput, match="has this first name"):
        find(sought(person, first="Nobody"))


def test_twins_are_told_apart_by_their_first_names(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / "home")
    begin(ledger, claims=[claim(2), replace(claim(3), patient_first="Perpetua")])
    asked = Sought("mbr-777", "quillfeather", date(1961, 2, 3))
    with pytest.raises(BadInput, match="2 first names are held"):
        ledger.held_of(asked)
    (one,) = ledger.held_of(replace(asked, first="PERPETUA M")).claims
    assert one["claim"]["claim_id"] == "C00003"
    ledger.close()


def read_document(practice: Practice) -> tuple[bytes, Remittance]:
    """A payment of several people's claims, as its document says it."""
    payer = practice.world.payer(PLAN)
    reader = make_reader(load_profiles(PROJECT / "payer_profiles")[PLAN])
    trace = max(payer.remittances, key=lambda one: len(payer.remittances[one].claims))
    data = eob_pdf(practice.world, PLAN, trace)
    (found,) = reader(data).remittances
    assert len(found.claims) > 2
    return data, found


def test_of_a_document_only_the_persons_own_claim_is_told(practice: Practice) -> None:
    _, whole = read_document(practice)
    mine, *rest = [one.claim_id for one in whole.claims]
    seen = Observation(Channel.EOB, AT, Found(whole), ())
    told = json.dumps(of_one(json.loads(write(OBSERVATION, seen)), mine))
    assert mine in told
    assert [one for one in rest if one in told] == []
    assert all(one in write(OBSERVATION, seen) for one in rest)


def test_on_a_documents_page_all_but_the_persons_own_rows_is_covered(practice: Practice) -> None:
    data, whole = read_document(practice)
    sha256 = practice.ledger.store(data, "application/pdf")
    every = {word.text for page in read_pages(data) for word in page.words}
    assert {one.payer_claim_number for one in whole.claims} <= every, "the search can find them"
    for mine in whole.claims:
        for name, (_, picture) in of_document(practice.ledger, whole, mine.claim_id, 1):
            assert picture is not None
            page = int(name.rpartition("-")[2].removesuffix(".png"))
            assert sha256[:12] in name
            drawn = Image.open(io.BytesIO(picture))
            unit = drawn.height / read_pages(data)[page - 1].height
            shown = {
                word.text
                for word in read_pages(data)[page - 1].words
                if not _is_covered(drawn, (word.box[1] + word.box[3]) / 2 * unit)
            }
            numbers = {one.payer_claim_number for one in whole.claims} - {mine.payer_claim_number}
            assert shown, "something of the person is shown"
            assert shown.isdisjoint(numbers)


def _is_covered(drawn: Image.Image, row: float) -> bool:
    strip = drawn.crop((0, int(row), drawn.width, int(row) + 1)).convert("RGB")
    return strip.getcolors(1) is not None and strip.getpixel((0, 0)) != (255, 255, 255)


def test_who_is_meant_is_piped_in_and_stands_in_no_argument(
    practice: Practice, tmp_path: Path
) -> None:
    person = practice.busiest
    command = [sys.executable, "-m", "flows", "patient", "export", "--out", str(tmp_path / "r.zip")]
    command += ["--home", str(practice.settings.home)]
    lines = f"{person.member_id}\n{person.last}\n{person.birth.isoformat()}\n{person.first}\n"
    done = subprocess.run(
        command, cwd=PROJECT, input=lines, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"{2 * len(practice.of(person))} claims" in done.stdout
    assert person.last not in done.stdout + done.stderr
    less = subprocess.run(
        command, cwd=PROJECT, input="1\n", capture_output=True, text=True, timeout=120, check=False
    )
    assert less.returncode == 2
    assert "Three lines are needed" in less.stderr


def test_numbers_are_compared_without_their_spelling() -> None:
    assert plain("00-12 3a") == plain("123A")
    assert plain("Núñez-O'Hara") == plain("nunez ohara")
