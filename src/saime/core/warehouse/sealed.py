"""What a delivery holds, in the clear: the file itself, or what age (age-encryption.org/v1, binary or armored) sealed in it.

A sealed file is decrypted as a stream by a thread of its own, through a pipe, and from its start each time it is opened.
Nothing is written to a file. Formats that must seek get the whole content in memory, up to a limit.
Left out: passphrases, plugins and SSH keys; a delivery is encrypted to the receiving key.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any, BinaryIO, Protocol

import pyarrow as pa
import pyrage

from saime.core.errors import BadInput
from saime.core.warehouse.delivery import Delivery
from saime.core.warehouse.keys import open_receiving_identity, receiving_recipient

AGE_MAGICS = (b"age-encryption.org/v1", b"-----BEGIN AGE ENCRYPTED FILE-----")
MOST_IN_MEMORY = 1 << 30  # bytes of an encrypted file in a format that must seek


class SealBroken(Exception):
    """A sealed file ends early, or was changed after it was sealed. What was read before is not to be trusted as whole."""


class Content(Protocol):
    """The bytes of a delivery in the clear. Reading raises SealBroken where a sealed file is cut off or changed."""

    def open(self) -> BinaryIO:
        """A stream from the start; it cannot seek."""

    def whole(self) -> pa.NativeFile:
        """A file that can seek. Raises: BadInput if it would take too much memory."""


def open_content(delivery: Delivery) -> Content:
    """Raises: BadInput if the delivery is encrypted, and not to the receiving key."""
    with delivery.path.open("rb") as file:
        start = file.read(max(map(len, AGE_MAGICS)))
    return _SealedContent(delivery) if start.startswith(AGE_MAGICS) else _PlainContent(delivery.path)


@dataclass(frozen=True)
class _PlainContent:
    path: Path

    def open(self) -> BinaryIO:
        return self.path.open("rb")

    def whole(self) -> pa.NativeFile:
        return pa.OSFile(str(self.path))


class _SealedContent:
    def __init__(self, delivery: Delivery) -> None:
        if delivery.receiving_keys is None:
            raise BadInput(
                "the delivery is encrypted and there is no key here to open it", where=delivery.shown_name, fix="decrypt it first"
            )
        self._delivery, self._keys = delivery, delivery.receiving_keys
        self._identity = open_receiving_identity(self._keys)

    def open(self) -> BinaryIO:
        return io.BufferedReader(_Decrypting(self._delivery.path, self._identity, self._not_ours()))

    def whole(self) -> pa.NativeFile:
        if (size := self._delivery.path.stat().st_size) > MOST_IN_MEMORY:
            raise BadInput(
                f"an encrypted Parquet or XLSX file is opened in memory, up to {MOST_IN_MEMORY >> 20} MiB; this one has {size >> 20} MiB",
                where=self._delivery.shown_name,
                fix="deliver it as CSV, which is decrypted as a stream",
            )
        with self.open() as stream:
            return pa.BufferReader(stream.read())

    def _not_ours(self) -> BadInput:
        recipient = receiving_recipient(self._keys)
        return BadInput(
            "the receiving key does not open the delivery: it was encrypted to another key, or its header is damaged",
            where=self._delivery.shown_name,
            fix=f"encrypt it to {recipient} (the command: saime receiving-key) and deliver it again",
        )


class _Decrypting(io.RawIOBase):
    """The reading end of a pipe that a thread decrypts into. At the end of what came it raises what stopped the thread."""

    def __init__(self, path: Path, identity: pyrage.x25519.Identity, not_ours: BadInput) -> None:
        self._failure: Exception | None = None
        self._reading, writing = os.pipe()
        self._thread = Thread(target=self._decrypt, args=(path, writing, identity, not_ours), daemon=True)
        self._thread.start()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = os.readv(self._reading, [buffer])
        if not count:
            self._thread.join()
            if self._failure is not None:
                raise self._failure
        return count

    def close(self) -> None:
        if not self.closed:
            os.close(self._reading)  # a thread that still writes meets a broken pipe and ends
            self._thread.join()
        super().close()

    def _decrypt(self, path: Path, writing: int, identity: pyrage.x25519.Identity, not_ours: BadInput) -> None:
        try:
            with os.fdopen(writing, "wb") as clear, path.open("rb") as sealed:
                pyrage.decrypt_io(sealed, clear, [identity])
        except pyrage.DecryptError:
            self._failure = not_ours
        except OSError as error:  # a cut or changed file is an OSError without a number
            self._failure = SealBroken() if error.errno is None else error
