"""The text layer read by PDFium gives pdfplumber's words and boxes, or pdfplumber reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from io import BytesIO
from pathlib import Path

import pdfplumber
import pypdfium2
import pytest
import reportlab
from eob_samples import LIST_PAGES, draw_list, list_document, nested_list, table_document
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.pdfgen.textobject import PDFTextObject

from bots.reading.paper.careful import careful_words
from bots.reading.paper.document import pages_of
from bots.reading.paper.sheet import Word
from bots.reading.paper.text_layer import ACROSS, DOWN, frame_of, layer_words
from sandbox.books import make_world
from sandbox.documents import eob_pdf

TENTH = 0.1  # point
PAYERS = ("juniper-ridge", "franklin-medicaid", "blue-mesa", "tri-rivers", "copper-line")


def fast(data: bytes) -> Iterator[list[Word] | None]:
    with closing(pypdfium2.PdfDocument(data)) as document:
        for page in document:
            with closing(page):
                yield layer_words(page, frame_of(page))


def difference(data: bytes) -> float:
    """The widest that a side of a word's box is off, in points; the words must be the same."""
    widest = 0.0
    for number, words in enumerate(fast(data), start=1):
        assert words is not None, f"page {number} was handed over to pdfplumber"
        wanted = careful_words(data, number)
        by_place = sorted(words, key=_place)
        assert [w.text for w in by_place] == [w.text for w in sorted(wanted, key=_place)]
        assert sorted(w.confidence for w in words) == sorted(w.confidence for w in wanted)
        for one, other in zip(by_place, sorted(wanted, key=_place), strict=True):
            off = max(abs(a - b) for a, b in zip(one.box, other.box, strict=True))
            widest = max(widest, off)
    return widest


def _place(word: Word) -> tuple[int, int, str]:
    return round(word.box[1]), round(word.box[0]), word.text


@pytest.mark.parametrize("payer", PAYERS)
def test_a_payers_documents_give_pdfplumbers_words(payer: str) -> None:
    world = make_world(5, 60, date(2026, 11, 2), (payer,))
    for trace in list(world.payer(payer).remittances)[:8]:
        assert difference(eob_pdf(world, payer, trace)) < TENTH


def test_the_samples_give_pdfplumbers_words() -> None:
    for data in (list_document(), table_document(), nested_list()):
        assert difference(data) < TENTH


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("margins", [None, (10.0, 20.0, 5.0, 15.0), (60.0, 60.0, 300.0, 60.0)])
def test_turned_and_cropped_pages_give_pdfplumbers_words(
    turn: int, margins: tuple[float, float, float, float] | None
) -> None:
    assert difference(draw_list(LIST_PAGES, turn=turn, margins=margins)) < TENTH


def drawn(draw: Callable[[Canvas], None]) -> bytes:
    stream = BytesIO()
    canvas = Canvas(stream, invariant=1)
    draw(canvas)
    canvas.showPage()
    canvas.save()
    return stream.getvalue()


def spaced(canvas: Canvas) -> None:
    for n, gap in enumerate((-0.6, -0.2, 0.0, 0.4, 1.2, 1.45, 1.55, 2.4, 6.0)):
        _line(canvas, 700 - 20 * n, lambda text, gap=gap: text.setCharSpace(gap))


def stretched(canvas: Canvas) -> None:
    for n, wide in enumerate((50, 80, 100, 130, 200)):
        _line(canvas, 700 - 20 * n, lambda text, wide=wide: text.setHorizScale(wide))


def risen(canvas: Canvas) -> None:
    for n, rise in enumerate((-4, -2, -1, 1, 2, 4)):
        _line(canvas, 700 - 20 * n, lambda text, rise=rise: text.setRise(rise))


def far_apart(canvas: Canvas) -> None:
    for n, gap in enumerate((-2.0, -1.0, 0.0, 5.0)):
        _line(canvas, 700 - 20 * n, lambda text, gap=gap: text.setWordSpace(gap))


def _line(canvas: Canvas, up: float, change: Callable[[PDFTextObject], None]) -> None:
    text = canvas.beginText(60, up)
    text.setFont("Helvetica", 9)
    change(text)
    text.textOut("Allowed 1,234.50 CO-45 (80.00) G0463")
    canvas.drawText(text)


def slanted(face: str) -> bool:
    return "Italic" in face or "Oblique" in face


def sizes(canvas: Canvas) -> None:
    """Every standard typeface, large beside small on one line, and lines that nearly touch."""
    for n, face in enumerate(f for f in pdfmetrics.standardFonts[:12] if not slanted(f)):
        canvas.setFont(face, 6 + n)
        canvas.drawString(50, 700 - 11 * n, f"Paid {n}.50 to")
        canvas.setFont(face, 7)
        canvas.drawString(200, 700 - 11 * n, "Jane Doe")
        canvas.drawString(260, 701.8 - 11 * n, "raised")
        canvas.drawString(320, 698.1 - 11 * n, "sunk")


def embedded(canvas: Canvas) -> None:
    """A typeface in the file, with accents, ligatures and symbols."""
    place = Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"
    pdfmetrics.registerFont(TTFont("Vera", place))
    for n, text in enumerate(
        ("Zoë Núñez §5 £12.00", "e\ufb01le of\ufb02ine 10\u00a0%", "jot it: a\u2013b \u201cx\u201d")
    ):
        canvas.setFont("Vera", 9.5)
        canvas.drawString(60, 700 - 14 * n, text)


def table(canvas: Canvas) -> None:
    """Cells that stand as close to one another as cells do, ruled, in no order."""
    for row in reversed(range(20)):
        for column in (3, 1, 0, 2):
            canvas.setFont("Helvetica", 8)
            canvas.drawRightString(100 + 38.2 * column, 700 - 9.1 * row, f"{row * column * 97}.00")
            canvas.rect(62 + 38.2 * column, 698 - 9.1 * row, 38.2, 9.1)


def shrunk(canvas: Canvas) -> None:
    """Everything drawn ten times too large and scaled down, as printers' drivers do."""
    canvas.scale(0.1, 0.1)
    canvas.setFont("Courier", 90)
    for n in range(5):
        canvas.drawString(500, 7000 - 110 * n, f"CLAIM {n} PAID 12.5{n}")


def empty(canvas: Canvas) -> None:
    canvas.drawString(60, 700, "   ")


ODD = (spaced, stretched, risen, far_apart, sizes, embedded, table, shrunk, empty)


@pytest.mark.parametrize("draw", ODD, ids=lambda draw: draw.__name__)
def test_odd_pages_give_pdfplumbers_words(draw: Callable[[Canvas], None]) -> None:
    assert difference(drawn(draw)) < TENTH


def turned(canvas: Canvas) -> None:
    canvas.drawString(60, 700, "upright")
    canvas.rotate(90)
    canvas.drawString(300, -300, "sideways")


def mirrored(canvas: Canvas) -> None:
    canvas.scale(-1, 1)
    canvas.drawString(-300, 700, "backwards")


def slanting(canvas: Canvas) -> None:
    canvas.setFont("Helvetica-Oblique", 12)
    canvas.drawString(60, 700, "Paid 12.50")


def hebrew(canvas: Canvas) -> None:
    embedded(canvas)
    canvas.setFont("Vera", 9)
    canvas.drawString(60, 500, "\u05d0\u05d1 12.00")


@pytest.mark.parametrize(
    "draw", [turned, mirrored, slanting, hebrew], ids=lambda draw: draw.__name__
)
def test_what_pdfium_reads_otherwise_is_handed_over(draw: Callable[[Canvas], None]) -> None:
    data = drawn(draw)
    assert list(fast(data)) == [None]
    (page,) = pages_of(data)
    with pdfplumber.open(BytesIO(data)) as pdf:
        words = pdf.pages[0].extract_words(x_tolerance=ACROSS, y_tolerance=DOWN)
    assert sorted(w.text for w in page.words) == sorted(w["text"] for w in words)


def test_what_a_part_says_of_itself_is_not_taken_for_what_is_printed() -> None:
    """A tagged PDF may say that a figure reads as another; PDFium would believe it."""
    told = draw_list(["PAID 10.00"], packed=0)
    at = told.index(b"BT 1 0 0 1")
    lie = b"/Span <</ActualText (PAID 99.00)>> BDC "
    end = told.index(b"endstream", at)
    data = told[:at] + lie + told[at:end].rstrip() + b" EMC\n" + told[end:]
    (page,) = pages_of(data)
    assert [word.text for word in page.words] == ["PAID", "10.00"]
