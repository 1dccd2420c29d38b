"""Mutated PDFs, pictures and X12 files, the same for the same seed: none may crash or hang.

``python tests/benchmarks/document_fuzz.py --cases 20000`` ends with code 1 when a case was not
read and not refused with a sentence, or took the reading process beyond its memory; ``--kind x12``
mutates X12 files instead. ``--from 400 --cases 200`` are the same cases as in a run of 600.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import resource
import signal
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable
from io import BytesIO, StringIO
from pathlib import Path
from time import monotonic

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from eob_samples import list_document, nested_list, scan, table_document
from PIL import Image, ImageDraw
from test_edi_fuzz import KINDS, sample, spoilt
from x12_samples import delimited, remittance_file

from billing.errors import UnreadableDocument
from bots.reading.paper.apart import Apart
from bots.reading.x12_json import write_document

PAGE_SECONDS = 30
X12_SECONDS = 10
MOST_MB = 1_500
STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.S)
NUMBER = re.compile(rb"(?<![\d.])\d+(?![\d.])")
NAME = re.compile(rb"/[A-Za-z]+")
HOSTILE = (b"0", b"-1", b"1", b"65536", b"2147483647", b"4294967296", b"99999999999999999999")
KEYWORDS = (
    b"endobj", b"endstream", b"xref", b"trailer", b"startxref", b"%%EOF", b"obj", b"R", b"<<",
    b">>", b"[", b"]", b"null", b"BT", b"ET", b"Tf", b"Do", b"q", b"Q", b"cm", b"BI", b"ID", b"EI",
)  # fmt: skip

Mutation = Callable[[random.Random, bytes], bytes]


def flip(chance: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 4, 32, 256))):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def cut(chance: random.Random, data: bytes) -> bytes:
    start = chance.randrange(len(data))
    return data[:start] + data[start + chance.randrange(1, max(2, len(data) // 4)) :]


def repeat(chance: random.Random, data: bytes) -> bytes:
    start = chance.randrange(len(data))
    part = data[start : start + chance.randrange(1, 400)]
    return data[:start] + part * chance.choice((2, 3, 50)) + data[start:]


def end_early(chance: random.Random, data: bytes) -> bytes:
    return data[: chance.randrange(len(data))] + chance.choice((b"", b"\n%%EOF\n"))


def renumber(chance: random.Random, data: bytes) -> bytes:
    return _replaced(chance, NUMBER, data, lambda _: chance.choice(HOSTILE))


def rename(chance: random.Random, data: bytes) -> bytes:
    names = NAME.findall(data) or [b"/X"]
    return _replaced(chance, NAME, data, lambda _: chance.choice(names))


def keyword(chance: random.Random, data: bytes) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + b" " + chance.choice(KEYWORDS) + b" " + data[at:]


def inside(chance: random.Random, data: bytes) -> bytes:
    """Change what a stream says rather than how it is packed."""
    found = list(STREAM.finditer(data))
    if not found:
        return flip(chance, data)
    one = chance.choice(found)
    try:
        said = zlib.decompress(one[1])
    except zlib.error:
        said = one[1]
    changed = chance.choice((renumber, rename, keyword, repeat, cut))(chance, said or b" ")
    return data[: one.start(1)] + zlib.compress(changed) + data[one.end(1) :]


def _replaced(
    chance: random.Random, what: re.Pattern[bytes], data: bytes, new: Callable[[bytes], bytes]
) -> bytes:
    found = list(what.finditer(data))
    for one in sorted(chance.sample(found, min(len(found), 3)), key=lambda m: -m.start()):
        data = data[: one.start()] + new(one[0]) + data[one.end() :]
    return data


MUTATIONS: tuple[Mutation, ...] = (
    flip, cut, repeat, end_early, renumber, rename, keyword, inside, inside,
)  # fmt: skip


def pictures() -> dict[str, bytes]:
    made = {}
    page = Image.new("L", (500, 300), 255)
    ImageDraw.Draw(page).text((30, 30), "PAID 12.50", fill=0)
    for kind, options in {
        "PNG": {},
        "JPEG": {"dpi": (100, 100)},
        "TIFF": {"save_all": True, "append_images": [page, page], "dpi": (100, 200)},
    }.items():
        stream = BytesIO()
        page.save(stream, kind, **options)
        made[kind] = stream.getvalue()
    return made


def seeds() -> dict[str, bytes]:
    return {
        "table": table_document(),
        "list": list_document(),
        "nested": nested_list(),
        "scan": scan(list_document(), 40),
        **pictures(),
    }


def mutated(seed: int, case: int, samples: dict[str, bytes]) -> tuple[str, bytes]:
    """Case number ``case``: the name of the sample it is made of, and its bytes."""
    chance = random.Random(f"{seed}/{case}")
    name = chance.choices(list(samples), [4, 4, 4, 1, 1, 1, 1])[0]
    data = samples[name]
    for _ in range(chance.choice((1, 1, 2, 4))):
        data = chance.choice(MUTATIONS)(chance, data) or b"%PDF-"
    return name, data


def memory(reader: Apart) -> int:
    """MB that the idle reading process has had at most; 0 where no system tells."""
    peaks = [0]
    for idle in reader._idle:
        try:
            told = Path(f"/proc/{idle._process.pid}/status").read_text(encoding="ascii")
        except OSError:
            continue
        peaks += [int(kb) // 1024 for kb in re.findall(r"VmHWM:\s+(\d+)", told)]
    return max(peaks)


def x12_mutated(seed: int, case: int, samples: dict[str, bytes]) -> tuple[str, bytes]:
    """X12 case number ``case``: segments and elements spoilt, or bytes as in a PDF."""
    chance = random.Random(f"x12/{seed}/{case}")
    name = chance.choice(list(samples))
    data = samples[name]
    if chance.random() < 0.7:
        data = spoilt(data, chance.randrange(1 << 32))
    for _ in range(chance.choice((0, 1, 1, 3))):
        data = chance.choice((flip, cut, repeat, end_early, renumber))(chance, data or b"ISA*")
    return name, data


def x12_samples() -> dict[str, bytes]:
    several = b"".join(remittance_file(12))
    return {
        **{kind: sample(kind) for kind in KINDS},
        "several": several + delimited(["TA1*000000001*260105*1200*R*006"]) + several,
    }


def read_pages(reader: Apart, data: bytes) -> str:
    """What became of a document: read, the reason without its figures, or what went wrong."""
    try:
        reader.ask("pages", data)
    except UnreadableDocument as error:
        return re.sub(r"\d[\d,]*", "N", str(error))
    return "read"


def read_x12(file: Path, data: bytes) -> str:
    """The same of an X12 file; the first sentence of what was said of it."""
    file.write_bytes(data)
    signal.setitimer(signal.ITIMER_REAL, X12_SECONDS)
    try:
        tally = write_document(file, StringIO())
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    said = [*tally.errors, *tally.envelope]
    if not said:
        return "read"
    return re.sub(r"^(Segment )?\w+: |\d[\d,]*", "", said[0])[:70]


def overdue(_signal: int, _frame: object) -> None:
    raise TimeoutError


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kind", choices=("pages", "x12"), default="pages")
    options.add_argument("--cases", type=int, default=500)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--from", type=int, default=0, dest="first", help="the first case")
    options.add_argument("--keep", type=Path, help="where cases that fail are written")
    asked = options.parse_args()
    signal.signal(signal.SIGALRM, overdue)
    reader = Apart(page_seconds=PAGE_SECONDS)
    reasons: Counter[str] = Counter()
    failed, longest, started = [], (0.0, 0), monotonic()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "some.x12"
        samples = seeds() if asked.kind == "pages" else x12_samples()
        make = mutated if asked.kind == "pages" else x12_mutated
        for case in range(asked.first, asked.first + asked.cases):
            name, data = make(asked.seed, case, samples)
            begun = monotonic()
            try:
                said = read_pages(reader, data) if asked.kind == "pages" else read_x12(file, data)
            except Exception as error:
                said = f"NOT TYPED: {type(error).__name__}"
            longest = max(longest, (monotonic() - begun, case))
            reasons[said] += 1
            if re.search("brings its reader down|takes too long|NOT TYPED", said):
                failed.append((case, name, said))
                if asked.keep:
                    asked.keep.mkdir(parents=True, exist_ok=True)
                    (asked.keep / f"{asked.seed}-{case}-{name}").write_bytes(data)
    peak = memory(reader) or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    reader.close()
    for said, times in reasons.most_common():
        sys.stdout.write(f"{times:>7}  {said}\n")
    for case, name, said in failed:
        sys.stdout.write(f"case {case} ({name}): {said}\n")
    sys.stdout.write(
        f"{asked.cases} cases of seed {asked.seed} in {monotonic() - started:.0f} s on "
        f"{os.cpu_count()} processors; the longest, case {longest[1]}, took {longest[0]:.1f} s; "
        f"{peak} MB at most; {len(failed)} crashed, hung or were refused without a type\n"
    )
    if failed or peak > MOST_MB:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
