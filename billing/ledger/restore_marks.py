"""That a ledger was put back from a backup, as its audit trail tells."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from billing.errors import BadInput
from billing.ledger.people_tables import audit

RESTORED, REVIEWED = "ledger restored", "restored ledger reviewed"
SUBJECT = "ledger"


@dataclass(frozen=True, slots=True)
class Restored:
    """When the ledger was put back, and the instant of the backup (ISO 8601) that it was put back
    from: what was done after that is not in it."""

    at: datetime
    made_at: str

    @property
    def sentence(self) -> str:
        """What must be done before anything goes out of this ledger."""
        return (
            f"This ledger was restored from a backup of {self.made_at[:16]} and does not know what "
            "went out after it: take those files in with 'claimsweep restored --exported FILE', "
            "then say 'claimsweep restored --confirm'."
        )


def awaits_review(connection: Connection) -> Restored | None:
    """The restore that no person has reviewed yet; None when there is none."""
    query = select(audit.c.act, audit.c.at, audit.c.detail).where(
        audit.c.subject == SUBJECT, audit.c.act.in_((RESTORED, REVIEWED))
    )
    last = connection.execute(query.order_by(audit.c.seq.desc()).limit(1)).first()
    if last is None or last.act == REVIEWED:
        return None
    return Restored(last.at, str(json.loads(last.detail)["made_at"]))


def require_reviewed(connection: Connection) -> None:
    """Raise BadInput with what to do while a restored ledger awaits its review."""
    waiting = awaits_review(connection)
    if waiting is not None:
        raise BadInput(waiting.sentence)
