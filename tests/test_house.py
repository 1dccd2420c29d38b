"""The rules of the house, held by a machine: what every source file and data file must keep."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).resolve().parent.parent
SOURCES = ("billing", "bots", "console", "flows", "sandbox")
MODULES = sorted(path for folder in SOURCES for path in (PROJECT / folder).rglob("*.py"))
TESTS = sorted((PROJECT / "tests").rglob("*.py"))
MOST_LINES = 400
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}

# Where money is. Coordinates are no money: a name in GEOMETRY may be a float even here.
MONEY_FOLDERS = ("billing", "bots/exports")
GEOMETRY = {"box"}


def name(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


each_module = pytest.mark.parametrize("path", MODULES, ids=name)


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def opening(path: Path) -> str:
    """The first paragraph of the module's docstring, on one line."""
    return " ".join((ast.get_docstring(tree(path)) or "").split("\n\n")[0].split())


@pytest.mark.parametrize("path", MODULES + TESTS, ids=name)
def test_a_module_opens_with_one_sentence(path: Path) -> None:
    said = opening(path)
    assert said.endswith("."), f"{name(path)} opens with {said!r}, which is no sentence"
    assert not re.search(r"[.!?]\s+[A-Z]", said), f"{name(path)} opens with more than one sentence"


@pytest.mark.parametrize("path", MODULES + TESTS, ids=name)
def test_a_module_is_short_enough_to_read(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@each_module
def test_a_module_is_named_for_what_it_holds(path: Path) -> None:
    parts = {*path.relative_to(PROJECT).with_suffix("").parts}
    assert not parts & EMPTY_NAMES
    classes = [node.name for node in ast.walk(tree(path)) if isinstance(node, ast.ClassDef)]
    assert not [one for one in classes if re.search(r"(Manager|Helper|Utils?)$", one)]


def floats(module: ast.Module) -> list[str]:
    """Calls of ``float`` and annotations with it, but for what is named in GEOMETRY."""
    found = []
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "float":
            found.append(f"line {node.lineno}: a call of float")
        holder: ast.AST = node.target if isinstance(node, ast.AnnAssign) else node
        named = getattr(holder, "id", getattr(holder, "arg", getattr(holder, "name", "")))
        if named in GEOMETRY:
            continue
        for part in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            inside = ast.walk(part) if isinstance(part, ast.AST) else ()
            if any(isinstance(one, ast.Name) and one.id == "float" for one in inside):
                found.append(f"line {getattr(part, 'lineno', 0)}: {named} is said to be a float")
    return found


@pytest.mark.parametrize(
    "path",
    [p for p in MODULES if name(p).startswith(tuple(f"{f}/" for f in MONEY_FOLDERS))],
    ids=name,
)
def test_money_is_never_a_float(path: Path) -> None:
    assert floats(tree(path)) == []


def test_the_search_for_floats_finds_them() -> None:
    source = "paid: list[float]\nx = float('1')\nbox: tuple[float, float]\ndef f(a: float): ..."
    assert [one.split(":")[0] for one in floats(ast.parse(source))] == [
        "line 1",
        "line 2",
        "line 4",
    ]


def test_every_module_has_its_place_in_the_order_of_imports() -> None:
    """A module that no layer names would be free to import anything."""
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (layers,) = [one["layers"] for one in contracts if one["type"] == "layers"]
    placed = {word for layer in layers for word in re.findall(r"[\w.]+", layer)}
    parts = {
        ".".join(path.relative_to(PROJECT).with_suffix("").parts[:2])
        for path in MODULES
        if name(path).startswith(("billing/", "bots/"))
    }
    assert {part for part in parts if not part.endswith("__init__")} <= placed


def payer_words() -> set[str]:
    """Every payer's id and names, as the profiles spell them."""
    words = set()
    for path in (PROJECT / "payer_profiles").glob("*/profile.yaml"):
        words.add(path.parent.name)
        profile = yaml.safe_load(path.read_text(encoding="utf-8"))
        for key in ("id", "payer", "name", "names", "spellings", "aliases"):
            words |= set(strings(profile.get(key)))
        words |= set(strings(profile.get("identity")))
    return {word.casefold() for word in words if len(word) > 4}


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from strings(one)


def test_no_payer_is_named_in_python() -> None:
    words = payer_words()
    named = {
        f"{name(path)}: {word}"
        for path in MODULES
        if not name(path).startswith("sandbox/")
        for word in words
        if word in path.read_text(encoding="utf-8").casefold()
    }
    assert not named


def test_the_lock_pins_by_hash_and_names_no_address() -> None:
    lock = (PROJECT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    assert not re.search(r"^\s*-(-index|-extra-index|-find-links|i |f |-trusted)", lock, re.M)
    entries = re.split(r"^(?=[a-z0-9])", lock, flags=re.M)[1:]
    assert len(entries) > 100
    for entry in entries:
        assert re.match(r"[a-z0-9.\-]+==\S+ ", entry), entry.splitlines()[0]
        assert "--hash=sha256:" in entry, entry.splitlines()[0]


def test_the_lock_holds_every_dependency() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    lock = (PROJECT / "requirements.lock").read_text(encoding="utf-8")
    locked = set(re.findall(r"^([a-z0-9.\-]+)==", lock, re.M))
    names = {re.split(r"[\s<>=!~;\[]", one)[0].lower().replace("_", "-") for one in wanted}
    assert names <= locked


def kept_files() -> list[Path]:
    """What git has, or would take, of this checkout."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    found = [PROJECT / one for one in listed.split("\0") if one]
    return [path for path in found if path.is_file()]


def test_no_session_or_run_is_kept() -> None:
    forbidden = re.compile(
        r"(^|/)(\.venv/|artifacts/(?!README)|cookies|storage_state|.*\.har$|trace\.zip$|\.env$"
        r"|.*\.sqlite3?$|.*\.db$)"
    )
    listed = [name(path) for path in kept_files()]
    assert listed
    assert [one for one in listed if forbidden.search(one)][:5] == []


# Five digits, or four and F or T, alone as a word: how CPT spells a procedure.
CPT = re.compile(r"(?<![\w.,$/-])\d{4}[\dFT](?![\w.,/-])")
PROCEDURE_KEYS = re.compile(r"procedure|hcpcs|cpt|service_code", re.I)
DATA = {".yaml", ".yml", ".json", ".csv", ".html", ".txt", ".js"}


def procedure_codes_in(text: str) -> list[str]:
    """CPT-like codes on lines that speak of procedures."""
    lines = [line for line in text.splitlines() if PROCEDURE_KEYS.search(line)]
    return [code for line in lines for code in CPT.findall(line)]


def test_procedure_codes_are_hcpcs_level_two() -> None:
    """CPT belongs to somebody else; ours are the public ones, a letter and four digits."""
    assert procedure_codes_in('"procedure": "99213"') == ["99213"]
    assert procedure_codes_in("procedures = ['G0463', 'J1885']") == []
    found = {
        f"{name(path)}: {code}"
        for folder in ("payer_profiles", "sandbox")
        for path in (PROJECT / folder).rglob("*")
        if path.suffix in DATA | {".py"}
        for code in procedure_codes_in(path.read_text(encoding="utf-8", errors="replace"))
    }
    assert not found


def test_a_fee_schedule_holds_no_cpt() -> None:
    schedules = list((PROJECT / "payer_profiles").glob("*/fee_schedule.csv"))
    found = [
        f"{name(path)}: {code}"
        for path in schedules
        for line in path.read_text(encoding="utf-8").splitlines()
        for code in CPT.findall(line.split(",")[0])
    ]
    assert not found
