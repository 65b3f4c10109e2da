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
from saime.core.model.text import Text
from saime.core.warehouse.delivery import Delivery
from saime.core.warehouse.keys import open_receiving_identity, receiving_recipient

AGE_MAGICS = (b"age-encryption.org/v1", b"-----BEGIN AGE ENCRYPTED FILE-----")
SEAL_BROKEN = (
    Text(
        lv="šifrētais fails ir aprauts vai pa ceļam mainīts; viss, kas ir aiz bojājuma, nav lasīts",
        en="the encrypted file is cut off or was changed on its way; what comes after the damage was not read",
    ),
    Text(lv="šifrējiet failu no jauna un piegādājiet vēlreiz", en="encrypt it anew and deliver it again"),
)
MOST_IN_MEMORY = 1 << 30  # bytes of an encrypted file in a format that must seek

TOO_LARGE_TO_OPEN = Text(
    lv="šifrētu Parquet vai XLSX failu atver atmiņā, un tas drīkst būt līdz {most} MiB liels; šajā ir {size} MiB",
    en="an encrypted Parquet or XLSX file is opened in memory, up to {most} MiB; this one has {size} MiB",
)
DELIVER_CSV = Text(lv="piegādājiet to kā CSV, ko atšifrē plūsmā", en="deliver it as CSV, which is decrypted as a stream")
OTHER_KEY = Text(
    lv="saņemšanas atslēga piegādi neatver: tā šifrēta ar citu atslēgu vai paroli, vai arī bojāts tās sākums",
    en="the receiving key does not open the delivery: it was encrypted to another key or with a passphrase, or its header is damaged",
)
ENCRYPT_TO = Text(
    lv="šifrējiet failu ar saņemšanas atslēgu {recipient} un piegādājiet vēlreiz",
    en="encrypt it to the receiving key {recipient} and deliver it again",
)


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
                TOO_LARGE_TO_OPEN.filled(most=str(MOST_IN_MEMORY >> 20), size=str(size >> 20)),
                where=self._delivery.shown_name,
                fix=DELIVER_CSV,
            )
        with self.open() as stream:
            return pa.BufferReader(stream.read())

    def _not_ours(self) -> BadInput:
        recipient = receiving_recipient(self._keys)
        return BadInput(OTHER_KEY, where=self._delivery.shown_name, fix=ENCRYPT_TO.filled(recipient=recipient))


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
