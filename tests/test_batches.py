"""Batches post every remitted claim once, in order, and are frozen, exported and undone whole."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import sealed_ledger
from ledger_samples import LAST_NAME, NOW, begin, conclusion, make_old
from ledger_samples import claim as sweep_claim
from posting_desk import Desk, Said, claim, payment
from typer.testing import CliRunner

from billing.model import Outcome
from billing.reconcile.postings import entries_of
from flows.command import app
from flows.receiving import receive_file
from flows.settings import load_settings


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


PAID = payment("T1", "20260105", "150.00", claim("C1", "E9", "200.00", "150.00"))
TAKEN_BACK = claim("C1", "E9", "-200.00", "-150.00", status="22")
ANEW = claim("C1", "E10", "200.00", "120.00")
CORRECTED = payment("T2", "20260205", "70.00", TAKEN_BACK, ANEW, claim("C2", "E11", "100", "100"))
COLLECTED = payment("T3", "20260305", "60.00", claim("C3", "E12", "100", "100"), plb="WO:E9*40.00")


def money(said: Said) -> list[tuple[str, str, str]]:
    lines = said["batch"]["lines"]
    return [(p["trace_number"], p["kind"], p["amount"]) for p in lines if not p["code"]]


@pytest.mark.parametrize("names", ["abc", "cba", "bac"])
def test_a_payment_comes_before_its_reversal_before_the_new_decision(
    desk: Desk, names: str
) -> None:
    transactions = {"a": PAID, "b": CORRECTED, "c": COLLECTED}
    files = [desk.file(name, transactions[name]) for name in names]
    said = desk("propose", *files)
    assert money(said) == [
        ("T1", "payment", "150.00"),
        ("T2", "reversal", "-150.00"),
        ("T2", "payment", "120.00"),
        ("T2", "payment", "100.00"),
        ("T3", "payment", "100.00"),
    ]
    assert said["held_back"] == []
    (taken,) = [p for p in said["batch"]["lines"] if p["kind"] == "provider_adjustment"]
    assert (taken["claim_id"], taken["code"], taken["amount"]) == ("C1", "WO", "-40.00")
    assert "reversed under T2 on 2026-02-05" in taken["note"]


def test_a_take_back_without_reversal_names_the_claim_that_it_takes_from(desk: Desk) -> None:
    said = desk("propose", desk.file("a", PAID), desk.file("c", COLLECTED))
    (taken,) = [p for p in said["batch"]["lines"] if p["kind"] == "provider_adjustment"]
    assert taken["note"].startswith("Takes $40.00 back from claim C1, paid under T1 on 2026-01-05,")
    assert [amount for trace, _, amount in money(said) if trace == "T1"] == ["150.00"]


def test_a_reversal_of_what_was_never_posted_here_is_told_with_what_depends_on_it(
    desk: Desk,
) -> None:
    said = desk("propose", desk.file("b", CORRECTED), code=1)
    assert money(said) == [("T2", "payment", "100.00")]
    why = {(p["payer_claim_number"], p["why"].split(":")[0]) for p in said["held_back"]}
    assert why == {
        ("E9", "It takes back what was never posted here"),
        ("E10", "It decides a claim anew, and the reversal beside it is not posted here."),
    }
    later = desk("propose", desk.file("a", PAID), desk.file("b", CORRECTED))
    assert [p[0] for p in money(later)] == ["T1", "T2", "T2"]
    (already,) = later["held_back"]
    assert already["already"]
    assert already["why"].endswith(f"by batch {said['batch']['batch']}.")


def test_the_same_again_posts_nothing_and_says_where_it_was_posted(desk: Desk) -> None:
    first = desk("propose", desk.file("a", PAID), "--by", "ann")["batch"]
    again = desk("propose", desk.file("again", PAID), desk.file("more", CORRECTED))
    assert [one["why"] for one in again["held_back"]] == [
        f"Already proposed on {first['acts']['proposed']['at'][:10]} by batch {first['batch']}."
    ]
    assert "T1" not in {p[0] for p in money(again)}
    assert desk("propose")["batch"] is None


@pytest.mark.parametrize("repeated", ["E9", "E10"])
def test_a_correction_may_repeat_the_amount(desk: Desk, repeated: str) -> None:
    same = claim("C1", repeated, "200.00", "150.00")
    files = [
        desk.file("b", payment("T2", "20260205", "0.00", TAKEN_BACK, same)),
        desk.file("a", PAID),
    ]
    said = desk("propose", *files)
    assert [p[1:] for p in money(said)] == [
        ("payment", "150.00"),
        ("reversal", "-150.00"),
        ("payment", "150.00"),
    ]
    assert desk("propose", *files)["batch"] is None


def test_what_would_take_off_more_than_was_charged_is_told(desk: Desk) -> None:
    twice = payment("T9", "20260106", "150.00", claim("C1", "E77", "200.00", "150.00"))
    said = desk("propose", desk.file("a", PAID), desk.file("b", twice), code=1)
    assert [p[0] for p in money(said)] == ["T1"]
    assert "$400.00 off a claim of $200.00" in said["held_back"][0]["why"]


def test_a_secondary_payment_posts_only_what_is_its_own(desk: Desk) -> None:
    first = claim("C1", "E9", "200.00", "150.00", reason="PR*2")
    first[0] = "CLP*C1*1*200.00*150.00*50.00*12*E9*11*1"
    partly = payment("T1", "20260105", "150.00", first)
    second = claim("C1", "S1", "200.00", "40.00", status="2", reason="OA*23")
    second[-1] = "CAS*OA*23*150.00**253*10.00"
    other = payment("Z1", "20260205", "40.00", second)
    other[3] = "N1*PR*ZENITH MUTUAL"
    said = desk("propose", desk.file("a", other), desk.file("b", partly))
    assert money(said) == [("T1", "payment", "150.00"), ("Z1", "payment", "40.00")]
    codes = [p["code"] for p in said["batch"]["lines"] if p["trace_number"] == "Z1"]
    assert codes == ["", "OA-253"]


def test_two_statements_that_differ_post_nothing_and_stop_an_approval(desk: Desk) -> None:
    said = desk("propose", desk.file("a", PAID))["batch"]["batch"]
    other = payment("T1", "20260105", "151.00", claim("C1", "E9", "200.00", "151.00"))
    held = desk("propose", desk.file("b", other), code=1)["held_back"]
    assert "and otherwise" in held[0]["why"] or "differ" in held[0]["why"]
    assert "its amount is" in desk.refused("approve", said, "--by", "maria")
    assert desk("undo", said)["written"] == []
    assert desk("propose", code=1)["batch"] is None


def test_only_what_balances_is_proposed(desk: Desk) -> None:
    torn = payment("T1", "20260105", "149.00", claim("C1", "E9", "200.00", "150.00"))
    said = desk("propose", desk.file("a", torn), code=1)
    assert said["batch"] is None
    assert "does not balance" in said["held_back"][0]["why"]


def exported(folder: Path, kind: str) -> list[dict[str, str]]:
    (path,) = folder.glob(f"{kind}-*.csv")
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def test_a_batch_is_frozen_exported_as_the_same_bytes_and_undone_exactly(desk: Desk) -> None:
    files = [desk.file("a", PAID), desk.file("b", CORRECTED), desk.file("c", COLLECTED)]
    name = desk("propose", *files, "--by", "ann")["batch"]["batch"]
    out = desk.folder / "out"
    assert "only one that is approved" in desk.refused("export", name, "--out", str(out))
    approved = desk("approve", name, "--by", "maria")
    assert approved["state"] == "approved"
    assert {act["by"] for act in approved["acts"].values()} == {"ann", "maria"}
    assert "only one that is proposed" in desk.refused("approve", name, "--by", "eve")
    first = desk("export", name, "--out", str(out), "--by", "maria")
    bytes_of = {path.name: path.read_bytes() for path in out.iterdir()}
    assert sorted(bytes_of) == [f"postings-{name}.csv", f"totals-{name}.csv"]
    again = desk("export", name, "--out", str(out / "again"), code=1)
    assert (first["again"], again["again"]) == (False, True)
    assert {path.name: path.read_bytes() for path in (out / "again").iterdir()} == bytes_of
    assert "--out" in desk.refused("undo", name)
    desk("undo", name, "--out", str(out))
    there = [(p["Key"], Decimal(p["Amount"])) for p in exported(out, "postings")]
    back = [(p["Key"], -Decimal(p["Amount"])) for p in exported(out, "undo")]
    assert back == there[::-1]
    anew = desk("propose", *files)["batch"]
    assert [p["key"] for p in anew["lines"]] == [key for key, _ in there]
    assert anew["batch"] != name


def test_the_control_totals_add_up_to_every_remittance(desk: Desk) -> None:
    before = desk("propose", desk.file("a", PAID))["batch"]["batch"]
    name = desk("propose", desk.file("b", CORRECTED), desk.file("c", COLLECTED))["batch"]["batch"]
    desk("approve", name, "--by", "maria")
    folder = desk.folder / "out"
    assert f"export {before} first" in desk.refused("export", name, "--out", str(folder))
    desk("approve", before, "--by", "maria")
    desk("export", before, "--out", str(desk.folder / "before"))
    desk("export", name, "--out", str(folder))
    rows = {
        (p["Trace number"], p["What"]): Decimal(p["Dollars"]) for p in exported(folder, "totals")
    }
    assert rows["T2", "Remittance"] == Decimal(70)
    assert rows["T2", "Payment"] + rows["T2", "Reversal"] + 50 == Decimal(70)
    assert rows["T3", "Provider-level"] == -40
    for trace in ("T2", "T3"):
        parts = ("Money posted here", "Money posted before", "Money held")
        assert sum(rows[trace, part] for part in parts) == rows[trace, "Remittance"]
    assert f"undo {name} first" in desk.refused("undo", before, "--out", str(folder))


def test_the_batch_of_a_sweep_says_what_other_claims_of_a_payment_were_paid(desk: Desk) -> None:
    settings = load_settings(home=desk.home)
    data = Path(desk.file("a", CORRECTED)).read_bytes()
    ledger = sealed_ledger(desk.home)
    receive_file(ledger, settings, {}, data, "a", "night-1")
    (received,) = ledger.remittances()
    asked_about = entries_of(received.remittance)[2]
    begin(ledger, claims=[sweep_claim(2)])
    item = ledger.lease_item("night-1", "acme", "one", seconds=60, now=NOW)
    assert item is not None
    assert ledger.settle(
        item.item_id,
        item.fence,
        observations=[],
        conclusion=conclusion(Outcome.PAID),
        postings=asked_about.postings,
        seconds=Decimal(1),
        at=NOW,
    )
    ledger.close()
    desk("approve", "night-1", "--by", "maria")
    desk("export", "night-1", "--out", str(desk.folder / "out"))
    rows = {p["What"]: Decimal(p["Dollars"]) for p in exported(desk.folder / "out", "totals")}
    assert (rows["Money posted here"], rows["Remittance"]) == (100, 70)
    assert rows["Claims not asked about"] == -30


EXPORT = """Claim ID,Patient,Patient DOB,Insurance,Policy Number,DOS From,DOS To,\
Rendering Provider,Provider NPI,Tax ID,Date Submitted,Last Billed,Total Charge,\
Insurance Balance,Notes,Encounter ID
C1,"{name}, Orla",02/03/1980,Acme Health,ACM000111,01/01/2026,01/01/2026,,,,,,200.00,200.00,,1
C2,"{name}, Orla",02/03/1980,Acme Health,ACM000111,01/02/2026,01/02/2026,,,,,,100.00,100.00,,2
C3,"{name}, Orla",02/03/1980,Acme Health,ACM000111,01/01/2026,01/01/2026,,,,,,100.00,60.00,,3
"""


def test_where_an_export_is_given_a_claim_must_be_its_row(desk: Desk) -> None:
    export = desk.folder / "aging.csv"
    export.write_text(EXPORT.format(name=LAST_NAME))
    files = [desk.file(n, t) for n, t in (("a", PAID), ("b", CORRECTED), ("c", COLLECTED))]
    extra = payment("T7", "20260105", "1.00", claim("C4", "E44", "1.00", "1.00"))
    said = desk("propose", *files, desk.file("d", extra), "--export", str(export), code=1)
    assert {p[0] for p in money(said)} == {"T1", "T2"}
    assert LAST_NAME not in json.dumps(said)
    assert {p["claim_id"]: p["why"].split(",")[0].split(":")[0] for p in said["held_back"]} == {
        "C2": "The row with its patient control number has another service from.",
        "C3": "It pays $100.00 and $60.00 is open on the row",
        "C4": "No row of the exports has its patient control number.",
    }


OURS = """\
system: ours
title: Our own report
reconstruction: Ours.
dates: ["%m/%d/%Y"]
required:
  claim_id: [Our No]
  patient_name: [Patient]
  payer_name: [Insurance]
  member_id: [Policy Number]
  service_from: [Day]
  billed: [Total Charge]
  balance: [Open]
"""
REPORT = f"""Our No,Patient,Insurance,Policy Number,Day,Total Charge,Open
C1,"{LAST_NAME}, Orla",Acme Health,ACM000111,01/01/2026,200.00,200.00
"""


@pytest.mark.parametrize("command", ["propose", "reconcile"])
def test_an_export_is_read_with_one_s_own_mapping_wherever_it_is_read(
    desk: Desk, command: str
) -> None:
    mine, report = desk.folder / "mine", desk.folder / "report.csv"
    mine.mkdir()
    (mine / "ours.yaml").write_text(OURS)
    report.write_text(REPORT)
    era = desk.file("a", PAID)
    words = ["postings", "propose", era]
    if command == "reconcile":
        words = ["reconcile", "--remittance", era, "--out", str(desk.folder / "out")]
    words += ["--export", str(report), "--home", str(desk.home)]
    assert "columns are missing" in str(CliRunner().invoke(app, words).exception)
    done = CliRunner().invoke(app, [*words, "--mappings", str(mine), "--json"])
    said = json.loads(done.stdout)
    posted = said["batch"]["postings"] if command == "propose" else len(said["claim_results"])
    assert posted == (2 if command == "propose" else 1)


@pytest.mark.sqlite_only
def test_a_ledger_of_the_version_before_batches_keeps_what_it_proposed(tmp_path: Path) -> None:
    from ledger_samples import begin, claim, conclusion
    from ledger_samples import payment as posting

    from billing.ledger.words import POSTING, write
    from billing.model import Outcome

    sealed_ledger(tmp_path).close()
    old = posting("T1")
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as db:
        for table in ("batches", "batch_acts", "batch_files", "postings", "entries", "held"):
            db.execute(f"DROP TABLE {table}")
        db.execute("CREATE TABLE postings (key, posting, sweep_id, item_id)")
        db.execute("CREATE TABLE proposals (sweep_id, key, item_id)")
        db.execute("INSERT INTO sweeps VALUES ('old', '2026-11-20', '2026-11-20 03:00:00', NULL)")
        row = ("k", write(POSTING, old), "old", None)
        db.execute("INSERT INTO postings VALUES (?, ?, ?, ?)", row)
        make_old(db, 2)
        db.commit()
    ledger = sealed_ledger(tmp_path)
    assert [p.trace_number for p in ledger.report("old").new_postings] == ["T1"]
    begin(ledger, claims=[claim(1)])
    item = ledger.lease_item("night-1", "acme", "me", seconds=60, now=old_now())
    assert item is not None
    assert ledger.settle(
        item.item_id,
        item.fence,
        observations=[],
        conclusion=conclusion(Outcome.PAID),
        postings=[posting("T1"), posting("T2")],
        seconds=Decimal(1),
        at=old_now(),
    )
    report = ledger.report("night-1")
    assert [p.trace_number for p in report.new_postings] == ["T2"]
    assert report.known_postings == 1


def old_now() -> Any:
    from ledger_samples import NOW

    return NOW
