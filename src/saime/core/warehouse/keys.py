"""The keys of the inside, in ``<SAIME_HOME>/keys`` (0700), outside the warehouse and its backups, as files with mode 0600.

``person.key``, ``routing.key``, ``household.key`` and ``record.key`` are what loading and tabulating need. They are derived from a master
that is in no file: it is split into two shares, one for each of two custodians (``key_shares.py``). All are made once,
while the warehouse is empty. A lost key is never replaced by a new one in silence: the same person would get another
person key, and be counted twice. ``receiving.key`` opens encrypted and quarantined deliveries, and is apart from these.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyrage

from saime.core.durable import make_folders, sync
from saime.core.errors import BadInput
from saime.core.warehouse.key_domains import MasterKey, RecordKeys, WarehouseCipher
from saime.core.warehouse.key_files import create_private, damaged, read_private
from saime.core.warehouse.key_shares import check_free, write_shares
from saime.core.warehouse.key_uses import UseRecord
from saime.core.warehouse.pseudonyms import KEY_BYTES, PersonCipher

PERSON_KEY_FILE, ROUTING_KEY_FILE, HOUSEHOLD_KEY_FILE, RECORD_KEY_FILE = "person.key", "routing.key", "household.key", "record.key"
FIXED_KEYS = ((ROUTING_KEY_FILE, "routing"), (HOUSEHOLD_KEY_FILE, "household"), (RECORD_KEY_FILE, "record"))  # files and purposes
NEXT_KEY_FILE, RECEIVING_KEY_FILE = "person.key.next", "receiving.key"
SHARE_FILES = ("custodian-1.share", "custodian-2.share")
USES_FILE = "uses.jsonl"


def open_person_cipher(folder: Path, fingerprint: str | None) -> WarehouseCipher:
    """The cipher behind all person keys of a warehouse, and behind its partitions.

    ``fingerprint`` is the warehouse's ``key_fingerprint``; None means that it holds no loads, and only then are missing
    keys made. Raises: BadInput if the key is missing, open to others, damaged, or not the one the warehouse was loaded with.
    """
    path = folder / PERSON_KEY_FILE
    if fingerprint is None and not path.exists():
        create_keys(folder)
    finish_rotation(folder, fingerprint)
    cipher = WarehouseCipher(_read_key(path), *(_read_key(folder / name) for name in (ROUTING_KEY_FILE, HOUSEHOLD_KEY_FILE)))
    check_fingerprint(cipher, fingerprint, where=str(path))
    return cipher


def open_record_keys(folder: Path, fingerprint: str) -> RecordKeys:
    """The record keys of a warehouse's persons. Raises: BadInput as above."""
    return RecordKeys(_read_key(folder / RECORD_KEY_FILE), open_person_cipher(folder, fingerprint))


def create_keys(folder: Path, shares: tuple[Path, Path] | None = None) -> None:
    """Make a master, its two shares and the working keys, unless another process has just made them.

    ``shares``: where to; without it both lie in ``folder``, which is for a demonstration. The person key comes last, so
    whatever lies there without it was left by a creation that was stopped, and is made anew.
    Raises: BadInput if a file is at a place given for a share.
    """
    with _held(folder):
        if (folder / PERSON_KEY_FILE).exists():
            return
        for name in (*SHARE_FILES, *(name for name, _ in FIXED_KEYS)):
            (folder / name).unlink(missing_ok=True)
        places = shares or (folder / SHARE_FILES[0], folder / SHARE_FILES[1])
        check_free(places)
        master = MasterKey(secrets.token_bytes(KEY_BYTES))
        write_shares(master, places)
        for name, purpose in (*FIXED_KEYS, (PERSON_KEY_FILE, "warehouse")):
            create_private(folder / name, master.derive(purpose).hex())


def restore_keys(folder: Path, master: MasterKey, fingerprint: str) -> tuple[str, ...]:
    """Write the working keys of a loaded warehouse that are missing. Returns their names. Raises: BadInput for another master."""
    keys = {name: master.derive(purpose) for name, purpose in FIXED_KEYS}
    keys[PERSON_KEY_FILE] = master.derive("warehouse", generation=master.generation(fingerprint))
    with _held(folder):
        missing = tuple(name for name in keys if not (folder / name).exists())
        for name in missing:
            create_private(folder / name, keys[name].hex())
    return missing


def prepare_rotation(folder: Path, key: bytes) -> None:
    """Lay the next person key beside the one in use, before the warehouse is written anew under it."""
    with _held(folder):
        (folder / NEXT_KEY_FILE).unlink(missing_ok=True)
        create_private(folder / NEXT_KEY_FILE, key.hex())


def finish_rotation(folder: Path, fingerprint: str | None) -> bool:
    """Put the next person key in the place of the one in use, if the warehouse is under it already. Was there one to put?"""
    path = folder / NEXT_KEY_FILE
    if not path.exists():
        return False
    with _held(folder):
        if not path.exists() or PersonCipher(_read_key(path)).fingerprint != fingerprint:
            return False
        path.replace(folder / PERSON_KEY_FILE)
        sync(folder)
    return True


def use_record(folder: Path) -> UseRecord:
    return UseRecord(folder / USES_FILE)


def shares_here(folder: Path) -> bool:
    """Do both shares lie beside the working keys, as in a demonstration?"""
    return all((folder / name).exists() for name in SHARE_FILES)


def check_fingerprint(cipher: PersonCipher, fingerprint: str | None, *, where: str) -> None:
    """Raises: BadInput if a warehouse with this fingerprint was loaded with another key."""
    if fingerprint is not None and cipher.fingerprint != fingerprint:
        raise BadInput(
            "this is not the key the warehouse was loaded with; the same person would be counted twice",
            where=where,
            fix=f"put back the key with fingerprint {fingerprint}; this one has {cipher.fingerprint}",
        )


def open_receiving_identity(folder: Path) -> pyrage.x25519.Identity:
    """The age identity that opens encrypted and quarantined deliveries; made on first use. Raises: BadInput as for the person key."""
    path = folder / RECEIVING_KEY_FILE
    if not path.exists():
        with _held(folder):
            create_private(path, str(pyrage.x25519.Identity.generate()))
    try:
        return pyrage.x25519.Identity.from_str(read_private(path).decode("ascii").strip())
    except (UnicodeDecodeError, pyrage.IdentityError):
        raise damaged(path, "one line that begins with AGE-SECRET-KEY-1") from None


def receiving_recipient(folder: Path) -> str:
    """The public half, ``age1...``, that agencies encrypt deliveries to. Raises: BadInput as for the identity."""
    return str(open_receiving_identity(folder).to_public())


def _read_key(path: Path) -> bytes:
    content = read_private(path)
    if len(content) == KEY_BYTES:
        return content
    try:
        key = bytes.fromhex(content.decode("ascii").strip())
    except ValueError:
        raise damaged(path, f"{KEY_BYTES} bytes as {2 * KEY_BYTES} hexadecimal digits") from None
    if len(key) != KEY_BYTES:
        raise damaged(path, f"{KEY_BYTES} bytes as {2 * KEY_BYTES} hexadecimal digits")
    return key


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """A private folder that one process at a time makes keys in."""
    make_folders(folder)
    folder.chmod(0o700)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
