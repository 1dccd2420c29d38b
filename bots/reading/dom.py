"""A captured page as a tree of what could be seen: regions, labels, cells, text, boxes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lxml import html as lxml_html
from lxml.etree import ParserError
from lxml.html import HtmlElement

from billing.errors import UnknownPage
from bots.reading.fields import JOINT

HIDDEN = "data-cs-hidden"
BOX = "data-cs-box"
BREAKS = frozenset({"div", "p", "li", "br", "tr", "td", "th", "dt", "dd", "option", "section"})
LABELS = frozenset(
    "dt th label td span div p strong b em i small legend dfn abbr h3 h4 h5 h6 li".split()
)
VALUES = frozenset(
    "dd td span div p output strong b em i input select textarea a time data ul ol".split()
)
INPUTS = frozenset({"input", "textarea", "select"})
CELL_ROLES = frozenset({"cell", "gridcell", "rowheader"})

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Cell:
    """A text and where it stands: left, top, right, bottom in CSS pixels, if anywhere."""

    text: str
    box: Box | None


def parse(page: bytes) -> HtmlElement:
    """The tree of a captured page. Raises UnknownPage when it holds no HTML."""
    parser = lxml_html.HTMLParser(encoding="utf-8", huge_tree=True)
    try:
        return lxml_html.document_fromstring(page, parser=parser)
    except ParserError as error:
        raise UnknownPage("The captured page holds no HTML; the portal may be down") from error


def text_of(page: bytes) -> str:
    """All that a captured page says, but for what was typed there."""
    said = []
    for element in parse(page).iter():
        if isinstance(element.tag, str) and not _hidden(element):
            said += [element.text or "", *(child.tail or "" for child in element)]
    return " ".join(said)


def visible(root: HtmlElement, css: str) -> list[HtmlElement]:
    """What ``css`` selects and a person could see."""
    return [element for element in root.cssselect(css) if not _hidden(element)]


def cell_of(element: HtmlElement, attribute: str | None = None) -> Cell:
    """The element's text, or what its ``attribute`` says."""
    text = _text(element) if attribute is None else element.get(attribute) or ""
    return Cell(text, _box(element))


Labels = Mapping[str, Sequence[HtmlElement]]
"""The elements of a region that may be a label, by their text."""


def labels_of(region: HtmlElement) -> Labels:
    """Every text of ``region`` that may be a label, each read once; in the order of the page."""
    found: dict[str, list[HtmlElement]] = {}
    known: dict[HtmlElement, str] = {}
    for element in region.iter():
        if _may_label(element):
            found.setdefault(_label_text(element, known), []).append(element)
    return found


def labelled(
    region: HtmlElement, label: str, labels: Labels, attribute: str | None = None
) -> list[Cell]:
    """The value beside each ``label``: dt → dd, th → td, label → its input, text → what follows."""
    found: dict[HtmlElement, Cell] = {}
    for element in labels.get(label, ()):
        if _hidden(element):
            continue
        if element.tag == "label" and (named := _input_of(region, element)) is not None:
            found[named] = cell_of(named, attribute)
            continue
        if _is_heading(element):
            continue
        sibling = _next(element)
        if sibling is not None and (sibling.tag in VALUES or "-" in sibling.tag):
            found[sibling] = cell_of(sibling, attribute)
        elif sibling is None and (element.tail or "").strip():
            found[element] = Cell(element.tail or "", _box(element.getparent()))
    return list(found.values())


def beside(
    region: HtmlElement, label: str, css: str, labels: Labels, attribute: str | None = None
) -> list[Cell]:
    """The value of each ``label``: the entry of the list ``css`` at the label's own place.

    Raises UnknownPage when the two lists are not of one length.
    """
    values = visible(region, css)
    found = []
    for element in labels.get(label, ()):
        if _hidden(element) or element in values:
            continue
        entries = [e for e in element.getparent() if isinstance(e.tag, str) and not _hidden(e)]
        if len(entries) != len(values):
            raise UnknownPage(
                f"{len(entries)} labels stand beside {len(values)} values {css!r}; the portal may "
                "have changed, compare it with the profile"
            )
        found.append(cell_of(values[entries.index(element)], attribute))
    return found


def column(
    table: HtmlElement,
    headings: Sequence[str | int],
    headed: str | None = None,
    skip: Sequence[HtmlElement] = (),
) -> list[HtmlElement]:
    """The cells below whichever of ``headings`` the table has, or at that position from 1.

    A row of one cell (a pager, a message), one in the table's foot and those of ``skip`` are no
    rows of the table; UnknownPage is raised when another one has more or fewer cells than there
    are headings. A heading that stands over two columns names neither, unless the heading above it
    tells them apart ("Amount Paid").
    """
    index: int | None = None
    width = 0
    block: list[HtmlElement] = []
    found: list[HtmlElement] = []
    held: dict[int, tuple[int, HtmlElement]] = {}
    for row in _rows(table):
        if _is_heading_row(row):
            held.clear()
            block.append(row)
            names = _heading_names(block)
            width = len(names)
            index = _position(names, headings, headed)
            continue
        block = []
        cells = _spread(row, held)
        alone = len(_cells(row)) <= 1 < width
        if alone or row in skip or row.getparent().tag == "tfoot":
            continue
        if index is not None and len(cells) != width:
            raise UnknownPage(
                f"a row of {len(cells)} cells stands under {width} headings; the portal may have "
                "changed, compare it with the profile"
            )
        if index is not None:
            found.append(cells[index])
    return found


def _spread(row: HtmlElement, held: dict[int, tuple[int, HtmlElement]]) -> list[HtmlElement]:
    """The cell of each column; ``held`` are those that reach down from the rows above."""
    spread: list[HtmlElement] = []

    def reach_down() -> None:
        while (x := len(spread)) in held:
            left, cell = held.pop(x)
            spread.append(cell)
            if left > 1:
                kept[x] = (left - 1, cell)

    kept: dict[int, tuple[int, HtmlElement]] = {}
    for cell in _cells(row):
        reach_down()
        for _ in range(_span(cell, "colspan")):
            if (high := _span(cell, "rowspan")) > 1:
                kept[len(spread)] = (high - 1, cell)
            spread.append(cell)
    reach_down()
    held.clear()
    held |= kept
    return spread


def has_rows(table: HtmlElement) -> bool:
    """Whether the table holds anything below its headings."""
    return any(not _is_heading_row(row) and len(_cells(row)) > 1 for row in _rows(table))


def _position(
    names: Sequence[frozenset[str]], headings: Sequence[str | int], headed: str | None
) -> int | None:
    if headings and isinstance(headings[0], int):
        index = headings[0] - 1
        return index if index < len(names) and headed in names[index] else None
    found = [n for n, spelled in enumerate(names) if spelled & set(headings)]
    return found[0] if len(found) == 1 else None


def _heading_names(block: Sequence[HtmlElement]) -> list[frozenset[str]]:
    """What each column may be called: its lowest heading, alone or after those above it."""
    grid: dict[tuple[int, int], str] = {}
    for y, row in enumerate(block):
        x = 0
        for cell in _cells(row):
            while (y, x) in grid:
                x += 1
            wide, high = _span(cell, "colspan"), _span(cell, "rowspan")
            for down in range(high):
                grid |= {(y + down, x + n): _label_text(cell) for n in range(wide)}
            x += wide
    names = []
    for x in range(max((x for _, x in grid), default=-1) + 1):
        above = list(dict.fromkeys(grid[y, x] for y in range(len(block)) if (y, x) in grid))
        names.append(frozenset({above[-1], " ".join(above)} if above else ()))
    return names


def _rows(table: HtmlElement) -> Iterator[HtmlElement]:
    for row in table.iter():
        if not _is_row(row) or _hidden(row):
            continue
        around = next((e for e in row.iterancestors() if _is_table(e)), None)
        if around is table or not _is_table(table):
            yield row


def _is_table(element: HtmlElement) -> bool:
    return element.tag == "table" or element.get("role") in ("table", "grid", "treegrid")


def _is_row(element: HtmlElement) -> bool:
    return element.tag == "tr" or element.get("role") == "row"


def _cells(row: HtmlElement) -> list[HtmlElement]:
    return [
        cell
        for cell in row
        if cell.tag in ("td", "th")
        or cell.get("role") in CELL_ROLES
        or cell.get("role") == "columnheader"
    ]


def _is_heading_row(row: HtmlElement) -> bool:
    if row.getparent() is not None and row.getparent().tag == "thead":
        return True
    cells = _cells(row)
    return bool(cells) and all(
        (cell.tag == "th" and cell.get("role") not in CELL_ROLES)
        or cell.get("role") == "columnheader"
        for cell in cells
    )


def _is_heading(element: HtmlElement) -> bool:
    row = element.getparent()
    return (
        (element.tag == "th" or element.get("role") == "columnheader")
        and row is not None
        and row.getparent() is not None
        and _is_heading_row(row)
    )


def _may_label(element: HtmlElement) -> bool:
    return isinstance(element.tag, str) and (element.tag in LABELS or "-" in element.tag)


def _next(element: HtmlElement) -> HtmlElement | None:
    """The element after this one, comments and what cannot be seen aside."""
    after = element.itersiblings()
    return next((e for e in after if isinstance(e.tag, str) and not _hidden(e)), None)


def _input_of(region: HtmlElement, label: HtmlElement) -> HtmlElement | None:
    """The field that a <label> names, by its id or around it."""
    wanted = label.get("for")
    inputs = (e for e in region.iter(*INPUTS) if wanted and e.get("id") == wanted)
    return next(inputs, None) if wanted else next(label.iter(*INPUTS), None)


def _hidden(element: HtmlElement) -> bool:
    return any(e.get(HIDDEN) is not None for e in (element, *element.iterancestors()))


def _text(element: HtmlElement, known: dict[HtmlElement, str] | None = None) -> str:
    """What a person reads in it; kept in ``known`` where many texts of one tree are wanted."""
    if element.tag in INPUTS:
        return element.get("value") or ""
    if known is not None and element in known:
        return known[element]
    parts = [element.text or ""]
    for child in element:
        if child.get(HIDDEN) is None and isinstance(child.tag, str):
            inner = _text(child, known)
            parts.append(f" {inner} " if child.tag in BREAKS else inner)
        parts.append(child.tail or "")
    joined = ""
    for part in filter(None, parts):
        meet = joined[-1:].isdigit() and part[:1].isdigit()
        joined += JOINT + part if meet else part
    if known is not None:
        known[element] = joined
    return joined


def _label_text(element: HtmlElement, known: dict[HtmlElement, str] | None = None) -> str:
    """The element's text without the value of an input inside it and without a last colon."""
    if element.tag == "label":
        parts = [element.text or ""]
        for child in element:
            shown = isinstance(child.tag, str) and child.get(HIDDEN) is None
            if shown and child.tag not in INPUTS:
                parts.append(_text(child, known))
            parts.append(child.tail or "")
        text = "".join(parts)
    else:
        text = _text(element, known)
    return " ".join(text.replace(JOINT, "").split()).removesuffix(":").rstrip()


def _span(cell: HtmlElement, attribute: str) -> int:
    stated = cell.get(attribute) or "1"
    return min(int(stated), 100) if stated.isdigit() and int(stated) > 0 else 1


def _box(element: HtmlElement | None) -> Box | None:
    stated = None if element is None else element.get(BOX)
    if stated is None:
        return None
    left, top, right, bottom = (float(side) for side in stated.split(","))
    return (left, top, right, bottom)
