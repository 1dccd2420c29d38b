"""``claimsweep ledger``: what it holds is told, and it moves to PostgreSQL by one command, once."""

from __future__ import annotations

import json
from pathlib import Path

from filled_ledgers import fill
from typer.testing import CliRunner

from billing.ledger import open_ledger
from flows.command import app


def test_a_ledger_is_moved_by_the_command_and_only_into_an_empty_database(
    tmp_path: Path, postgres_url: str
) -> None:
    home = tmp_path / "home"
    ledger = open_ledger(home)
    fill(ledger)
    ledger.close()
    shown = CliRunner().invoke(app, ["ledger", "show", "--json", "--home", str(home)])
    held = json.loads(shown.stdout)["rows"]
    assert held["sweeps"] > 0
    command = ["ledger", "copy", "--to", postgres_url, "--json", "--home", str(home)]
    copied = CliRunner().invoke(app, command)
    assert copied.exit_code == 0, copied.exception
    assert json.loads(copied.stdout)["rows"]["sweeps"] == held["sweeps"]
    moved = CliRunner().invoke(
        app,
        ["ledger", "show", "--json", "--home", str(home)],
        env={"CLAIMSWEEP_LEDGER_URL": postgres_url},
    )
    assert json.loads(moved.stdout)["rows"] == held
    again = CliRunner().invoke(app, command)
    assert again.exit_code != 0
    assert "empty" in str(again.exception)
    assert postgres_url not in str(again.exception)
