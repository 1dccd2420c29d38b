"""Which kinds of claims a biller's export holds, and how many of each."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What became of one billed claim at the payer."""

    PAID_FULL = "paid_full"
    PAID_SHARE = "paid_share"
    PAID_DEDUCTIBLE = "paid_deductible"  # all allowed went to the deductible, nothing was paid
    DENIED_SAID = "denied_said"
    DENIED_SILENT = "denied_silent"  # the portal says "Processed" and 0.00
    PARTLY = "partly"
    PENDING = "pending"
    REJECTED = "rejected"
    UNKNOWN = "unknown"  # not on file
    UNKNOWN_OTHER_DATES = "unknown_other_dates"  # and the patient has claims on other days
    UNKNOWN_OTHER_CHARGE = "unknown_other_charge"  # and one on that day with another charge
    SEVERAL = "several"
    WRONG_PATIENT = "wrong_patient"
    CORRECTED = "corrected"  # reversed, and paid anew under another number
    DOWN = "down"  # the payer's system never answers this search
    DOWN_ONCE = "down_once"  # or not the first time


SHARES: dict[Kind, int] = {  # per cent
    Kind.PAID_FULL: 30,
    Kind.PAID_SHARE: 13,
    Kind.PAID_DEDUCTIBLE: 3,
    Kind.DENIED_SAID: 7,
    Kind.DENIED_SILENT: 7,
    Kind.PARTLY: 7,
    Kind.PENDING: 12,
    Kind.REJECTED: 4,
    Kind.UNKNOWN: 3,
    Kind.UNKNOWN_OTHER_DATES: 3,
    Kind.UNKNOWN_OTHER_CHARGE: 2,
    Kind.SEVERAL: 2,
    Kind.WRONG_PATIENT: 2,
    Kind.CORRECTED: 3,
    Kind.DOWN: 1,
    Kind.DOWN_ONCE: 1,
}
ENOUGH_FOR_ALL = len(SHARES)


def mix(claims: int) -> list[Kind]:
    """``claims`` kinds by their shares, the largest remainders first; from 16 on each kind occurs.

    What the rare kinds take beyond their share is missing from the most frequent.
    """
    counts = {kind: share * claims // 100 for kind, share in SHARES.items()}
    by_remainder = sorted(SHARES, key=lambda kind: SHARES[kind] * claims % 100, reverse=True)
    for kind in by_remainder[: claims - sum(counts.values())]:
        counts[kind] += 1
    if claims >= ENOUGH_FOR_ALL:
        for kind, count in counts.items():
            if not count:
                counts[kind] = 1
                counts[max(counts, key=counts.__getitem__)] -= 1
    return [kind for kind, count in counts.items() for _ in range(count)]
