"""One small file for each way in which a file can be bad, to try a reader with."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory

from sandbox.documents import eob_pdf
from sandbox.exports import write_exports
from sandbox.world import World

_MISSING = {"Patient DOB", "Policy Number"}
_PAGE = (
    "<!doctype html>\n<html lang='en'><head><title>Sign in</title></head>"
    "<body><p>Your session has ended. Sign in again.</p></body></html>\n"
)


def write_bad_files(world: World, folder: Path) -> list[Path]:
    """Write them into ``folder`` and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as place:
        exports = {path.suffix: path.read_bytes() for path in write_exports(world, Path(place))}
    text, workbook = exports[".csv"], exports[".xlsx"]
    trace = next(iter(world.commercial.remittances))
    document = eob_pdf(world, world.commercial.payer_id, trace)
    contents = {
        "missing-columns.csv": _without_columns(text),
        "empty.csv": b"",
        "binary.csv": bytes(range(256)) * 16,
        "corrupt.xlsx": workbook[: len(workbook) // 2],
        "page.html.pdf": _PAGE.encode(),
        "truncated.pdf": document[: len(document) * 2 // 3],
    }
    paths = []
    for name, content in contents.items():
        path = folder / name
        path.write_bytes(content)
        paths.append(path)
    return paths


def _without_columns(text: bytes) -> bytes:
    """The export without two columns that no reader can do without, and a few rows only."""
    rows = list(csv.reader(io.StringIO(text.decode("utf-8-sig"), newline="")))
    headings = next(place for place, row in enumerate(rows) if "Claim ID" in row)
    kept = [column for column, name in enumerate(rows[headings]) if name not in _MISSING]
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerows(rows[:headings])
    for row in rows[headings : headings + 6]:
        writer.writerow([row[column] for column in kept])
    return stream.getvalue().encode("utf-8-sig")
