"""The books of the simulated payers and of the practice that bills them, made from a seed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random

from sandbox.adjudication import dollars
from sandbox.cover import make_members
from sandbox.drafts import Bill, Draft
from sandbox.mix import Kind, mix
from sandbox.payers import CHOSEN, STYLES
from sandbox.payments import Payee, make_payments
from sandbox.people import MemberIds, make_family, make_person
from sandbox.stories import Household, add_history, add_same_day, tell
from sandbox.truth import expect
from sandbox.world import BilledClaim, Payer, World

PRACTICE = "Larkspur Family Medicine PLLC"
# None of these can be real: the check digits are wrong, and no employer number begins with 00.
PRACTICE_NPI = "1234567890"
PRACTICE_TIN = "00-1234567"
RENDERING = (
    ("Castellane, Imogen MD", "1098765430"),
    ("Okonkwo, Thaddeus DO", "1357924680"),
    ("Lindqvist, Marguerite NP", "1246813570"),
)
SILENT_ONE_IN = 40  # members whose eligibility is not to be had, and as many not at once
SILENT_FROM = 20  # claims on there is one of each at least
MOST_ROWS = 12  # the most claims that one member's search ever lists


@dataclass(frozen=True, slots=True)
class _Story:
    kind: Kind
    bill: Bill
    drafts: list[Draft]


def make_world(seed: int, claims: int, as_of: date, payers: Sequence[str] = CHOSEN) -> World:
    """The books of ``payers`` with ``claims`` billed claims each, as they stand on ``as_of``.

    The same arguments always make the same world, and a payer's books are the same in whatever
    company. ``claims`` is 1 at least. Raises ValueError for an id that is no simulated payer's.
    """
    if claims < 1:
        raise ValueError("a world needs at least one claim")
    if unknown := [payer_id for payer_id in payers if payer_id not in STYLES]:
        raise ValueError(
            f"no simulated payer is called {unknown[0]}; there are {', '.join(STYLES)}"
        )
    return World(
        seed,
        claims,
        as_of,
        tuple(
            _make_payer(f"{seed}/{claims}/{as_of}/{payer_id}", payer_id, claims, as_of)
            for payer_id in payers
        ),
    )


def _make_payer(seed: str, payer_id: str, claims: int, as_of: date) -> Payer:
    random = Random(seed)
    style = STYLES[payer_id]
    kinds = [style.instead.get(kind, kind) for kind in mix(claims)]
    random.shuffle(kinds)
    stories: list[_Story] = []
    bills: list[Bill] = []
    drafts: list[Draft] = []
    for household, told in _households(random, payer_id, kinds, as_of):
        stories += told
        bills += household.bills
        drafts += household.drafts
    _number_bills(random, payer_id, bills)
    _number_drafts(random, payer_id, drafts)
    listed = [d for d in drafts if style.lists_reversed or d.corrected_by is None]
    payee = Payee(payer_id, style.name, PRACTICE, PRACTICE_NPI)
    remittances = make_payments(random, payee, drafts)
    stories.sort(key=lambda story: story.bill.claim_id)
    enrolment = Random(f"{seed}/members")  # its own, so that the claims do not depend on it
    served = [(bill.patient, day) for bill in bills for day in (bill.first_day, bill.last_day)]
    members = make_members(enrolment, payer_id, served, claims, as_of)
    fewest = 1 if claims >= SILENT_FROM else 0
    count = max(len(members) // SILENT_ONE_IN, fewest)
    silent = enrolment.sample(list(members), count * 2)
    return Payer(
        payer_id,
        payee.payer_name,
        tuple(_billed(random, payee, story) for story in stories),
        {draft.number: draft.freeze() for draft in drafts},
        _by_member(listed),
        remittances,
        _outages(stories, Kind.DOWN),
        _outages(stories, Kind.DOWN_ONCE),
        members,
        frozenset(silent[::2]),
        frozenset(silent[1::2]),
    )


def _households(
    random: Random, payer_id: str, kinds: list[Kind], as_of: date
) -> Iterator[tuple[Household, list[_Story]]]:
    """Households with one to four billed claims, and with claims from before.

    A claim that the payer's system cannot answer for has a household to itself, lest the outage
    hide other claims.
    """
    ids = MemberIds(random, payer_id)
    alone = {Kind.DOWN, Kind.DOWN_ONCE}
    todo = [kind for kind in kinds if kind not in alone]
    groups = [[kind] for kind in kinds if kind in alone]
    while todo:
        size = random.choices((1, 2, 3, 4), (45, 30, 15, 10))[0]
        groups.append(todo[-size:])
        del todo[-size:]
    for place, group in enumerate(groups):
        household = _household(random, payer_id, ids, as_of)
        busy = place % 15 == 3 and group[0] not in alone
        told = []
        for number, kind in enumerate(group):
            before = len(household.drafts)
            days = random.randint(21, 28) if busy and not number else _days(random)
            bill = tell(household, kind, days)
            told.append(_Story(kind, bill, household.drafts[before:]))
        if group[0] not in alone:
            _add_more(random, household, told, busy=busy)
        yield household, told


def _household(random: Random, payer_id: str, ids: MemberIds, as_of: date) -> Household:
    member_id = ids.next()
    style = STYLES[payer_id]
    if style.public:
        people = [make_person(random, member_id, as_of, style.youngest)]
    else:
        size = random.choices((1, 2, 3, 4), (35, 30, 20, 15))[0]
        people = make_family(random, member_id, size, as_of)
    return Household(random, payer_id, as_of, people, ids)


def _days(random: Random) -> int:
    return random.randint(2, 7) if random.random() < 0.08 else 1


def _add_more(random: Random, household: Household, told: list[_Story], *, busy: bool) -> None:
    """Claims that are not in the export, so that a search lists more than the one asked for."""
    held = next((story for story in told if story.drafts), None)
    if held and held.kind is not Kind.WRONG_PATIENT and random.random() < 0.12:
        add_same_day(household, held.bill)
    more = random.choices((0, 1, 2, 3), (50, 25, 15, 10))[0]
    around = None
    if busy and (household.as_of - told[0].bill.last_day).days >= 62:
        more, around = random.randint(6, 11), told[0].bill
    for _ in range(min(more, MOST_ROWS - len(household.drafts))):
        add_history(household, around)


def _number_bills(random: Random, payer_id: str, bills: list[Bill]) -> None:
    """Patient control numbers, in the order of submission."""
    number = random.randint(1_000, 20_000)
    for bill in sorted(bills, key=lambda one: (one.submitted, one.first_day)):
        number += random.randint(1, 3)
        bill.claim_id = STYLES[payer_id].claim_id.format(number)


def _number_drafts(random: Random, payer_id: str, drafts: list[Draft]) -> None:
    """Payer claim numbers, in the order of receipt."""
    start = random.randint(1_000, 50_000)
    for place, draft in enumerate(sorted(drafts, key=lambda one: one.received), start):
        draft.number = STYLES[payer_id].claim_number(
            random, draft.received, place, corrected=draft.corrects is not None
        )


def _billed(random: Random, payee: Payee, story: _Story) -> BilledClaim:
    bill = story.bill
    name, npi = random.choice(RENDERING)
    collected = 0  # at the desk, on the day of the visit
    if random.random() < 0.12:
        half = int(bill.charge.scaleb(2)) // 2
        collected = min(random.choice((1_000, 1_500, 2_500, 4_000)), half)
    return BilledClaim(
        bill.claim_id,
        payee.payer_id,
        payee.payer_name,
        bill.patient,
        bill.first_day,
        bill.last_day,
        bill.charge,
        bill.charge - dollars(collected),
        name,
        npi,
        PRACTICE_TIN,
        bill.submitted,
        bill.last_billed,
        expect(story.kind, story.drafts),
    )


def _by_member(drafts: list[Draft]) -> dict[str, tuple[str, ...]]:
    """Payer claim numbers by the member id that finds them, newest service first."""
    listed: dict[str, list[Draft]] = defaultdict(list)
    for draft in drafts:
        for member_id in {draft.member_id, draft.bill.patient.member_id}:
            listed[member_id].append(draft)
    return {
        member_id: tuple(
            draft.number
            for draft in sorted(
                held, key=lambda one: (one.bill.first_day, one.received), reverse=True
            )
        )
        for member_id, held in listed.items()
    }


def _outages(stories: list[_Story], kind: Kind) -> frozenset[tuple[str, date]]:
    return frozenset(
        (story.bill.patient.member_id, story.bill.first_day)
        for story in stories
        if story.kind is kind
    )
