#!/usr/bin/env python3
"""The ``claimsweep`` of a container; also does ``prefect …``, as a work pool begins its runs."""

from __future__ import annotations

import os
import sys

OF_POOLS = "prefect"  # Prefect's workers begin a run by ``prefect flow-run execute``
PREFECT_HOME = "/tmp/prefect"  # noqa: S108 - the worker gives its own, a folder of its machine


def main(words: list[str]) -> None:
    """Become that program; whatever it writes is for its own user alone."""
    os.umask(0o077)
    if words[:1] == [OF_POOLS]:
        os.environ["PREFECT_HOME"] = PREFECT_HOME
    command = words if words[:1] == [OF_POOLS] else [sys.executable, "-m", "flows", *words]
    os.execvp(command[0], command)  # noqa: S606 - the first process, so that signals reach it


if __name__ == "__main__":
    main(sys.argv[1:])
