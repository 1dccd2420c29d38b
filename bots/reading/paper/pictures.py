"""Scans, faxes and photos that come as pictures become grey pages at 300 dpi."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

from PIL import Image

from billing.errors import UnreadableDocument

DPI = 300
MOST_PIXELS = 80_000_000
MOST_SIDES = 500  # pages of one picture file
LETTER_INCHES = 11.0  # a photo does not say how large the paper was: its long side is taken for it
ORIENTATION = 0x0112
TURNS = {
    3: Image.Transpose.ROTATE_180,
    6: Image.Transpose.ROTATE_270,
    8: Image.Transpose.ROTATE_90,
}
KINDS = {
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
}


def kind_of_picture(data: bytes) -> str | None:
    """TIFF, JPEG or PNG by the first bytes; None when it is something else."""
    return next((kind for sign, kind in KINDS.items() if data.startswith(sign)), None)


def pictured_pages(data: bytes, kind: str) -> Iterator[Image.Image]:
    """Each page of a picture file, its cells square, grey at 300 dpi.

    Raises UnreadableDocument when it is damaged or too large.
    """
    try:
        with Image.open(BytesIO(data), formats=[kind]) as opened:
            for number in range(_counted(opened)):
                opened.seek(number)
                yield _normal(opened, number + 1)
    except UnreadableDocument:
        raise
    except Image.DecompressionBombError:
        raise _too_large(1) from None
    except Exception:  # Pillow raises anything at all on broken files
        raise UnreadableDocument(
            "The picture is damaged and cannot be opened; download it again."
        ) from None


def _counted(opened: Image.Image) -> int:
    pages = getattr(opened, "n_frames", 1)
    if pages > MOST_SIDES:
        raise UnreadableDocument(
            f"The picture holds more than {MOST_SIDES} pages; send it in parts."
        )
    return int(pages)


def _normal(opened: Image.Image, number: int) -> Image.Image:
    across, down = _resolution(opened)
    size = (max(1, round(opened.width * DPI / across)), max(1, round(opened.height * DPI / down)))
    if max(opened.width * opened.height, size[0] * size[1]) > MOST_PIXELS:
        raise _too_large(number)
    grey = opened.convert("L")
    square = grey if size == grey.size else grey.resize(size, Image.Resampling.BICUBIC)
    return _as_held(square, opened.getexif().get(ORIENTATION, 1))


def _too_large(number: int) -> UnreadableDocument:
    return UnreadableDocument(f"Page {number} is too large to read; scan it again on letter paper.")


def _as_held(image: Image.Image, orientation: int) -> Image.Image:
    """The picture turned the way the camera says that it was held."""
    turn = TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def _resolution(opened: Image.Image) -> tuple[float, float]:
    """Cells an inch across and down: as the file says, if the paper is then of a usual size."""
    said = opened.info.get("dpi") or (0, 0)
    across, down = float(said[0]), float(said[1])
    if across > 0 and down > 0 and 5 <= max(opened.width / across, opened.height / down) <= 20:
        return across, down
    square = max(opened.size) / LETTER_INCHES
    return square, square
