"""Where evidence lies: a folder of this machine, or a bucket that many machines reach."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from billing.ledger.patience import LedgerError

if TYPE_CHECKING:
    from obstore.store import S3Config, S3Store

_INCOMING = "incoming"
_STALE_SECONDS = 3600
_PLACE = re.compile(r"([0-9a-f]{2})/([0-9a-f]{62})\Z")


class ShelfError(LedgerError):
    """The shelf cannot be reached, read or written; it says nothing of what lies there."""


class Shelf(Protocol):
    """Bytes under names of 64 hexadecimal digits.

    Every verb raises ShelfError when the shelf does not answer: a name is gone only where the
    shelf itself says so. The two shelves lay a name down in the same place, its first two digits
    a folder, so that copying the files moves a shelf.
    """

    def put(self, name: str, data: bytes) -> None:
        """Lay ``data`` down whole, in place of what was there; once it returns, it stays."""

    def get(self, name: str, *, most: int | None = None) -> bytes | None:
        """What lies there, or its first ``most`` bytes; None when nothing does."""

    def size(self, name: str) -> int | None:
        """How many bytes lie there; None when nothing does."""

    def remove(self, names: Iterable[str]) -> None:
        """Take them away; those that are not there are no error."""

    def names(self) -> Iterator[str]:
        """Every name in its order, a few at a time."""


def place_of(name: str) -> str:
    """Where a name lies on its shelf: ``ab/cdef…``."""
    return f"{name[:2]}/{name[2:]}"


@dataclass(frozen=True, slots=True)
class FolderShelf:
    """A folder that only its owner enters; files are synced, then moved to their place."""

    root: Path

    def prepare(self) -> None:
        """Make the folder, and drop what a killed run left half-written an hour ago.

        Raises OSError when it cannot be made.
        """
        incoming = self.root / _INCOMING
        self.root.mkdir(mode=0o700, exist_ok=True)
        incoming.mkdir(mode=0o700, exist_ok=True)
        for left in incoming.iterdir():
            with contextlib.suppress(OSError):
                if left.stat().st_mtime < time.time() - _STALE_SECONDS:
                    left.unlink()

    def path(self, name: str) -> Path:
        """Where the bytes of this name lie, whether they are there or not."""
        return self.root / place_of(name)

    def put(self, name: str, data: bytes) -> None:
        """As :meth:`Shelf.put`."""
        path, temporary = self.path(name), self.root / _INCOMING / secrets.token_hex(8)
        with self._one_sentence("written", "make room or check the permissions"):
            try:
                private = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(private, "wb") as handle:
                    handle.write(data)
                    handle.flush()
                    os.fsync(handle.fileno())
                if not path.parent.exists():
                    path.parent.mkdir(mode=0o700, exist_ok=True)
                    _sync_folder(path.parent.parent)
                temporary.replace(path)
                _sync_folder(path.parent)
            finally:
                temporary.unlink(missing_ok=True)

    def get(self, name: str, *, most: int | None = None) -> bytes | None:
        """As :meth:`Shelf.get`."""
        with self._one_sentence("read", "check the disk and the permissions"):
            try:
                with self.path(name).open("rb") as handle:
                    return handle.read(-1 if most is None else most)
            except FileNotFoundError:
                return None

    def size(self, name: str) -> int | None:
        """As :meth:`Shelf.size`."""
        with self._one_sentence("read", "check the disk and the permissions"):
            try:
                return self.path(name).stat().st_size
            except FileNotFoundError:
                return None

    def remove(self, names: Iterable[str]) -> None:
        """As :meth:`Shelf.remove`."""
        with self._one_sentence("removed", "check the disk and the permissions"):
            left = set()
            for name in names:
                path = self.path(name)
                path.unlink(missing_ok=True)
                left.add(path.parent)
            for folder in left:
                with contextlib.suppress(FileNotFoundError):
                    _sync_folder(folder)

    def names(self) -> Iterator[str]:
        """As :meth:`Shelf.names`."""
        with self._one_sentence("listed", "check the disk and the permissions"):
            for folder in sorted(one.name for one in self.root.iterdir() if len(one.name) == 2):
                for name in sorted(one.name for one in (self.root / folder).iterdir()):
                    if _PLACE.match(f"{folder}/{name}"):
                        yield folder + name

    @contextmanager
    def _one_sentence(self, done: str, mend: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ShelfError(
                f"{self.root}: evidence cannot be {done} ({error.strerror}): {mend}, then run "
                "again."
            ) from None


@dataclass(frozen=True, slots=True)
class BucketShelf:
    """A bucket of an S3-compatible store; a put there is whole or not at all.

    Without ``key_id`` and ``key`` the usual places are asked for credentials: the environment,
    then the role of the machine or of the pod. ``patience`` is how long one verb is tried again
    while the store does not answer. A file of more than 5 GB is refused by the store.
    """

    bucket: str
    endpoint: str | None = None
    region: str | None = None
    prefix: str | None = None
    key_id: str | None = field(default=None, repr=False)
    key: str | None = field(default=None, repr=False)
    patience: timedelta = timedelta(seconds=60)
    _opened: list[S3Store] = field(default_factory=list, init=False, repr=False, compare=False)

    def put(self, name: str, data: bytes) -> None:
        """As :meth:`Shelf.put`."""
        import obstore

        with self._one_sentence("written"):
            # in one request: a larger one in parts leaves the parts behind when it is cut off
            obstore.put(self._store, place_of(name), data, use_multipart=False)

    def get(self, name: str, *, most: int | None = None) -> bytes | None:
        """As :meth:`Shelf.get`."""
        import obstore

        with self._one_sentence("read"):
            try:
                found = obstore.get(self._store, place_of(name))
                if most is None:
                    return bytes(found.bytes())
                # a range would be refused of what holds nothing
                return bytes(next(iter(found.stream(min_chunk_size=most)), b""))[:most]
            except FileNotFoundError:
                self._require_bucket()
                return None

    def size(self, name: str) -> int | None:
        """As :meth:`Shelf.size`."""
        import obstore

        with self._one_sentence("read"):
            try:
                return int(obstore.head(self._store, place_of(name))["size"])
            except FileNotFoundError:
                self._require_bucket()
                return None

    def remove(self, names: Iterable[str]) -> None:
        """As :meth:`Shelf.remove`."""
        import obstore

        places = [place_of(name) for name in names]
        with self._one_sentence("removed"):
            if places:
                obstore.delete(self._store, places)

    def names(self) -> Iterator[str]:
        """As :meth:`Shelf.names`."""
        import obstore

        with self._one_sentence("listed"):
            for batch in obstore.list(self._store, chunk_size=1000):
                for one in batch:
                    if found := _PLACE.match(one["path"]):
                        yield found[1] + found[2]

    def _require_bucket(self) -> None:
        """A bucket that is gone answers like one that holds nothing, until it is listed."""
        import obstore

        next(iter(obstore.list(self._store, chunk_size=1)), None)

    @property
    def _store(self) -> S3Store:
        if not self._opened:
            from obstore.store import S3Store

            config: S3Config = {}
            if self.endpoint:
                config["endpoint"] = self.endpoint
            if self.region:
                config["region"] = self.region
            if self.key_id and self.key:
                config |= {"access_key_id": self.key_id, "secret_access_key": self.key}
            self._opened.append(
                S3Store(
                    self.bucket,
                    prefix=self.prefix,
                    config=config,
                    checksum_algorithm="sha256",
                    client_options={
                        "allow_http": (self.endpoint or "").startswith("http://"),
                        "connect_timeout": "5s",
                        "timeout": "120s",
                    },
                    retry_config={
                        "max_retries": 10,
                        "retry_timeout": self.patience,
                        "backoff": {"max_backoff": timedelta(seconds=5)},
                    },
                )
            )
        return self._opened[0]

    @contextmanager
    def _one_sentence(self, done: str) -> Iterator[None]:
        from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

        try:
            yield
        except (PermissionDeniedError, UnauthenticatedError, PermissionError):
            raise self._refusal(done, "refuses these credentials") from None
        except FileNotFoundError:
            raise self._refusal(done, "is not there") from None
        except (BaseError, OSError):
            # its own words name addresses and requests
            raise self._refusal(done, "does not answer, or not as such a store does") from None

    def _refusal(self, done: str, what: str) -> ShelfError:
        return ShelfError(
            f"The bucket {self.bucket} {what}, so evidence cannot be {done}: check [evidence] in "
            "the settings and the store itself, then run again."
        )


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
