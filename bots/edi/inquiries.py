"""Claims become a 276 and visits a 270: what a payer is asked, each under its own trace number."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby

from billing.coverage import Visit
from billing.errors import BadInput
from billing.model import Claim
from bots.edi.envelope import Kind, Parties, Segment, day, interchange, number

CLAIM_STATUS = Kind("276", "HR", "005010X212")
ELIGIBILITY = Kind("270", "HS", "005010X279A1")
TRACE_LENGTH = 20
LONGEST_LAST, LONGEST_FIRST, LONGEST_PAYER = 60, 35, 60
"""So many characters NM103 and NM104 take; what is longer is cut."""

LETTERS = str.maketrans("łŁøØđĐðÐ\u2018\u2019\u2010\u2013", "lLoOdDdD''--") | {
    ord("ß"): "ss",
    ord("æ"): "ae",
    ord("Æ"): "AE",
    ord("œ"): "oe",
    ord("Œ"): "OE",
}
"""Those that X12's character set lacks and that are no letter with an accent."""


def trace_number(asked: Claim | Visit) -> str:
    """What the payer returns with its answer (TRN02): the same for the same question, and telling
    nobody who is asked about."""
    said: tuple[object, ...]
    if isinstance(asked, Claim):
        said = (asked.claim_id, asked.member_id, asked.service_from, asked.billed)
    else:
        said = (asked.member_id, asked.date_of_birth, asked.day, asked.service_type)
    digest = hashlib.sha256(repr((asked.payer, *map(str, said))).encode())
    return digest.hexdigest()[:TRACE_LENGTH].upper()


def claim_status_inquiry(claims: Iterable[Claim], parties: Parties, at: datetime) -> bytes:
    """A 276 (005010X212) that asks about ``claims``, a transaction for each payer.

    Raises BadInput when a claim's payer has no number in ``parties``.
    """
    bodies: list[Sequence[Segment]] = []
    for payer, of_payer in groupby(sorted(claims, key=_payer), key=_payer):
        listed = list(of_payer)
        head = ("BHT", "0010", "13", _reference(at, len(bodies)), day(at), f"{at:%H%M}")
        body = _upper_levels(head, listed[0].payer_name, _number_of(payer, parties), parties)
        body[4:5] = [("NM1", "41", "2", parties.submitter, "", "", "", "", "46", parties.sender)]
        provider = ("NM1", "1P", "2", parties.provider, "", "", "", "", "XX", parties.npi)
        body += [("HL", "3", "2", "19", "1"), provider]
        for level, claim in enumerate(listed, start=4):
            body += _about_claim(claim, level)
        bodies.append(body)
    return interchange(CLAIM_STATUS, bodies, parties, at)


def eligibility_inquiry(visits: Iterable[Visit], parties: Parties, at: datetime) -> bytes:
    """A 270 (005010X279A1) that asks about the cover of ``visits``, a transaction for each payer.

    Raises BadInput when a visit's payer has no number in ``parties``.
    """
    bodies: list[Sequence[Segment]] = []
    for payer, of_payer in groupby(sorted(visits, key=_payer), key=_payer):
        listed = list(of_payer)
        head = ("BHT", "0022", "13", _reference(at, len(bodies)), day(at), f"{at:%H%M}")
        body = _upper_levels(head, listed[0].payer_name, _number_of(payer, parties), parties)
        origin = f"9{parties.sender[:9]:0<9}"
        for level, visit in enumerate(listed, start=3):
            body += [
                ("HL", str(level), "2", "22", "0"),
                ("TRN", "1", trace_number(visit), origin),
                _person("IL", visit),
                ("DMG", "D8", day(visit.date_of_birth)),
                ("DTP", "291", "D8", day(visit.day)),
                ("EQ", visit.service_type),
            ]
        bodies.append(body)
    return interchange(ELIGIBILITY, bodies, parties, at)


def _upper_levels(
    head: Segment, payer_name: str, payer_number: str, parties: Parties
) -> list[Segment]:
    """The head, the payer and who asks."""
    return [
        head,
        ("HL", "1", "", "20", "1"),
        ("NM1", "PR", "2", payer_name[:LONGEST_PAYER], "", "", "", "", "PI", payer_number),
        ("HL", "2", "1", "21", "1"),
        ("NM1", "1P", "2", parties.provider, "", "", "", "", "XX", parties.npi),
    ]


def _about_claim(claim: Claim, level: int) -> Sequence[Segment]:
    born: list[Segment] = []
    if claim.date_of_birth is not None:
        born = [("DMG", "D8", day(claim.date_of_birth))]
    known: list[Segment] = []
    if claim.payer_claim_number:
        known = [("REF", "1K", claim.payer_claim_number)]
    days = f"{day(claim.service_from)}-{day(claim.service_to)}"
    return [
        ("HL", str(level), "3", "22", "0"),
        *born,
        _person("IL", claim),
        ("TRN", "1", trace_number(claim)),
        *known,
        ("REF", "EJ", claim.claim_id),
        ("AMT", "T3", number(claim.billed)),
        ("DTP", "472", "RD8", days),
    ]


def _person(entity: str, asked: Claim | Visit) -> Segment:
    last, first = _plain(asked.patient_last), _plain(asked.patient_first)
    names = last[:LONGEST_LAST].rstrip(), first[:LONGEST_FIRST].rstrip()
    return ("NM1", entity, "1", *names, "", "", "", "MI", asked.member_id)


def _plain(name: str) -> str:
    """The name without accents, as far as X12's character set can say it."""
    spread = unicodedata.normalize("NFKD", name.translate(LETTERS))
    return "".join(letter for letter in spread if not unicodedata.combining(letter))


def _reference(at: datetime, position: int) -> str:
    return f"{at:%Y%m%d%H%M%S}{position:03d}"


def _payer(asked: Claim | Visit) -> str:
    return asked.payer or ""


def _number_of(payer: str, parties: Parties) -> str:
    number = parties.payers.get(payer)
    if number is None:
        raise BadInput(
            f"No number of the payer {payer or 'without profile'!r} at the clearinghouse: add it "
            "under [edi_payers] in the settings, or leave its rows out with --payer"
        )
    return number
