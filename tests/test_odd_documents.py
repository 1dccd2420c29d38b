"""An EOB arrives byte for byte whichever way an invented portal sends it, or it is said why not."""

from __future__ import annotations

import base64
import io
import zipfile
from pathlib import Path

import pytest
from odd_site import Asked, Kept, Reply, Site, kept, payer_folder, pdf, serving, told_of, words
from PIL import Image

import flows.account
from bots.portal.browser import Browser

pytestmark = pytest.mark.browser

ARRIVE = (
    "attachment", "iframe", "embed", "object", "tab", "later", "form", "blob", "base64", "saved",
    "data", "embedded", "viewer", "frames",
)  # fmt: skip
PICTURES = {"tiff": "TIFF", "jpeg": "JPEG", "png": "PNG"}
REFUSED = {
    "nothing": "did not arrive",
    "zip": "is not a PDF",
    "page": "is not a PDF",
    "web": "is not a PDF",
}


def picture(kind: str) -> bytes:
    made = io.BytesIO()
    Image.new("L", (850, 1100), 255).save(made, kind, dpi=(100, 100))
    return made.getvalue()


def document_of(asked: Asked) -> Reply:
    number = asked.path.split("/")[-1]
    attached = {"Content-Disposition": "attachment; filename=eob"} if asked.query else {}
    if kind := PICTURES.get(number.removeprefix("E-")):
        return Reply(picture(kind), f"image/{kind.lower()}", headers=attached)
    if number == "E-web":
        return Reply(b"<html><body>Sorry</body></html>", "application/pdf", headers=attached)
    if number == "E-zip":
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("eob.pdf", pdf(number))
        return Reply(packed.getvalue(), "application/zip", headers=attached)
    return Reply(pdf(number), "application/pdf", headers=attached)


@pytest.mark.slow
def test_an_eob_arrives_in_every_way_and_what_does_not_is_said(
    browser_executable: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flows.account, "TRIES_PER_ITEM", 1)
    ways = [*ARRIVE, *PICTURES, *REFUSED]
    claims: list[Kept] = [
        kept(f"E-{way}", member=f"QX{n:07}", way=way) for n, way in enumerate(ways)
    ]
    site = Site("elm", claims)
    site.routes = {
        "eob": document_of,
        "ready": lambda _: Reply({}, seconds=0.3),
        "coded": lambda asked: {"pdf": base64.b64encode(pdf(asked.path[7:])).decode()},
        "viewer": lambda asked: Reply(
            f"<h1>Viewer</h1><iframe src='/eob/{asked.path[8:]}'></iframe>", "text/html"
        ),
        "sorry": lambda _: Reply("<h1>The document is being prepared</h1>", "text/html"),
    }
    profile = payer_folder(tmp_path, "elm", {"session": {"answer_seconds": 5}})
    with serving(site):
        told = told_of(tmp_path, browser_executable, site, profile, claims)
    assert words(told) == ["found"] * len(ways), told
    by_way = dict(zip(ways, told, strict=True))
    wrong = [way for way in ARRIVE if by_way[way].document != pdf(f"E-{way}")]
    assert not wrong, {way: by_way[way].lost for way in wrong}
    scans = {way: picture(kind) for way, kind in PICTURES.items()}
    assert {way: by_way[way].document for way in PICTURES} == scans
    assert {way: by_way[way].document for way in REFUSED} == dict.fromkeys(REFUSED)
    assert all(why in by_way[way].lost for way, why in REFUSED.items()), by_way
