"""The Medicaid portal's pages after one redesign or another: the same content, said otherwise."""

from __future__ import annotations

from lxml import html
from lxml.html import HtmlElement

REWORDED = 1
RENAMED = 2
REBUILT = 3

# a label that a profile may take for missing is the dangerous one to reword, so it comes first
WORDS = {
    "Paid": "Amount paid",
    "Payment date": "Date of payment",
    "Payment number": "Warrant number",
    "RA number": "Advice number",
    "Status reason": "Explanation",
    "End date": "Last day",
    "Copay": "Co-payment",
    "Deductible Left": "Remaining deductible",
}
MORE_WORDS = {
    "ICN": "Claim number",
    "Billed": "Submitted charge",
    "Recipient ID": "Member ID",
    "From date of service": "First date of service",
    "To date of service": "Last date of service",
    "Date of birth": "Birth date",
}


def drifted(page: str, level: int) -> str:
    """``page`` with labels reworded, ids renamed and columns reversed too, or rebuilt."""
    root = html.document_fromstring(page)
    words = WORDS if level < RENAMED else WORDS | MORE_WORDS
    for element in root.iter("th", "label"):
        element.text = words.get(element.text or "", element.text)
    if level >= RENAMED:
        _rename(root)
        for row in root.cssselect("table.data-grid tr"):
            row[:] = list(reversed(row))
    if level >= REBUILT:
        for table in root.cssselect("table.data-grid, table.data-sheet"):
            _rebuild(table)
    return str(html.tostring(root, encoding="unicode", doctype="<!DOCTYPE html>"))


def _rename(root: HtmlElement) -> None:
    names = {"grid": "data-grid", "detail": "data-sheet", "entry": "form-grid", "pager": "pages"}
    for element in root.iter():
        for name in ("id", "for"):
            if (value := element.get(name)) is not None:
                element.set(name, value.replace("ctl00_MainContent_", "cphBody_"))
        if (value := element.get("class")) is not None:
            element.set("class", names.get(value, value))


def _rebuild(table: HtmlElement) -> None:
    """A table becomes paragraphs, each cell after its heading."""
    headings = [cell.text_content() for cell in table.cssselect("th[scope=col]")]
    for row in table.iter("tr"):
        row.tag = "div"
        for place, cell in enumerate(list(row)):
            if headings and cell.tag == "td" and len(row) == len(headings):
                cell.text = f"{headings[place]}: {cell.text or ''}"
            cell.tag = "p"
    table.tag = "div"
