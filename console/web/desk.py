"""What the console works with: ledger, payer profiles, the calendar, and who runs bots."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from billing.ledger import Ledger
from billing.operations import Costs
from bots.profile import Profile
from console.web.doors import Bots, Tell, say_nothing
from console.web.entrance import Entrance


@dataclass(frozen=True, slots=True)
class Desk:
    """One console's surroundings.

    ``profiles`` reads the payers' profiles as they are now; ``bots`` runs what asks portals;
    ``key`` (32 bytes) seals what the console keeps secret; ``files`` is where what people download
    or print is made; ``costs`` is what the operator says that checks cost; ``entrance`` is how
    people come in; ``tell`` takes what happened for the log.
    """

    ledger: Ledger
    profiles: Callable[[], Mapping[str, Profile]]
    bots: Bots
    key: bytes
    time_zone: ZoneInfo
    files: Path
    costs: Costs = field(default_factory=Costs)
    entrance: Entrance = field(default_factory=Entrance)
    tell: Tell = say_nothing

    def now(self) -> datetime:
        """This instant, UTC."""
        return datetime.now(UTC)

    def today(self) -> date:
        """The practice's calendar day, which every due date counts from."""
        return self.now().astimezone(self.time_zone).date()

    def payer_names(self) -> Mapping[str, str]:
        """How each payer is named, by its profile's id."""
        return {one.id: one.file.payer.name for one in self.profiles().values()}
