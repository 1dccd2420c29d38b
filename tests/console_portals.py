"""A console whose bots really run, against simulated portals that answer on this machine."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import PROJECT, sealed_ledger
from portal_clients import SetClock, answering
from sweeping import furnish

from console.web.desk import Desk
from console.web.entrance import Entrance
from flows.console_bots import ConsoleBots
from flows.console_command import desk_of
from flows.settings import load_settings
from sandbox.__main__ import AS_OF
from sandbox.books import make_world
from sandbox.exports import write_exports
from sandbox.knobs import Knobs
from sandbox.truth import truth_rows
from sandbox.world import World

ASKS_NOTHING = "juniper-ridge"
ASKS_PERSON = "franklin-medicaid"
FORBIDS = "blue-mesa"
SECONDS = 120


@dataclass(frozen=True, slots=True)
class Practice:
    """A console's desk, what its billers have to sweep, and what a careful person would find."""

    desk: Desk
    bots: ConsoleBots
    exports: Mapping[str, Path]
    world: World

    def truth(self, payer: str) -> list[dict[str, Any]]:
        """The answer key of one payer."""
        return [row for row in truth_rows(self.world) if row["payer"] == payer]


@contextmanager
def practice(
    folder: Path, *, claims: int, sweeps: bool = False, delay: float = 0
) -> Iterator[Practice]:
    """Three payers: one that lets bots in, one that asks a person besides, one that forbids.

    With ``sweeps`` the orchestrator's empty database is there too; ``delay`` scales the portals'
    waits.
    """
    payers = (ASKS_NOTHING, ASKS_PERSON, FORBIDS)
    world = make_world(1, claims, AS_OF, payers)
    profiles = folder / "payer_profiles"
    for payer in payers:
        shutil.copytree(PROJECT / "payer_profiles" / payer, profiles / payer)
    file = profiles / FORBIDS / "profile.yaml"
    file.write_text(
        file.read_text("utf-8").replace("automation: permitted", "automation: prohibited")
    )
    if sweeps:
        furnish(folder / "home")
    exports = {path.stem: path for path in write_exports(world, folder / "exports")}
    knobs = {ASKS_PERSON: Knobs(step_up=True)}
    with answering(world, SetClock(), delay=delay, knobs=knobs) as portals:
        settings_file = folder / "settings.toml"
        settings_file.touch(0o600)
        settings_file.write_text(portals.settings(folder / "home"))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CLAIMSWEEP_SETTINGS", str(settings_file))
            patch.setenv("CLAIMSWEEP_PROFILES", str(profiles))
            patch.setenv("CLAIMSWEEP_ARTIFACTS", str(folder / "artifacts"))
            desk = desk_of(load_settings(), sealed_ledger(folder / "home"), Entrance())
        assert isinstance(desk.bots, ConsoleBots)
        try:
            yield Practice(desk, desk.bots, exports, world)
        finally:
            for child in desk.bots.children:
                child.kill()
                child.wait()
            desk.ledger.close()


def until(done: Callable[[], Any]) -> Any:
    """What ``done`` says once it says anything true."""
    deadline = time.monotonic() + SECONDS
    while not (said := done()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return said
