"""How the console is reached, and what people must show to come in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from billing.people import Role

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Demanded(Enum):
    """Of whom a second factor is demanded."""

    OPTIONAL = "optional"
    LEADS = "leads"
    ALL = "all"

    def of(self, role: Role) -> bool:
        """Whether somebody of this role must have one."""
        return self is Demanded.ALL or (self is Demanded.LEADS and role >= Role.LEAD)


@dataclass(frozen=True, slots=True)
class Provider:
    """Where people sign in by OpenID Connect.

    ``role_claim`` is the claim of the ID token that ``roles`` maps to a role, value by value;
    the highest that is mapped counts, and who has none is not let in.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    role_claim: str
    roles: Mapping[str, Role]


@dataclass(frozen=True, slots=True)
class Entrance:
    """One console's entrance.

    It answers only under the names in ``hosts``, so that no foreign name can be pointed at it;
    ``secure`` when browsers reach it by TLS alone.
    """

    hosts: frozenset[str] = frozenset(LOOPBACK)
    secure: bool = False
    second_factor: Demanded = Demanded.OPTIONAL
    provider: Provider | None = None
