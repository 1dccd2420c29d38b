"""Labels with everything that stands beside them in a document become fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from billing.errors import UnreadableDocument
from bots.reading.drafting.kinds_of_value import fits
from bots.reading.drafting.roles import Told
from bots.reading.drafting.vocabulary import meanings
from bots.reading.rows import REMEDY


@dataclass(slots=True)
class DraftedLabels:
    """Which label each field stands beside, how surely, and the labels of nothing needed."""

    fields: dict[str, str] = field(default_factory=dict)
    sure: dict[str, int] = field(default_factory=dict)
    beneath: set[str] = field(default_factory=set)
    others: list[str] = field(default_factory=list)

    def place(self, name: str) -> dict[str, str]:
        """Where the field stands, as eob.yaml says it."""
        label = self.fields[name]
        return {"beneath" if label in self.beneath else "label": label}


class Beneath(list[str]):
    """Texts that stand under their label, not beside it."""


def texts_by_label(rows: Iterable[Told]) -> dict[str, list[str]]:
    """Every label of ``rows`` in order, with the texts beside or beneath it."""
    found: dict[str, list[str]] = {}
    for told in rows:
        for pair in told.pairs:
            made: list[str] = Beneath() if pair.beneath else []
            found.setdefault(pair.label, made).append(pair.value)
    return found


def draft_labels(
    found: Mapping[str, Sequence[str]], part: str, names: Sequence[str]
) -> DraftedLabels:
    """The fields ``names`` of ``part``, each beside the label that surest means it.

    A label means one field; its texts must all be of the field's kind. Raises
    UnreadableDocument when two labels mean one field equally surely and say different things.
    """
    drafted = DraftedLabels()
    choices = [
        (meaning.sure, -number, meaning.field, label)
        for number, (label, texts) in enumerate(found.items())
        for meaning in meanings(label, part)
        if meaning.field in names and fits(meaning.field, [text for text in texts if text])
    ]
    for sure, _, name, label in sorted(choices, reverse=True):
        if label in drafted.fields.values():
            continue
        if name not in drafted.fields:
            drafted.fields[name], drafted.sure[name] = label, sure
        elif drafted.sure[name] == sure == meanings(label, part)[0].sure and set(
            found[label]
        ) != set(found[drafted.fields[name]]):
            raise UnreadableDocument(
                f"The labels {drafted.fields[name]!r} and {label!r} may both be the "
                f"{name.replace('_', ' ')}, and say different things; {REMEDY}."
            )
    drafted.beneath = {label for label, one in found.items() if isinstance(one, Beneath)}
    drafted.others = [label for label in found if label not in drafted.fields.values()]
    return drafted
