"""The page of promises names tests that are there."""

from __future__ import annotations

import ast
import re

from conftest import PROJECT

PAGE = PROJECT / "docs" / "promises.md"
NAMED = re.compile(r"`((?:chaos/)?test_\w+\.py)::(test_\w+)`")


def missing(text: str) -> list[str]:
    """The named tests that no file has."""
    found = []
    for file, name in NAMED.findall(text):
        path = PROJECT / "tests" / file
        tree = ast.parse(path.read_text(encoding="utf-8")) if path.exists() else ast.Module([], [])
        if name not in {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}:
            found.append(f"{file}::{name}")
    return found


def test_every_promise_is_told_and_its_tests_are_there() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert re.findall(r"^\| (\d+) \|", text, re.M) == [str(n) for n in range(1, 22)]
    assert len(NAMED.findall(text)) > 20
    assert missing(text) == []
    assert missing("`test_promises.py::test_nobody_wrote`") == [
        "test_promises.py::test_nobody_wrote"
    ]
