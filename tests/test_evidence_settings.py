"""The settings say where evidence lies and what seals it, or are refused in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from bucket_server import BucketServer, bucket_server

from billing.errors import BadInput
from flows.evidence_settings import evidence_settings
from flows.settings import Settings, load_settings


@pytest.fixture(scope="module")
def served() -> Iterator[BucketServer]:
    with bucket_server() as server:
        yield server


def settings_of(folder: Path, text: str) -> Path:
    """A settings file with ``text`` in it."""
    path = folder / "settings.toml"
    path.write_text(f'home = "{folder}/home"\n{text}', encoding="utf-8")
    path.chmod(0o600)
    return path


def in_force(monkeypatch: pytest.MonkeyPatch, path: Path) -> Settings:
    monkeypatch.setenv("CLAIMSWEEP_SETTINGS", str(path))
    return load_settings()


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"buckets": "x"}, "has buckets; allowed are bucket, endpoint"),
        ({"bucket": ""}, "bucket is a text"),
        ({"bucket": 3}, "bucket is a text"),
        ({"region": "us-east-1"}, "has region and no bucket"),
        ({"wrap": ["kms"]}, "wrap and unwrap both"),
        ({"wrap": "kms", "unwrap": ["kms"]}, "wrap is a list"),
        ({"bucket": "kept", "endpoint": "http://store.example"}, "begins with https"),
        ({"bucket": "kept", "endpoint": "store.example"}, "begins with https"),
        ({"bucket": "kept", "endpoint": "https://"}, "begins with https"),
    ],
)
def test_what_will_not_do_is_named(table: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        evidence_settings(table)


def test_a_bucket_needs_no_more_than_its_name() -> None:
    assert evidence_settings({"bucket": "kept"}).endpoint is None
    for endpoint in ("https://store.example", "http://127.0.0.1:9000", "http://[::1]:9000"):
        assert evidence_settings({"bucket": "kept", "endpoint": endpoint}).endpoint == endpoint


@pytest.mark.parametrize("place", ["secrets", "environment"])
def test_the_ledger_of_the_settings_keeps_its_evidence_in_the_bucket(
    served: BucketServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    told = served.settings
    if place == "secrets":
        told += '[secrets]\n"evidence/access-key-id" = "a"\n"evidence/secret-access-key" = "b"\n'
    else:
        for name, value in served.environment.items():
            monkeypatch.setenv(name, value)
    ledger = in_force(monkeypatch, settings_of(tmp_path, told)).open_ledger()
    sha256 = ledger.store(f"page of {place}".encode(), "text/html")
    assert ledger.fetch(sha256) == f"page of {place}".encode()
    assert f"{sha256[:2]}/{sha256[2:]}" in served.objects()
    assert not (tmp_path / "home" / "evidence").exists()
    ledger.close()
