"""A sweep's files come whole, also where a file of its evidence does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import sealed_ledger
from openpyxl import load_workbook
from test_post_box import answered, desk, inquiries, post_box, status_file
from typer.testing import CliRunner, Result

from billing.ledger.shelves import FolderShelf
from flows.command import app

__all__ = ["desk"]


@pytest.fixture
def swept(desk: Path) -> Path:
    """A desk with two claims answered by one file each."""
    post_box(desk)
    one, two, *_ = inquiries(desk)
    for name, asked in (("a.277", one), ("b.277", two)):
        loops = [answered(asked, "F1:65", name[0].upper() + "1", asked["charge"])]
        (desk / "in" / name).write_bytes(status_file(loops))
    post_box(desk)
    return desk


def report(desk: Path, out: str) -> Result:
    places = ["--home", str(desk / "home"), "--profiles", str(desk / "profiles")]
    return CliRunner().invoke(app, ["report", "--json", "--out", str(desk / out), *places])


def links(book: Path) -> str:
    """The addresses of every link of a workbook."""
    cells = [c for s in load_workbook(book) for row in s.iter_rows() for c in row]
    return " ".join(str(c.hyperlink.target) for c in cells if c.hyperlink)


@pytest.mark.parametrize("damage", ["gone", "changed"])
def test_evidence_that_cannot_be_read_holds_back_nothing_but_itself(
    swept: Path, damage: str
) -> None:
    whole = report(swept, "whole")
    sound = json.loads((swept / "whole" / "answers.json").read_text())
    lost, other = sorted({sha for row in sound for sha in row["evidence"]})[:2]
    assert lost in links(swept / "whole" / "exceptions.xlsx")
    assert not sealed_ledger(swept / "home").signals()
    place = FolderShelf(swept / "home" / "evidence").path(lost)
    place.unlink() if damage == "gone" else place.write_bytes(place.read_bytes()[:-3])
    told = report(swept, "after")
    assert (told.exit_code, lost in told.stderr) == (whole.exit_code, True), told.output
    assert json.loads((swept / "after" / "answers.json").read_text()) == sound
    copies = {one.stem for one in (swept / "after" / "evidence").iterdir()}
    assert other in copies
    assert lost not in copies
    assert lost not in links(swept / "after" / "exceptions.xlsx")
    (signal,) = sealed_ledger(swept / "home").signals()
    assert signal.kind == "unsound"
