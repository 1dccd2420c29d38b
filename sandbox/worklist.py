"""A clearinghouse's claim lists: what sits in each, what a filter leaves of it, and its CSV."""

from __future__ import annotations

import csv
import hashlib
import io
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sandbox.world import Payer, PayerClaim

ALL, DENIED, REJECTED, WARNINGS, INCOMPLETE = LISTS = (
    "All",
    "Denied",
    "Rejected",
    "Warnings",
    "Incomplete",
)
_ONE_TWICE_OF = 7
_ONE_WITHOUT_DOCUMENT_OF = 9
REWORDED = {  # what a new release of the portal calls them
    "Claim Number": "Claim No.",
    "Billed Amount": "Charge Amount",
    "Claim Status": "Current Status",
    "Service From": "First Service Date",
}
REORDERED = 2
"""The level of drift from which on the columns stand the other way round."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What narrows a list; an empty filter narrows nothing. Member ids are not among them: the
    portal takes that filter, shows it as in force, and does nothing with it."""

    payer: str = ""
    status: str = ""
    last_name: str = ""
    first_day: date | None = None
    last_day: date | None = None

    def leaves(self, claim: PayerClaim, status: str) -> bool:
        """Whether ``claim``, shown with ``status``, stays in the list."""
        return (
            self.status in ("", status)
            and bare(claim.patient.last).startswith(bare(self.last_name))
            and (self.first_day is None or self.first_day <= claim.service_from)
            and (self.last_day is None or claim.service_from <= self.last_day)
        )


class Worklist:
    """One payer's claims in five lists; a claim may sit in several of them.

    A filter by both service dates asks the payer itself, whose system may be unavailable; an
    outage of ``payer.unavailable_once`` is over after the first filter that met it.
    """

    def __init__(self, payer: Payer) -> None:
        self._payer = payer
        claims = sorted(
            payer.by_number.values(),
            key=lambda claim: (claim.service_from, claim.payer_claim_number),
            reverse=True,
        )
        self._lists = {
            name: tuple(claim for claim in claims if _SITS[name](claim)) for name in LISTS
        }
        self._down = {(bare(name), day) for name, day in _named(payer, payer.unavailable)}
        self._down_once = {(bare(name), day) for name, day in _named(payer, payer.unavailable_once)}

    def counts(self) -> dict[str, int]:
        """How many claims each list holds."""
        return {name: len(claims) for name, claims in self._lists.items()}

    def statuses(self, name: str) -> list[str]:
        """The statuses that occur in a list, in its own words."""
        return sorted({worded(claim, name) for claim in self._lists[name]})

    def filtered(self, name: str, filters: Filters) -> tuple[PayerClaim, ...] | None:
        """The claims of list ``name`` that ``filters`` leave, newest service first.

        None when the payer's system is unavailable for them.
        """
        if filters.payer not in ("", self._payer.name):
            return ()
        once = set(_met(self._down_once, filters))
        self._down_once -= once
        if once or any(_met(self._down, filters)):
            return None
        return tuple(
            claim for claim in self._lists[name] if filters.leaves(claim, worded(claim, name))
        )


def worded(claim: PayerClaim, name: str) -> str:
    """The claim's status as list ``name`` words it; only All has the payer's own words."""
    return claim.status if name == ALL else _WORDS[name]


def signed(claim: PayerClaim, amount: Decimal | None) -> Decimal | None:
    """An amount of the claim as the lists show it: negative once the payer took it back."""
    return -amount if amount is not None and claim.superseded_by else amount


def lacks_document(number: str) -> bool:
    """Whether this claim's Download button does nothing at all, as a few do for good."""
    return _digest(number)[1] % _ONE_WITHOUT_DOCUMENT_OF == 0


def export_csv(payer_name: str, claims: Iterable[PayerClaim], name: str, *, drift: int) -> bytes:
    """The list as a batch export: dollars to the cent, and now and then a row twice."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    columns = list(_COLUMNS)
    if drift >= REORDERED:
        columns.reverse()
    writer.writerow([REWORDED.get(one, one) if drift else one for one in columns])
    for claim in claims:
        stated = {
            "Claim Number": claim.payer_claim_number,
            "Patient Account": claim.claim_id,
            "Patient Name": f"{claim.patient.last}, {claim.patient.first}",
            "Payer": payer_name,
            "Service From": _day(claim.service_from),
            "Service To": _day(claim.service_to),
            "Billed Amount": _money(signed(claim, claim.charge)),
            "Paid Amount": _money(signed(claim, claim.paid)),
            "Claim Status": worded(claim, name),
            "Last Update": _day(claim.finalized or claim.received),
        }
        row = [stated[column] for column in columns]
        once = _digest(claim.payer_claim_number)[0] % _ONE_TWICE_OF
        writer.writerows([row] if once else [row, row])
    return stream.getvalue().encode("utf-8-sig")


def bare(name: str) -> str:
    """A name's letters alone, without accents and case."""
    taken_apart = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in taken_apart if letter.isalpha()).casefold()


def _digest(number: str) -> bytes:
    return hashlib.sha256(number.encode()).digest()


def _money(value: Decimal | None) -> str:
    if value is None:
        return ""
    return f"(${-value:,.2f})" if value < 0 else f"${value:,.2f}"


def _day(value: date) -> str:
    return value.strftime("%m/%d/%Y")


def _is_rejected(claim: PayerClaim) -> bool:
    return claim.paid is None and claim.status.startswith(("Rejected", "Returned"))


_SITS: dict[str, Callable[[PayerClaim], bool]] = {
    ALL: lambda _: True,
    DENIED: lambda claim: claim.paid == 0 and claim.patient_responsibility == 0,
    REJECTED: _is_rejected,
    WARNINGS: lambda claim: bool(claim.status_note or claim.superseded_by),
    INCOMPLETE: lambda claim: claim.paid is None and not _is_rejected(claim),
}
_WORDS = {
    DENIED: "Denied - see payer codes",
    REJECTED: "Rejected by payer",
    WARNINGS: "Needs attention",
    INCOMPLETE: "Awaiting payer",
}
_COLUMNS = (
    "Claim Number",
    "Patient Account",
    "Patient Name",
    "Payer",
    "Service From",
    "Service To",
    "Billed Amount",
    "Paid Amount",
    "Claim Status",
    "Last Update",
)


def _named(payer: Payer, outages: Iterable[tuple[str, date]]) -> Iterable[tuple[str, date]]:
    """Each outage by the last names that are filtered for when it is met."""
    names: dict[str, set[str]] = {}
    for billed in payer.billed:
        names.setdefault(billed.patient.member_id, set()).add(billed.patient.last)
    for member_id, numbers in payer.by_member.items():
        held = {payer.by_number[number].patient.last for number in numbers}
        names.setdefault(member_id, set()).update(held)
    for member_id, memberships in payer.members.items():
        names.setdefault(member_id, set()).update(one.person.last for one in memberships)
    for member_id, day in outages:
        for name in names.get(member_id, ()):
            yield name, day


def _met(outages: Iterable[tuple[str, date]], filters: Filters) -> Iterable[tuple[str, date]]:
    if filters.first_day is None or filters.last_day is None:
        return
    wanted = bare(filters.last_name)
    for name, day in outages:
        if name.startswith(wanted) and filters.first_day <= day <= filters.last_day:
            yield name, day
