"""Segments become transactions, with what their envelopes (ISA, GS, ST and their ends) lack."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import BinaryIO

from bots.reading.x12 import Delimiters, Segments
from bots.reading.x12_elements import Numbered, element, named

ACKNOWLEDGED, UNKNOWN = "277CA", "unknown"
ENVELOPES = ("ISA", "GS", "ST", "SE", "GE", "IEA")


@dataclass(slots=True)
class Transaction:
    """One transaction set while it is read.

    ``kind`` is ST01, and "277CA" for a 277 by whose version it acknowledges claims; ``texts`` are
    the segments between ST and SE as they stand, each with its number, to be read once and in
    order; ``faults`` is complete when they have been read: such a transaction may be cut off, so
    what it does not say proves nothing.
    """

    kind: str
    version: str
    control_number: str
    number: int
    delimiters: Delimiters
    texts: Iterator[tuple[int, str]] = field(default_factory=lambda: iter(()))
    faults: list[str] = field(default_factory=list)

    @property
    def body(self) -> Iterator[Numbered]:
        """What is left of ``texts``, each as its elements."""
        element = self.delimiters.element
        return ((number, text.split(element)) for number, text in self.texts)


@dataclass(slots=True)
class _Open:
    """An envelope that has begun: its name, control number and how many it holds so far."""

    name: str
    control_number: str
    version: str = ""
    held: int = 0


class Interchanges:
    """The transactions of a stream, and in ``faults`` what is wrong with their envelopes.

    Iterate once; ``faults`` is complete at the end. Raises UnreadableDocument, while iterated,
    when the bytes are no X12.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._source = Segments(stream)
        self._batches = self._source.batches()
        self._batch: list[str] = []
        self._envelopes: list[int] = []  # where in the batch they stand, the next one last
        self._first, self._at = 1, 0
        self._interchange: _Open | None = None
        self._group: _Open | None = None
        self._faults: list[str] = []
        self._strays = self._misspelt = self._transactions = False

    @property
    def faults(self) -> list[str]:
        """Everything wrong with the envelopes, a sentence each, in no order to rely on."""
        return [*self._source.faults, *self._faults]

    def __iter__(self) -> Iterator[Transaction]:
        while self._filled():
            number, segment = self._here()
            self._at += 1
            match segment[0].strip():
                case "ISA":
                    self._end_interchange(number, None)
                    self._interchange = _Open("ISA", element(segment, 13))
                case "GS":
                    self._end_group(number, None)
                    if self._interchange:
                        self._interchange.held += 1
                    self._group = _Open("GS", element(segment, 6), element(segment, 8))
                case "ST":
                    yield from self._transaction(number, segment)
                case "GE":
                    self._end_group(number, segment)
                case "IEA":
                    self._end_interchange(number, segment)
                case "TA1":
                    kind, control = "TA1", element(segment, 1)
                    by = self._source.delimiters
                    texts = iter([(number, by.element.join(segment))])
                    self._transactions = True
                    yield Transaction(kind, "", control, number, by, texts)
                case _:
                    self._stray(number, segment)
        self._end_interchange(None, None)
        if not self._transactions:
            self._faults.append("The file holds no transaction (ST), so nothing to read.")

    def _filled(self) -> bool:
        """Whether there is a next segment; when the batch is at its end, with the next batch."""
        if self._at < len(self._batch):
            return True
        self._first += len(self._batch)
        self._batch, self._at = next(self._batches, []), 0
        if self._batch:
            element = self._source.delimiters.element
            heads = [text[:4] for text in self._batch]
            if not all(map(_begins(element).match, set(heads))):
                self._respell(element)
                heads = [text[:4] for text in self._batch]
            begins = {f"{name}{element}"[:3] for name in ENVELOPES} | set(ENVELOPES)
            marks = {head for head in set(heads) if head[:3] in begins}
            found = [at for at, head in enumerate(heads) if head in marks] if marks else []
            self._envelopes = found[::-1]
        return bool(self._batch)

    def _respell(self, by: str) -> None:
        """Give the batch's segments the names that they have but for case and blanks."""
        for at, text in enumerate(self._batch):
            if _begins(by).match(text):
                continue
            name, parted, rest = text.partition(by)
            right = name.strip().upper()
            if known := _begins(by).match(right):
                self._batch[at] = f"{right}{parted}{rest}"
            if not self._misspelt:
                self._fault(
                    self._first + at,
                    "the segment's name is misspelt; it is read as if it were right"
                    if known
                    else "no segment has such a name; it is passed over",
                )
            self._misspelt = True

    def _here(self) -> Numbered:
        text = self._batch[self._at]
        return self._first + self._at, text.split(self._source.delimiters.element)

    def _transaction(self, number: int, segment: list[str]) -> Iterator[Transaction]:
        self._transactions = True
        if self._group is None:
            self._fault(number, "a transaction (ST) stands in no functional group (GS)")
        else:
            self._group.held += 1
        version = element(segment, 3) or (self._group.version if self._group else "")
        kind = element(segment, 1)
        if not re.fullmatch(r"[0-9]{3}", kind):
            kind = UNKNOWN
        if kind == "277" and "X214" in version:
            kind = ACKNOWLEDGED
        found = Transaction(kind, version, element(segment, 2), number, self._source.delimiters)
        found.texts = chain.from_iterable(self._stretches(found))
        yield found
        for _ in found.texts:  # what its reader left
            pass

    def _stretches(self, of: Transaction) -> Iterator[Iterator[tuple[int, str]]]:
        """The segments up to the transaction's end, some at a time, each with its number."""
        while self._filled():
            while self._envelopes and self._envelopes[-1] < self._at:
                self._envelopes.pop()
            to = self._envelopes[-1] if self._envelopes else len(self._batch)
            begin, self._at = self._at, to
            yield enumerate(self._batch[begin:to], self._first + begin)
            if to < len(self._batch) and self._ends(of):
                return
        of.faults.append("The file ends within a transaction (no SE): it is cut off.")

    def _ends(self, of: Transaction) -> bool:
        """Whether the envelope that stands here ends the transaction; only its SE is taken."""
        number, segment = self._here()
        name = segment[0].strip()
        if name == "SE":
            self._at += 1
            counted = number - of.number + 1
            if element(segment, 1).lstrip("0") != str(counted):
                of.faults.append(
                    f"Segment {number}: SE counts other segments than the {counted} there are."
                )
            if element(segment, 2) != of.control_number:
                of.faults.append(f"Segment {number}: SE has another control number than ST.")
            return True
        if name in ENVELOPES:
            of.faults.append(f"Segment {number}: the transaction before it has no end (SE).")
            return True
        self._envelopes.pop()  # a name that only begins like one
        return False

    def _end_group(self, number: int | None, segment: list[str] | None) -> None:
        group, self._group = self._group, None
        self._end(group, number, segment, "GE", "transactions")

    def _end_interchange(self, number: int | None, segment: list[str] | None) -> None:
        if self._group is not None:
            self._end_group(number, None)
        interchange, self._interchange = self._interchange, None
        self._end(interchange, number, segment, "IEA", "functional groups")

    def _end(
        self,
        opened: _Open | None,
        number: int | None,
        segment: list[str] | None,
        name: str,
        held: str,
    ) -> None:
        """Compare an envelope's end with its beginning; ``segment`` None says it has no end."""
        if opened is None:
            if segment is not None:
                self._fault(number, f"{name} ends what never began")
        elif segment is None:
            self._fault(number, f"the {opened.name} envelope before it has no end ({name})")
        else:
            if element(segment, 1).lstrip("0") != str(opened.held or ""):
                self._fault(number, f"{name} counts other {held} than the {opened.held} there are")
            if element(segment, 2) != opened.control_number:
                self._fault(number, f"{name} has another control number than {opened.name}")

    def _stray(self, number: int, segment: list[str]) -> None:
        if not self._strays:
            self._fault(number, f"{named(segment)} stands outside any transaction")
        self._strays = True

    def _fault(self, number: int | None, fact: str) -> None:
        where = "At the end" if number is None else f"Segment {number}"
        self._faults.append(f"{where}: {fact}.")


@lru_cache(maxsize=16)
def _begins(element: str) -> re.Pattern[str]:
    """How a segment begins: with a name, and the element separator or nothing."""
    return re.compile(rf"[A-Z][A-Z0-9]{{1,2}}(?:{re.escape(element)}|$)")
