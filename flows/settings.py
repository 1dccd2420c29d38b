"""Settings from one TOML file and ``CLAIMSWEEP_*`` variables, read once at the edge."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from billing.errors import BadInput

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True, repr=False)
class Settings:
    """Where things live, and how portals are reached.

    ``portals`` replaces a profile's address (for a payer's own test system, say). ``secrets``
    are looked up by "payer/name", first as CLAIMSWEEP_SECRET_<PAYER>_<NAME>, then in the file.
    """

    home: Path
    profiles: Path
    artifacts: Path
    time_zone: ZoneInfo
    portals: Mapping[str, str]
    file_secrets: Mapping[str, str]

    def secret(self, payer: str, name: str) -> str:
        """The secret ``payer/name``. Raises BadInput naming the variable that would hold it."""
        variable = f"CLAIMSWEEP_SECRET_{payer}_{name}".upper().replace("-", "_")
        found = os.environ.get(variable) or self.file_secrets.get(f"{payer}/{name}")
        if not found:
            raise BadInput(
                f"No secret {payer}/{name}: set {variable}, or add it under [secrets] in the "
                "settings file"
            )
        return found


def load_settings(*, home: Path | None = None, profiles: Path | None = None) -> Settings:
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

    return Settings(
        home=folder(home, "home", PROJECT / "artifacts" / "home"),
        profiles=folder(profiles, "profiles", PROJECT / "payer_profiles"),
        artifacts=folder(None, "artifacts", PROJECT / "artifacts"),
        time_zone=time_zone,
        portals=_strings(table, "portals"),
        file_secrets=_strings(table, "secrets"),
    )


def _read(path: Path) -> Mapping[str, object]:
    try:
        if path.stat().st_mode & 0o077:
            raise BadInput(f"{path}: others can read this settings file; run chmod 600 on it")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{path}: cannot read the settings file ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: not a TOML settings file ({error})") from error


def _strings(table: Mapping[str, object], name: str) -> Mapping[str, str]:
    section = table.get(name, {})
    if not isinstance(section, dict) or not all(isinstance(v, str) for v in section.values()):
        raise BadInput(f"Settings: [{name}] must hold texts only")
    return section
