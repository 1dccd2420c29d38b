"""What claimsweep is built of is pinned, known and audited, and no secret lies in the tree."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import PROJECT
from test_house import kept_files

SUPPLY = PROJECT / ".ci" / "supply.py"
TODAY = date(2026, 11, 26)
PINNED = {"alpha", "beta"}
SECRETS = {
    "a private key": re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{16}"),
    "an AWS key": re.compile(rb"\b(AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a GitHub token": re.compile(rb"\b(gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,})"),
    "a Slack token": re.compile(rb"\bxox[abprs]-[0-9A-Za-z-]{20,}"),
    "a Slack hook": re.compile(rb"hooks\.slack\.com/services/T[0-9A-Z]{6,}/B[0-9A-Z]{6,}/\w{16,}"),
    "a Google key": re.compile(rb"\bAIza[0-9A-Za-z_-]{35}\b"),
    "a signed token": re.compile(rb"\beyJ[\w-]{15,}\.eyJ[\w-]{15,}\.[\w-]{20,}"),
    "a password in an address": re.compile(
        rb"\b(postgres(ql)?|https?|smtps?|mailtos?)://[\w.-]+:(?!(?i:password)@|invented@)[^\s@/{}$<\"']{6,}@"
    ),
}


@pytest.fixture(scope="module")
def supply() -> dict[str, Any]:
    return runpy.run_path(str(SUPPLY))


def known(name: str, *faults: str) -> dict[str, Any]:
    vulns = [{"id": one, "aliases": ["CVE-1"], "fix_versions": ["9"]} for one in faults]
    return {"name": name, "version": "1", "vulns": vulns}


def excepted(package: str, fault: str, days: int) -> dict[str, Any]:
    return {"package": package, "id": fault, "until": TODAY + timedelta(days), "why": "a test"}


@pytest.mark.parametrize(
    ("found", "exceptions", "faults", "unknown"),
    [
        ([known("alpha"), known("beta")], [], [], []),
        ([known("alpha", "G-1"), known("beta")], [], ["alpha 1: G-1, mended in 9"], []),
        ([known("alpha", "G-1"), known("beta")], [excepted("alpha", "G-1", 0)], [], []),
        ([known("alpha", "G-1"), known("beta")], [excepted("alpha", "CVE-1", 5)], [], []),
        (
            [known("alpha", "G-1"), known("beta")],
            [excepted("alpha", "G-1", -1)],
            ["alpha 1: G-1, mended in 9; the exception ended on 2026-11-25"],
            [],
        ),
        (
            [known("alpha"), known("beta")],
            [excepted("alpha", "G-1", 5)],
            ["alpha: G-1 is known of it no more; remove the exception"],
            [],
        ),
        ([{"name": "alpha", "skip_reason": "not found"}, known("beta")], [], [], ["alpha"]),
        ([known("beta")], [], [], ["alpha"]),
    ],
)
def test_a_known_fault_fails_the_audit_and_so_does_not_knowing(
    supply: dict[str, Any], found: Any, exceptions: Any, faults: list[str], unknown: list[str]
) -> None:
    assert supply["judged"](found, exceptions, PINNED, today=TODAY) == (faults, unknown)


def test_an_audit_that_could_not_be_made_is_no_clean_one(supply: dict[str, Any]) -> None:
    """The tool itself ends with 0 where the service knows none of the packages."""
    nothing = [{"name": one, "skip_reason": "not found"} for one in sorted(PINNED)]
    assert supply["judged"](nothing, [], PINNED, today=TODAY) == ([], ["alpha", "beta"])
    done = subprocess.run(
        [sys.executable, str(SUPPLY), "audit"],
        env={"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2, done.stdout
    assert re.fullmatch(r"audit: the advisory service .+\n", done.stderr)


def test_exceptions_are_written_out_in_full() -> None:
    import tomllib

    path = PROJECT / ".ci" / "audit_exceptions.toml"
    for one in tomllib.loads(path.read_text(encoding="utf-8"))["excepted"]:
        assert one.keys() == {"package", "id", "until", "why"}
        assert isinstance(one["until"], date)
        assert len(one["why"]) > 20


def test_the_bill_of_materials_is_the_lock_and_comes_out_the_same_twice(tmp_path: Path) -> None:
    made = []
    for name in ("one.json", "two.json"):
        command = [sys.executable, str(SUPPLY), "sbom", str(tmp_path / name)]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        made.append((tmp_path / name).read_bytes())
    assert made[0] == made[1]
    bill = json.loads(made[0])
    lock = (PROJECT / "requirements.lock").read_text(encoding="utf-8")
    wanted = set(re.findall(r"^([a-z0-9.\-]+)==(\S+)", lock, re.M))
    assert {(one["name"], one["version"]) for one in bill["components"]} == wanted
    hashes = {h["content"] for one in bill["components"] for h in one["hashes"]}
    assert hashes == set(re.findall(r"sha256:([0-9a-f]{64})", lock))
    assert bill["bomFormat"] == "CycloneDX"
    assert b"://" not in made[0].replace(b"http://cyclonedx.org/schema/", b"")
    needs = {one["ref"]: one["dependsOn"] for one in bill["dependencies"]}
    reached, to_see = set(), ["root-component"]
    while to_see:
        seen = to_see.pop()
        to_see += [ref for ref in needs[seen] if ref not in reached]
        reached |= set(needs[seen])
    assert reached == {one["bom-ref"] for one in bill["components"]}, "nobody wants some of it"


def test_what_is_installed_is_checked_against_its_hash() -> None:
    script = (PROJECT / ".ci" / "install").read_text(encoding="utf-8")
    installs = re.findall(r"^pip_install (.+)$", script, re.M)
    assert installs == [
        "--require-hashes --no-deps -r requirements.lock",
        "--no-deps --no-build-isolation -e .",
    ]


def secrets_in(data: bytes) -> list[str]:
    return [what for what, pattern in SECRETS.items() if pattern.search(data)]


def test_no_secret_lies_in_the_tree() -> None:
    found = {str(path.relative_to(PROJECT)): secrets_in(path.read_bytes()) for path in kept_files()}
    assert len(found) > 100
    assert {name: what for name, what in found.items() if what} == {}


@pytest.mark.parametrize(
    "planted",
    [
        b"-----BEGIN RSA PRIVATE" + b" KEY-----\nMIIEpAIBAAKCAQEAx0",
        b"aws = AKIA" + b"ABCDEFGHIJKLMNOP",
        b"ghp_" + b"a" * 36,
        b"xoxb-" + b"1234567890-abcdefghijk",
        b"eyJ" + b"hbGciOiJIUzI1NiJ9.eyJ" + b"zdWIiOiIxMjM0NTY3.dBjftJeZ4CVPmB92K27uhbUJU1p1r",
        b"postgresql://bot:" + b"hunter22@db.example/x",
    ],
)
def test_the_search_for_secrets_finds_them(planted: bytes) -> None:
    assert len(secrets_in(planted)) == 1
