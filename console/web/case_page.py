"""Everything that a case's page shows, read from the ledger once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from billing.cases import Case, CaseDeed, CaseState
from billing.errors import BadInput
from billing.ledger.case_history import Asked
from billing.model import Claim, Observation, Outcome
from billing.people import Person, Role
from billing.priority import expected, explain_priority
from billing.received_payments import Received
from billing.reconcile.rules import RULES, FindingRule
from console.appeal import denied, exhibits_of
from console.web.case_bank import Bank
from console.web.case_channels import Column, Row, columns, rows, unasked
from console.web.case_evidence import Drawn, Gallery, Sheet, is_stranger, sheets_of, spot_key
from console.web.case_figures import Correction, is_struck, standing
from console.web.case_papers import Paper, numbers_of, papers_of
from console.web.case_postings import Proposal, held_sentences, proposals
from console.web.case_timeline import Event, timeline
from console.web.desk import Desk
from console.words import why_a_person

MOST_SHEETS = 12
"""Pages of evidence that a case shows."""
SNOOZED_DAYS = 7
"""What the form of snoozing proposes."""

_bank = Bank()
_gallery = Gallery()
_RULES: Mapping[str, FindingRule] = {rule.id: rule for rule in RULES}


@dataclass(frozen=True)
class CaseFile:
    """One case with all that is known of it; each part is read when it is asked for."""

    desk: Desk
    case: Case

    @property
    def claim(self) -> Claim:
        """The claim as the newest sweep's export has it."""
        return self.case.result.claim

    @cached_property
    def asked(self) -> tuple[Asked, ...]:
        """What every sweep did about it."""
        return self.desk.ledger.asked(self.case.case_id)

    @cached_property
    def observations(self) -> tuple[Observation, ...]:
        """What the newest sweep that asked about it observed."""
        return next((one.observations for one in reversed(self.asked) if one.observations), ())

    @cached_property
    def every_observation(self) -> tuple[Observation, ...]:
        """What all sweeps observed."""
        return tuple(each for one in self.asked for each in one.observations)

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        """What the payer has called the claim."""
        return numbers_of(self.claim, self.asked)

    @cached_property
    def received(self) -> tuple[Received, ...]:
        """The payments with the claim on them."""
        return self.desk.ledger.payments_of_claim(self.claim, self.numbers)

    @cached_property
    def papers(self) -> tuple[Paper, ...]:
        """The remittances with the claim on them."""
        return papers_of(self.claim, self.numbers, self.every_observation, self.received)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Each channel's word."""
        deposits = _bank.became(self.desk.ledger, self.received)
        said = self.case.result.conclusion
        return columns(self.claim, said, self.observations, self.papers, deposits)

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The figures side by side."""
        return rows(self.columns, self.corrections)

    @cached_property
    def silent(self) -> tuple[tuple[str, str], ...]:
        """Channels that say nothing, and why."""
        given = bool(self.desk.ledger.bank_files())
        return unasked(self.columns, self.case.result.conclusion, bank=given)

    @cached_property
    def deeds(self) -> tuple[CaseDeed, ...]:
        """What was done about it."""
        return self.desk.ledger.case_deeds(self.case.case_id)

    @cached_property
    def corrections(self) -> dict[str, tuple[Correction, ...]]:
        """What people say figures are instead."""
        return standing(self.deeds)

    @cached_property
    def people(self) -> tuple[Person, ...]:
        """Everybody at the console."""
        return tuple(self.desk.ledger.people())

    @property
    def names(self) -> dict[str, str]:
        """People's names by their ids."""
        return {one.user_id: one.name for one in self.people}

    @property
    def hands(self) -> tuple[Person, ...]:
        """Whom the case may be given to."""
        return tuple(one for one in self.people if one.active and one.role >= Role.BILLER)

    @property
    def events(self) -> tuple[Event, ...]:
        """Its past."""
        return timeline(self.asked, self.deeds, self.names)

    @cached_property
    def proposals(self) -> tuple[Proposal, ...]:
        """What is proposed to post."""
        return proposals(self.claim, self.desk.ledger.postings_of_case(self.case.case_id))

    @property
    def held(self) -> tuple[tuple[object, str], ...]:
        """What is held back, and why."""
        found = self.desk.ledger.held_of_case(self.case.case_id, self.numbers)
        return held_sentences([one for one in found if not one.already])

    @property
    def rule(self) -> FindingRule | None:
        """The rule of the finding; None for one of before there were rules."""
        return _RULES.get(self.case.result.conclusion.finding.rule)

    @property
    def why_a_person(self) -> str:
        """Why no program goes on alone; empty where none is needed."""
        return why_a_person(self.case.result)

    @property
    def priority(self) -> str:
        """What the priority is made of."""
        return explain_priority(self.case.result, self.desk.today())

    @property
    def expected(self) -> object:
        """At stake times chance, in dollars."""
        return expected(self.case.result.conclusion.finding)

    @property
    def waits(self) -> bool:
        """Whether it waits for a person."""
        return self.case.state in (CaseState.OPEN, CaseState.SNOOZED)

    @property
    def snooze_until(self) -> str:
        """The day that is proposed."""
        return (self.desk.today() + timedelta(days=SNOOZED_DAYS)).isoformat()

    @property
    def tomorrow(self) -> str:
        """The first day until which a case can be snoozed."""
        return (self.desk.today() + timedelta(days=1)).isoformat()

    @property
    def appealable(self) -> bool:
        """Whether there is a denial with evidence to appeal."""
        result = self.case.result
        if result.conclusion.outcome not in (Outcome.DENIED, Outcome.PARTLY_PAID):
            return False
        try:
            exhibits_of(denied(result, self.desk.ledger.observations(result.item_id)))
        except BadInput:
            return False
        return True

    @cached_property
    def sheets(self) -> tuple[Sheet, ...]:
        """The pages that it rests on, as many as are shown."""
        return self._every_sheet[:MOST_SHEETS]

    @property
    def more_sheets(self) -> int:
        """How many pages more it rests on."""
        return len(self._every_sheet) - len(self.sheets)

    @cached_property
    def _every_sheet(self) -> tuple[Sheet, ...]:
        kind = self.desk.ledger.media_type
        return sheets_of(self.claim, self.every_observation, self.papers, kind)

    @property
    def quarantined(self) -> bool:
        """Whether an answer was about another patient."""
        return any(is_stranger(one) for one in self.every_observation)

    def drawn(self, side: str) -> tuple[Drawn, ...]:
        """The pages of one side, with their sizes."""
        return tuple(self._look(one)[0] for one in self.sheets if one.side == side)

    def picture(self, sha256: str, page: int | None) -> bytes:
        """The PNG of a page of this case. Raises BadInput when it is none of this case, or cannot
        be shown."""
        for one in self.sheets:
            if (one.sha256, one.page) == (sha256, page):
                drawn, data = self._look(one)
                if drawn.why_not:
                    raise BadInput(drawn.why_not)
                return data
        raise BadInput("This case has no such evidence")

    def _look(self, sheet: Sheet) -> tuple[Drawn, bytes]:
        return _gallery.look(self.desk.ledger, self.claim, self.papers, sheet)

    def spots(self, row: Row, column: int) -> str:
        """The boxes that a value of the table lights: its own; what was concluded lights those of
        every channel that says so."""
        cell = row.cells[column]
        if cell is None:
            return ""
        alike: Sequence[object] = [cell.place]
        if self.columns[column].source == "concluded":
            alike = [one.place for one in row.cells if one and one.value == cell.value]
        found = (spot_key(place) for place in alike)  # type: ignore[arg-type]
        return " ".join(dict.fromkeys(key for key in found if key))

    @cached_property
    def struck_spots(self) -> frozenset[str]:
        """The boxes around values in whose place a person put others."""
        return frozenset(
            key
            for row in self.rows
            for at in range(len(row.cells))
            if self.struck(row, at)
            for key in self.spots(row, at).split()
        )

    def struck(self, row: Row, column: int) -> bool:
        """Whether a person put another value in the place of this one."""
        cell = row.cells[column]
        return cell is not None and is_struck(row.name, cell.value, self.corrections)
