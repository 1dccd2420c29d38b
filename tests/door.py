"""A small portal that is nearly all door: a password, a code, one page inside, and its counts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

from conftest import PROJECT

from bots.entrance import Login, Session
from bots.profile import Profile, load_profile
from sandbox.mailbox import Mailbox

USER, PASSWORD = "larkspur", "right-password"
CODES = "codes@door.example"
TO_LOCK = 3
FORM = '<form method="post"><label>{label} <input name="value"></label><button>{button}</button>'
LOGIN = (
    '<h1>Log in</h1><p role="alert">{said}</p><form method="post">'
    '<label>User <input name="user"></label><label>Password <input name="password"></label>'
    "<button>Log in</button></form>"
)
INSIDE = '<h1>Inside</h1><a href="/out">Log out</a>{extra}'


@dataclass
class Door:
    """What the portal knows and counts. ``inside`` is more HTML for the page after the login,
    ``everywhere`` for all pages; ``says`` is told instead of judging a password.

    ``codes`` are those that were sent, the last one good; ``late_second`` sends one more with
    the first, which makes the first worthless, and so many of the first are ``expired``.
    ``asks_again``: another code is asked for inside, before a second page. ``/away/STATUS``
    redirects to ``away``.
    """

    address: str = ""
    mailbox: Mailbox | None = None
    inside: str = ""
    everywhere: str = ""
    says: str = ""
    second_factor: bool = False
    late_second: float | None = None
    expired: int = 0
    asks_again: bool = False
    password: str = PASSWORD
    away: str = ""
    codes: list[str] = field(default_factory=list)
    refusals: int = 0
    in_a_row: int = 0
    locks: int = 0
    logins: int = 0
    logouts: int = 0
    shown: list[str] = field(default_factory=list)
    open: set[str] = field(default_factory=set)

    def send(self) -> None:
        """Send a code."""
        self.codes.append(f"{482913 + 111 * len(self.codes)}")
        assert self.mailbox is not None
        late = self.late_second or 0.0 if len(self.codes) > 1 else 0.0
        text = f"Reference 77.\nYour code is {self.codes[-1]}.\n"
        self.mailbox.deliver(CODES, "Your door code", text, seconds=late)

    def refuse(self, said: str) -> str:
        """One more refusal; the third in a row locks."""
        self.refusals += 1
        self.in_a_row += 1
        if self.in_a_row >= TO_LOCK:
            self.locks += self.in_a_row == TO_LOCK
            return "Your account is locked."
        return said

    def answer(self, method: str, path: str, form: dict[str, str], cookie: str) -> tuple[str, str]:
        """The page's HTML and where to go instead of it."""
        self.shown.append(f"{method} {path}")
        if path == "/":
            return self._login(method, form)
        if path == "/method":
            if method == "POST":
                self.send()
                if self.late_second is not None:
                    self.send()
                return "", "/code"
            return "<h1>How shall we send it?</h1>" + FORM.format(
                label="Way", button="Send code"
            ), ""
        if path == "/code":
            return self._code(method, form)
        if path == "/again":
            self.send()
            return "", "/code"
        if path == "/out":
            self.logouts += cookie in self.open
            self.open.discard(cookie)
            return "<h1>Logged out</h1>", ""
        if cookie not in self.open:
            return LOGIN.format(said=""), ""
        if path == "/claims" and self.asks_again:
            return self._once_more(method, form)
        if path == "/claims":
            return INSIDE.format(extra="<h2>Claims</h2>"), ""
        return INSIDE.format(extra=self.inside), ""

    def _login(self, method: str, form: dict[str, str]) -> tuple[str, str]:
        if method == "GET":
            return LOGIN.format(said=""), ""
        if self.says:
            return LOGIN.format(said=self.says), ""
        if self.in_a_row >= TO_LOCK:
            self.refusals += 1
            return LOGIN.format(said="Your account is locked."), ""
        if (form.get("user"), form.get("password")) != (USER, self.password):
            return LOGIN.format(said=self.refuse("Wrong user or password.")), ""
        return ("", "/method") if self.second_factor else self._in()

    def _once_more(self, method: str, form: dict[str, str]) -> tuple[str, str]:
        page = "<h1>One more code</h1><p>{said}</p>" + FORM.format(label="Code", button="Verify")
        if method == "GET":
            self.send()
            return INSIDE.format(extra=page.format(said="")), ""
        if form.get("value") != self.codes[-1]:
            return INSIDE.format(extra=page.format(said=self.refuse("That code is wrong."))), ""
        self.asks_again = False
        return "", "/claims"

    def _code(self, method: str, form: dict[str, str]) -> tuple[str, str]:
        page = "<h1>Type the code</h1><p>{said}</p>" + FORM.format(label="Code", button="Verify")
        page += '</form><form method="post" action="/again"><button>Send another</button></form>'
        if method == "GET":
            return page.format(said=""), ""
        if form.get("value") in self.codes[: self.expired]:
            return page.format(said="That code has run out."), ""
        if form.get("value") == self.codes[-1]:
            return self._in()
        newer = form.get("value") in self.codes
        said = "We sent you a newer code." if newer else "That code is wrong."
        return page.format(said=self.refuse(said)), ""

    def _in(self) -> tuple[str, str]:
        self.logins += 1
        self.in_a_row = 0
        self.open.add(f"s{self.logins}")
        return "", "/inside"


@contextmanager
def opened(door: Door) -> Iterator[Door]:
    """The portal, answering at ``door.address``."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            form = dict(parse_qsl(self.rfile.read(length).decode()))
            jar = SimpleCookie(self.headers.get("Cookie", ""))
            cookie = jar["session"].value if "session" in jar else ""
            if self.path.startswith("/away"):
                self.go_away()
                return
            page, elsewhere = door.answer(self.command, self.path, form, cookie)
            body = f"<!doctype html><title>Door</title>{page}{door.everywhere}".encode()
            self.send_response(302 if elsewhere else 200)
            if elsewhere == "/inside":
                self.send_header("Set-Cookie", f"session=s{door.logins}; Path=/; Max-Age=3600")
            if elsewhere:
                self.send_header("Location", elsewhere)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def go_away(self) -> None:
            status = self.path.rpartition("/")[2]
            self.send_response(int(status) if status.isdigit() else 302)
            self.send_header("Location", f"{door.away}/redirected")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            return  # the browser went away

    server = Server(("127.0.0.1", 0), Handler)
    door.address = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield door
    finally:
        server.shutdown()
        server.server_close()


def door_profile(second_factor: dict[str, object] | None = None, **session: object) -> Profile:
    """A profile of the door, on the frame of one that ships."""
    profile = load_profile(PROJECT / "payer_profiles" / "juniper-ridge")
    login = {
        "attempts_before_lockout": 3,
        "start": "/",
        "steps": [
            {"fill": {"label": "User", "value": "{secret.username}"}},
            {"fill": {"label": "Password", "value": "{secret.password}"}},
            {"click": {"role": "button", "name": "Log in"}},
        ],
        "second_factor": second_factor,
        "signed_in_when": {"role": "link", "name": "Log out"},
        "refused_when": [
            {"text": "Wrong user or password."},
            {"text": "That code is wrong."},
            {"text": "That code has run out."},
        ],
        "locked_when": {"text": "Your account is locked."},
        "person_when": [{"when": {"text": "Read this picture."}, "why": "a picture is to be read"}],
        "busy_when": {"text": "Wait 15 minutes."},
    }
    around = {
        "idle_minutes": 15,
        "min_seconds_between_searches": 0,
        "answer_seconds": 5,
        "claim_seconds": 20,
        "may_post": ["/", "/method", "/code", "/again", "/claims"],
        "ended_when": {"role": "heading", "name": "Log in"},
        "logout": [
            {"click": {"role": "link", "name": "Log out"}},
            {"expect": {"role": "heading", "name": "Logged out"}},
        ],
    }
    changes = {
        "login": Login.model_validate(login),
        "session": Session.model_validate(around | session),
    }
    return profile.model_copy(update={"file": profile.file.model_copy(update=changes)})
