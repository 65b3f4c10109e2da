"""A key for each purpose: nothing made under one tells anything about another."""

from __future__ import annotations

import numpy as np
import pytest
from cryptography.hazmat.primitives import hashes, hmac

from saime.core.errors import BadInput
from saime.core.warehouse.key_domains import HOUSEHOLD_TAG, MasterKey, RecordKeys, rekey
from saime.core.warehouse.pseudonyms import Numbers, PersonCipher, PersonKeys

MASTER = MasterKey(bytes(range(32)))
PERSONS = 20_000
NUMBERS: Numbers = np.arange(60_000_000_000, 60_000_000_000 + PERSONS)
WAREHOUSE = PersonCipher(MASTER.derive("warehouse"))
FARTHEST = 5 / np.sqrt(PERSONS)  # five standard deviations of a correlation that is not there


def domains() -> dict[str, PersonKeys]:
    ciphers = {
        "warehouse": WAREHOUSE,
        "next generation": PersonCipher(MASTER.derive("warehouse", generation=2)),
        "household": PersonCipher(MASTER.derive("household"), HOUSEHOLD_TAG),
        "one extract": MASTER.extract("one"),
        "other extract": MASTER.extract("other"),
        "audit": MASTER.audit(),
    }
    return {name: cipher.person_keys(NUMBERS) for name, cipher in ciphers.items()}


def bits(keys: PersonKeys) -> np.ndarray:
    """Shape: (n, 128), as -1 and 1."""
    return np.unpackbits(keys, axis=1).astype(np.float64) * 2 - 1


def test_no_pseudonym_of_one_domain_is_one_of_another() -> None:
    seen = [key.tobytes() for keys in domains().values() for key in keys]
    assert len(set(seen)) == len(domains()) * PERSONS


@pytest.mark.parametrize("other", ["other extract", "warehouse", "audit", "next generation"])
def test_no_bit_of_a_pseudonym_goes_with_a_bit_of_another_domain(other: str) -> None:
    """All 128 x 128 pairs of bits, those of the partition among them; over 16 384 pairs five deviations are once in a hundred runs,
    and the keys are fixed."""
    found = domains()
    correlation = bits(found["one extract"]).T @ bits(found[other]) / PERSONS
    assert np.abs(correlation).max() < FARTHEST


def test_the_order_of_one_domain_is_not_that_of_another() -> None:
    found = domains()
    ranks = [np.argsort(np.lexsort(found[name].view(">u8").T[::-1])) for name in ("one extract", "other extract")]
    assert abs(np.corrcoef(ranks[0], ranks[1])[0, 1]) < FARTHEST


def test_the_correlation_would_be_seen_if_there_were_one() -> None:
    keys = domains()["one extract"]
    leaking = keys.copy()
    leaking[:, 0] = np.where(np.arange(PERSONS) % 10 == 0, keys[:, 0], leaking[:, 5])
    assert np.abs(bits(keys).T @ bits(leaking) / PERSONS)[:8, :8].max() > FARTHEST


def test_an_extract_gives_the_same_pseudonym_again_and_after_a_rotation() -> None:
    rotated = PersonCipher(MASTER.derive("warehouse", generation=2))
    extract = MASTER.extract("one")
    before = rekey(WAREHOUSE.person_keys(NUMBERS[:9]), WAREHOUSE, extract)
    after = rekey(rotated.person_keys(NUMBERS[:9]), rotated, extract)
    assert (before == after).all()


def test_the_key_is_that_of_the_standard() -> None:
    """HKDF of RFC 5869 by hand: extract with a key of zeros, then one block of expansion."""

    def mac(key: bytes, content: bytes) -> bytes:
        state = hmac.HMAC(key, hashes.SHA256())
        state.update(content)
        return state.finalize()

    pseudorandom = mac(bytes(32), MASTER.secret)
    assert MASTER.derive("extract", "one") == mac(pseudorandom, b"saime\0extract\0one\x001\x01")


def test_the_warehouse_key_is_found_by_its_fingerprint() -> None:
    third = PersonCipher(MASTER.derive("warehouse", generation=3))
    assert MASTER.warehouse(third.fingerprint).person_keys(NUMBERS[:3]).tolist() == third.person_keys(NUMBERS[:3]).tolist()
    with pytest.raises(BadInput, match="not loaded under the master key"):
        MasterKey(bytes(32)).warehouse(third.fingerprint)


def test_record_keys_stay_over_a_rotation_and_are_uniform() -> None:
    rotated, secret = PersonCipher(MASTER.derive("warehouse", generation=2)), MASTER.derive("record")
    keys = RecordKeys(secret, WAREHOUSE).of(WAREHOUSE.person_keys(NUMBERS))
    assert (keys == RecordKeys(secret, rotated).of(rotated.person_keys(NUMBERS))).all()
    assert (keys.dtype, keys.shape) == (np.uint32, (PERSONS,))
    counts = np.bincount(keys >> np.uint32(28), minlength=16)
    assert ((counts - PERSONS / 16) ** 2 / (PERSONS / 16)).sum() < 44.3  # chi square, 15 degrees, once in ten thousand


def test_record_keys_need_person_keys_of_the_warehouse() -> None:
    with pytest.raises(BadInput, match="not made in this key domain"):
        RecordKeys(MASTER.derive("record"), WAREHOUSE).of(MASTER.extract("one").person_keys(NUMBERS[:1]))


def test_a_master_is_not_shown() -> None:
    assert MASTER.secret.hex() not in repr(MASTER)
    assert str(MASTER.secret) not in repr(MASTER)
