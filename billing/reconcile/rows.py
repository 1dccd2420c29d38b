"""Which row of an export a remitted claim belongs to: three identifiers agree, none differs."""

from __future__ import annotations

from collections.abc import Iterable

from billing.identity import ENOUGH, agreement, same_id
from billing.model import Claim, ClaimStatus, RemittedClaim
from billing.money import usd
from billing.received_payments import bare
from billing.reconcile.order import Entry
from billing.reconcile.postings import AFTER_OTHERS


def find_row(remitted: RemittedClaim, payer: str, rows: Iterable[Claim]) -> Claim | str:
    """The row that ``remitted`` is about, or why there is none, in a sentence.

    Compared are patient control number, member id, first service date and charge. A payer that
    paid after another one may know the member by another number and is not the row's payer.
    """
    late = remitted.status in AFTER_OTHERS
    days = [line.service_date for line in remitted.lines if line.service_date is not None]
    said = ClaimStatus(
        words="",
        category=None,
        payer_claim_number=remitted.payer_claim_number,
        member_id=remitted.member_id,
        date_of_birth=None,
        service_from=min(days, default=None),
        service_to=None,
        charge=abs(remitted.charge),
    )
    fields = ("service_from", "billed") if late else ("member_id", "service_from", "billed")
    fitting: list[Claim] = []
    why = "No row of the exports has its patient control number."
    for row in rows:
        number = same_id(row.claim_id, remitted.claim_id)
        if number is False:
            continue
        compared = agreement(row, said, fields)
        if compared.differ:
            names = " and ".join(name.replace("_", " ") for name in compared.differ)
            why = f"The row with its patient control number has another {names}."
        elif len(compared.agree) + (number is True) < ENOUGH:
            why = f"Fewer than {ENOUGH} identifiers could be compared with the row of its number."
        elif not late and row.payer is not None and row.payer != payer:
            why = "The row with its patient control number is of another payer."
        else:
            fitting.append(row)
    if len(fitting) > 1:
        return f"{len(fitting)} rows of the exports agree with it in every identifier."
    return fitting[0] if fitting else why


def not_open(entry: Entry, row: Claim) -> str:
    """Why a decision cannot be posted onto what is open on the row; empty when it can.

    One that comes with a reversal is not held to it: what it takes back is posted now.
    """
    if entry.follows or entry.postings[0].amount < 0 or 0 < row.balance >= entry.paid:
        return ""
    return (
        f"It pays {usd(entry.paid)} and {usd(row.balance)} is open on the row: somebody has posted "
        "it already, or something else."
    )


def rows_by_number(claims: Iterable[Claim]) -> dict[str, list[Claim]]:
    """The rows by :func:`row_number` of their patient control number."""
    found: dict[str, list[Claim]] = {}
    for one in claims:
        found.setdefault(row_number(one.claim_id), []).append(one)
    return found


def row_number(claim_id: str) -> str:
    """A patient control number without the zeros that a spreadsheet drops."""
    return bare(claim_id).lstrip("0")
