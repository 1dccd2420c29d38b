"""The simulated payers, and wherein each differs from the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Protocol

from sandbox import numbering
from sandbox.mix import Kind

# why a line is denied: group, CARC, remark codes that come with it
Denial = tuple[str, str, tuple[str, ...]]
DUPLICATE: Denial = ("CO", "18", ("N522",))
LATE: Denial = ("CO", "29", ())


@dataclass(frozen=True, slots=True)
class Words:
    """One payer's words for the states of a claim; ``requested`` is a pending one that asks."""

    paid: str
    denied: str
    processed: str
    partly: str
    reversed: str
    adjusted: str
    rejected: str
    pending: tuple[str, ...]
    requested: str = ""


class ClaimNumber(Protocol):
    """Makes the payer's number of one claim; ``place`` counts the claims by receipt."""

    def __call__(
        self, random: Random, received: date, place: int, /, *, corrected: bool
    ) -> str: ...


@dataclass(frozen=True, slots=True)
class Style:
    """One payer's ways.

    A ``public`` programme gives everyone an id, pays on Fridays and prints a remittance advice in
    sections, and the biller keeps its claims in a workbook; a plan gives a family one id, pays
    within days and explains its payments, and the biller keeps its claims in a CSV file.

    ``rates`` are the least and the most that is allowed, in per cent of the charge. ``claim_id``
    formats the biller's running number. ``instead`` replaces kinds of claims which the payer's
    words cannot say, and ``lists_reversed`` is whether a search lists a claim that another has
    replaced. The payments are numbered from ``first_eft`` and ``first_check``. ``youngest`` is the
    age in years from which a programme insures.
    """

    name: str
    public: bool
    words: Words
    denials: tuple[Denial, ...]
    rates: tuple[int, int]
    claim_id: str
    claim_number: ClaimNumber
    member_id: Callable[[Random], str]
    first_eft: int
    first_check: int
    instead: Mapping[Kind, Kind] = field(default_factory=dict)
    lists_reversed: bool = True
    youngest: int = 4


_FEW_DENIALS: tuple[Denial, ...] = (
    ("CO", "16", ("M51",)),
    ("CO", "16", ("N382",)),
    ("CO", "97", ("N390",)),
    ("CO", "50", ("N115",)),
    ("CO", "197", ()),
    DUPLICATE,
    ("PR", "204", ("N130",)),
    ("CO", "96", ("N130",)),
)
_DENIALS: tuple[Denial, ...] = (
    *_FEW_DENIALS[:2],
    ("CO", "16", ("MA130", "N382")),
    *_FEW_DENIALS[2:],
    LATE,
)
COMMERCIAL, MEDICAID = "juniper-ridge", "franklin-medicaid"
STYLES = {
    COMMERCIAL: Style(
        name="Juniper Ridge Health Plan",
        public=False,
        words=Words(
            paid="Paid",
            denied="Denied",
            processed="Processed",
            partly="Partially paid",
            reversed="Reversed",
            adjusted="Adjusted - paid",
            rejected="Rejected - returned to submitter",
            pending=("In process", "In review", "Additional information requested"),
            requested="Additional information requested",
        ),
        denials=_DENIALS,
        rates=(45, 96),
        claim_id="{:08d}",
        claim_number=numbering.plan_claim,
        member_id=numbering.plan_member,
        first_eft=3_107,
        first_check=410_023,
    ),
    MEDICAID: Style(
        name="Franklin State Medicaid Program",
        public=True,
        words=Words(
            paid="Processed",
            denied="Denied",
            processed="Processed",
            partly="Processed",
            reversed="Void",
            adjusted="Adjusted",
            rejected="Returned to Provider",
            pending=("Suspended", "In Process"),
        ),
        denials=_FEW_DENIALS,
        rates=(28, 72),
        claim_id="ENC{:07d}",
        claim_number=numbering.program_claim,
        member_id=numbering.program_member,
        first_eft=4_500_117,
        first_check=4_500_117,
    ),
    "blue-mesa": Style(
        name="Blue Mesa Health Plan",
        public=False,
        words=Words(
            paid="Finalized - Paid",
            denied="Finalized - Denied",
            processed="Finalized",
            partly="Finalized - Paid in part",
            reversed="Finalized - Voided",
            adjusted="Finalized - Adjusted payment",
            rejected="Rejected by payer",
            pending=("Pending - In adjudication", "Pending - Records requested"),
            requested="Pending - Records requested",
        ),
        denials=_DENIALS,
        rates=(52, 98),
        claim_id="4{:07d}",
        claim_number=numbering.mesa_claim,
        member_id=numbering.mesa_member,
        first_eft=40_211,
        first_check=520_004,
    ),
    "tri-rivers": Style(
        name="Tri-Rivers Medicare Services",
        public=True,
        words=Words(
            paid="Processed",
            denied="Processed",
            processed="Processed",
            partly="Processed",
            reversed="Processed",
            adjusted="Processed",
            rejected="Processed",
            pending=("Pending",),
        ),
        denials=_FEW_DENIALS,
        rates=(38, 80),
        claim_id="ENC4{:06d}",
        claim_number=numbering.medicare_claim,
        member_id=numbering.medicare_member,
        first_eft=880_600_031,
        first_check=880_600_031,
        instead={Kind.REJECTED: Kind.DENIED_SILENT},
        lists_reversed=False,
        youngest=66,
    ),
    "copper-line": Style(
        name="Copper Line Mutual",
        public=False,
        words=Words(
            paid="Paid by payer",
            denied="Denied by payer",
            processed="Closed",
            partly="Part paid",
            reversed="Taken back",
            adjusted="Adjusted by payer",
            rejected="Returned unprocessed",
            pending=("At payer", "Under review", "Information requested"),
            requested="Information requested",
        ),
        denials=_DENIALS,
        rates=(40, 90),
        claim_id="7{:07d}",
        claim_number=numbering.copper_claim,
        member_id=numbering.copper_member,
        first_eft=71_560,
        first_check=630_017,
    ),
}
CHOSEN = (COMMERCIAL, MEDICAID)  # the payers of a world for which none were chosen
