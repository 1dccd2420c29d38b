"""An account that cannot be handed back is nobody's all the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from odd_site import Site, kept, payer_folder, serving, told_of

from billing.ledger import Ledger, LedgerError, open_ledger, owner_name
from bots.portal.browser import Browser

HOUR = 3600


@pytest.mark.browser
def test_an_account_that_a_full_disk_keeps_is_free_for_the_next_session(
    browser_executable: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> bool:
        raise LedgerError("The ledger cannot be written to: the disk is full.")

    site, profile = Site("elm", [kept("E1")]), payer_folder(tmp_path, "elm")
    with monkeypatch.context() as patch, serving(site):
        patch.setattr(Ledger, "release_account", full)
        with pytest.raises(LedgerError, match="full"):
            told_of(tmp_path, browser_executable, site, profile, site.claims)
    assert "POST /logout" in site.asked or "GET /logout" in site.asked
    ledger = open_ledger(tmp_path / "ledger")
    with ledger._reading() as connection:
        (row,) = connection.exec_driver_sql("SELECT owner FROM accounts").all()
    assert row.owner, "it was handed back after all, and the test shows nothing"
    assert ledger.lease_account("elm", "another", seconds=HOUR) is not None
    ledger.close()


@pytest.mark.browser
def test_a_login_whose_success_cannot_be_written_down_is_signed_out_of(
    browser_executable: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise LedgerError("The ledger cannot be written to: the disk is full.")

    site, profile = Site("elm", [kept("E1")]), payer_folder(tmp_path, "elm")
    monkeypatch.setattr(Ledger, "end_login", full)
    with serving(site), pytest.raises(LedgerError, match="full"):
        told_of(tmp_path, browser_executable, site, profile, site.claims)
    assert "POST /login" in site.asked
    assert "POST /logout" in site.asked or "GET /logout" in site.asked


def test_what_lives_keeps_its_account(tmp_path: Path) -> None:
    """The control: an owner of this process that is not over."""
    ledger = open_ledger(tmp_path / "ledger")
    assert ledger.lease_account("elm", owner_name(), seconds=HOUR) is not None
    assert ledger.lease_account("elm", "another", seconds=HOUR) is None
    ledger.close()
