"""Files at rest that hold personal codes: encrypted with age to the receiving key, as a stream, and opened again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pyrage

from saime.core.errors import BadInput


def seal_file(source: Path, target: Path, recipient: pyrage.x25519.Recipient) -> None:
    """Encrypt a file as a stream. Raises: OSError if it cannot be read or written."""
    with source.open("rb") as content, target.open("wb") as file:
        sealed = _Target(file)
        try:
            pyrage.encrypt_io(content, sealed, [recipient])
        except (pyrage.EncryptError, OSError):
            if sealed.failure is not None:
                raise sealed.failure from None
            raise


def unseal_file(source: Path, target: BinaryIO, identity: pyrage.x25519.Identity) -> None:
    """Write what a file was before it was sealed. Raises: BadInput if it is damaged; OSError if it cannot be read or written."""
    with source.open("rb") as sealed:
        clear = _Target(target)
        try:
            pyrage.decrypt_io(sealed, clear, [identity])
        except (pyrage.DecryptError, OSError) as error:  # a cut or changed file is an OSError without a number
            if clear.failure is not None:
                raise clear.failure from None
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise BadInput("the sealed delivery is damaged", where=str(source.parent), fix="ask for the delivery again") from None


class _Target:
    """A file that remembers why a write failed: age reports its own error without the number of the system's."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.failure: OSError | None = None

    def write(self, content: bytes) -> int:
        with self._remembering():
            return self._file.write(content)

    def flush(self) -> None:
        with self._remembering():
            self._file.flush()

    @contextmanager
    def _remembering(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.failure = error
            raise
