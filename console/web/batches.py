"""Write-back: batches of postings, approved, downloaded and undone."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()
