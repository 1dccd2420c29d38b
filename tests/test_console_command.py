"""How the console is started: the first user, a lost one, TLS, and the settings of its entrance."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from typer.testing import CliRunner

from billing.errors import BadInput
from billing.ledger import open_ledger
from billing.people import Role
from console.web.entrance import Demanded, Entrance, Provider
from console.web.passwords import is_right
from flows.command import app
from flows.console_settings import entrance_of
from flows.settings import load_settings

PROJECT = Path(__file__).resolve().parent.parent
DAY = timedelta(days=1)
OIDC = """
[console.oidc]
issuer = "https://id.larkspur.example"
client_id = "claimsweep"
role_claim = "groups"
roles = {billing = "biller", "billing leads" = "lead"}
"""


def settings_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str):  # type: ignore[no-untyped-def]
    path = tmp_path / "settings.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    monkeypatch.setenv("CLAIMSWEEP_SETTINGS", str(path))
    return load_settings(home=tmp_path / "home")


def test_an_entrance_is_closed_unless_the_settings_open_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = settings_of(tmp_path, monkeypatch, "")
    assert entrance_of(plain, host="127.0.0.1", secure=False) == Entrance()
    with pytest.raises(BadInput, match="by which names"):
        entrance_of(plain, host="::", secure=True)
    assert entrance_of(plain, host="Billing.Example", secure=True).hosts == {"billing.example"}


def test_the_settings_name_hosts_the_second_factor_and_a_provider(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = '[console]\nhosts = ["Billing.Example"]\nsecond_factor = "leads"\n' + OIDC
    monkeypatch.setenv("CLAIMSWEEP_SECRET_CLAIMSWEEP_OIDC_CLIENT_SECRET", "a secret")
    found = entrance_of(settings_of(tmp_path, monkeypatch, text), host="::", secure=True)
    assert found == Entrance(
        hosts=frozenset({"billing.example"}),
        secure=True,
        second_factor=Demanded.LEADS,
        provider=Provider(
            "https://id.larkspur.example",
            "claimsweep",
            "a secret",
            "groups",
            {"billing": Role.BILLER, "billing leads": Role.LEAD},
        ),
    )
    assert "a secret" not in repr(found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("console = 1", r"\[console\] is a table"),
        ("[console]\nhost = []", r"\[console\] has no host; it has hosts"),
        ("[console]\nhosts = 'x'", "hosts is a list"),
        ("[console]\nsecond_factor = 'always'", '"optional", "leads" or "all"'),
        ("[console]\noidc = 1", r"\[console.oidc\] is a table"),
        ("[console.oidc]\nissuer = 'https://a.example'", "lacks client_id, role_claim, roles"),
        (OIDC.replace("https", "http"), "issuer begins with https"),
        (OIDC.replace('"biller"', '"boss"'), "which role they give: viewer, biller"),
        (OIDC, "No secret claimsweep/oidc-client-secret"),
    ],
)
def test_a_misspelt_setting_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    def read() -> Entrance:
        found = settings_of(tmp_path, monkeypatch, text)
        return entrance_of(found, host="127.0.0.1", secure=False)

    with pytest.raises(BadInput, match=said):
        read()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--host", "::"], "others could read along"),
        (["--tls-certificate", "a.pem"], "takes both"),
        (["--tls-certificate", "a.pem", "--tls-key", "b.pem"], "there is no such file"),
        (["--recover", "somebody"], "There is no user named somebody"),
    ],
)
def test_a_console_that_others_could_read_is_not_started(
    tmp_path: Path, options: list[str], said: str
) -> None:
    answer = CliRunner().invoke(app, ["console", "--home", str(tmp_path / "home"), *options])
    assert answer.exit_code != 0
    assert said in f"{answer.output} {answer.exception}"


def test_a_lost_administrator_is_let_in_again_from_the_machine_s_shell(tmp_path: Path) -> None:
    home, at = tmp_path / "home", datetime.now(UTC)
    ledger = open_ledger(home)
    only = ledger.add_person("admin", Role.ADMINISTRATOR, password="lost", by="tests", at=at)
    ledger.set_second_factor(only.user_id, "sealed", step=1, codes=["0" * 64], by="tests", at=at)
    ledger.close()
    answer = CliRunner().invoke(app, ["console", "--home", str(home), "--recover", "admin"])
    assert answer.exit_code == 0, answer.output
    found = re.search(r"Sign in as admin with the password (\S+)", answer.output)
    assert found
    ledger = open_ledger(home)
    person, kept = ledger.person_named("admin") or (None, None)
    assert person is not None
    assert not person.second_factor
    assert is_right(found[1], kept)
    acts = [one.act for one in ledger.audit_trail(subject="user admin")]
    ledger.close()
    assert acts[:2] == ["second factor reset", "password given"]


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - DAY, now + DAY)
        .add_extension(here, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "cert.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    )
    return folder / "cert.pem", folder / "key.pem"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_the_first_administrator_signs_in_by_tls_and_changes_the_password(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    command = [sys.executable, "-m", "flows", "console", "--home", str(tmp_path / "home")]
    command += ["--port", str(free_port())]
    command += ["--tls-certificate", str(certificate), "--tls-key", str(key)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            first = re.search(r"admin with the password (\S+)", process.stdout.readline())
            where = re.search(r"https://\S+", process.stdout.readline())
            assert first
            assert where
            trust = ssl.create_default_context(cafile=str(certificate))
            transport = httpx.HTTPTransport(verify=trust, retries=30)
            with httpx.Client(base_url=where[0], transport=transport, timeout=30) as browser:
                given = {"name": "admin", "password": first[1]}
                answer = browser.post("/sign-in", data=given)
                assert answer.status_code == 303
                assert "__Host-claimsweep=" in answer.headers["set-cookie"]
                assert browser.get("/").headers["location"] == "/me/password"
        finally:
            process.terminate()
