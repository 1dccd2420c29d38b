"""An appeal's record as rows of facts, and as the values that fill its letter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from billing.codes.categories import CATEGORIES
from billing.codes.reasons import explain
from billing.model import Claim
from billing.money import ZERO, usd
from console.appeal import Denied, Exhibit, cited, spelled, stamp

OUR_RECORD = "our billing record"
PRACTICE = ("address", "phone", "fax", "tax_id", "signer")


@dataclass(frozen=True, slots=True)
class Sender:
    """Who appeals, and where to; what the settings lack is empty."""

    name: str = ""
    npi: str = ""
    address: str = ""
    phone: str = ""
    fax: str = ""
    tax_id: str = ""
    signer: str = ""
    payer_name: str = ""
    payer_address: str = ""


@dataclass(frozen=True, slots=True)
class Limit:
    """Until when the payer takes an appeal, and by which rule; ``on`` None where no rule says."""

    on: date | None
    basis: str


@dataclass(frozen=True, slots=True)
class Filing:
    """What proves that the claim was filed: a sentence for the letter, where there is proof, and
    the exhibit that shows it; ``known`` says what is known, proof or not."""

    known: str
    sentence: str = ""
    exhibit: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """One row of the record: what, its value, and where the reader finds it."""

    name: str
    value: str
    shown: str


@dataclass(frozen=True, slots=True, repr=False)
class Record:
    """Everything that the letter and the table of facts are made from.

    ``covered`` are the letters of the exhibits on which other patients' claims are covered.
    """

    appeal: Denied
    exhibits: tuple[Exhibit, ...]
    sender: Sender
    limit: Limit
    filing: Filing
    today: date
    covered: frozenset[str] = frozenset()

    def facts(self) -> tuple[Fact, ...]:
        """The claim and its decision, figure by figure."""
        return tuple(fact for fact in self._facts() if fact.value)

    def _facts(self) -> Iterator[Fact]:
        claim, said = self.appeal.result.claim, self.appeal.result.conclusion
        status = self.appeal.status
        yield from claim_facts(claim)
        yield self._stated("Your claim number", said.payer_claim_number, "payer_claim_number")
        yield self._stated("Billed", said.charge, "charge")
        yield self._stated("Paid", said.paid, "paid")
        yield self._stated(
            "Left to the patient", said.patient_responsibility, "patient_responsibility"
        )
        yield Fact("In dispute", spelled(self.appeal.dollars), "the reasons below")
        yield self._stated("Date of your decision", said.payment_date, "payment_date")
        yield self._stated("Payment or check number", said.trace_number, "trace_number")
        yield self._stated("Your words", status.words, "status_words")
        known = CATEGORIES.get(status.category or "")
        if known is not None:
            yield Fact("As a 277 status category", f"{status.category}: {known.gloss}", "our gloss")
        if status.note:
            yield Fact("Your note", status.note, self._where("note"))
        yield Fact("Filing", self.filing.known, self.filing.exhibit)
        yield Fact("Appeal limit", spelled(self.limit.on) or "not known", self.limit.basis)

    def reasons(self) -> tuple[Fact, ...]:
        """Each refusing code with our gloss, and the dollars it took."""
        return tuple(Fact(code, explain(code), amount) for code, amount in self._taken().items())

    def values(self) -> Mapping[str, str]:
        """What fills the letter, by the names of :mod:`console.appeal_letter`."""
        claim, said, sender = self.appeal.result.claim, self.appeal.result.conclusion, self.sender
        decision = [one.name for one in self.exhibits]
        lines = [
            f"line {number} ({'-'.join((line.procedure, *line.modifiers))}, {usd(line.charge)})"
            for number, line in self.appeal.refused_lines
        ]
        remitted = self.appeal.remitted
        held = [line.remarks for _, line in self.appeal.refused_lines]
        held += [remitted.remarks] if remitted is not None else []
        remarks = dict.fromkeys(code for codes in held for code in codes)
        found = {
            "practice_name": sender.name,
            "practice_address": sender.address,
            "practice_phone": sender.phone,
            "practice_fax": sender.fax,
            "npi": sender.npi,
            "tax_id": sender.tax_id,
            "signer": sender.signer,
            "today": long_day(self.today),
            "payer_name": sender.payer_name,
            "payer_address": sender.payer_address,
            "claim_id": claim.claim_id,
            "payer_claim_number": said.payer_claim_number,
            "patient_name": _patient(claim),
            "date_of_birth": spelled(claim.date_of_birth),
            "member_id": claim.member_id,
            "service_dates": _days(claim),
            "charge": spelled(said.charge),
            "paid": spelled(said.paid),
            "denied": spelled(self.appeal.dollars),
            "patient_responsibility": spelled(said.patient_responsibility),
            "notice_date": long_day(said.payment_date),
            "trace_number": said.trace_number,
            "payer_words": self.appeal.status.words,
            "reasons": "; ".join(_reason(one) for one in self.reasons()),
            "reason_codes": ", ".join(self._taken()),
            "remark_codes": ", ".join(remarks),
            "denied_lines": "; ".join(lines),
            "decision_exhibits": listed(decision),
            "proof_exhibit": self.filing.exhibit,
            "filing": self.filing.sentence,
            "submitted": long_day(claim.submitted),
            "authorization_number": claim.authorization_number,
            "appeal_limit": long_day(self.limit.on),
            "enclosed": "; ".join(self.enclosed()),
        }
        return {name: value for name, value in found.items() if value}

    def enclosed(self) -> list[str]:
        """The exhibits as the letter lists them."""
        names = [f"{one.name}, {one.title[0].lower()}{one.title[1:]}" for one in self.exhibits]
        proof = [f"{self.filing.exhibit}, proof of filing"] if self.filing.exhibit else []
        return names + proof

    def figures(self) -> list[str]:
        """Every amount of the record, as it is spelled."""
        marked = (mark.value for one in self.exhibits for mark in one.marks)
        told = (fact.value for fact in self.facts())
        return [*marked, *told, *self._taken().values(), *self._lines()]

    def _lines(self) -> Iterator[str]:
        for line in self.appeal.remitted.lines if self.appeal.remitted is not None else ():
            yield from (usd(line.charge), usd(line.paid))
            yield from (usd(entry.amount) for entry in line.adjustments)

    def _taken(self) -> Mapping[str, str]:
        taken = dict.fromkeys(one.code for one in self.appeal.refusals)
        amounts = {
            code: [r.dollars for r in self.appeal.refusals if r.code == code and r.dollars]
            for code in taken
        }
        return {code: usd(sum(some, ZERO)) if some else "" for code, some in amounts.items()}

    def _stated(self, name: str, value: object, figure: str) -> Fact:
        return Fact(name, spelled(value), self._where(figure))

    def _where(self, figure: str) -> str:
        said = self.appeal.said.places
        place = self.appeal.result.conclusion.places.get(figure) or said.get(figure)
        return cited(self.exhibits, place)


def claim_facts(claim: Claim) -> Iterator[Fact]:
    """What our own record says of a claim; a value that is not known is empty."""
    yield Fact("Patient", _patient(claim), OUR_RECORD)
    yield Fact("Date of birth", spelled(claim.date_of_birth), OUR_RECORD)
    yield Fact("Member ID", claim.member_id, OUR_RECORD)
    yield Fact("Our claim number", claim.claim_id, OUR_RECORD)
    yield Fact("Dates of service", _days(claim), OUR_RECORD)
    yield Fact("Provider NPI on the claim", claim.provider_npi or "", OUR_RECORD)
    yield Fact("Authorization number", claim.authorization_number or "", OUR_RECORD)
    yield Fact("Sent by us", spelled(claim.submitted), f"{OUR_RECORD}; no proof by itself")


def _reason(fact: Fact) -> str:
    gloss = fact.value.split(";")[0]
    known = "" if fact.name in gloss else f" ({gloss})"
    return f"{fact.name}{known}" + (f", {fact.shown}" if fact.shown else "")


def captions(exhibit: Exhibit, *, covered: bool) -> tuple[str, ...]:
    """What is said under an exhibit: when it was captured, and the hashes of its bytes."""
    said = [f"Captured {stamp(exhibit.at)}. SHA-256 of the file: {exhibit.shown}"]
    if exhibit.read != exhibit.shown:
        data = f"SHA-256 of the page's data, from which the figures were read: {exhibit.read}"
        said.append(data)
    if covered:
        said.append("Covered in grey: other claims on this page.")
    return tuple(said)


def listed(names: Sequence[str]) -> str:
    """``Exhibit A``, ``Exhibit A and Exhibit B``, ``Exhibit A, Exhibit B and Exhibit C``."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def long_day(day: date | None) -> str:
    """``October 1, 2026``; empty when there is none."""
    return f"{day:%B} {day.day}, {day.year}" if day is not None else ""


def _patient(claim: Claim) -> str:
    return " ".join(filter(None, (claim.patient_first, claim.patient_last)))


def _days(claim: Claim) -> str:
    first, last = spelled(claim.service_from), spelled(claim.service_to)
    return first if first == last else f"{first} to {last}"
