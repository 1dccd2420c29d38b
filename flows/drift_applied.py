"""A change that drift asks of a profile is written once its recorded cases still read as before."""

from __future__ import annotations

import shutil
import stat
import tempfile
from pathlib import Path

from billing.errors import BadInput, ProfileError
from billing.report import Drift
from bots.profile import Profile, load_profile
from bots.reading.cases import find_cases, problem
from bots.reading.drift import moved
from flows.outputs import write_whole


def apply_drift(profile: Profile, drift: tuple[Drift, ...], reviewed: str) -> str:
    """Write the change into the profile; the hash of the profile that it is now.

    Raises BadInput where the profile is not the one that was ``reviewed`` (its hash), nothing
    would change, or the changed one is refused or reads a recorded case otherwise.
    """
    if profile.sha256 != reviewed:
        raise BadInput("The profile has changed since this page was loaded; review it again")
    path = profile.folder / "profile.yaml"
    text = path.read_text(encoding="utf-8")
    changed = moved(text, drift)
    if changed == text:
        raise BadInput("The profile is so already; nothing was changed")
    with tempfile.TemporaryDirectory() as folder:
        tried = Path(folder) / profile.folder.name
        shutil.copytree(profile.folder, tried)
        (tried / path.name).write_text(changed, encoding="utf-8")
        try:
            new = load_profile(tried)
        except ProfileError as error:
            raise BadInput(f"The changed profile would be refused: {error}") from None
        wrong = [
            f"{case.name} {field}"
            for case in find_cases(new)
            for field, why in problem(case, new).items()
            if why
        ]
    if wrong:
        raise BadInput(
            f"With the change {len(wrong)} fields of recorded cases read otherwise, {wrong[0]} "
            "first; nothing was changed"
        )
    mode = stat.S_IMODE(path.stat().st_mode)
    write_whole(path, changed.encode())
    path.chmod(mode)
    return new.sha256
