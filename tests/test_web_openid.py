"""Signing in by OpenID Connect at a real provider on this machine, and attacks on that."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit, urlunsplit

import httpx
import pyotp
import pytest
from oidc_provider_mock import User, run_server_in_thread
from playwright.sync_api import expect
from web_browser import at_console, chromium
from web_console import Visitor, desk_over, person, serving, visitor

from billing.people import Role
from bots.portal.browser import Browser
from console.web.desk import Desk
from console.web.entrance import Entrance, Provider
from console.web.sealing import sealed

USERS = (
    User(
        sub="ada",
        claims={"preferred_username": "Ada", "groups": ["staff", "billing-leads"]},
    ),
    User(
        sub="both",
        claims={"preferred_username": "both", "groups": ["readers", "billing-leads"]},
    ),
    User(sub="eve", claims={"preferred_username": "eve", "groups": ["cleaning"]}),
    User(sub="none", claims={"preferred_username": "none"}),
    User(
        sub="imposter",
        claims={"preferred_username": "administrator", "groups": ["readers"]},
    ),
    User(sub="odd", claims={"preferred_username": "../<odd> one", "groups": "readers"}),
)
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass
class Wire:
    """Between the console and the provider: hears what is sent, and may change it."""

    application: Application
    heard: list[dict[str, str]] = field(default_factory=list)
    host: str | None = None
    keys: bytes | None = None

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Serve one request of the provider."""
        if environ["PATH_INFO"] == "/oauth2/token":
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            environ["wsgi.input"] = BytesIO(body)
            self.heard.append(dict(parse_qsl(body.decode())))
            if self.host:
                environ["HTTP_HOST"] = self.host
        if environ["PATH_INFO"] == "/jwks" and self.keys:
            start("200 OK", [("Content-Type", "application/json")])
            return [self.keys]
        return self.application(environ, start)


@contextmanager
def provider(**options: Any) -> Iterator[tuple[str, Wire]]:
    """A provider of the users above: its issuer, and the wire to it."""
    with run_server_in_thread(require_nonce=True, user_claims=USERS, **options) as server:
        server.app = wire = Wire(server.app)
        yield f"http://localhost:{server.server_port}", wire


@pytest.fixture(scope="module")
def at_provider() -> Iterator[tuple[str, Wire]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")  # the provider's own check, on this machine
        with provider() as found:
            yield found


def trusting(desk: Desk, issuer: str) -> Desk:
    trusted = Provider(
        issuer,
        "console",
        "a secret",
        "groups",
        {"readers": Role.VIEWER, "billing-leads": Role.LEAD},
    )
    return replace(desk, entrance=Entrance(provider=trusted))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, at_provider: tuple[str, Wire]) -> Desk:
    made = trusting(desk_over(tmp_path_factory.mktemp("home")), at_provider[0])
    person(made.ledger, Role.ADMINISTRATOR)
    return made


@pytest.fixture(scope="module")
def address(desk: Desk) -> Iterator[str]:
    with serving(desk) as found:
        yield found


@pytest.fixture
def wire(at_provider: tuple[str, Wire]) -> Iterator[Wire]:
    """The wire, as it is between tests."""
    yield at_provider[1]
    at_provider[1].host = at_provider[1].keys = None


def begun(somebody: Visitor, after: str = "/") -> str:
    """The provider's address that the console sends a browser to."""
    answer = somebody.get("/sign-in/openid", params={"next": after})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def granted(where: str, sub: str) -> str:
    """The way back that the provider gives to a user who agrees, without its host."""
    answer = httpx.post(where, data={"sub": sub})
    assert answer.status_code in (302, 303), answer.text
    back = urlsplit(answer.headers["location"])
    return f"{back.path}?{back.query}"


def changed(where: str, **values: str) -> str:
    """An address with other values in its query."""
    parts = urlsplit(where)
    query = {**dict(parse_qsl(parts.query)), **values}
    return urlunsplit(parts._replace(query=urlencode(query)))


def signed_in(somebody: Visitor) -> bool:
    return somebody.get("/").status_code == 200


def test_whom_the_provider_vouches_for_comes_in_as_what_it_says(
    desk: Desk, address: str, wire: Wire
) -> None:
    ada = visitor(address)
    assert "Sign in with your organization" in ada.get("/sign-in").text
    where = begun(ada, "/me")
    asked = {name: one[0] for name, one in parse_qs(urlsplit(where).query).items()}
    assert asked["response_type"] == "code"
    assert asked["prompt"] == "login"
    given = [one for one in ada.cookies.jar if one.name == "claimsweep-openid"]
    assert len(given) == 1
    assert not any(asked[one] in str(given[0].value) for one in ("state", "nonce"))
    answer = ada.get(granted(where, "ada"))
    assert answer.status_code == 200
    assert '<meta http-equiv="refresh" content="0; url=/me">' in answer.text
    verifier = wire.heard[-1]["code_verifier"]
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    assert digest.decode() == asked["code_challenge"]
    assert asked["code_challenge_method"] == "S256"
    assert "ada, lead" in ada.get("/me").text
    assert "claimsweep-openid" not in ada.cookies
    found = desk.ledger.person_named("ada")
    assert found is not None
    assert found[1] is None
    made = len(desk.ledger.people())
    again = visitor(address)
    again.get(granted(begun(again), "ada"))
    assert signed_in(again)
    assert len(desk.ledger.people()) == made
    with_password = visitor(address).sign_in("ada", "")
    assert with_password.status_code in (400, 401)
    acts = [one.act for one in desk.ledger.audit_trail(subject="user ada")]
    assert acts == ["signed in", "signed in", "user added"]


def test_the_highest_role_counts_and_follows_the_provider(desk: Desk, address: str) -> None:
    somebody = visitor(address)
    somebody.get(granted(begun(somebody), "both"))
    found = desk.ledger.person_named("both")
    assert found is not None
    assert found[0].role is Role.LEAD
    desk.ledger.change_person(found[0].user_id, by="tests", at=desk.now(), role=Role.VIEWER)
    assert not signed_in(somebody)
    somebody.get(granted(begun(somebody), "both"))
    assert "both, lead" in somebody.get("/me").text
    desk.ledger.change_person(found[0].user_id, by="tests", at=desk.now(), active=False)
    refused = somebody.get(granted(begun(somebody), "both"))
    assert refused.status_code == 403
    assert "locked this account" in refused.text


def test_an_odd_name_becomes_one_that_a_user_may_have(desk: Desk, address: str) -> None:
    somebody = visitor(address)
    somebody.get(granted(begun(somebody), "odd"))
    assert signed_in(somebody)
    assert "odd--one" in [one.name for one in desk.ledger.people()]


@pytest.mark.parametrize(
    ("sub", "why"),
    [
        ("eve", "gives you no role"),
        ("none", "gives you no role"),
        ("imposter", "a user named administrator already"),
    ],
)
def test_whom_the_provider_gives_no_role_or_a_taken_name_is_refused(
    desk: Desk, address: str, sub: str, why: str
) -> None:
    before = len(desk.ledger.people())
    somebody = visitor(address)
    answer = somebody.get(granted(begun(somebody), sub))
    assert answer.status_code == 403
    assert why in answer.text
    assert not signed_in(somebody)
    assert len(desk.ledger.people()) == before


def refused(somebody: Visitor, back: str) -> None:
    answer = somebody.get(back)
    assert answer.status_code == 403, answer.text
    assert "Not signed in" in answer.text
    assert "claimsweep" not in somebody.cookies
    assert not signed_in(somebody)


def test_a_wrong_state_is_refused(address: str) -> None:
    somebody = visitor(address)
    refused(somebody, changed(granted(begun(somebody), "ada"), state="another"))


def test_no_state_is_refused(address: str) -> None:
    somebody = visitor(address)
    refused(somebody, changed(granted(begun(somebody), "ada"), state=""))


def test_an_answer_that_another_browser_asked_for_is_refused(address: str) -> None:
    """A stranger's code, sent to somebody as a link, would sign them in as the stranger."""
    stranger, somebody = visitor(address), visitor(address)
    back = granted(begun(stranger), "ada")
    refused(somebody, back)
    begun(somebody)
    refused(somebody, back)


def test_a_code_is_taken_once(address: str) -> None:
    ada = visitor(address)
    where = begun(ada)
    kept = ada.cookies["claimsweep-openid"]
    back = granted(where, "ada")
    ada.get(back)
    assert signed_in(ada)
    thief = visitor(address)
    thief.cookies.set("claimsweep-openid", kept)
    refused(thief, back)


def test_a_wrong_nonce_is_refused(address: str) -> None:
    """A code of another authorization, put in the place of ours."""
    somebody = visitor(address)
    refused(somebody, granted(changed(begun(somebody), nonce="of-another"), "ada"))


def test_a_token_of_another_issuer_is_refused(address: str, wire: Wire) -> None:
    somebody = visitor(address)
    back = granted(begun(somebody), "ada")
    wire.host = "evil.example"
    refused(somebody, back)


def test_an_answer_that_names_another_issuer_is_refused(address: str) -> None:
    somebody = visitor(address)
    refused(somebody, changed(granted(begun(somebody), "ada"), iss="https://evil.example"))


def test_a_token_signed_by_another_key_is_refused(address: str, wire: Wire) -> None:
    with provider() as (other, _):
        wire.keys = httpx.get(f"{other}/jwks").content
    somebody = visitor(address)
    refused(somebody, granted(begun(somebody), "ada"))


def test_a_token_for_another_client_is_refused(address: str) -> None:
    somebody = visitor(address)
    refused(somebody, granted(changed(begun(somebody), client_id="another"), "ada"))


def test_a_sign_in_that_was_begun_long_ago_is_refused(desk: Desk, address: str) -> None:
    somebody = visitor(address)
    back = granted(begun(somebody), "ada")
    state = dict(parse_qsl(urlsplit(back).query))["state"]
    text = f'{{"state": "{state}", "nonce": "", "verifier": "", "next": "/", "until": 1}}'
    somebody.cookies.clear()
    somebody.cookies.set("claimsweep-openid", sealed(desk.key, "claimsweep-openid", text))
    refused(somebody, back)


def test_whoever_says_no_at_the_provider_is_not_signed_in(address: str) -> None:
    somebody = visitor(address)
    denied = httpx.post(begun(somebody), data={"action": "deny"})
    back = urlsplit(denied.headers["location"])
    state = dict(parse_qsl(back.query)).get("state", "")
    refused(somebody, f"{back.path}?{back.query}" + ("" if state else "&state=x"))


def test_an_expired_token_is_refused_and_an_unreachable_provider_told(
    tmp_path: Path,
) -> None:
    with provider(access_token_max_age=timedelta(seconds=-120)) as (issuer, _):
        late = trusting(desk_over(tmp_path), issuer)
        with serving(late) as address:
            somebody = visitor(address)
            refused(somebody, granted(begun(somebody), "ada"))
    gone = trusting(desk_over(tmp_path), "http://localhost:9")
    with serving(gone) as address:
        answer = visitor(address).get("/sign-in/openid")
        assert answer.status_code == 400
        assert "cannot be asked now" in answer.text


def test_a_second_factor_that_was_set_up_here_is_asked_for_after_the_provider_too(
    desk: Desk, address: str
) -> None:
    somebody = visitor(address)
    somebody.get(granted(begun(somebody), "ada"))
    form = somebody.get("/me/second-factor").text
    found = re.search(r"\?secret=(\w+)&amp;", form)
    box = re.search(r'name="box" value="([^"]+)"', form)
    assert found
    assert box
    code = pyotp.TOTP(found[1]).now()
    assert somebody.act("/me/second-factor", box=box[1], code=code).status_code == 200
    again = visitor(address)
    answer = again.get(granted(begun(again, "/me"), "ada"))
    assert "url=/sign-in/code?next=/me" in answer.text
    assert again.get("/me").headers["location"] == "/sign-in/code?next=/me"
    ada = desk.ledger.person_named("ada")
    assert ada is not None
    desk.ledger.reset_second_factor(ada[0].user_id, by="tests", at=desk.now())


@pytest.mark.browser
def test_a_browser_keeps_its_strict_cookie_on_the_way_back_from_another_site(
    address: str, browser_executable: Browser
) -> None:
    """The provider is at localhost and the console at 127.0.0.1: to a browser, two sites."""
    with (
        chromium(browser_executable, "localhost") as browser,
        at_console(browser, address, None) as page,
    ):
        page.goto("/me")
        page.get_by_role("link", name="Sign in with your organization").click()
        page.get_by_placeholder("sub").fill("ada")
        page.get_by_role("button", name="Authorize").click()
        expect(page.get_by_role("heading", name="My account")).to_be_visible()
        assert page.url == f"{address}/me"
        page.get_by_role("button", name="Lock").click()
        page.get_by_role("link", name="Sign in with your organization").click()
        page.get_by_role("button", name="ada", exact=True).first.click()
        expect(page.get_by_role("heading", name="My account")).to_be_visible()
        (cookie,) = [one for one in page.context.cookies() if one["name"] == "claimsweep"]
        assert cookie["sameSite"] == "Strict"
