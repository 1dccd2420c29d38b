"""A wire between the browser and a portal that can be reset, stalled or cut in the middle."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

CHUNK = 4096
STALL_SECONDS = 3.0
TROUBLES = ("reset", "stall", "cut")


class Wire:
    """Passes bytes on; the next answer of the portal meets the trouble that was asked for.

    ``reset`` ends the connection with RST, ``stall`` keeps the answer back for some seconds and
    then ends it, ``cut`` passes half of the first part on. ``asked`` counts what the browser sent.
    """

    def __init__(self, upstream: str) -> None:
        place = urlsplit(upstream)
        self._upstream = (str(place.hostname), int(place.port or 80))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.asked = 0
        self.done = threading.Event()
        self._trouble: str | None = None
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def spoil(self, trouble: str) -> threading.Event:
        """Meet the next answer with ``trouble``; the event is set once it has happened."""
        with self._lock:
            self._trouble, self.done = trouble, threading.Event()
            return self.done

    def mend(self) -> None:
        """No trouble any more."""
        with self._lock:
            self._trouble = None

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _take(self) -> str | None:
        with self._lock:
            trouble, self._trouble = self._trouble, None
        return trouble

    def _accept(self) -> None:
        while True:
            try:
                browser, _ = self._listener.accept()
            except OSError:
                return
            try:
                portal = socket.create_connection(self._upstream, timeout=20)
            except OSError:
                browser.close()
                continue
            portal.settimeout(None)
            threading.Thread(target=self._there, args=(browser, portal), daemon=True).start()
            threading.Thread(target=self._back, args=(browser, portal), daemon=True).start()

    def _there(self, browser: socket.socket, portal: socket.socket) -> None:
        with suppress(OSError):
            while data := browser.recv(CHUNK):
                self.asked += 1
                portal.sendall(data)
        _end(portal)

    def _back(self, browser: socket.socket, portal: socket.socket) -> None:
        with suppress(OSError):
            while data := portal.recv(CHUNK):
                trouble = self._take()
                if trouble is not None:
                    self._meet(trouble, browser, data)
                    break
                browser.sendall(data)
        _end(browser)
        _end(portal)

    def _meet(self, trouble: str, browser: socket.socket, data: bytes) -> None:
        self.done.set()
        if trouble == "cut":
            browser.sendall(data[: len(data) // 2])
        elif trouble == "stall":
            threading.Event().wait(STALL_SECONDS)
        else:
            browser.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            browser.close()


def _end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()


@contextmanager
def wires(addresses: dict[str, str]) -> Iterator[dict[str, Wire]]:
    """A wire to each portal, by payer."""
    found = {payer: Wire(address) for payer, address in addresses.items()}
    try:
        yield found
    finally:
        for wire in found.values():
            wire.close()
