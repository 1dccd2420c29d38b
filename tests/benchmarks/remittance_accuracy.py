"""How right the reader of remittances is, by layout and quality, over simulated documents."""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from remittance_marks import mark_document

from bots.layout import EobLayout
from bots.profile import load_layouts
from bots.reading.documents import read_documents
from sandbox.remittances.corpus import LAYOUTS, Document, make_document
from sandbox.remittances.damage import QUALITIES
from sandbox.remittances.faults import FAULTS
from sandbox.remittances.options import some_of

PROFILES = Path(__file__).resolve().parents[2] / "payer_profiles"


@dataclass(slots=True)
class Cell:
    """One layout in one quality.

    ``wrong_accepted`` counts figures of accepted documents that are not what the document says;
    everything of a document that had to be refused is wrong. ``drafted`` counts documents read
    without a layout, by one drafted from them. ``reasons`` counts refusals.
    """

    layout: str
    quality: str
    described: bool
    documents: int = 0
    drafted: int = 0
    pages: int = 0
    accepted: int = 0
    unbalanced: int = 0
    unread: int = 0
    kind_told: int = 0
    right: int = 0
    fields: int = 0
    wrong_accepted: int = 0
    missed_accepted: int = 0
    seconds: float = 0
    reasons: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    @property
    def read_by(self) -> str:
        """Whether a person's eob.yaml described them, or one was drafted from each document."""
        return "drafted" if self.drafted else "yes" if self.described else "no"

    def add(self, truth: Mapping[str, Any], reading: Mapping[str, Any]) -> None:
        """Count one document."""
        self.documents += 1
        self.drafted += reading["layout"] == "drafted"
        self.pages += truth["pages"]
        payments = reading["payments"]
        self.reasons.update(_refusals(reading))
        marks = mark_document(truth, payments)
        if payments:
            self.right += marks.right
            self.fields += marks.fields
        if reading["errors"] or not payments:
            self.unread += 1
            said = " ".join([str(reading.get("kind")), *reading["errors"]]).casefold()
            told = truth["kind"] in said or truth["kind"].replace("_", " ") in said
            self.kind_told += truth["kind"] != "remittance" and told
        elif not all(payment["balanced"] for payment in payments):
            self.unbalanced += 1
        else:
            self.accepted += 1
            wrong = marks.wrong
            if truth["expect"] == "refused":
                wrong = [*wrong, f"accepted, and should not be: {truth.get('swapped')}"]
            self.wrong_accepted += len(wrong)
            self.missed_accepted += len(marks.missed)
            self.examples += [f"{truth['file']}: {one}" for one in [*wrong, *marks.missed][:5]]


def _refusals(reading: Mapping[str, Any]) -> Iterator[str]:
    """Why it was refused, without what differs from document to document."""
    for sentence in reading["errors"]:
        yield re.sub(r"\d+", "#", sentence.split(";")[0])[:110]
    found = {
        residual["equation"] for payment in reading["payments"] for residual in payment["residuals"]
    }
    yield from (f"does not close: {equation}" for equation in sorted(found))


def measure(
    documents: Iterable[Document], layouts: Mapping[str, EobLayout], folder: Path
) -> Iterator[Cell]:
    """Read every document as the command does; a cell each time that one is complete."""
    cell: Cell | None = None
    for document in documents:
        truth = document.truth
        if cell is None or (cell.layout, cell.quality) != (truth["layout"], truth["quality"]):
            if cell is not None:
                yield cell
            cell = Cell(truth["layout"], truth["quality"], truth["described"])
        path = folder / document.name
        path.write_bytes(document.data)
        started = time.perf_counter()
        (reading,) = read_documents([path], layouts)
        cell.seconds += time.perf_counter() - started
        path.unlink()
        cell.add(truth, reading)
    if cell is not None:
        yield cell


HEADINGS = (
    *("layout", "quality", "eob.yaml", "documents", "accepted", "not balanced", "not read"),
    *("fields right", "wrong accepted", "missed accepted", "s a page"),
)


def table(cells: Sequence[Cell]) -> str:
    """Every cell as a row of a Markdown table."""
    lines = [f"| {' | '.join(HEADINGS)} |", "|---" * len(HEADINGS) + "|"]
    for one in cells:
        share = f"{one.right / one.fields:.1%} of {one.fields}" if one.fields else "-"
        values = (
            *(one.layout, one.quality, one.read_by),
            *(one.documents, one.accepted, one.unbalanced, one.unread),
            *(share, one.wrong_accepted, one.missed_accepted, f"{one.seconds / one.pages:.2f}"),
        )
        lines.append(f"| {' | '.join(map(str, values))} |")
    return "\n".join(lines)


def main() -> int:
    """Measure, print the table; 1 when a wrong figure was accepted."""
    options = _options()
    layouts = {} if options.hide_layouts else load_layouts(options.profiles)
    qualities = dict.fromkeys([*options.quality, *(FAULTS if options.faults else ())])
    documents = (
        make_document(layout, quality, options.seed, number)
        for layout in options.layouts
        for quality in qualities
        for number in range(1, options.count + 1)
    )
    cells = []
    with tempfile.TemporaryDirectory() as folder:
        for cell in measure(documents, layouts, Path(folder)):
            cells.append(cell)
            sys.stderr.write(f"{table([cell]).splitlines()[-1]}\n")
            if options.json:
                written = [asdict(one) | {"reasons": dict(one.reasons)} for one in cells]
                text = json.dumps(written, indent=1)
                options.json.write_text(f"{text}\n", encoding="utf-8")
    sys.stdout.write(f"{table(cells)}\n\n{_summary(cells)}")
    return 1 if any(cell.wrong_accepted for cell in cells) else 0


def _summary(cells: Sequence[Cell]) -> str:
    reasons = sum((cell.reasons for cell in cells), Counter[str]())
    documents, accepted = sum(c.documents for c in cells), sum(c.accepted for c in cells)
    others = [cell for cell in cells if cell.kind_told]
    lines = [f"{count:5} {reason}" for reason, count in reasons.most_common(20)]
    lines += [f"      {one}" for cell in cells for one in cell.examples[:5]]
    lines.append(
        f"{documents} documents, {accepted} accepted, {documents - accepted} refused "
        f"({sum(c.kind_told for c in others)} with the kind that they are), "
        f"{sum(c.wrong_accepted for c in cells)} wrong figures accepted."
    )
    return "\n".join(lines) + "\n"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, prog="make accuracy")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=3, help="documents of each cell (3)")
    parser.add_argument("--layouts", type=some_of(LAYOUTS), default=LAYOUTS)
    parser.add_argument(
        "--quality", type=some_of((*QUALITIES, *FAULTS)), default=("text",), help="or faults"
    )
    parser.add_argument("--faults", action="store_true", help="every fault besides")
    parser.add_argument("--profiles", type=Path, default=PROFILES)
    parser.add_argument("--hide-layouts", action="store_true", help="read all without any eob.yaml")
    parser.add_argument("--json", type=Path, help="write every cell there")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
