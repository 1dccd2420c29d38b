"""A poisoned document costs itself only: whatever it does, the next one is read."""

from __future__ import annotations

import os
import re
import signal
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from eob_samples import list_document

from billing.errors import UnreadableDocument
from bots.reading import words
from bots.reading.paper import apart, streams, worker
from bots.reading.paper.apart import Apart
from bots.reading.paper.document import pages_of

GOOD = list_document()


@pytest.fixture
def reader() -> Iterator[Apart]:
    made = Apart(page_seconds=60)
    yield made
    made.close()


def process_of(reader: Apart) -> int:
    """The process that waits for the next document."""
    (idle,) = reader._idle
    return idle._process.pid


def refusal(reader: Apart, *request: object) -> str:
    with pytest.raises(UnreadableDocument) as caught:
        reader.ask(*request)
    return str(caught.value)


def pdf(*objects: bytes) -> bytes:
    """A PDF of these objects, numbered from 1; the first is its catalog."""
    numbered = (b"%d 0 obj\n%s\nendobj\n" % (n, one) for n, one in enumerate(objects, 1))
    trailer = b"trailer\n<</Root 1 0 R/Size %d>>\n%%%%EOF\n" % (len(objects) + 1)
    return b"%PDF-1.5\n" + b"".join(numbered) + trailer


def stream(body: bytes, more: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (more, len(body), body)


def one_page(contents: bytes, *others: bytes, catalog: bytes = b"", page: bytes = b"") -> bytes:
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R%s>>" % catalog,
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R"
        b"/Resources<</Font<</F 5 0 R>>>>%s>>" % page,
        contents,
        b"<</Type/Font/Subtype/Type1/BaseFont/Courier>>",
        *others,
    )


PAID = stream(b"BT /F 9 Tf 40 700 Td (PAID 12.50) Tj ET")


def test_one_process_reads_many_documents_and_gives_what_is_read_here(reader: Apart) -> None:
    first = reader.ask("pages", GOOD)
    at = process_of(reader)
    assert reader.ask("pages", GOOD) == first
    assert process_of(reader) == at
    assert first == [worker._flat(page) for page in pages_of(GOOD)]
    assert words.read_pages(GOOD) == tuple(pages_of(GOOD))


def test_a_document_that_is_refused_leaves_the_process(reader: Apart) -> None:
    reader.ask("pages", GOOD)
    at = process_of(reader)
    assert "not a PDF" in refusal(reader, "pages", b"nothing")
    assert process_of(reader) == at


def test_a_process_that_dies_between_two_documents_is_replaced(reader: Apart) -> None:
    first = reader.ask("pages", GOOD)
    at = process_of(reader)
    os.kill(at, signal.SIGKILL)
    assert reader.ask("pages", GOOD) == first
    assert process_of(reader) != at


def test_a_document_that_takes_too_long_is_refused_and_its_process_ended() -> None:
    reader = Apart(page_seconds=0)
    assert "takes too long to read; a person must read" in refusal(reader, "pages", GOOD)
    assert reader._idle == []
    whole = Apart(document_seconds=0)
    assert "takes too long to read" in refusal(whole, "pages", GOOD)


def test_a_document_that_kills_its_process_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped from outside while it reads, twice: the reader cannot tell that from a crash."""
    reader = Apart()
    begun = apart._Process.__init__

    def dying(process: apart._Process) -> None:
        begun(process)
        os.killpg(process._process.pid, signal.SIGKILL)

    monkeypatch.setattr(apart._Process, "__init__", dying)
    assert "brings its reader down; a person must read" in refusal(reader, "pages", GOOD)
    monkeypatch.undo()
    assert reader.ask("pages", GOOD)
    reader.close()


def test_what_it_is_told_and_what_it_knows_is_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """No secret of ours is in the process that opens strangers' files."""
    monkeypatch.setenv("CLAIMSWEEP_SECRET", "not for documents")
    reader = Apart()
    reader.ask("pages", GOOD)
    environment = Path(f"/proc/{process_of(reader)}/environ")
    if environment.exists():  # on Linux
        assert b"CLAIMSWEEP" not in environment.read_bytes()
    reader.close()


def test_several_threads_read_at_once(reader: Apart) -> None:
    found: list[object] = []
    threads = [
        threading.Thread(target=lambda: found.append(reader.ask("pages", GOOD))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert found == [found[0]] * 4
    assert 1 <= len(reader._idle) <= (os.cpu_count() or 1)


def bomb(size: int) -> bytes:
    """Zeros, packed a thousandfold."""
    packer = zlib.compressobj(9)
    block = packer.compress(bytes(1 << 20))
    return (
        block + b"".join(packer.compress(bytes(1 << 20)) for _ in range(size - 1)) + packer.flush()
    )


PACKED = b"/Filter/FlateDecode"
POISON = {
    "more instructions than a page can hold": one_page(stream(bomb(256), PACKED)),
    "more pages than anybody prints": pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%s]/Count 6000>>" % b"".join(b"%d 0 R " % n for n in range(3, 6_003)),
        *[b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"] * 6_000,
    ),
    "pages that hold themselves": pdf(
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2>>"
    ),
    "pages within pages without end": pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        *[b"<</Type/Pages/Kids[%d 0 R]/Count 1>>" % n for n in range(3, 5_003)],
    ),
    "a page as large as a field": one_page(
        stream(b"0 0 9 9 re f"), page=b"/MediaBox[0 0 900000 900000]"
    ).replace(b"/MediaBox[0 0 612 792]", b""),
    "objects in a stream that unpacks to no end": pdf(
        b"<</Type/Catalog/Pages 9 0 R>>",
        stream(bomb(16), b"/Type/ObjStm/N 9999999/First 9" + PACKED),
    ),
}


@pytest.mark.parametrize("what", sorted(POISON))
def test_a_bomb_is_refused_and_the_next_document_is_read(reader: Apart, what: str) -> None:
    said = refusal(reader, "pages", POISON[what])
    assert re.search(r"more than|damaged|too large|no pages|takes too long|needs more memory", said)
    assert len(reader.ask("pages", GOOD)) == 2


LIFTED = """
import io, resource, sys
from pdfminer.pdfdocument import PDFDocument
from pdfminer.pdfpage import PDFPage
from pdfminer.pdfparser import PDFParser
from bots.reading.paper import streams
from billing.errors import UnreadableDocument
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
streams.MOST_BYTES = int(sys.argv[1])
(page,) = PDFPage.create_pages(PDFDocument(PDFParser(io.BytesIO(sys.stdin.buffer.read()))))
try:
    streams.look_through(page, 1)
    print("read", end=" ")
except UnreadableDocument:
    print("refused", end=" ")
(peak,) = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(int(peak.split()[1]) * 1024)
"""


def test_a_bomb_grows_where_its_limit_is_lifted() -> None:
    """In a process of its own, which may have 2 GiB."""

    def came_to(most: int) -> tuple[str, int]:
        command = [sys.executable, "-c", LIFTED, str(most)]
        data = one_page(stream(bomb(96), PACKED))
        done = subprocess.run(command, input=data, capture_output=True, timeout=300, check=True)
        how, peak = done.stdout.decode().split()
        return how, int(peak)

    (refused, bounded), (read, grown) = came_to(streams.MOST_BYTES), came_to(1 << 31)
    assert (refused, read) == ("refused", "read")
    assert grown - bounded > 20 << 20


def test_a_form_that_draws_itself_comes_to_an_end(reader: Apart) -> None:
    form = stream(
        b"/X Do BT /F 9 Tf 40 700 Td (PAID 12.50) Tj ET",
        b"/Type/XObject/Subtype/Form/BBox[0 0 612 792]"
        b"/Resources<</Font<</F 5 0 R>>/XObject<</X 6 0 R>>>>",
    )
    data = one_page(stream(b"/X Do"), form).replace(
        b"/Resources<</Font<</F 5 0 R>>>>", b"/Resources<</XObject<</X 6 0 R>>>>", 1
    )
    (page,) = reader.ask("pages", data)
    assert {*"".join(word[0] for word in page[4])} == {*"PAID12.50"}


def test_scripts_and_links_are_never_followed(reader: Apart) -> None:
    """A document that would act when it is opened reads as one that would not."""
    acts = one_page(
        PAID,
        b"<</S/JavaScript/JS(app.launchURL('http://127.0.0.1:9/'); while(1);)>>",
        b"<</Type/Annot/Subtype/Link/Rect[0 0 600 700]/A<</S/URI/URI(http://127.0.0.1:9/)>>>>",
        catalog=b"/OpenAction 6 0 R",
        page=b"/Annots[7 0 R]/AA<</O 6 0 R>>",
    )
    assert reader.ask("pages", acts) == reader.ask("pages", one_page(PAID))


def picture(across: int, down: int) -> bytes:
    """A PNG that says that it has so many cells, and holds nearly none."""

    def part(kind: bytes, body: bytes) -> bytes:
        check = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", across, down, 1, 0, 0, 0, 0)
    parts = (part(b"IHDR", header), part(b"IDAT", zlib.compress(bytes(9000))), part(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("side", [9_500, 40_000, 2_000_000])
def test_a_picture_that_unpacks_to_no_end_is_refused(reader: Apart, side: int) -> None:
    assert "too large" in refusal(reader, "pages", picture(side, side))
    assert len(reader.ask("pages", GOOD)) == 2
