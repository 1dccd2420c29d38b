"""Another system approves a batch, imports its files and takes it back, over real HTTP."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from interface_served import Served, problem
from posting_desk import Desk as Books
from posting_desk import claim, payment
from web_console import desk_over, person, serving

from billing.ledger.tokens import Scope
from billing.people import Role

KEY = "Idempotency-Key"
PAID = {"C1": "150.00", "C2": "100.00"}
FILE = payment(
    "T1",
    "20260105",
    "250.00",
    claim("C1", "E1", "200.00", PAID["C1"]),
    claim("C2", "E2", "100.00", PAID["C2"]),
)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    books = Books(tmp_path)
    books("propose", books.file("one.835", FILE), "--by", "ann")
    desk = desk_over(books.home)
    keeper = person(desk.ledger, Role.ADMINISTRATOR)
    with serving(desk) as address:
        yield Served(desk, address, keeper)


@pytest.fixture
def system(served: Served) -> Iterator[httpx.Client]:
    with served.client(served.token("billing", Scope.READ, Scope.BATCHES)) as client:
        yield client


def act(system: httpx.Client, batch: str, what: str, **body: str) -> httpx.Response:
    sent = {"json": body} if body else {}
    return system.post(f"/batches/{batch}/{what}", headers={KEY: f"{what}-{batch}"}, **sent)  # type: ignore[arg-type]


def payments(data: bytes) -> dict[str, Decimal]:
    """What a file of postings pays without a code, by our claim number."""
    found: dict[str, Decimal] = {}
    for row in csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")):
        if not row["Code"]:
            found[row["Claim"]] = found.get(row["Claim"], Decimal(0)) + Decimal(row["Amount"])
    return found


def test_a_batch_is_approved_exported_fetched_and_taken_back(
    served: Served, system: httpx.Client
) -> None:
    (listed,) = system.get("/batches").json()["batches"]
    batch = listed["batch_id"]
    assert (listed["state"], listed["files"]) == ("proposed", [])
    assert "approve" in problem(act(system, batch, "export"))
    assert act(system, batch, "approve", hash="0" * 64).status_code == 409
    approved = act(system, batch, "approve", hash=listed["hash"])
    assert (approved.status_code, approved.json()["state"]) == (200, "approved")
    exported = act(system, batch, "export")
    assert exported.json()["state"] == "exported"

    files = {one["name"]: one for one in exported.json()["files"]}
    (name,) = (one for one in files if one.startswith("postings-"))
    bytes_of = [served_bytes(served, system, files[name]["href"]) for _ in range(2)]
    assert bytes_of[0] == bytes_of[1]
    assert hashlib.sha256(bytes_of[0]).hexdigest() == files[name]["sha256"]
    assert payments(bytes_of[0]) == {one: Decimal(paid) for one, paid in PAID.items()}

    undone = act(system, batch, "undo")
    assert undone.json()["state"] == "undone"
    (back,) = undone.json()["files"]
    opposite = payments(served_bytes(served, system, back["href"]))
    assert opposite == {one: -Decimal(paid) for one, paid in PAID.items()}
    acts = [(one.who, one.act) for one in served.desk.ledger.audit_trail(subject=f"batch {batch}")]
    assert [one for one in acts if one[0] == "system:billing"] == [
        ("system:billing", "batch downloaded"),
        ("system:billing", "batch undone"),
        ("system:billing", "batch downloaded"),
        ("system:billing", "batch downloaded"),
        ("system:billing", "batch exported"),
        ("system:billing", "batch approved"),
    ]


def served_bytes(served: Served, system: httpx.Client, href: str) -> bytes:
    answer = system.get(f"{served.address}{href}" if href.startswith("/") else href)
    assert (answer.status_code, answer.headers["content-type"][:8]) == (200, "text/csv")
    return answer.content
