"""Who holds a lease: a name that tells whether the holding process is still alive."""

from __future__ import annotations

import os
import platform
import secrets
import uuid
from functools import cache
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_OVER: set[str] = set()  # of this process; what they hold is nobody's
_GONE = ("Z", "X")  # a killed process that nobody has waited for yet still answers to its number


def owner_name(pid: int | None = None) -> str:
    """A new lease owner for this process, or another of this host: ``host:pid:nonce``.

    The host part names the boot and the process-number space, so that a process number means
    the same process, also where containers share a host's name; the nonce opens with the
    process's start, so that a reused number does not.
    """
    pid = pid or os.getpid()
    return f"{_host()}:{pid}:{_start(pid) or ''}-{secrets.token_hex(4)}"


def living_process(owner: str) -> int | None:
    """The number of an owner's process, while it is one of this host that is alive."""
    host, _, rest = owner.rpartition(":")[0].rpartition(":")
    here = host == _host() and rest.isdecimal() and not owner_is_dead(owner)
    return int(rest) if here else None


def end_owner(owner: str) -> None:
    """``owner`` does nothing more, though this process lives on: what it could not hand back,
    because the ledger cannot be written to, is free before its leases run out."""
    _OVER.add(owner)


def owner_is_dead(owner: str) -> bool:
    """True only when the owner was a process of this host that has certainly ended, or one of this
    process that :func:`end_owner` ended."""
    if owner in _OVER:
        return True
    host, _, rest = owner.rpartition(":")[0].rpartition(":")
    if host != _host() or not rest.isdecimal():
        return False
    pid = int(rest)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    state = _stat(pid)
    if state is None:
        return False
    began = owner.rpartition(":")[2].partition("-")[0]
    return state[0] in _GONE or bool(began and began != state[1])


@cache
def _host() -> str:
    space = Path("/proc/self/ns/pid")
    parts = [platform.node().replace(":", "-")]
    try:
        parts += [
            _BOOT.read_text("ascii")[:8],
            "".join(filter(str.isdecimal, str(space.readlink()))),
        ]
    except OSError:
        parts.append(f"{uuid.getnode():x}")  # two hosts of one name differ in their network card
    return "/".join(parts)


def _start(pid: int) -> str | None:
    state = _stat(pid)
    return None if state is None else state[1]


def _stat(pid: int) -> tuple[str, str] | None:
    """State letter and start time of a process (proc(5), /proc/pid/stat fields 3 and 22)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return fields[0], fields[19]
