"""What reconciliation is told beside the observations: contract prices, and the ledger's memory."""

from __future__ import annotations

import hashlib

from billing.errors import ProfileError
from billing.ledger import Ledger
from billing.recheck import Stays
from billing.reconcile import Background
from bots.fee_schedule import FEE_SCHEDULE
from bots.profile import Profile
from flows.intake import read_file


def keep_fees(ledger: Ledger, profile: Profile) -> None:
    """Store the payer's fee schedule, so that what is found by it leads back to its bytes.

    Raises ProfileError where the file is no longer the one that the profile was read with.
    """
    if profile.fees is None:
        return
    path = profile.folder / FEE_SCHEDULE
    data = read_file(path)
    if hashlib.sha256(data).hexdigest() != profile.fees.sha256:
        raise ProfileError(f"{path}: was changed while it was in use; run the same command again")
    ledger.store(data, "text/csv")


def background(ledger: Ledger, profile: Profile, item_id: int, stays: Stays) -> Background:
    """What is known beside what is observed of a claim; ``stays`` are of its payer."""
    return Background(
        fees=profile.fees,
        chances=profile.chances,
        earlier=ledger.earlier_answer(item_id),
        stays=stays,
    )
