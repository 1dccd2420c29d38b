"""A browser that stops while it opens is given up: it keeps no account, and nobody waiting."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from odd_site import Site, kept, payer_folder, serving, told_of

import bots.portal.browser
import bots.portal.session
import flows.account_session
from billing.errors import TryLater
from billing.ledger import open_ledger
from bots.portal.browser import Browser
from bots.portal.weight import PROCESSES, Weight, parents_now

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not PROCESSES.is_dir(), reason="processes are told by /proc alone"),
]


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Each browser is stopped as soon as it was started; what tells of the end of its processes."""
    ends: list[int] = []

    def stop(weight: Weight) -> None:
        for pid in [pid for pid in parents_now() if weight._is_marked(pid)]:  # its launcher too
            ends.append(os.pidfd_open(pid))
            os.kill(pid, signal.SIGSTOP)

    monkeypatch.setattr(Weight, "watch", stop)
    yield ends
    for end in ends:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(end, signal.SIGKILL)
        os.close(end)


def test_a_browser_that_stops_while_it_opens_is_given_up(
    browser_executable: Browser,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stopped: list[int],
) -> None:
    monkeypatch.setattr(bots.portal.session, "OPEN_SECONDS", 5)
    monkeypatch.setattr(bots.portal.browser, "_LAUNCH_SECONDS", 5)
    monkeypatch.setattr(flows.account_session, "PAUSE_SECONDS", 0)
    site, profile = Site("elm", [kept("E1")]), payer_folder(tmp_path, "elm")
    with serving(site), pytest.raises(TryLater, match="the browser did not start"):
        told_of(tmp_path, browser_executable, site, profile, site.claims, seconds=120)
    assert stopped, "no browser was stopped, and the test shows nothing"
    assert site.asked == []
    for end in stopped:
        assert select.select([end], [], [], 30)[0], "it was left to itself"
    ledger = open_ledger(tmp_path / "ledger")
    assert ledger.lease_account("elm", "another", seconds=60) is not None
    ledger.close()
