"""What two processes say to each other about a document: plain values, each with its length."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable
from io import BytesIO
from typing import Any

LENGTH = struct.Struct("<Q")
MOST_BYTES = 1 << 30


class _Plain(pickle.Unpickler):
    """Reads tuples, texts, numbers and bytes, and nothing that would run."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"{module}.{name} is no plain value")


def packed(value: object) -> bytes:
    """A value made of tuples, texts, numbers and bytes, ready to be sent."""
    body = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(body)) + body


def unpacked(read: Callable[[int], bytes]) -> Any:
    """The next value; ``read`` gives exactly as many bytes as it is asked for.

    Raises EOFError when the other side ended, ValueError when it sent something else.
    """
    (length,) = LENGTH.unpack(read(LENGTH.size))
    if length > MOST_BYTES:
        raise ValueError("the other process sent more than it may")
    try:
        return _Plain(BytesIO(read(length))).load()
    except pickle.UnpicklingError as error:
        raise ValueError("the other process sent something else than plain values") from error
