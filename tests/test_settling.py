"""A person settles which document stands; a payment made and reversed is posted as both."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import sealed_ledger
from posting_desk import Desk, Said, claim, payment

PAID = payment("T1", "20260105", "150.00", claim("C1", "E9", "200.00", "150.00"))
OTHER = payment("T1", "20260105", "151.00", claim("C1", "E9", "200.00", "151.00"))
THIRD = payment("T1", "20260105", "152.00", claim("C1", "E9", "200.00", "152.00"))
WHY = ("--reason", "the payer says so", "--by", "maria")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def amounts(said: Said) -> list[tuple[str, str]]:
    batch = said["batch"]
    return (
        [] if batch is None else [(p["kind"], p["amount"]) for p in batch["lines"] if not p["code"]]
    )


def names(desk: Desk) -> dict[str, str]:
    """Amount of every statement in conflict → what names its document."""
    return {
        statement["amount"]: statement["name"]
        for one in desk("list")["contested"]
        for statement in one["statements"]
    }


def settle(desk: Desk, *words: str) -> str:
    return desk.text("settle", *words)


def test_what_a_person_settles_is_proposed_with_a_note_and_the_other_stays_listed(
    desk: Desk,
) -> None:
    held = desk("propose", desk.file("a", PAID), desk.file("b", OTHER), code=1)
    assert held["batch"] is None
    (contested,) = desk("list")["contested"]
    name = names(desk)["151.00"]
    (way,) = [s["command"] for s in contested["statements"] if s["amount"] == "151.00"]
    assert way.startswith(f"claimsweep postings settle T1 --payer 'acme health' --stands {name}")
    assert f"--stands {name}" in held["held_back"][0]["why"]
    assert way in desk.text("list")
    settle(desk, "T1", "--payer", "acme health", "--stands", name, *WHY)
    said = desk("propose")
    assert amounts(said) == [("payment", "151.00")]
    other = names(desk)["150.00"]
    notes = {line["note"] for line in said["batch"]["lines"]}
    day = said["batch"]["acts"]["proposed"]["at"][:10]
    assert notes == {
        f"Settled by maria on {day} (the payer says so): "
        f"the 835 {name} stands, not the 835 {other}."
    }
    assert name in desk.text("list")
    assert other in desk.text("list")
    batch = said["batch"]["batch"]
    desk("approve", batch, "--by", "maria")
    desk("export", batch, "--out", str(desk.folder / "out"))
    assert f"undo {batch} first" in desk.refused("unsettle", "T1", *WHY)


def test_a_settlement_can_be_taken_back_and_made_otherwise(desk: Desk) -> None:
    desk("propose", desk.file("a", PAID), desk.file("b", OTHER), code=1)
    known = names(desk)
    settle(desk, "0T1", "--stands", known["151.00"], *WHY)
    batch = desk("propose")["batch"]["batch"]
    assert f"undo {batch} first" in desk.refused("unsettle", "T1", *WHY)
    assert "unsettle it first" not in desk.refused("settle", "T1", "--stands", "835", *WHY)
    desk("undo", batch)
    desk.text("unsettle", "T1", *WHY)
    assert desk("propose", code=1)["batch"] is None
    settle(desk, "T1", "--stands", known["150.00"], *WHY)
    assert amounts(desk("propose")) == [("payment", "150.00")]
    ledger = sealed_ledger(desk.home)
    trail = [one.act for one in ledger.audit_trail() if one.subject == "payment acme health|t1"]
    assert trail == ["payment settled", "payment unsettled", "payment settled"]
    assert ledger.audit_problems() == []
    with ledger._reading() as connection:
        rows = connection.exec_driver_sql("SELECT sha256, reason, by FROM settlements").all()
    assert [(row.sha256 is None, row.reason, row.by) for row in rows] == [
        (False, "the payer says so", "maria"),
        (True, "the payer says so", "maria"),
        (False, "the payer says so", "maria"),
    ]


def test_a_batch_that_posts_the_other_statement_must_be_undone_first(desk: Desk) -> None:
    batch = desk("propose", desk.file("a", PAID))["batch"]["batch"]
    desk("propose", desk.file("b", OTHER), code=1)
    known = names(desk)
    said = desk.refused("settle", "T1", "--stands", known["151.00"], *WHY)
    assert f"undo {batch} first" in said
    assert "documents differ" in desk.refused("approve", batch, "--by", "maria")
    settle(desk, "T1", "--stands", known["150.00"], *WHY)
    assert desk("approve", batch, "--by", "maria")["state"] == "approved"


def test_a_later_document_that_says_something_else_is_a_conflict_again(desk: Desk) -> None:
    desk("propose", desk.file("a", PAID), desk.file("b", OTHER), code=1)
    settle(desk, "T1", "--stands", names(desk)["151.00"], *WHY)
    again = desk("propose", desk.file("c", PAID))
    assert amounts(again) == [("payment", "151.00")], "the same difference once more"
    desk("undo", again["batch"]["batch"])
    held = desk("propose", desk.file("d", THIRD), code=1)
    assert "$151.00 and $152.00" in held["held_back"][0]["why"]


def test_what_cannot_be_settled_is_said_in_a_sentence(desk: Desk) -> None:
    desk("propose", desk.file("a", PAID))
    assert "No payment T1 is held" in desk.refused("settle", "T1", "--stands", "835", *WHY)
    desk("propose", desk.file("b", OTHER), code=1)
    assert "name one of" in desk.refused("settle", "T1", "--stands", "835", *WHY)
    assert "No document EOB" in desk.refused("settle", "T1", "--stands", "EOB", *WHY)
    blank = ("--reason", " ", "--by", "maria")
    known = names(desk)["150.00"]
    assert "reason in words" in desk.refused("settle", "T1", "--stands", known, *blank)
    assert "No payment T1 is settled" in desk.refused("unsettle", "T1", *WHY)


MADE = claim("C1", "E9", "200.00", "150.00")
BACK = claim("C1", "E9", "-200.00", "-150.00", status="22")
ANEW = claim("C1", "E9", "200.00", "120.00")


def test_a_claim_paid_and_taken_back_on_one_payment_is_posted_as_both(desk: Desk) -> None:
    said = desk("propose", desk.file("a", payment("T1", "20260105", "120.00", BACK, ANEW, MADE)))
    assert amounts(said) == [("payment", "150.00"), ("reversal", "-150.00"), ("payment", "120.00")]
    assert said["held_back"] == []
    assert desk("propose")["batch"] is None


def test_the_reversal_takes_back_what_an_earlier_payment_made_where_it_is_known(
    desk: Desk,
) -> None:
    first = payment("T0", "20260101", "150.00", MADE)
    said = desk("propose", desk.file("b", payment("T1", "20260105", "0.00", BACK, MADE)),
                desk.file("a", first))  # fmt: skip
    traces = [p["trace_number"] for p in said["batch"]["lines"] if not p["code"]]
    assert list(zip(traces, amounts(said), strict=True)) == [
        ("T0", ("payment", "150.00")),
        ("T1", ("reversal", "-150.00")),
        ("T1", ("payment", "150.00")),
    ]


@pytest.mark.parametrize("order", ["ab", "ba"])
@pytest.mark.parametrize(
    "back",
    [
        payment("T1", "20260105", "0.00", BACK, plb="FB:E9*-150.00"),
        payment("T1", "20260112", "-150.00", BACK),
    ],
    ids=["balanced by what is withheld", "negative"],
)
def test_a_payment_reversed_under_its_own_number_in_another_file_is_posted_as_both(
    desk: Desk, back: list[str], order: str
) -> None:
    files = {"a": payment("T1", "20260105", "150.00", MADE), "b": back}
    said = desk("propose", *(desk.file(name, files[name]) for name in order))
    assert [one for one in amounts(said) if one[0] != "provider_adjustment"] == [
        ("payment", "150.00"),
        ("reversal", "-150.00"),
    ]
    assert said["held_back"] == []
    assert desk("list")["contested"] == []


NOTHING = payment("T1", "20260105", "0.00", claim("C1", "E9", "200.00", "0.00", reason="CO*16"))


def test_nothing_and_something_under_one_number_is_a_conflict(desk: Desk) -> None:
    held = desk("propose", desk.file("a", PAID), desk.file("b", NOTHING), code=1)
    assert held["batch"] is None
    assert {one["why"].split(":")[0] for one in held["held_back"]} == {
        "Two documents differ on this payment"
    }
    settle(desk, "T1", "--stands", names(desk)["0.00"], *WHY)
    said = desk("propose", code=1)
    assert {line["code"] for line in said["batch"]["lines"]} == {"CO-16"}
    (other,) = said["held_back"]
    assert "there is no such payment" in other["why"]
    assert "is settled" not in desk.text("list")
    desk("undo", said["batch"]["batch"])
    desk.text("unsettle", "T1", *WHY)
    settle(desk, "T1", "--stands", names(desk)["150.00"], *WHY)
    assert amounts(desk("propose", code=1)) == [("payment", "150.00")]


def test_a_number_used_again_on_another_day_for_another_claim_is_another_payment(
    desk: Desk,
) -> None:
    other = claim("C2", "E10", "80.00", "0.00", reason="CO*16")
    said = desk("propose", desk.file("a", PAID),
                desk.file("b", payment("T1", "20260309", "0.00", other)))  # fmt: skip
    assert {(p["claim_id"], p["code"]) for p in said["batch"]["lines"]} == {
        ("C1", ""), ("C1", "CO-45"), ("C2", "CO-16"),
    }  # fmt: skip
    assert desk("list")["contested"] == []
