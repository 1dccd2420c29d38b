"""The interface for other systems, served over a made-up ledger, and how it refuses."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

import httpx

from billing.ledger.tokens import MOST_PER_MINUTE, Scope
from billing.people import Person
from console.web.desk import Desk
from console.web.interface_access import PATH


@dataclass(frozen=True)
class Served:
    """A console at an address, and who keeps its tokens."""

    desk: Desk
    address: str
    keeper: Person

    def client(self, secret: str | None) -> httpx.Client:
        """A system that sends this secret."""
        headers = {} if secret is None else {"Authorization": f"Bearer {secret}"}
        return httpx.Client(base_url=f"{self.address}{PATH}", headers=headers, timeout=30)

    def token(self, name: str, *scopes: Scope, per_minute: int = MOST_PER_MINUTE) -> str:
        """Make a token; its secret."""
        secret = f"claimsweep_{name}_secret"
        self.desk.ledger.add_token(
            name,
            scopes,
            sha256=hashlib.sha256(secret.encode()).hexdigest(),
            expires_on=self.desk.today() + timedelta(days=1),
            per_minute=per_minute,
            by=self.keeper,
            at=self.desk.now(),
            today=self.desk.today(),
        )
        return secret


def problem(response: httpx.Response) -> str:
    """The sentence of a refusal, which is one."""
    assert response.headers["content-type"] == "application/problem+json"
    said = response.json()
    assert said["status"] == response.status_code
    assert said["detail"].endswith(".")
    assert "Traceback" not in response.text
    return str(said["detail"])
