"""The part of a remittance that is about one claim."""

from __future__ import annotations

import re
from dataclasses import replace

from billing.model import Remittance

_CLAIM_PATH = re.compile(r"^claims\[(\d+)\](.*)$")


def excerpt(remittance: Remittance, *, claim_id: str, payer_claim_number: str) -> Remittance:
    """``remittance`` with only the claims of this patient control number or payer claim number.

    A reversal and its correction share the first, so both stay. Payment figures stay as they are;
    the places keep pointing at the same evidence under the new indexes.
    """
    kept = [
        n
        for n, claim in enumerate(remittance.claims)
        if claim_id == claim.claim_id or payer_claim_number == claim.payer_claim_number
    ]
    renumbered = {old: new for new, old in enumerate(kept)}
    places = {}
    for path, place in remittance.places.items():
        match = _CLAIM_PATH.match(path)
        if match is None:
            places[path] = place
        elif int(match[1]) in renumbered:
            places[f"claims[{renumbered[int(match[1])]}]{match[2]}"] = place
    return replace(remittance, claims=tuple(remittance.claims[n] for n in kept), places=places)
