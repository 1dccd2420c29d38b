"""The table of rules as lines for people or as a document for programs."""

from __future__ import annotations

from billing.deposit_findings import MONEY_STEPS
from billing.reconcile.facts import FACTS
from billing.reconcile.rules import NOT, RULES, FindingRule
from billing.steps import STEPS


def rules_json() -> dict[str, object]:
    """Every rule in its order, claims' and money's."""
    return {"rules": [_row(rule) for rule in RULES], "money": list(map(_money, MONEY_STEPS))}


def rules_text() -> str:
    """Every rule in its order, as lines."""
    lines = []
    for number, rule in enumerate(RULES, 1):
        when = "; ".join(_clause(one) for one in rule.when) or "nothing else fits"
        lines.append(
            f"{number:>3}  {rule.id}  [{rule.about}]\n"
            f"     when {when}\n"
            f"     then {rule.finding}: {STEPS[rule.finding].action}\n"
            f"     says {rule.source}; since {rule.since.isoformat()}\n"
        )
    for kind, step in MONEY_STEPS.items():
        lines.append(
            f"     {step.rule}  [money]\n     when {step.when}\n"
            f"     then {kind}: {step.action}\n     says {step.source}\n"
        )
    return "".join(lines)


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
