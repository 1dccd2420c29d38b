"""Asking about one claim or member now, and the code that only a person has."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()
