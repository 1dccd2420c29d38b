"""The table of rules for people and programs: which finding follows from which facts."""

from __future__ import annotations

import sys

from flows.options import AsJson, print_json


def rules(as_json: AsJson = False) -> None:
    """Show the rules of findings in their order: the first one that fits is a claim's finding.

    Of every other concern (in brackets) the first one that fits is a further finding. Below are
    the rules of payments and deposits, of which exactly one fits each.

    Example: claimsweep rules
    """
    from flows.rules_shown import rules_json, rules_text

    if as_json:
        print_json(rules_json())
    else:
        sys.stdout.write(rules_text())
