"""A locked EOB on disk is read with the password that its payer's profile names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from billing.errors import BadInput
from flows.command import app
from sandbox import eob_medicaid
from sandbox.__main__ import AS_OF
from sandbox.books import make_world

PAYER = "franklin-medicaid"
VARIABLE = "CLAIMSWEEP_SECRET_FRANKLIN_MEDICAID_DOCUMENT_PASSWORD"


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    (payer,) = make_world(3, 20, AS_OF, (PAYER,)).payers
    remittance = next(iter(payer.remittances.values()))
    file = tmp_path_factory.mktemp("locked") / "advice.pdf"
    file.write_bytes(eob_medicaid.draw(remittance, "open-sesame"))
    return file


def read(file: Path, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["eob", "read", str(file), "--json", *arguments])
    return done.exit_code, done.stdout + done.stderr


def test_it_is_opened_for_its_payer_and_for_nobody_else(
    locked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, said = read(locked)
    assert code == 2
    assert "needs a password" in said
    assert "--payer" in said
    monkeypatch.setenv(VARIABLE, "another")
    code, said = read(locked, "--payer", PAYER)
    assert code == 2
    assert "does not open with the password" in said
    monkeypatch.setenv(VARIABLE, "open-sesame")
    code, said = read(locked, "--payer", PAYER)
    assert code == 0, said
    (document,) = json.loads(said)["files"]
    assert document["layout"] == PAYER
    assert all(payment["balanced"] for payment in document["payments"])


@pytest.mark.parametrize(
    ("payer", "told"),
    [
        ("juniper-ridge", "names no tasks.claim_status.document.password"),
        ("nobody", "No payer profile 'nobody'; there are: "),
    ],
)
def test_a_payer_without_a_password_is_told(locked: Path, payer: str, told: str) -> None:
    asked = ["eob", "read", str(locked), "--payer", payer]
    with pytest.raises(BadInput, match=told):
        CliRunner().invoke(app, asked, catch_exceptions=False)
