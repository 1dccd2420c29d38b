"""Labels with everything that stands beside them in a document become fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from billing.errors import UnreadableDocument
from bots.reading.drafting.kinds_of_value import fits
from bots.reading.drafting.told import Told
from bots.reading.drafting.vocabulary import meanings
from bots.reading.rows import REMEDY


@dataclass(slots=True)
class DraftedLabels:
    """Which label each field stands beside, how surely, and the labels of nothing needed."""

    fields: dict[str, str] = field(default_factory=dict)
    sure: dict[str, int] = field(default_factory=dict)
    places: dict[str, Mapping[str, str]] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)

    def place(self, name: str) -> dict[str, str]:
        """Where the field stands, as eob.yaml says it."""
        return dict(self.places[self.fields[name]])


class Texts(list[str]):
    """All texts of one label, and where they stand, as eob.yaml says it."""

    def __init__(self, place: Mapping[str, str]) -> None:
        super().__init__()
        self.place = place


def texts_by_label(rows: Iterable[Told]) -> dict[str, Texts]:
    """Every label of ``rows`` in order, with the texts beside or beneath it."""
    found: dict[str, Texts] = {}
    for told in rows:
        for pair in told.pairs:
            found.setdefault(pair.label, Texts(pair.place)).append(pair.value)
    return found


def draft_labels(found: Mapping[str, Texts], part: str, names: Sequence[str]) -> DraftedLabels:
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
    drafted.places = {label: texts.place for label, texts in found.items()}
    drafted.others = [label for label in found if label not in drafted.fields.values()]
    return drafted
