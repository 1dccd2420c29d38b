"""One conclusion from everything observed of a claim: outcome, agreed figures, findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from billing.actions import next_step
from billing.model import Claim, Conclusion, Finding, Observation
from billing.payer_rules import PayerRules
from billing.priority import CHANCES
from billing.recheck import cycle_of, with_history
from billing.reconcile.background import Background
from billing.reconcile.contract import weigh_contract
from billing.reconcile.cover import weigh_cover
from billing.reconcile.facts import FACTS
from billing.reconcile.payments import weigh_payments
from billing.reconcile.receivable import weigh_acceptance, weigh_books, weigh_calendar
from billing.reconcile.rules import NOT, FindingRule, further_rules, main_rule
from billing.reconcile.weighing import Told, Weighed, weigh

NOTHING = Background()


def conclude(
    claim: Claim,
    observations: Sequence[Observation],
    rules: PayerRules,
    *,
    today: date,
    beside: Background = NOTHING,
) -> Conclusion:
    """What is true of a claim, as far as the portal and its EOBs prove it.

    ``beside`` is what else is known. The first rule that fits gives the finding, the first of
    every other concern a further one.
    """
    weighed = weigh(claim, observations, rules, today)
    weigh_books(weighed)
    weigh_calendar(weighed)
    if beside.fees is not None:
        weigh_contract(weighed, beside.fees)
    weigh_payments(weighed, observations, beside.payments)
    if beside.accepted is not None:
        weigh_acceptance(weighed, *beside.accepted)
    weigh_cover(weighed, beside.covers)
    weighed.stated = with_history(weighed.stated, beside.earlier, today)
    first = main_rule(weighed.facts)
    return replace(
        weighed.stated,
        finding=_finding(weighed, first, beside),
        others=tuple(
            _finding(weighed, rule, beside) for rule in further_rules(weighed.facts, first)
        ),
    )


def _finding(weighed: Weighed, rule: FindingRule, beside: Background) -> Finding:
    """The finding of a rule with its next step; a code we do not know makes it a person's."""
    stated = weighed.stated
    step = next_step(
        rule.finding,
        weighed.claim,
        weighed.rules,
        today=weighed.today,
        notice=stated.payment_date,
        cycle=None if beside.stays is None else cycle_of(stated, beside.stays),
    )
    told = weighed.told.get(rule.finding, Told(weighed.said, weighed.claim.balance))
    why = told.why
    if weighed.unknown_codes:
        why = f"{why} Not in our list of codes: {', '.join(weighed.unknown_codes)}.".strip()
    figures = _figures(weighed, rule)
    chance = beside.chances.get(rule.finding, CHANCES[rule.finding])
    return Finding(
        kind=rule.finding,
        why=why,
        dollars=told.dollars,
        next_action=step.next_action,
        due=step.due,
        due_basis=step.due_basis,
        needs_person=step.needs_person or bool(weighed.unknown_codes),
        rule=rule.id,
        observed=tuple(dict.fromkeys(stated.places[one].sha256 for one in figures))
        or stated.evidence,
        figures=figures,
        chance=chance.share,
        chance_source=chance.source,
    )


def _figures(weighed: Weighed, rule: FindingRule) -> tuple[str, ...]:
    """The figures with a place that the rule's facts were read from."""
    names = (
        name
        for fact in rule.when
        if not fact.startswith(NOT)
        for name in (*FACTS[fact].figures, *weighed.facts[fact])
    )
    return tuple(dict.fromkeys(name for name in names if name in weighed.stated.places))
