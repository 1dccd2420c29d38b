"""What every family of layouts prints of a payment, a claim and a line, as texts with paths."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import NamedTuple

from sandbox.remittances.drawing import Sheet
from sandbox.remittances.issuer import MEANINGS, Issuer
from sandbox.remittances.story import ZERO, Claim, Payment
from sandbox.world import Adjustment, Person, ProviderAdjustment, ServiceLine


class Text(NamedTuple):
    """A text, and the path of the figure that it is; no path, no figure."""

    text: str
    path: str = ""


NOTHING = Text("")
NAME_LENGTH = 32


def payment_text(payment: Payment, key: str, issuer: Issuer) -> Text:
    """One thing that is said of the payment."""
    money, spelling = issuer.spelling.money, issuer.spelling
    texts: dict[str, Callable[[], Text]] = {
        "trace_number": lambda: Text(payment.trace_number, "trace_number"),
        "date": lambda: Text(spelling.payment_date(payment.date), "date"),
        "method": lambda: Text(issuer.methods[payment.method]),
        "amount": lambda: Text(money(payment.amount), "amount"),
        "payee": lambda: Text(payment.payee),
        "npi": lambda: Text(payment.npi),
        "payer": lambda: Text(payment.payer),
        "claim_count": lambda: Text(str(len(payment.claims))),
        "claims_paid": lambda: Text(money(payment.claims_paid)),
        "withheld": lambda: Text(money(payment.withheld)),
        "billed": lambda: Text(money(sum((one.charge for one in payment.claims), ZERO))),
    }
    return texts[key]()


def name_of(person: Person) -> str:
    """``Garnier, Noor B``, cut where issuers cut long names."""
    return f"{person.last}, {person.first} {person.middle}"[:NAME_LENGTH].strip()


def claim_text(claim: Claim, number: int, key: str, issuer: Issuer) -> Text:
    """One thing that is said of the claim, which is the ``number``-th of its payment."""
    money, at = issuer.spelling.money, f"claims[{number}]"
    first = claim.lines[0].service_date if claim.lines else None
    texts: dict[str, Callable[[], Text]] = {
        "claim_id": lambda: Text(claim.claim_id, f"{at}.claim_id"),
        "payer_claim_number": lambda: Text(claim.payer_claim_number, f"{at}.payer_claim_number"),
        "patient": lambda: Text(name_of(claim.patient)),
        "member_id": lambda: Text(claim.patient.member_id),
        "received": lambda: Text(issuer.spelling.payment_date(claim.received)),
        "from": lambda: Text(issuer.spelling.service_date(first) if first else ""),
        "status": lambda: Text(issuer.status[claim.status]),
        "charge": lambda: Text(money(claim.charge), f"{at}.charge"),
        "allowed": lambda: Text(money(claim.allowed)),
        "paid": lambda: Text(money(claim.paid), f"{at}.paid"),
        "patient_responsibility": lambda: Text(
            money(claim.patient_responsibility), f"{at}.patient_responsibility"
        ),
        "taken": lambda: Text(money(total(claim.every_adjustment))),
    }
    return texts[key]()


def line_text(line: ServiceLine, path: str, key: str, issuer: Issuer) -> Text:
    """One cell of the service line at ``path``."""
    money = issuer.spelling.money
    texts: dict[str, Callable[[], Text]] = {
        "service_date": lambda: Text(
            issuer.spelling.service_date(line.service_date), f"{path}.service_date"
        ),
        "procedure": lambda: Text(line.procedure, f"{path}.procedure"),
        "modifiers": lambda: Text(" ".join(line.modifiers)),
        "procedure_modifiers": lambda: Text(
            "-".join((line.procedure, *line.modifiers)), f"{path}.procedure"
        ),
        "units": lambda: Text(str(line.units), f"{path}.units"),
        "charge": lambda: Text(money(line.charge), f"{path}.charge"),
        "allowed": lambda: Text(money(line.allowed), f"{path}.allowed"),
        "paid": lambda: Text(money(line.paid), f"{path}.paid"),
        "patient": lambda: Text(money(owed(line.adjustments))),
        "taken": lambda: Text(money(total(line.adjustments))),
        "remarks": lambda: Text(" ".join(line.remarks)),
    }
    return texts[key]()


DESCRIPTIONS = {
    "A": "Surgical or medical supply",
    "E": "Durable equipment for use at home",
    "G": "Professional service in the office",
    "J": "Drug given other than by mouth",
    "L": "Orthotic device fitted to the patient",
    "Q": "Service under a temporary code",
}


def description(line: ServiceLine) -> str:
    """What kind of service the line is, in words of our own."""
    return DESCRIPTIONS[line.procedure[0]]


def share_text(line: ServiceLine, path: str, code: str, issuer: Issuer) -> Text:
    """What of the line went to ``code`` alone, like PR-1; zero when nothing did."""
    for number, one in enumerate(line.adjustments):
        if coded(one) == code:
            return Text(issuer.spelling.money(one.amount), f"{path}.adjustments[{number}].amount")
    return Text(issuer.spelling.money(ZERO))


def coded(one: Adjustment) -> str:
    """``CO-45``."""
    return f"{one.group}-{one.reason}"


def owed(adjustments: tuple[Adjustment, ...]) -> Decimal:
    """The patient's part in dollars."""
    return sum((one.amount for one in adjustments if one.group == "PR"), ZERO)


def total(adjustments: tuple[Adjustment, ...]) -> Decimal:
    """Dollars in all."""
    return sum((one.amount for one in adjustments), ZERO)


PROVIDER_WORDS = {
    "WO": "Recovery of overpayment",
    "L6": "Interest",
    "FB": "Balance forward",
}


def provider_text(entry: ProviderAdjustment) -> str:
    """The entry's code in words."""
    return PROVIDER_WORDS[entry.reason]


def codes_used(payment: Payment) -> Iterator[tuple[str, str]]:
    """Every adjustment and remark code of the payment in order, with its meaning."""
    seen: dict[str, None] = {}
    for claim in payment.claims:
        seen |= dict.fromkeys(coded(one) for one in claim.every_adjustment)
        seen |= dict.fromkeys(remark for line in claim.lines for remark in line.remarks)
    seen |= dict.fromkeys(entry.reason for entry in payment.provider_adjustments)
    return ((code, MEANINGS[code]) for code in sorted(seen))


def pair(sheet: Sheet, x: float, label: str, value: Text, gap: float, *, mark: str = "") -> float:
    """A label with its value to the right, ``gap`` points from the label's start or behind it."""
    end = sheet.text(x, f"{label}{mark}", bold=True)
    return sheet.text(max(x + gap, end + 4), value.text, path=value.path)
