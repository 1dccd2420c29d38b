"""``python -m sandbox``: serve the simulated payers, and write what a biller would have of them."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import date
from pathlib import Path

from sandbox.books import AS_OF, make_world


def main() -> None:
    """Run one verb."""
    options = _parser().parse_args()
    world = make_world(options.seed, options.claims, options.as_of)
    if options.verb == "serve":
        from sandbox.serve import serve

        serve(world, settings=options.settings, delay=options.delay, parent_pid=options.parent_pid)
    elif options.verb == "export":
        from sandbox.exports import write_exports

        sys.stdout.write("".join(f"{path}\n" for path in write_exports(world, options.folder)))
    elif options.verb == "truth":
        from sandbox.truth import answer_key, counted

        sys.stdout.write(
            (json.dumps(answer_key(world), indent=1) if options.json else counted(world)) + "\n"
        )
    elif options.verb == "documents":
        from sandbox.documents import write_documents

        sys.stdout.write(f"{write_documents(world, options.folder, options.limit)} documents\n")
    else:
        from sandbox.bad_files import write_bad_files

        options.folder.mkdir(parents=True, exist_ok=True)
        sys.stdout.write("".join(f"{n}\n" for n in write_bad_files(world, options.folder)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="claimsweep sandbox", description="Two simulated payers with synthetic patients."
    )
    same = argparse.ArgumentParser(add_help=False)
    same.add_argument("--seed", type=int, default=1, help="another seed, other people and claims")
    same.add_argument("--claims", type=_count, default=200, help="claims per payer, 10 to 100000")
    same.add_argument("--as-of", type=date.fromisoformat, default=AS_OF, help="the day it is there")
    verbs = parser.add_subparsers(dest="verb", required=True)
    serve = verbs.add_parser("serve", parents=[same], help="serve both portals until stopped")
    serve.add_argument("--settings", type=Path, default=Path("artifacts/sandbox/settings.toml"))
    serve.add_argument("--delay", type=float, default=1.0, help="scales the search's 0-2 s wait")
    serve.add_argument("--parent-pid", type=int, help="stop when this process is gone")
    for verb, what in (
        ("export", "write the biller's two exports"),
        ("documents", "write every payment's EOB and truth.json"),
        ("bad", "write one file for each way a file can be bad"),
    ):
        parser_of = verbs.add_parser(verb, parents=[same], help=what)
        parser_of.add_argument("folder", type=Path)
        if verb == "documents":
            parser_of.add_argument("--limit", type=int, help="at most so many a payer")
    truth = verbs.add_parser("truth", parents=[same], help="print the answer key")
    truth.add_argument("--json", action="store_true", help="as a JSON list")
    return parser


def _count(text: str) -> int:
    count = int(text)
    if not 10 <= count <= 100_000:
        raise argparse.ArgumentTypeError("claims per payer go from 10 to 100,000")
    return count


if __name__ == "__main__":
    main()
