"""The table of rules for people and programs: which finding follows from which facts."""

from __future__ import annotations

import sys

from billing.reconcile.facts import FACTS
from billing.reconcile.rules import NOT, RULES, FindingRule
from billing.steps import STEPS
from flows.options import AsJson, print_json


def rules(as_json: AsJson = False) -> None:
    """Show the rules of findings in their order: the first one that fits is a claim's finding.

    Of every other concern (in brackets) the first one that fits is a further finding.

    Example: claimsweep rules
    """
    if as_json:
        print_json({"rules": [_row(rule) for rule in RULES]})
        return
    for number, rule in enumerate(RULES, 1):
        when = "; ".join(_clause(one) for one in rule.when) or "nothing else fits"
        sys.stdout.write(
            f"{number:>3}  {rule.id}  [{rule.about}]\n"
            f"     when {when}\n"
            f"     then {rule.finding}: {STEPS[rule.finding].action}\n"
            f"     says {rule.source}; since {rule.since.isoformat()}\n"
        )


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
