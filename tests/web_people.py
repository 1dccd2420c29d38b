"""What the tests of the console's users share: the ledger as a file, and second factors."""

from __future__ import annotations

import re
import sqlite3
from datetime import UTC, datetime, timedelta

import pyotp
from web_console import PASSWORD, Visitor, visitor

from billing.ledger.engines import LEDGER_FILE
from console.web.desk import Desk

OTHER = "two herons under a copper roof"


def changed(desk: Desk, statement: str, *values: object) -> int:
    """Change the ledger's file behind the console's back; how many rows."""
    with sqlite3.connect(desk.ledger.home / LEDGER_FILE) as connection:
        count = connection.execute(statement, values).rowcount
    connection.close()
    return count


def asked(desk: Desk, query: str, *values: object) -> list[tuple[object, ...]]:
    with sqlite3.connect(desk.ledger.home / LEDGER_FILE) as connection:
        rows = connection.execute(query, values).fetchall()
    connection.close()
    return rows


def long_ago(minutes: int) -> str:
    """An instant as SQLite keeps it."""
    return f"{datetime.now(UTC) - timedelta(minutes=minutes):%Y-%m-%d %H:%M:%S.%f}"


def age(desk: Desk, name: str, minutes: int, column: str = "seen_at") -> None:
    """Let a user's sessions be so many minutes old."""
    statement = (
        f"UPDATE web_sessions SET {column} = ? "  # noqa: S608
        "WHERE user_id = (SELECT user_id FROM users WHERE name = ?)"
    )
    assert changed(desk, statement, long_ago(minutes), name)


def mark(somebody: Visitor, path: str = "/me") -> str:
    found = re.search(r'name="csrf" value="(\w+)"', somebody.get(path).text)
    assert found
    return found[1]


def acts(desk: Desk, name: str) -> list[str]:
    return [one.act for one in desk.ledger.audit_trail(subject=f"user {name}")]


def enrolled(desk: Desk, address: str, name: str) -> tuple[Visitor, str, list[str]]:
    """A user who has set up a second factor: their browser, secret and recovery codes."""
    somebody = visitor(address, name)
    form = somebody.get("/me/second-factor").text
    found = re.search(r"otpauth://totp/claimsweep:[\w-]+\?secret=(\w+)&amp;issuer=claimsweep", form)
    box = re.search(r'name="box" value="([^"]+)"', form)
    assert found
    assert box
    code = pyotp.TOTP(found[1]).now()
    fields = {"csrf": mark(somebody), "box": box[1], "password": PASSWORD}
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    assert (
        "code is not right"
        in somebody.post("/me/second-factor", data={**fields, "code": wrong}).text
    )
    shown = somebody.post("/me/second-factor", data={**fields, "code": code})
    assert shown.status_code == 200, shown.text
    codes = re.findall(r"<li>([a-z2-9]{5}-[a-z2-9]{5})</li>", shown.text)
    assert len(set(codes)) == 10
    assert somebody.get("/me").status_code == 200
    return somebody, found[1], codes
