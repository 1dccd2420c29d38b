"""Profiles are read once, and again when one of their files changed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from web_console import PROJECT

from billing.errors import ProfileError
from console.web.kept_profiles import KeptProfiles


def test_profiles_are_read_again_when_a_file_changed(tmp_path: Path) -> None:
    one = sorted((PROJECT / "payer_profiles").glob("[a-z]*/profile.yaml"))[0].parent
    folder = tmp_path / one.name
    shutil.copytree(one, folder, ignore=shutil.ignore_patterns("cases"))
    kept = KeptProfiles(tmp_path)
    first = kept()
    assert kept() is first
    path = folder / "profile.yaml"
    named = first[one.name].file.payer.name
    path.write_text(path.read_text().replace(f"name: {named}", "name: Larkspur Mutual", 1))
    assert kept()[one.name].file.payer.name == "Larkspur Mutual"
    path.write_text("payer: nothing")
    with pytest.raises(ProfileError):
        kept()
