"""Settings from one TOML file and ``CLAIMSWEEP_*`` variables, read once at the edge."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from billing.errors import BadInput
from billing.money import money
from bots.exports.systems import System, own_systems

if TYPE_CHECKING:
    from billing.ledger import Ledger

COMMAND_SECONDS = 30
COSTS = ("per_hour", "per_check")
KEYRING = "claimsweep"
PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True, repr=False)
class Settings:
    """Where things live, and how portals are reached.

    ``portals`` replaces a profile's address (for a payer's own test system, say). A secret is
    looked up by "payer/name": first as CLAIMSWEEP_SECRET_<PAYER>_<NAME>, then as the credential
    payer.name of the service (systemd's LoadCredential), then in the file, then by asking the
    program that the file names for it, then in the system's keyring where ``keyring`` is on.
    ``edi`` names who sends X12 files to whom, ``edi_payers`` the payers' numbers there;
    ``practice`` says what a letter's head says besides, ``appeal_addresses`` where a payer takes
    appeals, ``appeal_letters`` is the folder of the user's own letters, and ``mappings`` that
    of the biller's own mappings of exports. ``costs`` are dollars of an hour of asking (per_hour)
    and of a check (per_check), for the reports of a period; ``console`` is how people come into
    the console. ``ledger_url`` is the ledger's database, where it is not the file in the home.
    ``evidence``, ``retention``, ``unattended``, ``notify`` and ``telemetry`` are the file's tables
    of those names, each read where it is used.
    """

    home: Path
    profiles: Path
    artifacts: Path
    time_zone: ZoneInfo
    portals: Mapping[str, str]
    file_secrets: Mapping[str, str]
    secret_commands: Mapping[str, Sequence[str]]
    keyring: bool
    edi: Mapping[str, str]
    edi_payers: Mapping[str, str]
    practice: Mapping[str, str]
    appeal_addresses: Mapping[str, str]
    appeal_letters: Path
    mappings: Path | None = None
    costs: Mapping[str, Decimal] = field(default_factory=dict)
    console: Mapping[str, object] = field(default_factory=dict)
    ledger_url: str | None = None
    evidence: Mapping[str, object] = field(default_factory=dict)
    retention: Mapping[str, object] = field(default_factory=dict)
    unattended: Mapping[str, object] = field(default_factory=dict)
    notify: Mapping[str, object] = field(default_factory=dict)
    telemetry: Mapping[str, object] = field(default_factory=dict)

    def open_ledger(self) -> Ledger:
        """The ledger in force, made where there is none, its evidence sealed.

        Raises LedgerError or BadInput.
        """
        from billing.ledger import open_ledger
        from flows.evidence_keys import wrappings_of
        from flows.evidence_settings import shelf_of

        return open_ledger(
            self.home, self.ledger_url, shelf=shelf_of(self), wrappings=wrappings_of(self)
        )

    @property
    def own_systems(self) -> tuple[System, ...]:
        """The biller's own mappings of exports. Raises ProfileError."""
        return own_systems(self.mappings)

    def secret(self, payer: str, name: str) -> str:
        """The secret ``payer/name``.

        Raises BadInput naming the variable that would hold it, or the program that did not tell.
        """
        found = self.secret_if_any(payer, name)
        key = f"{payer}/{name}"
        if found is None and self.keyring:
            return _told(key, _keyring_command(key), "set keyring = false without one")
        if found is None:
            raise BadInput(
                f"No secret {key}: set {_variable(payer, name)}, or add it under [secrets] or "
                "[secret_commands] in the settings file"
            )
        return found

    def secret_if_any(self, payer: str, name: str) -> str | None:
        """The secret ``payer/name``; None when nothing but the keyring could hold it.

        Raises BadInput naming the program or the credential that did not tell.
        """
        key = f"{payer}/{name}"
        found = os.environ.get(_variable(payer, name)) or _credential(payer, name)
        found = found or self.file_secrets.get(key)
        if not found and key in self.secret_commands:
            return _told(key, self.secret_commands[key], "correct [secret_commands]")
        return found or None


def load_settings(
    *, home: Path | None = None, profiles: Path | None = None, mappings: Path | None = None
) -> Settings:
    """The settings in force. Raises BadInput for an unreadable or world-readable file."""
    table: Mapping[str, object] = {}
    named = os.environ.get("CLAIMSWEEP_SETTINGS")
    if named:
        table = _read(Path(named))
    zone = str(
        os.environ.get("CLAIMSWEEP_TIME_ZONE") or table.get("time_zone") or "America/New_York"
    )
    try:
        time_zone = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise BadInput(
            f"{zone!r} is not a time zone; use a name such as America/Chicago"
        ) from error

    def folder(given: Path | None, name: str, default: Path) -> Path:
        value = given or os.environ.get(f"CLAIMSWEEP_{name.upper()}") or table.get(name) or default
        return Path(str(value)).expanduser().resolve()

    found = folder(profiles, "profiles", PROJECT / "payer_profiles")
    own = mappings or os.environ.get("CLAIMSWEEP_MAPPINGS") or table.get("mappings")
    return Settings(
        home=folder(home, "home", PROJECT / "artifacts" / "home"),
        profiles=found,
        artifacts=folder(None, "artifacts", PROJECT / "artifacts"),
        time_zone=time_zone,
        portals=_strings(table, "portals"),
        file_secrets=_strings(table, "secrets"),
        secret_commands=_commands(table, "secret_commands"),
        keyring=_yes_or_no(table, "keyring"),
        edi=_strings(table, "edi"),
        edi_payers=_strings(table, "edi_payers"),
        practice=_strings(table, "practice"),
        appeal_addresses=_strings(table, "appeal_addresses"),
        appeal_letters=folder(None, "appeal_letters", found.parent / "appeal_letters"),
        mappings=Path(str(own)).expanduser().resolve() if own else None,
        costs=_costs(table),
        console=_table(table, "console"),
        ledger_url=_text(table, "ledger_url"),
        evidence=_table(table, "evidence"),
        retention=_table(table, "retention"),
        unattended=_table(table, "unattended"),
        notify=_table(table, "notify"),
        telemetry=_table(table, "telemetry"),
    )


def _costs(table: Mapping[str, object]) -> Mapping[str, Decimal]:
    section = _strings(table, "costs")
    if unknown := sorted(set(section) - set(COSTS)):
        raise BadInput(f"Settings: [costs] has {unknown[0]}; allowed are {' and '.join(COSTS)}")
    try:
        found = {name: money(text) for name, text in section.items()}
    except ValueError:
        found = {}
    if len(found) < len(section) or any(amount < 0 for amount in found.values()):
        raise BadInput('Settings: [costs] must hold dollars as texts, such as per_hour = "4.50"')
    return found


def _variable(payer: str, name: str) -> str:
    return f"CLAIMSWEEP_SECRET_{payer}_{name}".upper().replace("-", "_")


def _credential(payer: str, name: str) -> str | None:
    """What the service manager laid down for this process alone."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    path = Path(folder) / f"{payer}.{name}" if folder else None
    if path is None or not path.exists():
        return None
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
    if len(lines) != 1 or not lines[0]:
        raise BadInput(
            f"No secret {payer}/{name}: the service's credential {path.name} cannot be read as one "
            "line of text; lay it down anew"
        )
    return lines[0]


def _keyring_command(key: str) -> Sequence[str]:
    """The system's own program that asks its keyring for ``key``."""
    if sys.platform == "darwin":
        return ("security", "find-generic-password", "-s", KEYRING, "-a", key, "-w")
    return ("secret-tool", "lookup", "service", KEYRING, "account", key)


def _told(key: str, command: Sequence[str], mend: str) -> str:
    """What ``command`` prints on one line; what it says besides may be secret, and is not kept."""
    program = command[0]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise BadInput(
            f"No secret {key}: {program} did not answer in {COMMAND_SECONDS} s; unlock its vault, "
            "then run again"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "its answer is no text"
        raise BadInput(f"No secret {key}: {program} cannot be asked ({reason}); {mend}") from None
    lines = done.stdout.splitlines()
    if done.returncode or len(lines) != 1 or not lines[0]:
        raise BadInput(
            f"No secret {key}: {program} ended with code {done.returncode} and {len(lines)} lines "
            "instead of one; run that command by hand to see why"
        )
    return lines[0]


def _read(path: Path) -> Mapping[str, object]:
    try:
        if others_can_read(path.stat()):
            raise BadInput(f"{path}: others can read this settings file; run chmod 600 on it")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{path}: cannot read the settings file ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: not a TOML settings file ({error})") from error


def others_can_read(status: os.stat_result) -> bool:
    """Whether more than its owner may; a file that root lays down for our own group alone, as
    Kubernetes does for a pod's ``fsGroup``, is ours."""
    if not hasattr(os, "getuid") or status.st_uid == os.getuid() or status.st_uid != 0:
        return bool(status.st_mode & 0o077)
    return bool(status.st_mode & (0o037 if status.st_gid == os.getgid() else 0o077))


def _commands(table: Mapping[str, object], name: str) -> Mapping[str, Sequence[str]]:
    section = table.get(name, {})
    if not isinstance(section, dict) or not all(
        isinstance(v, list) and v and all(isinstance(part, str) for part in v)
        for v in section.values()
    ):
        raise BadInput(f"Settings: [{name}] must hold lists of texts: the program and its words")
    return section


def _text(table: Mapping[str, object], name: str) -> str | None:
    value = os.environ.get(f"CLAIMSWEEP_{name.upper()}") or table.get(name)
    if value is not None and not isinstance(value, str):
        raise BadInput(f"Settings: {name} is a text")
    return value


def _yes_or_no(table: Mapping[str, object], name: str) -> bool:
    value = table.get(name, False)
    if not isinstance(value, bool):
        raise BadInput(f"Settings: {name} is true or false")
    return value


def _table(table: Mapping[str, object], name: str) -> Mapping[str, object]:
    section = table.get(name, {})
    if not isinstance(section, dict):
        raise BadInput(f"Settings: [{name}] is a table")
    return section


def _strings(table: Mapping[str, object], name: str) -> Mapping[str, str]:
    section = table.get(name, {})
    if not isinstance(section, dict) or not all(isinstance(v, str) for v in section.values()):
        raise BadInput(f"Settings: [{name}] must hold texts only")
    return section
