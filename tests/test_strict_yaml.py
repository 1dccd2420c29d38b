"""A profile file that says something it may not is refused with file, line, fact and remedy."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Literal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from billing.errors import ProfileError
from bots.strict_yaml import load_strict


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    days: int = 0


class Whole(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    part: Part
    mood: Literal["permitted", "prohibited"]
    read_on: date | None = None
    many: tuple[Part, ...] = ()
    by_name: Mapping[str, Part] = {}


GOOD = "part: {name: a, days: 3}\nmood: permitted\nread_on: 2026-11-01\n"


def refusal(folder: Path, text: str | bytes) -> str:
    path = folder / "profile.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ProfileError) as caught:
        load_strict(path, Whole)
    return str(caught.value).replace(f"{path}", "profile.yaml")


def test_a_right_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "profile.yaml"
    path.write_text(GOOD + "many: [{name: b}]\nby_name: {c: {name: c}}\n", encoding="utf-8-sig")
    whole = load_strict(path, Whole)
    assert whole == Whole(
        part=Part(name="a", days=3),
        mood="permitted",
        read_on=date(2026, 11, 1),
        many=(Part(name="b"),),
        by_name={"c": Part(name="c")},
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            GOOD + "moood: x\n",
            "profile.yaml:4: moood: is not a known key (did you mean mood?)",
        ),
        (
            GOOD + "zzz: x\n",
            "profile.yaml:4: zzz: is not a known key; "
            "allowed here: by_name, many, mood, part, read_on",
        ),
        (
            GOOD + "many:\n  - name: a\n  - name: b\n    dais: 3\n",
            "profile.yaml:7: many.1.dais: is not a known key (did you mean days?)",
        ),
        (
            GOOD + "by_name:\n  one:\n    nam: x\n    name: y\n",
            "profile.yaml:6: by_name.one.nam: is not a known key (did you mean name?)",
        ),
        ("part:\n  days: 3\nmood: permitted\n", "profile.yaml:1: part.name: is missing; add it"),
        (
            "part: {name: a}\nmood: permited\n",
            "profile.yaml:2: mood: 'permited' must be 'permitted' or 'prohibited' "
            "(did you mean permitted?)",
        ),
        (
            "part:\n  name: a\n  days: soon\nmood: permitted\n",
            "profile.yaml:3: part.days: input should be a valid integer, unable to parse string "
            "as an integer, not 'soon'",
        ),
        (
            GOOD + "mood: prohibited\n",
            "profile.yaml:4: mood: is already on line 2; a key stands once",
        ),
        (
            GOOD.replace("11-01", "13-01"),
            "profile.yaml:3: a value cannot be understood: month must be in 1..12",
        ),
        (
            "part: &a {name: x}\nmood: permitted\nmany: [*a, *a]\n",
            "profile.yaml:1: anchors and aliases (& and *) are not allowed here; "
            "write the value out",
        ),
        (
            "part: {<<: {name: x}}\n",
            "profile.yaml:1: a key must be a single word or text; write it out",
        ),
        (
            "part: !!python/object/apply:os.system [ls]\nmood: permitted\n",
            "profile.yaml:1: part: must hold keys and values",
        ),
        (
            "part: {name: !!python/name:os.system }\nmood: permitted\n",
            "profile.yaml:1: a value cannot be understood: could not determine a constructor "
            "for the tag 'tag:yaml.org,2002:python/name:os.system'",
        ),
        ("- a\n", "profile.yaml:1: must hold keys and values, not a list or a single value"),
        ("", "profile.yaml: is empty; it must hold keys and values"),
        (b"\xff\xfe\x00", "profile.yaml: is not UTF-8 text; save it as UTF-8"),
        (
            "{a: " * 2000 + "1" + "}" * 2000,
            "profile.yaml:1: is nested too deeply; a profile file is flat",
        ),
    ],
)
def test_a_refusal_names_line_fact_and_remedy(tmp_path: Path, text: str, sentence: str) -> None:
    assert refusal(tmp_path, text) == sentence


def test_every_fact_is_told_at_once(tmp_path: Path) -> None:
    said = refusal(tmp_path, "part: {nam: a}\nmood: x\n").splitlines()
    assert [line.split(": ")[1] for line in said] == ["part.name", "part.nam", "mood"]


def test_broken_syntax_names_its_line(tmp_path: Path) -> None:
    assert refusal(tmp_path, "part: {name: a}\nmood: [\n").startswith("profile.yaml:3: is not YAML")
    assert refusal(tmp_path, "a: '\x00'").startswith("profile.yaml: is not YAML")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="cannot be read"):
        load_strict(tmp_path / "none.yaml", Whole)


LEVELS = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 12)]
BOMB = "\n".join(["l0: &l0 [x]", *LEVELS]) + "\n"


def test_a_bomb_is_refused_before_it_grows(tmp_path: Path) -> None:
    assert "anchors and aliases" in refusal(tmp_path, BOMB)
    assert "is larger than" in refusal(tmp_path, "a: b\n" * 300_000)


def test_the_bomb_would_have_grown() -> None:
    """Where aliases are followed, these 600 bytes are so many values."""
    root = yaml.compose(BOMB, Loader=yaml.SafeLoader)
    sizes: dict[int, int] = {}

    def size(node: yaml.Node) -> int:
        if id(node) not in sizes:
            inner = node.value if isinstance(node, yaml.SequenceNode) else []
            sizes[id(node)] = sum(map(size, inner)) or 1
        return sizes[id(node)]

    assert len(BOMB) < 1_000
    assert isinstance(root, yaml.MappingNode)
    assert max(size(value) for _, value in root.value) == 9**11


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, text: str | bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(text.encode("utf-8", "replace") if isinstance(text, str) else text)
    with pytest.raises(ProfileError):
        load_strict(path, Whole)
