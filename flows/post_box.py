"""Claims are asked about through a clearinghouse's folders: inquiries go out, answers come in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from billing.coverage import Coverage, CoverageObservation, Visit
from billing.eligibility import conclude_visit, same_person
from billing.errors import BadInput
from billing.identity import Verdict, judge, same_id
from billing.ledger import Ledger, VisitItem, WorkItem, owner_name
from billing.model import (
    Answer,
    Channel,
    Claim,
    ClaimStatus,
    Evidence,
    Found,
    NoAnswer,
    NotFound,
    Observation,
    Reason,
)
from billing.recheck import Stays
from billing.reconcile import conclude, propose_postings
from bots.edi.envelope import Parties
from bots.edi.inquiries import claim_status_inquiry, eligibility_inquiry, trace_number
from bots.file_bytes import read_file
from bots.profile import Profile, load_profiles, spellings
from bots.reading.x12_coverage import ReportedCover
from bots.reading.x12_status import ReportedStatus
from console.swept import sweep_report
from flows.account import eob_observation
from flows.account_session import LEASE_SECONDS
from flows.background import background, keep_fees
from flows.edi_files import parties
from flows.inbox import Inbox, Refusal, read_inbox, refusals
from flows.intake import begin, name_run, take_in
from flows.outputs import write_outputs, write_whole
from flows.run import Checked, Swept
from flows.schedule import begin_schedule, eligibility_report, take_in_schedule, write_eligibility
from flows.settings import Settings

Item = TypeVar("Item", WorkItem, VisitItem)

ASKED_DAYS = 7
"""For so many days the answers to an inquiry are waited for; then the same file asks anew."""

IDENTIFIERS = ("member_id", "service_from", "billed")
"""What a 277 returns of a claim; all three must agree."""

OF_PERSONS = ("member_id", "date_of_birth", "patient_last", "patient_first")
"""What a 271 returns of a person; as many must agree as on a portal's page."""

NOT_YET = NoAnswer(Reason.UNREACHABLE, "The clearinghouse has not answered yet.")


@dataclass(frozen=True, slots=True)
class _Desk:
    """What a question needs, whatever it is about: who asks, since when, and where all is kept."""

    settings: Settings
    outbox: Path
    inbox: Path
    started: datetime
    profiles: Mapping[str, Profile]
    ledger: Ledger
    who: Parties

    @property
    def today(self) -> date:
        return self.started.astimezone(self.settings.time_zone).date()

    def ask(
        self, kind: str, number: str, hashes: Sequence[str], write: Callable[[datetime], bytes]
    ) -> str:
        """The sweep that asks about the files of these hashes, its inquiry sent once."""
        sweep_id, asked = _name(self.ledger, kind, hashes, self.today)
        if not asked:
            data = write(self.started.astimezone(self.settings.time_zone))
            _send(self.settings, self.outbox, f"{sweep_id}.{number}", data)
        return sweep_id

    def answers(self, sweep_id: str, number: str) -> tuple[Inbox, Mapping[str, Refusal]]:
        """What has come, and which of the sweep's questions were refused; all are open again."""
        self.ledger.reopen_unanswered(sweep_id)
        found = read_inbox(self.ledger, self.inbox, spellings(self.profiles), sweep_id)
        sent = read_file(_sent(self.settings, f"{sweep_id}.{number}"))
        return found, refusals(sent, found)

    def leased(self, lease: Callable[..., Item | None], sweep_id: str) -> Iterator[Item]:
        """Every question of the sweep that is open, leased one by one."""
        owner = owner_name()
        for payer in self.ledger.pending_payers(sweep_id):
            while item := lease(sweep_id, str(payer), owner, seconds=LEASE_SECONDS):
                yield item

    def seconds(self) -> float:
        return (datetime.now(UTC) - self.started).total_seconds()


def _open(settings: Settings, outbox: Path, inbox: Path) -> _Desk:
    started = datetime.now(UTC)
    profiles, ledger = load_profiles(settings.profiles), settings.open_ledger()
    return _Desk(settings, outbox, inbox, started, profiles, ledger, parties(settings))


def ask_by_folder(
    settings: Settings, exports: list[Path], *, outbox: Path, inbox: Path, out: Path | None
) -> tuple[Swept, Sequence[str]]:
    """Write the inquiries of ``exports`` once, settle every claim by the answers that are there.

    Only claims of payers with a number in [edi_payers] take part. The same call again reads what
    has come since. Raises BadInput when a folder, a file or the settings cannot be used.
    """
    desk = _open(settings, outbox, inbox)
    ledger, who, profiles, today = desk.ledger, desk.who, desk.profiles, desk.today
    taken = take_in(ledger, exports, profiles, own=settings.own_systems)
    intake = replace(taken, claims=tuple(c for c in taken.claims if c.payer in who.payers))
    if not intake.claims:
        raise BadInput("No claim is of a payer with a number in [edi_payers]; add one")
    hashes = [reading.sha256 for reading in intake.readings]
    sweep_id = desk.ask(
        "post-box", "276", hashes, lambda at: claim_status_inquiry(intake.claims, who, at)
    )
    start = begin(ledger, sweep_id, intake, today)
    found, refused = desk.answers(sweep_id, "276")
    stays = {}
    for payer in {str(claim.payer) for claim in intake.claims}:
        keep_fees(ledger, profiles[payer])
        stays[payer] = ledger.stays(payer)
    for item in desk.leased(ledger.lease_item, sweep_id):
        profile = profiles[str(item.claim.payer)]
        _settle(ledger, item, found, refused, profile, today, stays[profile.id])
    ledger.finish_sweep(sweep_id, datetime.now(UTC))
    report = sweep_report(ledger, sweep_id, profiles)
    files = write_outputs(
        ledger, report, profiles, out or settings.artifacts / sweep_id, settings.own_systems
    )
    return Swept(report, files, desk.seconds(), start.resumed), found.sentences


def ask_visits_by_folder(
    settings: Settings, schedule: Path, *, outbox: Path, inbox: Path, out: Path | None
) -> tuple[Checked, Sequence[str]]:
    """As :func:`ask_by_folder`, about the cover of the visits of ``schedule`` (270, 271)."""
    desk = _open(settings, outbox, inbox)
    ledger, who, profiles = desk.ledger, desk.who, desk.profiles
    taken = take_in_schedule(
        ledger, schedule, profiles, own=settings.own_systems, payer=None, limit=None
    )
    intake = replace(taken, visits=tuple(v for v in taken.visits if v.payer in who.payers))
    if not intake.visits:
        raise BadInput("No visit is of a payer with a number in [edi_payers]; add one")
    hashes = [intake.reading.sha256]
    sweep_id = desk.ask(
        "eligibility-post-box",
        "270",
        hashes,
        lambda at: eligibility_inquiry(intake.visits, who, at),
    )
    start = begin_schedule(ledger, sweep_id, intake, desk.today)
    found, refused = desk.answers(sweep_id, "270")
    for item in desk.leased(ledger.lease_visit, sweep_id):
        _settle_visit(ledger, item, found, refused)
    ledger.finish_sweep(sweep_id, datetime.now(UTC))
    report = eligibility_report(ledger, sweep_id, profiles)
    files = write_eligibility(
        ledger, report, profiles, out or settings.artifacts / sweep_id, settings.own_systems
    )
    return Checked(report, files, desk.seconds(), start.resumed), found.sentences


def settle_sent(settings: Settings, inbox: Path) -> int:
    """Settle, by the answers in ``inbox``, every inquiry of late that was not answered in full;
    how many inquiries that were."""
    ledger, settled = settings.open_ledger(), 0
    today = datetime.now(UTC).astimezone(settings.time_zone).date()
    recent = set(ledger.sweeps_since(today - timedelta(days=ASKED_DAYS)))
    waiting = [
        sent
        for sent in sorted((settings.home / "sent").glob("*.27[06]"))
        if sent.stem in recent
        and any(one.waiting or not one.answered for one in ledger.night(sent.stem).tallies)
    ]
    for sent in waiting:
        with TemporaryDirectory(dir=settings.home) as folder:
            files = []
            for one in ledger.sweep_exports(sent.stem):
                files.append(Path(folder) / one.name)
                files[-1].write_bytes(ledger.fetch(one.sha256))
            if sent.suffix == ".276":
                ask_by_folder(settings, files, outbox=sent.parent, inbox=inbox, out=None)
            else:
                ask_visits_by_folder(settings, files[0], outbox=sent.parent, inbox=inbox, out=None)
        settled += 1
    return settled


def answer(claim: Claim, reported: Sequence[ReportedStatus]) -> Answer[ClaimStatus]:
    """What answers under the claim's trace number say of it; a contradiction is no answer."""
    if len(reported) != 1:
        return _none_or_several(reported)
    (one,) = reported
    if one.claim_id is not None and same_id(claim.claim_id, one.claim_id) is False:
        return NoAnswer(Reason.NEEDS_PERSON, "The answer names another patient control number.")
    if not isinstance(one.answer, Found):
        return one.answer
    match judge(claim, one.status, IDENTIFIERS):
        case Verdict.SAME:
            return one.answer
        case Verdict.OTHER_PATIENT:
            return NoAnswer(Reason.WRONG_PATIENT, "The answer is about another patient's claim.")
        case Verdict.OTHER_CLAIM:
            return NoAnswer(
                Reason.NEEDS_PERSON, "The answer's service date or charge is another claim's."
            )
        case Verdict.UNSURE:
            return NoAnswer(
                Reason.NEEDS_PERSON, "The answer does not state what tells that it is our claim."
            )


def rejection(reported: Sequence[ReportedStatus]) -> Answer[ClaimStatus]:
    """What 277CAs that reject a claim say of it."""
    if not reported:
        return NOT_YET
    if len(reported) == 1 and reported[0].status.category is not None:
        return Found(reported[0].status)
    said = ", ".join(one.status.words for one in reported)
    return NoAnswer(
        Reason.NEEDS_PERSON, f"The claim was rejected on receipt (277CA: {said}): correct it."
    )


def cover(visit: Visit, reported: Sequence[ReportedCover]) -> Answer[Coverage]:
    """What answers under the visit's trace number say of its cover."""
    if len(reported) != 1:
        return _none_or_several(reported)
    said = reported[0].answer
    return same_person(visit, said.value, OF_PERSONS) if isinstance(said, Found) else said


def _none_or_several(reported: Sequence[object]) -> NoAnswer:
    if not reported:
        return NOT_YET
    return NoAnswer(
        Reason.SEVERAL_MATCHES,
        f"{len(reported)} different answers came under one trace number.",
    )


def _name(ledger: Ledger, kind: str, hashes: Sequence[str], today: date) -> tuple[str, bool]:
    """The sweep that asks about these files, and whether it has asked already."""
    name = f"{kind}-{name_run(hashes, today)}"
    same = name.removeprefix(f"{kind}-{today:%Y%m%d}")
    for earlier in ledger.sweeps_since(today - timedelta(days=ASKED_DAYS)):
        if earlier.startswith(f"{kind}-") and earlier.endswith(same):
            return earlier, True
    return name, False


def _settle(
    ledger: Ledger,
    item: WorkItem,
    found: Inbox,
    refused: Mapping[str, Refusal],
    profile: Profile,
    today: date,
    stays: Stays,
) -> None:
    claim, trace = item.claim, trace_number(item.claim)
    reported = found.statuses.get(trace, [])
    said = answer(claim, [one for one, _ in reported])
    if not reported:
        reported = [
            (one, sha256)
            for one, sha256 in found.rejections.get(claim.claim_id, [])
            if judge(claim, one.status, IDENTIFIERS) is Verdict.SAME  # numbers are used twice
        ]
        said = rejection([one for one, _ in reported])
    refusal = refused.get(trace)
    if refusal is not None and said == NOT_YET:
        said = refusal.answer
    places: Mapping[str, Evidence] = {}
    if isinstance(said, Found):
        ((one, sha256),) = reported
        places = {name: Evidence(sha256, where) for name, where in one.places.items()}
    now, rests_on = datetime.now(UTC), {sha256 for _, sha256 in reported}
    if refusal is not None and said == refusal.answer:
        rests_on.add(refusal.sha256)
    captures = tuple(sorted(rests_on))
    observations = [Observation(Channel.CLEARINGHOUSE, now, said, captures, places)]
    if isinstance(said, Found):
        number = said.value.payer_claim_number
        observations += [
            eob_observation(reading, sha256, claim=claim, payer_claim_number=number)
            for reading, sha256 in found.payments.get(number, ())
        ]
    beside = background(ledger, profile, item, observations, stays)
    if isinstance(said, NotFound):
        beside = replace(beside, accepted=found.accepted(claim))
    conclusion = conclude(claim, observations, profile.rules, today=today, beside=beside)
    ledger.settle(
        item.item_id,
        item.fence,
        observations=observations,
        conclusion=conclusion,
        postings=propose_postings(claim, observations, conclusion),
        seconds=Decimal(0),
        at=now,
    )


def _settle_visit(
    ledger: Ledger, item: VisitItem, found: Inbox, refused: Mapping[str, Refusal]
) -> None:
    visit, trace = item.visit, trace_number(item.visit)
    reported, refusal = found.covers.get(trace, []), refused.get(trace)
    captures = tuple(sorted({sha256 for _, sha256 in reported}))
    places: Mapping[str, Evidence] = {}
    if not reported and refusal is not None:
        said: Answer[Coverage] = refusal.answer
        captures = (refusal.sha256,)
    else:
        said = cover(visit, [one for one, _ in reported])
    if isinstance(said, Found):
        ((one, sha256),) = reported
        places = {name: Evidence(sha256, where) for name, where in one.places.items()}
    now = datetime.now(UTC)
    observation = CoverageObservation(now, said, captures, places)
    before = ledger.last_coverage(visit, now)
    ledger.settle_visit(
        item.item_id,
        item.fence,
        observation=observation,
        conclusion=conclude_visit(visit, observation, earlier=before),
        seconds=Decimal(0),
        at=now,
    )


def _send(settings: Settings, outbox: Path, name: str, data: bytes) -> None:
    """Put the inquiries where they are sent from; a copy says later what a receipt is about."""
    _put(_sent(settings, name), data)
    _put(outbox / name, data)


def _sent(settings: Settings, name: str) -> Path:
    return settings.home / "sent" / name


def _put(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, data)
    except OSError as error:
        raise BadInput(f"{path}: cannot be written ({error.strerror}); name the folder") from error
