"""Pages of portals that were rebuilt in two hundred ways are read as the key says, or refused."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import fields
from functools import cache
from random import Random

import pytest
from conftest import PROJECT
from lxml import html
from lxml.html import HtmlElement

from billing.errors import UnknownPage
from billing.model import ClaimStatus
from bots.profile import Profile, load_profiles
from bots.reading import page as reading_page
from bots.reading.cases import RESPONSE, Case, find_cases
from bots.reading.page import read_claim

EACH = 40
"""Pages of each of the five payers."""
PROFILES = load_profiles(PROJECT / "payer_profiles")
DATES = str.maketrans("01", "10")
FIGURES = str.maketrans("0123456789", "1032547698")
Change = Callable[[HtmlElement, Random], None]


@cache
def cases_of(payer: str) -> tuple[Case, ...]:
    """The payer's recorded claims that are read, whose figures people have reviewed."""
    found = find_cases(PROFILES[payer])
    return tuple(case for case in found if case.file.reads == "claim" and case.refused is None)


def told(root: HtmlElement) -> list[HtmlElement]:
    """Elements that hold a text and nothing else."""
    elements = root.xpath("//body//*[not(*)][normalize-space()]")
    return [one for one in elements if one.tag not in ("script", "style", "option")]


def pairs(root: HtmlElement) -> list[tuple[HtmlElement, HtmlElement]]:
    """Labels with what stands beside them."""
    found = [(one, one.getnext()) for one in told(root) if one.tag in ("th", "dt", "span", "div")]
    return [(one, beside) for one, beside in found if beside is not None and not len(beside)]


def another(text: str) -> str:
    """Another value of the same form: other digits (of a date 0 and 1 alone), or another word."""
    if any(letter.isdigit() for letter in text):
        return text.translate(DATES if "/" in text or "-" in text else FIGURES)
    return "Denied" if text != "Denied" else "Paid"


def relabelled(root: HtmlElement, random: Random) -> None:
    label, _ = random.choice(pairs(root))
    text = str(label.text_content())
    label.text = random.choice(
        [f"Total {text}", f"{text} (USD)", text.upper(), f"{text}s", "Amount"]
    )


def renamed(root: HtmlElement, random: Random) -> None:
    named = root.xpath("//body//*[@id or @class or @aria-label]")
    one = random.choice(named)
    for name in ("id", "class", "aria-label"):
        if name in one.attrib:
            one.attrib[name] = f"new-{one.attrib[name]}"


def wrapped(root: HtmlElement, random: Random) -> None:
    one = random.choice(told(root))
    inner = html.Element(random.choice(["span", "b", "div"]))
    inner.text, one.text = one.text, None
    one.append(inner)


def retagged(root: HtmlElement, random: Random) -> None:
    one = random.choice(told(root))
    one.tag = random.choice(["div", "span", "td", "dd", "p"])


def reordered(root: HtmlElement, random: Random) -> None:
    """Two rows of a table or two pairs of a list change their places."""
    parents = [one for one in root.xpath("//body//*[self::tbody or self::dl]") if len(one) > 3]
    if not parents:
        return
    parent = random.choice(parents)
    width = 2 if parent.tag == "dl" else 1
    at = width * random.randrange(len(parent) // width - 1)
    moving = list(parent[at : at + width])
    for place, one in enumerate(moving):
        parent.remove(one)
        parent.insert(at + width + place, one)


def doubled(root: HtmlElement, random: Random) -> None:
    """The same label once more, before or after, with another value beside it."""
    label, value = random.choice(pairs(root))
    again, other = copy.deepcopy(label), copy.deepcopy(value)
    other.text = another(str(value.text_content()))
    parent = label.getparent()
    if parent.tag == "tr":
        row = html.Element("tr")
        row.extend([again, other])
        (parent.addprevious if random.random() < 0.5 else parent.addnext)(row)
    elif random.random() < 0.5:
        label.addprevious(again)
        label.addprevious(other)
    else:
        value.addnext(other)
        value.addnext(again)


def twice(root: HtmlElement, random: Random) -> None:
    """A whole part of the page before itself, with other values: last month's claim, say."""
    label, _ = random.choice(pairs(root))
    above = [one for one in label.iterancestors() if one.tag in ("section", "table", "dl", "div")]
    if not above:
        return
    part = random.choice(above[:3])
    before = copy.deepcopy(part)
    for one in before.iter():
        if isinstance(one.tag, str) and not len(one) and any(map(str.isdigit, one.text or "")):
            one.text = another(str(one.text))
    part.addprevious(before)


def estranged(root: HtmlElement, random: Random) -> None:
    """A value stands elsewhere: what followed it now stands beside its label."""
    _, value = random.choice(pairs(root))
    parent = value.getparent()
    parent.remove(value)
    (parent if random.random() < 0.5 else root.find("body")).append(value)


def adorned(root: HtmlElement, random: Random) -> None:
    """An amount or a date is written in another way, or with another one."""
    values = [
        value for _, value in pairs(root) if str(value.text or "").strip()[:1] in "$0123456789"
    ]
    amounts = [one for one in values if "." in str(one.text) or "/" in str(one.text)]
    if not amounts:
        return
    one = random.choice(amounts)
    text = str(one.text).strip()
    one.text = random.choice(
        [f"{text} USD", f"about {text}", f"{text} of {another(text)}", text.replace(".", ","),
         text.replace("/", "."), f"{text} *"]
    )  # fmt: skip


def lost(root: HtmlElement, random: Random) -> None:
    one = random.choice(told(root))
    one.getparent().remove(one)


def widened(root: HtmlElement, random: Random) -> None:
    """A column more, before the others, in a table of lines."""
    tables = [one for one in root.xpath("//body//table") if len(one.xpath(".//tr[1]/th")) > 2]
    if not tables:
        return
    for at, row in enumerate(random.choice(tables).xpath(".//tr")):
        cell = html.Element("td" if at else "th")
        cell.text = "CO-97 99.99" if at else "Earlier"
        row.insert(0, cell)


CHANGES: Sequence[Change] = (
    *(relabelled, renamed, wrapped, retagged, reordered, doubled, doubled, twice, twice, estranged),
    *(adorned, lost, widened),
)


def mutated(page: bytes, random: Random) -> bytes:
    """The page after one change or several."""
    root = html.document_fromstring(page.decode("utf-8"))
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        random.choice(CHANGES)(root, random)
    return html.tostring(root, encoding="utf-8", doctype="<!doctype html>")


@cache
def key_of(case_name: str) -> ClaimStatus:
    """What the page says as it was recorded; another test holds that against what people saw."""
    payer = case_name.partition("/")[0]
    (case,) = (one for one in cases_of(payer) if one.name == case_name)
    return read(case, PROFILES[payer], (case.folder / case.file.captured).read_bytes())


def read(case: Case, profile: Profile, page: bytes) -> ClaimStatus:
    body = case.folder / RESPONSE
    task = profile.file.tasks.claim_status
    data = body.read_bytes() if body.is_file() else None
    return read_claim(page, task.read, profile.file.vocabulary, data)[0]


def rebuilt(payer: str) -> Iterator[tuple[str, ClaimStatus, ClaimStatus | None]]:
    """A name, what the page says by the key, and what was read; None where it was refused."""
    profile, known = PROFILES[payer], cases_of(payer)
    for number in range(EACH):
        random = Random(f"{payer} {number}")
        case = known[number % len(known)]
        page = (case.folder / case.file.captured).read_bytes()
        got: ClaimStatus | None = None
        with suppress(UnknownPage):
            got = read(case, profile, mutated(page, random))
        yield f"{case.name} {number}", key_of(case.name), got


def misread(key: ClaimStatus, got: ClaimStatus) -> list[str]:
    """The fields that say something else than the page does; a figure that is not there is none.

    Words that no profile knows go to a person, whatever else was read. The codes of all tables
    that a profile names are together the claim's, so that one table more or less has its own.
    """
    if got.category is None:
        return []
    return [
        field.name
        for field in fields(ClaimStatus)
        if (now := getattr(got, field.name)) not in (None, ())
        and now != (then := getattr(key, field.name))
        and not (field.name == "reason_codes" and (set(now) < set(then) or set(now) > set(then)))
    ]


@pytest.mark.parametrize("payer", sorted(PROFILES))
def test_a_rebuilt_page_is_read_as_the_key_says_or_refused(payer: str) -> None:
    came: Counter[str] = Counter()
    wrong = []
    for name, key, got in rebuilt(payer):
        came["refused" if got is None or got.category is None else "read"] += 1
        if got is not None and (these := misread(key, got)):
            wrong.append((name, these))
    assert wrong == []
    assert came["refused"] >= EACH / 10
    assert came["read"] >= EACH / 10


def test_a_reader_that_takes_the_first_it_finds_misreads(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(key_of(one.name) for payer in PROFILES for one in cases_of(payer)), "read with care"
    cells, visible = reading_page._cells, reading_page.visible
    monkeypatch.setattr(reading_page, "_cells", lambda *of: cells(*of)[:1])
    monkeypatch.setattr(reading_page, "visible", lambda *of: visible(*of)[:1])
    wrong = [
        name
        for payer in ("copper-line", "tri-rivers")
        for name, key, got in rebuilt(payer)
        if got is not None and misread(key, got)
    ]
    assert wrong
