"""``make figures`` tells a changed key as wrong, and a second run goes on where it was stopped."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "benchmarks"))

import answer_key


@pytest.mark.usefixtures("browser_executable")
def test_a_changed_figure_in_the_key_is_told_as_wrong_and_a_second_run_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "figures.json"
    command = ["--seeds", "1", "--claims", "20", "--sample", "4", "--delay", "0.05"]
    command += ["--payers", "franklin-medicaid", "--json", str(kept)]
    assert answer_key.main([*command, "--control"]) == 1
    spoiled = json.loads(kept.read_text(encoding="utf-8"))["results"]
    assert [one["task"] for one in spoiled] == ["status", "eligibility"]
    for one in spoiled:
        assert len(one["wrong"]) == 1, one
        assert one["missing"] == one["unforeseen"] == 0
        assert one["right"] + sum(one["excepted"].values()) == 3
        assert one["counters"] == {"logins": 1, "refusals": 0, "locks": 0, "writes": 0}
        assert 0 < one["waited_seconds"] < one["session_seconds"] < one["command_seconds"]
    document = json.loads(kept.read_text(encoding="utf-8"))
    del document["results"][0]
    kept.write_text(json.dumps(document), encoding="utf-8")
    assert answer_key.main([*command, "--tasks", "status"]) == 1, "the kept one is still wrong"
    now = {one["task"]: one for one in json.loads(kept.read_text(encoding="utf-8"))["results"]}
    assert now["status"]["wrong"] == []
    assert now["eligibility"] == spoiled[1]
    assert "| all | both | 8 | 7 |" in capsys.readouterr().out
