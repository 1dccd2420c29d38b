"""What a row's labels name: a claim, a payment, totals, or a provider-level adjustment."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bots.reading.drafting.phrases import IDENTIFIER, Pair, is_money, pairs
from bots.reading.drafting.vocabulary import meanings
from bots.reading.rows import Row

# Of an 835's PLB segments.
PROVIDER_CODES = frozenset(
    """50 51 72 90 AH AM AP B2 B3 BD BN C5 CR CS CT CV CW DM E3 FB FC GO HM IP IR IS J1 L3 L6 LE
    LS OA OB PI PL RA RE SL TL WO WU""".split()
)
MOST_REASON_WORDS = 8
PAYMENTS_OWN = ("payment", "totals")


def names_claim(found: Sequence[Pair]) -> bool:
    """Whether the row names a claim, its patient or his membership."""
    return any(_is_claim_pair(pair) for pair in found)


def _is_claim_pair(pair: Pair) -> bool:
    if is_money(pair.value) or not pair.value:
        return False
    for meaning in meanings(pair.label, "claim"):
        has_digit = IDENTIFIER.fullmatch(pair.value.split()[0]) is not None
        if re.search(r"(?i)claims|bills", pair.label):
            return False
        if meaning.field in {"claim_id", "payer_claim_number", "member_id"} and has_digit:
            return True
        if meaning.field == "status" and meaning.sure >= 95:
            return not has_digit or len(pair.value) <= 2
    return any(m.field == "name" for m in meanings(pair.label, "other")) and "," in pair.value


def names_payment(found: Sequence[Pair]) -> bool:
    sure = (meanings(pair.label, "payment") for pair in found if pair.value)
    return all(named and named[0].sure >= 90 for named in sure)


def opens_payment(found: Sequence[Pair]) -> bool:
    return any(is_trace(pair) for pair in found)


def is_trace(pair: Pair) -> bool:
    named = meanings(pair.label, "payment")
    is_number = IDENTIFIER.fullmatch(pair.value) is not None
    return is_number and any(m.field == "trace_number" and m.sure >= 95 for m in named)


def goes_on_claim(found: Sequence[Pair]) -> bool:
    named = [{m.field for m in meanings(pair.label, "claim")} for pair in found]
    others = [{m.field for m in meanings(pair.label, "other")} for pair in found]
    return all(
        "status" in claim or other & {"name", "dates", "others"}
        for claim, other in zip(named, others, strict=True)
    )


def provider_reason(row: Row) -> str | None:
    """The reason of a provider-level adjustment, with what stands before it; None when none."""
    words = row.text.split()
    if len(words) < 3 or not is_money(words[-1]) or not IDENTIFIER.fullmatch(words[-2]):
        return None
    reason = words[:-2]
    if len(reason) > MOST_REASON_WORDS or not re.search(r"[A-Z]", " ".join(reason)):
        return None
    if any(bare(word) not in PROVIDER_CODES and re.search(r"\d", word) for word in reason):
        return None
    return " ".join(reason)


def bare(word: str) -> str:
    """The word without brackets, commas and colons."""
    return word.strip("(),:;")


def are_totals(found: Sequence[Pair]) -> bool:
    counts = any(
        meaning.field == "claim_count" and pair.value
        for pair in found
        for meaning in meanings(pair.label, "totals")
    )
    return (counts or any(is_money(pair.value) for pair in found)) and all(
        is_money(pair.value) or re.fullmatch(r"[\d,]*", pair.value) for pair in found
    )


def is_of_a_payment(row: Row) -> bool:
    """Whether a row names figures of one payment, which another payment's header has too."""
    named = (meanings(pair.label, part) for pair in pairs(row) or () for part in PAYMENTS_OWN)
    return any(found and found[0].sure >= 90 for found in named)
