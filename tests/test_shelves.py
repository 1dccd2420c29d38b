"""A folder and a bucket keep evidence alike, and neither calls itself empty when it is lost."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from bucket_server import KEY, KEY_ID, BucketServer, bucket_server

from billing.ledger import EvidenceMissing, LedgerError, open_ledger
from billing.ledger.shelves import BucketShelf, FolderShelf, Shelf, ShelfError

SHORT = timedelta(seconds=2)
NAMES = [hashlib.sha256(bytes([n])).hexdigest() for n in range(5)]


@pytest.fixture(scope="module")
def served() -> Iterator[BucketServer]:
    with bucket_server() as server:
        yield server


def bucket_of(server: BucketServer, prefix: str | None = None) -> BucketShelf:
    """A shelf in a bucket of its own."""
    return BucketShelf(
        server.another_bucket(), server.endpoint, "us-east-1", prefix, KEY_ID, KEY, SHORT
    )


@pytest.fixture(params=["folder", "bucket", "prefix"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    if request.param == "folder":
        folder = FolderShelf(tmp_path / "evidence")
        folder.prepare()
        return folder
    server: BucketServer = request.getfixturevalue("served")
    return bucket_of(server, "clinic/evidence" if request.param == "prefix" else None)


def test_what_is_put_lies_there_until_it_is_removed(shelf: Shelf) -> None:
    one, two, never = NAMES[:3]
    assert (shelf.get(one), shelf.size(one), list(shelf.names())) == (None, None, [])
    shelf.put(one, b"page")
    shelf.put(two, b"")
    assert (shelf.get(one), shelf.size(one)) == (b"page", 4)
    assert (shelf.get(two), shelf.size(two)) == (b"", 0)
    shelf.put(one, b"another")
    assert shelf.get(one) == b"another"
    assert list(shelf.names()) == sorted([one, two])
    shelf.remove([one, never])
    shelf.remove([])
    assert (shelf.get(one), list(shelf.names())) == (None, [two])


def test_names_come_in_their_order(shelf: Shelf) -> None:
    for name in NAMES:
        shelf.put(name, b"x")
    assert list(shelf.names()) == sorted(NAMES)


def test_a_large_document_comes_back(shelf: Shelf) -> None:
    data = os.urandom(12 * 1024 * 1024)
    shelf.put(NAMES[0], data)
    assert shelf.get(NAMES[0]) == data


def test_a_ledger_keeps_its_evidence_on_either(shelf: Shelf, tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / "home", shelf=shelf)
    sha256 = ledger.store(b"page", "text/html")
    assert (ledger.fetch(sha256), list(shelf.names())) == (b"page", [sha256])
    shelf.put(sha256, b"changed")
    assert len(ledger.verify_evidence([sha256])) == 1
    ledger.store(b"page", "text/html")
    assert ledger.verify_evidence([sha256]) == []
    shelf.remove([sha256])
    with pytest.raises(EvidenceMissing):
        ledger.fetch(sha256)
    ledger.store(b"page", "text/html")
    assert ledger.fetch(sha256) == b"page"
    ledger.close()


def test_a_folder_copied_into_a_bucket_is_the_same_shelf(
    served: BucketServer, tmp_path: Path
) -> None:
    folder, bucket = FolderShelf(tmp_path / "evidence"), bucket_of(served)
    folder.prepare()
    folder.put(NAMES[0], b"page")
    for path in folder.root.rglob("*"):
        if path.is_file():
            served.client().upload_file(
                str(path), bucket.bucket, path.relative_to(folder.root).as_posix()
            )
    assert bucket.get(NAMES[0]) == b"page"


def test_a_folder_is_its_owners_alone(tmp_path: Path) -> None:
    folder = FolderShelf(tmp_path / "evidence")
    before = os.umask(0)
    try:
        folder.prepare()
        folder.put(NAMES[0], b"page")
    finally:
        os.umask(before)
    modes = {path: path.stat().st_mode & 0o777 for path in [folder.root, *folder.root.rglob("*")]}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}


VERBS = {
    "get": lambda shelf: shelf.get(NAMES[0]),
    "size": lambda shelf: shelf.size(NAMES[0]),
    "put": lambda shelf: shelf.put(NAMES[0], b"page"),
    "remove": lambda shelf: shelf.remove([NAMES[0]]),
    "names": lambda shelf: list(shelf.names()),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("trouble", ["lost", "no such bucket"])
def test_a_lost_bucket_is_not_an_empty_one(served: BucketServer, verb: str, trouble: str) -> None:
    shelf = bucket_of(served)
    if trouble == "lost":
        served.stop()
    else:
        served.client().delete_bucket(Bucket=shelf.bucket)
    try:
        with pytest.raises(ShelfError, match=f"bucket {shelf.bucket} ") as refused:
            VERBS[verb](shelf)
    finally:
        served.start()
    assert isinstance(refused.value, LedgerError)
    assert served.endpoint not in str(refused.value)
    if trouble == "lost":
        VERBS[verb](shelf)


def test_a_put_that_is_cut_off_leaves_nothing_and_lists_nothing(
    served: BucketServer, tmp_path: Path
) -> None:
    shelf = bucket_of(served)
    ledger = open_ledger(tmp_path / "home", shelf=shelf)
    whole = ledger.store(b"whole", "text/html")
    page = os.urandom(2_000_000)
    served.start(most=500_000)
    try:
        with pytest.raises(ShelfError):
            ledger.store(page, "text/html")
        assert served.wire.passed > 500_000, "it was cut off in the middle"
    finally:
        served.start()
    sha256 = hashlib.sha256(page).hexdigest()
    assert list(shelf.names()) == [whole]
    with pytest.raises(EvidenceMissing):
        ledger.media_type(sha256)
    assert ledger.store(page, "text/html") == sha256
    assert ledger.verify_evidence([whole, sha256]) == []
    ledger.close()


def test_a_store_that_comes_back_soon_is_waited_for(served: BucketServer) -> None:
    """Cut off once, the same put goes through the second time."""
    patient = bucket_of(served)
    served.start(most=500_000, comes_back=True)
    patient.put(NAMES[0], os.urandom(2_000_000))
    assert served.wire.most is None, "it was cut off in the middle"
    assert patient.size(NAMES[0]) == 2_000_000


def test_the_server_of_the_tests_leaves_no_process_behind() -> None:
    with bucket_server() as server:
        os.kill(server.pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(server.pid, 0)
