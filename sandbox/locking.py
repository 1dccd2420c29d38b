"""A password on a simulated payer's documents."""

from __future__ import annotations

from reportlab.lib.pdfencrypt import StandardEncryption


def lock(password: str) -> StandardEncryption:
    """A lock for a PDF that ``password`` opens, 128 bits strong."""
    return StandardEncryption(password, ownerPassword=f"{password}-owner", strength=128)
