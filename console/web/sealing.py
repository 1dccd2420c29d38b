"""What the console keeps or sends out so that only it can read or have written it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


def sealed(key: bytes, purpose: str, text: str) -> str:
    """``text`` under AES-256-GCM, as letters that fit a cookie; opens for this purpose alone."""
    nonce = os.urandom(_NONCE)
    box = AESGCM(_key_for(key, "seal")).encrypt(nonce, text.encode(), purpose.encode())
    return base64.urlsafe_b64encode(nonce + box).decode()


def opened(key: bytes, purpose: str, box: str) -> str | None:
    """What was sealed for this purpose; None if it was not, or by another key."""
    try:
        raw = base64.urlsafe_b64decode(box)
        whole = AESGCM(_key_for(key, "seal")).decrypt(raw[:_NONCE], raw[_NONCE:], purpose.encode())
    except (InvalidTag, ValueError):
        return None
    return whole.decode()


def fingerprint(key: bytes, purpose: str, text: str) -> str:
    """A hash of ``text`` (64 hex digits) that cannot be guessed back without the key."""
    return hmac.new(_key_for(key, purpose), text.encode(), hashlib.sha256).hexdigest()


def _key_for(key: bytes, purpose: str) -> bytes:
    return hmac.new(key, purpose.encode(), hashlib.sha256).digest()
