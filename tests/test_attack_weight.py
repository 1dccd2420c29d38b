"""A download without end and a page that eats memory end one browser, and the night goes on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path

import pytest
from odd_site import Asked, Reply, Site, kept, payer_folder, serving, told_of

import bots.portal.weight
import flows.account
import flows.account_session
from bots.portal.browser import Browser

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MEMORY, DISK = 900 << 20, 100 << 20
PIECE = b"\0" * (1 << 20)
GROWS = (
    "Paid<img hidden src=/nothing onerror='window.held = [];"
    "setInterval(() => { for (let n = 0; n < 20; n++) held.push("
    "new Uint8Array(1 << 20).fill(7)); }, 20)'>"
)
WAYS = ("attachment", "blob", "nothing")


class Endless:
    """Sends a document without end, and counts the megabytes that somebody took of it."""

    def __init__(self) -> None:
        self.sent = 0

    def __call__(self, asked: Asked) -> Reply:
        """The beginning of a PDF, and more, for as long as somebody listens."""
        attached = {"Content-Disposition": "attachment; filename=eob"} if asked.query else {}
        return Reply(self._pieces(), "application/pdf", headers=attached)

    def _pieces(self) -> Iterator[bytes]:
        for piece in chain([b"%PDF-1.7\n"], repeat(PIECE)):
            yield piece
            self.sent += len(piece) >> 20


def test_what_has_no_end_costs_its_own_claim_alone(
    browser_executable: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bots.portal.weight, "MEMORY", MEMORY)
    monkeypatch.setattr(bots.portal.weight, "DISK", DISK)
    monkeypatch.setattr(flows.account, "TRIES_PER_ITEM", 1)
    monkeypatch.setattr(flows.account_session, "UNREACHABLE_IN_A_ROW", 99)
    monkeypatch.setattr(flows.account_session, "PAUSE_SECONDS", 0)
    claims = []
    for n, way in enumerate(WAYS):
        status = GROWS if way == "nothing" else "Paid"
        claims += [kept(f"E{n}", member=f"QX{n:07}", way=way, status=status)]
        claims += [kept(f"H{n}", member=f"QX{n + 500:07}", way="nothing")]
    endless = Endless()
    site = Site("elm", claims)
    site.routes = {"eob": endless, "nothing": lambda _: Reply("", "image/png", 404)}
    said = {"session": {"answer_seconds": 20, "claim_seconds": 120}}
    profile = payer_folder(tmp_path, "elm", said)
    with serving(site):
        told = told_of(tmp_path, browser_executable, site, profile, claims, 1500)
    assert [one.word for one in told[1::2]] == ["found"] * (len(claims) // 2), told
    assert [one.word for one in told[4::2]] == ["unreachable"], "it ends what eats memory"
    assert told[4].why == f"elm: its pages take more than {MEMORY >> 20} MiB of memory"
    assert all(one.document is None for one in told)
    assert 50 < endless.sent < 10 * (MEMORY >> 20)
