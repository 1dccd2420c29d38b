"""What is supplied to run as a service gives an intruder little: users, folders, calls, secrets."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from conftest import PROJECT

SERVICE = PROJECT / "docs" / "service"
UNITS = sorted(SERVICE.glob("*.service"))
CLOSED = {
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "UMask": "0077",
    "StateDirectoryMode": "0700",
    "CapabilityBoundingSet": "",
    "LimitCORE": "0",
    "RestrictSUIDSGID": "yes",
    "SystemCallArchitectures": "native",
    "ProtectProc": "invisible",
}


def said(unit: Path) -> dict[str, list[str]]:
    """What the unit says, each word with all its values."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text(encoding="utf-8").splitlines():
        if "=" in line and not line.startswith(("#", "[")):
            word, _, value = line.partition("=")
            found.setdefault(word, []).append(value)
    return found


def test_there_is_a_unit_for_each_part() -> None:
    assert [one.stem for one in UNITS] == [
        f"claimsweep-{part}" for part in ("console", "unattended", "worker")
    ]


@pytest.mark.parametrize("unit", UNITS, ids=lambda one: one.stem)
def test_a_unit_is_nobodys_and_closed(unit: Path) -> None:
    words = said(unit)
    assert words["User"] == ["claimsweep"]
    assert {word: words.get(word) for word in CLOSED} == {w: [v] for w, v in CLOSED.items()}
    assert words["MemoryMax"]
    assert any(one.startswith("@system-service") for one in words["SystemCallFilter"])
    assert any("@debug" in one for one in words["SystemCallFilter"]), (
        "no process looks into another"
    )
    assert all(one.startswith(("AF_UNIX AF_INET",)) for one in words["RestrictAddressFamilies"])
    given = " ".join(words.get("Environment", []))
    assert not re.search(r"SECRET|PASSWORD|TOKEN|API_KEY", given)
    assert any(one.startswith("settings.toml:") for one in words["LoadCredential"])


def test_the_console_is_given_no_payers_password() -> None:
    words = said(SERVICE / "claimsweep-console.service")
    given = {one.split(":")[0] for one in words["LoadCredential"]}
    assert given == {"settings.toml", "claimsweep.evidence-key", "console.crt", "console.key"}
    assert "unattended" in words["InaccessiblePaths"][0]
    assert words["RestrictNamespaces"] == ["yes"]


def instructions() -> list[tuple[str, str]]:
    text = (SERVICE / "Containerfile").read_text(encoding="utf-8")
    joined = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", text, flags=re.M))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined.splitlines())]


def test_the_container_is_no_roots_and_holds_no_secret() -> None:
    steps = [(word, rest) for word, rest in instructions() if word]
    last = steps[max(n for n, (word, _) in enumerate(steps) if word == "FROM") :]
    assert [rest for word, rest in last if word == "USER"] == ["8400:8400"]
    after = [word for word, _ in last[[word for word, _ in last].index("USER") :]]
    assert not {"RUN", "COPY"} & set(after), "nothing is done as root after that"
    assert {"HEALTHCHECK", "VOLUME", "ENTRYPOINT"} <= {word for word, _ in last}
    assert not [rest for word, rest in steps if word in ("ARG", "ADD")]
    copied = [rest for word, rest in steps if word == "COPY" and "--from" not in rest]
    assert all((PROJECT / part).exists() for rest in copied for part in rest.split()[:-1])
    assert not any(re.search(r"\b(tests|\.git|artifacts|settings)\b", rest) for rest in copied)
    assert any("--require-hashes --no-deps -r runtime.lock" in rest for _, rest in steps)


CLOSED_CALLS = set(
    "add_key bpf delete_module finit_module init_module io_uring_setup kexec_load keyctl mount "
    "move_mount open_by_handle_at perf_event_open pidfd_getfd pivot_root process_vm_readv ptrace "
    "reboot request_key setns swapon umount2 userfaultfd".split()
)
BY_NAMESPACE = {
    "mounts": 0x00020000, "control groups": 0x02000000, "host names": 0x04000000,
    "messages": 0x08000000, "users": 0x10000000, "processes": 0x20000000, "networks": 0x40000000,
}  # fmt: skip


def test_its_seccomp_profile_lets_a_browser_make_three_namespaces_and_closes_the_rest() -> None:
    profile = json.loads((SERVICE / "seccomp.json").read_text(encoding="utf-8"))
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    rules = profile["syscalls"]
    assert all(one["action"] == "SCMP_ACT_ALLOW" or one["names"] == ["clone3"] for one in rules)
    assert not CLOSED_CALLS & {name for one in rules for name in one["names"]}
    (named,) = (one for one in rules if "unshare" in one["names"])
    (look,) = named["args"]
    assert (look["index"], look["op"], look["valueTwo"]) == (0, "SCMP_CMP_MASKED_EQ", 0)
    made = {what for what, flag in BY_NAMESPACE.items() if not flag & look["value"]}
    assert made == {"users", "processes", "networks"}


def test_what_is_installed_there_is_what_running_takes(tmp_path: Path) -> None:
    made = tmp_path / "runtime.lock"
    command = [sys.executable, str(PROJECT / ".ci" / "supply.py"), "runtime", str(made)]
    subprocess.run(command, check=True, timeout=60)
    text = made.read_text(encoding="utf-8")
    names = set(re.findall(r"^([a-z0-9.\-]+)==", text, re.M))
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {re.split(r"[\s<>=!~;\[]", one)[0].lower() for one in project["dependencies"]}
    assert wanted <= names
    assert not names & {"pytest", "moto", "flask", "mypy", "ruff", "hypothesis", "pip-audit"}
    assert text.count("==") >= len(names)
    assert all("--hash=sha256:" in one for one in re.split(r"^(?=[a-z0-9])", text, flags=re.M)[1:])
