"""A drafted layout becomes the text of an eob.yaml that says what a person has to confirm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from bots.reading.drafting.draft import Draft

CERTAIN = 95
HEAD = """\
# Drafted from one document by its own headings. Before it is used, a person
#   - compares every box of the drawn pages with the name beside it,
#   - confirms the lines marked "confirm", and names what the document did not show,
#   - moves this file to payer_profiles/_issuers/ID/eob.yaml (or to a payer's own folder).
"""
UNSEEN = {
    "page_number": "No page says which of how many it is; a missing page would not be noticed.",
    "provider_adjustments": "The document has no provider-level adjustments; describe them when "
    "one does.",
    "totals": "The document prints no totals for all of its claims.",
}


def yaml_text(draft: Draft) -> str:
    """The whole file, which loads as ``draft.layout``."""
    parts = [HEAD]
    for key, value in draft.yaml.items():
        parts += ["\n", *_lines(key, value, draft.sure, key, "")]
    parts += [f"\n# {said}\n" for key, said in UNSEEN.items() if key not in draft.yaml]
    return "".join(parts)


def _lines(
    key: str, value: object, sure: Mapping[str, int], path: str, indent: str
) -> Iterator[str]:
    if isinstance(value, dict) and any(isinstance(one, dict | list) for one in value.values()):
        yield f"{indent}{key}:\n"
        for name, one in value.items():
            inner = path if name == "fields" else f"{path}.{name}"
            yield from _lines(name, one, sure, inner, f"{indent}  ")
    elif isinstance(value, list) and (
        key == "furniture" or any(isinstance(v, dict) for v in value)
    ):
        yield f"{indent}{key}:\n"
        yield from (f"{indent}  - {_inline(one)}\n" for one in value)
    else:
        yield f"{indent}{key}: {_inline(value)}{_confirm(path, sure)}\n"


def _inline(value: Any) -> str:
    text: str = yaml.safe_dump(
        value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10_000
    )
    return text.removesuffix("\n").removesuffix("...").removesuffix("\n")


def _confirm(path: str, sure: Mapping[str, int]) -> str:
    percent = sure.get(path, 100)
    return "" if percent >= CERTAIN else f"  # confirm: only {percent} % sure"
