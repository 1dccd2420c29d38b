"""Makes Prefect embedded and quiet: its home beside the ledger, no telemetry, no orphans."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

OWNER = "CLAIMSWEEP_EMBEDDED_OWNER"

QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_INTERNAL_LEVEL": "CRITICAL",
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
}
"""What keeps a run's words out of the orchestrator, wherever it runs."""


def embed(home: Path) -> None:
    """Settings that must be in the environment before ``prefect`` is first imported.

    A Prefect server that the user names with PREFECT_API_URL is used as it is; without one, a
    temporary server on 127.0.0.1 lives as long as the run.
    """
    prefect_home = home / "prefect"
    prefect_home.mkdir(mode=0o700, parents=True, exist_ok=True)
    quiet = {
        **QUIET,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        # a temporary server that died does not come back, however often it is asked; one that
        # shares a busy machine with five browsers answers late
        "PREFECT_CLIENT_MAX_RETRIES": "4",
        # the first start migrates Prefect's database, slow on a small machine
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "300",
    }
    for name, value in quiet.items():
        os.environ.setdefault(name, value)
    os.environ["PREFECT_HOME"] = str(prefect_home)
    os.environ[OWNER] = str(os.getpid())
    end_orphans(prefect_home)


def failed_in_orchestrator(error: BaseException) -> bool:
    """Whether an error arose in Prefect or on the way to its server, and not in our own code."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = "" if trace is None else str(trace.tb_frame.f_globals.get("__name__", ""))
    return where.partition(".")[0] in ("prefect", "httpx", "httpcore", "anyio")


def end_orphans(prefect_home: Path) -> int:
    """End temporary servers whose run was killed; how many there were.

    A run ended by kill -9 leaves its server behind, holding a port for ever (seen with Prefect
    3.8 and 3.9). Found through /proc; where there is none, nothing is done.
    """
    ended = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environ = (process / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        values = dict(pair.split(b"=", 1) for pair in environ if b"=" in pair)
        owner = values.get(OWNER.encode())
        if (
            values.get(b"PREFECT__SERVER_EPHEMERAL") == b"1"
            and values.get(b"PREFECT_HOME") == str(prefect_home).encode()
            and owner is not None
            and not Path(f"/proc/{owner.decode()}").exists()
        ):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(int(process.name), signal.SIGTERM)
                ended += 1
    return ended
