"""What each channel said of a case's claim, in columns, and where two of them differ."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from billing.codes.categories import CATEGORIES
from billing.deposits import Deposit
from billing.identity import same_id
from billing.model import (
    Channel,
    Claim,
    ClaimStatus,
    Conclusion,
    Evidence,
    Found,
    NoAnswer,
    NotFound,
    Observation,
    Remittance,
    RemittedClaim,
)
from billing.money import ZERO, usd
from billing.received_payments import REVERSAL, bare, bare_trace
from console.web.case_figures import FIGURES, kept, shown
from console.web.case_papers import Paper, is_ours

ROWS: Mapping[str, str] = {
    "status": "Status",
    "category": "Category",
    **{name: title for name, (title, _) in FIGURES.items()},
}
"""The figures of the table, in their order: name and title."""

MONEY = ("charge", "allowed", "paid", "patient_responsibility")
_BARE: Mapping[str, Callable[[str], str]] = {
    "trace_number": bare_trace,
    "payer_claim_number": bare,
}
_STATUS = {
    "1": "Processed as primary",
    "2": "Processed as secondary",
    "3": "Processed as tertiary",
    "4": "Denied",
    "19": "Processed as primary, forwarded",
    "20": "Processed as secondary, forwarded",
    "21": "Processed as tertiary, forwarded",
    REVERSAL: "Reversal of an earlier payment",
}
_COMPARED = {"portal", "277", "EOB", "835"}


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure as one channel states it: for people, for comparing, and where it stood."""

    text: str
    value: str | None = None
    place: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """One channel's word; ``state`` says in a sentence what became of asking it, ``spoke``
    whether it states any figure, ``mark`` how grave it is that it does not: late where nobody
    knows, soon where the payer has no such claim. ``lines`` are a remittance's service lines."""

    source: str
    title: str
    state: str
    spoke: bool
    cells: Mapping[str, Cell] = field(default_factory=dict)
    lines: tuple[tuple[Cell, ...], ...] = ()
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure over all columns: ``odd`` are the columns that stand apart, ``apart`` says how."""

    name: str
    title: str
    cells: tuple[Cell | None, ...]
    odd: frozenset[int] = frozenset()
    apart: str = ""


LINE_HEADS = (
    "Line",
    "Procedure",
    "Service date",
    "Charge",
    "Allowed",
    "Paid",
    "Adjustments",
    "Remarks",
)
"""What a service line's cells are."""


def columns(
    claim: Claim,
    said: Conclusion,
    observations: Sequence[Observation],
    papers: Sequence[Paper],
    deposits: Sequence[Deposit],
) -> tuple[Column, ...]:
    """Every channel that was asked or spoke: ours first, then the payer's, then the bank's."""
    found = [_concluded(said), _biller(claim)]
    newest = {one.channel: one for one in sorted(observations, key=lambda one: one.observed_at)}
    for channel, source, title in (
        (Channel.PORTAL, "portal", "Payer's portal"),
        (Channel.CLEARINGHOUSE, "277", "Clearinghouse (277)"),
    ):
        if channel in newest and not isinstance(_value(newest[channel]), Remittance):
            found.append(_stated(source, title, newest[channel]))
    silent = newest.get(Channel.EOB)
    if silent is not None and not isinstance(silent.answer, Found):
        found.append(_unspoken("EOB", "EOB document", silent))
    counted: dict[str, int] = {}
    for paper in papers:
        counted[paper.source] = nth = counted.get(paper.source, 0) + 1
        found += _printed(claim, paper, nth)
    found += [_deposited(one) for one in deposits]
    return tuple(found)


def rows(of: Sequence[Column], also: Collection[str] = ()) -> tuple[Row, ...]:
    """The table: a row for each figure that any column states, or that is named in ``also``."""
    made = []
    for name, title in ROWS.items():
        cells = tuple(column.cells.get(name) for column in of)
        if any(cells) or name in also:
            made.append(Row(name, title, cells, *_apart(name, of, cells)))
    return tuple(made)


def unasked(of: Sequence[Column], said: Conclusion, *, bank: bool) -> tuple[tuple[str, str], ...]:
    """Which channels say nothing, and why: a name and a sentence each. ``bank`` is whether any
    bank file was ever given."""
    there = {column.source for column in of}
    why = said.not_asked or said.detail or said.finding.why
    silent = []
    if "portal" not in there:
        silent.append(("Payer's portal", why))
    if "277" not in there:
        silent.append(("Clearinghouse (277)", "No answer to an inquiry came."))
    if "EOB" not in there:
        silent.append(("EOB document", "No document with this claim was read."))
    if "835" not in there:
        silent.append(("835", "No file received so far holds this claim."))
    if "bank" not in there:
        given = "No payment of this claim is known, so no deposit was looked for."
        silent.append(("Bank", given if bank else "No bank file was ever given."))
    return tuple(silent)


def _concluded(said: Conclusion) -> Column:
    named = {name: kept(getattr(said, name, None)) for name in FIGURES}
    cells = {
        name: Cell(shown(name, value), value, said.places.get(name))
        for name, value in named.items()
        if value is not None
    }
    if said.status_words:
        cells["status"] = Cell(said.status_words)
    if said.status_category:
        cells["category"] = _category(said.status_category)
    state = "What all channels come to." if cells else "Nothing could be concluded."
    return Column("concluded", "Concluded", state, bool(cells), cells)


def _biller(claim: Claim) -> Column:
    where = f"row {claim.source.row}" + (f" of {claim.source.sheet}" if claim.source.sheet else "")
    cells = {
        "status": Cell(f"{usd(claim.balance)} open"),
        "charge": Cell(usd(claim.billed), kept(claim.billed)),
    }
    if claim.insurance_paid is not None:
        cells["paid"] = Cell(f"{usd(claim.insurance_paid)} posted", kept(claim.insurance_paid))
    if claim.payer_claim_number:
        number = claim.payer_claim_number
        cells["payer_claim_number"] = Cell(number, number)
    return Column("biller", "Billing system", f"The export's {where}.", spoke=True, cells=cells)


def _stated(source: str, title: str, one: Observation) -> Column:
    value = _value(one)
    if not isinstance(value, ClaimStatus):
        return _unspoken(source, title, one)
    cells = {
        name: Cell(shown(name, text), text, one.places.get(name))
        for name in FIGURES
        if (text := kept(getattr(value, name, None))) is not None
    }
    cells["status"] = Cell(value.words, value.words, one.places.get("words"))
    if value.category:
        cells["category"] = _category(value.category)
    note = f" It adds: \u201c{value.note}\u201d" if value.note else ""
    return Column(source, title, f"Answered.{note}", spoke=True, cells=cells)


def _unspoken(source: str, title: str, one: Observation) -> Column:
    mark = {NotFound: "soon", NoAnswer: "late"}.get(type(one.answer), "")
    return Column(source, title, _silence(one), spoke=False, mark=mark)


def _silence(one: Observation) -> str:
    match one.answer:
        case NotFound(searched):
            by = f"; searched by {', '.join(searched).replace('_', ' ')}" if searched else ""
            return f"Says that it has no such claim{by}."
        case NoAnswer(reason, detail):
            return f"No answer ({reason.replace('_', ' ')}): {detail}"
    return "Answered."


def _printed(claim: Claim, paper: Paper, nth: int) -> Iterator[Column]:
    remittance = paper.remittance
    mine = [n for n, one in enumerate(remittance.claims) if is_ours(claim, paper.numbers, one)]
    decided = [n for n in mine if remittance.claims[n].status != REVERSAL] or mine
    if not decided:
        return
    at = decided[-1]
    remitted = remittance.claims[at]
    places = {
        path.removeprefix(f"claims[{at}]."): place
        for path, place in remittance.places.items()
        if path.startswith(f"claims[{at}].") or not path.startswith("claims[")
    }
    values: Mapping[str, object] = {
        "charge": remitted.charge,
        "allowed": _allowed(remitted),
        "paid": remitted.paid,
        "patient_responsibility": remitted.patient_responsibility,
        "payment_date": remittance.payment_date,
        "trace_number": remittance.trace_number,
        "payer_claim_number": remitted.payer_claim_number,
        "reason_codes": tuple(dict.fromkeys(one.code for one in remitted.all_adjustments)),
    }
    cells = {
        name: Cell(shown(name, text), text, places.get(name))
        for name, value in values.items()
        if (text := kept(value)) is not None
    }
    words = _STATUS.get(remitted.status, f"Status {remitted.status}")
    cells["status"] = Cell(words, words, places.get("status"))
    name = {"EOB": "EOB document", "835": "835"}[paper.source]
    state = f"A payment of {usd(remittance.amount)}."
    if len(mine) > 1:
        state += " It also takes an earlier decision back."
    if paper.unbalanced:
        state += f" It does not balance: {paper.unbalanced}."
    if claim.claim_id and same_id(claim.claim_id, remitted.claim_id) is False:
        state += " It gives the claim another patient control number."
    title = name if nth == 1 else f"{name} {nth}"
    yield Column(paper.source, title, state, True, cells, tuple(_lines(remitted, places)))


def _allowed(remitted: RemittedClaim) -> Decimal | None:
    stated = [line.allowed for line in remitted.lines if line.allowed is not None]
    return sum(stated, ZERO) if stated and len(stated) == len(remitted.lines) else None


def _lines(remitted: RemittedClaim, places: Mapping[str, Evidence]) -> Iterator[tuple[Cell, ...]]:
    for n, line in enumerate(remitted.lines):

        def cell(name: str, text: str, n: int = n) -> Cell:
            return Cell(text, None, places.get(f"lines[{n}].{name}"))

        first = places.get(f"lines[{n}].adjustments[0].amount")
        taken = ", ".join(f"{one.code} {usd(one.amount)}" for one in line.adjustments)
        yield (
            Cell(str(n + 1)),
            cell("procedure", "-".join((line.procedure, *line.modifiers))),
            cell("service_date", shown("payment_date", kept(line.service_date))),
            cell("charge", usd(line.charge)),
            cell("allowed", "" if line.allowed is None else usd(line.allowed)),
            cell("paid", usd(line.paid)),
            Cell(taken, None, first),
            cell("remarks", ", ".join(line.remarks)),
        )


def _deposited(one: Deposit) -> Column:
    cells = {"status": Cell(one.kind.replace("-", " "), one.kind)}
    if one.lines:
        booked = sum((line.amount for line in one.lines), ZERO)
        cells["paid"] = Cell(f"{usd(booked)} in the bank")
        day = kept(max(line.booked for line in one.lines))
        cells["payment_date"] = Cell(f"booked {shown('payment_date', day)}")
        numbers = dict.fromkeys(each for line in one.lines for each in line.trace_numbers)
        if numbers:
            cells["trace_number"] = Cell(", ".join(numbers))
    return Column("bank", "Bank deposit", one.why, bool(one.lines), cells)


def _category(code: str) -> Cell:
    known = CATEGORIES.get(code)
    return Cell(f"{code}: {known.gloss}" if known else code, code)


def _value(one: Observation) -> ClaimStatus | Remittance | None:
    return one.answer.value if isinstance(one.answer, Found) else None


def _apart(
    name: str, of: Sequence[Column], cells: Sequence[Cell | None]
) -> tuple[frozenset[int], str]:
    """The columns that state a figure otherwise than the others, and how far; none where they
    agree or only one of them speaks."""
    compared = _COMPARED | ({"biller"} if name in ("charge", "payer_claim_number") else set())
    stated = {
        n: cell.value
        for n, (column, cell) in enumerate(zip(of, cells, strict=True))
        if cell is not None and cell.value is not None and column.source in compared
    }
    if name in ("status", "category") or len(stated) < 2:
        return frozenset(), ""
    if name == "reason_codes":
        return _codes_apart(of, stated)
    groups: dict[str, list[int]] = {}
    for n, value in stated.items():
        groups.setdefault(_BARE.get(name, str)(value), []).append(n)
    if len(groups) < 2:
        return frozenset(), ""
    most = max(len(some) for some in groups.values())
    leading = [some for some in groups.values() if len(some) == most]
    odd = set(stated) - set(leading[0]) if len(leading) == 1 else set(stated)
    if name in MONEY:
        amounts = sorted(Decimal(value) for value in stated.values())
        return frozenset(odd), f"{usd(amounts[-1] - amounts[0])} apart"
    return frozenset(odd), "not the same"


def _codes_apart(of: Sequence[Column], stated: Mapping[int, str]) -> tuple[frozenset[int], str]:
    """A portal may tell fewer codes than a remittance, and none that the remittance lacks."""
    printed = [n for n in stated if of[n].source in ("EOB", "835")]
    known = _codes(stated[n] for n in printed)
    strange = {n: sorted(_codes([stated[n]]) - known) for n in stated if n not in printed}
    odd = frozenset(n for n, codes in strange.items() if codes) if printed else frozenset()
    if not odd:
        return frozenset(), ""
    named = ", ".join(dict.fromkeys(code for codes in strange.values() for code in codes))
    return odd, f"{named} is on no remittance"


def _codes(texts: Iterable[str]) -> set[str]:
    return {code for text in texts for code in text.split(", ")}
