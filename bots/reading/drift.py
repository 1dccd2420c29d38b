"""A portal that is no longer as its profile says: what is lost, what is near, what to change."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher, unified_diff

import yaml
from lxml.html import HtmlElement
from pydantic import TypeAdapter, ValidationError
from yaml.nodes import MappingNode, Node, SequenceNode

from billing.errors import UnknownPage
from billing.report import Drift
from bots.claim_task import ClaimStatusTask
from bots.eligibility_task import EligibilityTask, Source
from bots.page_language import Locators, PageField
from bots.reading.dom import cell_of, column, has_rows, parse, visible
from bots.reading.page import read_fields, read_region, spelled

NAMED = "dt, th, label, legend, h1, h2, h3, h4, button, td, span, strong, b"
LEAST_LIKENESS = 0.5
LONGEST_LABEL = 60
QUOTED = re.compile(r"\b(?:name|label|text|placeholder|title|column)[= ]'([^']*)'")

_LOCATORS: TypeAdapter[Locators] = TypeAdapter(Locators)


def lost_fields(page: bytes, task: ClaimStatusTask, sha256: str) -> list[Drift]:
    """The fields of an opened claim that its captured page lacks; none when it is another page."""
    within = task.read.within
    if not _is_the_page(page, within):
        return []
    return [Drift(what, evidence=sha256) for what in _lost_of(page, within, task.read.fields)]


def lost_of_cover(page: bytes, task: EligibilityTask, sha256: str) -> list[Drift]:
    """The fields of a cover, its benefits and other payers that its captured page lacks.

    None when it is another page. Rows that are not there at all tell nothing of their fields, nor
    do those that stand on a later page or in data.
    """
    if not _is_the_page(page, task.read.within):
        return []
    lost = [*_lost_of(page, task.read.within, task.read.fields)]
    for source in task.sources:
        if not source.after and not source.response:
            lost += _lost_of_rows(parse(page), source)
    return [Drift(what, evidence=sha256) for what in dict.fromkeys(lost)]


def _is_the_page(page: bytes, within: str) -> bool:
    try:
        return len(visible(parse(page), within)) == 1
    except UnknownPage:
        return False


def _lost_of(page: bytes, within: str, fields: Mapping[str, PageField]) -> Iterator[str]:
    for name, field in fields.items():
        try:
            read_region(page, within, {name: field})
        except UnknownPage:
            yield f"{name}: {spelled(field)}"


def _lost_of_rows(tree: HtmlElement, source: Source) -> Iterator[str]:
    if source.each is not None:
        for element in visible(tree, source.each):
            for name, field in source.fields.items():
                try:
                    read_fields(element, {name: field}, source.each, "")
                except UnknownPage:
                    yield f"{name}: {spelled(field)}"
        return
    for table in visible(tree, str(source.table)):
        for name, field in source.fields.items():
            try:
                there = field.constant or column(table, field.column or (), field.headed)
            except UnknownPage:
                continue
            if has_rows(table) and not there:
                yield f"{name}: {spelled(field)}"


def nearest(wanted: str, page: bytes, known: str) -> str | None:
    """The label or heading on a captured page that is most like the one in ``wanted``.

    Texts that the profile (``known``) has already, and texts with figures, are left out.
    """
    named = QUOTED.search(wanted)
    text = named[1] if named else wanted
    labels = {
        " ".join(cell_of(one).text.split()).rstrip(":") for one in visible(parse(page), NAMED)
    }
    likeness = {
        label: _likeness(text, label)
        for label in labels
        if 1 < len(label) <= LONGEST_LABEL
        and label not in known
        and not any(c.isdigit() for c in label)
    }
    best = max(likeness, key=lambda label: (likeness[label], label), default="")
    return best if likeness.get(best, 0) >= LEAST_LIKENESS else None


def propose(text: str, drift: Sequence[Drift], name: str) -> str:
    """A unified diff of the profile ``text`` with every way that still leads there moved to the
    front; empty when there is none. ``name`` is the file's path for patch -p1."""
    changed = moved(text, drift)
    lines = unified_diff(
        text.splitlines(keepends=True),
        changed.splitlines(keepends=True),
        f"a/{name}",
        f"b/{name}",
    )
    return "".join(lines)


def moved(text: str, drift: Sequence[Drift]) -> str:
    """The profile ``text`` with every way that still leads there moved to the front."""
    for one in drift:
        if one.found_by:
            text = _moved(text, one)
    return text


def _moved(text: str, drift: Drift) -> str:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    for node in _lists(root):
        ways = _ways(node)
        if (
            len(ways) < drift.nth
            or ways[0] != drift.wanted
            or ways[drift.nth - 1] != drift.found_by
        ):
            continue
        spans = [(one.start_mark.index, _end(text, one)) for one in node.value]
        parts = [text[start:end] for start, end in spans]
        order = [parts[drift.nth - 1], *(p for n, p in enumerate(parts) if n != drift.nth - 1)]
        for (start, end), part in reversed(list(zip(spans, order, strict=True))):
            text = text[:start] + part + text[end:]
        return text
    return text


def _end(text: str, node: Node) -> int:
    """Where a value's own text ends: a block's mark stands after the blank lines behind it."""
    if isinstance(node, MappingNode) and not node.flow_style and node.value:
        return _end(text, node.value[-1][1])
    if isinstance(node, SequenceNode) and not node.flow_style and node.value:
        return _end(text, node.value[-1])
    return int(node.end_mark.index)


def _lists(node: Node | None) -> Iterator[SequenceNode]:
    if isinstance(node, SequenceNode):
        yield node
        for item in node.value:
            yield from _lists(item)
    elif isinstance(node, MappingNode):
        for _, value in node.value:
            yield from _lists(value)


def _ways(node: SequenceNode) -> list[str]:
    try:
        return [str(way) for way in _LOCATORS.validate_python(_plain(node))]
    except ValidationError:
        return []


def _plain(node: Node) -> object:
    if isinstance(node, MappingNode):
        return {key.value: _plain(value) for key, value in node.value}
    if isinstance(node, SequenceNode):
        return [_plain(item) for item in node.value]
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node)
    finally:
        loader.dispose()


def _likeness(one: str, other: str) -> float:
    """How alike two labels are, their words in whatever order."""
    pairs = [(one.casefold(), other.casefold())]
    pairs.append((_sorted(one), _sorted(other)))
    return max(SequenceMatcher(None, a, b).ratio() for a, b in pairs)


def _sorted(label: str) -> str:
    return " ".join(sorted(label.casefold().split()))
