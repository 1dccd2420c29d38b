"""What a page or a file says is shown on a terminal and cannot command it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any, TextIO, cast

# Colours and weights, which the command's own tables have, change how a text looks and no more.
_COMMANDS = re.compile(
    r"(\x1b\[(?:[0-4]|22|3[1-6])?(?:;(?:[0-4]|22|3[1-6]))*m)"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
)
_QUOTED = re.compile(r"[\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def harmless(text: str) -> str:
    """``text`` with a question mark for every letter that moves, hides, clears or answers."""
    return _COMMANDS.sub(lambda found: found[1] or "?", text)


def harmless_json(document: str) -> str:
    """JSON that says the same, with such letters as \\u escapes."""
    return _QUOTED.sub(lambda found: f"\\u{ord(found[0]):04x}", document)


@contextmanager
def harmless_streams() -> Iterator[None]:
    """All that is printed inside is harmless, the sentences of errors too."""
    with (
        redirect_stdout(cast("TextIO", _Harmless(sys.stdout))),
        redirect_stderr(cast("TextIO", _Harmless(sys.stderr))),
    ):
        yield


class _Harmless:
    """A stream that is otherwise the one it stands for."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write(harmless(text))

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
