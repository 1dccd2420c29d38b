"""Files in the inbox are received once each, whenever the reading is cut off."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest
from x12_samples import REMITTANCE, delimited, interchange

from billing.ledger import RunState
from flows import scheduled_inbox
from flows.scheduled_inbox import nothing_new
from flows.scheduled_run import do
from flows.settings import Settings, load_settings

LONG_AGO = 1_700_000_000
ANOTHER = tuple(one.replace("T00123", "T00124") for one in REMITTANCE)
STATUSES = ("ST*277*0001", "BHT*0010*08*1*20260105*1200*DG", "SE*3*0001")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "inbox").mkdir()
    found = load_settings(home=tmp_path / "home")
    table = {"inbox": str(tmp_path / "inbox")}
    return replace(found, artifacts=tmp_path / "artifacts", unattended=table)


def arrive(settings: Settings, name: str, data: bytes, *, settled: bool = True) -> Path:
    path = Path(str(settings.unattended["inbox"])) / name
    path.write_bytes(data)
    if settled:
        os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def lying(settings: Settings) -> dict[str, int]:
    """How many files lie in the inbox, and in each of its folders."""
    inbox = Path(str(settings.unattended["inbox"]))
    folders = [inbox, *(one for one in inbox.iterdir() if one.is_dir())]
    return {one.name: sum(p.is_file() for p in one.iterdir()) for one in folders}


def payments(settings: Settings) -> list[str]:
    ledger = settings.open_ledger()
    found = [one.remittance.trace_number for one in ledger.remittances()]
    ledger.close()
    return sorted(found)


def test_each_file_is_read_once_and_laid_where_it_belongs(settings: Settings) -> None:
    assert nothing_new(settings)
    assert asyncio.run(do(settings, "inbox")).state is None
    arrive(settings, "monday.835", delimited(interchange([REMITTANCE])))
    arrive(settings, "status.277", delimited(interchange([STATUSES], functional="HN")))
    arrive(settings, "notes.txt", b"Call the clearinghouse about the late file.")
    arrive(settings, "half.835", delimited(interchange([ANOTHER])), settled=False)
    done = asyncio.run(do(settings, "inbox"))
    assert done.state is RunState.DONE, done.said
    assert lying(settings) == {"inbox": 1, "read": 1, "answers": 1, "not-read": 1}
    assert payments(settings) == ["T00123"]
    assert "1 file with payments" in done.said
    assert "batch P" in done.said
    assert asyncio.run(do(settings, "inbox")).state is None


def test_cut_off_before_it_was_moved_a_file_is_read_again_to_the_same(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrive(settings, "monday.835", delimited(interchange([REMITTANCE])))
    moved = scheduled_inbox._move

    def killed(*_: object) -> None:
        raise SystemExit("killed")

    monkeypatch.setattr(scheduled_inbox, "_move", killed)
    with pytest.raises(SystemExit):
        asyncio.run(do(settings, "inbox"))
    monkeypatch.setattr(scheduled_inbox, "_move", moved)
    assert payments(settings) == ["T00123"]
    assert asyncio.run(do(settings, "inbox")).state is RunState.DONE
    arrive(settings, "monday.835", delimited(interchange([REMITTANCE])))  # sent once more
    assert asyncio.run(do(settings, "inbox")).state is RunState.DONE
    assert payments(settings) == ["T00123"]
    ledger = settings.open_ledger()
    assert len(ledger.batches()) == 1
    ledger.close()
