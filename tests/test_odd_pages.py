"""Invented portals with frames, shadow roots, data behind the page, and messages in the way."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from odd_site import UNKNOWN, Asked, Kept, Reply, Site, kept, words
from odd_site import Night as Night
from odd_site import night as night

pytestmark = pytest.mark.browser

SHELL = "<h1>Shell</h1><iframe id=form src=/form></iframe>"
FORM = """<label>Member ID <input></label><button onclick="
    top.document.querySelector('#results').src = '/results?member='
    + document.querySelector('input').value">Search</button>"""
FACTS = """<title>Claim</title><claim-facts><span slot=number>{number}</span><b slot=paid>{paid}</b>
    <template><dl><dt>Paid</dt><dd>$1.00</dd></dl></template>
    <i slot=status role=img aria-label="{status}">&#9679;</i></claim-facts><script>
    customElements.define("claim-facts", class extends HTMLElement {{ connectedCallback() {{
      this.attachShadow({{mode: "{mode}"}}).innerHTML = `<dl><dt>Claim number</dt>
        <dd><slot name=number></slot></dd><dt>Status</dt><dd><slot name=status></slot></dd>
        <dt>Paid</dt><dd><slot name=paid>unknown</slot></dd></dl>
        <div role=tablist><button role=tab>Amounts</button><button role=tab>Other</button></div>
        <div role=tabpanel><dl><dt>Billed</dt><dd>{charge}</dd></dl></div>
        <div role=tabpanel style="display:none"><dl><dt>Billed</dt><dd>$1.00</dd></dl></div>
        <details><summary>Who and when</summary><dl><dt>Member ID</dt><dd>{member}</dd>
        <dt>Date of birth</dt><dd>{born}</dd>
        <dt>Date of service</dt><dd>{served}</dd></dl></details>`;
    }} }});</script>"""


def framed(claims: list[Kept], mode: str = "open") -> Site:
    """A portal of frames; ``mode`` of the shadow root that holds a claim's figures."""
    site = Site("gum", claims)

    def page(html: str) -> Reply:
        return Reply(f"<!doctype html><meta charset=utf-8>{html}", "text/html")

    def results(asked: Asked) -> Reply:
        rows = "".join(
            f"<tr><td><a href='/detail?number={c['number']}'>{c['number']}</a><td>{c['member']}"
            f"<td><span></span><td>{c['status']}</tr>".replace(
                "<td><span>", f"<td title={c['charge']}><span>"
            )
            for c in site.found(asked.query)
        )
        heads = "<tr><th>Claim<th>Member<th>Billed<th>Status</tr>"
        return page(
            f"<h2>Results</h2><table id=found>{heads}{rows}</table>" if rows else "No claims found"
        )

    def detail(asked: Asked) -> Reply:
        number = asked.query["number"]
        found = next((c for c in claims if c["number"] == number), kept(number, paid="5.00"))
        return page(FACTS.format_map(found | {"mode": mode}))

    site.routes = {
        "shell": lambda _: page(SHELL),
        "form": lambda _: page(FORM),
        "results": results,
        "detail": detail,
    }
    return site


def test_frames_in_frames_slots_details_tabs_and_a_status_without_words(night: Night) -> None:
    """A hidden frame holds another claim's figures, a <template> and a hidden tab others still."""
    claims = [kept("G1"), kept("G2", member="QX0009999", paid="70.00")]
    told = night(framed(claims), [*claims, kept("-", member="QX0005555"), kept("-", charge="9.00")])
    assert words(told) == ["found", "found", "not on file", "not on file"], told
    assert [one.paid for one in told[:2]] == [Decimal("80.25"), Decimal("70.00")]


def test_what_a_closed_shadow_root_holds_cannot_be_read(night: Night) -> None:
    told = night(framed([kept("G1")], "closed"), [kept("G1")])
    assert words(told) == [UNKNOWN], told


def graph(claims: list[Kept], **spoilt: Any) -> Site:
    """A portal whose answers all come from one path; ``spoilt`` are a claim's data as sent."""
    site = Site("dogwood", claims)

    def answer(asked: Asked) -> Any:
        (question,) = json.loads(asked.body)
        about = question["variables"]
        if question["operationName"] == "news":
            return [{"data": {"news": []}}]
        if question["operationName"] == "claims":
            nodes = [c | {"charge": float(c["charge"])} for c in site.found(about)]
            return [{"data": {"claims": {"edges": [{"node": one} for one in nodes]}}}]
        found = next(c for c in claims if c["number"] == about["number"])
        sent = found | {"paidCents": int(Decimal(found["paid"]) * 100), "trace": None}
        sent |= {"served": found["served"] + "T00:00:00Z", "charge": float(found["charge"])}
        return [{"data": {"claim": sent | spoilt}}]

    site.routes["graphql"] = answer
    return site


def test_exact_figures_come_from_the_data_behind_a_rounded_page(night: Night) -> None:
    claims = [kept("D1", paid="80.25"), kept("D2", member="QX0009999", paid="0.07")]
    told = night(graph(claims), [*claims, kept("-", member="QX0005555"), kept("-", charge="9.00")])
    assert words(told) == ["found", "found", "not on file", "not on file"], told
    assert [one.paid for one in told[:2]] == [Decimal("80.25"), Decimal("0.07")]


@pytest.mark.parametrize(
    "spoilt",
    [
        {"number": "D9"},
        {"served": 1767571200000},
        {"served": "2026-01-06T03:00:00Z"},
        {"paidCents": 80.5},
        {"paidCents": None},
        {"status": None, "number": None},
    ],
)
def test_data_that_are_another_claims_or_no_figures_are_no_answer(
    night: Night, spoilt: dict[str, Any]
) -> None:
    claims = [kept("D1")]
    assert words(night(graph(claims, **spoilt), claims)) == [UNKNOWN]


def test_messages_over_the_page_are_passed_also_while_a_form_is_filled(night: Night) -> None:
    flags = {"cookies": True, "news": True, "stay": True, "survey": True, "leave": True}
    claims = [kept("F1"), kept("F2", member="QX0009999", paid="70.00")]
    told = night(Site("fir", claims, flags), [*claims, kept("-", member="QX0005555")])
    assert words(told) == ["found", "found", "not on file"], told
    assert [one.paid for one in told[:2]] == [Decimal("80.25"), Decimal("70.00")]


def test_a_message_that_the_profile_does_not_know_is_no_answer(night: Night) -> None:
    none = {"session": {"interruptions": None}}
    told = night(Site("fir", [kept("F1")], {"news": True}), [kept("F1")], none)
    assert words(told) == [UNKNOWN], told


def test_the_browsers_own_boxes_are_dismissed_and_nothing_is_agreed_to(night: Night) -> None:
    site = Site("fir", [kept("F1")], {"confirm": True})
    told = night(site, [kept("F1"), kept("-", member="QX0005555")])
    assert words(told) == ["found", UNKNOWN], told
    assert "message box" in told[1].why
    assert not [line for line in site.asked if "resubmit" in line]


def test_a_box_before_an_empty_page_is_not_not_on_file(night: Night) -> None:
    told = night(Site("fir", [kept("F1")], {"alert": True}), [kept("F1")])
    assert words(told) == [UNKNOWN], told
