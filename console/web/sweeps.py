"""What ran, what runs and what runs next, and the health of every portal."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()
