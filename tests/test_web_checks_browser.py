"""A claim checked from the console in a real Chromium, with a code that only a person has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from console_portals import ASKS_PERSON, FORBIDS, Practice, practice
from playwright.sync_api import expect
from web_browser import at_console, chromium, violations
from web_console import person, serving, visitor

from billing.people import Role
from bots.portal.browser import Browser
from console.words import OUTCOMES
from flows.run import start_sweep
from sandbox.medicaid_checkpoints import SECURITY_ANSWER

SECONDS = 90_000
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Practice, str]]:
    with practice(tmp_path_factory.mktemp("practice"), claims=8) as found:
        start_sweep(
            found.desk.ledger,
            [found.exports[ASKS_PERSON], found.exports[FORBIDS]],
            found.desk.profiles(),
            found.desk.today(),
            ask_all=True,
        )
        for role in Role:
            person(found.desk.ledger, role)
        with serving(found.desk) as address:
            yield found, address


def test_a_biller_checks_a_claim_and_types_the_code_that_the_portal_asks_for(
    at: tuple[Practice, str], browser_executable: Browser
) -> None:
    here, address = at
    known = here.truth(ASKS_PERSON)[0]
    with (
        chromium(browser_executable) as browser,
        at_console(browser, address, "biller") as page,
    ):
        page.goto("/check")
        assert violations(page) == []
        page.get_by_label("Claim number").fill(known["claim_id"])
        page.keyboard.press("Enter")
        page.wait_for_url("**/check/check-*")
        assert known["claim_id"] not in page.url
        code = page.get_by_label("Code", exact=True)
        code.wait_for(timeout=SECONDS)
        expect(page.get_by_text("waiting for a code until")).to_be_visible()
        expect(code).to_be_focused()
        assert violations(page) == []
        page.keyboard.type(SECURITY_ANSWER)
        page.keyboard.press("Enter")
        answer = page.get_by_role("heading", name=OUTCOMES[known["outcome"]])
        answer.wait_for(timeout=SECONDS)
        assert violations(page) == []
        expect(page.get_by_role("button", name="Cancel")).to_have_count(0, timeout=SECONDS)
        sweep_id = page.url.rsplit("/", 1)[1]
        page.emulate_media(color_scheme="dark")
        assert violations(page) == []
    (result,) = here.desk.ledger.results(sweep_id)
    assert result.conclusion.outcome == known["outcome"]
    acts = [one.act for one in here.desk.ledger.audit_trail(subject=sweep_id)]
    assert {"check begun", "check viewed"} == set(acts)
    (given,) = here.desk.ledger.audit_trail(subject=ASKS_PERSON)
    assert (given.act, given.who, given.detail) == ("code given", "biller", {})


def test_what_policy_forbids_is_refused_with_its_reason(at: tuple[Practice, str]) -> None:
    here, address = at
    biller = visitor(address, "biller")
    refused = biller.act("/check/claim", claim_id=here.truth(FORBIDS)[0]["claim_id"])
    assert refused.status_code == 400
    assert "terms forbid automation" in refused.text
    unknown = biller.act("/check/claim", claim_id="no such claim")
    assert "No sweep has held a claim no such claim" in unknown.text
    assert biller.act("/check/check-nothing/code", code="1").status_code == 400
    assert visitor(address, "viewer").get("/check").status_code == 403
