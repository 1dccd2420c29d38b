"""The console's frame: signing in, who may ask for what, and what every answer carries."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from web_browser import at_console, chromium, violations
from web_console import PASSWORD, desk_over, furnish, person, serving, visitor

from billing.people import Role
from bots.portal.browser import Browser
from bots.profile import Profile
from console.web.app import ROUTERS, make_app
from console.web.safety import POLICY

PUBLIC = {
    "/sign-in",
    "/sign-in/code",
    "/sign-in/openid",
    "/sign-in/openid/back",
    "/locked",
}
"""Paths that serve whoever asks."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    desk = desk_over(tmp_path_factory.mktemp("home"))
    furnish(desk.ledger)
    for role in Role:
        person(desk.ledger, role)
    with serving(desk) as found:
        yield found


ROUTES = [one for router in ROUTERS for one in router.routes if isinstance(one, APIRoute)]


def test_every_route_names_the_role_it_serves() -> None:
    open_to_all = {
        one.path
        for one in ROUTES
        if not any(hasattr(d.call, "role") for d in one.dependant.dependencies)
    }
    assert open_to_all == PUBLIC


def test_nothing_is_served_but_the_areas_the_interface_and_the_static_files(tmp_path: Path) -> None:
    desk = desk_over(tmp_path)
    served = make_app(desk).routes
    desk.ledger.close()
    assert len(served) == len(ROUTERS) + 2


def test_without_signing_in_no_page_is_served(address: str) -> None:
    nobody = visitor(address)
    for route in ROUTES:
        path = route.path.replace("{case_id}", "1")
        for method in (route.methods or set()) - {"HEAD"}:
            if path not in PUBLIC:
                answer = nobody.request(method, path)
                assert answer.status_code in (303, 401), (method, path)
                assert "Quillfeather" not in answer.text


def test_a_wrong_password_and_an_unknown_name_are_answered_alike(address: str) -> None:
    somebody = visitor(address)
    wrong = somebody.sign_in("biller", "no")
    unknown = somebody.sign_in("nobody", PASSWORD)
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text == unknown.text


def test_signing_out_ends_the_session(address: str) -> None:
    biller = visitor(address, "biller")
    cookie = biller.cookies["claimsweep"]
    assert biller.act("/sign-out").headers["location"] == "/sign-in"
    again = visitor(address)
    again.cookies.set("claimsweep", cookie)
    assert again.get("/").status_code == 303


def test_a_form_from_elsewhere_is_refused(address: str) -> None:
    biller = visitor(address, "biller")
    assert biller.post("/sign-out", data={"csrf": "0" * 64}).status_code == 403
    mark = biller.get("/").text.split('name="csrf" value="')[1][:64]
    elsewhere = biller.post(
        "/sign-out", data={"csrf": mark}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert elsewhere.status_code == 403
    assert biller.get("/").status_code == 200


def test_every_answer_forbids_foreign_scripts_frames_and_caches(address: str) -> None:
    biller = visitor(address, "biller")
    for path in ("/", "/nothing-here", "/sign-in", "/static/console.css"):
        headers = biller.get(path).headers
        assert headers["content-security-policy"] == POLICY
        assert headers["x-content-type-options"] == "nosniff"
    assert biller.get("/").headers["cache-control"] == "no-store"
    assert "unsafe" not in POLICY


def test_what_nobody_foresaw_is_a_page_that_tells_nothing_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_profiles() -> Mapping[str, Profile]:
        raise RuntimeError(f"{PASSWORD} of somebody")

    desk = replace(desk_over(tmp_path), profiles=no_profiles)
    furnish(desk.ledger, 3)
    person(desk.ledger, Role.VIEWER)
    with serving(desk) as found:
        answer = visitor(found, None)
        answer.sign_in("viewer")
        failed = answer.get("/")
    assert failed.status_code == 500
    assert "see whether it was done before you repeat it" in " ".join(failed.text.split())
    assert failed.headers["content-security-policy"] == POLICY
    told = capsys.readouterr().err
    assert "RuntimeError in the console" in told
    assert "in no_profiles" in told
    assert PASSWORD not in failed.text + told


def test_a_ledger_that_cannot_be_used_is_a_page_without_the_machines_folders(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = desk_over(tmp_path)
    person(desk.ledger, Role.VIEWER)
    with serving(desk) as found:
        viewer = visitor(found, "viewer")
        with sqlite3.connect(tmp_path / "ledger.sqlite") as connection:
            connection.execute("DROP TABLE cases")
        failed = viewer.get("/")
    assert failed.status_code == 503
    assert "claimsweep doctor" in failed.text
    assert str(tmp_path) not in failed.text
    assert str(tmp_path) in capsys.readouterr().err


@pytest.mark.browser
def test_the_first_pages_have_no_barrier(address: str, browser_executable: Browser) -> None:
    with chromium(browser_executable) as browser:
        for dark in (False, True):
            with at_console(browser, address, None, dark=dark) as page:
                page.goto("/sign-in")
                assert violations(page) == []
            with at_console(browser, address, "lead", dark=dark) as page:
                page.get_by_role("heading", name="Queue").wait_for()
                assert violations(page) == []
