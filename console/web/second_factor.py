"""One-time codes (RFC 6238) and the recovery codes that stand in for them."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime

import pyotp
from reportlab.graphics.barcode.qr import QrCodeWidget

from console.web.sealing import fingerprint

STEP = 30
"""Seconds that a code is valid for; the one before and the one after are taken too."""
CODES = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_QUIET = 4


def new_secret() -> str:
    """A secret to share with an authenticator."""
    return pyotp.random_base32()


def address_of(secret: str, name: str) -> str:
    """What an authenticator reads: an otpauth address."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="claimsweep")


def step_of(secret: str, code: str, at: datetime) -> int | None:
    """The step that a code belongs to, near this instant; None for a code of none."""
    totp = pyotp.TOTP(secret)
    now = int(at.timestamp()) // STEP
    digits = "".join(code.split())
    found = None
    for step in (now - 1, now, now + 1):
        if hmac.compare_digest(totp.at(step * STEP).encode(), digits.encode()):
            found = step
    return found


def recovery_codes() -> list[str]:
    """New codes to print, each for one use: ten letters and digits, in two halves."""
    made = ["".join(secrets.choice(_LETTERS) for _ in range(10)) for _ in range(CODES)]
    return [f"{one[:5]}-{one[5:]}" for one in made]


def kept_recovery_code(key: bytes, code: str) -> str:
    """What the ledger knows a recovery code by, however it is typed."""
    return fingerprint(key, "recovery", "".join(one for one in code.lower() if one.isalnum()))


def qr_path(text: str) -> tuple[int, str]:
    """A QR code as the path of an SVG picture: how wide it is, and its dark squares."""
    code = QrCodeWidget(text, barLevel="M").qr
    code.make()
    count = code.getModuleCount()
    squares = [
        f"M{column + _QUIET} {row + _QUIET}h1v1h-1z"
        for row in range(count)
        for column in range(count)
        if code.isDark(row, column)
    ]
    return count + 2 * _QUIET, "".join(squares)
