"""``claimsweep export``: how billing-system exports are read, and mappings for unknown ones."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from billing.errors import BadInput, ClaimsweepError
from billing.money import dollars, usd
from flows.options import (
    COULD_NOT,
    FINDINGS,
    AsJson,
    Home,
    Mappings,
    Profiles,
    print_json,
    settings_in_force,
)

if TYPE_CHECKING:
    from bots.exports.detect import Detected
    from flows.written_back import WrittenBack

export = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
_WIDEST = 34
_MOST_REASONS = 20


@export.callback()
def exports() -> None:
    """Billing-system exports: how they are read, and mappings for those of other systems."""


@export.command("detect")
def export_detect(
    files: list[Path],
    draft: Annotated[
        Path | None, typer.Option(help="Write a mapping here for an export that none fits.")
    ] = None,
    as_json: AsJson = False,
    mappings: Mappings = None,
) -> None:
    """Say which system wrote an export or a schedule, and how each column and row is read.

    Nothing of a patient is shown, only the kinds of values. Exit 1 when a row was refused that is
    no total or heading, or a draft was written; 2 when a file cannot be read.

    Example: claimsweep export detect aging.csv --draft mappings/ours.yaml
    """
    folder = settings_in_force(None, None, mappings).mappings
    if draft is not None and len(files) > 1:
        raise BadInput("--draft is of one export; give one file")
    told = [_detected(file, draft, folder) for file in files]
    if as_json:
        print_json({"files": [one for one, _ in told]})
    else:
        sys.stdout.write("\n".join(text for _, text in told))
    if any("error" in one and "draft" not in one for one, _ in told):
        raise typer.Exit(COULD_NOT)
    if any("draft" in one or one["to_look_at"] for one, _ in told):
        raise typer.Exit(FINDINGS)


@export.command("write-back")
def export_write_back(
    sweep_id: Annotated[str | None, typer.Argument(help="Default: the latest sweep.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where the files go.")] = None,
    as_json: AsJson = False,
    home: Home = None,
    profiles: Profiles = None,
    mappings: Mappings = None,
) -> None:
    """Write a finished sweep's copies of its exports, and what the billing system can import.

    A sweep does so too; this writes them again from the ledger, with control totals. The export
    itself is never changed, and nothing is imported: people do that. Exit 1 when there are claims
    of which nothing was learned.

    Example: claimsweep export write-back --out back
    """
    from bots.exports.import_back import NOTHING_LEARNED
    from flows.run import run_write_back

    settings = settings_in_force(home, profiles, mappings)
    backs, folder = run_write_back(settings, sweep_id, out=out)
    if as_json:
        print_json({"exports": [_told_back(back, folder) for back in backs]})
    else:
        sys.stdout.write("".join(map(_text_back, backs)) + f"all of it is in {folder}\n")
    left = [back.to_import.left_out for back in backs if back.to_import is not None]
    if any(NOTHING_LEARNED in one for one in left):
        raise typer.Exit(FINDINGS)


def _told_back(back: WrittenBack, folder: Path) -> dict[str, Any]:
    before, after = (
        {
            "rows": side.rows,
            "claims": side.claims,
            **{
                name: dollars(getattr(side, name))
                for name in ("billed", "balance", "paid", "patient_responsibility")
            },
        }
        for side in (back.totals.before, back.totals.after)
    )
    told = back.to_import
    return {
        "export": back.export,
        "files": {what: str(folder / name) for what, (name, _) in back.files.items()},
        "cells_added": len(back.changes),
        "totals": {"before": before, "after": after},
        "to_import": None if told is None else {"rows": told.rows, "left_out": dict(told.left_out)},
    }


def _text_back(back: WrittenBack) -> str:
    totals = back.totals.after
    lines = [
        f"{back.export}: {len(back.changes):,} cells added",
        f"  {totals.rows:,} rows, {totals.claims:,} claims; billed {usd(totals.billed)}, balance "
        f"{usd(totals.balance)}; paid {usd(totals.paid)}, patient "
        f"{usd(totals.patient_responsibility)} (the copy read again; as in the export)",
        *(f"  {what}: {name}" for what, (name, _) in back.files.items()),
    ]
    if back.to_import is not None:
        lines.append(f"  {back.to_import.rows:,} rows to import")
        lines += [f"  left out {n:,}: {why}" for why, n in back.to_import.left_out.items()]
    return "\n".join(lines) + "\n"


def _detected(file: Path, draft: Path | None, mappings: Path | None) -> tuple[dict[str, Any], str]:
    """One file's document and text; a file that cannot be read has an error instead."""
    from bots.exports.detect import detect
    from bots.exports.systems import own_systems
    from bots.file_bytes import read_file

    data = b""
    try:
        data = read_file(file)
        found = detect(data, file.name, own_systems(mappings, drafts=True))
    except ClaimsweepError as error:
        told: dict[str, Any] = {"file": str(file), "error": str(error)}
        text = f"{error}\n"
        if draft is not None and isinstance(error, BadInput) and data:
            told["draft"], to_settle = _write_draft(data, file.name, draft)
            text += f"  {draft}: a draft of a mapping, {to_settle} lines marked CHECK to settle\n"
        return told, text
    if draft is not None:
        raise BadInput(f"{file}: {found.system} reads this export; no draft is needed")
    return _document(file, found), _text(found)


def _write_draft(data: bytes, name: str, path: Path) -> tuple[str, int]:
    from bots.exports.draft import draft_mapping
    from flows.outputs import write_whole

    made = draft_mapping(data, name)
    if path.exists():
        raise BadInput(f"{path}: is there already; name another file for the draft")
    if path.suffix != ".yaml":
        raise BadInput(f"{path}: a mapping's file is named .yaml")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, made.text.encode())
    except OSError as error:
        raise BadInput(f"{path}: cannot be written ({error.strerror})") from error
    return str(path), made.to_settle


def _document(file: Path, found: Detected) -> dict[str, Any]:
    return {
        "file": str(file),
        "system": found.system,
        "title": found.title,
        "reconstruction": found.reconstruction,
        "written_as": found.written_as,
        "headings_row": found.header_row,
        "columns": [
            {"heading": c.heading, "field": c.field, "holds": c.holds}
            for c in found.columns
            if not c.dropped
        ],
        "unmatched": [c.heading for c in found.columns if c.field is None and not c.dropped],
        "dropped": [c.heading for c in found.columns if c.dropped],
        "rows_in": found.rows_in,
        found.holds: found.read,
        "refused": [{"row": r.row, "why": r.why} for r in found.refused],
        "billed": dollars(found.billed),
        "balance": dollars(found.balance),
        "notes": list(found.notes),
        "to_look_at": sum(refused.meant for refused in found.refused),
    }


def _text(found: Detected) -> str:
    widest = min(max(len(c.heading) for c in found.columns), _WIDEST)
    columns = [
        f"    {c.heading:<{widest}}  {c.field or '(not used)':<20}  {c.holds}"
        for c in found.columns
        if not c.dropped
    ]
    dropped = [c.heading for c in found.columns if c.dropped]
    if dropped:
        columns.append(f"    never read, social security numbers: {', '.join(dropped)}")
    money = (
        f"; billed {usd(found.billed)}, balance {usd(found.balance)}"
        if found.billed is not None and found.balance is not None
        else ""
    )
    lines = [
        f"{found.name}: {found.system}, {found.title}",
        f"  {' '.join(found.reconstruction.split())}",
        f"  {found.written_as}, headings in row {found.header_row}",
        *columns,
        f"  {found.rows_in:,} rows = {found.read:,} {found.holds} + {len(found.refused):,} "
        f"refused{money}",
        *_reasons((refused.why, refused.row) for refused in found.refused),
        *(f"  note: {note}" for note in found.notes),
    ]
    return "\n".join(lines) + "\n"


def _reasons(refused: Iterable[tuple[str, int]]) -> list[str]:
    """Each reason with how many rows it refused and the first of them."""
    first: dict[str, int] = {}
    counts: Counter[str] = Counter()
    for why, row in refused:
        counts[why] += 1
        first.setdefault(why, row)
    lines = [
        f"    refused {count:,}: {why} (row {first[why]}{' and others' if count > 1 else ''})"
        for why, count in counts.most_common(_MOST_REASONS)
    ]
    if len(counts) > _MOST_REASONS:
        lines.append(f"    and {len(counts) - _MOST_REASONS:,} more reasons; --json has them all")
    return lines
