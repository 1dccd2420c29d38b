"""What a portal sends without end is left at a limit: neither memory nor disk is filled."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from odd_site import Reply, Site, Told, kept, payer_folder, serving, told_of

import bots.portal.weight
import flows.account
import flows.account_session
from bots.portal.browser import Browser

pytestmark = pytest.mark.browser

MIB = 1 << 20
SMALL = 420 * MIB  # of memory: a browser at work takes half of it
PATIENT = {"session": {"answer_seconds": 25, "claim_seconds": 40}}


class Sent:
    """Counts what left the portal."""

    def __init__(self, most: int) -> None:
        self.bytes, self.most = 0, most

    def pieces(self, piece: bytes) -> Iterator[bytes]:
        """``piece`` again and again, ``most`` bytes at most."""
        while self.bytes < self.most:
            self.bytes += len(piece)
            yield piece


@pytest.fixture
def most(full_size: bool, monkeypatch: pytest.MonkeyPatch) -> int:
    """How much the portal would send: ten gigabytes against the limits in force, or a tenth
    against lower ones."""
    monkeypatch.setattr(flows.account, "TRIES_PER_ITEM", 1)
    monkeypatch.setattr(flows.account_session, "TRIES_PER_BROWSER_LOST", 1)
    monkeypatch.setattr(flows.account_session, "PAUSE_SECONDS", 0)
    if full_size:
        return 10_000 * MIB
    monkeypatch.setattr(bots.portal.weight, "MEMORY", SMALL)
    monkeypatch.setattr(bots.portal.weight, "DISK", SMALL // 4)
    return 3_000 * MIB


def asked(
    browser: Browser, home: Path, site: Site, *, way: str, status: str = "Paid"
) -> tuple[Told, Told]:
    """What is told of a claim whose document comes in this ``way``, and of an honest one after."""
    site.claims += [
        kept("E1", way=way, status=status),
        kept("E2", member="QX0000002", way="nothing"),
    ]
    profile = payer_folder(home, "elm", PATIENT)
    with serving(site):
        first, second = told_of(home, browser, site, profile, site.claims)
    return first, second


@pytest.mark.slow
@pytest.mark.parametrize("way", ["attachment", "tab"])
def test_a_document_without_end_is_left_and_the_next_claim_is_answered(
    browser_executable: Browser, tmp_path: Path, most: int, way: str
) -> None:
    sent, site = Sent(most), Site("elm", [])
    lies = {"Content-Disposition": "attachment; filename=../../../etc/eob.pdf"}
    piece = b"%PDF-1.7\n" + bytes(MIB)
    site.routes["eob"] = lambda _: Reply(sent.pieces(piece), "application/pdf", headers=lies)
    first, second = asked(browser_executable, tmp_path, site, way=way)
    assert second.word == "found"
    assert first.document is None
    assert MIB < sent.bytes < most, "it did not go on to the end"


@pytest.mark.slow
def test_a_page_that_takes_more_and_more_memory_costs_its_browser_only(
    browser_executable: Browser, tmp_path: Path, most: int
) -> None:
    site = Site("elm", [])
    grows = (
        'Paid<img hidden src=/nothing onerror="const kept = [];'
        'setInterval(() => kept.push(new Array(4e6).fill(Math.random())), 20)">'
    )
    first, second = asked(browser_executable, tmp_path, site, way="nothing", status=grows)
    assert first.word == "unreachable"
    assert "memory" in first.why
    assert second.word == "found"


@pytest.mark.parametrize("what", ["bytes", "zeros, packed"])
def test_a_page_without_end_ends_at_its_deadline(
    browser_executable: Browser, tmp_path: Path, most: int, what: str
) -> None:
    sent, site = Sent(most), Site("elm", [])
    if what == "bytes":
        body, headers = sent.pieces(b"<p>more" * 20_000), {}
    else:
        body, headers = iter([gzip.compress(bytes(600 * MIB))]), {"Content-Encoding": "gzip"}
    site.routes["eob"] = lambda _: Reply(body, "text/html", headers=headers)
    first, second = asked(browser_executable, tmp_path, site, way="tab")
    assert second.word == "found"
    assert first.document is None
