"""People are told of alerts by real mail and web servers, and a failure ends nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alert_samples import PAYER, Practice
from conftest import PROJECT
from message_receivers import Mails, Posts, smtp_server, web_receiver

from billing.errors import BadInput
from flows import notify
from flows.alerts import look
from flows.notify import tell, tell_test

VARIABLE = "CLAIMSWEEP_SECRET_CLAIMSWEEP_NOTIFY_"
KEY = "key-of-the-hook"


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[Practice]:
    made = Practice(tmp_path)
    made.tables["notify"] = {"to": ["office"]}
    yield made
    made.ledger.close()


@pytest.fixture
def mails(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mails]:
    with smtp_server() as got:
        monkeypatch.setenv(f"{VARIABLE}OFFICE", mail_address(got.port))
        yield got


@pytest.fixture
def posts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Posts]:
    with web_receiver() as got:
        monkeypatch.setenv(f"{VARIABLE}HOOK", f"json://127.0.0.1:{got.port}/{KEY}/")
        yield got


def mail_address(port: int) -> str:
    """As docs/operations.md spells it."""
    return (
        f"mailto://127.0.0.1:{port}/?from=bot@practice.example&to=lead@practice.example"
        "&mode=insecure"
    )


def told(practice: Practice) -> dict[str, bool]:
    """Look, and tell whoever is to be told."""
    look(practice.settings, practice.ledger, practice.now)
    done = tell(practice.settings, practice.ledger, practice.now)
    return {one.to: one.delivered for one in done}


def text_of(mails: Mails) -> str:
    part = mails.mails[-1].get_body(("plain", "html"))
    assert part is not None
    return " ".join(part.get_content().split())


def test_an_alert_comes_by_mail_once_and_so_does_its_end(practice: Practice, mails: Mails) -> None:
    practice.login(accepted=False)
    assert told(practice) == {"office": True}
    (mail,) = mails.mails
    assert mail["To"] == "lead@practice.example"
    assert mail["Subject"].startswith("claimsweep: urgent, ")
    assert f"URGENT login_refused: {PAYER} is stopped" in text_of(mails)
    assert "docs/runbooks/login_refused.md" in text_of(mails)
    assert told(practice) == {}, "it was told"
    practice.ledger.clear_account(PAYER, practice.now)
    assert told(practice) == {"office": True}
    assert f"ENDED login_refused: {PAYER} is stopped" in text_of(mails)
    assert told(practice) == {}
    assert len(mails.mails) == 2


def test_a_webhook_gets_what_is_severe_enough_for_it(
    practice: Practice, mails: Mails, posts: Posts
) -> None:
    practice.tables["notify"] = {"to": ["office", "hook"], "least": {"hook": "urgent"}}
    practice.tables["notify"]["passwords"] = {PAYER: practice.today + timedelta(days=10)}
    assert told(practice)["office"]
    assert posts.taken == []
    practice.login(accepted=False)
    assert told(practice) == {"office": True, "hook": True}
    ((path, body),) = posts.taken
    assert path.strip("/") == KEY
    assert "login_refused" in body["message"]
    assert "password_expires" not in body["message"]


def test_a_chat_of_the_slack_kind_gets_its_words(
    practice: Practice, posts: Posts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mattermost takes what Slack takes, and may stand anywhere."""
    monkeypatch.setenv(
        f"{VARIABLE}OFFICE", f"mmost://127.0.0.1:{posts.port}/3ccdd113474722377935511fc85d3dd4"
    )
    practice.login(accepted=False)
    assert told(practice) == {"office": True}
    ((path, body),) = posts.taken
    assert path == "/hooks/3ccdd113474722377935511fc85d3dd4"
    assert "login_refused" in body["text"]


def test_in_the_quiet_hours_only_what_is_urgent_is_told(practice: Practice, mails: Mails) -> None:
    local = practice.now.astimezone(practice.settings.time_zone)
    quiet = f"{local - timedelta(hours=1):%H:%M}-{local + timedelta(hours=1):%H:%M}"
    practice.tables["notify"] = {
        "to": ["office"],
        "quiet": quiet,
        "passwords": {PAYER: practice.today + timedelta(days=10)},
    }
    told(practice)
    assert not any("password_expires" in raw.decode() for raw in mails.raw)
    practice.login(accepted=False)
    told(practice)
    assert "login_refused" in text_of(mails)
    practice.now += timedelta(hours=2)
    told(practice)
    assert "password_expires" in text_of(mails)


def test_a_destination_that_refuses_is_an_alert_and_tried_again(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    practice.login(accepted=False)
    with smtp_server(refuses=True) as got:
        monkeypatch.setenv(f"{VARIABLE}OFFICE", mail_address(got.port))
        assert told(practice) == {"office": False}
    held = look(practice.settings, practice.ledger, practice.now).open
    (failed,) = [one.alert for one in held if one.alert.kind == "notify_failed"]
    assert failed.sentence == (
        "A notification to office was not delivered: it did not take the message."
    )
    with smtp_server() as got:
        monkeypatch.setenv(f"{VARIABLE}OFFICE", mail_address(got.port))
        assert told(practice) == {"office": True}
        assert "login_refused" in text_of(got)
        ended = look(practice.settings, practice.ledger, practice.now).ended
        assert [one.alert.kind for one in ended] == ["notify_failed"]


def test_one_that_fails_does_not_keep_the_others_from_being_told(
    practice: Practice, posts: Posts, monkeypatch: pytest.MonkeyPatch
) -> None:
    practice.tables["notify"] = {"to": ["nowhere", "hook"]}
    monkeypatch.setenv(f"{VARIABLE}NOWHERE", mail_address(9))  # nobody listens there
    practice.login(accepted=False)
    assert told(practice) == {"nowhere": False, "hook": True}
    assert len(posts.taken) == 1
    assert told(practice) == {"nowhere": False, "hook": True}
    assert "login_refused" not in posts.taken[1][1]["message"], "it was told already"
    assert "notify_failed" in posts.taken[1][1]["message"]
    assert told(practice) == {"nowhere": False}


def test_a_destination_that_says_nothing_is_left_behind(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "SECONDS", 1)
    practice.login(accepted=False)
    with smtp_server(hangs=True) as got:
        monkeypatch.setenv(f"{VARIABLE}OFFICE", mail_address(got.port))
        assert told(practice) == {"office": False}


def test_an_address_that_is_not_kept_is_told_without_it(practice: Practice) -> None:
    practice.login(accepted=False)
    assert told(practice) == {"office": False}
    (signal,) = practice.ledger.signals()
    assert "its address is not among the secrets" in signal.sentence


def test_nobody_to_tell_is_told_to_nobody(practice: Practice) -> None:
    practice.tables["notify"] = {}
    practice.login(accepted=False)
    assert told(practice) == {}
    with pytest.raises(BadInput, match="Nobody is told of alerts"):
        tell_test(practice.settings, practice.ledger, practice.now)


def command(practice: Practice, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """The real command with this practice's folders."""
    settings = practice.folder / "settings.toml"
    settings.write_text('[notify]\nto = ["office"]\n')
    settings.chmod(0o600)
    return subprocess.run(
        [sys.executable, "-m", "flows", "alerts", *arguments],
        cwd=PROJECT,
        env=os.environ
        | {
            "CLAIMSWEEP_SETTINGS": str(settings),
            "CLAIMSWEEP_HOME": str(practice.folder / "home"),
            "CLAIMSWEEP_PROFILES": str(practice.folder / "profiles"),
            **more,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_command_lists_tells_and_shows_no_address(practice: Practice, mails: Mails) -> None:
    address = mail_address(mails.port).replace("mailto://", "mailto://me:invented@")
    secret = {f"{VARIABLE}OFFICE": address}
    tested = command(practice, "--test", **secret)
    assert (tested.returncode, tested.stdout) == (0, "office took it.\n")
    assert "This is a test" in text_of(mails)
    practice.login(accepted=False)
    done = command(practice, "--notify", "--json", **secret)
    assert done.returncode == 1
    document = json.loads(done.stdout)
    assert "login_refused" in {one["kind"] for one in document["alerts"]}
    assert document["told"] == [{"to": "office", "delivered": True}]
    failed = command(practice, "--test", **{f"{VARIABLE}OFFICE": mail_address(9)})
    assert (failed.returncode, failed.stdout) == (2, "office did not take it.\n")
    kept = "".join(path.read_text() for path in (practice.folder / "home").glob("logs/*"))
    assert "notify_failed" in kept
    for text in (tested, done, failed):
        assert "invented" not in text.stdout + text.stderr + kept
        assert "practice.example" not in text.stdout + text.stderr + kept


def test_a_message_holds_the_alerts_alone(practice: Practice, mails: Mails) -> None:
    practice.login(accepted=False)
    told(practice)
    since = f"{datetime.now(UTC):%Y-%m-%d}"
    wanted = (
        f"URGENT login_refused: {PAYER} is stopped: 1 of at most 2 logins were refused or cut "
        f"off, and no bot signs in. Since {since}"
    )
    assert wanted in text_of(mails)
