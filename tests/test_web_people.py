"""Coming into the console: passwords, guessing, one-time codes, sessions, the lock, accounts."""

from __future__ import annotations

import hashlib
import re
import sqlite3
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pyotp
import pytest
from argon2 import PasswordHasher
from web_console import KEPT, PASSWORD, Visitor, desk_over, person, serving, visitor

from billing.errors import BadInput
from billing.ledger.database import LEDGER_FILE
from billing.people import Role
from console.web.desk import Desk
from console.web.entrance import Demanded, Entrance
from console.web.passwords import hashed_password, require_good
from console.web.sealing import fingerprint
from console.web.second_factor import qr_path, step_of

OTHER = "two herons under a copper roof"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    made = desk_over(tmp_path_factory.mktemp("home"))
    for role in Role:
        person(made.ledger, role)
    return made


@pytest.fixture(scope="module")
def address(desk: Desk) -> Iterator[str]:
    with serving(desk) as found:
        yield found


def changed(desk: Desk, statement: str, *values: object) -> int:
    """Change the ledger's file behind the console's back; how many rows."""
    with sqlite3.connect(desk.ledger.home / LEDGER_FILE) as connection:
        count = connection.execute(statement, values).rowcount
    connection.close()
    return count


def asked(desk: Desk, query: str, *values: object) -> list[tuple[object, ...]]:
    with sqlite3.connect(desk.ledger.home / LEDGER_FILE) as connection:
        rows = connection.execute(query, values).fetchall()
    connection.close()
    return rows


def long_ago(minutes: int) -> str:
    """An instant as SQLite keeps it."""
    return f"{datetime.now(UTC) - timedelta(minutes=minutes):%Y-%m-%d %H:%M:%S.%f}"


def age(desk: Desk, name: str, minutes: int, column: str = "seen_at") -> None:
    """Let a user's sessions be so many minutes old."""
    statement = (
        f"UPDATE web_sessions SET {column} = ? "  # noqa: S608
        "WHERE user_id = (SELECT user_id FROM users WHERE name = ?)"
    )
    assert changed(desk, statement, long_ago(minutes), name)


def mark(somebody: Visitor, path: str = "/me") -> str:
    found = re.search(r'name="csrf" value="(\w+)"', somebody.get(path).text)
    assert found
    return found[1]


def acts(desk: Desk, name: str) -> list[str]:
    return [one.act for one in desk.ledger.audit_trail(subject=f"user {name}")]


# Passwords


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "12 to 200"),
        ("x" * 201, "12 to 200"),
        ("passwordpassword", "first that are guessed"),
        ("Correct Horse Battery Staple", "first that are guessed"),
        ("ababababababab", "first that are guessed"),
        ("the lead of the herons", "name"),
        (PASSWORD + "!", None),
        (OTHER, None),
    ],
)
def test_a_password_that_is_soon_guessed_is_refused(password: str, why: str | None) -> None:
    if why is None:
        require_good(password, name="lead", old=PASSWORD)
        return
    with pytest.raises(BadInput, match=why):
        require_good(password, name="lead", old=PASSWORD)


def test_what_is_kept_of_a_password_is_argon2id_and_made_anew_when_its_parameters_change(
    desk: Desk, address: str
) -> None:
    person(desk.ledger, Role.VIEWER, "old-hash")
    assert KEPT.startswith("$argon2id$v=19$m=64,t=1")
    visitor(address, "old-hash")
    found = desk.ledger.person_named("old-hash")
    assert found is not None
    kept = found[1]
    assert kept is not None
    assert kept != KEPT
    assert not PasswordHasher().check_needs_rehash(kept)
    visitor(address, "old-hash")
    again = desk.ledger.person_named("old-hash")
    assert again is not None
    assert again[1] == kept


def test_a_new_password_ends_every_other_session(desk: Desk, address: str) -> None:
    person(desk.ledger, Role.BILLER, "changes")
    here, there = visitor(address, "changes"), visitor(address, "changes")
    old_cookie = here.cookies["claimsweep"]
    fields = {"csrf": mark(here), "old": PASSWORD, "new": OTHER, "again": OTHER}
    for wrong, said in (
        ({"old": "not it at all"}, "not right"),
        ({"again": OTHER + "s"}, "the same twice"),
        ({"new": "tooshort", "again": "tooshort"}, "12 to 200"),
        ({"new": PASSWORD, "again": PASSWORD}, "the password you have"),
    ):
        answer = here.post("/me/password", data={**fields, **wrong})
        assert answer.status_code == 400
        assert said in answer.text
    assert here.post("/me/password", data=fields).headers["location"] == "/me"
    assert here.get("/me").status_code == 200
    assert here.cookies["claimsweep"] != old_cookie
    assert there.get("/me").headers["location"] == "/sign-in?next=/me"
    assert visitor(address).sign_in("changes").status_code == 401
    assert visitor(address).sign_in("changes", OTHER).status_code == 200
    assert "password changed" in acts(desk, "changes")


def test_a_given_password_opens_only_the_page_that_changes_it(desk: Desk, address: str) -> None:
    administrator = visitor(address, "administrator")
    shown = administrator.act("/accounts", name="newcomer", role="biller").text
    found = re.search(r'class="handed code">([^<]+)<', shown)
    assert found
    newcomer = visitor(address)
    newcomer.sign_in("newcomer", found[1])
    for path in ("/", "/me", "/audit", "/me/sessions"):
        assert newcomer.get(path).headers.get("location") == "/me/password" or path.endswith("ns")
    part = newcomer.get("/", headers={"HX-Request": "true"})
    assert (part.status_code, part.headers["hx-redirect"]) == (401, "/me/password")
    fields = {"old": found[1], "new": OTHER, "again": OTHER, "csrf": mark(newcomer, "/me/password")}
    assert newcomer.post("/me/password", data=fields).status_code == 303
    assert newcomer.get("/").status_code == 200
    assert "user added" in acts(desk, "newcomer")


# Guessing


def guess(address: str, name: str, times: int = 1, **cookies: str) -> list[int]:
    somebody = visitor(address)
    somebody.cookies.update(cookies)
    return [somebody.sign_in(name, f"a guess {n}").status_code for n in range(times)]


def guessed(desk: Desk, name: str, times: int, origin: str = "127.0.0.1") -> None:
    """As though so many guesses were refused a minute ago."""
    row = (fingerprint(desk.key, "password", name), origin, long_ago(1))
    for _ in range(times):
        changed(desk, "INSERT INTO sign_ins (name, origin, at, accepted) VALUES (?, ?, ?, 0)", *row)


def test_guesses_are_refused_after_ten_and_leave_the_user_s_own_browser_alone(
    desk: Desk, address: str
) -> None:
    changed(desk, "DELETE FROM sign_ins")
    person(desk.ledger, Role.LEAD, "guessed")
    own = visitor(address, "guessed")
    wrong = visitor(address).sign_in("guessed", "no")
    guessed(desk, "guessed", 8, "192.0.2.7")
    assert guess(address, "guessed", 2) == [401] * 2  # the tenth, and one that is not looked at
    stranger = visitor(address)
    refused = stranger.sign_in("guessed")  # right, but too many were wrong
    assert refused.status_code == 401
    assert refused.text == wrong.text
    back = visitor(address)
    back.cookies.set("claimsweep-known", own.cookies["claimsweep-known"])
    assert back.sign_in("guessed").status_code == 200
    refusals = [one for one in acts(desk, "guessed") if one == "sign-in refused"]
    assert len(refusals) == 2, "what is refused unlooked-at is not written down, so it cannot flood"
    changed(desk, "UPDATE sign_ins SET at = ? WHERE NOT accepted", long_ago(16))
    assert stranger.sign_in("guessed").status_code == 200


def test_a_browser_that_is_known_has_five_guesses_of_its_own(desk: Desk, address: str) -> None:
    changed(desk, "DELETE FROM sign_ins")
    person(desk.ledger, Role.BILLER, "known")
    own = visitor(address, "known")
    cookie = {"claimsweep-known": own.cookies["claimsweep-known"]}
    assert guess(address, "known", 1, **cookie) == [401]
    ((origin,),) = asked(desk, "SELECT origin FROM sign_ins WHERE NOT accepted")
    assert str(origin).startswith("browser ")
    guessed(desk, "known", 4, str(origin))
    back = visitor(address)
    back.cookies.update(cookie)
    assert back.sign_in("known").status_code == 401
    forged = visitor(address)
    forged.cookies.set("claimsweep-known", cookie["claimsweep-known"][:-4] + "AAA=")
    assert forged.sign_in("known").status_code == 200, "a stranger's browser, not yet guessed from"


def test_one_address_has_twenty_guesses_under_all_names(desk: Desk, address: str) -> None:
    changed(desk, "DELETE FROM sign_ins")
    for n in range(19):
        guessed(desk, f"nobody-{n}", 1)
    assert visitor(address).sign_in("nobody", "no").status_code == 401
    assert visitor(address).sign_in("viewer").status_code == 401
    names = {name for (name,) in asked(desk, "SELECT name FROM sign_ins")}
    assert len(names) == 20
    assert all(re.fullmatch("[0-9a-f]{64}", str(one)) for one in names)
    changed(desk, "DELETE FROM sign_ins")
    assert visitor(address).sign_in("viewer").status_code == 200


def test_guesses_at_once_count_as_many(desk: Desk, address: str) -> None:
    changed(desk, "DELETE FROM sign_ins")
    person(desk.ledger, Role.BILLER, "hurried")
    guessed(desk, "hurried", 6)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: guess(address, "hurried"), range(8)))
    assert asked(desk, "SELECT count(*) FROM sign_ins WHERE NOT accepted") == [(10,)]
    changed(desk, "DELETE FROM sign_ins")


def test_unknown_wrong_locked_and_too_many_are_answered_alike_and_in_the_same_time(
    desk: Desk, address: str
) -> None:
    changed(desk, "DELETE FROM sign_ins")
    kept = hashed_password(PASSWORD)
    at = datetime.now(UTC)
    for name in ("timed", "timed-locked"):
        desk.ledger.add_person(name, Role.VIEWER, password=kept, by="tests", at=at)
    locked = desk.ledger.person_named("timed-locked")
    assert locked is not None
    desk.ledger.change_person(locked[0].user_id, by="tests", at=at, active=False)
    somebody = visitor(address)

    def tried(name: str, password: str) -> tuple[str, float]:
        begun = time.perf_counter()
        answer = somebody.post("/sign-in", data={"name": name, "password": password})
        assert answer.status_code == 401
        return answer.text, time.perf_counter() - begun

    seen: dict[str, list[tuple[str, float]]] = {}
    for n in range(5):
        seen.setdefault("wrong", []).append(tried("timed", "no"))
        seen.setdefault("unknown", []).append(tried(f"nobody-{n}", PASSWORD))
        seen.setdefault("locked", []).append(tried("timed-locked", PASSWORD))
    guessed(desk, "timed", 10)
    for _ in range(5):
        seen.setdefault("too many", []).append(tried("timed", PASSWORD))
    assert len({text for many in seen.values() for text, _ in many}) == 1
    middle = {name: statistics.median(took for _, took in many) for name, many in seen.items()}
    assert max(middle.values()) < 2 * min(middle.values()), middle
    changed(desk, "DELETE FROM sign_ins")


# One-time codes


def enrolled(desk: Desk, address: str, name: str) -> tuple[Visitor, str, list[str]]:
    """A user who has set up a second factor: their browser, secret and recovery codes."""
    somebody = visitor(address, name)
    form = somebody.get("/me/second-factor").text
    found = re.search(r"otpauth://totp/claimsweep:[\w-]+\?secret=(\w+)&amp;issuer=claimsweep", form)
    box = re.search(r'name="box" value="([^"]+)"', form)
    assert found
    assert box
    code = pyotp.TOTP(found[1]).now()
    fields = {"csrf": mark(somebody), "box": box[1], "password": PASSWORD}
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    assert (
        "code is not right"
        in somebody.post("/me/second-factor", data={**fields, "code": wrong}).text
    )
    shown = somebody.post("/me/second-factor", data={**fields, "code": code})
    assert shown.status_code == 200, shown.text
    codes = re.findall(r"<li>([a-z2-9]{5}-[a-z2-9]{5})</li>", shown.text)
    assert len(set(codes)) == 10
    assert somebody.get("/me").status_code == 200
    return somebody, found[1], codes


def test_a_code_is_asked_for_taken_once_and_never_again(desk: Desk, address: str) -> None:
    changed(desk, "DELETE FROM sign_ins")
    person(desk.ledger, Role.LEAD, "coded")
    _, secret, codes = enrolled(desk, address, "coded")
    (kept,) = asked(desk, "SELECT totp FROM users WHERE name = 'coded'")[0]
    assert secret not in str(kept)

    half = visitor(address)
    answer = half.post("/sign-in", data={"name": "coded", "password": PASSWORD, "next": "/me"})
    assert answer.headers["location"] == "/sign-in/code?next=/me"
    before = half.cookies["claimsweep"]
    for path in ("/", "/me", "/session"):
        assert half.get(path).headers["location"].startswith("/sign-in/code")

    used = pyotp.TOTP(secret).now()  # the code of the enrolment, or the one right after it
    changed(desk, "UPDATE users SET totp_step = totp_step - 1 WHERE name = 'coded'")
    taken = half.post("/sign-in/code", data={"code": used, "next": "/me"})
    assert taken.headers["location"] == "/me"
    assert half.cookies["claimsweep"] != before, "the half-way session's secret is not kept"
    old = visitor(address)
    old.cookies.set("claimsweep", before)
    assert old.get("/me").status_code == 303

    replay = visitor(address)
    replay.post("/sign-in", data={"name": "coded", "password": PASSWORD})
    again = replay.post("/sign-in/code", data={"code": used})
    assert again.status_code == 401
    assert "used already" in again.text

    spaced = replay.post("/sign-in/code", data={"code": codes[0].upper().replace("-", " ")})
    assert spaced.status_code == 303
    assert replay.get("/me").text.count("9 recovery codes") == 1
    last = visitor(address)
    last.post("/sign-in", data={"name": "coded", "password": PASSWORD})
    assert last.post("/sign-in/code", data={"code": codes[0]}).status_code == 401
    assert "recovery code used" in acts(desk, "coded")
    rows = asked(desk, "SELECT sha256 FROM recovery_codes")
    assert not any(code.replace("-", "") in str(row) for row in rows for code in codes)


def test_codes_are_not_guessed_either(desk: Desk, address: str) -> None:
    changed(desk, "DELETE FROM sign_ins")
    person(desk.ledger, Role.LEAD, "code-guessed")
    _, secret, _ = enrolled(desk, address, "code-guessed")
    changed(desk, "UPDATE users SET totp_step = 1 WHERE name = 'code-guessed'")
    thief = visitor(address)
    thief.post("/sign-in", data={"name": "code-guessed", "password": PASSWORD})
    for _ in range(10):
        assert thief.post("/sign-in/code", data={"code": "000000x"}).status_code == 401
    right = thief.post("/sign-in/code", data={"code": pyotp.TOTP(secret).now()})
    assert right.status_code == 401
    changed(desk, "DELETE FROM sign_ins")
    right = thief.post("/sign-in/code", data={"code": pyotp.TOTP(secret).now()})
    assert right.status_code == 303, "a refused attempt uses no code up"


def test_the_codes_are_those_of_rfc_6238() -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    for seconds, code in ((59, "287082"), (1111111109, "081804"), (20000000000, "353130")):
        at = datetime.fromtimestamp(seconds, UTC)
        assert step_of(secret, code, at) == seconds // 30
        assert step_of(secret, code, at + timedelta(seconds=30)) == seconds // 30
        assert step_of(secret, code, at + timedelta(seconds=60)) is None


def test_the_picture_of_the_secret_is_the_one_that_a_scanner_read() -> None:
    """OpenCV's QRCodeDetector read this text from the picture, drawn eight pixels a square."""
    text = (
        "otpauth://totp/claimsweep:lead?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=claimsweep"
    )
    width, squares = qr_path(text)
    assert width == 49
    assert hashlib.sha256(squares.encode()).hexdigest() == (
        "8dbdc19785521161be290cb4c558c332028b1b373c504d1d4aff9d343b834875"
    )


def test_a_second_factor_is_demanded_of_leads_where_the_setting_says_so(tmp_path: Path) -> None:
    demanding = replace(desk_over(tmp_path), entrance=Entrance(second_factor=Demanded.LEADS))
    for role in Role:
        person(demanding.ledger, role)
    with serving(demanding) as address:
        for role in Role:
            somebody = visitor(address)
            somebody.sign_in(role.word)
            answer = somebody.get("/")
            if role < Role.LEAD:
                assert answer.status_code == 200
            else:
                assert answer.headers["location"] == "/me/second-factor"
        lead = visitor(address)
        lead.sign_in("lead")
        form = lead.get("/me/second-factor").text
        secret = re.search(r"\?secret=(\w+)&", form)
        box = re.search(r'name="box" value="([^"]+)"', form)
        csrf = re.search(r'name="csrf" value="(\w+)"', form)
        assert secret
        assert box
        assert csrf
        fields = {"csrf": csrf[1], "box": box[1], "password": PASSWORD}
        stolen = {**fields, "password": "not it", "code": pyotp.TOTP(secret[1]).now()}
        assert "password is not right" in lead.post("/me/second-factor", data=stolen).text
        lead.post("/me/second-factor", data={**fields, "code": pyotp.TOTP(secret[1]).now()})
        assert lead.get("/").status_code == 200


# Sessions


def test_a_session_that_nobody_uses_locks_and_the_password_goes_on_where_it_was(
    desk: Desk, address: str
) -> None:
    changed(desk, "DELETE FROM sign_ins")
    person(desk.ledger, Role.BILLER, "away")
    somebody = visitor(address, "away")
    age(desk, "away", 14)
    assert somebody.get("/session").json()["seconds"] <= 61
    assert somebody.get("/session").json()["seconds"] > 800
    age(desk, "away", 14)
    unattended = {"X-Unattended": "yes"}
    assert somebody.get("/", headers=unattended).status_code == 200
    assert somebody.get("/session", headers=unattended).json()["seconds"] <= 61
    age(desk, "away", 16)
    away = somebody.get("/?payer=acme&page=2")
    assert away.headers["location"] == "/locked?next=/%3Fpayer%3Dacme%26page%3D2"
    part = somebody.get("/", headers={"HX-Request": "true", "HX-Current-URL": f"{address}/me?x=1"})
    assert (part.status_code, part.headers["hx-redirect"]) == (401, "/locked?next=/me%3Fx%3D1")
    assert somebody.post("/sign-out", data={}).status_code == 401
    screen = somebody.get(away.headers["location"])
    assert "away" in screen.text
    assert somebody.post("/locked", data={"password": "no"}).status_code == 401
    assert somebody.get("/me").status_code == 303
    locked_cookie = somebody.cookies["claimsweep"]
    back = somebody.post("/locked", data={"password": PASSWORD, "next": "/?payer=acme&page=2"})
    assert back.headers["location"] == "/?payer=acme&page=2"
    assert somebody.get(back.headers["location"]).status_code == 200
    assert somebody.cookies["claimsweep"] != locked_cookie
    assert acts(desk, "away")[:2] == ["screen unlocked", "sign-in refused"]


def test_the_screen_can_be_locked_at_once(desk: Desk, address: str) -> None:
    person(desk.ledger, Role.BILLER, "leaves")
    somebody = visitor(address, "leaves")
    answer = somebody.act("/lock", next="/me")
    assert answer.headers["location"] == "/locked?next=/me"
    assert somebody.get("/").headers["location"] == "/locked"
    assert somebody.get("/session").status_code == 303


def test_no_session_lasts_beyond_twelve_hours_locked_or_not(desk: Desk, address: str) -> None:
    person(desk.ledger, Role.BILLER, "all-day")
    somebody = visitor(address, "all-day")
    age(desk, "all-day", 12 * 60 - 2, "begun_at")
    assert somebody.get("/session").json()["seconds"] <= 121
    age(desk, "all-day", 16)
    assert somebody.post("/locked", data={"password": PASSWORD}).status_code == 303
    assert somebody.get("/me").status_code == 200, "unlocked"
    age(desk, "all-day", 12 * 60 + 1, "begun_at")
    assert somebody.get("/me").headers["location"] == "/sign-in?next=/me"


def test_a_half_way_session_lasts_ten_minutes(desk: Desk, address: str) -> None:
    changed(desk, "DELETE FROM sign_ins")
    person(desk.ledger, Role.BILLER, "slow")
    enrolled(desk, address, "slow")
    half = visitor(address)
    half.post("/sign-in", data={"name": "slow", "password": PASSWORD})
    assert half.get("/sign-in/code").status_code == 200
    age(desk, "slow", 11, "begun_at")
    assert half.get("/sign-in/code").headers["location"] == "/sign-in"


@pytest.mark.parametrize(
    "after",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:1", "/a\r\nb"],
)
def test_signing_in_goes_on_to_no_other_site(address: str, after: str) -> None:
    fields = {"name": "biller", "password": PASSWORD, "next": after}
    assert visitor(address).post("/sign-in", data=fields).headers["location"] == "/"


def test_a_session_s_secret_is_no_stranger_s_choice(address: str) -> None:
    somebody = visitor(address)
    somebody.cookies.set("claimsweep", "chosen-by-a-stranger", domain="127.0.0.1")
    somebody.sign_in("biller")
    given = [one.value for one in somebody.cookies.jar if one.name == "claimsweep"]
    assert given != ["chosen-by-a-stranger"]
    fixed = visitor(address)
    fixed.cookies.set("claimsweep", "chosen-by-a-stranger")
    assert fixed.get("/").status_code == 303


def test_one_s_own_sessions_are_listed_and_ended(desk: Desk, address: str) -> None:
    changed(desk, "DELETE FROM sign_ins")
    person(desk.ledger, Role.VIEWER, "everywhere")
    here, there, third = (visitor(address, "everywhere") for _ in range(3))
    listed = re.findall(r'name="session" value="(\w{16})"', here.get("/me").text)
    assert len(listed) == 2
    someone = visitor(address, "viewer")
    someone.act("/me/sessions", session=listed[0])
    assert len(re.findall('name="session"', here.get("/me").text)) == 2, "nobody else ends them"
    here.act("/me/sessions", session=listed[0])
    assert sorted(one.get("/me").status_code for one in (there, third)) == [200, 303]
    here.act("/me/sessions")
    assert [one.get("/me").status_code for one in (here, there, third)] == [200, 303, 303]


@pytest.mark.parametrize("change", ["role", "lock", "password", "sessions"])
def test_a_change_of_the_account_ends_its_sessions(desk: Desk, address: str, change: str) -> None:
    changed(desk, "DELETE FROM sign_ins")
    made = person(desk.ledger, Role.BILLER, f"changed-{change}")
    somebody = visitor(address, made.name)
    administrator = visitor(address, "administrator")
    done = administrator.act(f"/accounts/{made.user_id}/{change}", role="viewer")
    assert done.status_code in (200, 303)
    assert somebody.get("/").status_code == 303
    if change == "lock":
        assert visitor(address).sign_in(made.name).status_code == 401
        administrator.act(f"/accounts/{made.user_id}/unlock")
        assert visitor(address).sign_in(made.name).status_code == 200


def test_the_last_administrator_stays_one(tmp_path: Path) -> None:
    desk = desk_over(tmp_path)
    only = person(desk.ledger, Role.ADMINISTRATOR)
    with serving(desk) as address:
        administrator = visitor(address, "administrator")
        for act in ("role", "lock"):
            answer = administrator.act(f"/accounts/{only.user_id}/{act}", role="viewer")
            assert answer.status_code == 400
            assert "last active administrator" in answer.text
        assert administrator.get("/accounts").status_code == 200


# The audit trail


def test_the_audit_trail_is_filtered_and_tells_when_it_was_touched(
    desk: Desk, address: str
) -> None:
    administrator = visitor(address, "administrator")
    mine = administrator.get("/audit", params={"who": "administrator"}).text
    assert "signed in" in mine
    assert "sign-in refused" not in mine
    assert "user added" in administrator.get("/audit", params={"subject": "user lead"}).text
    assert "No entry" in administrator.get("/audit", params={"subject": "case 0"}).text
    assert "is whole" in administrator.act("/audit/verify").text
    changed(desk, "UPDATE audit SET who = 'somebody else' WHERE seq = 2")
    told = administrator.act("/audit/verify").text
    assert "Audit entry 2 is not what was written" in told
    changed(desk, "UPDATE audit SET who = 'tests' WHERE seq = 2")
    assert "is whole" in administrator.act("/audit/verify").text


# What is not answered


def test_the_console_answers_under_its_own_names_alone(address: str) -> None:
    port = address.rsplit(":", 1)[1]
    for host, status in (
        (f"127.0.0.1:{port}", 200),
        (f"localhost:{port}", 200),
        (f"rebound.example:{port}", 421),
        ("127.0.0.1.rebound.example", 421),
        ("", 421),
        ("[::1", 421),
    ):
        answer = httpx.get(f"{address}/sign-in", headers={"Host": host})
        assert answer.status_code == status, host
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"Origin": "OWN"}, 303),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_nobody_is_signed_in_by_another_site(
    address: str, headers: dict[str, str], status: int
) -> None:
    sent = {name: value.replace("OWN", address) for name, value in headers.items()}
    fields = {"name": "biller", "password": PASSWORD}
    answer = httpx.post(f"{address}/sign-in", data=fields, headers=sent)
    assert answer.status_code == status


def test_the_cookie_is_for_this_site_s_own_pages_alone(tmp_path: Path, address: str) -> None:
    fields = {"name": "biller", "password": PASSWORD}
    given = httpx.post(f"{address}/sign-in", data=fields).headers.get_list("set-cookie")
    session = next(one for one in given if one.startswith("claimsweep="))
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(session.split("; "))
    assert "Max-Age" not in session
    secured = replace(desk_over(tmp_path), entrance=Entrance(secure=True))
    person(secured.ledger, Role.BILLER)
    with serving(secured) as at:
        answer = httpx.post(f"{at}/sign-in", data=fields)
        given = answer.headers.get_list("set-cookie")
        session = next(one for one in given if one.startswith("__Host-claimsweep="))
        assert {"HttpOnly", "Secure", "SameSite=strict", "Path=/"} <= set(session.split("; "))
        assert "Domain" not in session
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        secret = session.split(";")[0].split("=", 1)[1]
        plain = httpx.get(f"{at}/", cookies={"claimsweep": secret})
        assert plain.status_code == 303, "the plain name, which another host could set, is not read"
        named = httpx.get(f"{at}/", cookies={"__Host-claimsweep": secret})
        assert named.status_code == 200
