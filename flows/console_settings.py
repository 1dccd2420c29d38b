"""The table ``[console]`` of the settings file: how people come into the review console."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from billing.errors import BadInput
from billing.people import Role
from flows.settings import Settings

if TYPE_CHECKING:
    from console.web.entrance import Entrance, Provider

_KEYS = {"hosts", "second_factor", "oidc"}
_OIDC_KEYS = {"issuer", "client_id", "role_claim", "roles"}
SECRET = "oidc-client-secret"  # noqa: S105 - the name of a secret, under claimsweep/


def entrance_of(settings: Settings, *, host: str, secure: bool) -> Entrance:
    """The entrance of a console that listens at ``host``.

    Raises BadInput naming the setting that is misspelt or missing.
    """
    from console.web.entrance import LOOPBACK, Demanded, Entrance

    table = settings.console
    _know(table, _KEYS, "[console]")
    named = table.get("hosts", [])
    if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
        raise BadInput('Settings: [console] hosts is a list of names, as in ["billing.example"]')
    hosts = {one.lower() for one in named}
    if host in LOOPBACK:
        hosts |= set(LOOPBACK)
    elif host not in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        hosts.add(host.lower())
    if not hosts:
        raise BadInput(
            'Say by which names the console is reached: [console] hosts = ["billing.example"] in '
            "the settings file; it answers under no other"
        )
    demanded = table.get("second_factor", Demanded.OPTIONAL.value)
    if demanded not in [one.value for one in Demanded]:
        raise BadInput('Settings: [console] second_factor is "optional", "leads" or "all"')
    return Entrance(
        hosts=frozenset(hosts),
        secure=secure,
        second_factor=Demanded(demanded),
        provider=_provider(settings, table.get("oidc")),
    )


def _provider(settings: Settings, table: object) -> Provider | None:
    from console.web.entrance import LOOPBACK, Provider

    if table is None:
        return None
    if not isinstance(table, Mapping):
        raise BadInput("Settings: [console.oidc] is a table")
    _know(table, _OIDC_KEYS, "[console.oidc]")
    missing = sorted(_OIDC_KEYS - set(table))
    if missing:
        raise BadInput(f"Settings: [console.oidc] lacks {', '.join(missing)}")
    issuer = urlsplit(str(table["issuer"]))
    if issuer.scheme != "https" and issuer.hostname not in LOOPBACK:
        raise BadInput("Settings: [console.oidc] issuer begins with https://")
    by_word = {role.word: role for role in Role}
    roles = table["roles"]
    if not isinstance(roles, Mapping) or not roles or not set(roles.values()) <= set(by_word):
        raise BadInput(
            "Settings: [console.oidc.roles] says for values of the claim which role they give: "
            + ", ".join(by_word)
        )
    return Provider(
        issuer=str(table["issuer"]),
        client_id=str(table["client_id"]),
        client_secret=settings.secret("claimsweep", SECRET),
        role_claim=str(table["role_claim"]),
        roles={str(value): by_word[word] for value, word in roles.items()},
    )


def _know(table: Mapping[str, object], known: set[str], name: str) -> None:
    unknown = sorted(set(table) - known)
    if unknown:
        raise BadInput(
            f"Settings: {name} has no {', '.join(unknown)}; it has {', '.join(sorted(known))}"
        )
