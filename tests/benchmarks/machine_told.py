"""The machine that a benchmark ran on, in the words of its table."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version

from bots.portal.browser import find_browser

PACKAGES = ("playwright", "prefect", "sqlalchemy", "pandas")


def machine() -> dict[str, object]:
    """Where this runs, and how busy it is now."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "load": load(),
        "python": platform.python_version(),
        "browser": find_browser().version,
        **{name: version(name) for name in PACKAGES},
    }


def load() -> float:
    """Processes that want a core, over the last minute."""
    return round(os.getloadavg()[0], 1)
