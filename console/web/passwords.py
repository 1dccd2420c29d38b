"""Passwords: how they are kept, checked and refused."""

from __future__ import annotations

import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from billing.errors import BadInput

LEAST = 12
MOST = 200
_DIFFERENT = 5
_COMMON = frozenset(
    """
    123456789012 1234567890123 12345678901234 123456123456 123123123123 111222333444 098765432109
    0123456789ab abcdefghijkl abcdef123456 abcd12345678 abc123456789 qwertyuiop12 qwertyuiop123
    qwertyuiopas qwerty123456 qwerty12345678 qwertyqwerty 1qaz2wsx3edc 1q2w3e4r5t6y 1q2w3e4r5t6y7u
    q1w2e3r4t5y6 asdfghjkl123 asdfghjklzxc zxcvbnm12345 passwordpassword password1234 password12345
    password123456 password2024 password2025 password2026 passw0rd1234 p@ssw0rd1234 p@ssword1234
    mypassword12 mypassword123 changeme1234 changemeplease letmeinplease letmein12345 welcome12345
    welcome123456 iloveyou1234 iloveyou12345 administrator administrator1 admin1234567 admin12345678
    adminadmin12 football1234 baseball1234 basketball12 princess1234 sunshine1234 superman1234
    trustno1trustno1 correcthorsebatterystaple medicalbilling billingdepartment claimsweep12
    """.split()
)

_hasher = PasswordHasher()
_room = threading.BoundedSemaphore(4)  # a hash takes 64 MiB


def hashed_password(password: str) -> str:
    """What is kept of a password (argon2id)."""
    with _room:
        return _hasher.hash(password)


_NOBODY = hashed_password(secrets.token_urlsafe())


def is_right(password: str, kept: str | None) -> bool:
    """Whether a password is the one that was kept; as slow when none was."""
    with _room:
        try:
            return _hasher.verify(kept or _NOBODY, password[: MOST + 1]) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


def needs_rehash(kept: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(kept)


def first_password() -> str:
    """A password to hand to somebody, who changes it at once."""
    return secrets.token_urlsafe(12)


def require_good(password: str, *, name: str, old: str | None = None) -> None:
    """Raise BadInput, with what to do, for a password that is soon guessed."""
    plain = password.casefold()
    if not LEAST <= len(password) <= MOST:
        raise BadInput(f"A password has {LEAST} to {MOST} characters; a few words make a good one")
    if password == old:
        raise BadInput("This is the password you have; choose another")
    if plain in _COMMON or plain.replace(" ", "") in _COMMON or len(set(plain)) < _DIFFERENT:
        raise BadInput("This password is one of the first that are guessed; choose another")
    if len(name) > 2 and name.casefold() in plain:
        raise BadInput("A password must not hold the name that it belongs to; choose another")
