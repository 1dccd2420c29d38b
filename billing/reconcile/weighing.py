"""What was observed of a claim becomes named facts, agreed figures and the sentences to tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from billing.actions import sent_on
from billing.codes.categories import CATEGORIES, Stage, stage_of
from billing.codes.reasons import Denial, explain
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
    Outcome,
    Reason,
)
from billing.money import ZERO, usd
from billing.payer_rules import PayerRules
from billing.reconcile.adjudication import (
    Adjudication,
    Refusal,
    adjudicate_remitted,
    adjudicate_stated,
)
from billing.reconcile.figures import IDENTITY, from_both, from_portal, portal_places, without
from billing.reconcile.sources import (
    Document,
    Unusable,
    disagreements,
    eob_decides,
    eob_holds,
    find_document,
    observations_used,
    portal_observation,
)

OUTCOMES: Mapping[Reason, Outcome] = {
    Reason.SEVERAL_MATCHES: Outcome.SEVERAL_MATCHES,
    Reason.WRONG_PATIENT: Outcome.WRONG_PATIENT,
}
"""The outcome of the reasons that are facts about the claim; of every other one it is no answer."""

BEFORE_DECISION = frozenset(
    {Stage.PENDING, Stage.DOCUMENTS_WANTED, Stage.PATIENT_ASKED, Stage.REJECTED}
)
"""What a payer cannot truly say of a claim number that an EOB decides."""

_UNTOLD = Finding("needs-person", "", ZERO, "", None, "", needs_person=True)


@dataclass(frozen=True, slots=True)
class Told:
    """What a kind of finding says of this claim: one sentence, and the dollars at stake."""

    why: str
    dollars: Decimal


@dataclass(slots=True)
class Weighed:
    """One claim while it is weighed.

    ``facts`` holds what is true, each with the figures it was read from beyond those that its
    name stands for. ``stated`` has outcome and figures, and no finding yet. ``said`` is the
    sentence of every kind that is not in ``told``.
    """

    claim: Claim
    rules: PayerRules
    today: date
    stated: Conclusion
    said: str = ""
    facts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    told: dict[str, Told] = field(default_factory=dict)
    unknown_codes: tuple[str, ...] = ()
    document: Document | None = None

    def note(self, *facts: str, figures: Sequence[str] = ()) -> None:
        """These facts hold, read from ``figures``."""
        self.facts |= dict.fromkeys(facts, tuple(figures))

    def tell(self, kind: str, why: str, at_stake: Decimal | None = None) -> None:
        """What a finding of ``kind`` says; without other dollars the balance is at stake."""
        self.told[kind] = Told(why, self.claim.balance if at_stake is None else at_stake)

    def undecided(self, why: str, reason: Reason = Reason.NEEDS_PERSON) -> None:
        """Nobody knows the outcome yet; figures that are not in question stay."""
        self.said = why
        self.stated = replace(self.stated, outcome=Outcome.NO_ANSWER, no_answer=reason, detail=why)


def weigh(
    claim: Claim, observations: Sequence[Observation], rules: PayerRules, today: date
) -> Weighed:
    """Every fact that portal and EOBs prove of a claim.

    Only a portal's Found leads to figures; sources that differ by a cent lead to a person.
    """
    used = observations_used(observations)
    evidence = tuple(dict.fromkeys(sha256 for one in used for sha256 in one.captures))
    weighed = Weighed(
        claim, rules, today, Conclusion(Outcome.NO_ANSWER, _UNTOLD, evidence=evidence)
    )
    portal = portal_observation(observations)
    if portal is None:
        weighed.note("unasked")
        weighed.undecided("The portal was not asked.")
        return weighed
    match portal.answer:
        case NoAnswer(reason=reason, detail=detail):
            weighed.note(f"no answer: {reason}")
            weighed.undecided(detail, reason)
            if reason in OUTCOMES:
                weighed.stated = replace(weighed.stated, outcome=OUTCOMES[reason], no_answer=None)
        case NotFound():
            weighed.note("absent")
            _not_found(weighed, observations)
        case Found(value=ClaimStatus() as status):
            _found(weighed, status, portal.places, observations)
        case _:
            weighed.note("no claim status")
            weighed.undecided("The portal's observation holds no claim status.")
    return weighed


def _not_found(weighed: Weighed, observations: Sequence[Observation]) -> None:
    if eob_holds(weighed.claim, observations):
        weighed.note("eob against the portal")
        weighed.undecided("The portal has no such claim, and an EOB decides it.")
        return
    weighed.stated = replace(weighed.stated, outcome=Outcome.NOT_FOUND)
    sent, which = sent_on(weighed.claim)
    weighed.said = f"The payer has no such claim; its date of {which} is {sent}."
    weighed.tell(
        "not-on-file-too-early",
        f"The payer has no such claim yet; its date of {which} is {sent}.",
    )


def _found(
    weighed: Weighed,
    status: ClaimStatus,
    places: Mapping[str, Evidence],
    observations: Sequence[Observation],
) -> None:
    weighed.stated = replace(
        weighed.stated,
        outcome=Outcome.PENDING,
        status_category=status.category,
        status_words=status.words,
        payer_claim_number=status.payer_claim_number,
        service_from=status.service_from,
        charge=status.charge,
        places=portal_places(places, IDENTITY),
    )
    said = said_by_payer(status)
    weighed.said = said
    stage = stage_of(status.category)
    weighed.note(f"stage: {stage or 'unknown'}")
    if stage in BEFORE_DECISION and eob_decides(status.payer_claim_number, observations):
        weighed.note("eob against the portal")
        weighed.undecided(f"{said} An EOB decides this very claim.")
        return
    match stage:
        case Stage.PENDING:
            sent, which = sent_on(weighed.claim)
            weighed.said = f"{said} {(weighed.today - sent).days} days since {which}."
        case Stage.REJECTED:
            weighed.stated = replace(weighed.stated, outcome=Outcome.REJECTED)
        case Stage.ADJUDICATED:
            _adjudicated(weighed, status, places, observations)
        case Stage.UNAVAILABLE:
            weighed.undecided(said, Reason.UNAVAILABLE)
        case Stage.UNDECIDED:
            weighed.undecided(said)
        case None:
            why = f'The profile does not translate the status "{status.words}".'
            weighed.undecided(why, Reason.UNKNOWN_PAGE)


def _adjudicated(
    weighed: Weighed,
    status: ClaimStatus,
    places: Mapping[str, Evidence],
    observations: Sequence[Observation],
) -> None:
    document = find_document(weighed.claim, status, observations)
    if isinstance(document, Unusable) and document.decides:
        weighed.note("eob leaves it open")
        weighed.undecided(document.why)
        return
    if not isinstance(document, Document):
        weighed.stated = from_portal(weighed.stated, status, places)
        weighed.note("no eob" if document is None else "eob cannot be used")
        _decided(weighed, adjudicate_stated(status), document)
        return
    weighed.stated = from_both(weighed.stated, status, places, document)
    differing = disagreements(weighed.claim, status, document)
    if differing:
        weighed.note("sources differ", figures=[one.figure for one in differing])
        weighed.stated = without(weighed.stated, differing)
        weighed.undecided(f"{'; '.join(one.clause for one in differing)}.")
        return
    weighed.document = document
    weighed.note("eob agrees")
    _decided(weighed, adjudicate_remitted(document.claim, status.category), document)


def _decided(weighed: Weighed, decided: Adjudication, document: Document | Unusable | None) -> None:
    weighed.unknown_codes = decided.unknown_codes
    spoilt = document.why if isinstance(document, Unusable) else ""
    if decided.outcome is None:
        weighed.facts.pop("eob cannot be used", None)
        unclear = decided.finding == "adjudication-unclear"
        weighed.note("decision unclear" if unclear else "status against money")
        weighed.unknown_codes = ()
        weighed.undecided(f"{spoilt} {decided.why}".strip())
        return
    stated = weighed.stated = replace(weighed.stated, outcome=decided.outcome)
    paid, owed = stated.paid or ZERO, stated.patient_responsibility or ZERO
    if spoilt:
        weighed.tell("eob-unbalanced", spoilt, paid or None)
    reversals = document.reversals if isinstance(document, Document) else ()
    missing = " No EOB document was read." if document is None else ""
    anew = ""
    if reversals or (stated.status_category or "").startswith("F3"):
        weighed.note("taken back")
        anew = " The payer reversed an earlier decision."
    if paid:
        weighed.note("something paid")
    if owed:
        weighed.note("patient owes")
    if stated.outcome is Outcome.DENIED:
        weighed.note("wholly denied")
    else:
        weighed.note("partly refused" if decided.refusals else "wholly allowed")
    _refused(weighed, decided.refusals, f"{anew}{missing}")
    money = f"The payer paid {usd(paid)}"
    money += f" and left {usd(owed)} to the patient." if owed else "."
    weighed.said = money
    weighed.tell("corrected-claim", f"{money}{anew}{missing}", paid)
    weighed.tell("eob-missing", f"{money}{missing}", paid or None)


def _refused(weighed: Weighed, refusals: Sequence[Refusal], rest: str) -> None:
    """The facts about what was refused, class by class, and a sentence for each."""
    if not refusals:
        weighed.note("refused without a reason")
        weighed.tell("denied-other", f"The payer denied it without a reason we know.{rest}")
        return
    codes = [f"reason_codes.{one.code}" for one in refusals]
    for denial in dict.fromkeys(one.denial for one in refusals):
        mine = [one for one in refusals if one.denial is denial]
        weighed.note(f"refused: {denial}", figures=[f"reason_codes.{one.code}" for one in mine])
        for kind in kinds_of(denial):
            weighed.tell(kind, f"{_taken(mine)}{rest}", _dollars(mine))
    first = max(refusals, key=lambda one: one.dollars or ZERO)
    weighed.note(f"mostly refused: {first.denial}", figures=codes)
    whole, at_stake = f"{_taken(refusals)}{rest}", _dollars(refusals)
    weighed.tell("partly-denied", whole, at_stake)
    if weighed.stated.outcome is Outcome.DENIED:
        for kind in kinds_of(first.denial):
            weighed.tell(kind, whole, at_stake)


def kinds_of(denial: Denial) -> tuple[str, ...]:
    """The kinds of finding that a refusal of this class may come to."""
    held = ("denied-authorization-held",) if denial is Denial.NO_AUTHORIZATION else ()
    return (f"denied-{denial}", *held)


def _dollars(refusals: Sequence[Refusal]) -> Decimal | None:
    return sum((one.dollars or ZERO for one in refusals), ZERO) or None


def _taken(refusals: Sequence[Refusal]) -> str:
    """Every denying code once, what it means, and the dollars it took where they are stated."""
    taken: dict[str, Decimal] = {}
    for one in refusals:
        taken[one.code] = taken.get(one.code, ZERO) + (one.dollars or ZERO)
    clauses = [
        f"{code} ({explain(code).split(';')[0]})" + (f" took {usd(amount)}" if amount else "")
        for code, amount in taken.items()
    ]
    return f"{', '.join(clauses)}."


def said_by_payer(status: ClaimStatus) -> str:
    """The payer's words and what they stand for; its note may name a person and stays out."""
    known = CATEGORIES.get(status.category or "")
    gloss = f": {known.gloss}" if known is not None else ""
    return f'The payer says "{status.words}"{gloss}.'
