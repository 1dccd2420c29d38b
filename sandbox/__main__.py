"""``python -m sandbox``: serve the simulated payers, and write what a biller has of them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from sandbox.books import make_world
from sandbox.payers import STYLES
from sandbox.world import World

AS_OF = date(2026, 11, 20)
SYSTEMS = ("epic_pb", "epic_hb", "cerner", "athena", "eclinicalworks")
SETTINGS = Path("artifacts/sandbox/settings.toml")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one verb."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["remittances"]:
        from sandbox.remittances.options import run

        sys.stdout.write(run(arguments[1:]))
        return
    parser = _parser()
    options = parser.parse_args(arguments)
    world = make_world(options.seed, options.claims, options.as_of, options.payers)
    said = ""
    if options.verb == "serve":
        from sandbox.serve import PORTALS, serve

        if missing := set(options.payers) - set(PORTALS):
            parser.error(f"there is no simulated portal of {', '.join(sorted(missing))}")
        serve(
            world,
            settings=options.settings,
            delay=options.delay,
            answer_seconds=options.answer_ms / 1000,
            parent_pid=options.parent_pid,
        )
    elif options.verb == "export":
        from sandbox.export_shapes import write_shaped
        from sandbox.exports import write_exports

        paths = (
            write_shaped(world, options.folder, options.system)
            if options.system
            else write_exports(world, options.folder)
        )
        said = "".join(f"{path}\n" for path in paths)
    elif options.verb == "deposits":
        from sandbox.deposits import write_deposits

        said = "".join(f"{path}\n" for path in write_deposits(world, options.folder))
    elif options.verb == "documents":
        from sandbox.documents import write_documents

        count = write_documents(world, options.folder, options.limit)
        said = f"{count} documents and truth.json in {options.folder}\n"
    elif options.verb == "schedule":
        from sandbox.schedule import write_schedule

        said = f"{write_schedule(world, options.file)} appointments in {options.file}\n"
    elif options.verb == "truth":
        said = f"{_truth(world, eligibility=options.eligibility, whole=options.json)}\n"
    else:
        from sandbox.bad_files import write_bad_files

        said = "".join(f"{path}\n" for path in write_bad_files(world, options.folder))
    sys.stdout.write(said)


def _truth(world: World, *, eligibility: bool, whole: bool) -> str:
    from sandbox.eligibility import eligibility_counts, eligibility_rows
    from sandbox.truth import truth_counts, truth_rows

    if whole:
        return json.dumps(list((eligibility_rows if eligibility else truth_rows)(world)), indent=1)
    return (eligibility_counts if eligibility else truth_counts)(world)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="claimsweep sandbox",
        description="Simulated payers with invented patients.",
        epilog="example: claimsweep sandbox serve --seed 1 --claims 200",
    )
    same = argparse.ArgumentParser(add_help=False)
    same.add_argument("--seed", type=int, default=1, help="another seed, other claims (1)")
    same.add_argument("--claims", type=_count, default=200, help="billed claims per payer (200)")
    same.add_argument(
        "--as-of", type=_day, default=AS_OF, help=f"the day of the books, YYYY-MM-DD ({AS_OF})"
    )
    same.add_argument(
        "--payers",
        type=_payers,
        default=tuple(STYLES),
        help=f"only some, with commas between: {','.join(STYLES)} (all)",
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    serve = verbs.add_parser("serve", parents=[same], help="a portal for each payer, until stopped")
    serve.add_argument(
        "--settings", type=Path, default=SETTINGS, help=f"where to write the settings ({SETTINGS})"
    )
    serve.add_argument("--delay", type=_scale, default=1.0, help="scales the searches' waits (1.0)")
    serve.add_argument(
        "--answer-ms", type=float, default=0.0, help="what every answer takes besides (0)"
    )
    serve.add_argument("--parent-pid", type=int, help="stop when this process has ended")
    truth = verbs.add_parser("truth", parents=[same], help="the answer key")
    truth.add_argument("--json", action="store_true", help="all of it as one JSON list")
    truth.add_argument(
        "--eligibility", action="store_true", help="the key of the schedule, not of the claims"
    )
    schedule = verbs.add_parser(
        "schedule", parents=[same], help="the appointments to come, as many per payer as claims"
    )
    schedule.add_argument("file", type=Path, help="the CSV file to write")
    for verb, what in (
        ("export", "the biller's export for each payer"),
        ("documents", "every payment's document, and truth.json"),
        ("deposits", "the payments as 835, what the bank booked (BAI2, CSV), and the key"),
        ("bad", "one file for each way in which a file can be bad"),
    ):
        writing = verbs.add_parser(verb, parents=[same], help=what)
        writing.add_argument("folder", type=Path, help="is made if it does not exist")
        if verb == "export":
            writing.add_argument(
                "--system",
                choices=SYSTEMS,
                help="all in this billing system's shape, with answer-key.json",
            )
        if verb == "documents":
            writing.add_argument("--limit", type=int, help="at most so many of each payer")
    verbs.add_parser(
        "remittances", help="documents of issuers that have no portal, clean and damaged"
    )
    return parser


def _count(text: str) -> int:
    count = int(text)
    if not 1 <= count <= 100_000:
        raise argparse.ArgumentTypeError("between 1 and 100000 claims, please")
    return count


def _payers(text: str) -> tuple[str, ...]:
    chosen = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not chosen or not set(chosen) <= set(STYLES):
        raise argparse.ArgumentTypeError(f"some of these, please: {', '.join(STYLES)}")
    return chosen


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
