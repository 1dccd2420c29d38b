"""A sweep of the Medicare contractor's portal, code by mail, answers as the key says."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import SandboxServer
from medicare_portal import PAYER_ID, Medicare, medicare
from sweeping import Desk, differences, furnish, read_answers

from sandbox.__main__ import AS_OF
from sandbox.books import make_world
from sandbox.exports import write_exports
from sandbox.truth import truth_rows
from sandbox.world import World

pytestmark = pytest.mark.usefixtures("browser_executable")
SEED, CLAIMS = 5, 16
CLEAN = ("writes", "locks", "refusals", "concurrent_sessions", "expired_sessions")


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(SEED, CLAIMS, AS_OF, (PAYER_ID,))


@pytest.fixture
def sit(world: World, tmp_path: Path) -> Callable[[Medicare], Desk]:
    """A desk with the export on it, whose settings point at a portal and its mailbox."""

    def sit_down(portal: Medicare) -> Desk:
        settings = tmp_path / "settings.toml"
        secrets = [f'"{PAYER_ID}/{name}" = "{said}"' for name, said in portal.secrets().items()]
        lines = ["[portals]", f'{PAYER_ID} = "{portal.address}"', "[secrets]", *secrets]
        settings.write_text("\n".join(lines) + "\n", encoding="utf-8")
        settings.chmod(0o600)
        write_exports(world, tmp_path / "exports")
        desk = Desk(SandboxServer(SEED, CLAIMS, settings, os.getpid()), tmp_path)
        furnish(desk.home)
        return desk

    return sit_down


def test_every_field_of_every_claim_agrees_with_the_answer_key(
    world: World, sit: Callable[[Medicare], Desk]
) -> None:
    with medicare(world.payer(PAYER_ID)) as portal:
        portal.knobs.announcement = portal.knobs.stale_banner = True
        portal.mailbox.late = 3.0
        swept = sit(portal).sweep()
        counted = portal.counters()
    answers = read_answers(swept)
    assert len(answers) == CLAIMS
    assert differences(list(truth_rows(world)), answers) == []
    denied = [row for row in answers if row["outcome"] == "denied"]
    assert denied
    assert {row["status_category"] for row in denied} == {"F0"}, "the portal never says so"
    assert {name: counted[name] for name in CLEAN} == dict.fromkeys(CLEAN, 0)
    assert counted["logins"] == 1
    assert counted["documents"]
