"""The demonstration: simulated payers served, their sample exports swept like real ones."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from secrets import token_hex

from billing.errors import BadInput
from flows.settings import PROJECT


def run_demo(*, claims: int, seed: int) -> int:
    """Serve the simulated payers, sweep their sample exports with the ordinary command, stop.

    Returns the sweep's exit code. The sweep runs as the command a biller would type, told where
    the portals are by the one setting that the sandbox prints.
    """
    folder = PROJECT / "artifacts" / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    today = datetime.now(UTC).date().isoformat()
    same = ["--seed", str(seed), "--claims", str(claims), "--as-of", today]
    sandbox = [sys.executable, "-m", "sandbox"]
    _say(f"Making the sample exports of five simulated payers ({claims} claims each) in {folder}")
    _run([*sandbox, "export", str(folder / "exports"), *same])
    exports = sorted((folder / "exports").glob("*.*"))
    _say("Starting their simulated portals on free local ports")
    settings = folder / "settings.toml"
    serve = [
        *sandbox,
        "serve",
        *same,
        "--settings",
        str(settings),
        "--parent-pid",
        str(os.getpid()),
    ]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True) as portals:
        try:
            if portals.stdout is None or not portals.stdout.readline():
                raise BadInput("The simulated portals did not start; run 'claimsweep doctor'")
            _say("Sweeping: the same command, flow and profiles as for real payers")
            command = [sys.executable, "-m", "flows", "sweep"]
            for export in exports:
                command += ["--export", str(export)]
            environment = os.environ | {
                "CLAIMSWEEP_SETTINGS": str(settings),
                "CLAIMSWEEP_SECRET_CLAIMSWEEP_SESSION_KEY": token_hex(32),
            }
            environment.pop("CLAIMSWEEP_HOME", None)  # simulated claims have a ledger of their own
            code = subprocess.call(command, env=environment)
        finally:
            portals.terminate()
    _say("All payers, patients and portals of this demonstration are simulated.")
    _say(f"To look further: export CLAIMSWEEP_SETTINGS={settings}; .venv/bin/claimsweep console")
    return code


def _run(command: list[str]) -> None:
    done = subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
    if done.returncode:
        raise BadInput(f"{' '.join(command[2:5])} failed; run 'claimsweep doctor'")


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()
