"""Nights at the Medicaid portal with claims enough for its list, which a proxy may spoil."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from portal_clients import SetClock, answering
from portal_faults import (
    EXPORT,
    MEDICAID,
    WORLD,
    Between,
    Night,
    Sent,
    Spoil,
    between,
    claims_of,
    counted,
    night,
    quick_profile,
)
from portal_worlds import RECIPIENT

import bots.portal.listed_claims
from billing.model import Channel, Claim, Found, Observation, Outcome, SourceRow
from bots.portal.browser import Browser
from bots.profile import Profile
from sandbox.knobs import Knobs
from sandbox.serve import Portals
from sandbox.world import BilledClaim, World

PAID = tuple(f"022600000000{n}" for n in range(1, 6))
STRANGERS = "0226000000006"
LIST, PAGES = "/ClaimList.aspx", (".aspx",)
DOCUMENT = "/RemittanceAdvice.aspx"
NIGHT_SECONDS = 3600  # two hundred claims on a busy machine
LONG = pytest.mark.long_lists
DOORS = ("/Login.aspx", "/Terms.aspx", "/MainMenu.aspx")


@dataclass(frozen=True)
class Told:
    """What a night came to, in the order of its claims: outcomes, and how each was found."""

    night: Night
    proxy: Between
    portals: Portals
    seconds: float

    @property
    def outcomes(self) -> list[Outcome]:
        return [one.outcome for one in self.night.conclusions()]

    @property
    def seen(self) -> list[Observation]:
        """The newest answer of the portal to each claim."""
        found = [self.night.ledger.observations(n + 1) for n in range(len(self.outcomes))]
        return [[o for o in one if o.channel is Channel.PORTAL][-1] for one in found]

    @property
    def found_by(self) -> list[str | None]:
        return [one.search for one in self.seen]

    @property
    def drift(self) -> list[str]:
        found = self.night.ledger.drift("night-1").get(MEDICAID, ())
        return [one.wanted for one in found if one.wanted.startswith("claim_list: ")]

    @property
    def counters(self) -> dict[str, int]:
        return counted(self.portals, MEDICAID)

    @property
    def pages(self) -> Counter[str]:
        """Pages and documents that were loaded once inside, by path."""
        paths = (one.split()[1] for one in self.proxy.asked)
        return Counter(one for one in paths if one.endswith(PAGES) and one not in DOORS)

    @property
    def pages_a_claim(self) -> float:
        """Pages that were loaded for each claim, documents aside."""
        return (self.pages.total() - self.pages[DOCUMENT]) / len(self.outcomes)


@contextmanager
def told(
    home: Path,
    browser: Browser,
    claims: Sequence[Claim],
    *,
    world: World = WORLD,
    spoil: Spoil = lambda _: None,
    profile: Profile | None = None,
    knobs: Mapping[str, Knobs] = MappingProxyType({}),
    worth: int = 2,
) -> Iterator[Told]:
    """The night's end, its portals still there. A list is asked for when ``worth`` claims wait."""
    with (
        pytest.MonkeyPatch.context() as patch,
        answering(world, SetClock(), delay=0, knobs=knobs) as portals,
        between(portals.addresses[MEDICAID]) as proxy,
    ):
        patch.setattr(bots.portal.listed_claims, "WORTH_A_LIST", worth)
        proxy.spoil = spoil
        known = profile or patient_profile()
        it = night(home, browser, portals, known, proxy.address, list(claims))
        began = time.monotonic()
        it.run(NIGHT_SECONDS)
        yield Told(it, proxy, portals, time.monotonic() - began)


def patient_profile() -> Profile:
    """The profile with waits that a busy machine keeps to."""
    return quick_profile(MEDICAID, answer_seconds=15.0, claim_seconds=120.0)


def small_claims(paid: int = 2) -> list[Claim]:
    """Some that were paid, five at the most, and one that is not on file."""
    found = claims_of(WORLD, MEDICAID, PAID[:paid])
    lacking = replace(found[0], claim_id="X1", billed=Decimal("77.10"))
    return [*found, replace(lacking, source=SourceRow(EXPORT.sha256, 20))]


def small(paid: int = 2) -> list[Outcome]:
    """What they come to."""
    return [Outcome.PAID] * paid + [Outcome.NOT_FOUND]


def with_a_stranger() -> list[Claim]:
    """A paid one, one that the portal has for somebody else only, and two that were paid."""
    first, *rest = small_claims(3)[:-1]
    (theirs,) = claims_of(WORLD, MEDICAID, [STRANGERS])
    ours = replace(theirs, member_id=RECIPIENT, source=SourceRow(EXPORT.sha256, 21))
    return [first, ours, *rest]


def claim_of(billed: BilledClaim, row: int) -> Claim:
    """The biller's row of a claim."""
    person = billed.patient
    return Claim(
        claim_id=billed.claim_id,
        payer=MEDICAID,
        payer_name=MEDICAID,
        member_id=person.member_id,
        patient_last=person.last,
        patient_first=person.first,
        date_of_birth=person.birth,
        service_from=billed.service_from,
        service_to=billed.service_to,
        billed=billed.charge,
        balance=billed.charge,
        source=SourceRow(EXPORT.sha256, row),
    )


def declared(profile: Profile, **changed: Any) -> Profile:
    """The profile with other words in its claim_list; ``claim_list=None`` takes it away."""
    task = profile.file.tasks.claim_status
    listed = changed.get("claim_list", task.claim_list)
    if listed is not None:
        listed = listed.model_copy(update=changed)
    task = task.model_copy(update={"claim_list": listed})
    tasks = profile.file.tasks.model_copy(update={"claim_status": task})
    return profile.model_copy(update={"file": profile.file.model_copy(update={"tasks": tasks})})


def is_list(sent: Sent) -> bool:
    """Whether the portal's list is shown."""
    return sent.path == LIST and b"<h2>Claim List</h2>" in sent.body


def text(old: str, new: str) -> Callable[[Sent], None]:
    """Has the page say ``new`` for ``old``, which it must say."""

    def change(sent: Sent) -> None:
        assert old.encode() in sent.body, old
        sent.body = sent.body.replace(old.encode(), new.encode())

    return change


def row_of(page: bytes, number: str) -> bytes:
    """The row of the list with this claim."""
    found = re.search(rb"<tr[^>]*><td><a [^>]*>" + number.encode() + rb"</a>.*?</tr>", page)
    assert found is not None
    return found[0]


def without(number: str, *, counted_out: bool = False) -> Callable[[Sent], None]:
    """Takes a claim out of the list, and out of its count too if wanted."""

    def change(sent: Sent) -> None:
        sent.body = sent.body.replace(row_of(sent.body, number), b"")
        if counted_out:
            count(-1)(sent)

    return change


def count(more: int) -> Callable[[Sent], None]:
    """Has the list say another number of claims."""

    def change(sent: Sent) -> None:
        stated = re.search(rb">(\d+) claim\(s\) listed", sent.body)
        assert stated is not None
        said = f">{int(stated[1]) + more} claim(s) listed".encode()
        sent.body = sent.body.replace(stated[0], said)

    return change


def twice(number: str, old: str, new: str) -> Callable[[Sent], None]:
    """Lists a claim once more, with ``new`` for ``old``, and counts it."""

    def change(sent: Sent) -> None:
        row = row_of(sent.body, number)
        assert old.encode() in row
        sent.body = sent.body.replace(row, row + row.replace(old.encode(), new.encode()))
        count(1)(sent)

    return change


def in_row(number: str, old: str, new: str) -> Callable[[Sent], None]:
    """Has one row of the list say something else."""

    def change(sent: Sent) -> None:
        row = row_of(sent.body, number)
        assert old.encode() in row
        sent.body = sent.body.replace(row, row.replace(old.encode(), new.encode()))

    return change


def captures(told: Told, item: int) -> dict[str, bytes]:
    """What the portal's answer rests on, by media type; the last of each."""
    ledger = told.night.ledger
    found = told.seen[item - 1].captures
    return {ledger.media_type(one): ledger.fetch(one) for one in found}


def portal_answers(told: Told) -> list[Any]:
    """What the portal said of each claim, the newest, without when and where."""
    said = [one.answer for one in told.seen]
    return [one.value if isinstance(one, Found) else type(one).__name__ for one in said]
