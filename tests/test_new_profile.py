"""A new payer begins as a whole profile that lets no bot in, and a walk becomes its steps."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import PROJECT

from billing.errors import BadInput
from bots.page_language import Step
from bots.portal.gate import refusal
from bots.profile import load_profile
from flows.new_profile import new_profile
from flows.profiles import lint
from flows.recorder import steps_from
from sandbox.__main__ import AS_OF

RECORDING = (PROJECT / "tests" / "recordings" / "walk.jsonl").read_text(encoding="utf-8")
SAMPLE = {"member_id": "FM0000000001", "service_from": "2026-01-01", "payer_claim_number": "E77"}


def claimsweep(profiles: Path, *arguments: str, say: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flows", *arguments, "--profiles", str(profiles)],
        cwd=PROJECT,
        input=say,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_new_profile_is_well_formed_and_lets_no_bot_in(tmp_path: Path) -> None:
    done = claimsweep(tmp_path, "profile", "new", "acme", say="Acme\nhttps://p.acme.example/in\n\n")
    assert done.returncode == 0, done.stderr
    assert lint(tmp_path, AS_OF) == []
    profile = load_profile(tmp_path / "acme")
    assert (profile.file.payer.name, profile.file.login.start) == ("Acme", "/in")
    assert refusal(profile, today=AS_OF) is not None
    again = claimsweep(
        tmp_path, "profile", "new", "acme", "--name", "A", "--address", "https://a.b"
    )
    assert again.returncode == 2


@pytest.mark.parametrize(
    ("payer", "address"),
    [("Acme!", "https://a.example"), ("../acme", "https://a.example"), ("acme", "ftp://a.example")],
)
def test_what_names_no_payer_or_no_portal_is_refused(
    payer: str, address: str, tmp_path: Path
) -> None:
    with pytest.raises(BadInput):
        new_profile(tmp_path, payer, name="A", address=address, terms_url="", start="")
    assert list(tmp_path.iterdir()) == []


def steps_of(text: str) -> list[Step]:
    return [Step.model_validate(one) for one in yaml.safe_load(text)["steps"]]


def test_a_walk_that_codegen_recorded_becomes_steps_of_the_page_language() -> None:
    """The recording is codegen's own, of a walk through a simulated portal."""
    text = steps_from(RECORDING, SAMPLE)
    steps = steps_of(text)
    assert steps[0].go == "/Login.aspx"
    assert [step.fill.value for step in steps if step.fill] == [
        "{secret.username}",
        "{secret.password}",
        "{claim.member_id}",
        "{claim.service_from|%m/%d/%Y}",
    ]
    assert [step.press.key for step in steps if step.press] == ["Tab"]
    assert sum(step.check is not None for step in steps) == 1
    assert "NAME THIS" not in text.partition("steps:")[2]
    assert "- click: {role: textbox" not in text, "the click that only puts the cursor there"


def test_what_was_typed_is_never_written_down() -> None:
    text = steps_from(RECORDING, {})
    typed = [json.loads(line).get("text") for line in RECORDING.splitlines()]
    assert [one for one in typed if one and one in text] == []
    assert text.count("# NAME THIS: the value") == 2
    assert len(steps_of(text)) == len(steps_of(steps_from(RECORDING, SAMPLE)))


def recorded(name: str, kind: str, body: str, **more: object) -> str:
    """A line of the shape codegen writes."""
    options = {"name": more.pop("label", None), "exact": True}
    locator = more.pop("locator", {"kind": kind, "body": body, "options": options})
    return json.dumps({"name": name, "selector": body, "locator": locator, **more})


@pytest.mark.parametrize(
    ("line", "step"),
    [
        (recorded("click", "role", "link", label="E77"), 'name: "{row.payer_claim_number}"'),
        (recorded("click", "test-id", "go"), "- click: {test_id: go}"),
        (recorded("select", "label", "Payer", options=["7"]), "- choose: {label: Payer, value:"),
        (recorded("click", "role", "link", label="Doe 19800102"), "# NAME THIS: the element"),
        (recorded("uncheck", "label", "Void"), "# NAME THIS: the page language has no uncheck"),
        (recorded("click", "label", "X", modifiers=8), "has no click of this kind"),
        (
            recorded(
                "click",
                "",
                "",
                locator={
                    "kind": "frame-locator",
                    "body": "#app",
                    "next": {"kind": "text", "body": "Open", "options": {"exact": True}},
                },
            ),
            '- click: {text: Open, frame: "#app"}',
        ),
        (
            json.dumps({"name": "navigate", "url": "https://p.example/c?member=M1"}),
            "- go: /c  # NAME THIS: the address had a query",
        ),
    ],
)
def test_each_action_has_its_step_or_says_what_is_left_to_name(line: str, step: str) -> None:
    text = steps_from(line, SAMPLE)
    assert step in text
    assert "19800102" not in text
    assert "M1" not in text


def test_another_file_is_no_recording() -> None:
    with pytest.raises(BadInput, match="record the walk again"):
        steps_from("import playwright", {})


def test_a_machine_without_a_screen_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    sample = tmp_path / "claim.json"
    sample.write_text("{}")
    walk = ("profile", "walk", "https://p.example", "--claim", str(sample))
    done = claimsweep(PROJECT / "payer_profiles", *walk)
    if sys.platform != "darwin":
        assert done.returncode == 2
        assert done.stderr.startswith("There is no screen")
