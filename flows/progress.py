"""How far a sweep is, for whoever looks at standard error: a bar for a person, lines for a log."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from billing.ledger import Progress

Watch: TypeAlias = "Callable[[Progress], None]"


def watching(*, quiet: bool, of: str = "claims") -> AbstractContextManager[Watch]:
    """What shows the ledger's progress while a sweep runs; nothing when ``quiet``.

    ``of`` is what is checked, in the plural.
    """
    if quiet:
        return nullcontext(lambda _: None)
    return _Bar(of) if sys.stderr.isatty() else nullcontext(_Lines(of))


class _Bar(AbstractContextManager[Watch]):
    """A progress bar on standard error for a person."""

    def __init__(self, of: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        self.of = of
        self.bar = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(file=sys.__stderr__),  # a bar moves, and shows figures alone
        )
        self.task = self.bar.add_task("starting", total=None)

    def __enter__(self) -> Watch:
        self.bar.start()
        return self.show

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def show(self, progress: Progress) -> None:
        total = progress.settled + progress.unsettled
        answered = progress.answered + progress.not_found
        self.bar.update(
            self.task,
            description=f"{self.of} checked ({answered} answered)",
            completed=progress.settled,
            total=total,
        )


class _Lines:
    """Progress for a log: a line on standard error for every tenth of the claims."""

    def __init__(self, of: str) -> None:
        self.of = of
        self.tenths = 0

    def __call__(self, progress: Progress) -> None:
        total = progress.settled + progress.unsettled
        tenths = 10 * progress.settled // total if total else 0
        if tenths > self.tenths:
            self.tenths = tenths
            sys.stderr.write(f"{progress.settled} of {total} {self.of} checked\n")
