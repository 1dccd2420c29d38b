"""What a printed report leaves among an export's rows: page numbers, print marks, its end."""

from __future__ import annotations

import re
from collections.abc import Iterable

FOOTER = "page footer row"
"""Why such a row is refused."""

_MOST_CELLS = 4
_PAGE = r"(?:page|pg\.?)\s*(?:no\.?|nbr\.?|[#:])?\s*\d{1,5}(?:\s*(?:of|/)\s*\d{1,5})?"
_END = r"(?:end|last\s+page|bottom)\s+of\s+(?:the\s+)?(?:report|list(?:ing)?|file|data|export)"
_PRINTED = (
    r"(?:report\s+)?(?:printed|generated|created|exported|produced|run)"
    r"\s*(?:(?:on|at|by|date|time)\b|:).{0,120}"
)
_FOOTER = re.compile(
    rf"[\W_]*(?:(?:{_PAGE}|{_END})[\W_]*)+(?:{_PRINTED})?|[\W_]*{_PRINTED}", re.I | re.S
)
_NUMBERED = re.compile(r"\bpage\s+\d{1,5}\s+of\s+\d{1,5}[\W_]*", re.I)


def is_footer(cells: Iterable[object]) -> bool:
    """Whether all that is filled in a row is what a report prints at the foot of a page.

    A title may stand before "Page 3 of 9"; anything else beside these words makes it another row.
    """
    filled = [cell for cell in cells if not isinstance(cell, str) or cell.strip()]
    texts = [cell.strip() for cell in filled if isinstance(cell, str)]
    if not texts or len(texts) < len(filled) or len(texts) > _MOST_CELLS:
        return False
    if _FOOTER.fullmatch(" ".join(texts)):
        return True
    last = _NUMBERED.search(texts[-1])
    return last is not None and last.end() == len(texts[-1]) and len(texts) <= 2
