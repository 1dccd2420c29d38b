"""Where the settings say that evidence lies, and how it is got at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from billing.errors import BadInput

if TYPE_CHECKING:
    from billing.ledger.shelves import Shelf
    from flows.settings import Settings

TEXTS = ("bucket", "endpoint", "region", "prefix")
KEY_OF, KEY_ID, KEY = "evidence", "access-key-id", "secret-access-key"
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class EvidencePlace:
    """The settings' table ``evidence``: the bucket, if there is one."""

    bucket: str | None = None
    endpoint: str | None = None
    region: str | None = None
    prefix: str | None = None


def evidence_place(table: Mapping[str, object]) -> EvidencePlace:
    """What the table ``evidence`` says. Raises BadInput naming the key that will not do."""
    for key, value in table.items():
        if key not in TEXTS:
            raise BadInput(f"Settings: [evidence] has {key}; allowed are {', '.join(TEXTS)}")
        if not isinstance(value, str) or not value:
            raise BadInput(f"Settings: [evidence] {key} is a text")
    place = EvidencePlace(**{key: str(value) for key, value in table.items()})
    if place.bucket is None and table:
        raise BadInput("Settings: [evidence] has no bucket; without the table it is the home")
    if place.endpoint is not None:
        address = urlsplit(place.endpoint)
        loopback = address.scheme == "http" and address.hostname in LOOPBACK
        if not (loopback or address.scheme == "https") or not address.hostname:
            raise BadInput(
                "Settings: [evidence] endpoint begins with https://; http:// does only on this "
                "machine itself"
            )
    return place


def shelf_of(settings: Settings) -> Shelf | None:
    """The bucket that the settings name; None where evidence lies in the home. Raises BadInput."""
    place = evidence_place(settings.evidence)
    if place.bucket is None:
        return None
    from billing.ledger.shelves import BucketShelf

    key_id = settings.secret_if_any(KEY_OF, KEY_ID)
    key = settings.secret(KEY_OF, KEY) if key_id else None
    return BucketShelf(place.bucket, place.endpoint, place.region, place.prefix, key_id, key)
