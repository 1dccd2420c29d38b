"""What is sealed opens whole, under its name and its key, or not at all."""

from __future__ import annotations

import hashlib
import os

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from billing.ledger.sealing import (
    OVERHEAD,
    KeyRing,
    KeyWanted,
    SealBroken,
    SecretWrapping,
    is_sealed,
    key_of,
    new_key,
)

RING = KeyRing(dict([new_key()]), "")
RING = KeyRing(RING.keys, next(iter(RING.keys)))
PAGE = b"<td>Balance</td><td>120.00</td>"


@given(st.binary(max_size=3000), st.text(max_size=80))
def test_what_is_sealed_opens_to_the_same_bytes_and_shows_none_of_them(
    data: bytes, name: str
) -> None:
    sealed = RING.seal(data, name)
    assert RING.open(sealed, name) == data
    assert len(sealed) == len(data) + OVERHEAD
    assert is_sealed(sealed)
    assert key_of(sealed) == RING.current
    assert len(data) < 8 or data not in sealed
    assert sealed != RING.seal(data, name), "the same page twice does not look the same"


@given(st.binary(max_size=200), st.text(max_size=20), st.text(max_size=20))
def test_it_opens_under_no_other_name(data: bytes, name: str, other: str) -> None:
    if name != other:
        with pytest.raises(SealBroken):
            RING.open(RING.seal(data, name), other)


def test_another_program_opens_it_by_the_documented_format() -> None:
    """The format as docs/security.md tells it, spelled out once more."""
    sealed = RING.seal(PAGE, "evidence/ab")
    assert sealed[:8] == b"\x93CSEAL\x01\n"
    info = b"claimsweep sealed 1 evidence/ab"
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(RING.keys[RING.current])
    assert sealed[8:16].hex() == RING.current
    assert AESGCM(key).decrypt(sealed[16:28], sealed[28:], sealed[:16]) == PAGE


@pytest.mark.parametrize("at", [*range(8), *range(16, 28), 28, OVERHEAD - 16, -17, *range(-16, 0)])
def test_a_changed_byte_anywhere_breaks_the_seal(at: int) -> None:
    sealed = bytearray(RING.seal(PAGE, "x"))
    sealed[at] ^= 1
    with pytest.raises(SealBroken):
        RING.open(bytes(sealed), "x")


@pytest.mark.parametrize("at", range(8, 16))
def test_a_changed_key_id_is_another_key_that_is_wanted(at: int) -> None:
    sealed = bytearray(RING.seal(PAGE, "x"))
    sealed[at] ^= 1
    with pytest.raises(KeyWanted) as wanted:
        RING.open(bytes(sealed), "x")
    assert wanted.value.key_id == sealed[8:16].hex()
    relabelled = KeyRing({wanted.value.key_id: RING.keys[RING.current]}, wanted.value.key_id)
    with pytest.raises(SealBroken):
        relabelled.open(bytes(sealed), "x")


def test_a_part_is_not_the_whole() -> None:
    sealed = RING.seal(PAGE, "x")
    for kept in range(len(sealed)):
        with pytest.raises(SealBroken):
            RING.open(sealed[:kept], "x")
    with pytest.raises(SealBroken):
        RING.open(sealed + b"\0", "x")


def test_another_key_under_the_same_id_opens_nothing() -> None:
    with pytest.raises(SealBroken):
        KeyRing({RING.current: os.urandom(32)}, RING.current).open(RING.seal(PAGE, "x"), "x")


def test_a_ring_opens_what_an_older_key_sealed_and_shows_no_key() -> None:
    key_id, key = new_key()
    both = KeyRing({**RING.keys, key_id: key}, key_id)
    assert both.open(RING.seal(PAGE, "x"), "x") == PAGE
    assert key_of(both.seal(PAGE, "x")) == key_id
    assert key.hex() not in repr(both)
    assert str(key) not in repr(both)


def test_a_secret_keeps_keys_that_no_other_gives_back() -> None:
    secret = hashlib.sha256(b"a secret").hexdigest()
    keeper, key_id = SecretWrapping(secret), RING.current
    wrapped = keeper.wrap(RING.keys[key_id], key_id)
    assert keeper.unwrap(wrapped, key_id) == RING.keys[key_id]
    assert RING.keys[key_id] not in wrapped
    assert secret not in repr(keeper)
    assert keeper.name == SecretWrapping(secret).name
    with pytest.raises(SealBroken):
        keeper.unwrap(wrapped, "00" * 8)
    other = SecretWrapping(secret[::-1])
    assert other.name != keeper.name
    with pytest.raises(KeyWanted):
        other.unwrap(wrapped, key_id)
