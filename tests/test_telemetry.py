"""Metrics and traces reach a real collector, say what the ledger says, and never slow a run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import PROJECT, SandboxServer
from otlp_receiver import Collector, collector
from sweeping import Desk, new_desk

from billing.errors import BadInput
from billing.ledger import Ledger, open_ledger
from flows.telemetry import collector_of

TOKEN = "Bearer of-the-collector"


@dataclass(frozen=True, slots=True)
class Observed:
    """A sweep that a collector was told of, and what the log and the ledger hold of it."""

    desk: Desk
    sweep_id: str
    got: Collector
    lines: list[dict[str, Any]]
    ledger: Ledger


@pytest.fixture(scope="module")
def observed(
    browser_executable: object,
    sandbox_server: Callable[..., SandboxServer],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Observed]:
    folder = tmp_path_factory.mktemp("observed")
    desk = new_desk(sandbox_server(1, 10), folder)
    with collector() as got:
        table = f'[telemetry]\nendpoint = "{got.address}"\nheaders = ["authorization"]\n'
        settings = folder / "settings.toml"
        settings.write_text(desk.sandbox.settings.read_text(encoding="utf-8") + table)
        settings.chmod(0o600)
        done = desk.run(
            desk.sweep_command("--limit", "3"),
            CLAIMSWEEP_SETTINGS=str(settings),
            CLAIMSWEEP_SECRET_CLAIMSWEEP_TELEMETRY_AUTHORIZATION=TOKEN,
        )
        assert done.returncode in (0, 1), done.stderr[-3000:]
        kept = [
            json.loads(line)
            for path in sorted(desk.home.glob("logs/*"))
            for line in path.read_text(encoding="ascii").splitlines()
        ]
        said = [json.loads(one) for one in done.stderr.splitlines() if one.startswith("{")]
        assert said == kept
        swept = json.loads(done.stdout)["sweep"]
        ledger = open_ledger(desk.home)
        yield Observed(desk, swept, got, kept, ledger)
        ledger.close()


def outcomes(observed: Observed) -> Counter[str]:
    """What the ledger holds of the claims that a portal was asked about."""
    asked = {one["item"] for one in observed.lines if one["event"] == "item_settled"}
    results = observed.ledger.results(observed.sweep_id)
    assert {one.item_id for one in results if one.seconds is not None} == asked
    return Counter(one.conclusion.outcome.value for one in results if one.item_id in asked)


def test_the_log_says_what_the_ledger_says(observed: Observed) -> None:
    settled = [one for one in observed.lines if one["event"] == "item_settled"]
    assert Counter(one["outcome"] for one in settled) == outcomes(observed)
    assert len(settled) >= 4
    assert all(one["seconds"] >= one["portal_seconds"] > 0 for one in settled)
    assert all(one["evidence_bytes"] > 0 for one in settled)
    told = Counter(one["event"] for one in observed.lines)
    assert told["sweep_begun"] == told["sweep_ended"] == told["outputs_written"] == 1
    assert told["session_begun"] == told["session_ended"] == 2
    assert told["document_read"] > 0
    (ended,) = [one for one in observed.lines if one["event"] == "sweep_ended"]
    progress = observed.ledger.progress(observed.sweep_id)
    assert (ended["answered"], ended["not_found"]) == (progress.answered, progress.not_found)
    assert ended["no_answer"] == progress.no_answer


def test_the_collector_is_told_what_the_ledger_says(observed: Observed) -> None:
    got = observed.got
    assert Counter(got.by("claimsweep.items.settled", "claimsweep.outcome")) == outcomes(observed)
    accepted = Counter(one["payer"] for one in observed.lines if one["event"] == "login_accepted")
    assert got.by("claimsweep.logins.accepted", "claimsweep.payer") == accepted
    standing = {payer: observed.ledger.login_standing(payer) for payer in accepted}
    assert all(one.last_result_at is not None and not one.spent for one in standing.values())
    asked = sum(outcomes(observed).values())
    assert count(got, "claimsweep.item.duration") == asked
    assert count(got, "claimsweep.portal.wait.duration") == asked
    assert count(got, "claimsweep.ledger.commit.duration") == asked
    assert count(got, "claimsweep.session.duration") == 2
    assert count(got, "claimsweep.sweep.duration") == 1
    read = sum(one["event"] == "document_read" for one in observed.lines)
    assert count(got, "claimsweep.document.read.duration") == read
    seconds = sum(one.seconds or 0 for one in observed.ledger.results(observed.sweep_id))
    measured = total(got, "claimsweep.item.duration")
    commits = total(got, "claimsweep.ledger.commit.duration")
    # the ledger's seconds end where the commit begins
    assert abs(measured - commits - float(seconds)) < 0.01 * asked
    (depth,) = got.gauges.values()
    assert depth == 0


def count(got: Collector, name: str) -> int:
    """How often a histogram's seconds were recorded."""
    return sum(n for (of, _), (n, _) in got.histograms.items() if of == name)


def total(got: Collector, name: str) -> float:
    """The seconds of a histogram, added up."""
    return sum(seconds for (of, _), (_, seconds) in got.histograms.items() if of == name)


def test_a_sweep_is_one_trace_of_sessions_and_claims(observed: Observed) -> None:
    spans = {span.span_id: span for span in observed.got.spans}
    assert len({span.trace_id for span in spans.values()}) == 1
    named = Counter(span.name for span in spans.values())
    settled = sum(outcomes(observed).values())
    assert (named["sweep"], named["session"], named["claim"]) == (1, 2, settled)
    parents = {
        (span.name, spans[span.parent_span_id].name if span.parent_span_id else "")
        for span in spans.values()
    }
    assert parents == {
        ("sweep", ""),
        ("session", "sweep"),
        ("claim", "session"),
        ("document", "session"),
    }
    for span in spans.values():
        assert span.start_time_unix_nano <= span.end_time_unix_nano
    events = Counter(event.name for span in spans.values() for event in span.events)
    assert events["login_attempted"] == events["login_accepted"] == 2


def test_the_secret_goes_into_its_header_and_nowhere_else(observed: Observed) -> None:
    assert observed.got.headers
    assert {one["authorization"] for one in observed.got.headers} == {TOKEN}
    assert TOKEN.encode() not in b"".join(observed.got.bodies)
    assert TOKEN not in json.dumps(observed.lines)


def test_no_patient_is_in_the_log_or_in_what_the_collector_got(observed: Observed) -> None:
    """Names, member ids, claim numbers and dates of birth of everybody in the sweep."""
    written = json.dumps(observed.lines).encode() + b"".join(observed.got.bodies)
    claims = [one.claim for one in observed.ledger.results(observed.sweep_id)]
    assert len(claims) == 6
    marks = {
        mark
        for claim in claims
        for mark in (
            claim.claim_id,
            claim.member_id,
            claim.patient_last,
            f"{claim.patient_last}, {claim.patient_first}",
            *(
                [f"{claim.date_of_birth:{form}}" for form in ("%Y-%m-%d", "%m/%d/%Y", "%Y%m%d")]
                if claim.date_of_birth
                else []
            ),
        )
        if mark and len(mark) > 3
    }
    assert len(marks) > 20
    database = (observed.desk.home / "ledger.sqlite").read_bytes()
    assert sum(mark.encode() in database for mark in marks) > 10, "the search finds what is there"
    found = [m for m in marks if re.search(rb"(?i)\b" + re.escape(m.encode()) + rb"\b", written)]
    assert found == []


def test_what_runs_is_told_by_name_and_version_alone(observed: Observed) -> None:
    """A command's arguments would name exports and claims."""
    keys = {key for one in observed.got.resources for key in one}
    assert keys == {"service.name", "service.version", "service.instance.id", "host.name"}


EMITS = """
import sys
from flows import journal, telemetry
from flows.settings import load_settings
telemetry.begin(load_settings())
for n in range(3000):
    journal.log("item_settled", payer="acme", of="claim", item=n, outcome="paid", seconds=0.1)
print("to the end")
"""


def emit(address: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A process that tells of 3,000 claims; a run that a collector held up would not end."""
    settings = folder / "settings.toml"
    settings.write_text(f'[telemetry]\nendpoint = "{address}"\nevery_seconds = 1\n')
    settings.chmod(0o600)
    return subprocess.run(
        [sys.executable, "-c", EMITS],
        cwd=PROJECT,
        env=os.environ | {"PYTHONPATH": str(PROJECT), "CLAIMSWEEP_SETTINGS": str(settings)},
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )


@pytest.mark.parametrize("how", ["hangs", "fails", "drops", "is not there"])
def test_a_collector_that_fails_ends_and_holds_up_nothing(how: str, tmp_path: Path) -> None:
    if how == "is not there":
        done = emit("http://127.0.0.1:9", tmp_path)  # the discard port: nobody listens
    else:
        with collector(how) as got:  # type: ignore[arg-type]
            done = emit(got.address, tmp_path)
            assert got.asked > 0
    assert done.stdout == "to the end\n"
    assert done.stderr == ""


def test_a_collector_that_takes_them_gets_every_one(tmp_path: Path) -> None:
    """The control of the test above; the last ones come at the very end of the process."""
    with collector() as got:
        emit(got.address, tmp_path)
    assert got.by("claimsweep.items.settled", "claimsweep.payer") == {"acme": 3000}


def test_nothing_is_imported_where_no_collector_is_named() -> None:
    code = (
        "import sys\nfrom flows import command, journal, telemetry\n"
        "from flows.settings import load_settings\ntelemetry.begin(load_settings())\n"
        "journal.log('login_attempted', payer='acme')\n"
        "heavy = ('opentelemetry', 'apprise', 'prefect', 'playwright')\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"endpont": "https://a"}, "has no endpont"),
        ({"endpoint": "collector:4318"}, "is the address of a collector"),
        ({"endpoint": "https://me:word@a"}, "holds no user"),
        ({"endpoint": "https://a/?key=1"}, "holds no user"),
        ({"endpoint": "https://a", "headers": "authorization"}, "is a list of names"),
        ({"endpoint": "https://a", "every_seconds": 0}, "from 1 to 3600"),
    ],
)
def test_settings_that_cannot_be_used_are_named(table: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput, match=re.escape(said)):
        collector_of(table)
