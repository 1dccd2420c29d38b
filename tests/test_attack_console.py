"""A hostile client of the console gets nothing that is not its own, and holds nobody else up."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import uvicorn
from console_samples import night
from interface_served import Served
from web_console import desk_over, furnish, person, serving, swept, visitor

from billing.ledger.tokens import Scope
from billing.people import Role
from console.web import patience
from console.web.app import make_app
from console.web.interface_access import PATH
from console.web.patience import SERVER, STREAMS_AT_ONCE, Streams

WAIT_SECONDS = 60
CASES = tuple(f"/cases/{number}" for number in range(1, 13))


@contextmanager
def as_the_command_serves(home: Path) -> Iterator[Served]:
    """The console with the limits that the command gives its server."""
    desk = desk_over(home)
    furnish(desk.ledger, 20)
    keeper = person(desk.ledger, Role.ADMINISTRATOR)
    options = {"port": 0, "log_level": "error", "access_log": False, **SERVER}
    server = uvicorn.Server(uvicorn.Config(make_app(desk), **options))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    ready = threading.Event()
    for _ in range(WAIT_SECONDS * 10):
        if server.started:
            break
        ready.wait(0.1)
    host, port = server.servers[0].sockets[0].getsockname()[:2]
    try:
        yield Served(desk, f"http://{host}:{port}", keeper)
    finally:
        server.should_exit = True
        thread.join(20)
        desk.ledger.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with as_the_command_serves(tmp_path_factory.mktemp("home")) as found:
        yield found


def spoken(served: Served, *parts: bytes, until: str = "") -> bytes:
    """What comes back over one connection until the console hangs up or ``until`` came."""
    to = urlsplit(served.address)
    with socket.create_connection((str(to.hostname), int(to.port or 0)), WAIT_SECONDS) as line:
        for part in parts:
            line.sendall(part)
        heard = b""
        while piece := line.recv(65_536):
            heard += piece
            if until and until.encode() in heard:
                break
    return heard


def head(served: Served, *lines: str, start: str = "GET /sign-in HTTP/1.1") -> bytes:
    host = urlsplit(served.address).netloc
    return "\r\n".join((start, f"Host: {host}", *lines)).encode() + b"\r\n"


def test_headers_that_never_end_are_not_waited_for(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "HEAD_SECONDS", 1)
    assert spoken(served, head(served, "X-Slow: y")) == b""
    assert spoken(served) == b"", "nor is a connection on which nothing comes"
    assert b" 200 " in spoken(served, head(served) + b"\r\n", until="200"), "a whole one is served"


def test_a_body_that_stops_is_not_waited_for(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "BODY_SECONDS", 1)
    lines = ("Content-Type: application/x-www-form-urlencoded", "Content-Length: 100")
    half = head(served, *lines, start="POST /sign-in HTTP/1.1") + b"\r\nname=a"
    assert spoken(served, half, until="\r\n\r\n").split(b" ")[1] in (b"400", b"408")


def test_a_flood_of_headers_is_refused(served: Served) -> None:
    many = head(served, *(f"X-{n}: {'y' * 100}" for n in range(2_000)))
    try:
        heard = spoken(served, many + b"\r\n", until="400")
    except ConnectionError:
        return  # it hung up in the midst of it
    assert b" 400 " in heard or heard == b""


@pytest.mark.parametrize(
    "start",
    [
        "GET //cases HTTP/1.1",
        "GET /static/../../etc/passwd HTTP/1.1",
        "GET /static/%2e%2e/%2e%2e/app.py HTTP/1.1",
        "GET /sign-in/..%2f..%2fcases HTTP/1.1",
        "GET http://other.example/cases HTTP/1.1",
        "TRACE /sign-in HTTP/1.1",
        "CONNECT other.example:443 HTTP/1.1",
        "GET /sign-in\x00 HTTP/1.1",
    ],
)
def test_no_path_or_method_goes_round_the_door(served: Served, start: str) -> None:
    heard = spoken(served, head(served, "Connection: close", start=start) + b"\r\n")
    status = int((heard.split(b" ", 2)[1:2] or [b"400"])[0])
    assert 300 <= status < 500, heard[:200]
    assert b"root:" not in heard
    assert b"import" not in heard


def test_a_method_is_what_it_is_called(served: Served) -> None:
    with served.client(served.token("reads", Scope.READ)) as client:
        told = {"X-HTTP-Method-Override": "DELETE", "X-Method-Override": "POST"}
        assert client.get("/cases", headers=told).status_code == 200
        assert client.post("/cases?_method=GET", headers=told).status_code == 405


def test_deep_and_odd_json_is_refused_in_a_sentence(served: Served) -> None:
    secret = served.token("writes", Scope.READ, Scope.DECIDE)
    bombs = [
        b"[" * 200_000,
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        b'{"n": ' + b"9" * 100_000 + b"}",
        b"\xff\xfe{",
        b'{"a": NaN}',
        b'"' + b"\\u0000" * 1_000 + b'"',
    ]
    with served.client(secret) as client:
        for bomb in bombs:
            answer = client.post(
                "/decisions",
                content=bomb,
                headers={"Content-Type": "application/json", "Idempotency-Key": "k-bomb-1"},
            )
            assert 400 <= answer.status_code < 500, answer.text
            assert "Traceback" not in answer.text


def test_a_token_in_the_address_lets_nobody_in(served: Served) -> None:
    secret = served.token("given", Scope.READ)
    for query in (f"?token={secret}", f"?access_token={secret}", f"?Authorization=Bearer {secret}"):
        assert httpx.get(f"{served.address}{PATH}/cases{query}").status_code == 401
    assert httpx.get(f"{served.address}{PATH}/cases", cookies={"token": secret}).status_code == 401


def test_what_a_form_was_not_asked_for_changes_nothing(served: Served) -> None:
    """No field makes an administrator of somebody who changes a password."""
    desk = served.desk
    biller = person(desk.ledger, Role.BILLER, "mass")
    one = visitor(served.address, "mass")
    one.act("/me/password", role="administrator", name="admin", active="1", user_id="1")
    for path in ("/accounts", "/tokens", "/accounts/1"):
        assert one.get(path).status_code in (303, 403, 404)
    found = desk.ledger.person_named("mass")
    assert found is not None
    assert (found[0].user_id, found[0].role) == (biller.user_id, Role.BILLER)


SCRIPT = "<script>alert(1)</script>"
IMAGE = '"><img src=x onerror=alert(1)>'


def test_text_of_a_claim_is_text_on_every_page(tmp_path: Path) -> None:
    desk = desk_over(tmp_path)
    results = night(12, 7).results
    rows = [
        replace(
            one,
            claim=replace(
                one.claim,
                claim_id=f"{IMAGE}{row}",
                patient_last=SCRIPT,
                patient_first=IMAGE,
                member_id=IMAGE,
                source=replace(one.claim.source, row=row),
            ),
            conclusion=replace(one.conclusion, detail=SCRIPT),
        )
        for row, one in enumerate(results, start=2)
    ]
    swept(desk.ledger, rows)
    person(desk.ledger, Role.ADMINISTRATOR)
    seen = ""
    with serving(desk) as address:
        one = visitor(address, Role.ADMINISTRATOR.word)
        for path in ("/", "/queue", "/sweeps", "/reports", "/audit", *CASES):
            seen += one.get(path).text
    assert SCRIPT not in seen
    assert IMAGE not in seen
    assert "&lt;script&gt;alert(1)" in seen, "it is shown, as text"


def test_nobody_watches_more_runs_than_may_be() -> None:
    streams = Streams()
    held = [streams.one_more("ada") for _ in range(STREAMS_AT_ONCE)]
    for one in held:
        assert not streams.full("ada")
        one.__enter__()
    assert streams.full("ada")
    assert not streams.full("bea"), "others are not held up"
    held[0].__exit__(None, None, None)
    assert not streams.full("ada")


def test_the_address_of_the_command_s_server_is_not_told(served: Served) -> None:
    answer = httpx.get(f"{served.address}/sign-in")
    assert "server" not in answer.headers or "uvicorn" not in answer.headers["server"]
    assert json.dumps(dict(answer.headers)).count("no-store") == 1
