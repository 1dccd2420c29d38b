"""What kind of value a column's or a label's texts all are."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from billing.money import parse_date
from bots.reading.drafting.codes_in_words import method_of, status_of
from bots.reading.drafting.phrases import CODE, IDENTIFIER, MARKED, PROCEDURE, is_money
from bots.reading.drafting.vocabulary import canonical, is_label
from bots.reading.rows import first_day

REMARKS = re.compile(r"(?:MA?|N)\d{1,3}(?:[ ,;]+(?:MA?|N)\d{1,3})*")
MODIFIERS = re.compile(r"[A-Z0-9]{2}(?:[ ,;:-]+[A-Z0-9]{2}){0,3}")
# The US write the month first; a text that fits none of these is no date.
DATES = (
    "%m/%d/%Y", "%m/%d/%y", "%m-%d-%Y", "%m-%d-%y", "%m.%d.%Y", "%Y-%m-%d", "%Y/%m/%d",
    "%b %d, %Y", "%B %d, %Y", "%b. %d, %Y", "%b %d %Y", "%B %d %Y", "%d-%b-%Y", "%d-%b-%y",
    "%d %b %Y", "%d %B %Y", "%d%b%Y", "%m%d%y", "%m%d%Y", "%Y%m%d",
)  # fmt: skip
TITLE_WORDS = (
    r"remittance|explanation|advice|payment|voucher|statement|notice|summary|claim|benefit"
)
YEARS = range(1990, 2100)


def date_format(texts: Sequence[str]) -> str | None:
    """The one spelling in which every text is a day, None when there is none."""
    return next((one for one in DATES if texts and all(_is_day(t, one) for t in texts)), None)


def period_format(texts: Sequence[str]) -> str | None:
    """The one spelling in which every text is a period of two days, None when there is none."""
    return next((one for one in DATES if texts and all(_is_period(t, one) for t in texts)), None)


def _is_period(text: str, spelling: str) -> bool:
    try:
        return first_day(text, spelling).year in YEARS
    except ValueError:
        return False


def _is_day(text: str, spelling: str) -> bool:
    try:
        return parse_date(text, (spelling,)).year in YEARS
    except ValueError:
        return False


def _all(test: Callable[[str], object]) -> Callable[[Sequence[str]], bool]:
    return lambda texts: bool(texts) and all(test(text) for text in texts)


def _names_a_code(text: str) -> object:
    return CODE.search(text) or MARKED.fullmatch(text) or is_money(text)


def _is_name(text: str) -> object:
    words = canonical(text).split()
    is_title = words and all(re.fullmatch(TITLE_WORDS, word) for word in words)
    return re.search(r"[A-Za-z]{3}", text) and not is_title and not is_label(text)


MONEY = _all(is_money)
# A field of any part → whether texts are of its kind.
FITS: dict[str, Callable[[Sequence[str]], bool]] = {
    "trace_number": _all(IDENTIFIER.fullmatch),
    "payment_date": lambda texts: date_format(texts) is not None,
    "service_date": lambda texts: period_format(texts) is not None,
    "method": _all(method_of),
    "payer": _all(_is_name),
    "payee": _all(_is_name),
    "claim_id": _all(IDENTIFIER.fullmatch),
    "payer_claim_number": _all(IDENTIFIER.fullmatch),
    "member_id": _all(IDENTIFIER.fullmatch),
    "status": _all(status_of),
    "procedure": _all(PROCEDURE.match),
    "modifiers": _all(MODIFIERS.fullmatch),
    "units": _all(re.compile(r"\d{1,6}").fullmatch),
    "claim_count": _all(re.compile(r"\d{1,6}").fullmatch),
    "remarks": _all(REMARKS.fullmatch),
    "adjustments": _all(_names_a_code),
}


def fits(field: str, texts: Sequence[str]) -> bool:
    """Whether all ``texts`` are of the kind that ``field`` holds; amounts where it names none."""
    return FITS.get(field, MONEY)(texts)
