"""The console's sessions, the lock, accounts, the audit trail, and what is not answered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from web_console import PASSWORD, desk_over, person, serving, visitor
from web_people import acts, age, changed, enrolled

from billing.people import Role
from console.web.desk import Desk
from console.web.entrance import Entrance


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    made = desk_over(tmp_path_factory.mktemp("home"))
    for role in Role:
        person(made.ledger, role)
    return made


@pytest.fixture(scope="module")
def address(desk: Desk) -> Iterator[str]:
    with serving(desk) as found:
        yield found


# Sessions


def test_a_session_that_nobody_uses_locks_and_the_password_goes_on_where_it_was(
    desk: Desk, address: str
) -> None:
    changed(desk, "DELETE FROM sign_ins")
    person(desk.ledger, Role.BILLER, "away")
    somebody = visitor(address, "away")
    age(desk, "away", 14)
    assert somebody.get("/session").json()["seconds"] <= 61
    assert somebody.get("/session").json()["seconds"] > 800
    age(desk, "away", 14)
    unattended = {"X-Unattended": "yes"}
    assert somebody.get("/", headers=unattended).status_code == 200
    assert somebody.get("/session", headers=unattended).json()["seconds"] <= 61
    age(desk, "away", 16)
    away = somebody.get("/?payer=acme&page=2")
    assert away.headers["location"] == "/locked?next=/%3Fpayer%3Dacme%26page%3D2"
    part = somebody.get("/", headers={"HX-Request": "true", "HX-Current-URL": f"{address}/me?x=1"})
    assert (part.status_code, part.headers["hx-redirect"]) == (401, "/locked?next=/me%3Fx%3D1")
    assert somebody.post("/sign-out", data={}).status_code == 401
    screen = somebody.get(away.headers["location"])
    assert "away" in screen.text
    assert somebody.post("/locked", data={"password": "no"}).status_code == 401
    assert somebody.get("/me").status_code == 303
    locked_cookie = somebody.cookies["claimsweep"]
    back = somebody.post("/locked", data={"password": PASSWORD, "next": "/?payer=acme&page=2"})
    assert back.headers["location"] == "/?payer=acme&page=2"
    assert somebody.get(back.headers["location"]).status_code == 200
    assert somebody.cookies["claimsweep"] != locked_cookie
    assert acts(desk, "away")[:2] == ["screen unlocked", "sign-in refused"]


def test_the_screen_can_be_locked_at_once(desk: Desk, address: str) -> None:
    person(desk.ledger, Role.BILLER, "leaves")
    somebody = visitor(address, "leaves")
    answer = somebody.act("/lock", next="/me")
    assert answer.headers["location"] == "/locked?next=/me"
    assert somebody.get("/").headers["location"] == "/locked"
    assert somebody.get("/session").status_code == 303


def test_no_session_lasts_beyond_twelve_hours_locked_or_not(desk: Desk, address: str) -> None:
    person(desk.ledger, Role.BILLER, "all-day")
    somebody = visitor(address, "all-day")
    age(desk, "all-day", 12 * 60 - 2, "begun_at")
    assert somebody.get("/session").json()["seconds"] <= 121
    age(desk, "all-day", 16)
    assert somebody.post("/locked", data={"password": PASSWORD}).status_code == 303
    assert somebody.get("/me").status_code == 200, "unlocked"
    age(desk, "all-day", 12 * 60 + 1, "begun_at")
    assert somebody.get("/me").headers["location"] == "/sign-in?next=/me"


def test_a_half_way_session_lasts_ten_minutes(desk: Desk, address: str) -> None:
    changed(desk, "DELETE FROM sign_ins")
    person(desk.ledger, Role.BILLER, "slow")
    enrolled(desk, address, "slow")
    half = visitor(address)
    half.post("/sign-in", data={"name": "slow", "password": PASSWORD})
    assert half.get("/sign-in/code").status_code == 200
    age(desk, "slow", 11, "begun_at")
    assert half.get("/sign-in/code").headers["location"] == "/sign-in"


@pytest.mark.parametrize(
    "after",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:1", "/a\r\nb"],
)
def test_signing_in_goes_on_to_no_other_site(address: str, after: str) -> None:
    fields = {"name": "biller", "password": PASSWORD, "next": after}
    assert visitor(address).post("/sign-in", data=fields).headers["location"] == "/"


def test_a_session_s_secret_is_no_stranger_s_choice(address: str) -> None:
    somebody = visitor(address)
    somebody.cookies.set("claimsweep", "chosen-by-a-stranger", domain="127.0.0.1")
    somebody.sign_in("biller")
    given = [one.value for one in somebody.cookies.jar if one.name == "claimsweep"]
    assert given != ["chosen-by-a-stranger"]
    fixed = visitor(address)
    fixed.cookies.set("claimsweep", "chosen-by-a-stranger")
    assert fixed.get("/").status_code == 303


def test_one_s_own_sessions_are_listed_and_ended(desk: Desk, address: str) -> None:
    changed(desk, "DELETE FROM sign_ins")
    person(desk.ledger, Role.VIEWER, "everywhere")
    here, there, third = (visitor(address, "everywhere") for _ in range(3))
    listed = re.findall(r'name="session" value="(\w{16})"', here.get("/me").text)
    assert len(listed) == 2
    someone = visitor(address, "viewer")
    someone.act("/me/sessions", session=listed[0])
    assert len(re.findall('name="session"', here.get("/me").text)) == 2, "nobody else ends them"
    here.act("/me/sessions", session=listed[0])
    assert sorted(one.get("/me").status_code for one in (there, third)) == [200, 303]
    here.act("/me/sessions")
    assert [one.get("/me").status_code for one in (here, there, third)] == [200, 303, 303]


@pytest.mark.parametrize("change", ["role", "lock", "password", "sessions"])
def test_a_change_of_the_account_ends_its_sessions(desk: Desk, address: str, change: str) -> None:
    changed(desk, "DELETE FROM sign_ins")
    made = person(desk.ledger, Role.BILLER, f"changed-{change}")
    somebody = visitor(address, made.name)
    administrator = visitor(address, "administrator")
    done = administrator.act(f"/accounts/{made.user_id}/{change}", role="viewer")
    assert done.status_code in (200, 303)
    assert somebody.get("/").status_code == 303
    if change == "lock":
        assert visitor(address).sign_in(made.name).status_code == 401
        administrator.act(f"/accounts/{made.user_id}/unlock")
        assert visitor(address).sign_in(made.name).status_code == 200


def test_the_last_administrator_stays_one(tmp_path: Path) -> None:
    desk = desk_over(tmp_path)
    only = person(desk.ledger, Role.ADMINISTRATOR)
    with serving(desk) as address:
        administrator = visitor(address, "administrator")
        for act in ("role", "lock"):
            answer = administrator.act(f"/accounts/{only.user_id}/{act}", role="viewer")
            assert answer.status_code == 400
            assert "last active administrator" in answer.text
        assert administrator.get("/accounts").status_code == 200


# The audit trail


def test_the_audit_trail_is_filtered_and_tells_when_it_was_touched(
    desk: Desk, address: str
) -> None:
    administrator = visitor(address, "administrator")
    mine = administrator.get("/audit", params={"who": "administrator"}).text
    assert "signed in" in mine
    assert "sign-in refused" not in mine
    assert "user added" in administrator.get("/audit", params={"subject": "user lead"}).text
    assert "No entry" in administrator.get("/audit", params={"subject": "case 0"}).text
    assert "is whole" in administrator.act("/audit/verify").text
    changed(desk, "UPDATE audit SET who = 'somebody else' WHERE seq = 2")
    told = administrator.act("/audit/verify").text
    assert "Audit entry 2 is not what was written" in told
    changed(desk, "UPDATE audit SET who = 'tests' WHERE seq = 2")
    assert "is whole" in administrator.act("/audit/verify").text


# What is not answered


def test_the_console_answers_under_its_own_names_alone(address: str) -> None:
    port = address.rsplit(":", 1)[1]
    for host, status in (
        (f"127.0.0.1:{port}", 200),
        (f"localhost:{port}", 200),
        (f"rebound.example:{port}", 421),
        ("127.0.0.1.rebound.example", 421),
        ("", 421),
        ("[::1", 421),
    ):
        answer = httpx.get(f"{address}/sign-in", headers={"Host": host})
        assert answer.status_code == status, host
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"Origin": "OWN"}, 303),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_nobody_is_signed_in_by_another_site(
    address: str, headers: dict[str, str], status: int
) -> None:
    sent = {name: value.replace("OWN", address) for name, value in headers.items()}
    fields = {"name": "biller", "password": PASSWORD}
    answer = httpx.post(f"{address}/sign-in", data=fields, headers=sent)
    assert answer.status_code == status


def test_the_cookie_is_for_this_site_s_own_pages_alone(tmp_path: Path, address: str) -> None:
    fields = {"name": "biller", "password": PASSWORD}
    given = httpx.post(f"{address}/sign-in", data=fields).headers.get_list("set-cookie")
    session = next(one for one in given if one.startswith("claimsweep="))
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(session.split("; "))
    assert "Max-Age" not in session
    secured = replace(desk_over(tmp_path), entrance=Entrance(secure=True))
    person(secured.ledger, Role.BILLER)
    with serving(secured) as at:
        answer = httpx.post(f"{at}/sign-in", data=fields)
        given = answer.headers.get_list("set-cookie")
        session = next(one for one in given if one.startswith("__Host-claimsweep="))
        assert {"HttpOnly", "Secure", "SameSite=strict", "Path=/"} <= set(session.split("; "))
        assert "Domain" not in session
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        secret = session.split(";")[0].split("=", 1)[1]
        plain = httpx.get(f"{at}/", cookies={"claimsweep": secret})
        assert plain.status_code == 303, "the plain name, which another host could set, is not read"
        named = httpx.get(f"{at}/", cookies={"__Host-claimsweep": secret})
        assert named.status_code == 200
