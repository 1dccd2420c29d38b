"""A person sees on the page where each figure was read: a box around it, with its name."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from conftest import PROJECT
from PIL import Image, ImageChops
from portal_clients import SetClock, answering
from portal_faults import COMMERCIAL, MEDICAID, PAID, WORLD, Night, desks

from billing.model import Evidence
from bots.portal.browser import Browser
from bots.reading.words import draw_page
from console.pictures import INK, PAPER, boxed
from sandbox.serve import Portals

RIM = 4


@pytest.fixture(scope="module")
def portals() -> Iterator[Portals]:
    with answering(WORLD, SetClock(), delay=0) as there:
        yield there


def test_a_box_stands_around_the_place_and_nothing_else_is_touched() -> None:
    page = Image.new("RGB", (300, 100), "white")
    places = {"paid": (50.0, 40.0, 90.0, 55.0), "charge": (50.0, 40.0, 90.0, 55.0)}
    drawn = Image.open(BytesIO(boxed(page, places)))
    assert drawn.size == page.size
    for corner in ((46, 36), (92, 57), (46, 57), (92, 36), (70, 57), (46, 47)):
        assert drawn.getpixel(corner) == INK, corner
    assert drawn.getpixel((70, 47)) == (255, 255, 255), "the figure itself stays as it was"
    changed = ImageChops.difference(page, drawn).getbbox()
    assert changed is not None
    assert changed[1:] == (23, 93, 58), "the box, and the name above it"
    assert PAPER in {drawn.getpixel((x, 30)) for x in range(16, 92)}


def test_a_name_covers_no_other_figure() -> None:
    page = Image.new("RGB", (300, 100), "white")
    boxes = {f"field_{n}": (100.0, 20.0 * n, 140.0, 20.0 * n + 12) for n in range(1, 4)}
    drawn = Image.open(BytesIO(boxed(page, boxes)))
    for box in boxes.values():
        inside = drawn.crop(tuple(int(side) for side in box))
        assert inside.getcolors() == [(40 * 12, (255, 255, 255))]


def test_a_place_below_the_picture_is_left_out() -> None:
    page = Image.new("RGB", (100, 100), "white")
    drawn = Image.open(BytesIO(boxed(page, {"paid": (10.0, 400.0, 20.0, 410.0)})))
    assert ImageChops.difference(page, drawn).getbbox() is None


def test_boxes_in_points_are_drawn_in_pixels() -> None:
    page = Image.new("RGB", (400, 400), "white")
    drawn = Image.open(BytesIO(boxed(page, {"paid": (50.0, 50.0, 100.0, 60.0)}, scale=2)))
    assert drawn.getpixel((96, 110)) == INK


def show(work: Night, claim_id: str, out: Path) -> list[Path]:
    command = ["evidence", "show", claim_id, "--out", str(out), "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "flows", *command, "--home", str(work.ledger.home)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [Path(path) for path in json.loads(done.stdout)["pictures"]]


def is_boxed(before: Image.Image, after: Image.Image, place: Evidence, scale: float = 1) -> bool:
    """Ink below the place, where there was none; no pixel of the figure changed but at the rim,
    where the box of the row next to it may be."""
    assert place.box is not None
    left, top, right, bottom = (side * scale for side in place.box)
    below = (int((left + right) / 2), int(bottom) + 2)
    inside = (int(left), int(top) + RIM, int(right), int(bottom) - RIM)
    same = ImageChops.difference(before.crop(inside), after.crop(inside)).getbbox() is None
    return same and after.getpixel(below) == INK != before.getpixel(below)


@pytest.mark.parametrize("payer", [COMMERCIAL, MEDICAID])
def test_the_figures_of_a_swept_claim_are_boxed_on_its_screenshot_and_its_eob(
    payer: str, browser_executable: Browser, portals: Portals, tmp_path: Path
) -> None:
    with desks(browser_executable, portals, tmp_path / "home") as desk:
        work, _ = desk(payer, lambda _: None)
        work.run()
    claim = WORLD.commercial if payer == COMMERCIAL else WORLD.medicaid
    made = show(work, claim.by_number[PAID[payer]].claim_id, tmp_path / "out")
    assert all(path.stat().st_mode & 0o077 == 0 for path in made)
    portal, eob = work.ledger.observations(1)
    (screen,) = {place.image for place in portal.places.values()}
    (picture,) = [path for path in made if f"portal-{str(screen)[:12]}" in path.name]
    before = Image.open(BytesIO(work.ledger.fetch(str(screen)))).convert("RGB")
    after = Image.open(picture)
    for name in ("paid", "charge", "trace_number", "member_id"):
        assert is_boxed(before, after, portal.places[name]), name
    paid = eob.places["claims[0].paid"]
    (page,) = [path for path in made if path.name.endswith(f"page-{paid.page}.png")]
    before = draw_page(work.ledger.fetch(paid.sha256), int(paid.page or 0), 144)
    assert is_boxed(before.convert("RGB"), Image.open(page), paid, scale=2)


def test_a_claim_that_was_never_asked_about_is_one_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flows", "evidence", "show", "X1", "--home", str(tmp_path)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("The ledger has no claim 'X1'")
