"""Record keys on their way to Spark's workers. Each number of a partition travels with the record keys of its persons and of nobody
else, sealed by AES-256-GCM under a secret made for one job. The secret travels with the function, the keys with the numbers: what Spark
keeps of the numbers on a disk, for a cache or a shuffle, nobody can open by itself.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from saime.core.warehouse.facts import PERSON, FactTable
from saime.core.warehouse.pseudonyms import KEY_BYTES
from saime.core.warehouse.record_keys import RecordKeyTable

NONCE_BYTES = 12  # the number of the partition: a secret seals each number once
FIRST_AND_LAST = 0, np.iinfo(np.uint32).max  # of all person numbers


@dataclass(frozen=True, repr=False)
class Seal:
    """The secret of one job. ``repr`` does not show it."""

    secret: bytes = field(default_factory=lambda: secrets.token_bytes(KEY_BYTES))

    def close(self, number: int, keys: RecordKeyTable) -> bytes:
        """What only the seal opens again, and only as that of the same partition."""
        plain = keys.numbers.astype("<u4").tobytes() + keys.keys.astype("<u4").tobytes()
        return AESGCM(self.secret).encrypt(number.to_bytes(NONCE_BYTES), plain, None)

    def open(self, number: int, closed: bytes) -> RecordKeyTable:
        """Raises: cryptography's InvalidTag for what was not closed so."""
        plain = AESGCM(self.secret).decrypt(number.to_bytes(NONCE_BYTES), closed, None)
        numbers, keys = np.frombuffer(plain, "<u4").astype(np.uint32).reshape(2, -1)
        return RecordKeyTable(numbers, keys)


def closed_by_partition(seal: Seal, facts: FactTable, keys: RecordKeyTable) -> pa.Table:
    """A row for each partition: its number and the sealed record keys of its persons."""
    closed = [seal.close(number, keys.between(*_ends(files))) for number, files in enumerate(facts.partitions)]
    return pa.table({"id": pa.array(range(len(closed)), pa.int64()), "closed": pa.array(closed, pa.binary())})


def opened(seal: Seal, closed: Iterable[tuple[int, bytes]]) -> RecordKeyTable:
    """The record keys of some partitions, which Spark may give in any order."""
    parts = [seal.open(number, one) for number, one in closed]
    numbers = np.concatenate([np.empty(0, np.uint32), *(part.numbers for part in parts)])
    keys = np.concatenate([np.empty(0, np.uint32), *(part.keys for part in parts)])
    order = np.argsort(numbers, kind="stable")
    return RecordKeyTable(numbers[order], keys[order])


def _ends(files: Sequence[Path]) -> tuple[int, int]:
    """The least and the greatest person number in some files, as their footers tell; none is between them if there are no rows."""
    groups = [group for path in files for group in _row_groups(path)]
    return min((least for least, _ in groups), default=1), max((greatest for _, greatest in groups), default=0)


def _row_groups(path: Path) -> list[tuple[int, int]]:
    footer = pq.read_metadata(path)
    place = footer.schema.names.index(PERSON)
    told = [footer.row_group(group).column(place).statistics for group in range(footer.num_row_groups) if footer.row_group(group).num_rows]
    return [(one.min, one.max) if one is not None and one.has_min_max else FIRST_AND_LAST for one in told]
