"""What scanners, fax machines and phones make of a clean page."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from random import Random

import numpy as np
import pypdfium2  # type: ignore[import-untyped]
from PIL import Image, ImageDraw, ImageFilter
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

WHITE, PAPER = 255, 250
POINTS = 72
Damage = Callable[[bytes, Random], bytes]


def rendered(data: bytes, dpi: int) -> list[Image.Image]:
    """Every page of a PDF in grey."""
    with closing(pypdfium2.PdfDocument(data)) as document:
        return [
            document[number].render(scale=dpi / POINTS, grayscale=True).to_pil().convert("L")
            for number in range(len(document))
        ]


def noisy(image: Image.Image, random: Random, strength: float) -> Image.Image:
    """With grain of ``strength`` grey levels, and darker paper."""
    generator = np.random.default_rng(random.getrandbits(32))
    grey = np.asarray(image, dtype=np.float32) * (PAPER / WHITE)
    grey += generator.normal(0, strength, grey.shape).astype(np.float32)
    return Image.fromarray(grey.clip(0, WHITE).astype(np.uint8))


def turned(image: Image.Image, degrees: float) -> Image.Image:
    """Askew on the glass by ``degrees``."""
    return image.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=WHITE)


def blurred(image: Image.Image, radius: float) -> Image.Image:
    """Out of focus by ``radius`` pixels."""
    return image.filter(ImageFilter.GaussianBlur(radius))


def bound(pages: Sequence[Image.Image], dpi: int, quality: int = 85) -> bytes:
    """A PDF whose pages are pictures, as scanners make them."""
    file = io.BytesIO()
    canvas = Canvas(file, invariant=1)
    for page in pages:
        size = (page.width * POINTS / dpi, page.height * POINTS / dpi)
        canvas.setPageSize(size)
        canvas.drawImage(ImageReader(io.BytesIO(jpeg(page, quality))), 0, 0, *size)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def jpeg(page: Image.Image, quality: int) -> bytes:
    """The picture as JPEG."""
    file = io.BytesIO()
    page.save(file, "JPEG", quality=quality)
    return file.getvalue()


def scan(dpi: int, *, skew: float = 0.3, grain: float = 6, blur: float = 0.4) -> Damage:
    """A flatbed scan: up to ``skew`` degrees askew, with grain and a little blur."""

    def damage(data: bytes, random: Random) -> bytes:
        pages = []
        for page in rendered(data, dpi):
            askew = turned(page, random.uniform(-skew, skew))
            pages.append(noisy(blurred(askew, blur), random, grain))
        return bound(pages, dpi)

    return damage


def skewed(data: bytes, random: Random) -> bytes:
    """A poor scan at 150 dpi, 1 to 3 degrees askew."""
    pages = []
    for page in rendered(data, 150):
        degrees = random.choice((-1, 1)) * random.uniform(1.0, 3.0)
        pages.append(noisy(blurred(turned(page, degrees), 0.5), random, 9))
    return bound(pages, 150)


def fax(data: bytes, random: Random) -> bytes:
    """Through a fax machine at 200 x 100 dots an inch, black or white, with specks and dropouts."""
    return bound([_faxed(page, random) for page in rendered(data, 200)], 200)


def _faxed(page: Image.Image, random: Random) -> Image.Image:
    askew = turned(page, random.uniform(-0.5, 0.5))
    coarse = askew.resize((askew.width, askew.height // 2), Image.Resampling.BOX)
    black = noisy(coarse, random, 20).point(lambda level: WHITE if level > 165 else 0)
    fine = black.resize(askew.size, Image.Resampling.NEAREST)
    pen = ImageDraw.Draw(fine)
    for _ in range(fine.width * fine.height // 9000):
        x, y = random.randrange(fine.width), random.randrange(fine.height)
        pen.rectangle((x, y, x + 1, y + 1), fill=0)
    for _ in range(random.randint(0, 2)):
        y = random.randrange(fine.height)
        pen.line((0, y, fine.width, y), fill=WHITE)
    return fine


def photographed(page: Image.Image, random: Random) -> Image.Image:
    """The page as a phone sees it: in perspective, shaded, on a desk, a little out of focus."""
    width, height = page.size
    edge = width // 25
    desk = Image.new("L", (width + 2 * edge, height + 2 * edge), 96)
    desk.paste(page, (edge, edge))
    width, height = desk.size
    far = [random.uniform(0, 0.012) for _ in range(8)]
    corners = (
        *(far[0] * width, far[1] * height),
        *(far[2] * width, (1 - far[3]) * height),
        *((1 - far[4]) * width, (1 - far[5]) * height),
        *((1 - far[6]) * width, far[7] * height),
    )
    seen = desk.transform(
        desk.size, Image.Transform.QUAD, corners, Image.Resampling.BICUBIC, fillcolor=96
    )
    grey = np.asarray(blurred(seen, 0.8), dtype=np.float32)
    across = np.linspace(random.uniform(0.75, 0.9), 1.0, width, dtype=np.float32)
    down = np.linspace(1.0, random.uniform(0.8, 0.95), height, dtype=np.float32)
    shaded = grey * across[None, :] * down[:, None]
    return noisy(Image.fromarray(shaded.clip(0, WHITE).astype(np.uint8)), random, 5)


def photo(data: bytes, random: Random) -> bytes:
    """A phone's picture of the first page, as JPEG."""
    return jpeg(photographed(rendered(data, 250)[0], random), 88)


def png(data: bytes, random: Random) -> bytes:
    """A screen's or scanner's picture of the first page at 200 dpi, as PNG."""
    file = io.BytesIO()
    turned(rendered(data, 200)[0], random.uniform(-0.2, 0.2)).save(file, "PNG", dpi=(200, 200))
    return file.getvalue()


def tiff(data: bytes, random: Random) -> bytes:
    """A document scanner's file: all pages at 300 dpi in black and white, as TIFF."""
    pages = [
        noisy(turned(page, random.uniform(-0.3, 0.3)), random, 8)
        .point(lambda level: WHITE if level > 150 else 0)
        .convert("1")
        for page in rendered(data, 300)
    ]
    file = io.BytesIO()
    pages[0].save(
        file,
        "TIFF",
        save_all=True,
        append_images=pages[1:],
        compression="group4",
        dpi=(300, 300),
    )
    return file.getvalue()


def untouched(data: bytes, _random: Random) -> bytes:
    """As the issuer made it."""
    return data


QUALITIES: Mapping[str, tuple[str, Damage]] = {
    "text": ("pdf", untouched),
    "scan300": ("pdf", scan(300)),
    "scan200": ("pdf", scan(200)),
    "skew150": ("pdf", skewed),
    "fax": ("pdf", fax),
    "photo": ("jpg", photo),
    "png": ("png", png),
    "tiff": ("tiff", tiff),
}
