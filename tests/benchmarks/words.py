"""How fast the words of a text remittance are read: ratios of one run, and memory over its length.

``python tests/benchmarks/words.py`` reads a hundred pages with pdfplumber, PDFium's letters, the
whole road and, where it is installed, ``pdftotext -bbox``; each figure is the processor time of
the best of three.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import date
from io import BytesIO
from pathlib import Path
from time import process_time

import pdfplumber
import pypdfium2

from bots.reading.paper.document import pages_of
from bots.reading.paper.text_layer import ACROSS, DOWN, frame_of, layer_words
from sandbox.books import make_world
from sandbox.documents import draw

PAYERS = ("juniper-ridge", "franklin-medicaid")
AS_OF = date(2026, 11, 2)


def remittance(payer: str, pages: int) -> bytes:
    """A payment's document of about so many pages."""
    world = make_world(7, 700, AS_OF, (payer,))
    made = list(world.payer(payer).remittances.values())
    claims = [claim for one in made for claim in one.claims]
    size = len(claims)
    while True:
        many = tuple(claims[n % len(claims)] for n in range(size))
        data = draw(payer, replace(made[0], claims=many))
        with closing(pypdfium2.PdfDocument(data)) as document:
            found = len(document)
        if abs(found - pages) <= max(1, pages // 50):
            return data
        size = max(1, size * pages // found)


def by_pdfplumber(data: bytes) -> int:
    count = 0
    with pdfplumber.open(BytesIO(data)) as pdf:
        for page in pdf.pages:
            count += len(page.extract_words(x_tolerance=ACROSS, y_tolerance=DOWN))
            page.close()
    return count


def by_letters(data: bytes) -> int:
    count = 0
    with closing(pypdfium2.PdfDocument(data)) as document:
        for page in document:
            with closing(page):
                count += len(layer_words(page, frame_of(page)) or ())
    return count


def by_the_road(data: bytes) -> int:
    return sum(len(page.words) for page in pages_of(data))


def by_pdftotext(data: bytes) -> int:
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(data)
        file.flush()
        told = subprocess.run(
            ["pdftotext", "-bbox", file.name, "-"], capture_output=True, check=True, timeout=60
        )
    return told.stdout.count(b"<word")


def best(read: Callable[[bytes], int], data: bytes, times: int = 3) -> tuple[float, int]:
    found = []
    for _ in range(times):
        start, children = process_time(), os.times()
        count = read(data)
        after = os.times()
        spent = after.children_user + after.children_system
        before = children.children_user + children.children_system
        found.append((process_time() - start + spent - before, count))
    return min(found)


def peak(data: bytes) -> int:
    """The most memory, in MB, that a process takes to read ``data`` page by page."""
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(data)
        file.flush()
        told = subprocess.run(
            [sys.executable, __file__, "--alone", file.name],
            capture_output=True,
            text=True,
            check=True,
            timeout=600,
        )
    return int(told.stdout)


def alone(path: Path) -> None:
    for _ in pages_of(path.read_bytes()):
        pass
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sys.stdout.write(f"{most // 1024}\n")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--pages", type=int, default=100)
    options.add_argument("--lengths", type=int, nargs="*", default=[10, 100, 1000])
    options.add_argument("--alone", type=Path, help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.alone:
        alone(asked.alone)
        return
    for payer in PAYERS:
        data = remittance(payer, asked.pages)
        ways = {"pdfplumber": by_pdfplumber, "letters": by_letters, "road": by_the_road}
        if shutil.which("pdftotext"):
            ways["pdftotext -bbox"] = by_pdftotext
        took = {name: best(read, data) for name, read in ways.items()}
        for name, (seconds, words) in took.items():
            ratios = ", ".join(
                f"{other} x{seconds / took[other][0]:.2f}" for other in took if other != name
            )
            sys.stdout.write(
                f"{payer:<18} {name:<16} {seconds:6.3f} s {words:>7} words; {ratios}\n"
            )
    for length in asked.lengths:
        data = remittance(PAYERS[1], length)
        sys.stdout.write(f"{length:>5} pages, {len(data) / 1e6:.1f} MB: {peak(data)} MB at most\n")


if __name__ == "__main__":
    main()
