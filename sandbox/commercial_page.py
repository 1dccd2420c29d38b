"""The commercial portal's one page, and what it is told of a day with troubles."""

from __future__ import annotations

import json
from datetime import date, timedelta
from html import escape
from pathlib import Path

from sandbox.knobs import Knobs

STATIC = Path(__file__).parent / "static" / "commercial"
CHALLENGE_NEEDED = "Type the characters that you see in the picture."
MAINTENANCE = (
    "<!doctype html><title>Maintenance</title><h1>We are doing some maintenance</h1>"
    "<p>The provider portal will be back at 6:00 AM Eastern time.</p>"
)


def page_with(knobs: Knobs, today: date) -> str | None:
    """The page with its troubles; None on an ordinary day."""
    as_of = (today - timedelta(days=4)).isoformat() if knobs.stale_banner else None
    shown = {
        "announcement": knobs.announcement,
        "captcha": knobs.captcha,
        "stepUp": knobs.step_up,
        "asOf": as_of,
        "parentheses": knobs.parentheses,
        "drift": knobs.drift,
        "document": knobs.document if knobs.document == "tab" else None,
        "passwordExpiring": knobs.password_expiring,
        "passwordExpired": knobs.password_expired,
    }
    turned = {name: value for name, value in shown.items() if value}
    if not turned:
        return None
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    body = f'<body data-troubles="{escape(json.dumps(turned))}">'
    return page.replace("<body>", f'{body}\n  <script src="/static/troubles.js"></script>')
