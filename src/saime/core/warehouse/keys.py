"""The two keys of the inside: the key that makes person keys, and the key that opens encrypted and quarantined deliveries.

Both live in ``<SAIME_HOME>/keys`` (0700), outside the warehouse and its backups, as files with mode 0600.
The person key's file is made once, while the warehouse is empty. A lost one is never replaced by a new one in silence:
the same person would get another person key, and be counted twice.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

import pyrage

from saime.core.durable import full_disk_is_told, make_folders, sync
from saime.core.errors import BadInput
from saime.core.warehouse.pseudonyms import KEY_BYTES, PersonCipher

PERSON_KEY_FILE, RECEIVING_KEY_FILE = "person.key", "receiving.key"


def open_person_cipher(folder: Path, fingerprint: str | None) -> PersonCipher:
    """The cipher behind all person keys of a warehouse.

    ``fingerprint`` is the warehouse's ``key_fingerprint``; None means that it holds no loads, and only then is a missing
    key made. Raises: BadInput if the key is missing, open to others, damaged, or not the one the warehouse was loaded with.
    """
    path = folder / PERSON_KEY_FILE
    if fingerprint is None and not path.exists():
        _create(path, secrets.token_hex(KEY_BYTES))
    cipher = PersonCipher(_read_person_key(path))
    check_fingerprint(cipher, fingerprint, where=str(path))
    return cipher


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
        _create(path, str(pyrage.x25519.Identity.generate()))
    try:
        return pyrage.x25519.Identity.from_str(_read_private(path).decode("ascii").strip())
    except (UnicodeDecodeError, pyrage.IdentityError):
        raise _damaged(path, "one line that begins with AGE-SECRET-KEY-1") from None


def receiving_recipient(folder: Path) -> str:
    """The public half, ``age1...``, that agencies encrypt deliveries to. Raises: BadInput as for the identity."""
    return str(open_receiving_identity(folder).to_public())


def _read_person_key(path: Path) -> bytes:
    content = _read_private(path)
    if len(content) == KEY_BYTES:
        return content
    try:
        key = bytes.fromhex(content.decode("ascii").strip())
    except ValueError:
        raise _damaged(path, f"{KEY_BYTES} bytes as {2 * KEY_BYTES} hexadecimal digits") from None
    if len(key) != KEY_BYTES:
        raise _damaged(path, f"{KEY_BYTES} bytes as {2 * KEY_BYTES} hexadecimal digits")
    return key


def _read_private(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode & 0o777
        content = path.read_bytes()
    except FileNotFoundError:
        raise BadInput(
            "the key file is missing although the warehouse holds loads made with it; no new key is made, because it would not match",
            where=str(path),
            fix="put the key file back from where keys are kept",
        ) from None
    except OSError as error:
        raise BadInput(
            f"the key file cannot be read: {error.strerror}", where=str(path), fix="give its owner the right to read it"
        ) from None
    if mode & 0o077:
        raise BadInput(f"others may read the key file (mode {mode:04o})", where=str(path), fix=f"run: chmod 600 {path}")
    return content


def _create(path: Path, content: str) -> None:
    """Put a whole new key file in place, readable by its owner only; one that another process made first stays."""
    with full_disk_is_told(path.parent, "writing a key", lambda: len(content)):
        make_folders(path.parent)
        path.parent.chmod(0o700)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(content + "\n")
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                path.hardlink_to(name)
        finally:
            Path(name).unlink()
        sync(path.parent)


def _damaged(path: Path, expected: str) -> BadInput:
    return BadInput(
        f"the key file is damaged; it should hold {expected}", where=str(path), fix="put the key file back from where keys are kept"
    )
