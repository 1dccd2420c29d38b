"""What every test stands on: a clean environment, a browser, and simulated payers on demand."""

from __future__ import annotations

import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from postgres_server import PostgresServer, postgres_server
from sqlalchemy import URL

from billing.errors import BadInput
from billing.ledger import Ledger, engines, open_ledger
from billing.ledger.engines import _address
from bots.portal.browser import UNBOXED, VARIABLE, Browser, find_browser
from flows import journal
from flows.settings import load_settings

PROJECT = Path(__file__).resolve().parent.parent
IN_CI = bool(os.environ.get("CI"))
START_SECONDS = 60
STOP_SECONDS = 10

# The two cores of a small machine are shared, so a slow example is no failure.
hypothesis_settings.register_profile(
    "local", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.register_profile(
    "ci", parent=hypothesis_settings.get_profile("local"), derandomize=True, database=None
)
hypothesis_settings.load_profile("ci" if IN_CI else "local")


def pytest_addoption(parser: pytest.Parser) -> None:
    """How large the tests are that may be made longer by hand."""
    parser.addoption("--key-claims", type=int, default=20, help="claims per payer and seed (20)")
    parser.addoption("--long-lists", action="store_true", help="100 claims of a list, every fault")
    parser.addoption("--every-ledger", action="store_true", help="the ledger's tests on both")
    parser.addoption("--many-claims", type=int, default=6, help="claims a portal, many workers (6)")
    parser.addoption("--kills", type=int, default=20, help="workers killed while signing in (20)")
    parser.addoption("--base-image", default="debian:12-slim", help="what the image is built on")
    parser.addoption("--build-words", default="", help="more words for docker build")
    parser.addoption("--pool-worker", help="a virtual environment with Prefect's pool workers")
    parser.addoption("--full-size", action="store_true", help="attacks at full size, not scaled")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What is tried only with --long-lists is no part of the suite otherwise."""
    if not config.getoption("--long-lists"):
        items[:] = [item for item in items if not item.get_closest_marker("long_lists")]


@pytest.fixture(scope="session")
def full_size(request: pytest.FixtureRequest) -> bool:
    """Whether attacks come at full size: ten gigabytes, ten million rows."""
    return bool(request.config.getoption("--full-size"))


@pytest.fixture(scope="session")
def kills(request: pytest.FixtureRequest) -> int:
    """How many workers are killed while they sign in."""
    return int(request.config.getoption("--kills"))


@pytest.fixture(scope="session")
def many_claims(request: pytest.FixtureRequest) -> int:
    """How many claims of each payer several machines sweep together."""
    return int(request.config.getoption("--many-claims"))


@pytest.fixture(scope="session")
def list_claims(request: pytest.FixtureRequest) -> int:
    """How many claims are answered by a portal's list, and held against the key."""
    return 100 if request.config.getoption("--long-lists") else 30


@pytest.fixture(scope="session")
def key_claims(request: pytest.FixtureRequest) -> int:
    """How many claims of each payer the sweeps of all seeds are held against the key with."""
    return int(request.config.getoption("--key-claims"))


def pytest_configure(config: pytest.Config) -> None:
    """Before anything imports Prefect: no telemetry, a home of its own, private files."""
    os.umask(0o077)
    journal.refuse_unfit = True
    home = tempfile.mkdtemp(prefix="claimsweep-prefect-")
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    os.environ |= {
        "DO_NOT_TRACK": "1",
        "PREFECT_HOME": home,
        "XDG_CONFIG_HOME": f"{home}/config",  # where the key lies that evidence is sealed with
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    }


@pytest.fixture(autouse=True)
def _no_settings_of_the_user() -> Iterator[None]:
    """Nor of the test before: a command that is called in this process leaves its own."""
    _forget_settings()
    yield
    _forget_settings()


def _forget_settings() -> None:
    for name in list(os.environ):
        if name.startswith("CLAIMSWEEP_") and name not in (VARIABLE, UNBOXED):
            del os.environ[name]


if IN_CI:

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        item: pytest.Item,
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """A machine that proves a change has all the parts: there, a skip is a failure."""
        report = yield
        if report.skipped and not hasattr(report, "wasxfail"):
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid} was skipped, which CI does not allow"
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        collector: pytest.Collector,
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Likewise for a whole file."""
        report = yield
        if report.skipped:
            report.outcome = "failed"
            report.longrepr = f"{collector.nodeid} was skipped, which CI does not allow"
        return report


def sealed_ledger(home: Path) -> Ledger:
    """The ledger in ``home`` as the commands open it: with the keys of its evidence."""
    return load_settings(home=home).open_ledger()


@pytest.fixture(scope="session")
def browser_executable() -> Browser:
    """The browser of this machine, as the bots would find it."""
    try:
        return find_browser()
    except BadInput as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def tesseract() -> str:
    """The path of Tesseract."""
    path = shutil.which("tesseract")
    if path is None:
        pytest.skip("Tesseract is not installed")
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL of this process of tests, which spares the disk."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(postgres_server(durable=False))
        except BadInput as error:
            pytest.skip(str(error))
        yield server


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> str:
    """SQLAlchemy's address of an empty database of this test's own."""
    return postgres.url_of(postgres.new_database())


@pytest.fixture(scope="session")
def _empty_ledger(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database with a new ledger in it, to copy."""
    name = postgres.new_database()
    open_ledger(tmp_path_factory.mktemp("home"), postgres.url_of(name)).close()
    return name


OF_THE_LEDGER = """
test_alerts test_appeal_filing test_appeal_sheet test_audit test_batches test_case_counts
test_claim_places test_kept_decisions
test_denial_families test_drift test_import_back test_intake test_ledger test_ledger_cases
test_ledger_evidence test_ledger_laws test_ledger_tokens test_ledger_visits
test_money_in_ledger test_operations test_period_report test_post_box test_posting_histories
test_postings test_recheck test_remittances test_retention test_scheduled test_scheduled_inbox
test_settling
""".split()
"""What `--every-ledger` tries on PostgreSQL too, but for what speaks of SQLite's own ways."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The laws of the ledger are tried on every database that may hold one."""
    marked = metafunc.definition.get_closest_marker("either_ledger")
    longer = metafunc.config.getoption("--every-ledger") and (
        metafunc.definition.path.stem in OF_THE_LEDGER
        and not metafunc.definition.get_closest_marker("sqlite_only")
    )
    if marked or longer:
        metafunc.parametrize("_database", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture(autouse=True)
def _database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Where this test's ledgers lie: in their homes, or each home's in a database of its own."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    names: dict[Path, str] = {}

    def address(home: Path, url: str | None) -> URL:
        if url is None and home not in names:
            names[home] = server.new_database(request.getfixturevalue("_empty_ledger"))
        return _address(home, url or server.url_of(names[home]))

    monkeypatch.setattr(engines, "_address", address)
    yield


TWO_PAYERS = "juniper-ridge,franklin-medicaid"


@dataclass(frozen=True, slots=True)
class SandboxServer:
    """Simulated payers that answer; ``settings`` is the file that points the profiles at them."""

    seed: int
    claims: int
    settings: Path
    pid: int
    payers: str = TWO_PAYERS

    def run(self, verb: str, *arguments: str) -> str:
        """What ``python -m sandbox VERB …`` prints for these same payers, seed and claims."""
        options = ["--seed", str(self.seed), "--claims", str(self.claims), "--payers", self.payers]
        return subprocess.run(
            [sys.executable, "-m", "sandbox", verb, *arguments, *options],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=True,
        ).stdout


@pytest.fixture(scope="session")
def sandbox_server(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., SandboxServer]]:
    """``sandbox_server(seed=1, claims=10)`` starts the simulated payers, once for the same."""
    running: dict[tuple[int, int, str], tuple[SandboxServer, subprocess.Popen[str]]] = {}

    def serve(seed: int = 1, claims: int = 10, payers: str = TWO_PAYERS) -> SandboxServer:
        if (seed, claims, payers) not in running:
            folder = tmp_path_factory.mktemp(f"sandbox-{seed}-{claims}")
            running[seed, claims, payers] = start_sandbox(seed, claims, payers, folder)
        return running[seed, claims, payers][0]

    yield serve
    for _, process in running.values():
        stop_sandbox(process)


def start_sandbox(
    seed: int, claims: int, payers: str, folder: Path, delay: float = 0.05, answer_ms: float = 0
) -> tuple[SandboxServer, subprocess.Popen[str]]:
    """Simulated payers and their process, which :func:`stop_sandbox` ends; ``delay`` scales the
    searches' waits, and every answer takes ``answer_ms`` besides."""
    settings, log = folder / "settings.toml", folder / "log.txt"
    command = [sys.executable, "-m", "sandbox", "serve", "--seed", str(seed)]
    command += [
        "--payers",
        payers,
        "--claims",
        str(claims),
        "--settings",
        str(settings),
        "--delay",
        str(delay),
    ]
    command += ["--answer-ms", str(answer_ms), "--parent-pid", str(os.getpid())]
    with log.open("w") as errors:
        process = subprocess.Popen(
            command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=errors, text=True
        )
    assert process.stdout is not None
    said: queue.Queue[str] = queue.Queue()
    threading.Thread(
        target=lambda out=process.stdout: said.put(out.readline()), daemon=True
    ).start()
    try:
        line = said.get(timeout=START_SECONDS)
    except queue.Empty:
        line = ""
    if line.strip() != f"export CLAIMSWEEP_SETTINGS={settings.resolve()}":
        stop_sandbox(process)
        pytest.fail(f"the sandbox did not start; it said {line!r} and\n{log.read_text()[-2000:]}")
    return SandboxServer(seed, claims, settings.resolve(), process.pid, payers), process


def stop_sandbox(process: subprocess.Popen[str]) -> None:
    """End what :func:`start_sandbox` started."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
