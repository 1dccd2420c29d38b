"""Settings come from one private file and the environment, and say what is wrong with them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from billing.errors import BadInput
from flows.settings import load_settings, others_can_read

FILE = """
home = "{home}"
[portals]
acme = "http://127.0.0.1:1"
[secrets]
"acme/password" = "from the file"
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "settings.toml"
    path.write_text(FILE.format(home=tmp_path / "home"), encoding="utf-8")
    path.chmod(0o600)
    monkeypatch.setenv("CLAIMSWEEP_SETTINGS", str(path))
    return path


def test_a_variable_beats_the_file(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_settings().secret("acme", "password") == "from the file"
    monkeypatch.setenv("CLAIMSWEEP_SECRET_ACME_PASSWORD", "from the environment")
    assert load_settings().secret("acme", "password") == "from the environment"
    assert load_settings().home == tmp_path / "home"
    assert load_settings(home=tmp_path / "other").home == tmp_path / "other"


def test_a_missing_secret_names_the_variable(file: Path) -> None:
    with pytest.raises(BadInput, match="CLAIMSWEEP_SECRET_ACME_TOTP"):
        load_settings().secret("acme", "totp")


def test_settings_that_others_can_read_are_refused(file: Path) -> None:
    file.chmod(0o644)
    with pytest.raises(BadInput, match="chmod 600"):
        load_settings()


@pytest.mark.parametrize(
    ("owner", "group", "mode", "refused"),
    [
        (1000, 1000, 0o600, False),
        (1000, 1000, 0o640, True),
        (0, 1000, 0o440, False),  # a Kubernetes secret of a pod with fsGroup
        (0, 1000, 0o460, True),
        (0, 1000, 0o444, True),
        (0, 7, 0o440, True),
        (7, 1000, 0o440, True),
    ],
)
def test_a_settings_file_of_roots_for_our_group_alone_is_ours(
    monkeypatch: pytest.MonkeyPatch, owner: int, group: int, mode: int, *, refused: bool
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    monkeypatch.setattr(os, "getgid", lambda: 1000)
    status = os.stat_result((mode, 0, 0, 1, owner, group, 0, 0, 0, 0))
    assert others_can_read(status) is refused


@pytest.mark.parametrize("text", ["not toml [", "[portals]\nacme = 3\n", 'time_zone = "Mars/Base"'])
def test_a_bad_settings_file_is_one_sentence(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as refused:
        load_settings()
    assert "\n" not in str(refused.value).split(" (")[0]


def test_settings_never_show_their_secrets(file: Path) -> None:
    assert "from the file" not in repr(load_settings())


def asking(file: Path, command: list[str]) -> None:
    file.write_text(f'[secret_commands]\n"acme/totp" = {json.dumps(command)}\n', encoding="utf-8")


def test_a_vault_is_asked_by_its_own_program(file: Path) -> None:
    asking(file, [sys.executable, "-c", "print('from the vault')"])
    assert load_settings().secret("acme", "totp") == "from the vault"


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("print('hush'); raise SystemExit(3)", "ended with code 3 and 1 lines"),
        ("print('hush'); print('hush')", "ended with code 0 and 2 lines"),
        ("", "ended with code 0 and 0 lines"),
    ],
)
def test_a_vault_that_does_not_tell_is_one_sentence_without_what_it_said(
    file: Path, program: str, says: str
) -> None:
    asking(file, [sys.executable, "-c", program])
    with pytest.raises(BadInput, match=says) as refused:
        load_settings().secret("acme", "totp")
    assert "hush" not in str(refused.value)


def test_a_program_that_is_not_there_is_named(file: Path) -> None:
    asking(file, ["/nowhere/op", "read"])
    with pytest.raises(BadInput, match="/nowhere/op cannot be asked"):
        load_settings().secret("acme", "totp")


def test_a_command_that_is_no_list_is_refused(file: Path) -> None:
    file.write_text('[secret_commands]\n"acme/totp" = "op read"\n', encoding="utf-8")
    with pytest.raises(BadInput, match="must hold lists of texts"):
        load_settings()


def test_a_credential_of_the_service_is_read(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert load_settings().secret("acme", "password") == "from the file"
    (tmp_path / "acme.password").write_text("from the service\n", encoding="utf-8")
    assert load_settings().secret("acme", "password") == "from the service"


@pytest.mark.parametrize("data", [b"", b"hush\nhush\n", b"\xffhush"])
def test_a_credential_that_is_no_line_is_refused_and_not_passed_over(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "acme.password").write_bytes(data)
    with pytest.raises(BadInput, match=r"credential acme\.password") as refused:
        load_settings().secret("acme", "password")
    assert "hush" not in str(refused.value)


def test_the_keyring_is_asked_by_the_systems_own_program(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text("keyring = true\n", encoding="utf-8")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BadInput, match="cannot be asked"):
        load_settings().secret("acme", "totp")
    for name in ("secret-tool", "security"):
        program = tmp_path / name
        program.write_text('#!/bin/sh\necho "$@"\n', encoding="utf-8")
        program.chmod(0o700)
    asked = load_settings().secret("acme", "totp")
    assert "claimsweep" in asked
    assert "acme/totp" in asked


def test_a_switch_that_is_no_switch_is_refused(file: Path) -> None:
    file.write_text('keyring = "yes"\n', encoding="utf-8")
    with pytest.raises(BadInput, match="keyring is true or false"):
        load_settings()
