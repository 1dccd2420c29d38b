"""Deciding about a case on its page: what is kept, who may, and which case comes next."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from web_console import Visitor, desk_over, furnish, person, serving, visitor

from billing.cases import CaseAct, CaseState, Order, View
from billing.ledger import Ledger
from billing.people import Role
from console.web.case_figures import kept, read_figure
from console.web.desk import Desk
from console.web.queue_view import Asked


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    made = desk_over(tmp_path_factory.mktemp("home"))
    furnish(made.ledger)
    for role in Role:
        person(made.ledger, role)
    return made


@pytest.fixture(scope="module")
def address(desk: Desk) -> Iterator[str]:
    with serving(desk) as found:
        yield found


@pytest.fixture(scope="module")
def biller(address: str) -> Visitor:
    return visitor(address, "biller")


def first(ledger: Ledger, view: View = View()) -> list[int]:  # noqa: B008 - frozen
    shown = ledger.queue(view, datetime.now(UTC).date(), most=500)
    return [one.case_id for one in shown.cases]


def acts(ledger: Ledger, case_id: int) -> list[CaseAct]:
    return [one.act for one in ledger.case_deeds(case_id)]


def test_an_approved_case_leaves_the_queue_and_the_next_one_is_shown(
    desk: Desk, biller: Visitor
) -> None:
    here, behind, *_ = first(desk.ledger)
    done = biller.act(f"/cases/{here}/approve", note="")
    assert done.status_code == 303
    assert done.headers["location"] == f"/cases/{behind}?told=approve&of={here}"
    assert desk.ledger.case(here).state is CaseState.RESOLVED
    assert f"Case {here} was approved." in biller.get(done.headers["location"]).text
    entry = desk.ledger.audit_trail(subject=f"case {here}", most=1)[0]
    assert (entry.who, entry.act) == ("biller", "case approve")


def test_going_from_case_to_case_is_going_down_the_queue(desk: Desk, biller: Visitor) -> None:
    asked = Asked(order=Order.AGE, kind="paid-not-posted")
    ids = first(desk.ledger, asked.view("", desk.today()))
    assert len(ids) > 3
    walked, address = [ids[0]], f"/cases/{ids[0]}?{asked.query()}"
    while found := re.search(r'rel="next" href="([^"]+)"', biller.get(address).text):
        address = found[1].replace("&amp;", "&")
        walked.append(int(re.search(r"/cases/(\d+)", address)[1]))  # type: ignore[index]
    assert walked == ids
    back = re.search(r'rel="prev" href="/cases/(\d+)', biller.get(address).text)
    assert back is not None
    assert int(back[1]) == ids[-2]


def test_a_resolved_case_keeps_its_reason_and_can_be_taken_back(
    desk: Desk, biller: Visitor
) -> None:
    here = first(desk.ledger)[0]
    assert "Say why" in biller.act(f"/cases/{here}/resolve", reason=" ").text
    biller.act(f"/cases/{here}/resolve", reason="Appeal sent <today>")
    page = biller.get(f"/cases/{here}").text
    assert "Appeal sent &lt;today&gt;" in page
    assert ">Reopen</button>" in page
    undone = biller.act(f"/cases/{here}/undo")
    assert undone.headers["location"].startswith(f"/cases/{here}?")
    assert desk.ledger.case(here).state is CaseState.OPEN
    assert "taken back" in biller.get(f"/cases/{here}").text


def test_undoing_leads_to_the_case_that_the_act_was_on(desk: Desk, biller: Visitor) -> None:
    one, other, *_ = first(desk.ledger)
    biller.act(f"/cases/{one}/note", words="Called.")
    undone = biller.act(f"/cases/{other}/undo")
    assert undone.headers["location"].startswith(f"/cases/{one}?")


def test_a_snoozed_case_is_away_until_its_day(desk: Desk, biller: Visitor) -> None:
    here = first(desk.ledger)[0]
    assert biller.act(f"/cases/{here}/snooze", until="2020-01-01").status_code == 400
    assert biller.act(f"/cases/{here}/snooze", until="soon").status_code == 400
    day = desk.today() + timedelta(days=3)
    biller.act(f"/cases/{here}/snooze", until=day.isoformat())
    assert desk.ledger.case(here).snoozed_until == day
    assert here not in first(desk.ledger)
    biller.act(f"/cases/{here}/reopen")
    assert desk.ledger.case(here).state is CaseState.OPEN


def test_a_case_is_given_to_people_who_may_decide(desk: Desk, biller: Visitor) -> None:
    here = first(desk.ledger)[0]
    page = biller.get(f"/cases/{here}").text
    choice = re.search(r'<select id="to".*?</select>', page, re.S)
    assert choice is not None
    assert re.findall(r'">(\w+)(?: \(you\))?</option>', choice[0]) == [
        "nobody",
        "administrator",
        "biller",
        "lead",
    ]
    lead = next(one for one in desk.ledger.people() if one.name == "lead")
    biller.act(f"/cases/{here}/assign", to=lead.user_id)
    assert desk.ledger.case(here).assignee == lead.user_id
    assert "Assignee: nobody \u2192 lead" in biller.get(f"/cases/{here}").text
    biller.act(f"/cases/{here}/assign", to="")
    assert desk.ledger.case(here).assignee is None


def test_a_corrected_figure_keeps_the_old_one_beside_it(desk: Desk, biller: Visitor) -> None:
    here = first(desk.ledger, View(kind="paid-not-posted"))[0]
    was = desk.ledger.case(here).result.conclusion.paid
    done = biller.act(
        f"/cases/{here}/correct", figure="paid", value="(1,234.50)", seen="line 2 of page 3"
    )
    assert done.status_code == 303
    page = biller.get(f"/cases/{here}").text
    assert f"<del>${was:,.2f}</del>" in page
    assert "<ins>-$1,234.50</ins>" in page
    assert "line 2 of page 3" in page
    deed = desk.ledger.case_deeds(here)[-1]
    assert (deed.before, deed.after) == ({"paid": str(was)}, {"paid": "-1234.50"})
    assert desk.ledger.case(here).result.conclusion.paid == was
    again = biller.act(f"/cases/{here}/correct", figure="paid", value="-1234.50", seen="x")
    assert "known so already" in again.text
    biller.act(f"/cases/{here}/undo")
    assert "<ins>-$1,234.50</ins>" not in biller.get(f"/cases/{here}").text


@pytest.mark.parametrize(
    ("figure", "value", "seen"),
    [
        ("paid", "1.234,50", "there"),
        ("payment_date", "11/31/2026", "there"),
        ("trace_number", "", "there"),
        ("trace_number", "9" * 61, "there"),
        ("patient", "Doe", "there"),
        ("paid", "12.00", " "),
    ],
)
def test_what_is_no_correction_is_refused_in_a_sentence(
    desk: Desk, biller: Visitor, figure: str, value: str, seen: str
) -> None:
    here = first(desk.ledger)[0]
    before = acts(desk.ledger, here)
    done = biller.act(f"/cases/{here}/correct", figure=figure, value=value, seen=seen)
    assert done.status_code == 400
    assert acts(desk.ledger, here) == before


def test_a_figure_is_spelled_as_it_is_kept() -> None:
    assert read_figure("paid", "$1,234.5") == kept(Decimal("1234.50")) == "1234.50"
    assert read_figure("payment_date", "11/26/2026") == kept(date(2026, 11, 26))


def test_a_viewer_reads_and_decides_nothing(desk: Desk, address: str) -> None:
    viewer = visitor(address, "viewer")
    here = first(desk.ledger)[0]
    page = viewer.get(f"/cases/{here}")
    assert page.status_code == 200
    assert "data-press" not in page.text
    for verb in ("approve", "resolve", "snooze", "assign", "reopen", "note", "correct", "undo"):
        before = acts(desk.ledger, here)
        assert viewer.act(f"/cases/{here}/{verb}", reason="x").status_code == 403
        assert acts(desk.ledger, here) == before
    assert viewer.act(f"/cases/{here}/appeal").status_code == 403
    assert viewer.get(f"/cases/{here}/appeal.pdf").status_code == 403


def test_every_opening_of_a_case_is_on_record(desk: Desk, address: str) -> None:
    lead = visitor(address, "lead")
    here = first(desk.ledger)[0]
    before = len(desk.ledger.audit_trail(subject=f"case {here}"))
    lead.get(f"/cases/{here}")
    entries = desk.ledger.audit_trail(subject=f"case {here}")
    assert len(entries) == before + 1
    assert (entries[0].who, entries[0].act) == ("lead", "case viewed")


def test_a_patient_is_shown_when_asked_for_and_gone_when_the_page_is_loaded_again(
    desk: Desk, biller: Visitor
) -> None:
    here = first(desk.ledger)[0]
    claim = desk.ledger.case(here).result.claim
    secrets = (claim.patient_last, claim.member_id)
    for text in (biller.get(f"/cases/{here}").text, biller.get(f"/cases/{here}/evidence").text):
        assert not any(one in text for one in secrets)
    shown = biller.act(f"/cases/{here}/patient").text
    assert all(one in shown for one in secrets)
    entry = desk.ledger.audit_trail(subject=f"case {here}")[1]
    assert (entry.who, entry.act) == ("biller", "patient shown")
    assert not any(one in biller.get(f"/cases/{here}").text for one in secrets)
    part = biller.post(
        f"/cases/{here}/patient",
        headers={"HX-Request": "true", "X-CSRF-Token": mark(biller)},
    )
    assert claim.member_id in part.text
    assert "<html" not in part.text


def mark(biller: Visitor) -> str:
    found = re.search(r'name="csrf" value="(\w+)"', biller.get("/").text)
    assert found is not None
    return found[1]


def test_no_address_or_title_holds_a_claim_or_a_patient(desk: Desk, biller: Visitor) -> None:
    here = first(desk.ledger)[0]
    claim = desk.ledger.case(here).result.claim
    page = biller.get(f"/cases/{here}").text
    spoken = re.findall(r'(?:href|action|hx-get|hx-post)="([^"]*)"|<title>([^<]*)', page)
    assert len(spoken) > 15
    for one in ("".join(pair) for pair in spoken):
        assert claim.claim_id not in one
        assert claim.patient_last not in one


def test_a_case_that_is_not_there_is_a_sentence(biller: Visitor) -> None:
    for path in ("/cases/999999", "/cases/999999/evidence", f"/cases/1/evidence/{'0' * 64}"):
        answer = biller.get(path)
        assert answer.status_code == 400, path
    assert biller.get("/cases/1/evidence/nothing").status_code == 400
    assert biller.get("/cases/1?state=odd").status_code == 400
