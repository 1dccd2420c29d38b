"""What the lock holds: its known faults (audit), all of it (sbom), what running takes (runtime)."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
LOCK = PROJECT / "requirements.lock"
EXCEPTIONS = PROJECT / ".ci" / "audit_exceptions.toml"
AUDIT_SECONDS = 600
SBOM_SECONDS = 300
SHOWN = 5


def main(arguments: Sequence[str]) -> int:
    """0 when all is well, 1 for a known fault, 2 when that could not be found out."""
    match arguments:
        case ["audit"]:
            return _audit()
        case ["sbom", target]:
            return _sbom(Path(target))
        case ["runtime", target]:
            Path(target).write_text(_runtime(LOCK.read_text(encoding="utf-8")), encoding="utf-8")
            return 0
    sys.stderr.write("supply: write audit, or sbom FILE, or runtime FILE\n")
    return 2


def _audit() -> int:
    command = [sys.executable, "-m", "pip_audit", "-r", str(LOCK), "--require-hashes"]
    command += ["--disable-pip", "--format", "json", "--progress-spinner", "off"]
    said = _output(command, AUDIT_SECONDS)
    try:
        found = json.loads(said)["dependencies"]
    except (ValueError, KeyError):
        sys.stderr.write(
            "audit: the advisory service cannot be reached, so nothing was audited; run it where "
            "the package index answers\n"
        )
        return 2
    excepted = tomllib.loads(EXCEPTIONS.read_text(encoding="utf-8")).get("excepted", [])
    faults, unknown = judged(found, excepted, locked(LOCK), today=datetime.now(UTC).date())
    for line in faults:
        sys.stdout.write(f"{line}\n")
    if unknown:
        some = ", ".join(unknown[:SHOWN])
        sys.stderr.write(
            f"audit: the advisory service told nothing about {len(unknown)} of {len(locked(LOCK))} "
            f"packages ({some}{', …' if len(unknown) > SHOWN else ''}), so they were not audited; "
            "run it where the public package index answers\n"
        )
        return 2
    if not faults:
        sys.stdout.write(f"audit: no known fault in {len(found)} packages\n")
    return 1 if faults else 0


def judged(
    found: Sequence[Mapping[str, Any]],
    excepted: Sequence[Mapping[str, Any]],
    pinned: set[str],
    *,
    today: date,
) -> tuple[list[str], list[str]]:
    """What is wrong, a sentence each, and the packages that nothing is known of.

    An exception holds until its day, and only while its fault is there.
    """
    faults: list[str] = []
    waived = {(one["package"], one["id"]): one for one in excepted}
    unused = set(waived)
    told = {one["name"] for one in found if "skip_reason" not in one}
    for one in found:
        for fault in one.get("vulns", ()):
            names = {fault["id"], *fault.get("aliases", ())}
            key = next(
                ((one["name"], n) for n in sorted(names) if (one["name"], n) in waived), None
            )
            if key:
                unused.discard(key)
                if waived[key]["until"] >= today:
                    continue
            why = f"; the exception ended on {waived[key]['until']}" if key else ""
            mended = ", ".join(fault.get("fix_versions", ())) or "no version yet"
            faults.append(f"{one['name']} {one['version']}: {fault['id']}, mended in {mended}{why}")
    faults += [
        f"{name}: {fault} is known of it no more; remove the exception"
        for name, fault in sorted(unused)
        if name in told
    ]
    return faults, sorted(pinned - told)


def locked(lock: Path) -> set[str]:
    """The names that the lock pins."""
    return set(re.findall(r"^([a-z0-9.\-]+)==", lock.read_text(encoding="utf-8"), re.M))


def _sbom(target: Path) -> int:
    command = [
        sys.executable,
        "-m",
        "cyclonedx_py",
        "requirements",
        "--output-reproducible",
        "--no-validate",
    ]
    command += ["--pyproject", str(PROJECT / "pyproject.toml"), "--of", "JSON", str(LOCK)]
    said = _output(command, SBOM_SECONDS)
    try:
        bill = json.loads(said)
    except ValueError:
        sys.stderr.write("sbom: the list cannot be made; run make setup and try again\n")
        return 2
    _without_addresses(bill)
    _with_whom(bill, LOCK.read_text(encoding="utf-8"))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(bill, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(bill['components'])} packages are listed in {target}\n")
    return 0


def _without_addresses(bill: dict[str, Any]) -> None:
    """Where a package was fetched from differs from desk to desk; its hashes do not."""
    bill["metadata"].pop("tools", None)
    for component in bill["components"]:
        component.pop("description", None)  # the lock's own lines
        from_index = component.pop("externalReferences", ())
        component["hashes"] = [one for place in from_index for one in place.get("hashes", ())]


def _with_whom(bill: dict[str, Any], lock: str) -> None:
    """Who asked for what, as the lock notes it below each package."""
    root = bill["metadata"]["component"]["bom-ref"]
    refs: dict[str, list[str]] = {}  # a package may be locked twice, for two Pythons
    for one in bill["components"]:
        refs.setdefault(one["name"], []).append(one["bom-ref"])
    asked: dict[str, set[str]] = {root: set()}
    for ref in (ref for several in refs.values() for ref in several):
        asked[ref] = set()
    for name, _, askers in _entries(lock):
        for by in askers:
            for one in refs.get(by, [root]):
                asked[one] |= set(refs[name])
    bill["dependencies"] = [
        {"ref": ref, "dependsOn": sorted(wanted)} for ref, wanted in sorted(asked.items())
    ]


def _runtime(lock: str) -> str:
    """The lock's entries that running takes: no test, no tool of development."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {re.split(r"[\s<>=!~;\[]", one)[0].lower() for one in project["dependencies"]}
    entries = list(_entries(lock))
    while more := {n for n, _, askers in entries if n not in wanted and wanted & set(askers)}:
        wanted |= more
    return "".join(entry for name, entry, _ in entries if name in wanted)


def _entries(lock: str) -> Iterator[tuple[str, str, list[str]]]:
    """Each package's name, its lines, and the names of those that ask for it."""
    for entry in re.split(r"^(?=[a-z0-9])", lock, flags=re.M)[1:]:
        askers = re.findall(r"^    # (?:via)? *([a-z0-9.\-]+)", entry, re.M)
        yield entry.split("==", 1)[0], entry, askers


def _output(command: Sequence[str], seconds: int) -> str:
    try:
        return subprocess.run(
            command, capture_output=True, text=True, timeout=seconds, check=False, cwd=PROJECT
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
