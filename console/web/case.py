"""One claim's case on one page: what each channel said, its evidence, what to decide."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()
