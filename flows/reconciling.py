"""Remittances and the bank's files come in, are kept, and stand beside what portals said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from billing.agreement import Agreed
from billing.deposit_findings import MoneyFinding, money_findings
from billing.deposits import Deposit
from billing.errors import BadInput
from bots.bank.read import read_statement
from bots.exports.read import read_export
from bots.file_bytes import read_file
from bots.profile import load_profiles, spellings
from console.reconciliation import reconciliation_files
from flows.intake import media_type, name_run
from flows.money import read_money
from flows.outputs import write_whole
from flows.receiving import receive_file
from flows.settings import Settings


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What became of every payment, every bank line and every claim of the exports.

    ``findings`` are what that asks of people on the business day ``today``. ``unpaid`` counts
    claims of which no channel states a payment; ``repeats`` bank lines that an earlier file held
    too; ``sentences`` say what could not be used; ``files`` what was written.
    """

    deposits: tuple[Deposit, ...]
    claims: tuple[Agreed, ...]
    findings: tuple[MoneyFinding, ...]
    today: date
    unpaid: int
    repeats: int
    sentences: tuple[str, ...]
    files: Mapping[str, str]


def reconcile(
    settings: Settings,
    *,
    exports: Sequence[Path],
    remittances: Sequence[Path],
    deposits: Sequence[Path],
    out: Path | None,
) -> Reconciled:
    """Keep what the files state, match all payments ever received with all bank lines, and hold
    the claims of ``exports`` against them and against what the last sweeps observed.

    Raises BadInput when an export or a bank file cannot be used, before anything is kept.
    """
    now = datetime.now(UTC)
    today = now.astimezone(settings.time_zone).date()
    profiles, ledger = load_profiles(settings.profiles), settings.open_ledger()
    names, own = spellings(profiles), settings.own_systems
    claims = [
        claim
        for path in exports
        for claim in read_export(read_file(path), path.name, payer_ids=names, own=own).claims
    ]
    banks = [(path, read_file(path)) for path in deposits]
    given = [read_statement(data, path.name) for path, data in banks]
    papers = [(path, read_file(path)) for path in remittances]
    run = name_run([*(one.sha256 for one in given)], today, *map(str, (*remittances, *exports)))
    sentences: list[str] = []
    for path, data in banks:
        ledger.receive_bank_file(ledger.store(data, media_type(path)), path.name, now)
    for path, data in papers:
        sentences += receive_file(ledger, settings, profiles, data, path.name, run)
    money = read_money(ledger, claims)
    now_given = {statement.sha256 for statement in given}
    for statement in money.statements:
        if statement.sha256 not in now_given:
            continue  # it was told when it came
        sentences += statement.faults
        sentences += [
            f"{statement.name}, row {one.row}: {one.why}" for one in statement.refused if one.meant
        ]
    agreed = [said for claim in claims if (said := money.agreement(claim)) is not None]
    unpaid = len(claims) - len(agreed)
    folder = out or settings.artifacts / f"reconciliation-{run}"
    findings = money_findings(money.deposits, money.contested, today)
    made = reconciliation_files(
        money.deposits, agreed, money.statements, findings, run=run, created=now, today=today
    )
    files = _written(folder, made)
    return Reconciled(
        money.deposits,
        tuple(agreed),
        findings,
        today,
        unpaid,
        money.repeats,
        tuple(sentences),
        files,
    )


def _written(folder: Path, made: Mapping[str, tuple[str, bytes]]) -> dict[str, str]:
    """Write the files; what each is → its path. Raises BadInput when the folder cannot be."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, data in made.values():
            write_whole(folder / name, data)
    except OSError as error:
        raise BadInput(
            f"{folder}: the files cannot be written ({error.strerror}); name another by --out"
        ) from error
    return {what: str(folder / name) for what, (name, _) in made.items()}
