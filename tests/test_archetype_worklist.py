"""The clearinghouse without a search by claim, swept end to end and held against the answer key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from conftest import SandboxServer, sealed_ledger
from sweeping import Desk, differences, furnish, read_answers
from worklist_site import Site, worklist_site, worklist_world

from sandbox.exports import write_exports
from sandbox.truth import truth_rows
from sandbox.worklist import lacks_document
from sandbox.world import World

pytestmark = pytest.mark.usefixtures("browser_executable")
SEED = 3


@contextmanager
def at_the_desk(world: World, folder: Path) -> Iterator[tuple[Desk, Site]]:
    """A biller's desk before the clearinghouse's portal."""
    with worklist_site(world) as site:
        settings = folder / "settings.toml"
        settings.touch(mode=0o600)
        settings.write_text(site.settings(folder / "home"), encoding="utf-8")
        desk = Desk(SandboxServer(world.seed, world.claims_per_payer, settings, 0), folder)
        write_exports(world, folder / "exports")
        furnish(desk.home)
        yield desk, site


def by_number(answers: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["payer_claim_number"]: row for row in answers if row["payer_claim_number"]}


def test_every_claim_is_found_by_filters_and_agrees_with_the_answer_key(tmp_path: Path) -> None:
    world = worklist_world(SEED, 15)
    with at_the_desk(world, tmp_path) as (desk, site):
        swept = desk.sweep()
        answers = read_answers(swept)
        assert differences(list(truth_rows(world)), answers) == []
        counted = site.counters()
    assert counted["writes"] == counted["locks"] == counted["refusals"] == 0
    assert counted["logins"] == 1
    ledger = sealed_ledger(desk.home)
    kinds = {
        ledger.media_type(sha256)
        for result in ledger.results(str(swept["sweep"]))
        for sha256 in result.conclusion.evidence
    }
    assert {"text/csv", "text/html", "image/png", "application/pdf"} <= kinds
    never_came = {
        number: row["finding"]
        for number, row in by_number(answers).items()
        if row["trace_number"] and lacks_document(number)
    }
    assert set(never_came.values()) == {"eob-unbalanced"}, "a document that never came"
    unread = [n for n, row in by_number(answers).items() if row["finding"] == "eob-unbalanced"]
    assert unread == list(never_came), "every other document was read"
