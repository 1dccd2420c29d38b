"""Holds the answers about a schedule's visits against the simulated payers' key."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

OUTCOMES = {"wrong_patient": "name_mismatch", "no_answer": "unavailable"}
"""Our words for what the key calls otherwise."""


def differences(keyed: dict[int, dict[str, Any]], answers: list[dict[str, Any]]) -> list[str]:
    """Every row and field that differs from the key."""
    found = [f"row {row}: missing" for row in keyed.keys() - {one["row"] for one in answers}]
    for answer in answers:
        row, true = answer["row"], keyed[answer["row"]]
        said = OUTCOMES.get(answer["outcome"], answer["outcome"])
        pairs = [("outcome", true["outcome"], said)]
        names = ["payer", "date_of_service", "service_type"]
        if true["outcome"] in ("active", "inactive"):
            names += ["plan", "coverage_begins", "coverage_ends", "other_payers"]
            for network in ("in_network", "out_of_network"):
                stated = true[network] or {}
                said_of_it = answer[network]
                pairs.append((network, bool(stated), said_of_it is not None))
                for name, value in stated.items() if said_of_it else ():
                    ours = said_of_it[name]
                    if name == "coinsurance" and ours is not None:
                        ours = int(Decimal(ours) * 100)
                    pairs.append((f"{network} {name}", value, ours))
        else:
            pairs += [("plan", None, answer["plan"]), ("benefits", [], answer["benefits"])]
        pairs += [(name, true[name], answer[name]) for name in names]
        found += [
            f"row {row} {name}: {a!r} in the key, {b!r} said" for name, a, b in pairs if a != b
        ]
    return found
