"""Coming into the console: passwords, guessing and one-time codes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from argon2 import PasswordHasher
from web_console import KEPT, PASSWORD, desk_over, person, serving, visitor
from web_people import OTHER, acts, asked, changed, enrolled, long_ago, mark

from billing.errors import BadInput
from billing.people import Role
from console.web.desk import Desk
from console.web.entrance import Demanded, Entrance
from console.web.passwords import hashed_password, require_good
from console.web.sealing import fingerprint
from console.web.second_factor import qr_path, step_of


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


def test_unknown_wrong_locked_and_too_many_are_answered_alike_after_the_same_work(
    desk: Desk, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes time is one hash: each is answered after checking one of the same parameters."""

    def parameters(hashed: str) -> str:
        return hashed.rsplit("$", 2)[0]

    changed(desk, "DELETE FROM sign_ins")
    kept = hashed_password(PASSWORD)
    at = datetime.now(UTC)
    for name in ("timed", "timed-locked"):
        desk.ledger.add_person(name, Role.VIEWER, password=kept, by="tests", at=at)
    locked = desk.ledger.person_named("timed-locked")
    assert locked is not None
    desk.ledger.change_person(locked[0].user_id, by="tests", at=at, active=False)
    somebody = visitor(address)
    verified: list[str] = []
    verify = PasswordHasher.verify

    def noted(hasher: PasswordHasher, hashed: str, password: str) -> bool:
        verified.append(parameters(hashed))
        return verify(hasher, hashed, password)

    monkeypatch.setattr(PasswordHasher, "verify", noted)

    def tried(name: str, password: str) -> tuple[str, list[str]]:
        verified.clear()
        answer = somebody.post("/sign-in", data={"name": name, "password": password})
        assert answer.status_code == 401
        return answer.text, list(verified)

    seen = [
        tried("timed", "no"),
        tried("nobody", PASSWORD),
        tried("timed-locked", PASSWORD),
    ]
    guessed(desk, "timed", 10)
    seen.append(tried("timed", PASSWORD))
    assert all(one == seen[0] for one in seen)
    assert seen[0][1] == [parameters(kept)]
    changed(desk, "DELETE FROM sign_ins")


# One-time codes


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
