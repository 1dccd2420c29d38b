"""An appeal packet: letter, record, exhibits and proof of filing as one PDF on US Letter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from PIL import Image
from reportlab.lib import colors
from reportlab.lib.pagesizes import landscape, letter
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import inch
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    NextPageTemplate,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
)

from billing.model import ServiceLine
from billing.money import usd
from console.appeal import Exhibit, spelled
from console.appeal_letter import Letter
from console.appeal_lettering import BOLD, PLAIN, markup, ready
from console.appeal_record import Fact, Record, captions
from console.appeal_sheet import Sheet, sheets

Pictures = Mapping[tuple[str, int | None], tuple[Image.Image, float]]
"""What is shown, by hash and page, and how many of its pixels make one unit of a box."""

COLUMNS = 3  # of a legend
NONE = ("", "", "")
ROW = 12.6  # points, of a legend
MARGIN = 0.9 * inch
EDGE = 0.6 * inch  # of a page with an exhibit
WIDE = 1.05  # a picture that is wider than high by so much lies on a turned page
TALL, BROAD = "tall", "broad"

BODY = ParagraphStyle("body", fontName=PLAIN, fontSize=9.5, leading=13, spaceAfter=6)
LINES = ParagraphStyle("lines", parent=BODY, spaceAfter=0)
HEAD = ParagraphStyle("head", parent=BODY, fontName=BOLD, fontSize=13, leading=17, spaceAfter=8)
SMALL_HEAD = ParagraphStyle("small head", parent=HEAD, fontSize=10, leading=14, spaceBefore=10)
SMALL = ParagraphStyle("small", parent=BODY, fontSize=7, leading=9.2, spaceAfter=2)
CELL = ParagraphStyle("cell", parent=SMALL, fontSize=7.6, leading=9.6, spaceAfter=0)
CELL_HEAD = ParagraphStyle("cell head", parent=CELL, fontName=BOLD)
RULED = [
    ("LINEBELOW", (0, 0), (-1, -1), 0.4, colors.grey),
    ("LINEBELOW", (0, 0), (-1, 0), 1, colors.black),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("TOPPADDING", (0, 0), (-1, -1), 1.2),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 1.8),
    ("LEFTPADDING", (0, 0), (-1, -1), 2),
]


@dataclass(slots=True)
class _Count:
    """What the first laying-out learns: how many pages there are, and where exhibits begin."""

    pages: int = 0
    begins: dict[str, int] = field(default_factory=dict)


def packet(
    record: Record, written: Letter, pictures: Pictures, proof: Sequence[Proof] = ()
) -> bytes:
    """The packet as PDF; the same bytes for the same input.

    Raises BadInput when the letter or the record holds a letter that no font here can spell.
    """

    def story(learned: _Count, known: _Count) -> Iterator[Any]:
        yield from _letter(written.text)
        yield from _record(record, proof, known)
        for exhibit in record.exhibits:
            covered = exhibit.letter in record.covered
            yield from _exhibit(exhibit, pictures, learned, covered=covered)
        for one in proof:
            yield from _proof(one, learned)

    number = record.appeal.result.conclusion.payer_claim_number or ""
    return _twice("Appeal packet", f"Appeal of claim {number}".strip(), story)


def proof_of_filing(claim_id: str, facts: Sequence[Fact], proof: Sequence[Proof]) -> bytes:
    """The proof of filing alone as PDF, with ``facts`` of the claim before it.

    Raises BadInput as :func:`packet` does.
    """

    def story(learned: _Count, known: _Count) -> Iterator[Any]:
        yield Paragraph("Proof of filing", HEAD)
        yield _table(("", "", "Shown in"), facts, (1.55, 2.6, 2.5))
        yield from _index([(one.name, one.title) for one in proof], known)
        for one in proof:
            yield from _proof(one, learned)

    return _twice("Proof of filing", f"Proof of filing of claim {claim_id}", story)


Story = Callable[[_Count, _Count], Iterator[Any]]
"""The parts of a document, while its page numbers are learned and when they are known."""


def _twice(title: str, foot: str, story: Story) -> bytes:
    """Lay out once to learn the page numbers, and again with them."""
    ready()
    first = _Count()
    _lay_out(title, foot, story, first, _Count())
    return _lay_out(title, foot, story, _Count(), first)


@dataclass(frozen=True, slots=True, repr=False)
class Proof:
    """One acknowledgement that the claim was taken: facts about it, and its segments verbatim."""

    letter: str
    title: str
    facts: tuple[Fact, ...]
    segments: tuple[str, ...]

    @property
    def name(self) -> str:
        """How the letter cites it."""
        return f"Exhibit {self.letter}"


def _lay_out(title: str, foot: str, story: Story, learned: _Count, known: _Count) -> bytes:
    data = BytesIO()

    def decorate(canvas: Canvas, document: BaseDocTemplate) -> None:
        wide, _ = canvas._pagesize
        canvas.setFont(PLAIN, 7.5)
        canvas.drawString(EDGE, 0.4 * inch, foot)
        of = f"Page {document.page} of {known.pages or document.page}"
        canvas.drawRightString(wide - EDGE, 0.4 * inch, of)
        learned.pages = max(learned.pages, document.page)

    document = BaseDocTemplate(
        data, pagesize=letter, title=title, author="", invariant=1, pageCompression=1
    )
    document.addPageTemplates(
        [
            _page("letter", letter, MARGIN, decorate),
            _page(TALL, letter, EDGE, decorate),
            _page(BROAD, landscape(letter), EDGE, decorate),
        ]
    )
    document.build(list(story(learned, known)))
    return data.getvalue()


def _page(
    name: str, size: tuple[float, float], edge: float, decorate: Callable[..., None]
) -> PageTemplate:
    wide, high = size
    frame = Frame(edge, EDGE, wide - 2 * edge, high - 2 * EDGE, 0, 0, 0, 0)
    return PageTemplate(name, [frame], onPage=decorate, pagesize=size)


class _Begin(Flowable):
    """Nothing to see: notes the page on which an exhibit begins, and puts it in the outline."""

    def __init__(self, name: str, title: str, learned: _Count) -> None:
        super().__init__()
        self.name, self.title, self.learned = name, title, learned
        self.width = self.height = 0

    def draw(self) -> None:
        canvas = self.canv
        self.learned.begins[self.name] = canvas.getPageNumber()
        canvas.bookmarkPage(self.name)
        canvas.addOutlineEntry(self.title, self.name)


def _letter(text: str) -> Iterator[Any]:
    """The letter: a line is a paragraph, an empty one a gap."""
    for line in text.strip("\n").splitlines():
        yield Paragraph(markup(line.strip()), LINES) if line.strip() else Spacer(0, 9)


def _record(record: Record, proof: Sequence[Proof], known: _Count) -> Iterator[Any]:
    yield PageBreak()
    yield Paragraph("The claim and your decision", HEAD)
    yield _table(("", "", "Shown in"), record.facts(), (1.55, 2.6, 2.5))
    reasons = record.reasons()
    if reasons:
        yield Paragraph("Your reasons", SMALL_HEAD)
        yield _table(("Code", "In our words", "Dollars"), reasons, (0.9, 4.75, 1.0))
    yield from _service_lines(record)
    listed = [(one.name, one.title) for one in record.exhibits]
    yield from _index([*listed, *((one.name, one.title) for one in proof)], known)
    if not proof:
        yield Spacer(0, 6)
        yield Paragraph(markup(f"No proof of filing is enclosed. {record.filing.known}"), SMALL)


def _index(listed: Sequence[tuple[str, str]], known: _Count) -> Iterator[Any]:
    """The exhibits, each with the page it begins on."""
    yield CondPageBreak(1.5 * inch)
    yield Paragraph("Exhibits", SMALL_HEAD)
    rows = [Fact(name, title, str(known.begins.get(name, ""))) for name, title in listed]
    yield _table(("Exhibit", "What it is", "From page"), rows, (0.9, 4.75, 1.0))


def _service_lines(record: Record) -> Iterator[Any]:
    remitted = record.appeal.remitted
    if remitted is None or not remitted.lines:
        return
    refused = {number for number, _ in record.appeal.refused_lines}
    heads = ("", "Date", "Procedure", "Billed", "Paid", "Adjustments", "Remarks")
    rows = [heads, *_line_cells(remitted.lines, refused)]
    yield Paragraph("Service lines as you decided them (in dispute: marked \u00bb)", SMALL_HEAD)
    yield _grid(rows, (0.4, 0.85, 1.15, 0.9, 0.9, 1.55, 0.9))


def _line_cells(lines: Sequence[ServiceLine], refused: set[int]) -> Iterator[tuple[str, ...]]:
    for number, line in enumerate(lines, 1):
        yield (
            f"\u00bb {number}" if number in refused else f"{number}",
            spelled(line.service_date),
            "-".join((line.procedure, *line.modifiers)),
            usd(line.charge),
            usd(line.paid),
            ", ".join(f"{one.code} {usd(one.amount)}" for one in line.adjustments),
            ", ".join(line.remarks),
        )


def _table(heads: Sequence[str], facts: Sequence[Fact], inches: Sequence[float]) -> Table:
    return _grid([tuple(heads), *((f.name, f.value, f.shown) for f in facts)], inches)


def _grid(rows: Sequence[tuple[str, ...]], inches: Sequence[float]) -> Table:
    cells = [
        [Paragraph(markup(cell), CELL_HEAD if row is rows[0] else CELL) for cell in row]
        for row in rows
    ]
    table = Table(cells, [width * inch for width in inches], repeatRows=1, hAlign="LEFT")
    table.setStyle(RULED)
    return table


def _exhibit(
    exhibit: Exhibit, pictures: Pictures, learned: _Count, *, covered: bool
) -> Iterator[Any]:
    found = pictures.get((exhibit.shown, exhibit.page)) if exhibit.is_drawn else None
    broad = found is not None and found[0].width > WIDE * found[0].height
    yield NextPageTemplate(BROAD if broad else TALL)
    yield PageBreak()
    yield _Begin(exhibit.name, f"{exhibit.name}: {exhibit.title}", learned)
    yield Paragraph(markup(f"{exhibit.name}. {exhibit.title}"), HEAD)
    for said in captions(exhibit, covered=covered):
        yield Paragraph(markup(said), SMALL)
    yield Spacer(0, 4)
    wide, high = landscape(letter) if broad else letter
    room = wide - 2 * EDGE, high - 2 * EDGE
    if found is not None:
        picture, unit = found
        rows = 1 + -(-len(exhibit.marks) // COLUMNS)
        for one in sheets(picture, exhibit.marks, unit, room, rows * ROW + 6):
            yield Sheet(one)
        yield Spacer(0, 6)
    yield _legend(exhibit, room[0] / inch, drawn=found is not None)


def _legend(exhibit: Exhibit, wide: float, *, drawn: bool) -> Table:
    """Each numbered box with its name and value, in columns; or each figure with its place."""
    marks = [(str(one.number), one.name, one.value, one.where) for one in exhibit.marks]
    if not drawn:
        rows = [("No.", "Figure", "Value", "Place in the file"), *marks]
        return _grid(rows, (0.5, 2.2, 2.2, wide - 4.9))
    deep = -(-len(marks) // COLUMNS)
    columns = [marks[n * deep : (n + 1) * deep] for n in range(COLUMNS)]
    lines = [
        [cell for one in columns for cell in (one[n][:3] if n < len(one) else NONE)]
        for n in range(deep)
    ]
    column = wide / COLUMNS - 0.32
    heads = ("No.", "Figure", "Value")
    return _grid(
        [heads * COLUMNS, *map(tuple, lines)], (0.32, column * 0.5, column * 0.5) * COLUMNS
    )


def _proof(one: Proof, learned: _Count) -> Iterator[Any]:
    yield NextPageTemplate(TALL)
    yield PageBreak()
    yield _Begin(one.name, f"{one.name}: {one.title}", learned)
    yield Paragraph(markup(f"{one.name}. {one.title}"), HEAD)
    yield _table(("", "", "Place in the file"), one.facts, (1.9, 3.2, 2.1))
    yield Paragraph("The segments, as they stand in the file", SMALL_HEAD)
    for segment in one.segments:
        yield Paragraph(markup(segment), CELL)
