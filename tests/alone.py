"""A network of this thread's own, from which nobody is reached and every attempt is heard."""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

NEW_NETWORK = 0x40000000  # CLONE_NEWNET
HERE, WIDE, BEYOND = "lo", "wide", "beyond"
ADDRESSES = {socket.AF_INET: ("192.0.2.1", 24), socket.AF_INET6: ("2001:db8::1", 64)}
NOBODY, NO_PORT = "198.51.100.77", 9
"""Where the last word is sent: once it is heard, all that went before has been."""
NAMES_PORT = 53
HEARD_SECONDS = 60
NEIGHBOURS = range(130, 144)  # ICMPv6 that the kernel sends by itself: who is near, who listens
_UP, _UNASKED = 0x1, 0x80  # a packet is sent without asking first whose it is
_MAKE_LINK, _MAKE_ADDRESS, _MAKE_ROUTE = 16, 20, 24
_WANTED = 0x1 | 0x4 | 0x400 | 0x200  # a request, acknowledged; made anew, once


@dataclass
class Heard:
    """Whom somebody in the network tried to reach, in order: ``protocol address port``."""

    attempts: list[str] = field(default_factory=list)
    _last_word: threading.Event = field(default_factory=threading.Event)

    def all(self) -> list[str]:
        """Every attempt until now. Raises AssertionError where the watch does not hear any more."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as said:
            said.sendto(b"the last word", (NOBODY, NO_PORT))
        assert self._last_word.wait(HEARD_SECONDS), "nobody listens to this network"
        return self.attempts

    def note(self, attempt: str) -> None:
        """Somebody tried that."""
        if attempt == f"udp {NOBODY} {NO_PORT}":
            self._last_word.set()
        else:
            self.attempts.append(attempt)


def can_be_alone() -> bool:
    """Whether this system lets a thread have a network of its own; elsewhere nothing is proved."""
    tried: list[bool] = []

    def attempt() -> None:
        with suppress(OSError), apart():
            _lay()
            tried.append(True)

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    return bool(tried)


@contextmanager
def alone() -> Iterator[Heard]:
    """In a network with a way to everywhere at which nobody is, and what is tried there.

    What this thread starts inside is there too: processes, and threads with what they start.
    """
    with apart():
        heard, over = Heard(), threading.Event()
        _lay()
        with (
            socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3)) as wire,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as names,
        ):
            wire.bind((WIDE, 3))
            names.bind(("", NAMES_PORT))
            threads = [
                threading.Thread(target=_listen, args=(one, heard, over), daemon=True)
                for one in (wire, names)
            ]
            for one in threads:
                one.start()
            try:
                yield heard
            finally:
                over.set()
                for one in threads:
                    one.join()


@contextmanager
def apart() -> Iterator[None]:
    """This thread in an empty network of its own. Raises OSError where that is not allowed."""
    library = ctypes.CDLL(None, use_errno=True)
    before = os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net", os.O_RDONLY)
    try:
        if library.unshare(NEW_NETWORK):
            raise OSError(ctypes.get_errno(), "no network of its own")
        try:
            yield
        finally:
            assert library.setns(before, NEW_NETWORK) == 0, "no way back"
    finally:
        os.close(before)


def _listen(line: socket.socket, heard: Heard, over: threading.Event) -> None:
    line.settimeout(0.2)
    while not over.is_set():
        try:
            packet, sender = line.recvfrom(65_536)
        except TimeoutError:
            continue
        if line.family != socket.AF_PACKET:
            heard.note(f"name asked here of {packet[12:80]!r}")
        elif sender[2] == socket.PACKET_OUTGOING and (attempt := told(packet)):
            heard.note(attempt)


def told(packet: bytes) -> str | None:
    """Whom a packet is for; None for what the kernel says by itself."""
    if packet[0] >> 4 == 4:
        protocol, body, to = packet[9], packet[(packet[0] & 15) * 4 :], packet[16:20]
    else:
        protocol, body, to = packet[6], packet[40:], packet[24:40]
        if protocol == 0:  # options for every hop, as reports of who listens have
            protocol, body = body[0], body[8:]
        if protocol == socket.IPPROTO_ICMPV6 and body[0] in NEIGHBOURS:
            return None
    name = {socket.IPPROTO_TCP: "tcp", socket.IPPROTO_UDP: "udp"}.get(protocol, str(protocol))
    return f"{name} {ip_address(to)} {int.from_bytes(body[2:4], 'big')}"


def _lay() -> None:
    """Loopback, and one more way out that leads everywhere, by what `ip` would say."""
    link = struct.pack("=BxHiII", 0, 0, 0, 0, 0)
    other_end = _part(2, _part(1, link + _part(3, BEYOND.encode() + b"\0")))
    pair = _part(18, _part(1, b"veth") + other_end)
    _ask(_MAKE_LINK, link + _part(3, WIDE.encode() + b"\0") + pair)
    for name in (HERE, BEYOND, WIDE):
        up = _UP | (_UNASKED if name == WIDE else 0)
        _ask(_MAKE_LINK, struct.pack("=BxHiII", 0, 0, socket.if_nametoindex(name), up, up), 0x5)
    way = socket.if_nametoindex(WIDE)
    for family, (address, length) in ADDRESSES.items():
        if family == socket.AF_INET6 and not Path("/proc/net/if_inet6").exists():
            continue
        own = socket.inet_pton(family, address)
        head = struct.pack("=BBBBi", family, length, 2, 0, way)  # 2: usable at once
        _ask(_MAKE_ADDRESS, head + _part(1, own) + _part(2, own))
        everywhere = struct.pack("=BBBBBBBBI", family, 0, 0, 0, 254, 3, 0, 1, 0)
        _ask(_MAKE_ROUTE, everywhere + _part(4, struct.pack("=i", way)))


def _part(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", len(value) + 4, kind) + value + bytes(-len(value) % 4)


def _ask(what: int, body: bytes, flags: int = _WANTED) -> None:
    """One request to the kernel by netlink. Raises OSError where it is refused."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        kernel.send(struct.pack("=IHHII", 16 + len(body), what, flags, 1, 0) + body)
        (error,) = struct.unpack_from("=i", kernel.recv(65_536), 16)
        if error:
            raise OSError(-error, f"netlink request {what}")
