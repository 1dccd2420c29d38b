"""A new payer's folder: a whole profile to be filled in, which lets no bot run until it is."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

from billing.errors import BadInput
from bots.profile import load_profile

SKELETON = Path(__file__).parent / "new_profile.yaml"
PAYER_ID = re.compile(r"[a-z0-9][a-z0-9-]*")


def new_profile(
    profiles: Path, payer: str, *, name: str, address: str, terms_url: str, start: str
) -> Path:
    """Write ``profiles/payer/profile.yaml``, well formed and with an unknown policy; its path.

    Raises BadInput for an id or an address that is none, or a payer that is there already.
    """
    if not PAYER_ID.fullmatch(payer):
        raise BadInput(f"{payer!r} is no payer id; it is small letters, figures and hyphens")
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.netloc or "@" in parts.netloc:
        raise BadInput(f"{address!r} is no portal's address; it begins with https://")
    folder = profiles / payer
    if folder.exists():
        raise BadInput(f"{folder}: there is such a payer already; change its profile instead")
    path = start or parts.path or "/"
    said = {
        "PAYER_ID": payer,
        "PAYER_NAME": name,
        "PORTAL_ADDRESS": f"{parts.scheme}://{parts.netloc}",
        "TERMS_URL": terms_url or None,
        "LOGIN_PAGE": path if path.startswith("/") else f"/{path}",
    }
    text = SKELETON.read_text(encoding="utf-8")
    for word, value in said.items():
        text = text.replace(f"${word}", json.dumps(value, ensure_ascii=False))
    (folder / "cases").mkdir(parents=True)
    (folder / "profile.yaml").write_text(text, encoding="utf-8")
    load_profile(folder)
    return folder / "profile.yaml"
