"""Every route of the console, asked by every role and by nobody: who is served, and what leaks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date

import httpx
import pytest
from console_samples import night
from fastapi.routing import APIRoute
from web_console import PASSWORD, Visitor, desk_over, person, serving, swept, visitor

from billing.errors import BadInput
from billing.people import Role
from console.web.app import ROUTERS
from console.web.desk import Desk

NOBODY, VIEWER, BILLER, LEAD, ADMINISTRATOR = None, *Role

KEY = {
    # by hand: the least role that each route serves; NOBODY where whoever asks is served
    "GET /sign-in": NOBODY,
    "POST /sign-in": NOBODY,
    "GET /sign-in/code": NOBODY,
    "POST /sign-in/code": NOBODY,
    "GET /sign-in/openid": NOBODY,
    "GET /sign-in/openid/back": NOBODY,
    "GET /locked": NOBODY,
    "POST /locked": NOBODY,
    "POST /sign-out": VIEWER,
    "POST /lock": VIEWER,
    "GET /session": VIEWER,
    "GET /me": VIEWER,
    "POST /me/sessions": VIEWER,
    "GET /me/password": VIEWER,
    "POST /me/password": VIEWER,
    "GET /me/second-factor": VIEWER,
    "POST /me/second-factor": VIEWER,
    "GET /accounts": ADMINISTRATOR,
    "POST /accounts": ADMINISTRATOR,
    "GET /accounts/tokens": ADMINISTRATOR,
    "POST /accounts/tokens": ADMINISTRATOR,
    "POST /accounts/tokens/revoke": ADMINISTRATOR,
    "GET /accounts/{user_id}": ADMINISTRATOR,
    "POST /accounts/{user_id}/role": ADMINISTRATOR,
    "POST /accounts/{user_id}/lock": ADMINISTRATOR,
    "POST /accounts/{user_id}/unlock": ADMINISTRATOR,
    "POST /accounts/{user_id}/password": ADMINISTRATOR,
    "POST /accounts/{user_id}/second-factor": ADMINISTRATOR,
    "POST /accounts/{user_id}/sessions": ADMINISTRATOR,
    "GET /audit": ADMINISTRATOR,
    "POST /audit/verify": ADMINISTRATOR,
    "GET /": VIEWER,
    "GET /queue/catching-up": VIEWER,
    "POST /queue/find": VIEWER,
    "POST /queue/views": VIEWER,
    "POST /queue/views/forget": VIEWER,
    "POST /queue/assign": BILLER,
    "POST /queue/snooze": BILLER,
    "POST /queue/resolve": BILLER,
    "POST /queue/approve": BILLER,
    "POST /queue/reopen": BILLER,
    "POST /queue/undo": BILLER,
    "GET /check": BILLER,
    "POST /check/claim": BILLER,
    "POST /check/member": BILLER,
    "GET /check/{sweep_id}": BILLER,
    "GET /check/{sweep_id}/events": BILLER,
    "POST /check/{sweep_id}/code": BILLER,
    "POST /check/{sweep_id}/stop": BILLER,
    "POST /check/{sweep_id}/again": BILLER,
    "GET /sweeps": VIEWER,
    "POST /sweeps": LEAD,
    "GET /sweeps/{sweep_id}": VIEWER,
    "GET /sweeps/{sweep_id}/progress": VIEWER,
    "POST /sweeps/{sweep_id}/pause": LEAD,
    "POST /sweeps/{sweep_id}/resume": LEAD,
    "POST /sweeps/{sweep_id}/again": LEAD,
    "POST /sweeps/{sweep_id}/code/{payer}": LEAD,
    "GET /sweeps/{sweep_id}/trace": LEAD,
    "GET /sweeps/{sweep_id}/trace/{sha256}": LEAD,
    "POST /schedules/{name}/pause": LEAD,
    "POST /schedules/{name}/resume": LEAD,
    "GET /profiles": VIEWER,
    "GET /profiles/{payer}": VIEWER,
    "GET /profiles/{payer}/runs": VIEWER,
    "GET /profiles/{payer}/drift.diff": LEAD,
    "POST /profiles/{payer}/canary": LEAD,
    "POST /profiles/{payer}/replay": LEAD,
    "POST /profiles/{payer}/apply": ADMINISTRATOR,
    "GET /cases/{case_id}": VIEWER,
    "POST /cases/{case_id}/patient": VIEWER,
    "GET /cases/{case_id}/evidence": VIEWER,
    "GET /cases/{case_id}/evidence/{sha256}": VIEWER,
    "GET /cases/{case_id}/evidence/{sha256}/{number}": VIEWER,
    "POST /cases/{case_id}/approve": BILLER,
    "POST /cases/{case_id}/assign": BILLER,
    "POST /cases/{case_id}/correct": BILLER,
    "POST /cases/{case_id}/note": BILLER,
    "POST /cases/{case_id}/reopen": BILLER,
    "POST /cases/{case_id}/resolve": BILLER,
    "POST /cases/{case_id}/snooze": BILLER,
    "POST /cases/{case_id}/undo": BILLER,
    "POST /cases/{case_id}/appeal": BILLER,
    "GET /cases/{case_id}/appeal.pdf": BILLER,
    "GET /reports": VIEWER,
    "GET /reports/figures.{ending}": VIEWER,
    "GET /reports/sweeps": VIEWER,
    "GET /reports/sweeps/{sweep_id}/morning": VIEWER,
    "GET /reports/sweeps/{sweep_id}/{name}": BILLER,
    "GET /batches": VIEWER,
    "GET /batches/{batch_id}": VIEWER,
    "POST /batches/{batch_id}/approve": LEAD,
    "POST /batches/{batch_id}/part": LEAD,
    "POST /batches/{batch_id}/export": LEAD,
    "POST /batches/{batch_id}/undo": LEAD,
    "GET /batches/{batch_id}/files/{name}": LEAD,
    "GET /batches/{batch_id}/evidence/{sha256}": BILLER,
}

FILLED = {
    "case_id": "1",
    "user_id": "nobody",
    "item_id": "1",
    "batch_id": "none",
    "sweep_id": "night-1",
    "sha256": "0" * 64,
    "number": "1",
    "payer": "juniper-ridge",
    "name": "none",
    "ending": "csv",
}
"""What stands in a path for each of its parameters."""

ENDING = {"POST /sign-out", "POST /lock", "POST /me/sessions"}
"""After these the session is another's business: each gets its own."""
SHOWING = {"POST /cases/{case_id}/patient"}
"""Where a patient is shown because somebody asked to see them."""

LAST, FIRST, MEMBER, CLAIM = "Zephyrmark", "Quenbymark", "MBR7731X", "PCN5507Z"
BORN = date(1931, 5, 17)
IDENTITIES = re.compile(
    f"{LAST}|{FIRST}|{MEMBER}|1931-05-17|0?5/17/(19)?31|19310517|May 17, 1931|17 May 1931",
    re.IGNORECASE,
)
ANYTHING = re.compile(f"{IDENTITIES.pattern}|{CLAIM}", re.IGNORECASE)

ROUTES = sorted(
    {
        f"{method} {route.path}": route
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods - {"HEAD"}
    }.items()
)


@dataclass(frozen=True)
class Asked:
    """A route, and the request that walks it."""

    route: str
    method: str
    path: str


def walk() -> list[Asked]:
    """A request of every route; those that end sessions come last."""
    found = []
    for key, route in ROUTES:
        names = re.findall(r"\{(\w+)[^}]*\}", route.path)
        unknown = [one for one in names if one not in FILLED]
        assert not unknown, f"{key}: say in FILLED of tests/test_web_walk.py what {unknown} may be"
        path = re.sub(r"\{(\w+)[^}]*\}", lambda one: FILLED[one[1]], route.path)
        found.append(Asked(key, key.split()[0], path))
    return sorted(found, key=lambda one: one.route in ENDING)


class Refusing:
    """Bots that do nothing, whatever they are asked."""

    def __getattr__(self, name: str) -> Callable[..., object]:
        """Refuse it in a sentence, as where a payer's policy forbids it."""

        def refuse(*_: object, **__: object) -> object:
            raise BadInput("No bot runs here")

        return refuse


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A ledger whose patients can be told by their marks wherever they appear."""
    made = replace(desk_over(tmp_path_factory.mktemp("home")), bots=Refusing())
    results = [
        replace(
            one,
            claim=replace(
                one.claim,
                claim_id=f"{CLAIM}{n}",
                member_id=f"{MEMBER}{n}",
                patient_last=f"{LAST}{n}",
                patient_first=f"{FIRST}{n}",
                date_of_birth=BORN,
                source=replace(one.claim.source, row=n),
            ),
        )
        for n, one in enumerate(night(60, 7).results, start=2)
    ]
    swept(made.ledger, results)
    for role in Role:
        person(made.ledger, role)
    return made


@pytest.fixture(scope="module")
def address(desk: Desk) -> Iterator[str]:
    with serving(desk) as found:
        yield found


def whole(answer: httpx.Response) -> str:
    """All that an answer says: its headers, its body, and the address that it came from."""
    headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
    return f"{answer.url}\n{headers}\n{answer.text}"


def ask(somebody: Visitor, asked: Asked, mark: str | None = None, **headers: str) -> httpx.Response:
    fields = {"csrf": mark} if mark else None
    return somebody.request(
        asked.method,
        asked.path,
        data=fields if asked.method != "GET" else None,
        headers=headers,
    )


def mark_of(somebody: Visitor) -> str:
    found = re.search(r'name="csrf" value="(\w+)"', somebody.get("/me").text)
    assert found
    return found[1]


def test_the_answer_key_has_every_route() -> None:
    served = {key for key, _ in ROUTES}
    missing = sorted(served - set(KEY))
    assert not missing, (
        f"{missing}: add each to KEY of tests/test_web_walk.py with the least role that it should "
        "serve, from what it is for and not from its code"
    )
    assert not sorted(set(KEY) - served), "the key has routes that are no longer served"


def test_the_marks_are_in_the_ledger_and_seen_when_somebody_looks(desk: Desk) -> None:
    case = desk.ledger.case(1)
    claim = case.result.claim
    told = f"{claim.patient_last} {claim.patient_first} {claim.member_id} {claim.claim_id}"
    assert len(ANYTHING.findall(told)) == 4
    assert IDENTITIES.search(str(claim.date_of_birth))


def test_without_signing_in_nothing_is_served_and_nothing_leaks(address: str) -> None:
    nobody = visitor(address)
    stale = visitor(address)
    stale.cookies.set("claimsweep", "a-session-that-never-was")
    for asked in walk():
        for somebody in (nobody, stale):
            for headers in ({}, {"HX-Request": "true"}):
                answer = ask(somebody, asked, "0" * 64, **headers)
                if KEY.get(asked.route, VIEWER) is not NOBODY:
                    assert answer.status_code in (303, 401), asked
                    where = answer.headers.get("location") or answer.headers.get("hx-redirect", "")
                    assert where.startswith("/sign-in") or answer.status_code == 401, asked
                assert answer.status_code < 500, asked
                assert not ANYTHING.search(whole(answer)), asked


@pytest.mark.parametrize("role", list(Role), ids=lambda one: one.word)
def test_each_role_is_served_what_it_may_see_and_no_list_names_a_patient(
    address: str, role: Role, capfd: pytest.CaptureFixture[str]
) -> None:
    somebody = visitor(address, role.word)
    mark = mark_of(somebody)
    for asked in walk():
        least = KEY.get(asked.route)
        one, its_mark = somebody, mark
        if asked.route in ENDING:
            one = visitor(address, role.word)
            its_mark = mark_of(one)
        for headers in ({}, {"HX-Request": "true"}) if asked.method == "GET" else ({},):
            answer = ask(one, asked, its_mark, **headers)
            assert answer.status_code < 500, (asked, answer.text)
            said = whole(answer)
            if least is not NOBODY and role < least:
                assert answer.status_code == 403, asked
                assert not ANYTHING.search(said), asked
                continue
            if least is not NOBODY:
                assert answer.status_code not in (401, 403), (asked, answer.text)
                gone = answer.headers.get("location", "") == "/sign-in"
                assert not gone or asked.route == "POST /sign-out", asked
            if asked.route not in SHOWING:
                leaked = IDENTITIES.search(said)
                assert not leaked, (asked, leaked)
            shown = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
            titles = re.findall(r"<title>([^<]*)</title>", answer.text)
            assert not ANYTHING.search(f"{answer.url} {shown} {titles}"), asked
            assert answer.headers["cache-control"] == "no-store", asked
            assert not re.findall(rf'(?:href|action|src)="[^"]*(?:{ANYTHING.pattern})', said, re.I)
    said = capfd.readouterr()
    assert not ANYTHING.search(said.out + said.err)


def test_nothing_is_done_without_the_mark_of_the_page(desk: Desk, address: str) -> None:
    """A form that another site sends has the cookie at most, and never the mark."""
    administrator = visitor(address, "administrator")
    marks = (None, "0" * 64, mark_of(visitor(address, "viewer")))
    good = mark_of(administrator)
    (before,) = desk.ledger.audit_trail(most=1)
    for asked in walk():
        if asked.method == "GET" or KEY.get(asked.route) is NOBODY:
            continue
        for mark in marks:
            answer = ask(administrator, asked, mark)
            assert answer.status_code == 403, (asked, mark)
            assert "out of date" in answer.text
        for headers in (
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
        ):
            answer = ask(administrator, asked, good, **headers)
            assert answer.status_code == 403, (asked, headers)
            assert "another site" in answer.text
        assert ask(administrator, asked, None, **{"X-CSRF-Token": "0" * 64}).status_code == 403
    assert administrator.get("/me").status_code == 200
    assert desk.ledger.audit_trail(most=1) == (before,), "nothing was done"


def test_no_route_that_reads_changes_anything(desk: Desk, address: str) -> None:
    """What GET does to cases would be done by a link in a mail."""
    before = desk.ledger.case(1)
    administrator = visitor(address, "administrator")
    for asked in walk():
        if asked.method == "GET":
            ask(administrator, asked)
    assert desk.ledger.case(1) == before


def test_a_password_never_stands_in_an_answer(address: str) -> None:
    answer = visitor(address).sign_in("biller", f"{PASSWORD}?")
    assert PASSWORD not in whole(answer)
    somebody = visitor(address, "biller")
    for path in ("/me", "/me/password", "/me/second-factor", "/"):
        assert PASSWORD not in whole(somebody.get(path))
