"""Charts as inline SVG that print in black and white and that a screen reader can say.

Every bar has its figure beside it, and every class its own hatching; nothing is told by colour
alone. A chart has a title and a description; the table of its figures stands under it on the page.
Its colours are of a light page; a sheet of styles gives it others by the classes of its parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape

WIDTH = 760
NAME_WIDTH = 190
ROW = 30
BAR = 18
LETTERS_IN_NAME = 28
LETTER = 7  # pixels of a letter of a label, on the safe side
INK = "#1b2430"
SOFT = "#55606e"

_HATCHES = (
    ("#ffffff", ""),
    ("#dbe7ea", '<path d="M0 8L8 0M-2 2L2 -2M6 10L10 6" stroke="#3f7f8c" stroke-width="1"/>'),
    (
        "#a9c6cd",
        '<path d="M2 1v2M1 2h2M6 5v2M5 6h2" stroke="#0f4c5c" stroke-width="1.4"/>',
    ),
    ("#5f97a3", '<path d="M0 0L8 8M-2 6L2 10M6 -2L10 2" stroke="#ffffff" stroke-width="1.4"/>'),
    ("#0f3a47", ""),
)
"""Fill and marks of each class, from light to dark: told apart in grey too."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One labelled row of a chart: a value for each class, and the words at its end."""

    name: str
    values: tuple[Decimal, ...]
    label: str


def stacked_bars(
    key: str, title: str, description: str, classes: Sequence[str], bars: Sequence[Bar]
) -> str:
    """A row for each bar, its classes side by side, with a legend; as an ``svg`` element."""
    most = max((sum(bar.values) for bar in bars), default=Decimal(0))
    room = WIDTH - NAME_WIDTH - LETTER * max((len(bar.label) for bar in bars), default=0) - 12
    top = 34 if len(classes) > 1 else 4
    parts = [_legend(key, classes)] if len(classes) > 1 else []
    for nth, bar in enumerate(bars):
        y = top + nth * ROW
        parts.append(_text(0, y + 13, _short(bar.name), weight=600))
        x = NAME_WIDTH
        for which, value in enumerate(bar.values):
            wide = int(value * room / most) if most > 0 else 0
            if value > 0:
                parts.append(_box(key, x, y, max(wide, 2), which, len(classes)))
                x += max(wide, 2)
        parts.append(_text(x + 8, y + 13, bar.label))
    return _svg(key, title, description, top + len(bars) * ROW, parts, len(classes))


def paired_bars(key: str, title: str, description: str, bars: Sequence[Bar]) -> str:
    """Two bars a row: now, hatched, and before, an outline beneath it; as an ``svg`` element."""
    most = max((value for bar in bars for value in bar.values), default=Decimal(0))
    room = WIDTH - NAME_WIDTH - LETTER * max((len(bar.label) for bar in bars), default=0) - 12
    parts = []
    for nth, bar in enumerate(bars):
        y = 4 + nth * ROW
        parts.append(_text(0, y + 15, _short(bar.name), weight=600))
        ends = [NAME_WIDTH]
        for which, value in enumerate(bar.values):
            wide = max(int(value * room / most), 2) if most > 0 and value > 0 else 0
            if wide:
                fill = f"url(#{key}-3)" if which == 0 else "none"
                high, at = (13, y) if which == 0 else (6, y + 15)
                parts.append(
                    f'<rect class="line" x="{NAME_WIDTH}" y="{at}" width="{wide}" height="{high}" '
                    f'fill="{fill}" stroke="{INK}" stroke-width="1"/>'
                )
            ends.append(NAME_WIDTH + wide)
        parts.append(_text(max(ends) + 8, y + 15, bar.label))
    return _svg(key, title, description, 4 + len(bars) * ROW, parts, len(_HATCHES))


def columns(key: str, title: str, description: str, bars: Sequence[Bar]) -> str:
    """A column for each day: the first value hatched inside the outline of the second."""
    high, foot = 130, 34
    most = max((max(bar.values) for bar in bars), default=Decimal(0))
    step = min(WIDTH // max(len(bars), 1), 96)
    wide = max(step - 10, 4)
    said = step >= LETTER * max((len(bar.label) for bar in bars), default=0)
    parts = [f'<path class="axis" d="M0 {high + 18}H{WIDTH}" stroke="{SOFT}" stroke-width="1"/>']
    for nth, bar in enumerate(bars):
        x = nth * step + 4
        inner, outer = (int(value * high / most) if most > 0 else 0 for value in bar.values)
        for tall, fill, look in (
            (outer, "#ffffff", "line hollow"),
            (inner, f"url(#{key}-3)", "line"),
        ):
            parts.append(
                f'<rect class="{look}" x="{x}" y="{18 + high - tall}" width="{wide}" '
                f'height="{tall}" fill="{fill}" stroke="{INK}" stroke-width="1"/>'
            )
        middle = x + wide // 2
        if said:
            parts.append(_text(middle, 13 + high - outer, bar.label, anchor="middle"))
        if said or nth % 5 == 0:
            parts.append(_text(middle, high + 33, bar.name, anchor="middle", soft=True))
    return _svg(key, title, description, high + foot + 8, parts, len(_HATCHES))


def _svg(
    key: str, title: str, description: str, height: int, parts: Sequence[str], classes: int
) -> str:
    return (
        f'<svg role="img" aria-labelledby="{key}-title {key}-desc" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" xmlns="http://www.w3.org/2000/svg" focusable="false">'
        f'<title id="{key}-title">{escape(title)}</title>'
        f'<desc id="{key}-desc">{escape(description)}</desc>'
        f"<defs>{''.join(_pattern(key, which) for which in range(classes))}</defs>"
        f"{''.join(parts)}</svg>"
    )


def _pattern(key: str, which: int) -> str:
    fill, marks = _HATCHES[which]
    return (
        f'<pattern id="{key}-{which}" width="8" height="8" patternUnits="userSpaceOnUse">'
        f'<rect width="8" height="8" fill="{fill}"/>{marks}</pattern>'
    )


def _box(key: str, x: int, y: int, wide: int, which: int, classes: int) -> str:
    fill = which if classes > 1 else 3
    return (
        f'<rect class="line" x="{x}" y="{y}" width="{wide}" height="{BAR}" '
        f'fill="url(#{key}-{fill})" stroke="{INK}" stroke-width="1"/>'
    )


def _legend(key: str, classes: Sequence[str]) -> str:
    parts, x = [], NAME_WIDTH
    for which, words in enumerate(classes):
        parts.append(
            f'<rect class="line" x="{x}" y="3" width="20" height="13" fill="url(#{key}-{which})" '
            f'stroke="{INK}" stroke-width="1"/>'
        )
        parts.append(_text(x + 26, 14, words))
        x += 26 + LETTER * len(words) + 20
    return "".join(parts)


def _text(
    x: int, y: int, words: str, *, anchor: str = "start", weight: int = 400, soft: bool = False
) -> str:
    look, color = ("soft", SOFT) if soft else ("ink", INK)
    return (
        f'<text class="{look}" x="{x}" y="{y}" font-size="12" font-weight="{weight}" '
        f'text-anchor="{anchor}" fill="{color}">{escape(words)}</text>'
    )


def _short(name: str) -> str:
    return name if len(name) <= LETTERS_IN_NAME else f"{name[: LETTERS_IN_NAME - 1].rstrip()}…"
