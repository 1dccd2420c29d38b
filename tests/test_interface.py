"""The interface for other systems over real HTTP: who may what, how often, and only once."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from interface_served import Served, problem
from web_console import desk_over, furnish, person, serving, visitor

from billing.cases import View
from billing.ledger.tokens import Scope, Token
from billing.people import Role
from console.web.desk import Desk
from console.web.interface import INTERFACE_ROUTERS
from console.web.interface_access import PATH, Pace

KEY = "Idempotency-Key"
PATIENTS = ("Quillfeather", "Ottoline", "member_id", "date_of_birth")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    desk = desk_over(tmp_path_factory.mktemp("home"))
    furnish(desk.ledger)
    keeper = person(desk.ledger, Role.ADMINISTRATOR)
    person(desk.ledger, Role.BILLER)
    with serving(desk) as address:
        yield Served(desk, address, keeper)


@pytest.fixture(scope="module")
def reader(served: Served) -> Iterator[httpx.Client]:
    with served.client(served.token("reader", Scope.READ)) as client:
        yield client


@pytest.fixture(scope="module")
def decider(served: Served) -> Iterator[httpx.Client]:
    with served.client(served.token("decider", Scope.READ, Scope.DECIDE)) as client:
        yield client


def open_cases(served: Served, most: int = 5) -> list[int]:
    shown = served.desk.ledger.queue(View(), served.desk.today(), most=most)
    return [one.case_id for one in shown.cases]


R, C, D, B = Scope.READ, Scope.CHECK, Scope.DECIDE, Scope.BATCHES
MATRIX = {
    ("GET", "/token"): set(Scope),
    ("GET", "/cases"): {R},
    ("GET", "/cases/{case_id}"): {R},
    ("GET", "/cases/{case_id}/deeds"): {R},
    ("POST", "/claims/search"): {R},
    ("POST", "/decisions"): {D},
    ("POST", "/decisions/{decision_id}/undo"): {D},
    ("POST", "/checks"): {C},
    ("GET", "/checks/{check_id}"): {C},
    ("GET", "/sweeps"): {R},
    ("GET", "/sweeps/{sweep_id}"): {R},
    ("GET", "/sweeps/{sweep_id}/coverage"): {R},
    ("GET", "/batches"): {R},
    ("GET", "/batches/{batch_id}"): {R},
    ("POST", "/batches/{batch_id}/approve"): {B},
    ("POST", "/batches/{batch_id}/export"): {B},
    ("POST", "/batches/{batch_id}/undo"): {B},
    ("GET", "/batches/{batch_id}/files/{name}"): {B},
    ("GET", "/reports/figures"): {R},
}
"""Which one scope opens what."""
BODIES: dict[str, Any] = {
    "/claims/search": {"claim_number": "1"},
    "/decisions": {"act": "note", "cases": [9999], "words": "x"},
    "/checks": {"item_id": 9999},
    "/batches/{batch_id}/approve": {"hash": "0" * 64},
}


def test_the_matrix_names_every_route() -> None:
    routes = {
        (method, route.path)
        for router in INTERFACE_ROUTERS
        for route in router.routes
        for method in route.methods  # type: ignore[attr-defined]
    }
    assert routes == set(MATRIX)


@pytest.mark.parametrize("scope", Scope)
def test_a_scope_opens_its_routes_and_no_other(served: Served, scope: Scope) -> None:
    with served.client(served.token(f"only-{scope}", scope)) as client:
        for (method, path), opened_by in MATRIX.items():
            filled = path.replace("{case_id}", "1").replace("{decision_id}", "0" * 16)
            for name in ("check_id", "sweep_id", "batch_id"):
                filled = filled.replace(f"{{{name}}}", "night-1")
            filled = filled.replace("{name}", "totals-1.csv")
            answer = client.request(
                method, filled, json=BODIES.get(path), headers={KEY: f"{scope}-{len(path):08}"}
            )
            if scope in opened_by:
                assert answer.status_code in (200, 201, 202, 404, 409), (method, path, answer.text)
            else:
                assert answer.status_code == 403, (method, path)
                assert "scope" in problem(answer)


def test_without_a_good_token_nothing_is_served(served: Served) -> None:
    cookie = visitor(served.address, "administrator").cookies["claimsweep"]
    good = served.token("once-good", *Scope)
    served.desk.ledger.revoke_token("once-good", by="administrator", at=served.desk.now())
    anybody = served.client(None)
    for headers in (
        {},
        {"Authorization": "Bearer nothing"},
        {"Authorization": f"Bearer {good}"},
        {"Authorization": "Basic YTpi"},
        {"Cookie": f"claimsweep={cookie}"},
        {"Authorization": f"Bearer {cookie}"},
    ):
        for method, path in [*MATRIX, ("GET", "/nothing-here")]:
            filled = path.replace("{", "").replace("}", "")
            answer = anybody.request(method, filled, headers=headers, content=b"{")
            assert answer.status_code == 401, (headers, method, path)
            assert answer.headers["www-authenticate"].startswith("Bearer")
            problem(answer)
    anybody.close()


def test_a_token_opens_no_page_of_the_console(served: Served) -> None:
    headers = {"Authorization": f"Bearer {served.token('pages', *Scope)}"}
    for path in ("/", "/batches", "/accounts/tokens"):
        assert httpx.get(f"{served.address}{path}", headers=headers).status_code == 303


def test_a_token_ends_with_its_last_day_and_when_revoked(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served.client(served.token("short", Scope.READ)) as client:
        last = served.desk.today() + timedelta(days=1)
        monkeypatch.setattr(Desk, "today", lambda desk: last)
        assert client.get("/token").json()["expires_on"] == last.isoformat()
        monkeypatch.setattr(Desk, "today", lambda desk: last + timedelta(days=1))
        assert client.get("/token").status_code == 401
        monkeypatch.undo()
        assert client.get("/token").status_code == 200
        served.desk.ledger.revoke_token("short", by="administrator", at=served.desk.now())
        assert client.get("/token").status_code == 401


def test_a_token_that_asks_too_often_is_told_how_long_to_wait(served: Served) -> None:
    with served.client(served.token("hasty", Scope.READ, per_minute=3)) as client:
        assert [client.get("/token").status_code for _ in range(5)] == [200] * 3 + [429] * 2
        refused = client.get("/cases")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert "3 requests a minute" in problem(refused)
    with served.client(served.token("patient", Scope.READ, per_minute=3)) as another:
        assert another.get("/token").status_code == 200


def test_in_any_sixty_seconds_no_more_than_its_rate_is_served(served: Served) -> None:
    served.token("steady", Scope.READ, per_minute=4)
    steady: Token = next(t for t in served.desk.ledger.tokens() if t.name == "steady")
    now = [0.0]
    pace, served_at = Pace(clock=lambda: now[0]), []
    for tick in range(400):
        now[0] = tick * 0.7
        wait = pace.wait(steady)
        if wait == 0:
            served_at.append(now[0])
        else:
            assert served_at[-4] + 60 <= now[0] + wait < served_at[-4] + 61
    for at in served_at:
        assert sum(at <= one < at + 60 for one in served_at) <= 4
    assert len(served_at) == 20  # four in each of five minutes


def test_a_list_names_no_patient_and_a_case_only_to_those_who_may(
    served: Served, reader: httpx.Client
) -> None:
    case_id = open_cases(served)[0]
    claim = served.desk.ledger.case(case_id).result.claim
    named = {claim.patient_last, claim.patient_first, claim.member_id, str(claim.date_of_birth)}
    lists = ["/cases?limit=200", f"/cases/{case_id}", f"/cases/{case_id}/deeds", "/sweeps"]
    said = "".join(reader.get(path).text for path in lists)
    said += reader.post("/claims/search", json={"claim_number": claim.claim_id}).text
    assert not [one for one in (*named, *PATIENTS) if one in said]
    assert reader.get(f"/cases/{case_id}").json()["patient"] is None
    with served.client(served.token("knows", Scope.READ, Scope.PATIENTS)) as client:
        patient = client.get(f"/cases/{case_id}").json()["patient"]
        assert not [one for one in named if one in client.get("/cases?limit=200").text]
    assert set(patient.values()) == named
    trail = served.desk.ledger.audit_trail(subject=f"case {case_id}")
    assert {(one.who, one.act) for one in trail} >= {
        ("system:reader", "case viewed"),
        ("system:knows", "case viewed, patient named"),
    }


def test_the_queue_is_walked_page_by_page_while_it_is_worked_on(
    served: Served, decider: httpx.Client
) -> None:
    whole = [one["case_id"] for one in decider.get("/cases?limit=200").json()["cases"]]
    walked: list[int] = []
    after: int | None = None
    while True:
        page = decider.get("/cases", params={"limit": 9} | ({"after": after} if after else {}))
        walked += [one["case_id"] for one in page.json()["cases"]]
        after = page.json()["next"]
        if after is None:
            break
        wish = {"act": "approve", "cases": [after]}
        done = decider.post("/decisions", json=wish, headers={KEY: f"walk-{after:08}"})
        assert done.status_code == 201
        back = f"/decisions/{done.json()['decision_id']}/undo"
        assert decider.post(back, headers={KEY: f"back-{after:08}"}).status_code == 200
    assert walked == whole
    assert page.json()["count"] == len(whole)


def test_the_queue_is_narrowed_as_the_console_narrows_it(
    served: Served, reader: httpx.Client
) -> None:
    facets = served.desk.ledger.facets(View().state)
    kind, number = next(iter(facets.kinds.items()))
    page = reader.get("/cases", params={"kind": kind, "limit": 200}).json()
    assert {one["kind"] for one in page["cases"]} == {kind}
    assert page["count"] == number
    assert reader.get("/cases?assignee=nobody-known").json()["count"] == 0
    assert reader.get("/cases?assignee=-").json()["count"] > 0
    assert problem(reader.get("/cases?limit=0&colour=red")).endswith("query colour, query limit.")


def test_a_case_that_did_not_change_is_not_sent_again(
    served: Served, decider: httpx.Client
) -> None:
    case_id = open_cases(served)[1]
    first = decider.get(f"/cases/{case_id}")
    again = decider.get(f"/cases/{case_id}", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    wish = {"act": "assign", "cases": [case_id], "to": "biller"}
    assert decider.post("/decisions", json=wish, headers={KEY: "etag-000001"}).status_code == 201
    changed = decider.get(f"/cases/{case_id}", headers={"If-None-Match": first.headers["etag"]})
    assert changed.json()["case"]["assignee"] == "biller"


def test_decisions_are_kept_with_who_and_taken_back(served: Served, decider: httpx.Client) -> None:
    case_id = open_cases(served)[2]
    later = str(served.desk.today() + timedelta(days=3))
    wishes = [
        {"act": "note", "cases": [case_id], "words": "called the payer"},
        {"act": "snooze", "cases": [case_id], "until": later},
        {"act": "reopen", "cases": [case_id]},
        {"act": "resolve", "cases": [case_id], "reason": "posted by hand"},
    ]
    for number, wish in enumerate(wishes):
        answer = decider.post("/decisions", json=wish, headers={KEY: f"deeds-{number:08}"})
        assert answer.status_code == 201, answer.text
    undone = decider.post(
        f"/decisions/{answer.json()['decision_id']}/undo", headers={KEY: "deeds-undo"}
    )
    assert undone.json() == {**answer.json(), "act": "undo"}
    deeds = decider.get(f"/cases/{case_id}/deeds").json()["deeds"]
    assert [one["act"] for one in deeds] == ["note", "snooze", "reopen", "resolve", "undo"]
    assert {one["by"] for one in deeds} == {"system:decider"}
    assert {one["note"] for one in deeds} == {None}  # a person's words may name a patient
    assert decider.get(f"/cases/{case_id}").json()["case"]["state"] == "open"
    assert served.desk.ledger.audit_problems() == []


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({"act": "snooze", "cases": [1], "until": "2020-01-01"}, 409),
        ({"act": "snooze", "cases": [1], "until": "20300101"}, 422),
        ({"act": "assign", "cases": [1], "to": "nobody-known"}, 404),
        ({"act": "approve", "cases": [987654]}, 404),
        ({"act": "approve", "cases": [1, 1]}, 422),
        ({"act": "approve", "cases": ["1"]}, 422),
        ({"act": "resolve", "cases": [1], "reason": "  "}, 422),
        ({"act": "resolve", "cases": [1], "reason": "ok", "colour": "red"}, 422),
        ({"act": "burn", "cases": [1]}, 422),
    ],
    ids=lambda one: json.dumps(one),
)
def test_what_cannot_be_decided_changes_nothing(
    decider: httpx.Client, wish: dict[str, Any], status: int
) -> None:
    before = decider.get("/cases/1/deeds").json()
    answer = decider.post("/decisions", json=wish, headers={KEY: "refused-01"})
    assert answer.status_code == status
    problem(answer)
    assert decider.get("/cases/1/deeds").json() == before


def test_one_key_is_one_deed_however_many_send_it_at_once(
    served: Served, decider: httpx.Client
) -> None:
    case_id = open_cases(served)[3]
    before = len(decider.get(f"/cases/{case_id}/deeds").json()["deeds"])
    wish = {"act": "note", "cases": [case_id], "words": "once"}
    answers: list[httpx.Response] = []
    gate = threading.Barrier(4)

    def ask() -> None:
        gate.wait()
        answers.append(decider.post("/decisions", json=wish, headers={KEY: "all-at-once"}))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert {one.status_code for one in answers} <= {201, 409}
    made = [one for one in answers if one.status_code == 201]
    assert made
    assert len({one.text for one in made}) == 1
    again = decider.post("/decisions", json=wish, headers={KEY: "all-at-once"})
    assert (again.status_code, again.text) == (201, made[0].text)
    assert again.headers["idempotent-replayed"] == "true"
    after = len(decider.get(f"/cases/{case_id}/deeds").json()["deeds"])
    assert after == before + 1
    other = decider.post("/decisions", json={**wish, "words": "two"}, headers={KEY: "all-at-once"})
    assert other.status_code == 422
    assert "another request" in problem(other)
    assert decider.post("/decisions", json=wish).status_code == 422


def test_a_key_belongs_to_its_token(served: Served, decider: httpx.Client) -> None:
    case_id = open_cases(served)[4]
    wish = {"act": "note", "cases": [case_id], "words": "mine"}
    with served.client(served.token("other", Scope.DECIDE)) as other:
        both = [
            one.post("/decisions", json=wish, headers={KEY: "the-same-key"})
            for one in (decider, other)
        ]
    assert [one.status_code for one in both] == [201, 201]
    assert both[0].json()["decision_id"] != both[1].json()["decision_id"]


def test_the_sweep_is_told_as_the_console_tells_it(served: Served, reader: httpx.Client) -> None:
    (sweep,) = reader.get("/sweeps").json()["sweeps"]
    assert (sweep["sweep_id"], sweep["of"]) == ("night-1", "claims")
    results = served.desk.ledger.results("night-1")
    told = reader.get("/sweeps/night-1/coverage").json()
    assert told["due"] == len(results)
    assert told["due"] == told["checked"] + sum(one["checks"] for one in told["skipped"])
    assert sum(one["due"] for one in told["payers"]) == told["due"]
    figures = reader.get("/reports/figures").json()
    assert (figures["sweeps"], figures["compared_with"]) == (1, None)
    assert f"of {told['due']} checks due" in figures["figures"]["coverage"]["made_of"]
    assert reader.get("/reports/figures?until=2001-01-01").status_code == 404


def test_a_token_is_made_shown_once_and_revoked(served: Served) -> None:
    keeper = visitor(served.address, "administrator")
    last = served.desk.today() + timedelta(days=30)
    form = {"name": "Acme-Billing", "scopes": ["read"], "expires_on": str(last), "per_minute": "60"}
    made = keeper.act("/accounts/tokens", **form)
    (secret,) = re.findall(r'value="(claimsweep_[\w-]{43})"', made.text)
    assert made.headers["cache-control"] == "no-store"
    assert secret not in keeper.get("/accounts/tokens").text
    with served.client(secret) as client:
        assert client.get("/token").json() == {
            "name": "acme-billing",
            "scopes": ["read"],
            "expires_on": str(last),
            "requests_per_minute": 60,
        }
        assert keeper.act("/accounts/tokens", **form).status_code == 400
        gone = keeper.act("/accounts/tokens/revoke", name="acme-billing")
        assert gone.headers["location"] == "/accounts/tokens"
        assert client.get("/token").status_code == 401
    biller = visitor(served.address, "biller")
    assert biller.get("/accounts/tokens").status_code == 403
    assert biller.act("/accounts/tokens", **form).status_code == 403


def test_the_description_needs_no_token_and_holds_no_data(served: Served) -> None:
    answer = httpx.get(f"{served.address}{PATH}/openapi.json")
    said = answer.json()
    assert said["openapi"].startswith("3.1")
    assert "Quillfeather" not in answer.text
    for path, methods in said["paths"].items():
        for method, route in methods.items():
            (security,) = route["security"]
            assert set(security["token"]) <= MATRIX[method.upper(), path]
            assert {"401", "422", "429"} <= set(route["responses"])
            assert "claim_number" not in path
            assert not [p for p in route.get("parameters", ()) if "claim" in p["name"]]
