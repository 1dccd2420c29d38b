"""``python -m sandbox``: serve the simulated payers, and write what a biller has of them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from sandbox.books import make_world

AS_OF = date(2026, 11, 20)
SETTINGS = Path("artifacts/sandbox/settings.toml")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one verb."""
    options = _parser().parse_args(arguments)
    world = make_world(options.seed, options.claims, options.as_of)
    said = ""
    if options.verb == "serve":
        from sandbox.serve import serve

        serve(world, settings=options.settings, delay=options.delay, parent_pid=options.parent_pid)
    elif options.verb == "export":
        from sandbox.exports import write_exports

        said = "".join(f"{path}\n" for path in write_exports(world, options.folder))
    elif options.verb == "documents":
        from sandbox.documents import write_documents

        count = write_documents(world, options.folder, options.limit)
        said = f"{count} documents and truth.json in {options.folder}\n"
    elif options.verb == "truth":
        from sandbox.truth import truth_counts, truth_rows

        rows = json.dumps(list(truth_rows(world)), indent=1) if options.json else ""
        said = f"{rows or truth_counts(world)}\n"
    else:
        from sandbox.bad_files import write_bad_files

        said = "".join(f"{path}\n" for path in write_bad_files(world, options.folder))
    sys.stdout.write(said)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="claimsweep sandbox",
        description="Two simulated payers with invented patients.",
        epilog="example: claimsweep sandbox serve --seed 1 --claims 200",
    )
    same = argparse.ArgumentParser(add_help=False)
    same.add_argument("--seed", type=int, default=1, help="another seed, other claims (1)")
    same.add_argument("--claims", type=_count, default=200, help="billed claims per payer (200)")
    same.add_argument(
        "--as-of", type=_day, default=AS_OF, help=f"the day of the books, YYYY-MM-DD ({AS_OF})"
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    serve = verbs.add_parser("serve", parents=[same], help="both portals, until stopped")
    serve.add_argument(
        "--settings", type=Path, default=SETTINGS, help=f"where to write the settings ({SETTINGS})"
    )
    serve.add_argument(
        "--delay", type=_scale, default=1.0, help="scales the commercial search's wait (1.0)"
    )
    serve.add_argument("--parent-pid", type=int, help="stop when this process has ended")
    truth = verbs.add_parser("truth", parents=[same], help="the answer key")
    truth.add_argument("--json", action="store_true", help="all of it as one JSON list")
    for verb, what in (
        ("export", "the biller's two exports"),
        ("documents", "every payment's document, and truth.json"),
        ("bad", "one file for each way in which a file can be bad"),
    ):
        writing = verbs.add_parser(verb, parents=[same], help=what)
        writing.add_argument("folder", type=Path, help="is made if it does not exist")
        if verb == "documents":
            writing.add_argument("--limit", type=int, help="at most so many of each payer")
    return parser


def _count(text: str) -> int:
    count = int(text)
    if not 1 <= count <= 100_000:
        raise argparse.ArgumentTypeError("between 1 and 100000 claims, please")
    return count


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date like 2026-11-20") from None


def _scale(text: str) -> float:
    scale = float(text)
    if not 0 <= scale <= 10:
        raise argparse.ArgumentTypeError("between 0 and 10, please")
    return scale


if __name__ == "__main__":
    main()
