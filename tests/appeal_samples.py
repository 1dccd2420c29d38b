"""A swept night with denied claims of two simulated payers, to appeal them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from portal_clients import SetClock, answering
from portal_faults import claims_of, night, quick_profile
from typer.testing import CliRunner

from bots.portal.browser import Browser
from flows.command import app
from sandbox.__main__ import AS_OF
from sandbox.books import make_world
from sandbox.world import Adjustment, PayerClaim, World

COMMERCIAL, MEDICAID = "juniper-ridge", "franklin-medicaid"
DENYING = {"16", "29", "96", "97", "197", "204"}
"""The reasons by which these simulated payers deny; CARC of the 835."""

SETTINGS = """
[edi]
provider = "Larkspur Family Medicine"
npi = "1234567893"
[practice]
address = "12 Larkspur Lane\\nSpringfield, IL 62701"
phone = "217-555-0100"
fax = "217-555-0101"
tax_id = "00-1234567"
signer = "Wilhelmina Ostrander, billing manager"
[appeal_addresses]
juniper-ridge = "Appeals\\nPO Box 100\\nSpringfield, IL 62701"
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of one ``claimsweep appeal``."""

    code: int
    said: str

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.said)
        return found


def appeal(home: Path, *arguments: str) -> Asked:
    """Run the command on the ledger in ``home``, in this process."""
    done = CliRunner().invoke(app, ["appeal", *arguments, "--home", str(home)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Asked(done.exit_code, done.stdout)


def lines_denied(claim: PayerClaim) -> list[tuple[int, Adjustment]]:
    """The denying adjustments of a claim's lines, each with its line's number."""
    return [
        (number, one)
        for number, line in enumerate(claim.lines, 1)
        for one in line.adjustments
        if one.reason in DENYING
    ]


def dollars_denied(claim: PayerClaim) -> Decimal:
    return sum((one.amount for _, one in lines_denied(claim)), Decimal(0))


def dollars(amount: Decimal | None) -> str:
    assert amount is not None
    return f"${amount:,.2f}"


@dataclass(frozen=True, slots=True)
class Swept:
    """A ledger, and what the simulated payer itself knows of its claims."""

    home: Path
    world: World

    def claim(self, payer: str, which: Callable[[PayerClaim], bool]) -> PayerClaim:
        """The first claim of a payer that is asked for."""
        return next(one for one in chosen(self.world, payer) if which(one))


def decided(one: PayerClaim) -> bool:
    return one.remit_status in ("1", "4") and one.paid is not None and one.charge > 0


def chosen(world: World, payer: str) -> list[PayerClaim]:
    """Of the payer a paid claim, a wholly denied one, a partly denied one."""
    books = world.commercial if payer == COMMERCIAL else world.medicaid
    claims = [one for one in books.by_number.values() if decided(one) and not _twin(books, one)]
    kinds: list[Callable[[PayerClaim], bool]] = [
        lambda one: not lines_denied(one) and bool(one.paid),
        lambda one: bool(lines_denied(one)) and not one.paid,
        lambda one: bool(lines_denied(one)) and bool(one.paid),
        lambda one: any(entry.reason == "29" for _, entry in lines_denied(one)),
    ]
    found = [next((one for one in claims if kind(one)), None) for kind in kinds]
    return list(dict.fromkeys(one for one in found if one is not None))


def _twin(books: Any, one: PayerClaim) -> bool:
    """Whether the payer holds another decision with this claim's number."""
    return sum(other.claim_id == one.claim_id for other in books.by_number.values()) > 1


@contextmanager
def swept(browser: Browser, home: Path, payer: str) -> Iterator[Swept]:
    """A night's sweep of the chosen claims of one payer."""
    world = make_world(1, 20, AS_OF, (COMMERCIAL, MEDICAID))
    with answering(world, SetClock(), delay=0) as portals:
        numbers = [one.payer_claim_number for one in chosen(world, payer)]
        work = night(
            home,
            browser,
            portals,
            quick_profile(payer),
            portals.addresses[payer],
            claims_of(world, payer, numbers),
        )
        work.run()
        yield Swept(home, world)
