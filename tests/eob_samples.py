"""Two small remittance documents of invented issuers, drawn word by word, and their layouts."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import pypdfium2
from reportlab.pdfgen.canvas import Canvas

GOLDEN = Path(__file__).resolve().parent / "golden" / "eob"

LETTER = (612.0, 792.0)
HEADINGS = (
    *("Service date", "Procedure", "Mod", "Units", "Billed"),
    *("Allowed", "Adjustments", "Patient resp.", "Paid", "Remarks"),
)
EDGES = (40, 100, 150, 190, 250, 300, 310, 440, 500, 510)
FLUSH_RIGHT = {3, 4, 5, 7, 8}
HEAD = """recognise: [GAMMA PLAN]
furniture: [GAMMA PLAN]
payment:
  fields:
    trace_number: {label: CHECK}
    payment_date: {label: DATED, into: date}
    method: {constant: CHK}
    amount: {label: AMOUNT, into: money}
    payer: {constant: Gamma Plan}
    payee: {constant: Larkspur}
"""
"""The head of a layout of what ``draw_list`` draws."""


def table_document() -> bytes:
    """An issuer with a table of lines over two pages and stacked cells."""
    stream = BytesIO()
    canvas = Canvas(stream, pagesize=LETTER, invariant=1)
    _row(canvas, 40, {40: "Acme Health", 200: "Explanation of Payment"})
    _row(canvas, 60, {40: "Payment number", 120: "T00123", 300: "Payment date", 400: "01/02/2026"})
    _row(canvas, 75, {40: "Payment method", 120: "Electronic funds transfer"})
    _row(canvas, 75, {300: "Payment amount", 400: "$42.50"})
    _row(canvas, 90, {40: "Provider", 120: "Larkspur Family Medicine PLLC", 300: "NPI"})
    _row(canvas, 120, {40: "Patient account", 120: "00012345", 300: "Claim number", 400: "E7F"})
    _row(canvas, 135, {40: "Member ID", 120: "ACM000111", 300: "Patient", 400: "Doe, Jane"})
    _row(canvas, 150, {40: "Status", 120: "Processed as primary"})
    _cells(canvas, 170, HEADINGS)
    _cells(
        canvas,
        190,
        ("01/01/2026", "G0463", "25 GT", "1", "100.00", "60.00"),
        ("CO-45 40.00/PR-1 10.00", "10.00", "50.00", "N382"),
    )
    _row(canvas, 760, {480: "Page 1 of 2"})
    canvas.showPage()
    _row(canvas, 40, {40: "Acme Health"})
    _cells(canvas, 60, HEADINGS)
    _cells(
        canvas,
        75,
        ("01/01/2026", "J1885", "", "12", "1,100.00", "60.00"),
        ("CO-45 1,040.00/CO-50 60.00", "0.00", "0.00", "M51 N1"),
    )
    _row(canvas, 110, {40: "Claim adjustment CO-253 5.00"})
    _cells(
        canvas,
        125,
        ("Claim totals", "", "", "", "1,200.00", "120.00"),
        ("1,155.00", "10.00", "45.00", ""),
    )
    _row(canvas, 150, {40: "Withheld from this payment"})
    _row(canvas, 165, {40: "WO E6C 4.00"})
    _row(canvas, 180, {40: "L6 interest -1.50"})
    _row(canvas, 200, {40: "Document totals"})
    _row(canvas, 215, {40: "Claims", 120: "1", 300: "Total paid", 400: "$45.00"})
    _row(canvas, 240, {40: "What the codes mean"})
    _row(canvas, 255, {40: "CO-45 is above the agreed price, for instance 12.00"})
    _row(canvas, 760, {480: "Page 2 of 2"})
    canvas.showPage()
    canvas.save()
    return stream.getvalue()


LIST_PAGES = (
    """BETA STATE PROGRAM                REMITTANCE ADVICE                 PAGE 001 OF 002
RA NUMBER 000777   CHECK DATE 020326   PAID BY CHECK
PROVIDER LARKSPUR FAMILY MEDICINE PLLC   NET PAYMENT 75.00

   SVC DATE  PROC   MODS    UNITS     BILLED    ALLOWED       PAID
PAID CLAIMS
ICN 2026020000001  PCN 00099  RECIPIENT 0000000123 DOE JANE
   010126    G0463  25 GT       1     200.00     120.00     120.00
             ADJ CO 45 80.00
             RMK N382 M51
   010226    A0425             12      10.00       0.00       0.00
             ADJ CO 96 10.00
  CLAIM ADJ CO 253 5.00
  CLAIM TOTAL BILLED 210.00  PAID 115.00  PATIENT 0.00""",
    """BETA STATE PROGRAM                REMITTANCE ADVICE                 PAGE 002 OF 002
RA NUMBER 000777   CHECK DATE 020326   PAID BY CHECK
PROVIDER LARKSPUR FAMILY MEDICINE PLLC   NET PAYMENT 75.00

   SVC DATE  PROC   MODS    UNITS     BILLED    ALLOWED       PAID
REVERSED CLAIMS
ICN 2026020000002  PCN 00100  RECIPIENT 0000000456 ROE RICHARD
   120125    J1885              2      60.00-     40.00-     40.00-
             ADJ CO 45 20.00-
  CLAIM TOTAL BILLED 60.00-  PAID 40.00-  PATIENT 0.00
RA TOTALS
CLAIMS 2   BILLED 150.00   PAID 75.00""",
)


def list_document() -> bytes:
    """An issuer that prints at fixed width, with rows of adjustments under each line."""
    return draw_list(LIST_PAGES)


WIDE, HIGH = 792.0, 612.0
TURNS = {
    0: (1, 0, 0, 1, 0, 0),
    90: (0, 1, -1, 0, HIGH, 0),
    180: (-1, 0, 0, -1, WIDE, HIGH),
    270: (0, -1, 1, 0, 0, WIDE),
}
"""How a sheet is drawn that its page then turns clockwise, to be seen upright."""


def draw_list(
    pages: Sequence[str],
    *,
    turn: int = 0,
    margins: tuple[float, float, float, float] | None = None,
    mode: int = 0,
    packed: int | None = None,
) -> bytes:
    """Pages of typewriter text, a line a row.

    ``turn`` is the page's rotation; ``margins`` are cut off at the left, top, right and bottom
    of what is seen; ``mode`` is the text's rendering, 3 being invisible; ``packed`` 0 leaves
    the text uncompressed.
    """
    stream = BytesIO()
    canvas = Canvas(stream, pagesize=(WIDE, HIGH), invariant=1, pageCompression=packed)
    for page in pages:
        if margins:
            left, top, right, bottom = margins
            canvas.setCropBox(_turned((left, bottom, WIDE - right, HIGH - top), turn))
        if turn:
            canvas.setPageRotation(turn)
            canvas.transform(*TURNS[turn])
        for number, line in enumerate(page.splitlines()):
            canvas.setFont("Courier", 9)
            canvas.drawString(36, 560 - 12 * number, line, mode=mode or None)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def nested_list() -> bytes:
    """The same document, every page's text in a form within a form."""
    stream = BytesIO()
    canvas = Canvas(stream, pagesize=(WIDE, HIGH), invariant=1)
    for at, page in enumerate(LIST_PAGES):
        canvas.beginForm(f"inner{at}")
        for number, line in enumerate(page.splitlines()):
            canvas.setFont("Courier", 9)
            canvas.drawString(36, 560 - 12 * number, line)
        canvas.endForm()
        canvas.beginForm(f"outer{at}")
        canvas.doForm(f"inner{at}")
        canvas.endForm()
        canvas.doForm(f"outer{at}")
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def _turned(box: tuple[float, float, float, float], turn: int) -> tuple[float, ...]:
    a, b, c, d, e, f = TURNS[turn]
    corners = [(a * x + c * y + e, b * x + d * y + f) for x, y in (box[:2], box[2:])]
    (left, right), (bottom, top) = map(sorted, zip(*corners, strict=True))
    return left, bottom, right, top


def scan(data: bytes, dpi: int = 300) -> bytes:
    """The same document as pictures only, as a clean scanner would make it."""
    images = []
    document = pypdfium2.PdfDocument(data)
    for page in document:
        images.append(page.render(scale=dpi / 72, grayscale=True).to_pil().copy())
        page.close()
    document.close()
    stream = BytesIO()
    images[0].save(stream, "PDF", save_all=True, append_images=images[1:], resolution=dpi)
    return stream.getvalue()


def _row(canvas: Canvas, top: int, texts: dict[int, str]) -> None:
    for left, text in texts.items():
        canvas.setFont("Helvetica", 9)
        canvas.drawString(left, LETTER[1] - top, text)


def _cells(canvas: Canvas, top: int, *parts: Sequence[str]) -> None:
    cells = [cell for part in parts for cell in part]
    for column, (edge, cell) in enumerate(zip(EDGES, cells, strict=True)):
        for below, text in enumerate(cell.split("/") if column == 6 else [cell]):
            canvas.setFont("Helvetica", 9)
            draw = canvas.drawRightString if column in FLUSH_RIGHT else canvas.drawString
            draw(edge, LETTER[1] - top - 11 * below, text)
