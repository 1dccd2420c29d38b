"""One small file for each way a file can be bad, to try a reader with."""

from __future__ import annotations

from pathlib import Path

from sandbox.documents import eob_pdf
from sandbox.exports import write_exports
from sandbox.world import World


def write_bad_files(world: World, folder: Path) -> list[str]:
    """Write them into ``folder``; their names."""
    text, workbook = write_exports(world, folder / "good")
    trace = next(iter(world.commercial.remittances))
    pdf = eob_pdf(world, world.commercial.payer_id, trace)
    lines = text.read_bytes().split(b"\r\n")
    files = {
        "missing-columns.csv": b"\r\n".join(
            [b"Claim ID,Patient,Insurance", *(b",".join(row.split(b",")[:3]) for row in lines[5:8])]
        ),
        "empty.csv": b"",
        "binary.csv": bytes(range(256)) * 40,
        "corrupt.xlsx": workbook.read_bytes()[:3000],
        "page.html.pdf": b"<!doctype html><title>Sign in</title><p>Your session has ended. Sign in again.</p>",
        "truncated.pdf": pdf[: len(pdf) * 2 // 3],
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    text.unlink()
    workbook.unlink()
    (folder / "good").rmdir()
    return list(files)
