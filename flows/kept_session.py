"""A session that is left open lies sealed in the home, and only the same login opens it again."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from billing.errors import BadInput
from bots.portal.memory import Kept
from bots.profile import Profile
from flows.outputs import write_whole
from flows.settings import Settings

FOLDER = "sessions"
KEY_OF, KEY_NAME = "claimsweep", "session-key"
LEAST_KEY = 32  # characters: 16 random bytes in hex
USE = b"claimsweep session 1"
NONCE_BYTES = 12


@dataclass(slots=True, repr=False)
class SealedSession:
    """One payer's kept session: AES-256-GCM, bound to payer, portal, profile, user and password.

    ``secret`` is the key's text; whoever has it and the file has the session.
    """

    home: Path
    profile: Profile
    address: str
    secret: str = field(repr=False)

    def load(self, login: Mapping[str, str]) -> Kept | None:
        """What was kept for ``login``; what cannot be opened for it is dropped."""
        path = sealed_path(self.home, self.profile.id)
        try:
            data = path.read_bytes()
            nonce, sealed = data[:NONCE_BYTES], data[NONCE_BYTES:]
            opened = self._cipher.decrypt(nonce, sealed, self._for(login))
            told = json.loads(opened)
            return Kept(
                told["state"],
                told["tab"],
                datetime.fromisoformat(told["signed_in_at"]),
                datetime.fromisoformat(told["used_at"]),
            )
        except (OSError, ValueError, KeyError, TypeError, InvalidTag):
            self.drop()
            return None

    def save(self, kept: Kept, login: Mapping[str, str]) -> None:
        """Keep ``kept`` for ``login``. Raises OSError when it cannot be written."""
        path = sealed_path(self.home, self.profile.id)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        told = {
            "state": kept.state,
            "tab": kept.tab,
            "signed_in_at": kept.signed_in_at.isoformat(),
            "used_at": kept.used_at.isoformat(),
        }
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, json.dumps(told).encode(), self._for(login))
        write_whole(path, nonce + sealed)

    def drop(self) -> None:
        """Keep nothing."""
        drop_session(self.home, self.profile.id)

    @property
    def _cipher(self) -> AESGCM:
        derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=USE)
        return AESGCM(derive.derive(self.secret.encode()))

    def _for(self, login: Mapping[str, str]) -> bytes:
        """What the file is for; it is authenticated and not in it."""
        known = [self.profile.id, self.address, self.profile.sha256, sorted(login.items())]
        return json.dumps(known).encode()


def session_key(settings: Settings) -> str:
    """The key that kept sessions are sealed with. Raises BadInput when there is no good one."""
    key = settings.secret(KEY_OF, KEY_NAME)
    if len(key) < LEAST_KEY:
        raise BadInput(
            f"The secret {KEY_OF}/{KEY_NAME} has {len(key)} characters instead of {LEAST_KEY} or "
            "more; make one with 'openssl rand -hex 32'"
        )
    return key


def sealed_path(home: Path, payer: str) -> Path:
    """Where the session of ``payer`` would lie."""
    return home / FOLDER / f"{payer}.sealed"


def drop_session(home: Path, payer: str) -> None:
    """Drop what is kept of ``payer``'s session, if anything is."""
    with suppress(NotADirectoryError):
        sealed_path(home, payer).unlink(missing_ok=True)


def kept_until(home: Path, profile: Profile) -> datetime | None:
    """Until when a run may reuse the session of a payer; None when none is kept."""
    reuse = profile.file.session.reuse
    try:
        written = sealed_path(home, profile.id).stat().st_mtime
    except OSError:
        return None
    if reuse is None:
        return None
    until = datetime.fromtimestamp(written, UTC) + timedelta(minutes=reuse.minutes)
    return until if until > datetime.now(UTC) else None
