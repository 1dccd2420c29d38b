"""One person's record, over all sweeps, as a zip that a person can read and a program can."""

from __future__ import annotations

import html
import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from PIL import Image

from billing.ledger import EvidenceForgotten, Ledger
from billing.ledger.patients import Held, Sought
from billing.model import Found, Remittance
from bots.reading.words import POINTS_PER_INCH, draw_page
from console.appeal_sheet import covered
from flows.evidence import put
from flows.settings import Settings

DPI = 144
ROW = 14.0  # points: about a printed row, shown above a claim's first figure
WHAT_IT_IS = (
    "This is what claimsweep holds of the person: what the billing system's exports said, what was "
    "asked of payers, seen and concluded, what people did about it, and who looked at it here. It "
    "is a part of what an individual may ask for under 45 CFR 164.524, not the whole of it: the "
    "medical record, the billing system's own record and the payers' are elsewhere."
)
DISCLOSURES = (
    "Who looked: the entries of this program's audit trail about the person's cases. It is no "
    "accounting of disclosures under 45 CFR 164.528: disclosures for payment are not among those "
    "to be accounted for, and any made outside of this program are not known to it."
)
LEFT_OUT = (
    "Left out: other people's claims in the same documents and exports (of a document only the "
    "rows of this person are shown, all else is covered), adjustments of whole payments, and pages "
    "that were captured on the way and show no figure of this person."
)


def export_record(
    settings: Settings, sought: Sought, out: Path, *, by: str, at: datetime
) -> tuple[Path, Held]:
    """Write the record of the person to ``out``, for its owner alone; the file, and what is in it.

    The audit trail is told that it was done, and the cases; no name. Raises BadInput when nobody
    is found, or when more than one person may be meant.
    """
    ledger = settings.open_ledger()
    held = ledger.held_of(sought)
    pictures = dict(_pictures(ledger, held))
    document = {
        "made_at": at.isoformat(),
        "notes": [WHAT_IT_IS, LEFT_OUT, DISCLOSURES],
        "claims": held.claims,
        "visits": held.visits,
        "payments": held.payments,
        "cases": held.cases,
        "audit_trail": held.audit,
        "pictures": {name: why for name, (why, _) in pictures.items()},
    }
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("record.html", _page(document, pictures))
        archive.writestr("record.json", json.dumps(document, indent=1, ensure_ascii=False))
        for name, (_, data) in pictures.items():
            if data is not None:
                archive.writestr(name, data)
    put(out, whole.getvalue())
    told = {"claims": len(held.claims), "visits": len(held.visits), "cases": len(held.cases)}
    ledger.note(by, "patient record exported", "patient record", at=at, detail=told)
    for one in held.cases:
        ledger.note(by, "patient record exported", f"case {one['case_id']}", at=at)
    return out, held


def _pictures(ledger: Ledger, held: Held) -> Iterator[tuple[str, tuple[str, bytes | None]]]:
    """File name → what it is and its bytes; None where a policy deleted them."""
    for told in held.claims:
        item = told["item"]
        for observation in ledger.observations(item):
            match observation.answer:
                case Found(Remittance() as remittance):
                    yield from of_document(ledger, remittance, told["claim"]["claim_id"], item)
                case Found():
                    shown = {place.image for place in observation.places.values() if place.image}
                    for sha256 in sorted(shown):
                        name = f"pictures/item-{item}-{sha256[:12]}.png"
                        yield name, ("the payer's page", _fetched(ledger, sha256))


def of_document(
    ledger: Ledger, remittance: Remittance, claim_id: str, item: int
) -> Iterator[tuple[str, tuple[str, bytes | None]]]:
    """Each page of a document with figures of the claim: file name → what it is and its picture,
    on which all but the claim's own rows is covered."""
    ours = [n for n, one in enumerate(remittance.claims) if one.claim_id == claim_id]
    rows: dict[tuple[str, int], list[tuple[float, float]]] = {}
    others: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for path, place in remittance.places.items():
        if place.page is None or place.box is None or not path.startswith("claims["):
            continue
        mine = any(path.startswith(f"claims[{n}]") for n in ours)
        into = rows if mine else others
        into.setdefault((place.sha256, place.page), []).append((place.box[1], place.box[3]))
    for (sha256, page), shown in sorted(rows.items()):
        name = f"pictures/item-{item}-{sha256[:12]}-page-{page}.png"
        data = _fetched(ledger, sha256)
        if data is None:
            yield name, ("a document's page", None)
            continue
        picture = draw_page(data, page, DPI)
        bands = list(_hidden(shown, others.get((sha256, page), []), picture.height))
        yield name, ("a document's page, other rows covered", _png(covered(picture, bands)))


def _hidden(
    ours: Sequence[tuple[float, float]], others: Sequence[tuple[float, float]], height: int
) -> Iterator[tuple[float, float]]:
    """The rows of pixels that are not this person's: all but from a row above the first figure to
    the last one, as far as no other claim's figure stands there."""
    unit = DPI / POINTS_PER_INCH
    top, bottom = min(one for one, _ in ours), max(one for _, one in ours)
    top = max([top - ROW, *(low for _, low in others if low <= top)])
    yield 0, top * unit
    for first, last in others:
        if first < bottom and last > top:
            yield first * unit, last * unit
    yield bottom * unit + 2, height


def _png(picture: Image.Image) -> bytes:
    made = io.BytesIO()
    picture.save(made, "PNG")
    return made.getvalue()


def _fetched(ledger: Ledger, sha256: str) -> bytes | None:
    try:
        return ledger.fetch(sha256)
    except EvidenceForgotten:
        return None


def _page(document: Mapping[str, Any], pictures: Mapping[str, tuple[str, bytes | None]]) -> str:
    parts = [f"<p>{html.escape(note)}</p>" for note in document["notes"]]
    for title in ("claims", "visits", "payments", "cases", "audit_trail"):
        rows = document[title]
        parts.append(f"<h2>{title.replace('_', ' ').capitalize()} ({len(rows)})</h2>")
        parts += [f"<section>{_told(row)}</section>" for row in rows]
    parts.append("<h2>Pictures</h2>")
    for name, (why, data) in pictures.items():
        shown = f'<img src="{name}" alt="{html.escape(why)}">' if data else "deleted by policy"
        parts.append(f"<figure>{shown}<figcaption>{html.escape(why)}</figcaption></figure>")
    style = (
        "body{font:16px sans-serif;max-width:60em;margin:2em auto}dt{font-weight:bold}"
        "dd{margin:0 0 0 2em}section{border-top:1px solid;padding:1em 0}img{max-width:100%}"
    )
    head = f'<meta charset="utf-8"><title>One person\'s record</title><style>{style}</style>'
    made = f"<h1>One person's record</h1><p>Made {html.escape(document['made_at'])}</p>"
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{made}{"".join(parts)}</body>'


def _told(value: object) -> str:
    """Any value as a list of names and values; what is not known is left out."""
    if isinstance(value, Mapping):
        rows = "".join(
            f"<dt>{html.escape(str(name).replace('_', ' '))}</dt><dd>{_told(one)}</dd>"
            for name, one in value.items()
            if one not in (None, "", [], {}, ())
        )
        return f"<dl>{rows}</dl>"
    if isinstance(value, list | tuple):
        return "".join(f"<div>{_told(one)}</div>" for one in value)
    return html.escape(str(value))
