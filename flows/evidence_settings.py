"""Where the settings say that evidence lies, and how it is got at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from billing.errors import BadInput

if TYPE_CHECKING:
    from billing.ledger.shelves import Shelf
    from flows.settings import Settings

TEXTS = ("bucket", "endpoint", "region", "prefix")
COMMANDS = ("wrap", "unwrap")
KEY_OF, KEY_ID, KEY = "evidence", "access-key-id", "secret-access-key"
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class EvidenceSettings:
    """The settings' table ``evidence``.

    The bucket, if there is one, and the programs that wrap and unwrap the keys of the ring, if a
    key management service keeps them.
    """

    bucket: str | None = None
    endpoint: str | None = None
    region: str | None = None
    prefix: str | None = None
    wrap: Sequence[str] = ()
    unwrap: Sequence[str] = ()


def evidence_settings(table: Mapping[str, object]) -> EvidenceSettings:
    """What the table ``evidence`` says. Raises BadInput naming the key that will not do."""
    if unknown := sorted(set(table) - {*TEXTS, *COMMANDS}):
        allowed = ", ".join((*TEXTS, *COMMANDS))
        raise BadInput(f"Settings: [evidence] has {unknown[0]}; allowed are {allowed}")
    texts = {key: _text(key, table[key]) for key in TEXTS if key in table}
    if texts and "bucket" not in texts:
        raise BadInput(f"Settings: [evidence] has {min(texts)} and no bucket: name the bucket")
    programs = {key: _command(key, table[key]) for key in COMMANDS if key in table}
    if len(programs) == 1:
        raise BadInput("Settings: [evidence] names wrap and unwrap both, or neither")
    if "endpoint" in texts:
        _require_safe(texts["endpoint"])
    return EvidenceSettings(**texts, **programs)  # type: ignore[arg-type]


def _text(key: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise BadInput(f"Settings: [evidence] {key} is a text")
    return value


def _command(key: str, value: object) -> Sequence[str]:
    if not (isinstance(value, list) and value and all(isinstance(one, str) for one in value)):
        raise BadInput(f"Settings: [evidence] {key} is a list of texts: the program and its words")
    return tuple(value)


def _require_safe(endpoint: str) -> None:
    address = urlsplit(endpoint)
    loopback = address.scheme == "http" and address.hostname in LOOPBACK
    if not (loopback or address.scheme == "https") or not address.hostname:
        raise BadInput(
            "Settings: [evidence] endpoint begins with https://; http:// does only on this "
            "machine itself"
        )


def shelf_of(settings: Settings) -> Shelf | None:
    """The bucket that the settings name; None where evidence lies in the home. Raises BadInput."""
    place = evidence_settings(settings.evidence)
    if place.bucket is None:
        return None
    from billing.ledger.shelves import BucketShelf

    key_id = settings.secret_if_any(KEY_OF, KEY_ID)
    key = settings.secret(KEY_OF, KEY) if key_id else None
    return BucketShelf(place.bucket, place.endpoint, place.region, place.prefix, key_id, key)
