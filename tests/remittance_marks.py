"""A reading's JSON against a document's truth, figure by figure, knowing nothing of the reader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]
PAYMENT = ("trace_number", "method", "amount", "date", "payer", "payee")
CLAIM = (
    *("claim_id", "payer_claim_number", "status"),
    *("charge", "paid", "patient_responsibility"),
)
LINE = ("procedure", "modifiers", "service_date", "units", "charge", "allowed", "paid", "remarks")
UNORDERED = {"modifiers", "remarks"}


@dataclass(slots=True)
class Marks:
    """How many fields are right, which were not read, and which were read as something else."""

    right: int = 0
    missed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def fields(self) -> int:
        """Fields that the document says, and those that were read and it does not say."""
        return self.right + len(self.missed) + len(self.wrong)


def mark_document(truth: Json, payments: Sequence[Json]) -> Marks:
    """Every field of the document's payments; null in the truth is what it does not print."""
    marks = Marks()
    for expected, read, at in _matched(truth["payments"], payments, ("trace_number",), "payments"):
        if expected is None:
            marks.wrong.append(f"{at}: there is no such payment")
        elif read is None:
            marks.missed += _paths_of_payment(expected, at)
        else:
            _payment(expected, read, at, marks)
    return marks


def _payment(expected: Json, read: Json, at: str, marks: Marks) -> None:
    _fields(expected, read, PAYMENT, at, marks)
    keys = ("payer_claim_number", "claim_id", "status")
    for claim, other, where in _matched(expected["claims"], read["claims"], keys, f"{at}.claims"):
        if claim is None:
            marks.wrong.append(f"{where}: there is no such claim")
        elif other is None:
            marks.missed += _paths_of_claim(claim, where)
        else:
            _claim(claim, other, where, marks)
    _bag(
        expected["provider_adjustments"],
        read["provider_adjustments"],
        f"{at}.provider_adjustments",
        marks,
    )


def _claim(expected: Json, read: Json, at: str, marks: Marks) -> None:
    _fields(expected, read, CLAIM, at, marks)
    _bag(expected["adjustments"], read["adjustments"], f"{at}.adjustments", marks)
    for number, line in enumerate(expected["lines"]):
        where = f"{at}.lines[{number}]"
        if number >= len(read["lines"]):
            marks.missed += _paths_of_line(line, where)
            continue
        other = read["lines"][number]
        _fields(line, other, LINE, where, marks)
        _bag(line["adjustments"], other["adjustments"], f"{where}.adjustments", marks)
    for number in range(len(expected["lines"]), len(read["lines"])):
        marks.wrong.append(f"{at}.lines[{number}]: there is no such line")


def _fields(expected: Json, read: Json, names: Sequence[str], at: str, marks: Marks) -> None:
    for name in names:
        wanted, found = expected[name], read.get(name)
        if wanted is None:
            continue
        if name in UNORDERED:
            wanted, found = sorted(wanted), None if found is None else sorted(found)
        elif name in {"payer", "payee"}:
            wanted, found = _plain(wanted), _plain(found)
        if wanted == found:
            marks.right += 1
        elif found in (None, "", []):
            marks.missed.append(f"{at}.{name}")
        else:
            marks.wrong.append(f"{at}.{name}: {found!r}, not {wanted!r}")


def _plain(name: str | None) -> str | None:
    """A name without the case in which it is printed."""
    return " ".join(name.split()).casefold() if name else None


def _bag(expected: Sequence[Json], read: Sequence[Json], at: str, marks: Marks) -> None:
    """Adjustments in no order; each is one field."""
    wanted = Counter(tuple(sorted(one.items())) for one in expected)
    found = Counter(tuple(sorted(one.items())) for one in read)
    marks.right += (wanted & found).total()
    marks.missed += [f"{at}: {dict(one)}" for one in (wanted - found).elements()]
    marks.wrong += [f"{at}: {dict(one)} is not there" for one in (found - wanted).elements()]


def _matched(
    expected: Sequence[Json], read: Sequence[Json], keys: Sequence[str], at: str
) -> Iterator[tuple[Json | None, Json | None, str]]:
    """Pairs that belong together: equal in all keys, then in ever fewer, then what is left."""
    left, free = dict(enumerate(expected)), list(read)
    for kept in range(len(keys), -1, -1):
        for number, one in list(left.items()):
            same = [r for r in free if all(r.get(k) == one[k] for k in keys[:kept])]
            if same:
                free.remove(same[0])
                yield one, same[0], f"{at}[{number}]"
                del left[number]
    for number, one in left.items():
        yield one, None, f"{at}[{number}]"
    for number in range(len(free)):
        yield None, free[number], f"{at}[{len(expected) + number}]"


def _paths_of_payment(payment: Json, at: str) -> Iterator[str]:
    yield from (f"{at}.{name}" for name in PAYMENT if payment[name] is not None)
    for number, claim in enumerate(payment["claims"]):
        yield from _paths_of_claim(claim, f"{at}.claims[{number}]")
    yield from (f"{at}.provider_adjustments" for _ in payment["provider_adjustments"])


def _paths_of_claim(claim: Json, at: str) -> Iterator[str]:
    yield from (f"{at}.{name}" for name in CLAIM if claim[name] is not None)
    yield from (f"{at}.adjustments" for _ in claim["adjustments"])
    for number, line in enumerate(claim["lines"]):
        yield from _paths_of_line(line, f"{at}.lines[{number}]")


def _paths_of_line(line: Json, at: str) -> Iterator[str]:
    yield from (f"{at}.{name}" for name in LINE if line[name] is not None)
    yield from (f"{at}.adjustments" for _ in line["adjustments"])
