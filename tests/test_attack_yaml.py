"""A hostile profile, layout or rule is refused where it is read; its patterns come to an end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from conftest import PROJECT
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.errors import ProfileError
from bots.layout_field import EobField
from bots.page_language import PageField
from bots.pattern import check_pattern
from bots.profile import load_profile
from bots.strict_yaml import Strict, load_strict

NESTED = 200_000
SECONDS = 1  # of a processor: what runs away takes all there are


class Anything(Strict):
    """A schema with one text."""

    name: str


HOSTILE = {
    "an object": "name: !!python/object/apply:os.system ['touch OWNED']",
    "a module": "name: !!python/name:os.system",
    "a tag of nobody's": "name: !made-up {a: b}",
    "laughs": "a: &a [x,x]\nb: &b [*a,*a]\nname: *b",
    "itself": "name: &a [*a]",
    "a merge": "base: &b {name: x}\n<<: *b",
    "a key twice": "name: a\nname: b",
    "a key that is a list": "? [a, b]\n: c\nname: x",
    "depth": "name: " + "[" * NESTED + "]" * NESTED,
    "depth by lines": "".join(" " * n + f"k{n}:\n" for n in range(900)),
    "a giant": "name: " + "x" * 1_000_001,
    "two documents": "name: a\n---\nname: b",
    "a number of ten thousand digits": "name: " + "9" * 10_000,
    "a control character": "name: \x1b[2J",
    "a NUL": "name: a\0b",
    "a time that is none": "name: 2026-99-99",
    "an end that never comes": "name: 'open",
    "nothing": "",
    "UTF-16": "\ufeffname: x".encode("utf-16-le").decode("latin-1"),
}


@pytest.mark.parametrize("what", sorted(HOSTILE))
def test_a_hostile_file_is_refused_by_name(tmp_path: Path, what: str) -> None:
    path = tmp_path / "profile.yaml"
    path.write_bytes(HOSTILE[what].encode("latin-1"))
    with pytest.raises(ProfileError) as caught:
        load_strict(path, Anything)
    assert str(caught.value).startswith(f"{path}:")
    assert "Traceback" not in str(caught.value)
    assert len(str(caught.value)) < 2_000 + len(str(path)), "the file is not repeated"
    assert not (PROJECT / "OWNED").exists()


def test_a_pipe_in_the_place_of_a_profile_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "profile.yaml")
    said: list[str] = []

    def read() -> None:
        with pytest.raises(ProfileError) as caught:
            load_strict(tmp_path / "profile.yaml", Anything)
        said.append(str(caught.value))

    reading = threading.Thread(target=read, daemon=True)
    reading.start()
    reading.join(60)
    assert said


@pytest.mark.parametrize("named", ["../other", "/etc", "..", "a/../../b", "a\\b", "a b", "Ä"])
def test_a_payers_name_leads_to_no_other_folder(tmp_path: Path, named: str) -> None:
    shipped = PROJECT / "payer_profiles" / "juniper-ridge" / "profile.yaml"
    values = yaml.safe_load(shipped.read_text(encoding="utf-8"))
    for key in ("id", "extends"):
        changed = values | {"payer": values["payer"] | {key: named}}
        (tmp_path / "profile.yaml").write_text(yaml.safe_dump(changed), encoding="utf-8")
        with pytest.raises(ProfileError):
            load_profile(tmp_path)


RUNAWAYS = [
    (r"(a+)+$", "a"), (r"(a|a)*$", "a"), (r"(\w+\s?)+$", "a"), (r"([a-z]+)*!", "a"),
    (r"(.*)*x", "a"), (r"(\d+|\w+)+$", "1"), (r"(?:\s*\w*)+!", "a"), (r"((a*)*)*b", "a"),
    (r"^(([a-z])+.)+[A-Z]([a-z])+$", "a"), (r"(x+x+)+y", "x"), (r"(?:a?){40}a{40}", "a"),
    (r"(\s*,?\s*\w)+$", " a"), (r"(?:a|ab?)+$", "a"),
]  # fmt: skip
HONEST = [
    r"(?:\s\w+)+", r"(\d{1,3}(?:,\d{3})*\.\d\d)", r"([A-Z]{2}\d+)(?:, [A-Z]{2}\d+)*",
    r"^\$([\d,]+)(\d\d)$", r"(?:\S+ )*(\d+)", r"(?:[A-Z]\d{3}\s+)+", r"(\d+)(?:,\s*(\d+))*",
    r"(?:\d+\s+){3}(\d+)", r"(?P<group>CO|PR)-(?P<reason>\d+)\s+(?P<amount>[\d.]+)",
    r"(?i)\bpaid\b",
]  # fmt: skip


@pytest.mark.parametrize("pattern", [one for one, _ in RUNAWAYS])
def test_a_pattern_that_could_run_for_ever_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="could run for ever"):
        check_pattern(pattern)


@pytest.mark.parametrize("pattern", HONEST)
def test_an_honest_pattern_is_taken(pattern: str) -> None:
    assert check_pattern(pattern) == re.compile(pattern)


TRY = "import re, sys, resource; resource.setrlimit(resource.RLIMIT_CPU, ({0}, {0}));"
TRY += "re.search(sys.argv[1], sys.argv[2] * 40 + '\\n!')"


@pytest.mark.parametrize(("pattern", "text"), RUNAWAYS[:1] + RUNAWAYS[11:12])
def test_what_is_refused_does_run_for_ever(pattern: str, text: str) -> None:
    """Forty characters take a processor more than it is given, and would take it for years."""
    command = [sys.executable, "-c", TRY.format(SECONDS), pattern, text]
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    assert done.returncode in (-signal.SIGXCPU, -signal.SIGKILL)


PIECES = st.sampled_from(
    ["a", "b", r"\d", r"\w", r"\s", ".", "[ab]", "[^a]", "a?", "b*", "a+", ","]
)
PATTERNS = st.recursive(
    PIECES,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        inner.map(lambda one: f"(?:{one})*"),
        inner.map(lambda one: f"(?:{one})+"),
    ),
    max_leaves=6,
)
STEPS = """
import re, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
for line in sys.stdin:
    pattern = line.rstrip("\\n")
    for text in ("a" * 26 + "!", "b" * 26 + "!", "ab" * 13 + "!", "1" * 26 + "!", " a" * 13):
        re.fullmatch(pattern, text)
print("over")
"""


def test_what_is_taken_comes_to_an_end() -> None:
    """Made-up patterns that are taken, all of them on texts that nearly fit: in a minute."""
    taken: list[str] = []

    @settings(max_examples=300, database=None)
    @given(pattern=PATTERNS)
    def collect(pattern: str) -> None:
        try:
            check_pattern(pattern)
        except ValueError:
            return
        taken.append(pattern)

    collect()
    assert len(taken) > 60
    done = subprocess.run(
        [sys.executable, "-c", STEPS],
        input="\n".join(taken),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stdout == "over\n", done.returncode


@pytest.mark.parametrize("make", [
    lambda pattern: PageField.model_validate({"label": "Paid", "pattern": pattern}),
    lambda pattern: EobField.model_validate({"label": "Paid", "pattern": pattern}),
])  # fmt: skip
def test_fields_of_pages_and_of_documents_take_no_such_pattern(
    make: Callable[[str], object],
) -> None:
    make("(b+)$")
    with pytest.raises(ValueError, match="could run for ever"):
        make("(?:b+)+(c)$")
