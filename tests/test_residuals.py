"""A misread figure is among the suspects, and is proposed only when nothing else would close."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from test_balance import remittances

from billing.balance import PAYMENT, Residual, residuals
from billing.model import Remittance, RemittedClaim
from billing.suspects import SURE, proposal, suspects
from bots.reading.eob_json import remittance_json

PART = re.compile(r"(\w+)(?:\[(\d+)\])?")
UNSURE = SURE - 1


def paths(remittance: Remittance) -> list[str]:
    """Every figure of the 835 shape but the informational allowed amounts."""
    found = ["amount"]
    found += [
        f"provider_adjustments[{n}].amount" for n, _ in enumerate(remittance.provider_adjustments)
    ]
    for n, claim in enumerate(remittance.claims):
        at = f"claims[{n}]"
        found += [f"{at}.charge", f"{at}.paid", f"{at}.patient_responsibility"]
        found += [f"{at}.adjustments[{a}].amount" for a, _ in enumerate(claim.adjustments)]
        for k, line in enumerate(claim.lines):
            found += [f"{at}.lines[{k}].charge", f"{at}.lines[{k}].paid"]
            found += [
                f"{at}.lines[{k}].adjustments[{a}].amount" for a, _ in enumerate(line.adjustments)
            ]
    return found


def value(held: Any, path: str) -> Decimal:
    for name, index in PART.findall(path):
        held = getattr(held, name)
        held = held[int(index)] if index else held
    return held


def corrected(held: Any, path: str, dollars: Decimal) -> Any:
    """``held`` with the one figure at ``path`` replaced."""
    first, _, rest = path.partition(".")
    name, index = PART.fullmatch(first).groups()
    if not rest:
        return replace(held, **{name: dollars})
    items = list(getattr(held, name))
    items[int(index)] = corrected(items[int(index)], rest, dollars)
    return replace(held, **{name: tuple(items)})


@st.composite
def misread(draw: st.DrawFn, least: int = 0) -> tuple[Remittance, str, Decimal]:
    """A remittance that balanced before one figure was misread, where, and what it truly is."""
    true = draw(remittances(least=least))
    path = draw(st.sampled_from(paths(true)))
    meant = value(true, path)
    kind = draw(st.sampled_from(["minus", "point", "digit", "other"]))
    if kind == "minus":
        read = -meant
    elif kind == "point":
        read = meant * 100
    elif kind == "digit":
        text = str(meant)
        place = draw(st.sampled_from([n for n, one in enumerate(text) if one.isdigit()]))
        swap = {
            "0": "8",
            "1": "7",
            "2": "7",
            "3": "8",
            "4": "9",
            "5": "6",
            "6": "5",
            "7": "1",
            "8": "3",
            "9": "4",
        }
        read = Decimal(text[:place] + swap[text[place]] + text[place + 1 :])
    else:
        read = meant + draw(st.integers(1, 9999)) * Decimal("0.01")
    assume(read != meant)
    return corrected(true, path, read), path, meant


@given(remittances())
def test_what_balances_has_no_suspect(remittance: Remittance) -> None:
    assert suspects(remittance) == ()
    assert proposal(remittance, (), dict.fromkeys(paths(remittance), 0)) is None


@given(misread())
def test_the_misread_figure_is_among_the_suspects(case: tuple[Remittance, str, Decimal]) -> None:
    wrong, path, meant = case
    found = {one.path: one for one in suspects(wrong)}
    assert found[path].closing == meant
    assert found[path].closes_all


@given(misread())
def test_every_correction_that_closes_all_does(case: tuple[Remittance, str, Decimal]) -> None:
    wrong, _, _ = case
    for one in suspects(wrong):
        left = residuals(corrected(wrong, one.path, one.closing))
        assert (left == ()) == one.closes_all


@given(misread(), st.integers(0, 100))
def test_a_correction_is_proposed_only_alone_explained_and_of_a_doubtful_figure(
    case: tuple[Remittance, str, Decimal], sure: int
) -> None:
    wrong, path, meant = case
    closing = [
        one
        for one in paths(wrong)
        if any(
            not residuals(corrected(wrong, one, value(wrong, one) + sign * left.dollars))
            for left in residuals(wrong)
            for sign in (1, -1)
        )
    ]
    proposed = proposal(wrong, residuals(wrong), {path: sure})
    (explained,) = [one.why for one in suspects(wrong) if one.path == path]
    if len(closing) == 1 and explained and sure < SURE:
        assert proposed is not None
        assert (proposed.path, proposed.closing) == (path, meant)
    else:
        assert proposed is None


@pytest.mark.parametrize(
    ("read", "why"),
    [
        ("-120.40", "a minus was dropped or added"),
        ("12040.00", "a decimal point was lost or misplaced"),
        ("180.40", ""),
        ("126.40", "a 0 was read as a 6"),
        ("12.40", "a digit was lost or added"),
        ("120.41", ""),
    ],
)
def test_how_a_payment_was_misread_is_said(read: str, why: str) -> None:
    true = of_one_payment("120.40")
    wrong = replace(true, amount=Decimal(read))
    (suspect,) = suspects(wrong)
    assert (suspect.path, suspect.why, suspect.closing) == ("amount", why, Decimal("120.40"))
    proposed = proposal(wrong, residuals(wrong), {"amount": UNSURE})
    assert (proposed is not None) == bool(why)


def test_beside_an_open_printed_total_nothing_is_proposed() -> None:
    wrong = replace(of_one_payment("120.40"), amount=Decimal("126.40"))
    printed = Residual("document: paid = printed total", "totals", Decimal("6.00"))
    assert proposal(wrong, residuals(wrong), {"amount": UNSURE}) is not None
    assert proposal(wrong, (*residuals(wrong), printed), {"amount": UNSURE}) is None


def test_two_misread_figures_far_apart_are_both_suspects_and_neither_is_proposed() -> None:
    true = of_one_payment("120.40")
    (claim,) = true.claims
    wrong = replace(
        true, amount=Decimal("126.40"), claims=(replace(claim, patient_responsibility=Decimal(8)),)
    )
    found = suspects(wrong)
    assert {one.path for one in found} == {"amount", "claims[0].patient_responsibility"}
    assert not any(one.closes_all for one in found)
    unsure = dict.fromkeys(paths(wrong), UNSURE)
    assert proposal(wrong, residuals(wrong), unsure) is None


def of_one_payment(paid: str) -> Remittance:
    dollars, nothing = Decimal(paid), Decimal("0.00")
    claim = RemittedClaim("1", "2", "1", dollars, dollars, nothing)
    return Remittance("T", "ACH", dollars, date(2026, 1, 2), "p", "q", (claim,))


def test_the_payment_equation_names_the_amount() -> None:
    wrong = replace(of_one_payment("120.40"), amount=Decimal("126.40"))
    assert [one.equation for one in residuals(wrong)] == [PAYMENT]


def test_a_reading_that_does_not_balance_names_suspect_and_proposal_as_json() -> None:
    wrong = replace(of_one_payment("120.40"), amount=Decimal("126.40"))
    told = remittance_json(wrong, residuals(wrong), {"amount": UNSURE})
    suspect = {
        "figure": "amount",
        "read": "126.40",
        "closing": "120.40",
        "why": "a 0 was read as a 6",
        "closes_all": True,
    }
    assert told["suspects"] == [suspect]
    assert told["proposed_correction"] == suspect
    assert not told["balanced"]
    assert remittance_json(wrong, residuals(wrong), {})["proposed_correction"] is None
