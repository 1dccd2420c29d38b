"""An EOB's bytes and the payers' layouts become remittances with the place of every figure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile

from billing.balance import Residual, residuals
from billing.errors import UnknownIssuer, UnreadableDocument
from billing.model import Remittance
from bots.layout import EobLayout
from bots.reading.kinds import other_kind
from bots.reading.known_words import as_written
from bots.reading.payments import read_payment
from bots.reading.rows import REMEDY, Row, rows_of
from bots.reading.words import Page, drawn, read_pages


@dataclass(frozen=True, slots=True)
class Reading:
    """What one document says: the payer whose layout recognised it, and its remittances.

    ``residuals`` are, remittance by remittance, the equations and printed totals that do not
    close, and ``confidence`` how surely each figure was read, in percent by its path. A remittance
    with residuals is for a person; its figures are never posted.
    """

    payer: str
    remittances: tuple[Remittance, ...]
    residuals: tuple[tuple[Residual, ...], ...]
    confidence: tuple[Mapping[str, int], ...]

    @property
    def balanced(self) -> bool:
        """Whether every equation of every remittance closes to the cent."""
        return not any(self.residuals)


def read_eob(data: bytes, layouts: Mapping[str, EobLayout]) -> Reading:
    """The remittances in the PDF ``data``, read by the one layout that recognises it.

    ``layouts`` are keyed by the payer's id. Pure: no file and no network. Raises
    UnreadableDocument, one sentence with page, fact and remedy, when the bytes are no whole
    PDF, when no layout (as UnknownIssuer) or several recognise it, and when a row or a figure
    cannot be read.
    """
    pages = read_pages(data)
    payer, layout = recognise(pages, layouts)
    return read_by(pages, payer, layout, hashlib.sha256(data).hexdigest())


def read_by(pages: Sequence[Page], payer: str, layout: EobLayout, sha256: str) -> Reading:
    """The remittances on ``pages``, read by ``layout``; ``sha256`` is that of their document.

    Raises UnreadableDocument when pages are missing, and when a row or a figure cannot be read.
    """
    spelt = as_written(pages, layout)
    rows = [tuple(rows_of(page, layout.page_columns)) for page in spelt]
    payments = _payments(rows, layout)
    _count_pages(rows, layout, [held[0] for held in payments if held])
    read = [read_payment(held, layout, sha256) for held in payments]
    return Reading(
        payer,
        tuple(remittance for remittance, _, _ in read),
        tuple((*residuals(remittance), *found) for remittance, found, _ in read),
        tuple(sure for _, _, sure in read),
    )


def recognise(pages: Sequence[Page], layouts: Mapping[str, EobLayout]) -> tuple[str, EobLayout]:
    """The one layout whose texts all stand on page 1, and its id.

    Raises UnknownIssuer when there is none, UnreadableDocument when there are several.
    """
    text = " ".join(row.text for row in rows_of(pages[0]))
    scanned = any(word.source == "ocr" for word in pages[0].words)
    as_seen = drawn(text) if scanned else ""
    fitting = [
        (payer, layout)
        for payer, layout in layouts.items()
        if all(sign in text or (scanned and drawn(sign) in as_seen) for sign in layout.recognise)
    ]
    if not fitting:
        raise UnknownIssuer(
            f"Page 1: no payer's eob.yaml recognises this document{_kind_said(text)}; add a layout "
            f"for its issuer, or {REMEDY}."
        )
    if len(fitting) > 1:
        names = " and ".join(sorted(payer for payer, _ in fitting))
        raise UnreadableDocument(
            f"Page 1: the layouts of {names} both recognise this document; make their "
            "'recognise' texts more particular."
        )
    return fitting[0]


def _kind_said(text: str) -> str:
    kind = other_kind(text)
    return f", which looks like no remittance but {kind}" if kind else ""


def _payments(pages: Sequence[Sequence[Row]], layout: EobLayout) -> list[list[Row]]:
    """The rows of each payment; furniture above the row that opens one on its page is its own."""
    starts = layout.payment.starts
    if starts is None:
        return [[row for page in pages for row in page]]
    payments: list[list[Row]] = [[]]
    opened: str | None = None
    for page in pages:
        top = list(takewhile(lambda row: _above_payment(row, layout), page))
        for row in page[len(top) :]:
            if match := re.match(starts, row.text):
                said = match[match.lastindex or 0]
                if opened is not None and (match.lastindex is None or said != opened):
                    payments.append([])
                opened = said
            payments[-1] += [*top, row]
            top = []
        payments[-1] += top
    if opened is None:
        raise UnreadableDocument(
            f"The document has no row that opens a payment as the payer's eob.yaml says; {REMEDY}."
        )
    return payments


def _above_payment(row: Row, layout: EobLayout) -> bool:
    starts = layout.payment.starts
    opens = starts is not None and re.match(starts, row.text)
    return not opens and any(re.fullmatch(pattern, row.text) for pattern in layout.furniture)


def _count_pages(pages: Sequence[Sequence[Row]], layout: EobLayout, firsts: Sequence[Row]) -> None:
    """Every page says which of how many it is, where the layout has a page number.

    They are counted through the document, or anew from a page that a payment begins, ``firsts``
    being the first row of each payment.
    """
    if layout.page_number is None:
        return
    stated = []
    for rows in pages:
        text = " ".join(row.text for row in rows)
        stated.append({match.groups() for match in re.finditer(layout.page_number, text)})
    anew = [
        number
        for number, said in enumerate(stated)
        if number and {page for page, _ in said} == {"1"} and _first_of(pages[number], firsts)
    ]
    for first, end in pairwise([0, *anew, len(pages)]):
        for number in range(first, end):
            if stated[number] != {(str(number - first + 1), str(end - first))}:
                raise UnreadableDocument(
                    f"Page {number + 1} of {len(pages)} does not say that it is; pages are "
                    "missing or out of order: download the document again."
                )


def _first_of(page: Sequence[Row], firsts: Sequence[Row]) -> bool:
    return bool(page) and any(row is page[0] for row in firsts)
