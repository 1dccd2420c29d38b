"""X12 files become JSON documents in the shape of EOB readings, in flat memory however long."""

from __future__ import annotations

import errno
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

from billing.acknowledgement import Acknowledgement
from billing.balance import claim_residuals, payment_residuals
from billing.coverage import Benefit, Coverage
from billing.errors import UnreadableDocument
from billing.model import Answer, Found, NoAnswer, NotFound
from billing.money import ZERO, dollars
from bots.reading.eob_json import claim_json, provider_adjustment_json, residual_json
from bots.reading.x12_acknowledgements import (
    read_claim_acknowledgements,
    read_interchange_receipt,
    read_receipts,
)
from bots.reading.x12_coverage import ReportedCover, read_covers
from bots.reading.x12_envelope import ACKNOWLEDGED, Interchanges, Transaction
from bots.reading.x12_remittance import Payment
from bots.reading.x12_status import ReportedStatus, read_statuses

LISTS = ("payments", "statuses", "coverages", "acknowledgements")

NO_ANSWERS = {
    "270": "an eligibility inquiry (270)",
    "276": "a claim status inquiry (276)",
    "278": "an authorization request or its answer (278)",
    "820": "a premium payment (820)",
    "834": "an enrollment (834)",
    "837": "claims (837)",
}


@dataclass(slots=True)
class Tally:
    """What was found in one file, for people: counts, dollars, and every sentence to be said."""

    file: str
    types: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    claims: int = 0
    paid: Decimal = ZERO
    unbalanced: int = 0
    refused: int = 0
    envelope: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def type(self) -> str | None:
        """The kinds of its transactions: "835", or "277+999"; None where there is none."""
        return "+".join(sorted(self.types)) or None

    @property
    def read(self) -> bool:
        """Whether anything in it was an answer."""
        return bool(self.counts)

    @property
    def clean(self) -> bool:
        """Whether nothing in it needs a look."""
        return not (self.unbalanced or self.envelope or self.errors or self.refused)


def _opened(file: Path) -> BinaryIO:
    """The file, open; a pipe or a device, which may never end, is none."""
    if file.exists() and not file.is_file():
        raise OSError(errno.EINVAL, "it is no file")
    return file.open("rb")


def write_document(file: Path, out: TextIO) -> Tally:
    """Read ``file`` and write its JSON object to ``out``; what it holds, in brief.

    ``payments`` are as ``eob read`` has them, each with ``type`` and its envelope's faults; the
    lists wait in temporary files, so memory does not grow with the number of claims.
    """
    tally = Tally(str(file))
    with ExitStack() as opened:
        lists = {name: _Spool(opened.enter_context(_waiting())) for name in LISTS}
        writer = _Writer(lists, tally)
        try:
            with _opened(file) as stream:
                interchanges = Interchanges(stream)
                try:
                    for transaction in interchanges:
                        writer.write(transaction)
                finally:
                    tally.envelope += interchanges.faults
        except UnreadableDocument as error:
            tally.errors.append(str(error))
        except OSError as error:
            tally.errors.append(f"The file cannot be read ({error.strerror}).")
        out.write(f'{{"file": {_text(str(file))}, "type": {_text(tally.type)}, "payer": null')
        for name, spool in lists.items():
            out.write(f',\n "{name}": [')
            spool.copy_to(out)
            out.write("]")
        out.write(f',\n "envelope": {_text(tally.envelope)}, "errors": {_text(tally.errors)}}}')
    return tally


@contextmanager
def _waiting() -> Iterator[TextIO]:
    with tempfile.TemporaryFile("w+", encoding="utf-8") as file:
        yield cast(TextIO, file)


class _Spool:
    """JSON values, separated by commas, that wait in a temporary file."""

    def __init__(self, file: TextIO) -> None:
        self.file = file
        self._mark, self._empty_then = 0, True
        self.empty = True

    def add(self, text: str) -> None:
        """One more value, as JSON."""
        self.file.write(text if self.empty else f",\n  {text}")
        self.empty = False

    def more(self, text: str) -> None:
        """Text that goes on with the last value."""
        self.file.write(text)

    def mark(self) -> None:
        """Where :meth:`back` returns to."""
        self._mark, self._empty_then = self.file.tell(), self.empty

    def back(self) -> None:
        """Forget everything since the mark."""
        self.file.seek(self._mark)
        self.file.truncate()
        self.empty = self._empty_then

    def copy_to(self, out: TextIO) -> None:
        """Everything, from the first."""
        self.file.seek(0)
        shutil.copyfileobj(self.file, out)


class _Writer:
    """Writes each transaction of a file where it belongs, and keeps the tally."""

    def __init__(self, lists: dict[str, _Spool], tally: Tally) -> None:
        self._lists = lists
        self._tally = tally
        self._paid: set[tuple[str, Decimal]] = set()

    def write(self, transaction: Transaction) -> None:
        """Read one transaction; one that cannot be read leaves a sentence, and nothing else."""
        self._tally.types[transaction.kind] += 1
        reader = READERS.get(transaction.kind)
        if reader is None:
            if self._tally.types[transaction.kind] == 1:
                known = NO_ANSWERS.get(transaction.kind)
                what = known or f"of a kind that is not read ({transaction.kind})"
                self._tally.errors.append(
                    f"Segment {transaction.number}: the transaction is {what}, not an answer; 835, "
                    "277, 271, 277CA, 999 and TA1 are read."
                )
            self._finish(transaction)
            return
        name, write = reader
        self._lists[name].mark()
        try:
            write(self, transaction)
        except UnreadableDocument as error:
            self._lists[name].back()
            self._tally.errors.append(str(error))
        self._finish(transaction)

    def _finish(self, transaction: Transaction) -> None:
        for _ in transaction.body:  # to its end, where its faults are known
            pass
        self._tally.envelope += transaction.faults

    def payment(self, transaction: Transaction) -> None:
        """One 835: claims as they come, then what is known only at its end."""
        with _waiting() as places, _waiting() as residuals:
            self._payment(Payment(transaction), transaction, _Spool(places), _Spool(residuals))

    def _payment(
        self, payment: Payment, transaction: Transaction, places: _Spool, residuals: _Spool
    ) -> None:
        spool, paid, count = self._lists["payments"], ZERO, 0
        spool.add(_head(transaction, payment))
        for index, placed in enumerate(payment.claims()):
            claim, path = placed.claim, f"claims[{index}]"
            spool.more(f"{',' if index else ''}\n   {_text(claim_json(claim))}")
            for one in claim_residuals(claim, path):
                residuals.add(_text(residual_json(one)))
            paid += claim.paid
            count = index + 1
            for inner, where in placed.places.items():
                places.add(_placed(f"{path}{inner}", where))
        for one in payment_residuals(payment.amount, paid, payment.provider_adjustments):
            residuals.add(_text(residual_json(one)))
        for path, where in payment.places.items():
            places.add(_placed(path, where))
        withheld = [provider_adjustment_json(one) for one in payment.provider_adjustments]
        spool.more(f'],\n   "provider_adjustments": {_text(withheld)}')
        spool.more(f',\n   "balanced": {_text(residuals.empty)}, "residuals": [')
        residuals.copy_to(spool.file)
        spool.more('],\n   "places": {')
        places.copy_to(spool.file)
        spool.more("}}")
        self._tally.errors += [payment.undated] if payment.undated else []
        if payment.misdated:
            self._tally.errors.append(
                f"Segment {payment.misdated[0]}: DTM02 (a service date) is not a date "
                f"({len(payment.misdated):,} such in all); the lines are read without."
            )
        if payment.amount and (payment.trace_number, payment.amount) in self._paid:
            self._tally.errors.append(
                f"Segment {transaction.number}: the payment has the trace number and the amount of "
                "one before it; post it once."
            )
        self._paid.add((payment.trace_number, payment.amount))
        self._tally.counts["payments"] += 1
        self._tally.claims += count
        self._tally.paid += payment.amount
        self._tally.unbalanced += not residuals.empty

    def statuses(self, transaction: Transaction) -> None:
        """One 277."""
        self._each(transaction, "statuses", map(status_json, read_statuses(transaction)))

    def covers(self, transaction: Transaction) -> None:
        """One 271."""
        self._each(transaction, "coverages", map(cover_json, read_covers(transaction)))

    def claims_acknowledged(self, transaction: Transaction) -> None:
        """One 277CA."""
        self._acknowledge(transaction, read_claim_acknowledgements(transaction))

    def received(self, transaction: Transaction) -> None:
        """One 999 or 997."""
        self._acknowledge(transaction, read_receipts(transaction))

    def interchange_received(self, transaction: Transaction) -> None:
        """One TA1."""
        self._acknowledge(transaction, read_interchange_receipt(transaction))

    def _acknowledge(self, transaction: Transaction, found: Iterator[Acknowledgement]) -> None:
        def each() -> Iterator[dict[str, Any]]:
            for one in found:
                self._tally.refused += not one.accepted
                yield acknowledgement_json(one)

        self._each(transaction, "acknowledgements", each())

    def _each(self, transaction: Transaction, name: str, found: Iterator[dict[str, Any]]) -> None:
        before = self._tally.counts[name]
        for one in found:
            self._lists[name].add(_text({"type": transaction.kind, **one}))
            self._tally.counts[name] += 1
        if self._tally.counts[name] == before:
            self._tally.errors.append(
                f"Segment {transaction.number}: the {transaction.kind} answers nothing; ask the "
                "sender for the file again."
            )


READERS: dict[str, tuple[str, Callable[[_Writer, Transaction], None]]] = {
    "835": ("payments", _Writer.payment),
    "277": ("statuses", _Writer.statuses),
    "271": ("coverages", _Writer.covers),
    ACKNOWLEDGED: ("acknowledgements", _Writer.claims_acknowledged),
    "999": ("acknowledgements", _Writer.received),
    "997": ("acknowledgements", _Writer.received),
    "TA1": ("acknowledgements", _Writer.interchange_received),
}


def status_json(one: ReportedStatus) -> dict[str, Any]:
    """One status of a 277; no patient is named in it."""
    status = one.status
    return {
        "of": one.of,
        "inquiry": one.trace_number,
        "answer": _answer(one.answer),
        "claim_id": one.claim_id,
        "payer_claim_number": status.payer_claim_number or None,
        "category": status.category,
        "words": status.words,
        "service_from": _day(status.service_from),
        "service_to": _day(status.service_to),
        "charge": dollars(status.charge),
        "paid": dollars(status.paid),
        "payment_date": _day(status.payment_date),
        "trace_number": status.trace_number,
        "places": {name: _where(where) for name, where in one.places.items()},
    }


def cover_json(one: ReportedCover) -> dict[str, Any]:
    """One cover of a 271; no patient is named in it."""
    cover = one.answer.value if isinstance(one.answer, Found) else Coverage("", None)
    return {
        "inquiry": one.trace_number,
        "answer": _answer(one.answer),
        "active": cover.active,
        "words": cover.words,
        "plan": cover.plan,
        "begins": _day(cover.begins),
        "ends": _day(cover.ends),
        "benefits": [_benefit(benefit) for benefit in cover.benefits],
        "other_payers": [{"name": o.name, "primary": o.primary} for o in cover.other_payers],
        "unknown_words": list(cover.unknown_words),
        "places": {name: _where(where) for name, where in one.places.items()},
    }


def acknowledgement_json(one: Acknowledgement) -> dict[str, Any]:
    """One thing that was taken or refused on receipt."""
    return {
        "of": one.of,
        "reference": one.reference,
        "accepted": one.accepted,
        "codes": list(one.codes),
        "payer_claim_number": one.payer_claim_number,
        "charge": dollars(one.charge),
        "errors": list(one.errors),
        "places": {"accepted": _where(one.where)},
    }


def _benefit(one: Benefit) -> dict[str, Any]:
    return {
        "service_type": one.service_type,
        "network": one.network.value,
        "covered": one.covered,
        "copay": dollars(one.copay),
        "coinsurance": str(one.coinsurance) if one.coinsurance is not None else None,
        "deductible": dollars(one.deductible),
        "deductible_remaining": dollars(one.deductible_remaining),
        "out_of_pocket": dollars(one.out_of_pocket),
        "out_of_pocket_remaining": dollars(one.out_of_pocket_remaining),
        "authorization_required": one.authorization_required,
    }


def _answer(answer: Answer[Any]) -> dict[str, Any]:
    match answer:
        case Found():
            return {"kind": "found"}
        case NotFound():
            return {"kind": "not_found"}
        case NoAnswer(reason, detail):
            return {"kind": "no_answer", "reason": reason.value, "detail": detail}


def _head(transaction: Transaction, payment: Payment) -> str:
    head = {
        "type": transaction.kind,
        "trace_number": payment.trace_number,
        "method": payment.method,
        "amount": dollars(payment.amount),
        "date": _day(payment.payment_date),
        "payer": payment.payer,
        "payee": payment.payee,
    }
    return f'{_text(head)[:-1]}, "claims": ['


def _placed(path: str, where: str) -> str:
    return f'"{path}": {{"page": null, "box": null, "where": "{where}"}}'


def _where(where: str) -> dict[str, Any]:
    return {"page": None, "box": None, "where": where}


def _day(day: Any) -> str | None:
    return day.isoformat() if day else None


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
