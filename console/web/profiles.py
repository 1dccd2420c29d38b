"""Payer profiles: what is wrong with them, their canaries, drift and replays."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()
