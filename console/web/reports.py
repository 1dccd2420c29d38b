"""The figures of a week or month, as pages to read and print."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()
