"""Key files: made once, kept private, and never replaced in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from saime.core.errors import BadInput
from saime.core.warehouse.keys import open_person_cipher, open_receiving_identity


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_the_first_run_makes_a_private_key_in_a_private_folder(tmp_path: Path) -> None:
    cipher = open_person_cipher(tmp_path / "keys", None)
    files = sorted((tmp_path / "keys").iterdir())
    assert [path.name for path in files] == [
        "custodian-1.share",
        "custodian-2.share",
        "household.key",
        "person.key",
        "record.key",
        "routing.key",
    ]
    assert {mode(path) for path in files} == {0o600}
    assert mode(tmp_path / "keys") == 0o700
    assert open_person_cipher(tmp_path / "keys", cipher.fingerprint).fingerprint == cipher.fingerprint


def test_each_working_folder_has_its_own_key(tmp_path: Path) -> None:
    assert open_person_cipher(tmp_path / "a", None).fingerprint != open_person_cipher(tmp_path / "b", None).fingerprint


def test_a_missing_key_of_a_loaded_warehouse_is_not_replaced(tmp_path: Path) -> None:
    fingerprint = open_person_cipher(tmp_path, None).fingerprint
    (tmp_path / "person.key").unlink()
    with pytest.raises(BadInput, match="no new key is made"):
        open_person_cipher(tmp_path, fingerprint)
    assert not (tmp_path / "person.key").exists()


@pytest.mark.parametrize("wrong", [0o640, 0o604, 0o666])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, wrong: int) -> None:
    open_person_cipher(tmp_path, None)
    (tmp_path / "person.key").chmod(wrong)
    with pytest.raises(BadInput, match=f"chmod 600 {tmp_path}/person.key"):
        open_person_cipher(tmp_path, None)


@pytest.mark.parametrize("content", [b"", b"ab", b"x" * 64, b"0" * 63, b"0" * 66, b"\xff" * 31, b"\xff" * 33])
def test_a_damaged_key_is_refused_without_showing_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "person.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(BadInput, match="damaged") as refusal:
        open_person_cipher(tmp_path, None)
    assert not content or content.decode("latin-1") not in str(refusal.value)


def test_raw_bytes_and_hexadecimal_are_the_same_key(tmp_path: Path) -> None:
    open_person_cipher(tmp_path, None)
    key, fingerprints = bytes(range(32)), []
    for content in (key, key.hex().encode(), key.hex().encode() + b"\n"):
        (tmp_path / "person.key").write_bytes(content)
        (tmp_path / "person.key").chmod(0o600)
        fingerprints.append(open_person_cipher(tmp_path, None).fingerprint)
    assert len(set(fingerprints)) == 1


def test_the_key_of_another_warehouse_is_refused(tmp_path: Path) -> None:
    fingerprint = open_person_cipher(tmp_path / "a", None).fingerprint
    open_person_cipher(tmp_path / "b", None)
    with pytest.raises(BadInput, match="not the key the warehouse was loaded with"):
        open_person_cipher(tmp_path / "b", fingerprint)


def test_the_receiving_key_is_made_once_and_private(tmp_path: Path) -> None:
    identity = open_receiving_identity(tmp_path / "keys")
    assert mode(tmp_path / "keys" / "receiving.key") == 0o600
    assert str(open_receiving_identity(tmp_path / "keys").to_public()) == str(identity.to_public())


def test_a_damaged_receiving_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "receiving.key"
    path.write_text("AGE-SECRET-KEY-1NONSENSE")
    path.chmod(0o600)
    with pytest.raises(BadInput, match="damaged"):
        open_receiving_identity(tmp_path)
