"""The payers' profiles as their files are now, read again only when one of the files changed."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

from bots.profile import Profile, load_profiles

_Stamp = tuple[tuple[str, int, int], ...]


class KeptProfiles:
    """What ``load_profiles`` reads of a folder, which takes seconds, kept between requests."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._kept: tuple[_Stamp, Mapping[str, Profile]] | None = None

    def __call__(self) -> Mapping[str, Profile]:
        """The profiles by id. Raises ProfileError at the first one that is wrong."""
        with self._lock:
            now = self.stamp()
            if self._kept is None or self._kept[0] != now:
                self._kept = now, load_profiles(self._folder)
            return self._kept[1]

    def stamp(self) -> _Stamp:
        """Name, time and size of every file that a profile is read from."""
        return tuple(
            (str(path), stat.st_mtime_ns, stat.st_size)
            for path in sorted(self._folder.glob("*/*"))
            if path.suffix in (".yaml", ".csv") and (stat := path.stat())
        )
