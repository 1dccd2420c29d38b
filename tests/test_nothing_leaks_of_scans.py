"""A scan is recognised in memory: neither the page nor its words are ever on a disk."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pypdfium2
import pytest
from conftest import PROJECT
from marked_watch import private_environment, watching

from bots.in_memory import IN_MEMORY
from sandbox.__main__ import AS_OF
from sandbox.books import make_world
from sandbox.documents import eob_pdf

PLAN = "juniper-ridge"
pytestmark = pytest.mark.ocr


def test_recognising_a_page_writes_nothing(tmp_path: Path, tesseract: str) -> None:
    world = make_world(3, 4, AS_OF, (PLAN,))
    trace = next(iter(world.payer(PLAN).remittances))
    document = pypdfium2.PdfDocument(eob_pdf(world, PLAN, trace))
    scan = tmp_path / "scan.png"
    document[0].render(scale=200 / 72).to_pil().save(scan, dpi=(200, 200))
    document.close()
    folder = tmp_path / "desk"
    folder.mkdir()
    with watching(folder, tmp_path / "kept") as seen:
        done = subprocess.run(
            [sys.executable, "-m", "flows", "eob", "read", str(scan), "--json"],
            cwd=folder,
            env=private_environment(
                folder, {"PYTHONPATH": str(PROJECT), "PYTHONDONTWRITEBYTECODE": "1"}
            ),
            capture_output=True,
            timeout=600,
            check=False,
        )
    assert done.returncode in (0, 1, 2), done.stderr[-800:]
    assert any(line.startswith(b"tesseract\0") for line in seen.lines), done.stdout[-800:]
    assert [name for name, _ in seen.written()] == []
    assert seen.unlinked == {}
    in_memory = {one for one in seen.elsewhere if one.startswith(f"{IN_MEMORY}/")}
    assert seen.elsewhere - in_memory == set()
    assert [one for one in in_memory if Path(one).parent.exists()] == []
