"""Whether what a payer shows is the same claim: three identifiers agree, or it is quarantined."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from billing.model import Answer, Claim, ClaimStatus, Found, NoAnswer, NotFound, Reason

ENOUGH = 3
"""How many identifiers must agree before a figure is believed to be about our claim."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """The compared identifiers by what came of it; ``unknown`` proves nothing either way."""

    agree: tuple[str, ...]
    differ: tuple[str, ...]
    unknown: tuple[str, ...]


class Verdict(StrEnum):
    """What an opened claim is to ours."""

    SAME = "same"
    OTHER_PATIENT = "other_patient"
    OTHER_CLAIM = "other_claim"
    UNSURE = "unsure"


def agreement(claim: Claim, status: ClaimStatus, fields: Sequence[str]) -> Agreement:
    """Compare ``fields`` of a claim with what the payer shows.

    Raises ValueError on a field that is no identifier.
    """
    strange = [name for name in fields if name not in _COMPARE]
    if strange:
        raise ValueError(f"no identifiers: {', '.join(strange)}; allowed: {', '.join(_COMPARE)}")
    found = {name: _COMPARE[name](claim, status) for name in fields}
    return Agreement(
        agree=tuple(name for name, same in found.items() if same is True),
        differ=tuple(name for name, same in found.items() if same is False),
        unknown=tuple(name for name, same in found.items() if same is None),
    )


def judge(claim: Claim, status: ClaimStatus, fields: Sequence[str]) -> Verdict:
    """Whether an opened claim is ours; a single difference is enough to say no.

    A difference of service date or charge makes it another claim, whoever's it is. A difference
    of person alone is a claim like ours under somebody else's name. The same charge with the
    other sign may be ours, taken back.
    """
    compared = agreement(claim, status, fields)
    if any(name in CLAIM_IDENTIFIERS for name in compared.differ):
        return Verdict.OTHER_CLAIM
    if compared.differ:
        return Verdict.OTHER_PATIENT
    if _is_taken_back(claim, status):
        return Verdict.UNSURE
    return Verdict.SAME if len(compared.agree) >= ENOUGH else Verdict.UNSURE


def could_be_same(claim: Claim, row: ClaimStatus) -> bool:
    """Whether a row of a result list is worth opening: no known service date or charge differs.

    The person is left to the opened claim: a row under another name that fits otherwise must be
    seen, or another patient's claim would pass for "not on file".
    """
    return not agreement(claim, row, CLAIM_IDENTIFIERS).differ


def choose(
    claim: Claim,
    statuses: Sequence[ClaimStatus],
    fields: Sequence[str],
    superseded: Container[str],
    *,
    member_asked: bool,
) -> Answer[ClaimStatus]:
    """Our claim among all opened ones, or why there is none.

    A status whose words are in ``superseded`` is the older version of a corrected claim and
    gives way to the current one. ``member_asked`` says that the portal was asked for our member
    alone: another claim like ours that it shows then, under another number or under none, may be
    ours too, so that nothing is concluded. Found holds the very object that was passed.
    """
    judged = [(judge(claim, status, fields), status) for status in statuses]
    same = [status for verdict, status in judged if verdict is Verdict.SAME]
    verdicts = {verdict for verdict, _ in judged}
    current = [status for status in same if status.words not in superseded]
    if len(current) == 1 and member_asked:
        others = [one for one in statuses if one.words not in superseded]
        if doubt := _doubt(claim, others, fields):
            return doubt
    if len(current) == 1:
        return Found(current[0])
    if current:
        return NoAnswer(
            Reason.SEVERAL_MATCHES,
            f"{len(current)} claims of the payer agree with ours in every identifier.",
        )
    if same:
        return NoAnswer(
            Reason.NEEDS_PERSON,
            "The payer shows only a superseded version of the claim, and no current one.",
        )
    if Verdict.OTHER_PATIENT in verdicts:
        return NoAnswer(
            Reason.WRONG_PATIENT,
            "The only claim with this service date and charge is another patient's.",
        )
    if Verdict.UNSURE in verdicts:
        return NoAnswer(
            Reason.NEEDS_PERSON,
            f"The claim may be another one: fewer than {ENOUGH} identifiers could be compared, or "
            "its charge has the other sign.",
        )
    return NotFound(tuple(fields))


def _doubt(claim: Claim, statuses: Sequence[ClaimStatus], fields: Sequence[str]) -> NoAnswer | None:
    """Why ours cannot be told from another claim that the payer shows as our member's."""
    judged = [(judge(claim, status, fields), status) for status in statuses]
    if any(
        verdict is Verdict.OTHER_PATIENT and "member_id" in agreement(claim, status, fields).differ
        for verdict, status in judged
    ):
        return NoAnswer(
            Reason.WRONG_PATIENT,
            "Asked for our member, the payer shows a claim like ours under another number too.",
        )
    if any(v is Verdict.UNSURE and not _is_taken_back(claim, status) for v, status in judged):
        return NoAnswer(
            Reason.NEEDS_PERSON,
            "The payer shows a second claim like ours, and too little of it to tell whose.",
        )
    return None


def contradiction(row: ClaimStatus | None, opened: ClaimStatus) -> str | None:
    """On what a portal's list and the claim it opens disagree, in a sentence; None when they agree.

    A list that rounds to whole dollars agrees with the cents behind it, and "finalized" with
    either of paid and denied.
    """
    if row is None:
        return None
    differ = [
        name
        for name in ("charge", "paid", "patient_responsibility")
        if not _same_amount(getattr(row, name), getattr(opened, name))
    ]
    if row.service_from and opened.service_from and row.service_from != opened.service_from:
        differ.append("service date")
    if _exclude_each_other(row.category, opened.category):
        differ.append("status")
    if not differ:
        return None
    return f"The portal's list and the claim it opens disagree on {' and '.join(differ)}."


def same_id(ours: str | None, theirs: str | None) -> bool | None:
    """Whether two numbers are one, whatever their case, spaces and hyphens; None if unknown.

    Spreadsheets drop leading zeros, payers do not: two numbers that differ in nothing else
    neither agree nor differ, so that other identifiers must carry the proof.
    """
    left, right = _bare(ours), _bare(theirs)
    if not left or not right:
        return None
    if left == right:
        return True
    return None if left.lstrip("0") == right.lstrip("0") else False


def _is_taken_back(claim: Claim, status: ClaimStatus) -> bool:
    return bool(claim.billed) and status.charge == -claim.billed


def _same_amount(listed: Decimal | None, opened: Decimal | None) -> bool:
    if listed is None or opened is None or listed == opened:
        return True
    return listed == listed.to_integral_value() and abs(listed - opened) < 1


def _exclude_each_other(listed: str | None, opened: str | None) -> bool:
    """Finalized or not yet; paid or denied (277 claim status categories)."""
    if listed is None or opened is None:
        return False
    finalized = (listed.startswith("F"), opened.startswith("F"))
    return finalized[0] is not finalized[1] or {listed, opened} == {"F1", "F2"}


def _bare(number: str | None) -> str:
    return "".join((number or "").split()).replace("-", "").casefold()


def _equal(ours: object, theirs: object) -> bool | None:
    return None if ours is None or theirs is None else ours == theirs


_COMPARE: Mapping[str, Callable[[Claim, ClaimStatus], bool | None]] = {
    "member_id": lambda claim, status: same_id(claim.member_id, status.member_id),
    "date_of_birth": lambda claim, status: _equal(claim.date_of_birth, status.date_of_birth),
    "service_from": lambda claim, status: _equal(claim.service_from, status.service_from),
    "billed": lambda claim, status: (
        None if _is_taken_back(claim, status) else _equal(claim.billed, status.charge)
    ),
}

CLAIM_IDENTIFIERS = ("service_from", "billed")
"""The identifiers that are the claim's own; the others are the person's."""
