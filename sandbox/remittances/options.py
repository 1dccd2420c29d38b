"""The command line of ``claimsweep sandbox remittances``."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from sandbox.remittances.corpus import LAYOUTS, write_remittances
from sandbox.remittances.damage import QUALITIES
from sandbox.remittances.faults import FAULTS


def run(arguments: Sequence[str]) -> str:
    """Write what ``arguments`` ask for; gives one line on what was written."""
    options = _parser().parse_args(arguments)
    count = write_remittances(
        options.folder,
        seed=options.seed,
        layouts=options.layouts,
        qualities=options.quality,
        count=options.count,
    )
    return f"{count} documents and truth.json in {options.folder}\n"


def _parser() -> argparse.ArgumentParser:
    verb = argparse.ArgumentParser(
        prog="claimsweep sandbox remittances",
        description="Simulated remittances of issuers without a portal, and what they say.",
        epilog="example: claimsweep sandbox remittances out --layouts alder --quality text,fax",
    )
    verb.add_argument("folder", type=Path, help="is made if it does not exist")
    verb.add_argument("--seed", type=int, default=1, help="another seed, other documents (1)")
    verb.add_argument(
        "--layouts",
        type=some_of(LAYOUTS),
        default=LAYOUTS,
        help=f"only some, with commas between: {','.join(LAYOUTS)} (all)",
    )
    verb.add_argument(
        "--quality",
        type=some_of((*QUALITIES, *FAULTS)),
        default=("text",),
        help=f"some of {','.join((*QUALITIES, *FAULTS))} (text)",
    )
    verb.add_argument(
        "--count", type=int, default=3, help="documents of each layout in each quality (3)"
    )
    return verb


def some_of(names: Sequence[str]) -> Callable[[str], tuple[str, ...]]:
    """An argparse type: some of ``names`` with commas between."""

    def chosen(text: str) -> tuple[str, ...]:
        picked = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
        if not picked or not set(picked) <= set(names):
            raise argparse.ArgumentTypeError(f"some of these, please: {', '.join(names)}")
        return picked

    return chosen
