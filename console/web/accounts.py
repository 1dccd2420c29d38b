"""The console's users, their roles and second factors, and the audit trail."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()
