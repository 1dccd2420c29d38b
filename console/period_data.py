"""The figures of a week's or month's report as data: CSV for a spreadsheet, JSON for programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from billing.codes.reasons import explain
from billing.kpi import BUCKETS, Aging
from billing.kpi_definitions import FROM_EXPORTS
from billing.money import dollars, usd
from billing.report import DenialFamily
from bots.exports.columns import harmless
from console.period import Figures, Told, skip_words
from console.words import counted, kind_words

CSV_HEAD = (
    "Section",
    "Figure",
    "Payer",
    "Class",
    "Unit",
    "Value",
    "Before",
    "Made of",
    "Definition",
    "Source",
    "Caveat",
)


def figures_csv(worked: Figures) -> bytes:
    """Every figure of the report, a row each: UTF-8 with BOM, CRLF; nothing runs as a formula."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, CSV_HEAD, restval="", lineterminator="\r\n")
    writer.writeheader()
    for row in _csv_rows(worked):
        writer.writerow({heading: harmless(cell) for heading, cell in row.items()})
    return text.getvalue().encode("utf-8-sig")


def document(worked: Figures) -> dict[str, Any]:
    """The same for programs: figures as strings or None, days as ISO dates."""
    told = worked.told
    return {
        "period": {"name": told.name, "first": str(told.now.first), "last": str(told.now.last)},
        "compared_with": (
            None
            if told.before is None
            else {"first": str(told.before.first), "last": str(told.before.last)}
        ),
        "sweeps": len(told.now.sweeps),
        "unfinished_sweeps_left_out": told.unfinished,
        "figures": {
            line.key: {
                "title": line.definition.title,
                "unit": line.definition.unit,
                "value": _plain(line.now.value),
                "before": None if line.before is None else _plain(line.before.value),
                "made_of": line.now.basis,
            }
            for line in worked.lines
        },
        "aging_by_service": [_aging_object(row) for row in worked.aged],
        "aging_by_last_billing": [_aging_object(row) for row in worked.rebilled],
        "denials": {
            kind: {
                "claims": now.claims,
                "dollars": dollars(now.dollars),
                "before": old and old.claims,
            }
            for kind, (now, old) in worked.mix.items()
        },
        "nights": [
            {
                "day": str(night.day),
                "due": night.due,
                "checked": night.checked,
                "new": night.new,
                "found": dollars(night.found),
            }
            for night in worked.nights
        ],
        "skipped": worked.skipped,
        "portals": [
            {
                "payer": told.payer_names.get(one.payer, one.payer),
                "sessions": one.sessions,
                "reached": one.reached,
                "logins_accepted": one.logins.accepted,
                "logins_refused": one.logins.refused,
            }
            for one in worked.portals
        ],
        "families": None if told.families is None else [_family(told, f) for f in told.families],
    }


def _csv_rows(worked: Figures) -> Iterable[dict[str, str]]:
    for line in worked.lines:
        what = line.definition
        yield {
            "Section": "Figures",
            "Figure": what.title,
            "Unit": what.unit,
            "Value": _plain(line.now.value) or "",
            "Before": (line.before and _plain(line.before.value)) or "",
            "Made of": line.now.basis,
            "Definition": what.formula,
            "Source": what.source,
            "Caveat": f"{FROM_EXPORTS} {what.caveat}",
        }
    for title, rows in (("date of service", worked.aged), ("last billing", worked.rebilled)):
        for row in rows:
            for bucket, part in (*zip(BUCKETS, row.buckets, strict=True), ("no date", row.undated)):
                yield {
                    "Section": "Aging",
                    "Figure": f"Open balance by {title}",
                    "Payer": row.payer,
                    "Class": bucket,
                    "Unit": "dollars",
                    "Value": dollars(part.dollars) or "",
                    "Made of": counted(part.claims, "claim"),
                    "Caveat": FROM_EXPORTS,
                }
    for kind, (now, old) in worked.mix.items():
        yield {
            "Section": "Denials",
            "Figure": "Denied dollars",
            "Class": kind_words(kind),
            "Unit": "dollars",
            "Value": dollars(now.dollars) or "",
            "Before": (old and dollars(old.dollars)) or "",
            "Made of": counted(now.claims, "claim") + (f", {old.claims} before" if old else ""),
            "Caveat": FROM_EXPORTS,
        }
    for night in worked.nights:
        yield {
            "Section": "Days",
            "Figure": "Checks answered",
            "Class": str(night.day),
            "Unit": "checks",
            "Value": str(night.checked),
            "Made of": f"of {night.due} due; {night.new} new to act on, {usd(night.found)} found",
        }
    for kind, number in worked.skipped.items():
        yield {
            "Section": "Skipped",
            "Figure": "Checks not answered",
            "Class": skip_words(kind),
            "Unit": "checks",
            "Value": str(number),
        }
    for portal in worked.portals:
        logins = portal.logins
        for figure, times, whole in (
            ("Sessions that reached the portal", portal.reached, portal.sessions),
            ("Logins refused", logins.refused, logins.refused + logins.accepted),
        ):
            yield {
                "Section": "Portals",
                "Figure": figure,
                "Payer": worked.told.payer_names.get(portal.payer, portal.payer),
                "Unit": "times",
                "Value": str(times),
                "Made of": f"of {whole}",
            }
    for one in worked.told.families or ():
        told = _family(worked.told, one)
        yield {
            "Section": "Rising denials",
            "Figure": " ".join(filter(None, (one.reason, one.procedure))),
            "Payer": told["payer"],
            "Class": explain(one.reason),
            "Unit": "dollars",
            "Value": told["dollars"],
            "Made of": f"{len(one.claims)} of {one.decided} decided, {one.before} of "
            f"{one.decided_before} before",
        }


def _aging_object(row: Aging) -> dict[str, Any]:
    return {
        "payer": row.payer,
        "buckets": {
            bucket: {"claims": part.claims, "dollars": dollars(part.dollars)}
            for bucket, part in zip(BUCKETS, row.buckets, strict=True)
        },
        "no_date": {"claims": row.undated.claims, "dollars": dollars(row.undated.dollars)},
    }


def _family(told: Told, family: DenialFamily) -> dict[str, Any]:
    """A family without its claims' numbers, which are patients' accounts."""
    return {
        "payer": told.payer_names.get(family.payer, family.payer),
        "reason": family.reason,
        "procedure": family.procedure,
        "claims": len(family.claims),
        "decided": family.decided,
        "before": family.before,
        "decided_before": family.decided_before,
        "dollars": dollars(family.dollars),
        "since": str(family.since),
        "first_seen": str(family.first_seen),
    }


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else str(value)
