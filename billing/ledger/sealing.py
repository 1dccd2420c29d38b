"""Bytes sealed under a key with an id, to be opened only as what they were sealed as."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from billing.errors import ClaimsweepError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"\x93CSEAL\x01\n"
"""What sealed bytes begin with; its last but one byte is the format's version.

Then the key's id (8 bytes), the nonce (12), the sealed bytes and their tag (16).
"""
ID_BYTES, KEY_BYTES, NONCE_BYTES, TAG_BYTES = 8, 32, 12, 16
HEAD_BYTES = len(MAGIC) + ID_BYTES
OVERHEAD = HEAD_BYTES + NONCE_BYTES + TAG_BYTES
MOST_BYTES = 2**31 - 1
LEAST_SECRET = 32  # characters: 16 random bytes in hex


class KeyWanted(ClaimsweepError):
    """Bytes are sealed with a key that is not at hand; they may be whole."""

    def __init__(self, key_id: str, sentence: str) -> None:
        super().__init__(sentence)
        self.key_id = key_id


class SealBroken(ClaimsweepError):
    """Sealed bytes were changed, cut off, or are not what they are passed off as."""


class Wrapping(Protocol):
    """What keeps the keys of a ring, as a key management service does: none leaves it in clear.

    ``name`` tells one such keeper from another and is no secret.
    """

    @property
    def name(self) -> str:
        """Which keeper this is."""

    def wrap(self, key: bytes, key_id: str) -> bytes:
        """``key`` as it may lie in the ledger."""

    def unwrap(self, wrapped: bytes, key_id: str) -> bytes:
        """The key again. Raises ClaimsweepError with one sentence."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys at hand by their ids, 32 bytes each, and which of them seals: AES-256-GCM.

    ``name`` is what bytes are sealed as, such as ``evidence/<hash>``: each name has its own key,
    derived from the ring's, and its bytes open under that name only. Everything is held in
    memory, sealed and clear at once.
    """

    keys: Mapping[str, bytes] = field(repr=False)
    current: str

    def seal(self, data: bytes, name: str) -> bytes:
        """``data`` sealed with the current key. Raises ClaimsweepError above 2 GB."""
        if len(data) > MOST_BYTES:
            raise ClaimsweepError("More than 2 GB cannot be sealed in one piece: split the file.")
        nonce = os.urandom(NONCE_BYTES)
        head = MAGIC + bytes.fromhex(self.current)
        return head + nonce + _cipher(self.keys[self.current], name).encrypt(nonce, data, head)

    def open(self, sealed: bytes, name: str) -> bytes:
        """What was sealed under ``name``. Raises KeyWanted or SealBroken."""
        from cryptography.exceptions import InvalidTag

        if not is_sealed(sealed) or len(sealed) < OVERHEAD:
            raise SealBroken(f"{name} is cut off or not sealed: restore it from a backup.")
        key_id = key_of(sealed)
        if key_id not in self.keys:
            raise KeyWanted(key_id, f"{name} is sealed with key {key_id}, which is not at hand.")
        nonce = sealed[HEAD_BYTES : HEAD_BYTES + NONCE_BYTES]
        body = memoryview(sealed)[HEAD_BYTES + NONCE_BYTES :]
        try:
            return _cipher(self.keys[key_id], name).decrypt(nonce, body, sealed[:HEAD_BYTES])
        except InvalidTag:
            raise SealBroken(
                f"{name} was changed after it was sealed: restore it from a backup."
            ) from None


@dataclass(frozen=True, slots=True)
class SecretWrapping:
    """A secret text of 32 characters or more keeps the keys of the ring."""

    secret: str = field(repr=False)

    @property
    def name(self) -> str:
        """An id that follows from the secret and does not lead back to it."""
        return _derived(self.secret.encode(), b"claimsweep key id 1")[:ID_BYTES].hex()

    def wrap(self, key: bytes, key_id: str) -> bytes:
        """As :meth:`Wrapping.wrap`."""
        return self._ring.seal(key, f"key/{key_id}")

    def unwrap(self, wrapped: bytes, key_id: str) -> bytes:
        """As :meth:`Wrapping.unwrap`."""
        return self._ring.open(wrapped, f"key/{key_id}")

    @property
    def _ring(self) -> KeyRing:
        name = self.name
        return KeyRing({name: _derived(self.secret.encode(), b"claimsweep wrapping key 1")}, name)


def new_key() -> tuple[str, bytes]:
    """A fresh key and its id, both random."""
    return os.urandom(ID_BYTES).hex(), os.urandom(KEY_BYTES)


def is_sealed(data: bytes) -> bool:
    """Whether ``data`` begins as sealed bytes do; clear bytes may, too."""
    return data.startswith(MAGIC)


def key_of(sealed: bytes) -> str:
    """The id of the key that ``sealed`` says it is sealed with."""
    return sealed[len(MAGIC) : HEAD_BYTES].hex()


def _cipher(key: bytes, name: str) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(_derived(key, b"claimsweep sealed 1 " + name.encode()))


def _derived(secret: bytes, use: bytes) -> bytes:
    # imported here, since most commands never open a seal and it takes a twentieth of a second
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=use).derive(secret)
