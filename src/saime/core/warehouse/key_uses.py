"""The record of what the two shares were used for: who, when, why, what; refused uses too.

A file of JSON lines that is only added to. Each entry holds the digest of the one before, so an entry that was changed,
taken out or put in breaks the chain. Whoever cuts entries off at the end, or writes the whole file anew, is found by
somebody who noted a later digest: every use prints its own. The record names no person of the warehouse.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from saime.core.durable import full_disk_is_told, make_folders
from saime.core.errors import BadInput

Purpose = Literal["extract", "reidentify", "restore", "rotate", "split"]
BEFORE_THE_FIRST = "0" * 64
LONGEST_ENTRY = 1 << 16  # bytes


class KeyUse(BaseModel):
    """One asked-for use: when, on which account of the machine, by which two custodians, for what, on what, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: str
    account: str
    custodians: tuple[str, ...]
    purpose: Purpose
    subject: str
    reason: str
    refused: str | None = None


class RecordedUse(KeyUse):
    """A use as the record holds it; ``digest`` is SHA-256 of the entry without it, in hexadecimal."""

    number: int
    previous: str
    digest: str


class UseRecord:
    """The record in one file; it need not exist before the first use."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> tuple[RecordedUse, ...]:
        """All entries, the chain checked. Raises: BadInput at the first that does not fit."""
        try:
            lines = self.path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return ()
        if lines.pop():
            raise self._broken(len(lines) + 1)
        return tuple(self._checked(lines))

    def add(self, use: KeyUse) -> RecordedUse:
        """Put a use at the end and wait until it is on the disk. Raises: BadInput if the record was changed before."""
        with full_disk_is_told(self.path.parent, "recording the use of a key", lambda: LONGEST_ENTRY), self._held() as descriptor:
            earlier = self.read()
            chain = {"number": len(earlier) + 1, "previous": earlier[-1].digest if earlier else BEFORE_THE_FIRST}
            content = {**use.model_dump(mode="json"), **chain}
            entry = RecordedUse.model_validate({**content, "digest": _digest(content)})
            os.write(descriptor, entry.model_dump_json().encode() + b"\n")
            os.fsync(descriptor)
            return entry

    @contextmanager
    def _held(self) -> Iterator[int]:
        if not self.path.parent.exists():
            make_folders(self.path.parent)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)

    def _checked(self, lines: list[bytes]) -> Iterator[RecordedUse]:
        previous = BEFORE_THE_FIRST
        for number, line in enumerate(lines, start=1):
            try:
                entry = RecordedUse.model_validate_json(line)
            except ValidationError:
                raise self._broken(number) from None
            content = entry.model_dump(mode="json", exclude={"digest"})
            if (entry.number, entry.previous, entry.digest) != (number, previous, _digest(content)):
                raise self._broken(number)
            previous = entry.digest
            yield entry

    def _broken(self, number: int) -> BadInput:
        return BadInput(
            f"the record of key uses was changed or cut at entry {number}; the shares are not used until this is cleared up",
            where=str(self.path),
            fix="tell both custodians, keep the file as evidence, and restore it from its backup or move it away",
        )


def _digest(content: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
