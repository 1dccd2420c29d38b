"""A sweep that is killed while it answers from the portal's list loses and doubles nothing."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
import threading
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from claim_lists import LIST, LONG, PAID, is_list, patient_profile, small, small_claims
from portal_clients import SetClock, answering
from portal_faults import (
    MEDICAID,
    SWEEP,
    WORLD,
    Night,
    Sent,
    between,
    counted,
    is_document,
    night,
    secrets_of,
    work_of,
)

import bots.portal.listed_claims
from billing.ledger import open_ledger
from billing.model import CLAIM_LIST, Channel, NotFound
from bots.portal.browser import Browser
from flows.deep_check import look_deep

PROCESSES = multiprocessing.get_context("forkserver")
DEADLINE = 300
LOOK_SECONDS = 0.05
WORTH = 2  # claims that wait; the run that resumes answers from a list too
CLAIMS = 4  # that are paid; the first is asked about alone


def work(home: Path, browser: Browser, address: str, secrets: Mapping[str, str]) -> None:
    """Work through the sweep in ``home`` until the end, or until killed."""
    bots.portal.listed_claims.WORTH_A_LIST = WORTH
    it = work_of(open_ledger(home), browser, patient_profile(), address, secrets)
    asyncio.run(it.run())


@pytest.mark.parametrize(
    "killed_at",
    ["document 3", *(pytest.param(one, marks=LONG) for one in ("list", "document 2"))],
)
def test_a_sweep_killed_while_a_list_answers_resumes_and_loses_and_doubles_nothing(
    killed_at: str, browser_executable: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bots.portal.listed_claims, "WORTH_A_LIST", WORTH)
    home, over = tmp_path / "home", threading.Event()
    documents = 0
    with answering(WORLD, SetClock(), delay=0) as portals, between("") as proxy:
        proxy.upstream = portals.addresses[MEDICAID]
        claims = small_claims(CLAIMS)
        it = night(home, browser_executable, portals, patient_profile(), proxy.address, claims)
        secrets = secrets_of(portals, MEDICAID)
        process = PROCESSES.Process(
            target=work, args=(home, browser_executable, proxy.address, secrets), daemon=True
        )

        def kill(sent: Sent) -> None:
            nonlocal documents
            documents += is_document(sent)
            now = f"document {documents}" if is_document(sent) else "list" if is_list(sent) else ""
            if now == killed_at:
                settled_by(it, documents - 1, over)
                process.kill()

        proxy.spoil = kill
        process.start()
        process.join(DEADLINE)
        assert process.exitcode == -signal.SIGKILL
        before = it.conclusions()
        assert len(before) >= documents - 1
        assert len(before) < len(claims)
        proxy.spoil = lambda _: None
        lists = proxy.asked.count(f"POST {LIST}")
        it.run(DEADLINE)
        assert proxy.asked.count(f"POST {LIST}") > lists > 0, "both runs answer from a list"
        as_the_key_says(it)
        assert it.conclusions()[: len(before)] == before
        counts = counted(portals, MEDICAID)
        assert {counts[name] for name in ("writes", "refusals", "locks")} == {0}


def settled_by(it: Night, claims: int, over: threading.Event) -> None:
    """Wait until the ledger holds so many results: answers are settled beside the next question."""
    deadline = time.monotonic() + DEADLINE
    while len(it.ledger.results(SWEEP)) < claims and time.monotonic() < deadline:
        over.wait(LOOK_SECONDS)


def as_the_key_says(it: Night) -> None:
    """Every claim once, some from a list, with the figures of the portal's books."""
    said = it.conclusions()
    assert [one.outcome for one in said] == small(CLAIMS)
    for one, number in zip(said, PAID[:CLAIMS], strict=False):
        known = WORLD.medicaid.by_number[number]
        assert (one.payer_claim_number, one.charge, one.paid, one.trace_number) == (
            number,
            known.charge,
            known.paid,
            known.trace_number,
        )
    found_by = Counter[str | None]()
    for item in range(1, len(said) + 1):
        observed = it.ledger.observations(item)
        channels = Counter(observation.channel for observation in observed)
        (asked,) = (one for one in observed if one.channel is Channel.PORTAL)
        found_by[asked.search] += 1
        papers = 0 if isinstance(asked.answer, NotFound) else 1
        assert channels == Counter({Channel.PORTAL: 1, Channel.EOB: papers}) + Counter()
        for sha256 in asked.captures:
            assert it.ledger.fetch(sha256)
    assert found_by[CLAIM_LIST] >= 2
    keys = [posting.key for batch in it.ledger.batches() for posting in batch.postings]
    assert len(keys) == len(set(keys)) > 0
    assert [told for part in look_deep(it.ledger, it.ledger.home) for told in part.told] == []
