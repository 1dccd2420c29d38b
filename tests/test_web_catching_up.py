"""What a sweep left is taken up beside the pages: none waits, and each says how far it has come."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from console_samples import night
from web_console import desk_over, person, serving, swept, visitor

from billing.cases import View
from billing.ledger import LedgerError, taking_up
from billing.people import Role
from console.web import catching_up
from console.web.catching_up import CatchingUp
from console.web.desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A console whose last sweep nobody has taken up."""
    found = desk_over(tmp_path)
    person(found.ledger, Role.BILLER)
    swept(found.ledger, night(40).results[:20], take_up=False)
    return found


def test_a_small_sweep_is_on_the_first_page_after_it(desk: Desk) -> None:
    with serving(desk) as address:
        page = visitor(address, "biller").get("/").text
    assert "Taking up" not in page
    assert page.count('<tr id="case-') == 19  # one of twenty only waits


def test_no_page_waits_for_a_large_sweep(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()
    real = taking_up.TakingUp._results

    def slow(ledger: taking_up.TakingUp, sweep_id: str, after: int):  # type: ignore[no-untyped-def]
        assert go_on.wait(60)
        return real(ledger, sweep_id, after)

    monkeypatch.setattr(taking_up.TakingUp, "_results", slow)
    monkeypatch.setattr(catching_up, "AT_ONCE", 10)
    with serving(desk) as address:
        biller = visitor(address, "biller")
        page = biller.get("/").text
        assert "Taking up what the last sweep found: 0 of 21." in page
        assert '<tr id="case-' not in page
        told = biller.get("/queue/catching-up")
        assert "0 of 21" in told.text
        assert "HX-Trigger" not in told.headers
        go_on.set()
        for thread in threading.enumerate():
            if thread.name == "taking up":
                thread.join(60)
        told = biller.get("/queue/catching-up")
        assert told.headers["HX-Trigger"] == "caught-up"
        assert told.text.strip() == ""
        assert biller.get("/").text.count('<tr id="case-') == 19


def test_what_went_wrong_is_told_once_and_tried_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:

        def refuse(*_: object) -> None:
            raise LedgerError("The disk is full.")

        broken.setattr(taking_up, "_take", refuse)
        looking = CatchingUp(desk.ledger)
        assert looking.look(desk.today()) is None
        told = looking.look(desk.today())
        assert told is not None
        assert told.wrong == "The disk is full."
    assert looking.look(desk.today()) is None
    assert desk.ledger.queue(View(), desk.today()).count == 19
    assert desk.ledger.untaken(desk.today()) == 0
    desk.ledger.close()
