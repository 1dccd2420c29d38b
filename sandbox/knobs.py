"""What is wrong with a simulated portal at the moment: a test turns it while the portal answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Arrival = Literal["attachment", "inline", "tab", "blob", "encrypted", "truncated", "html"]


@dataclass(slots=True)
class Knobs:
    """One portal's troubles; as made, it has none.

    ``ends_session_after`` and ``stolen_after`` count the signed-in requests still answered before
    the session is gone (idle, or taken by a second login). ``drift`` is 0 (as the profile knows
    it), 1 (labels reworded), 2 (ids and classes renamed and columns reordered too) or 3 (the page
    rebuilt). ``still_there`` asks so in a modal now and then. ``document`` is how an EOB arrives,
    None for the portal's own way.
    """

    ends_session_after: int | None = None
    stolen_after: int | None = None
    announcement: bool = False
    maintenance: bool = False
    captcha: bool = False
    password_expiring: bool = False
    password_expired: bool = False
    step_up: bool = False
    stale_banner: bool = False
    still_there: bool = False
    drift: int = 0
    parentheses: bool = False
    duplicate_rows: bool = False
    wrong_patient: bool = False
    document: Arrival | None = None
