"""What asking for help loads: nothing that is for work."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from conftest import PROJECT

FOR_WORK = frozenset(  # typer itself loads pydantic for a verb, to see whether a type is its own
    "prefect pandas numpy playwright sqlalchemy alembic lxml rich yaml openpyxl fastapi "
    "jinja2 opentelemetry PIL pdfplumber".split()
)
LOADED = """
import json, sys
from contextlib import redirect_stdout, suppress
from io import StringIO
with redirect_stdout(StringIO()) as said, suppress(SystemExit):
    exec(sys.argv.pop(1))
json.dump([said.getvalue(), sorted({name.partition(".")[0] for name in sys.modules})], sys.stdout)
"""
HELP = "from flows.command import app; app()"


def loaded(doing: str, *arguments: str) -> tuple[str, set[str]]:
    """What a fresh process said, and the packages that it had loaded then."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, doing, *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    said, packages = json.loads(done.stdout)
    return said, set(packages)


@pytest.mark.parametrize("verb", [(), ("sweep",), ("check",), ("console",), ("profile", "lint")])
def test_help_loads_nothing_that_is_for_work(verb: tuple[str, ...]) -> None:
    said, packages = loaded(HELP, *verb, "--help")
    assert "Usage:" in said
    assert not packages & FOR_WORK


def test_work_is_seen_where_it_is_loaded() -> None:
    _, packages = loaded("import flows.run, flows.sweep")
    assert packages & FOR_WORK >= {"prefect", "playwright", "sqlalchemy", "rich"}
    assert "lark" not in packages, "jsonschema would build a score of grammars in each process"
