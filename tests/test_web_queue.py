"""The queue's pages: what they show and narrow, what is done at one stroke, and what it refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from html import unescape
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from console_samples import FIRST, LAST
from hypothesis import given
from hypothesis import strategies as st
from web_console import Visitor, desk_over, furnish, person, serving, visitor

from billing.cases import CaseState, Order, View
from billing.errors import BadInput
from billing.people import Person, Role
from console.web import queue
from console.web.desk import Desk
from console.web.queue_view import Asked, read_asked, read_query

CLAIMS = 120


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    found = desk_over(tmp_path_factory.mktemp("home"))
    furnish(found.ledger, CLAIMS)
    return found


@pytest.fixture(scope="module")
def people(desk: Desk) -> dict[str, Person]:
    roles = {"biller": Role.BILLER, "maria": Role.BILLER, "viewer": Role.VIEWER}
    return {name: person(desk.ledger, role, name) for name, role in roles.items()}


@pytest.fixture(scope="module")
def address(desk: Desk, people: dict[str, Person]) -> Iterator[str]:
    with serving(desk) as found:
        yield found


@pytest.fixture
def biller(address: str) -> Visitor:
    return visitor(address, "biller")


def field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found
    return unescape(found[1])


def listed(page: str) -> list[int]:
    return [int(one) for one in re.findall(r'<tr id="case-(\d+)"', page)]


def stroke(who: Visitor, path: str, cases: list[int], **fields: object) -> tuple[int, str]:
    """Do something to cases of the first page as its script would; status and what came back."""
    page = who.get("/").text
    data = {"case": cases, "as_of": field(page, "as_of"), "view": "", "start": 0, **fields}
    headers = {"HX-Request": "true", "X-CSRF-Token": field(page, "csrf")}
    answer = who.post(path, data=data, headers=headers)
    return answer.status_code, answer.text


def test_a_page_shows_initials_and_no_patient(biller: Visitor) -> None:
    page = biller.get("/").text
    assert len(listed(page)) == 50
    assert not [name for name in (*FIRST, *LAST) if name in page]
    assert "MBR" not in page
    assert re.search(r"<td>[A-Z]\.[A-Z]\.</td>", page)


def test_the_pages_of_a_view_hold_each_of_its_cases_once(biller: Visitor, desk: Desk) -> None:
    seen: list[int] = []
    while found := listed(biller.get(f"/?order=due&start={len(seen)}").text):
        if set(found) & set(seen):
            break
        seen += found
    whole = desk.ledger.queue(View(order=Order.DUE), desk.today(), most=1000)
    assert seen == [one.case_id for one in whole.cases]
    assert f"{whole.count} cases" in biller.get("/").text


def test_beyond_the_last_page_is_the_last(biller: Visitor, desk: Desk) -> None:
    count = desk.ledger.queue(View(), desk.today()).count
    for start in (count, 10**30):
        page = biller.get(f"/?start={start}").text
        assert len(listed(page)) == (count - 1) % 50 + 1
    assert len(listed(biller.get("/?start=-3").text)) == 50


def test_what_lies_behind_the_listed_cases_is_said_and_counted(
    biller: Visitor, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = desk.ledger.queue(View(), desk.today()).count
    assert count > 50
    assert "are listed" not in biller.get("/?start=50").text
    monkeypatch.setattr(queue, "LISTED", 50)
    page = biller.get("/?start=50").text
    first = desk.ledger.queue(View(), desk.today(), most=50)
    assert listed(page) == [one.case_id for one in first.cases]
    assert f"{count} cases" in page
    assert "The first 50 are listed" in page
    assert 'id="page-after"' not in page


def test_filters_stand_in_the_address_and_in_the_form(biller: Visitor, desk: Desk) -> None:
    query = "payer=larkspur&dollars=700&age=30&within=30"
    page = biller.get(f"/?{query}").text
    expected = desk.ledger.queue(
        View(
            payer="larkspur",
            dollars_from=Decimal(700),
            older_than=30,
            due_by=desk.today() + timedelta(days=30),
        ),
        desk.today(),
    )
    assert listed(page) == [one.case_id for one in expected.cases]
    assert expected.cases
    assert 'value="larkspur" selected' in page
    assert 'name="dollars" inputmode="decimal" autocomplete="off" value="700.00"' in page


@pytest.mark.parametrize(
    "query", ["state=lost", "dollars=NaN", "age=-1", "by=1999", "order=x", "assignee=x", "age=x"]
)
def test_an_address_that_cannot_be_meant_is_answered_in_a_sentence(
    biller: Visitor, query: str
) -> None:
    answer = biller.get(f"/?{query}")
    assert answer.status_code == 400
    assert "cannot be narrowed by this" in answer.text


def test_a_part_tells_its_address_without_what_is_left_open(biller: Visitor) -> None:
    headers = {"HX-Request": "true", "HX-Trigger": "filters"}
    answer = biller.get("/?state=open&payer=&kind=rejected&dollars=", headers=headers)
    assert answer.headers["HX-Push-Url"] == "/?kind=rejected"
    assert "<html" not in answer.text
    whole = biller.get("/", headers={**headers, "HX-History-Restore-Request": "true"})
    assert "<html" in whole.text


SOME = st.text("aé9 &=+#;%/?-", max_size=8).map(str.strip).filter(lambda text: text != "-")
ASKED = st.builds(
    Asked,
    state=st.sampled_from(CaseState),
    payer=st.none() | SOME,
    kind=st.none() | SOME.filter(bool),
    desk=st.none() | SOME,
    assignee=st.none() | st.sampled_from(["mine", "nobody", "0123456789abcdef"]),
    dollars=st.none() | st.decimals(0, 10**6, places=2),
    age=st.none() | st.integers(0, 3000),
    within=st.none() | st.integers(-1, 400),
    by=st.none() | st.dates(),
    order=st.sampled_from(Order),
)


@given(ASKED)
def test_what_an_address_spells_is_what_was_asked(asked: Asked) -> None:
    assert read_query(asked.query()) == asked


@given(st.dictionaries(st.sampled_from([*Asked.__slots__, "other"]), st.text(max_size=30)))
def test_any_address_is_read_or_refused_in_a_sentence(said: dict[str, str]) -> None:
    try:
        asked = read_asked(said)
    except BadInput:
        return
    assert read_query(asked.query()) == asked


def test_one_stroke_changes_many_and_is_taken_back_whole(
    biller: Visitor, desk: Desk, people: dict[str, Person]
) -> None:
    cases = listed(biller.get("/").text)[:7]
    entries = len(desk.ledger.audit_trail(most=10**6))
    status, said = stroke(biller, "/queue/assign", cases, to=people["maria"].user_id)
    assert status == 200
    assert "7 cases assigned to maria." in said
    assert {desk.ledger.case(one).assignee for one in cases} == {people["maria"].user_id}
    assert len(desk.ledger.audit_trail(most=10**6)) == entries + 7
    status, said = stroke(biller, "/queue/undo", [], stroke=field(said, "stroke"))
    assert status == 200
    assert "Taken back: 7 cases assigned to maria." in said
    assert {desk.ledger.case(one).assignee for one in cases} == {None}
    assert desk.ledger.audit_problems() == []


def test_undo_without_a_name_takes_back_the_newest_then_the_one_before(
    biller: Visitor, desk: Desk
) -> None:
    one, other = listed(biller.get("/").text)[:2]
    stroke(biller, "/queue/assign", [one], to="mine")
    stroke(biller, "/queue/resolve", [other], reason="Appeal filed", words=" level 1 ")
    assert desk.ledger.case_deeds(other)[-1].note == "Appeal filed: level 1"
    assert "resolved" in stroke(biller, "/queue/undo", [])[1]
    assert "assigned to you" in stroke(biller, "/queue/undo", [])[1]
    status, said = stroke(biller, "/queue/undo", [])
    assert status == 400
    assert "nothing today" in said


def test_cases_are_snoozed_until_a_day_or_until_their_payer_is_asked_again(
    biller: Visitor, desk: Desk
) -> None:
    today = desk.today()
    cases = listed(biller.get("/").text)[:4]
    for quick, until in (("tomorrow", 1), ("week", 7)):
        stroke(biller, "/queue/snooze", cases, quick=quick)
        assert {desk.ledger.case(one).snoozed_until for one in cases} == {
            today + timedelta(days=until)
        }
        stroke(biller, "/queue/undo", [])
    stroke(biller, "/queue/snooze", cases, quick="recheck")
    for found in map(desk.ledger.case, cases):
        assert found.snoozed_until is not None
        usual = today + timedelta(days=30)
        near = found.due if found.due is not None and found.due < usual else usual
        assert abs(found.snoozed_until - max(near, today + timedelta(days=1))) <= timedelta(1)
    stroke(biller, "/queue/undo", [])
    for wrong in ("", "yesterday", today.isoformat()):
        assert stroke(biller, "/queue/snooze", cases, until=wrong)[0] == 400


def test_a_whole_view_is_changed_only_as_it_was_seen(biller: Visitor, desk: Desk) -> None:
    page = biller.get("/?kind=rejected").text
    count = int(re.search(r"<strong>(\d+) case", page)[1])  # type: ignore[index]
    view = "kind=rejected"
    status, said = stroke(biller, "/queue/approve", [], view=view, whole=count - 1)
    assert status == 409
    assert f"The view holds {count} cases now" in said
    assert stroke(biller, "/queue/approve", [], view=view, whole=count)[0] == 200
    today = desk.today()
    assert desk.ledger.queue(View(kind="rejected"), today).count == 0
    ended = View(state=CaseState.RESOLVED, kind="rejected")
    assert desk.ledger.queue(ended, today).count == count
    stroke(biller, "/queue/undo", [])
    assert desk.ledger.queue(View(kind="rejected"), today).count == count


def test_of_two_people_the_second_is_told_what_the_first_did(
    address: str, biller: Visitor, desk: Desk
) -> None:
    maria = visitor(address, "maria")
    case = listed(biller.get("/").text)[3]
    as_of = field(maria.get("/").text, "as_of")
    assert stroke(biller, "/queue/assign", [case], to="mine")[0] == 200
    status, said = stroke(maria, "/queue/assign", [case], to="mine", as_of=as_of)
    assert status == 409
    assert f"biller changed case {case} since you looked" in said
    assert stroke(maria, "/queue/resolve", [case], reason="Appeal filed")[0] == 200
    status, said = stroke(biller, "/queue/approve", [case])
    assert status == 409
    assert f"Case {case} is resolved now" in said
    # an assignment is not what the resolution changed, so it may be taken back beside it
    assert stroke(biller, "/queue/undo", [])[0] == 200
    assert desk.ledger.case(case).state is CaseState.RESOLVED
    assert stroke(maria, "/queue/reopen", [case])[0] == 200


def test_nothing_is_undone_of_somebody_else(address: str, biller: Visitor) -> None:
    maria = visitor(address, "maria")
    case = listed(biller.get("/").text)[5]
    told = stroke(biller, "/queue/assign", [case], to="mine")[1]
    status, said = stroke(maria, "/queue/undo", [], stroke=field(told, "stroke"))
    assert status == 400
    assert "nothing of yours" in said
    assert stroke(biller, "/queue/undo", [])[0] == 200


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/queue/assign", {}),
        ("/queue/assign", {"to": "0123456789abcdef"}),
        ("/queue/resolve", {"reason": "", "words": "  "}),
        ("/queue/approve", {"case": []}),
        ("/queue/approve", {"case": [10**6]}),
        ("/queue/approve", {"case": ["x"]}),
        ("/queue/approve", {"case": [2**80]}),
        ("/queue/approve", {"as_of": 2**80}),
        ("/queue/approve", {"start": -1}),
        ("/queue/approve", {"view": "order=sideways"}),
    ],
)
def test_a_stroke_that_cannot_be_meant_changes_nothing(
    biller: Visitor, desk: Desk, path: str, fields: dict[str, object]
) -> None:
    before = desk.ledger.audit_trail(most=1)
    case = listed(biller.get("/").text)[:1]
    assert stroke(biller, path, case, **fields)[0] == 400
    assert desk.ledger.audit_trail(most=1) == before


def test_a_viewer_reads_and_decides_nothing(address: str, desk: Desk) -> None:
    viewer = visitor(address, "viewer")
    page = viewer.get("/").text
    assert 'name="case"' not in page
    assert 'formaction="/queue/' not in page
    case = listed(page)[0]
    for act in ("assign", "snooze", "resolve", "approve", "reopen", "undo"):
        assert viewer.act(f"/queue/{act}", case=case, to="mine").status_code == 403
    assert desk.ledger.case(case).state is CaseState.OPEN


def test_a_claim_number_opens_its_case_and_never_stands_in_an_address(
    biller: Visitor, desk: Desk
) -> None:
    (case,) = desk.ledger.queue(View(), desk.today(), start=9, most=1).cases
    number = case.result.claim.claim_id
    answer = biller.act("/queue/find", claim=f" {number} ")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/cases/{case.case_id}")
    assert "No case has this claim number" in biller.act("/queue/find", claim="none").text
    addresses = re.findall(r'(?:href|hx-get)="([^"]*)"', biller.get("/").text)
    assert not [one for one in addresses if number in one]


def test_a_kept_view_is_ones_own_and_moves_with_the_calendar(address: str, biller: Visitor) -> None:
    query = "payer=larkspur&assignee=mine&within=7&order=due"
    answer = biller.act("/queue/views", name="  My   week ", view=f"{query}&state=open&kind=")
    assert dict(parse_qsl(answer.headers["location"][2:])) == dict(parse_qsl(query))
    page = biller.get(answer.headers["location"]).text
    assert re.search(r'<a class="pill" href="[^"]*" aria-current="true">My week</a>', page)
    assert "My week" not in visitor(address, "maria").get("/").text
    assert biller.act("/queue/views", name="Wrong", view="order=sideways").status_code == 400
    assert biller.act("/queue/views", name=" ", view="").status_code == 400
    assert biller.act("/queue/views/forget", name="My week").status_code == 303
    assert "My week" not in biller.get("/").text
    assert biller.act("/queue/views/forget", name="My week").status_code == 400


def test_without_script_a_stroke_leads_back_and_tells_what_it_did(biller: Visitor) -> None:
    page = biller.get("/?order=age").text
    case = listed(page)[2]
    answer = biller.act(
        "/queue/assign", case=case, to="mine", as_of=field(page, "as_of"), view="order=age"
    )
    assert answer.status_code == 303
    back = biller.get(answer.headers["location"]).text
    assert "1 case assigned to you." in back
    assert back.count("Undo</button>") >= 1
    biller.act("/queue/undo", stroke=field(back, "stroke"))


def test_nobody_sees_what_another_did_by_its_address(address: str, biller: Visitor) -> None:
    case = listed(biller.get("/").text)[1]
    told = stroke(biller, "/queue/resolve", [case], reason="Appeal filed", words="own words")[1]
    named = field(told, "stroke")
    assert "own words" not in visitor(address, "maria").get(f"/?done={named}").text
    assert stroke(biller, "/queue/undo", [], stroke=named)[0] == 200


def test_an_empty_queue_says_what_to_do(tmp_path: Path) -> None:
    empty = desk_over(tmp_path)
    person(empty.ledger, Role.BILLER)
    with serving(empty) as where:
        page = visitor(where, "biller").get("/").text
        assert "Cases appear here once a sweep has ended." in page
        assert "No case is like this" in visitor(where, "biller").get("/?kind=rejected").text
