"""Pages that words, rules and boxes are put on, and that know where each figure was put."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import landscape, letter
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

PORTRAIT = letter
LANDSCAPE = landscape(letter)
MARGIN = 36
FOOT = 44
INK, GREY, PALE = HexColor("#000000"), HexColor("#8a8f94"), HexColor("#e9ecef")


@dataclass(frozen=True, slots=True)
class Figure:
    """Where a figure was drawn: page from 1, box in points from the top left."""

    text: str
    page: int
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Font:
    """A family with its bold face, and a size in points."""

    plain: str = "Helvetica"
    bold: str = "Helvetica-Bold"
    size: float = 8

    def width(self, text: str, *, bold: bool = False) -> float:
        """Points that ``text`` takes."""
        return float(stringWidth(text, self.bold if bold else self.plain, self.size))


SANS = Font()
SERIF = Font("Times-Roman", "Times-Bold", 9)
TYPEWRITER = Font("Courier", "Courier-Bold", 7.5)


class Sheet:
    """A document drawn from the top down; ``y`` is the baseline, in points from the top.

    ``head`` draws what stands on every page, and is called with the sheet whenever one begins.
    ``instead`` gives another text for the figures it names. With ``sideways`` the paper lies across
    and is shown upright by the page's own rotation, as many printer drivers have it.
    """

    def __init__(
        self,
        size: tuple[float, float],
        *,
        font: Font = SANS,
        title: str = "",
        instead: Mapping[str, str] | None = None,
        sideways: bool = False,
    ) -> None:
        self.width, self.height = size
        self.font = font
        self.figures: dict[str, Figure] = {}
        self.page = 0
        self.pages = 0  # in all; 0 while it is not known
        self.y: float = 0
        self.path = ""  # goes before every figure's path
        self.head: Callable[[Sheet], None] = lambda _sheet: None
        self.bottom = self.height - FOOT
        self._instead = instead or {}
        self._sideways = sideways
        self._file = io.BytesIO()
        self._canvas = Canvas(self._file, pagesize=size, invariant=1)
        self._canvas.setTitle(title)

    @property
    def right(self) -> float:
        """The right margin's edge."""
        return self.width - MARGIN

    def begin_page(self) -> None:
        """End the page there is, begin the next with its head."""
        if self.page:
            self._canvas.showPage()
        if self._sideways:
            self._canvas.setPageRotation(90)
            self._canvas.transform(0, 1, -1, 0, self.height, 0)
        self.page += 1
        self.y = MARGIN + 10
        self.head(self)

    def room(self, height: float, again: Callable[[], None] | None = None) -> None:
        """Have ``height`` points left; else begin a page, and draw ``again`` what goes on."""
        if self.y + height > self.bottom:
            self.begin_page()
            if again:
                again()

    def text(
        self,
        x: float,
        text: str,
        *,
        right: bool = False,
        bold: bool = False,
        path: str = "",
        size: float | None = None,
    ) -> float:
        """Put ``text`` at ``x``, which is its right edge when ``right``; gives its other end.

        ``path`` says which figure it is. A figure may stand several times; its first place counts.
        """
        where = f"{self.path}{path}"
        if path and where in self._instead:
            text = self._instead[where]
        if not text:
            return x
        points = size or self.font.size
        face = self.font.bold if bold else self.font.plain
        wide = float(stringWidth(text, face, points))
        left = x - wide if right else x
        self._canvas.setFont(face, points)
        self._canvas.setFillColor(INK)
        self._canvas.drawString(left, self.height - self.y, text)
        if path and where not in self.figures:
            box = (left, self.y - points, left + wide, self.y + points / 4)
            self.figures[where] = Figure(text, self.page, box)
        return left if right else left + wide

    def wrapped(self, x: float, text: str, width: float, step: float, *, bold: bool = False) -> int:
        """Put ``text`` in as many rows as it takes, the first at ``y``; gives their number."""
        rows = self.broken(text, width, bold=bold)
        top = self.y
        for row in rows:
            self.text(x, row, bold=bold)
            self.y += step
        self.y = top
        return len(rows)

    def broken(self, text: str, width: float, *, bold: bool = False) -> list[str]:
        """``text`` in rows of at most ``width`` points."""
        rows: list[str] = []
        for word in text.split():
            if rows and self.font.width(f"{rows[-1]} {word}", bold=bold) <= width:
                rows[-1] += f" {word}"
            else:
                rows.append(word)
        return rows

    def rule(self, x1: float, y1: float, x2: float, y2: float, thick: float = 0.5) -> None:
        """A straight line."""
        self._canvas.setStrokeColor(GREY)
        self._canvas.setLineWidth(thick)
        self._canvas.line(x1, self.height - y1, x2, self.height - y2)

    def box(self, x1: float, y1: float, x2: float, y2: float, *, filled: bool = False) -> None:
        """A frame, or a pale ground when ``filled``."""
        self._canvas.setStrokeColor(GREY)
        self._canvas.setLineWidth(0.5)
        self._canvas.setFillColor(PALE)
        low = self.height - y2
        self._canvas.rect(x1, low, x2 - x1, y2 - y1, stroke=int(not filled), fill=int(filled))

    def finish(self) -> bytes:
        """The PDF's bytes."""
        self._canvas.showPage()
        self._canvas.save()
        return self._file.getvalue()
