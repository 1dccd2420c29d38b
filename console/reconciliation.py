"""What became of payments, deposits and claims, as the tables and the summary people look at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from rich.text import Text

from billing.agreement import Agreed, Source, Verdict
from billing.bank import Statement
from billing.deposit_findings import MONEY_STEPS, MoneyFinding
from billing.deposits import QUIET, Deposit, DepositKind
from billing.model import Evidence
from billing.money import ZERO, dollars, usd
from console.money_sheet import money_json, money_sheet
from console.sheets import SHORT_HASH, Column, Sheet, Value
from console.summary import new_console, new_table, print_files, text_of
from console.workbook import sheet_csv, workbook

KINDS: Mapping[DepositKind, str] = {
    DepositKind.DEPOSITED: "in the bank, by trace number",
    DepositKind.BATCHED: "in the bank, several in one deposit",
    DepositKind.BY_AMOUNT: "in the bank, by amount and date only",
    DepositKind.FEE_WITHHELD: "a fee was withheld",
    DepositKind.AMOUNT_DIFFERS: "deposit and remittance differ",
    DepositKind.DEPOSITED_TWICE: "deposited twice",
    DepositKind.RETURNED: "deposit came back",
    DepositKind.SEVERAL_FIT: "several deposits or payments fit",
    DepositKind.MISSING: "remittance without money",
    DepositKind.UNCASHED: "cheque not deposited",
    DepositKind.WAITING: "money not due yet",
    DepositKind.NOT_COVERED: "not in the days of the bank's files",
    DepositKind.NO_MONEY: "pays nothing",
    DepositKind.NO_REMITTANCE: "EFT without remittance",
    DepositKind.UNEXPLAINED: "deposit of unknown origin",
    DepositKind.RETURN_UNEXPLAINED: "return of an unknown deposit",
    DepositKind.BANK_FEE: "bank's fee",
    DepositKind.UNRELATED: "no payer's money",
}
"""Each kind of result, as people read it."""

MOST_SENTENCES = 12


def reconciliation_files(
    deposits: Sequence[Deposit],
    claims: Sequence[Agreed],
    statements: Sequence[Statement],
    findings: Sequence[MoneyFinding],
    *,
    run: str,
    created: datetime,
    today: date,
) -> dict[str, tuple[str, bytes]]:
    """The workbook and its three main tables as CSV: what each is → its name and bytes."""
    todo = money_sheet(findings, today)
    first = deposits_sheet(deposits)
    second = claims_sheet(claims)
    book = workbook(
        [todo, first, second, lines_sheet(deposits), refused_sheet(statements)],
        title=f"Reconciliation {run}",
        run=run,
        created=created,
        today=today,
    )
    return {
        "reconciliation (workbook)": ("reconciliation.xlsx", book),
        "what to do about them (CSV)": ("reconciliation-findings.csv", sheet_csv(todo)),
        "payments and deposits (CSV)": ("reconciliation.csv", sheet_csv(first)),
        "claims, channel by channel (CSV)": ("reconciliation-claims.csv", sheet_csv(second)),
    }


def deposits_sheet(deposits: Sequence[Deposit]) -> Sheet:
    """A row a payment or unannounced line, what needs a person first; the quiet lines left out."""
    columns = (
        Column("Result", "text", 24),
        Column("At stake", "money", 12),
        Column("Difference", "money", 11),
        Column("Do", "prose", 34),
        Column("Why", "prose", 50),
        Column("Payer", "text", 22),
        Column("Trace number", "text", 16),
        Column("Method", "text", 8),
        Column("Payment date", "date", 12),
        Column("Announced", "money", 12),
        Column("Booked on", "date", 12),
        Column("Booked", "money", 12),
        Column("Account", "text", 8),
        Column("Announced in", "text", 34),
        Column("Booked in", "text", 34),
    )
    shown = [one for one in deposits if one.payments or one.kind not in QUIET]
    rows = [row for one in sorted(shown, key=_urgency) for row in _deposit_rows(one)]
    note = "every payment received and every deposit nobody announced, against the bank's lines"
    return Sheet("Deposits", note, columns, tuple(rows))


def claims_sheet(claims: Sequence[Agreed]) -> Sheet:
    """A row a claim: what every channel says was paid, conflicts first."""
    columns = (
        Column("Verdict", "text", 10),
        Column("Paid", "money", 12),
        Column("Difference", "money", 11),
        Column("Missing", "text", 12),
        Column("Claim", "text", 15),
        Column("Payer", "text", 22),
        Column("Service from", "date", 12),
        Column("Billed", "money", 12),
        Column("Open", "money", 12),
        Column("Portal", "money", 11),
        Column("277", "money", 11),
        Column("EOB", "money", 11),
        Column("835", "money", 11),
        Column("Bank", "money", 11),
        Column("Posted", "money", 11),
        Column("Why", "prose", 60),
        Column("Evidence", "prose", 60),
    )
    order = (Verdict.CONFLICT, Verdict.MISSING, Verdict.AGREED)
    ranked = sorted(claims, key=lambda one: (order.index(one.verdict), -one.paid))
    note = "what portal, 277, EOB, 835, bank and billing system say was paid on each claim"
    return Sheet("Claims", note, columns, tuple(_claim_row(one) for one in ranked))


def lines_sheet(deposits: Sequence[Deposit]) -> Sheet:
    """Every line of the bank with what it was put to."""
    columns = (
        Column("Booked on", "date", 12),
        Column("Amount", "money", 12),
        Column("Account", "text", 8),
        Column("Kind", "text", 12),
        Column("Trace or reference", "text", 26),
        Column("Put to", "text", 34),
        Column("Payments", "text", 30),
        Column("Place", "text", 34),
    )
    rows = [
        (
            line.booked,
            line.amount,
            line.account,
            line.kind.value,
            ", ".join((*line.trace_numbers, *line.references)),
            KINDS[one.kind],
            ", ".join(payment.trace_number for payment in one.payments),
            _place(line.place),
        )
        for one in deposits
        for line in one.lines
    ]
    note = "every line of the bank's files, once"
    return Sheet("Bank lines", note, columns, tuple(sorted(rows, key=lambda row: str(row[0]))))


def refused_sheet(statements: Sequence[Statement]) -> Sheet:
    """The rows of the bank's files that are no line, and why."""
    columns = (Column("File", "text", 30), Column("Row", "count", 8), Column("Why", "prose", 70))
    rows = [(one.name, row.row, row.why) for one in statements for row in one.refused]
    return Sheet("Rows not read", "rows of the bank's files that are no line", columns, tuple(rows))


def reconciliation_summary(
    deposits: Sequence[Deposit],
    claims: Sequence[Agreed],
    unpaid: int,
    sentences: Sequence[str],
    files: Mapping[str, str],
    *,
    color: bool,
) -> str:
    """Counts and dollars by result; no patient is named in it."""
    console = new_console(color=color)
    table = new_table("Payments and deposits", ">Count", ">Dollars", ">Difference", "Do")
    for kind, (count, total, apart) in by_kind(deposits).items():
        if kind is not DepositKind.UNRELATED:
            name = Text(KINDS[kind], "" if kind in QUIET else "bold red")
            off = usd(apart) if apart else ""
            table.add_row(name, f"{count:,}", usd(total), off, _do(kind))
    console.print(table)
    if claims or unpaid:
        table = new_table("Claims", ">Count", ">Paid", ">Difference")
        for verdict, (count, total, apart) in by_verdict(claims).items():
            style = "bold red" if verdict is Verdict.CONFLICT else ""
            off = usd(apart) if apart else ""
            table.add_row(Text(verdict.value, style), f"{count:,}", usd(total), off)
        table.add_row("no payment stated", f"{unpaid:,}", "", "")
        console.print(table)
    for sentence in sentences[:MOST_SENTENCES]:
        console.print(Text(f"  {sentence}", "red"))
    if len(sentences) > MOST_SENTENCES:
        console.print(f"  and {len(sentences) - MOST_SENTENCES:,} more; --json has them all.")
    print_files(console, files)
    return text_of(console)


def reconciliation_json(
    deposits: Sequence[Deposit],
    claims: Sequence[Agreed],
    unpaid: int,
    findings: Sequence[MoneyFinding],
    today: date,
) -> dict[str, Any]:
    """Counts, dollars, findings, and every result that is not quiet, as plain values."""
    return {
        "findings": money_json(findings, today),
        "deposits": {
            kind.value: {"count": count, "dollars": dollars(total), "difference": dollars(apart)}
            for kind, (count, total, apart) in by_kind(deposits).items()
        },
        "claims": {
            verdict.value: {"count": count, "paid": dollars(total), "difference": dollars(apart)}
            for verdict, (count, total, apart) in by_verdict(claims).items()
        },
        "no_payment_stated": unpaid,
        "results": [
            _deposit_json(one) for one in deposits if one.kind is not DepositKind.UNRELATED
        ],
        "claim_results": [_claim_json(one) for one in claims],
    }


def by_kind(deposits: Iterable[Deposit]) -> dict[DepositKind, tuple[int, Decimal, Decimal]]:
    """Count, dollars and difference of each kind that there is, in the order of the kinds."""
    found = dict.fromkeys(DepositKind, (0, ZERO, ZERO))
    for one in deposits:
        count, total, apart = found[one.kind]
        found[one.kind] = count + 1, total + one.dollars, apart + one.difference
    return {kind: figures for kind, figures in found.items() if figures[0]}


def by_verdict(claims: Iterable[Agreed]) -> dict[Verdict, tuple[int, Decimal, Decimal]]:
    """Count, dollars paid and dollars apart of each verdict."""
    found = dict.fromkeys(Verdict, (0, ZERO, ZERO))
    for one in claims:
        count, total, apart = found[one.verdict]
        found[one.verdict] = count + 1, total + one.paid, apart + one.difference
    return found


def _do(kind: DepositKind) -> str:
    step = MONEY_STEPS.get(kind)
    return step.action if step else ""


def _urgency(one: Deposit) -> tuple[bool, bool, Decimal, str]:
    """Payers' money first, then what may be a patient's or another's, then what is settled."""
    strange = one.kind is DepositKind.UNEXPLAINED
    return one.kind in QUIET, strange, -abs(one.difference or one.dollars), one.why


def _deposit_rows(one: Deposit) -> list[tuple[Value, ...]]:
    """The first row says what came of it; one more for each further payment or line."""
    rows: list[tuple[Value, ...]] = []
    for at in range(max(len(one.payments), len(one.lines))):
        payment = one.payments[at] if at < len(one.payments) else None
        line = one.lines[at] if at < len(one.lines) else None
        rows.append(
            (
                KINDS[one.kind],
                one.dollars if not at else None,
                one.difference if not at else None,
                _do(one.kind) if not at else None,
                one.why if not at else None,
                payment.payer if payment else None,
                payment.trace_number if payment else None,
                payment.method if payment else None,
                payment.payment_date if payment else None,
                payment.amount if payment else None,
                line.booked if line else None,
                line.amount if line else None,
                line.account if line else None,
                "; ".join(map(_place, payment.places)) if payment else None,
                _place(line.place) if line else None,
            )
        )
    return rows


def _claim_row(one: Agreed) -> tuple[Value, ...]:
    paid = {said.source: said.paid for said in one.said}
    places = (f"{said.source}: {_place(said.place)}" for said in one.said if said.place)
    return (
        one.verdict.value,
        one.paid,
        one.difference,
        ", ".join(one.missing),
        one.claim.claim_id,
        one.claim.payer_name,
        one.claim.service_from,
        one.claim.billed,
        one.claim.balance,
        *(paid.get(source) for source in Source),
        one.why,
        "; ".join(places),
    )


def _deposit_json(one: Deposit) -> dict[str, Any]:
    return {
        "kind": one.kind.value,
        "why": one.why,
        "dollars": dollars(one.dollars),
        "difference": dollars(one.difference),
        "payments": [
            {
                "payer": payment.payer,
                "trace_number": payment.trace_number,
                "amount": dollars(payment.amount),
                "date": payment.payment_date.isoformat(),
                "places": list(map(_place, payment.places)),
            }
            for payment in one.payments
        ],
        "lines": [
            {
                "booked": line.booked.isoformat(),
                "amount": dollars(line.amount),
                "account": line.account,
                "place": _place(line.place),
            }
            for line in one.lines
        ],
    }


def _claim_json(one: Agreed) -> dict[str, Any]:
    return {
        "claim_id": one.claim.claim_id,
        "payer": one.claim.payer,
        "verdict": one.verdict.value,
        "paid": dollars(one.paid),
        "difference": dollars(one.difference),
        "missing": list(one.missing),
        "why": one.why,
        "said": {said.source.value: dollars(said.paid) for said in one.said},
    }


def _place(place: Evidence) -> str:
    page = f"page {place.page}, " if place.page else ""
    return f"{place.sha256[:SHORT_HASH]} {page}{place.where}"
