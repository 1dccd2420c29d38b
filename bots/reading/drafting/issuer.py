"""Who issued a document: the texts that recognise it, its furniture and its page numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bots.reading.drafting.margins import PAGE_NUMBER
from bots.reading.drafting.phrases import escaped_text, segments
from bots.reading.drafting.told import RULE, Outline
from bots.reading.rows import Row

TITLE = re.compile(
    r"(?i)\b(?:remittance|explanation|advice|payment|voucher|statement|notice|summary|review|"
    r"benefits|eob|eop|remit|claims?|report)\b"
)
NUMBERED = re.compile(
    r"(?P<said>(?i:page|sheet|pg)\b\W{0,3}(?i:number|no\.?)?\W{0,3})0*(?P<this>\d+)"
    r"(?P<of> ?(?:(?i:of)|/) ?)0*(?P<all>\d+)"
)
BARE = re.compile(r"(?<!\S)(?P<said>)0*(?P<this>\d+)(?P<of> / )0*(?P<all>\d+)(?!\S)")
SEARCHED_ROWS = 4
PROVIDERS_NUMBER = (
    r"(?i:(?:(?:payee|provider|billing|group)\.? )?(?:npi|provider)(?: ?#| no\.?| number)?:?)"
)
NPI = re.compile(r",? \(?NPI:? \d{10}\)?.*")


def names(page: Sequence[Row]) -> tuple[str, str | None]:
    """The issuer and the document's title, as they stand at the top of page 1."""
    texts = [
        segment.text
        for row in page[:SEARCHED_ROWS]
        for segment in segments(row)
        if not re.search(r"\d|:", segment.text) and not PAGE_NUMBER.search(segment.text)
    ]
    titles = [text for text in texts if TITLE.search(text)]
    issuers = [text for text in texts[:2] if text not in titles]
    issuer = issuers[0] if issuers else texts[0] if texts else page[0].text
    return issuer, next((text for text in titles if text != issuer), None)


def furniture(found: Outline) -> list[str]:
    """Patterns of the rows that stand on pages for no claim's sake."""
    patterns: dict[str, None] = {}
    for told in found.of("furniture"):
        if RULE.fullmatch(told.row.text):
            patterns[f"[{escaped_rule(told.row.text)}]+"] = None
        elif re.search(r"[A-Za-z]{3}", re.sub(r"\S*\d\S*", "", told.row.text)):
            patterns[_generalised(told.row.text)] = None
    return list(patterns)


def escaped_rule(text: str) -> str:
    """The characters of a ruling line, for a character class."""
    return "".join(sorted({re.sub(r"([\]\\^-])", r"\\\1", character) for character in text}))


def _generalised(text: str) -> str:
    words = (r"\S+" if re.search(r"\d", word) else escaped_text(word) for word in text.split())
    return " ".join(words)


def page_number(pages: Sequence[Sequence[Row]]) -> str | None:
    """The pattern of "Page 1 of 3", where every page says it once."""
    patterns = set()
    for rows in pages:
        text = " ".join(row.text for row in rows)
        matches = list(NUMBERED.finditer(text)) or list(BARE.finditer(text))
        if len(matches) != 1:
            return None
        said, of = (escaped_text(matches[0][name]) for name in ("said", "of"))
        number = rf"{said}0*(\d+){of}0*(\d+)"
        patterns.add(number if said else rf"(?<!\S){number}(?!\S)")
    return patterns.pop() if len(patterns) == 1 else None


def payee_pattern(found: Outline) -> str | None:
    """Where the provider stands without a label: before its NPI."""
    for told in found.rows:
        name, *others = [segment.text for segment in segments(told.row)]
        match = re.match(rf"({PROVIDERS_NUMBER}) \d{{10}}\b", " ".join(others))
        if match and not re.search(r"[\d:]", name):
            return rf"^(\D+?),? {escaped_text(match[1])} \d{{10}}"
    return None
