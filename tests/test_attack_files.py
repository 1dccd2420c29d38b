"""A hostile file is refused in one sentence, in bounded memory, and never waited for."""

from __future__ import annotations

import io
import json
import os
import re
import struct
import subprocess
import sys
import threading
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import PROJECT
from exports_samples import SHEET, kareo_csv, kareo_row, nextgen_xlsx, with_part
from test_bank_bai2 import GOOD
from test_edi_fuzz import KINDS
from x12_samples import delimited, interchange

from billing.errors import BadInput
from bots.bank.read import read_statement
from bots.exports.read import MOST_BYTES, read_export
from bots.file_bytes import read_file
from bots.reading.x12_json import Tally, write_document

MIB = 1 << 20
MEASURED = """
import re, sys
from pathlib import Path
from billing.errors import ClaimsweepError
from bots.exports.read import read_export
from bots.file_bytes import read_file
path = Path(sys.argv[1])
try:
    said = read_export(read_file(path), path.name, payer_ids={}).rows_in
except ClaimsweepError as error:
    said = error
print(said)
print(int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""
WAIT_SECONDS = 60


def measured(path: Path) -> tuple[str, int]:
    """What reading the file as an export says in a process of its own, and its memory in MiB."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(path)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=900,
        check=True,
    )
    said, mib = done.stdout.splitlines()
    return said, int(mib)


def refused(data: bytes, name: str) -> str:
    """The one sentence that an export is refused with."""
    with pytest.raises(BadInput) as caught:
        read_export(data, name, payer_ids={})
    said = str(caught.value)
    assert "\n" not in said
    assert said.startswith(name)
    return said


def rows(count: int) -> Iterator[bytes]:
    """A CSV export of so many claims, piece by piece."""
    yield kareo_csv([])
    one = kareo_csv([kareo_row(1)], preamble=(), headings=[], encoding="utf-8").lstrip()
    for number in range(count):
        yield one.replace(b"00000001", b"%08d" % number)


def test_ten_million_rows_are_refused_in_bounded_memory(tmp_path: Path, full_size: bool) -> None:
    """One byte more than is read; with --full-size, the ten million rows."""
    path = tmp_path / "huge.csv"
    if full_size:
        with path.open("wb") as file:
            file.writelines(rows(10_000_000))
    else:
        path.touch()
        os.truncate(path, MOST_BYTES + 1)
    said, mib = measured(path)
    assert "MB" in said
    assert mib < (100 if full_size else 300)


def test_what_is_read_takes_bounded_memory(tmp_path: Path, full_size: bool) -> None:
    path = tmp_path / "large.csv"
    size = MOST_BYTES if full_size else MOST_BYTES // 100
    with path.open("wb") as file:
        file.writelines(rows(size // 210))
    said, mib = measured(path)
    assert int(said) == size // 210
    assert mib < 150 + 40 * size // MIB


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (kareo_csv([kareo_row(1)]) + b"\0", "binary"),
        (b"\xff\xfe" + "\0".encode("utf-16-le") * 9_000, "binary"),
        (b"\xff\xfe\x00", "binary|neither"),
        (kareo_csv([kareo_row(1)]) + b'"' + b"swallowed\r\n" * 30_000, "cell cannot be read"),
        (kareo_csv([kareo_row(1)]) + b'"swallowed\r\n', "quotation mark"),
        (b"a" * 20_000_000, "cell cannot be read"),
        (b"," * 200_000, "none of the first"),
    ],
)
def test_text_that_is_no_export_is_refused(data: bytes, says: str) -> None:
    assert re.search(says, refused(data, "odd.csv"))


def bombed(part: str, content: bytes) -> bytes:
    return with_part(nextgen_xlsx([1]), part, lambda _: content)


def with_pictures(data: bytes, mib: int) -> bytes:
    """The workbook with so much in it that is packed as well as others."""
    out = io.BytesIO(data)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        for number in range(mib):
            archive.writestr(f"xl/media/{number}.bin", os.urandom(MIB // 64) + bytes(MIB))
    return out.getvalue()


def lying(data: bytes, part: str) -> bytes:
    """The archive's directory says that ``part`` unpacks to 100 bytes."""
    name = part.encode()
    at = data.rindex(name) - 46
    assert data[at : at + 4] == b"PK\x01\x02"
    return data[: at + 24] + struct.pack("<I", 100) + data[at + 28 :]


def nested() -> bytes:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(100 * MIB))
    return bombed(SHEET, inner.getvalue())


LAUGHS = b"".join(
    b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10 if n else b"lol" * 99) for n in range(9)
)
WORKBOOKS: dict[str, Callable[[], bytes]] = {
    "zeros": lambda: bombed(SHEET, bytes(120 * MIB)),
    "a hundred megabytes of pictures": lambda: with_pictures(nextgen_xlsx([1]), 101),
    "a size that lies": lambda: lying(nextgen_xlsx(range(9)), SHEET),
    "a zip in a zip": nested,
    "a billion laughs": lambda: bombed(
        SHEET, b"<?xml version='1.0'?><!DOCTYPE x [" + LAUGHS + b"]><worksheet>&l8;</worksheet>"
    ),
    "elements without end": lambda: bombed(SHEET, b"<worksheet>" + b"<a>" * 90_000),
    "rows that count backwards": lambda: with_part(
        nextgen_xlsx([1, 2]), SHEET, lambda xml: xml.replace(b'<row r="3"', b'<row r="1"')
    ),
    "a column that is none": lambda: with_part(
        nextgen_xlsx([1]), SHEET, lambda xml: xml.replace(b'r="A3"', b'r="ZZZZZZZZ3"')
    ),
    "a row far away": lambda: with_part(
        nextgen_xlsx([1]), SHEET, lambda xml: xml.replace(b'<row r="4"', b'<row r="999999999"')
    ),
    "a part that is not there": lambda: bombed(
        "xl/_rels/workbook.xml.rels", b"<Relationships><Relationship Id='rId1' Type='/worksheet' "
        b"Target='../../../../etc/passwd'/></Relationships>"
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", sorted(WORKBOOKS))
def test_a_hostile_workbook_is_refused(what: str) -> None:
    said = refused(WORKBOOKS[what](), "bomb.xlsx")
    assert any(one in said for one in ("damaged", "would unpack", "blank rows", "none of the"))


def test_an_entity_of_another_file_is_not_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("Alder Grove Health")
    data = with_part(
        nextgen_xlsx([1]),
        SHEET,
        lambda xml: (
            b"<!DOCTYPE x [<!ENTITY own 'Fern'><!ENTITY far SYSTEM '%s'>]>"
            % secret.as_uri().encode()
            + xml.replace(b"Roe, Sam", b"Roe, &far;")
        ),
    )
    try:
        found = read_export(data, "far.xlsx", payer_ids={})
    except BadInput:
        return
    assert "Alder Grove" not in repr([(c.patient_last, c.payer_name) for c in found.claims])


def test_the_workbook_of_these_tests_is_read_when_it_is_left_alone(tmp_path: Path) -> None:
    assert len(read_export(nextgen_xlsx([1]), "good.xlsx", payer_ids={}).claims) == 1
    path = tmp_path / "good.csv"
    path.write_bytes(b"".join(rows(50)))
    assert len(read_export(read_file(path), path.name, payer_ids={}).claims) == 50


def test_a_pipe_a_device_and_a_folder_are_no_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    said: list[str] = []

    def read_all() -> None:
        for path in (pipe, Path("/dev/zero"), tmp_path, tmp_path / "not-there"):
            with pytest.raises(BadInput) as caught:
                read_file(path)
            said.append(str(caught.value))

    reading = threading.Thread(target=read_all, daemon=True)
    reading.start()
    reading.join(WAIT_SECONDS)
    assert len(said) == 4, "one of them is waited for"
    assert all("cannot be read" in one for one in said)


def test_a_file_that_is_written_while_it_is_read_is_not_half_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "growing.csv"
    path.write_bytes(b"one\n")
    seen = os.fstat

    def grown(handle: int) -> os.stat_result:
        found = seen(handle)
        with path.open("ab") as file:
            file.write(b"more\n")
        return found

    monkeypatch.setattr(os, "fstat", grown)
    with pytest.raises(BadInput, match="is being written"):
        read_file(path)


def test_a_small_file_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "small.csv"
    path.write_bytes(b"one\n")
    tracemalloc.start()
    try:
        assert read_file(path) == b"one\n"
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 1_000_000


@pytest.mark.parametrize("row", range(len(GOOD)))
def test_no_count_or_amount_of_a_bank_file_is_taken_at_its_word(row: int) -> None:
    """Every number of the row is a billion, or a number of ten thousand digits."""
    for number in ("1000000000", "9" * 10_000, "-1"):
        changed = [
            ",".join(number if one.isdigit() and at else one for at, one in enumerate(parts))
            if n == row
            else ",".join(parts)
            for n, parts in enumerate(line.split(",") for line in GOOD)
        ]
        data = "\r\n".join(changed).encode()
        try:
            found = read_statement(data, "bank.bai")
        except BadInput as error:
            assert "\n" not in str(error)  # noqa: PT017 - either way is right
            continue
        assert found.faults or found.refused or row in (0, 1, 2, 4), changed[row]


@pytest.mark.parametrize(("kind", "change"), [
    ("835", lambda s: [one.replace("SE*", "SE*9999999999") for one in s]),
    ("277", lambda s: [*s[:3], *[f"HL*{n}*{n - 1}*22*1" for n in range(2, 60_000)], *s[3:]]),
    ("277", lambda s: [*s[:3], "HL*1*1*20*1", *s[3:]]),
    ("835", lambda s: [s[0], *["LX*1"] * 50_000, *s[1:]]),
    ("271", lambda s: [s[0], *["EB*1**30"] * 50_000, *s[1:]]),
    ("835", lambda s: ["ST*835*0001"] * 4_000),
    ("999", lambda s: [s[0], s[1], *["AK2*837*0001"] * 50_000, *s[2:]]),
])  # fmt: skip
def test_absurd_counts_and_depths_of_an_x12_file_come_to_an_end(
    tmp_path: Path, kind: str, change: Callable[[list[str]], list[str]]
) -> None:
    transaction, functional, version = KINDS[kind]
    file, out = tmp_path / "absurd.x12", io.StringIO()
    changed = [change(list(transaction))]
    file.write_bytes(delimited(interchange(changed, functional=functional, version=version)))
    tally = write_document(file, out)
    assert json.loads(out.getvalue())["errors"] == tally.errors
    assert tally.errors or tally.envelope, "what was declared is not what is there"


def test_an_x12_file_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.x12")
    read: list[Tally] = []
    reading = threading.Thread(
        target=lambda: read.append(write_document(tmp_path / "pipe.x12", io.StringIO())),
        daemon=True,
    )
    reading.start()
    reading.join(WAIT_SECONDS)
    assert read
    assert "cannot be read" in read[0].errors[0]
