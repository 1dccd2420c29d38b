"""The interface does what its description says: nothing fails, and nothing else is answered."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, cast

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from web_console import desk_over, furnish, person, serving

from billing.ledger.tokens import MOST_PER_MINUTE, Scope
from billing.people import Role
from console.web.interface import make_interface
from console.web.interface_access import PATH

SECRET = "claimsweep_for_the_tests"
BEARER = {"Authorization": f"Bearer {SECRET}"}
KEY = re.compile("[A-Za-z0-9_-]{8,64}")

DESCRIBED = schemathesis.openapi.from_dict(
    make_interface(cast(Any, None), cast(Any, None)).openapi()
)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    desk = desk_over(tmp_path_factory.mktemp("home"))
    furnish(desk.ledger)
    desk.ledger.add_token(
        "schemathesis",
        list(Scope),
        sha256=hashlib.sha256(SECRET.encode()).hexdigest(),
        expires_on=desk.today() + timedelta(days=1),
        per_minute=MOST_PER_MINUTE,
        by=person(desk.ledger, Role.ADMINISTRATOR),
        at=desk.now(),
        today=desk.today(),
    )
    with serving(desk) as found:
        yield f"{found}{PATH}"


@DESCRIBED.parametrize()
@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
def test_every_route_answers_as_described(case: schemathesis.Case, address: str) -> None:
    if KEY.fullmatch(case.headers.get("Idempotency-Key") or ""):
        case.headers["Idempotency-Key"] = uuid.uuid4().hex  # another's key is refused, rightly
    case.call_and_validate(base_url=address, headers=BEARER)
