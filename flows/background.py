"""What reconciliation is told beside the observations: contract prices, and the ledger's memory."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from billing.coverage import CoverageObservation, Visit
from billing.errors import ProfileError
from billing.ledger import Ledger, WorkItem
from billing.model import Claim, ClaimStatus, Found, Observation
from billing.recheck import Stays
from billing.reconcile import Background
from bots.fee_schedule import FEE_SCHEDULE
from bots.file_bytes import read_file
from bots.profile import Profile

AHEAD = timedelta(days=60)
"""A schedule is checked no longer than this before the visits."""


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


def background(
    ledger: Ledger,
    profile: Profile,
    item: WorkItem,
    observations: Sequence[Observation],
    stays: Stays,
) -> Background:
    """What is known beside the ``observations`` of a claim; ``stays`` are of its payer."""
    numbers = {
        one.answer.value.payer_claim_number
        for one in observations
        if isinstance(one.answer, Found) and isinstance(one.answer.value, ClaimStatus)
    }
    return Background(
        fees=profile.fees,
        chances=profile.chances,
        earlier=ledger.earlier_answer(item.item_id),
        stays=stays,
        covers=_covers(ledger, item.claim),
        payments=tuple(
            one for number in numbers - {""} for one in ledger.paid_before(profile.id, number)
        ),
    )


def _covers(ledger: Ledger, claim: Claim) -> tuple[tuple[CoverageObservation, date], ...]:
    """The payer's eligibility answers about the patient that a claim of that day can rest on."""
    if claim.date_of_birth is None or claim.payer is None:
        return ()
    patient = Visit(
        day=claim.service_from,
        payer=claim.payer,
        payer_name=claim.payer_name,
        member_id=claim.member_id,
        patient_last=claim.patient_last,
        patient_first=claim.patient_first,
        date_of_birth=claim.date_of_birth,
        source=claim.source,
    )
    since = datetime.combine(claim.service_from - AHEAD, time(), UTC)
    return tuple((kept.observation, kept.asked_for) for kept in ledger.kept_answers(patient, since))
