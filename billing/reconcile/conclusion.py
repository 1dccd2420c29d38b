"""One conclusion from everything observed of a claim: outcome, agreed figures, one finding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from billing.actions import (
    NEAR_DAYS,
    SETTLING_DAYS,
    escalates_on,
    filing_limit,
    next_step,
    sent_on,
)
from billing.codes.categories import CATEGORIES, Stage, stage_of
from billing.codes.reasons import explain
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
    PayerRules,
    Reason,
)
from billing.money import ZERO, usd
from billing.reconcile.adjudication import (
    Adjudication,
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

UNANSWERED: Mapping[Reason, tuple[str, Outcome]] = {
    Reason.SEVERAL_MATCHES: ("several-matches", Outcome.SEVERAL_MATCHES),
    Reason.WRONG_PATIENT: ("wrong-patient", Outcome.WRONG_PATIENT),
    Reason.UNAVAILABLE: ("payer-unavailable", Outcome.NO_ANSWER),
    Reason.UNREACHABLE: ("unreachable", Outcome.NO_ANSWER),
    Reason.LOGIN_REFUSED: ("login-refused", Outcome.NO_ANSWER),
    Reason.UNKNOWN_PAGE: ("unknown-page", Outcome.NO_ANSWER),
    Reason.CANARY_FAILED: ("canary-failed", Outcome.NO_ANSWER),
    Reason.NEEDS_PERSON: ("needs-person", Outcome.NO_ANSWER),
    Reason.POLICY: ("policy", Outcome.NO_ANSWER),
    Reason.NO_PROFILE: ("no-profile", Outcome.NO_ANSWER),
}
"""The finding and outcome of every reason for having no answer; no two are merged."""

BEFORE_DECISION = frozenset(
    {Stage.PENDING, Stage.DOCUMENTS_WANTED, Stage.PATIENT_ASKED, Stage.REJECTED}
)
"""What a payer cannot truly say of a claim number that an EOB decides."""


def conclude(
    claim: Claim, observations: Sequence[Observation], rules: PayerRules, *, today: date
) -> Conclusion:
    """What is true of a claim, as far as the portal and its EOBs prove it.

    Only a portal's Found leads to figures; sources that differ by a cent lead to a person.
    """
    weighed = _Weighing(claim, observations, rules, today)
    portal = portal_observation(observations)
    if portal is None:
        return weighed.unanswered(NoAnswer(Reason.NEEDS_PERSON, "The portal was not asked."))
    match portal.answer:
        case NoAnswer() as nothing:
            return weighed.unanswered(nothing)
        case NotFound():
            return weighed.not_found()
        case Found(value=ClaimStatus() as status):
            return weighed.found(status, portal.places)
        case _:
            return weighed.unanswered(
                NoAnswer(Reason.NEEDS_PERSON, "The portal's observation holds no claim status.")
            )


@dataclass(frozen=True, slots=True)
class _Weighing:
    """One claim with its observations, while they are being weighed."""

    claim: Claim
    observations: Sequence[Observation]
    rules: PayerRules
    today: date

    @property
    def evidence(self) -> tuple[str, ...]:
        """The hashes of all bytes that were weighed, the portal's first."""
        used = observations_used(self.observations)
        return tuple(dict.fromkeys(sha256 for one in used for sha256 in one.captures))

    def unanswered(self, answer: NoAnswer) -> Conclusion:
        kind, outcome = UNANSWERED[answer.reason]
        return Conclusion(
            outcome,
            self.finding(kind, answer.detail),
            evidence=self.evidence,
            no_answer=answer.reason if outcome is Outcome.NO_ANSWER else None,
            detail=answer.detail,
        )

    def not_found(self) -> Conclusion:
        if eob_holds(self.claim, self.observations):
            return self.undecided(
                "portal-eob-conflict", "The portal has no such claim, and an EOB decides it."
            )
        kind, why = self._missing()
        return Conclusion(Outcome.NOT_FOUND, self.finding(kind, why), evidence=self.evidence)

    def found(self, status: ClaimStatus, places: Mapping[str, Evidence]) -> Conclusion:
        stated = Conclusion(
            Outcome.PENDING,
            self.finding("pending-wait", ""),
            status_category=status.category,
            status_words=status.words,
            payer_claim_number=status.payer_claim_number,
            service_from=status.service_from,
            charge=status.charge,
            evidence=self.evidence,
            places=portal_places(places, IDENTITY),
        )
        stage = stage_of(status.category)
        if stage in BEFORE_DECISION and eob_decides(status.payer_claim_number, self.observations):
            why = f"{_said(status)} An EOB decides this very claim."
            return self.undecided("portal-eob-conflict", why, stated)
        match stage:
            case Stage.PENDING:
                return replace(stated, finding=self._waiting(status))
            case Stage.DOCUMENTS_WANTED:
                return replace(stated, finding=self.finding("info-requested", _said(status)))
            case Stage.PATIENT_ASKED:
                finding = self.finding("patient-info-requested", _said(status))
                return replace(stated, finding=finding)
            case Stage.REJECTED:
                finding = self.finding("rejected", _said(status))
                return replace(stated, outcome=Outcome.REJECTED, finding=finding)
            case Stage.ADJUDICATED:
                return self._adjudicated(status, places, stated)
            case Stage.UNAVAILABLE:
                return self.undecided(
                    "payer-unavailable", _said(status), stated, reason=Reason.UNAVAILABLE
                )
            case Stage.UNDECIDED:
                return self.undecided("needs-person", _said(status), stated)
            case None:
                why = f'The profile does not translate the status "{status.words}".'
                return self.undecided(
                    "unknown-status-phrase", why, stated, reason=Reason.UNKNOWN_PAGE
                )

    def undecided(
        self,
        kind: str,
        why: str,
        stated: Conclusion | None = None,
        *,
        reason: Reason = Reason.NEEDS_PERSON,
    ) -> Conclusion:
        """No outcome, with whatever figures are not in question."""
        notice = stated.payment_date if stated is not None else None
        finding = self.finding(kind, why, notice=notice)
        none = Conclusion(Outcome.NO_ANSWER, finding, evidence=self.evidence)
        return replace(
            stated or none,
            outcome=Outcome.NO_ANSWER,
            finding=finding,
            no_answer=reason,
            detail=why,
        )

    def finding(
        self,
        kind: str,
        why: str,
        *,
        at_stake: Decimal | None = None,
        notice: date | None = None,
        unknown_codes: Sequence[str] = (),
    ) -> Finding:
        """A finding with its next step; a code we do not know makes it a person's."""
        step = next_step(kind, self.claim, self.rules, today=self.today, notice=notice)
        if unknown_codes:
            why = f"{why} Not in our list of codes: {', '.join(unknown_codes)}.".strip()
        return Finding(
            kind=kind,
            why=why,
            dollars=self.claim.balance if at_stake is None else at_stake,
            next_action=step.next_action,
            due=step.due,
            due_basis=step.due_basis,
            needs_person=step.needs_person or bool(unknown_codes),
        )

    def _missing(self) -> tuple[str, str]:
        limit = filing_limit(self.claim, self.rules)
        if limit is not None and limit < self.today:
            return (
                "not-on-file-filing-limit-passed",
                f"The payer has no such claim, and its filing limit was {limit}.",
            )
        if limit is not None and (limit - self.today).days <= NEAR_DAYS:
            return (
                "not-on-file-filing-limit-near",
                f"The payer has no such claim, and its filing limit is {limit}.",
            )
        sent, which = sent_on(self.claim)
        if (self.today - sent).days < SETTLING_DAYS:
            return (
                "not-on-file-too-early",
                f"The payer has no such claim yet; its date of {which} is {sent}.",
            )
        return "not-on-file", f"The payer has no such claim; its date of {which} is {sent}."

    def _waiting(self, status: ClaimStatus) -> Finding:
        overdue = self.today > escalates_on(self.claim, self.rules)
        sent, which = sent_on(self.claim)
        why = f"{_said(status)} {(self.today - sent).days} days since {which}."
        return self.finding("pending-overdue" if overdue else "pending-wait", why)

    def _adjudicated(
        self, status: ClaimStatus, places: Mapping[str, Evidence], stated: Conclusion
    ) -> Conclusion:
        document = find_document(self.claim, status, self.observations)
        if isinstance(document, Unusable) and document.decides:
            return self.undecided("eob-unbalanced", document.why, stated)
        if not isinstance(document, Document):
            stated = from_portal(stated, status, places)
            return self._decided(stated, adjudicate_stated(status), document)
        stated = from_both(stated, status, places, document)
        differing = disagreements(self.claim, status, document)
        if differing:
            return self.undecided(
                "portal-eob-conflict",
                f"{'; '.join(one.clause for one in differing)}.",
                without(stated, differing),
            )
        decided = adjudicate_remitted(document.claim, status.category)
        return self._decided(stated, decided, document)

    def _decided(
        self,
        stated: Conclusion,
        decided: Adjudication,
        document: Document | Unusable | None,
    ) -> Conclusion:
        if decided.outcome is None:
            why = f"{document.why} {decided.why}" if isinstance(document, Unusable) else decided.why
            return self.undecided(decided.finding, why, stated)
        finding = self._finding_of(replace(stated, outcome=decided.outcome), decided, document)
        return replace(stated, outcome=decided.outcome, finding=finding)

    def _finding_of(
        self, stated: Conclusion, decided: Adjudication, document: Document | Unusable | None
    ) -> Finding:
        """The most urgent thing that is true of a decided claim."""
        kind, why, at_stake = self._most_urgent(stated, decided, document)
        return self.finding(
            kind,
            why,
            at_stake=at_stake,
            notice=stated.payment_date,
            unknown_codes=decided.unknown_codes,
        )

    def _most_urgent(
        self, stated: Conclusion, decided: Adjudication, document: Document | Unusable | None
    ) -> tuple[str, str, Decimal | None]:
        paid, owed = stated.paid or ZERO, stated.patient_responsibility or ZERO
        if isinstance(document, Unusable):
            return "eob-unbalanced", document.why, paid or None
        missing = " No EOB document was read." if document is None else ""
        corrected = (stated.status_category or "").startswith("F3") or (
            document is not None and bool(document.reversals)
        )
        anew = " The payer reversed an earlier decision." if corrected else ""
        if decided.refusals:
            first = max(decided.refusals, key=lambda one: one.dollars or ZERO)
            whole = stated.outcome is Outcome.DENIED
            return (
                f"denied-{first.denial}" if whole else "partly-denied",
                f"{_refused(decided)}{anew}{missing}",
                sum((one.dollars or ZERO for one in decided.refusals), ZERO) or None,
            )
        if stated.outcome is Outcome.DENIED:
            return "denied-other", f"The payer denied it without a reason we know.{missing}", None
        money = f"The payer paid {usd(paid)}"
        money += f" and left {usd(owed)} to the patient." if owed else "."
        if corrected:
            return "corrected-claim", f"{money}{anew}{missing}", paid
        if document is None:
            return "eob-missing", f"{money}{missing}", paid or None
        return self._paid(paid, owed, money)

    def _paid(self, paid: Decimal, owed: Decimal, money: str) -> tuple[str, str, Decimal]:
        balance = self.claim.balance
        if not paid and owed:
            return "patient-responsibility", money, owed
        if not paid:
            return "contractual-only", "Adjustments by contract took the whole charge.", balance
        if balance <= 0:
            return "already-posted", f"{money} Nothing is open on the claim.", ZERO
        if paid > balance:
            return (
                "overpaid",
                f"{money} Only {usd(balance)} is open on the claim.",
                paid - balance,
            )
        return "paid-not-posted", f"{money} {usd(balance)} is open on the claim.", paid


def _refused(decided: Adjudication) -> str:
    """Every denying code once, what it means, and the dollars it took where they are stated."""
    taken: dict[str, Decimal] = {}
    for one in decided.refusals:
        taken[one.code] = taken.get(one.code, ZERO) + (one.dollars or ZERO)
    clauses = [
        f"{code} ({explain(code).split(';')[0]})" + (f" took {usd(amount)}" if amount else "")
        for code, amount in taken.items()
    ]
    return f"{', '.join(clauses)}."


def _said(status: ClaimStatus) -> str:
    """The payer's words and what they stand for; its note may name a person and stays out."""
    known = CATEGORIES.get(status.category or "")
    gloss = f": {known.gloss}" if known is not None else ""
    return f'The payer says "{status.words}"{gloss}.'
