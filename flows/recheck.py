"""Claims that cannot have changed since their payer answered are left as they are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import partial

from billing.ledger import Ledger
from billing.model import Claim, Conclusion
from billing.payer_rules import PayerRules
from billing.recheck import LastAnswer, not_asked
from bots.portal.gate import refusal
from bots.profile import Profile


def leave_not_due(
    ledger: Ledger, sweep_id: str, profiles: Mapping[str, Profile], today: date
) -> int:
    """Settle what need not be asked in this sweep, each with its reason; how many there are.

    Of a payer whose policy lets no bot in everything stays: a person works it from the list.
    """
    left = 0
    for payer in ledger.pending_payers(sweep_id):
        profile = profiles.get(payer) if payer else None
        if profile is not None and refusal(profile, today=today) is None:
            as_known = partial(_as_known, rules=profile.rules, today=today)
            left += ledger.leave_as_known(sweep_id, profile.id, as_known)
    return left


def _as_known(
    claim: Claim, last: LastAnswer, *, rules: PayerRules, today: date
) -> Conclusion | None:
    why = not_asked(claim, last, rules, today=today)
    return None if why is None else replace(last.earlier.conclusion, not_asked=why, ended=None)
