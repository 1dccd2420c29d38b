"""What the ledger knows of a case or result, in the interface's words and without its patient."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Literal

from billing.cases import Case, CaseDeed
from billing.identity import same_id
from billing.model import (
    Claim,
    ClaimStatus,
    Conclusion,
    Evidence,
    Finding,
    Found,
    NoAnswer,
    NotFound,
    Observation,
    Remittance,
    RemittedClaim,
)
from billing.money import dollars
from billing.received_payments import bare
from billing.report import ClaimResult
from console.web import interface_case_words as words
from console.web.interface_values import Place
from console.words import kind_words

FIGURES = (
    "status_category",
    "status_words",
    "payer_claim_number",
    "service_from",
    "charge",
    "paid",
    "patient_responsibility",
    "payment_date",
    "trace_number",
    "reason_codes",
)
"""Of a conclusion, in the order they are told."""
_OF_STATUS = ("category", "words", *FIGURES[2:5], "allowed", *FIGURES[5:])
_OF_REMITTED = ("payer_claim_number", "status", "charge", "paid", "patient_responsibility")
_OF_PAYMENT = ("trace_number", "amount", "payment_date")
_TOLD_OF_DEEDS = {"state", "assignee", "snoozed_until", "kind", "dollars", "due"} | {*FIGURES}
"""What of a deed's change names no patient."""


_ANSWERS: Mapping[type, Literal["found", "not_found", "no_answer"]] = {
    Found: "found",
    NotFound: "not_found",
    NoAnswer: "no_answer",
}


def case_line(case: Case, users: Mapping[str, str], payers: Mapping[str, str]) -> words.CaseLine:
    """A line of the queue. ``users`` are names by user id, ``payers`` by profile."""
    return words.CaseLine(
        case_id=case.case_id,
        item_id=case.item_id,
        payer=case.payer,
        payer_name=payers.get(case.payer, case.result.claim.payer_name),
        claim_number=case.result.claim.claim_id,
        state=case.state,
        kind=case.kind,
        desk=case.desk,
        assignee=None if case.assignee is None else users.get(case.assignee, ""),
        at_stake=case.dollars,
        due=case.due,
        service_from=case.service_from,
        opened_on=case.opened_on,
        snoozed_until=case.snoozed_until,
        outcome=case.result.conclusion.outcome,
        next_action=case.result.conclusion.finding.next_action,
    )


def patient(claim: Claim) -> words.Patient:
    """Who it is about; for those alone who may know."""
    return words.Patient(
        last=claim.patient_last,
        first=claim.patient_first,
        member_id=claim.member_id,
        date_of_birth=claim.date_of_birth,
    )


def result(of: ClaimResult) -> words.Result:
    """What a sweep or check learned."""
    said = of.conclusion
    return words.Result(
        item_id=of.item_id,
        outcome=said.outcome,
        finding=_found(said.finding),
        also=[_found(one) for one in said.others],
        figures=list(_figures(said, FIGURES, said.places)),
        evidence=list(said.evidence),
        checked_at=of.checked_at,
        not_asked=said.not_asked,
    )


def channels(
    claim: Claim, said: Conclusion, observed: Sequence[Observation]
) -> list[words.ChannelSays]:
    """What each channel said; of a remittance this claim alone."""
    return [_channel(claim, said, one) for one in observed]


def deed(of: CaseDeed, users: Mapping[str, str], *, with_note: bool) -> words.Deed:
    """One act on a case."""
    return words.Deed(
        decision_id=of.together,
        act=of.act,
        by=of.by,
        at=of.at,
        before=_change(of.before, users),
        after=_change(of.after, users),
        note=of.note if with_note else None,
        undoes=of.undoes,
    )


def _change(values: Mapping[str, str | None], users: Mapping[str, str]) -> dict[str, str | None]:
    named = {name: value for name, value in values.items() if name in _TOLD_OF_DEEDS}
    if named.get("assignee") is not None:
        named["assignee"] = users.get(str(named["assignee"]), "")
    return named


def _found(finding: Finding) -> words.Found:
    return words.Found(
        kind=finding.kind,
        title=kind_words(finding.kind),
        why=finding.why,
        at_stake=finding.dollars,
        next_action=finding.next_action,
        due=finding.due,
        due_basis=finding.due_basis,
        rule=finding.rule,
        needs_person=finding.needs_person,
    )


def _channel(claim: Claim, said: Conclusion, one: Observation) -> words.ChannelSays:
    figures: list[words.Figure] = []
    match one.answer:
        case Found(value=ClaimStatus() as status):
            figures = list(_figures(status, _OF_STATUS, one.places))
        case Found(value=Remittance() as remittance):
            figures = list(_of_remittance(claim, said, remittance))
    return words.ChannelSays(
        channel=one.channel,
        observed_at=one.observed_at,
        answer=_ANSWERS[type(one.answer)],
        reason=one.answer.reason if isinstance(one.answer, NoAnswer) else None,
        figures=figures,
        captures=list(one.captures),
    )


def _of_remittance(
    claim: Claim, said: Conclusion, remittance: Remittance
) -> Iterator[words.Figure]:
    yield from _figures(remittance, _OF_PAYMENT, remittance.places)
    for index, remitted in enumerate(remittance.claims):
        if _is_ours(claim, said, remitted):
            head = f"claims[{index}]."
            here = {
                path.removeprefix(head): place
                for path, place in remittance.places.items()
                if path.startswith(head)
            }
            yield from _figures(remitted, _OF_REMITTED, here)


def _is_ours(claim: Claim, said: Conclusion, remitted: RemittedClaim) -> bool:
    theirs = said.payer_claim_number
    same_number = theirs is not None and bare(theirs) == bare(remitted.payer_claim_number)
    return same_number or same_id(claim.claim_id, remitted.claim_id) is True


def _figures(
    of: object, names: Sequence[str], places: Mapping[str, Evidence]
) -> Iterator[words.Figure]:
    for name in names:
        value = getattr(of, name)
        if value is not None and value != ():
            place = places.get(name)
            yield words.Figure(
                name=name,
                value=_spelled(value),
                place=None if place is None else _place(place),
            )


def _spelled(value: object) -> str:
    if isinstance(value, Decimal):
        return str(dollars(value))
    if isinstance(value, date):
        return value.isoformat()
    return " ".join(value) if isinstance(value, tuple) else str(value)


def _place(of: Evidence) -> Place:
    box = None if of.box is None else list(of.box)
    return Place(sha256=of.sha256, where=of.where, page=of.page, box=box, image=of.image)
