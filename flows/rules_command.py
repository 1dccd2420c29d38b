"""The table of rules for people and programs: which finding follows from which facts."""

from __future__ import annotations

import sys

from billing.deposit_findings import MONEY_STEPS
from billing.reconcile.facts import FACTS
from billing.reconcile.rules import NOT, RULES, FindingRule
from billing.steps import STEPS
from flows.options import AsJson, print_json


def rules(as_json: AsJson = False) -> None:
    """Show the rules of findings in their order: the first one that fits is a claim's finding.

    Of every other concern (in brackets) the first one that fits is a further finding. Below are
    the rules of payments and deposits, of which exactly one fits each.

    Example: claimsweep rules
    """
    if as_json:
        print_json(
            {"rules": [_row(rule) for rule in RULES], "money": list(map(_money, MONEY_STEPS))}
        )
        return
    for number, rule in enumerate(RULES, 1):
        when = "; ".join(_clause(one) for one in rule.when) or "nothing else fits"
        sys.stdout.write(
            f"{number:>3}  {rule.id}  [{rule.about}]\n"
            f"     when {when}\n"
            f"     then {rule.finding}: {STEPS[rule.finding].action}\n"
            f"     says {rule.source}; since {rule.since.isoformat()}\n"
        )
    for kind, step in MONEY_STEPS.items():
        sys.stdout.write(
            f"     {step.rule}  [money]\n     when {step.when}\n"
            f"     then {kind}: {step.action}\n     says {step.source}\n"
        )


def _money(kind: str) -> dict[str, object]:
    step = MONEY_STEPS[kind]
    return {
        "id": step.rule,
        "when": step.when,
        "finding": str(kind),
        "next_action": step.action,
        "source": step.source,
    }


def _clause(condition: str) -> str:
    clause = FACTS[condition.removeprefix(NOT)].clause
    return f"not: {clause}" if condition.startswith(NOT) else clause


def _row(rule: FindingRule) -> dict[str, object]:
    return {
        "id": rule.id,
        "about": rule.about,
        "when": list(rule.when),
        "finding": rule.finding,
        "next_action": STEPS[rule.finding].action,
        "source": rule.source,
        "since": rule.since.isoformat(),
    }
