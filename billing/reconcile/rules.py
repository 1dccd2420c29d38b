"""Which finding follows from which facts: an ordered table, the first rule that fits counts."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from billing.codes.reasons import Denial
from billing.model import Reason

NOT = "not "
"""What begins a condition that holds where the fact after it does not."""


@dataclass(frozen=True, slots=True)
class FindingRule:
    """Where all of ``when`` holds, ``finding`` is true of the claim; who says so, since when.

    ``about`` is what the finding concerns. The first rule of the table that fits gives a claim's
    finding; of every other concern the first one that fits gives a further finding.
    """

    id: str
    about: str
    when: tuple[str, ...]
    finding: str
    source: str
    since: date

    def fits(self, facts: Container[str]) -> bool:
        """Whether these facts, and no others, make the rule fire."""
        return all(
            one.removeprefix(NOT) not in facts if one.startswith(NOT) else one in facts
            for one in self.when
        )


_TRADE = "field practice"
_SCENARIOS = "scribd.com 868378661, AR scenarios"
_FOLLOW_UP = "scribd.com 753500349, AR follow-up"
_CALLER = "vbcareer.com, AR caller scenarios"
_X12_277 = "X12 ECL 507, claim status categories"
_X12_835 = "835 TR3 005010X221, balancing"
_CONTRACT = "the payer's fee_schedule.csv; units x price, no more than the charge"
_OURS = "our own rule: never a silent guess"
_NOV_25, _NOV_26 = date(2026, 11, 25), date(2026, 11, 26)

_NO_ANSWER: Mapping[Reason, str] = {
    Reason.SEVERAL_MATCHES: "several-matches",
    Reason.WRONG_PATIENT: "wrong-patient",
    Reason.UNAVAILABLE: "payer-unavailable",
    Reason.UNREACHABLE: "unreachable",
    Reason.LOGIN_REFUSED: "login-refused",
    Reason.UNKNOWN_PAGE: "unknown-page",
    Reason.CANARY_FAILED: "canary-failed",
    Reason.NEEDS_PERSON: "needs-person",
    Reason.POLICY: "policy",
    Reason.NO_PROFILE: "no-profile",
}


def _rule(
    id: str,
    about: str,
    when: str,
    finding: str,
    source: str,
    since: date = _NOV_26,
) -> FindingRule:
    """A rule of the table; ``when`` lists its conditions between commas."""
    conditions = tuple(one.strip() for one in when.split(",") if one)
    return FindingRule(id, about, conditions, finding, source, since)


def _denied(holds: str, place: str) -> Iterator[FindingRule]:
    """For every action class the rules of a refusal, where ``holds`` with the class after it."""
    for denial in Denial:
        about, when = f"refusal: {denial}", f"{holds}: {denial}"
        if denial is Denial.NO_AUTHORIZATION:
            yield _rule(
                f"{place}.authorization-held",
                about,
                f"{when}, authorization on claim",
                "denied-authorization-held",
                _FOLLOW_UP,
            )
        if denial is Denial.ELIGIBILITY:
            yield _rule(
                f"{place}.eligibility-disputed",
                about,
                f"{when}, covered that day",
                "denied-eligibility-disputed",
                _SCENARIOS,
            )
            yield _rule(
                f"{place}.coverage-ended",
                about,
                f"{when}, uncovered that day",
                "coverage-ended",
                _SCENARIOS,
            )
        yield _rule(f"{place}.{denial}", about, when, f"denied-{denial}", _TRADE, _NOV_25)


RULES: tuple[FindingRule, ...] = (
    # nobody knows
    _rule("answer.not-asked", "status", "unasked", "needs-person", _OURS, _NOV_25),
    *(
        _rule(f"answer.{finding}", "status", f"no answer: {reason}", finding, _OURS, _NOV_25)
        for reason, finding in _NO_ANSWER.items()
    ),
    _rule("answer.no-status", "status", "no claim status", "needs-person", _OURS, _NOV_25),
    # portal and EOB against each other
    _rule(
        "sources.eob-against-portal",
        "status",
        "eob against the portal",
        "portal-eob-conflict",
        _OURS,
        _NOV_25,
    ),
    # the books know more than the payer
    _rule(
        "books.credit-undecided",
        "books",
        "credit, payer has not decided",
        "credit-balance",
        _TRADE,
    ),
    _rule(
        "books.insurance-posted",
        "books",
        "insurance posted, payer has not paid",
        "posted-not-paid",
        _TRADE,
    ),
    _rule(
        "books.nothing-open",
        "books",
        "zero balance, payer has not paid, not wholly denied",
        "posted-not-paid",
        _TRADE,
    ),
    # not there
    _rule(
        "missing.accepted",
        "status",
        "absent, accepted on receipt, not just sent",
        "not-on-file-accepted",
        _SCENARIOS,
    ),
    _rule(
        "missing.limit-passed",
        "status",
        "absent, filing limit passed",
        "not-on-file-filing-limit-passed",
        _SCENARIOS,
        _NOV_25,
    ),
    _rule(
        "missing.limit-near",
        "status",
        "absent, filing limit near",
        "not-on-file-filing-limit-near",
        _SCENARIOS,
        _NOV_25,
    ),
    _rule(
        "missing.too-early",
        "status",
        "absent, just sent",
        "not-on-file-too-early",
        _SCENARIOS,
        _NOV_25,
    ),
    _rule("missing", "status", "absent", "not-on-file", _SCENARIOS, _NOV_25),
    # not decided yet
    _rule(
        "pending.too-long",
        "status",
        "stage: pending, waiting too long",
        "pending-overdue",
        _CALLER,
        _NOV_25,
    ),
    _rule("pending", "status", "stage: pending", "pending-wait", _CALLER, _NOV_25),
    _rule(
        "pending.documents",
        "status",
        "stage: documents_wanted",
        "info-requested",
        _X12_277,
        _NOV_25,
    ),
    _rule(
        "pending.patient",
        "status",
        "stage: patient_asked",
        "patient-info-requested",
        _X12_277,
        _NOV_25,
    ),
    _rule("rejected", "status", "stage: rejected", "rejected", _X12_277, _NOV_25),
    _rule(
        "status.unavailable", "status", "stage: unavailable", "payer-unavailable", _X12_277, _NOV_25
    ),
    _rule("status.undecided", "status", "stage: undecided", "needs-person", _X12_277, _NOV_25),
    _rule("status.unknown", "status", "stage: unknown", "unknown-status-phrase", _OURS, _NOV_25),
    # decided, but how?
    _rule("eob.open", "status", "eob leaves it open", "eob-unbalanced", _X12_835, _NOV_25),
    _rule("sources.differ", "status", "sources differ", "portal-eob-conflict", _OURS, _NOV_25),
    _rule(
        "decision.contradiction",
        "status",
        "status against money",
        "status-contradicts-money",
        _OURS,
        _NOV_25,
    ),
    _rule("decision.unclear", "status", "decision unclear", "adjudication-unclear", _OURS, _NOV_25),
    _rule("eob.unusable", "status", "eob cannot be used", "eob-unbalanced", _X12_835, _NOV_25),
    # refused
    *_denied("wholly denied, mostly refused", "denied"),
    _rule(
        "denied.unexplained",
        "refusal: other",
        "wholly denied, refused without a reason",
        "denied-other",
        _OURS,
        _NOV_25,
    ),
    _rule("partly-denied", "status", "partly refused", "partly-denied", _TRADE, _NOV_25),
    *_denied("refused", "refused"),
    # paid or allowed
    _rule("books.paid-twice", "books", "paid twice", "duplicate-payment", _TRADE),
    _rule("corrected", "status", "taken back", "corrected-claim", _X12_835, _NOV_25),
    _rule("eob.missing", "status", "wholly allowed, no eob", "eob-missing", _OURS, _NOV_25),
    _rule("books.credit", "books", "credit", "credit-balance", _TRADE),
    _rule(
        "books.denied-nothing-open",
        "books",
        "zero balance, wholly denied",
        "posted-not-paid",
        _TRADE,
    ),
    _rule(
        "books.would-leave-credit",
        "books",
        "eob agrees, balance open, paid above balance, not insurance posted covers it, "
        "not taken back",
        "overpaid",
        _TRADE,
        _NOV_25,
    ),
    _rule(
        "books.not-posted",
        "books",
        "eob agrees, balance open, something paid, not insurance posted covers it, not taken back",
        "paid-not-posted",
        _FOLLOW_UP,
        _NOV_25,
    ),
    _rule("contract.below", "underpayment", "allowed below contract", "underpaid", _CONTRACT),
    _rule(
        "contract.above", "overpayment", "allowed above contract", "paid-above-contract", _CONTRACT
    ),
    _rule("contract.unclear", "contract", "contract unclear", "contract-unclear", _OURS),
    _rule(
        "patient.secondary",
        "patient",
        "patient owes, secondary payer, balance open",
        "secondary-to-file",
        _CALLER,
    ),
    _rule(
        "patient.owes", "patient", "patient owes, balance open", "patient-responsibility", _CALLER
    ),
    _rule(
        "patient.nothing-paid",
        "patient",
        "wholly allowed, patient owes, not something paid",
        "patient-responsibility",
        _CALLER,
        _NOV_25,
    ),
    _rule(
        "contractual",
        "status",
        "wholly allowed, not something paid, not patient owes",
        "contractual-only",
        _TRADE,
        _NOV_25,
    ),
    _rule(
        "contractual.open",
        "status",
        "wholly allowed, eob agrees, insurance posted covers it, balance open, not patient owes",
        "contractual-only",
        _TRADE,
    ),
    _rule(
        "books.posted",
        "books",
        "eob agrees, something paid, not balance open",
        "already-posted",
        _FOLLOW_UP,
        _NOV_25,
    ),
    # what was said at the front desk, whatever else is true
    _rule(
        "coverage.ended",
        "coverage",
        "uncovered that day, payer has not paid, not refused: eligibility",
        "coverage-ended",
        _SCENARIOS,
    ),
    # the calendar, whatever else is true
    _rule(
        "deadline.appeal",
        "deadline",
        "appeal limit near, not wholly allowed",
        "appeal-limit-near",
        _TRADE,
    ),
    _rule(
        "deadline.filing",
        "deadline",
        "filing limit near, not absent",
        "filing-limit-near",
        _TRADE,
    ),
    _rule("unforeseen", "status", "", "needs-person", _OURS),
)
"""The rules in their order; the last one always fits: what nobody foresaw is a person's."""


def main_rule(facts: Container[str]) -> FindingRule:
    """The first rule that fits."""
    return next(rule for rule in RULES if rule.fits(facts))


def further_rules(facts: Container[str], main: FindingRule) -> Iterator[FindingRule]:
    """Of every concern but the main finding's the first rule that fits, in the table's order."""
    told = {main.about}
    kinds = {main.finding}
    for rule in RULES:
        if rule.when and rule.about not in told and rule.fits(facts):
            told.add(rule.about)
            if rule.finding not in kinds:
                kinds.add(rule.finding)
                yield rule
