"""A mailbox is read over TLS from the very host that its certificate names, or not at all."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from mailbox_server import imap_of
from portal_clients import SetClock

from billing.errors import BadInput, TryLater
from bots.entrance import CodeMail
from bots.portal.mail import open_mailbox
from bots.portal.second_factor import MailedCodes
from sandbox.mailbox import Mailbox, make_mailbox

CODES = "codes@door.example"
MAIL = CodeMail.model_validate({"from": CODES, "subject": "door code", "wait_seconds": 20})


class Authority:
    """A practice's own certificate authority, made for one test."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.key = folder, ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name.from_rfc4514_string("CN=Larkspur Simulated Authority")
        root = self._begun(self.name, self.key.public_key()).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        self.file = folder / "authority.pem"
        self.file.write_bytes(root.sign(self.key, SHA256()).public_bytes(Encoding.PEM))

    def _begun(self, subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        begun = x509.CertificateBuilder().subject_name(subject).issuer_name(self.name)
        begun = begun.public_key(key).serial_number(x509.random_serial_number())
        begun = begun.not_valid_before(now - timedelta(hours=1))
        return begun.not_valid_after(now + timedelta(hours=1))

    def serve(self, host: x509.GeneralName) -> ssl.SSLContext:
        """What a server at ``host`` shows of itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = self._begun(x509.Name([]), key.public_key()).add_extension(
            x509.SubjectAlternativeName([host]), critical=True
        )
        whole = self.folder / "server.pem"
        whole.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            + leaf.sign(self.key, SHA256()).public_bytes(Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(whole)
        return context


@pytest.fixture
def box() -> Mailbox:
    return make_mailbox(1, clock=SetClock())


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def address(box: Mailbox, port: int) -> str:
    return f"imaps://{box.username.replace('@', '%40')}:{box.password}@127.0.0.1:{port}/INBOX"


@pytest.fixture
def port(box: Mailbox, authority: Authority) -> Iterator[int]:
    here = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    with imap_of(box, authority.serve(here)) as port:
        yield port


def test_a_code_is_read_over_tls_from_a_server_that_an_own_authority_vouches_for(
    box: Mailbox, authority: Authority, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    codes = MailedCodes("acme", open_mailbox("acme/mailbox", address(box, port)), MAIL)

    async def ask() -> str:
        await codes.ready()
        box.deliver(CODES, "Your door code", "It is 482913.")
        return await codes.code(None)

    assert asyncio.run(ask()) == "482913"


def refused(box: Mailbox, port: int) -> str:
    with pytest.raises(BadInput) as said:
        open_mailbox("acme/mailbox", address(box, port)).mark()
    for word in (box.username, box.password, "127.0.0.1", "mail.example"):
        assert word not in str(said.value)
    return str(said.value)


def test_a_server_that_nobody_vouches_for_hears_no_password(box: Mailbox, port: int) -> None:
    sentence = refused(box, port)
    assert sentence.startswith("The certificate of the mailbox of acme/mailbox is not to be tr")
    assert "unable to get local issuer certificate" in sentence
    assert sentence.endswith("or to a file that SSL_CERT_FILE names")


def test_a_certificate_of_another_host_is_refused(
    box: Mailbox, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with imap_of(box, authority.serve(x509.DNSName("mail.example"))) as port:
        assert "not valid for that host" in refused(box, port)


def test_a_server_without_tls_is_no_answer(box: Mailbox) -> None:
    with imap_of(box) as port, pytest.raises(TryLater, match="acme/mailbox does not answer"):
        open_mailbox("acme/mailbox", address(box, port)).mark()
