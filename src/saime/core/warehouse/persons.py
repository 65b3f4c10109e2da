"""The person table of a partition: which number stands for which person key. Facts know the number only (ADR 0012).

A number is given once, with the person's first row, and stays over loads; new persons of a load come after those known, in
the order of their keys. Numbers are unique in the warehouse and, above the partition's first, dense in it. Whoever changes
the key behind the person keys writes these tables anew and nothing else.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from saime.core.durable import sync
from saime.core.errors import BadInput
from saime.core.warehouse.facts import PERSON, PERSON_KEY
from saime.core.warehouse.manifest import PersonFile, next_name
from saime.core.warehouse.pseudonyms import PersonKeys

NUMBER_BITS = 32
UNKNOWN = -1

PersonNumbers = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class PersonTable:
    """``keys`` (16 bytes each) and ``numbers`` side by side, the numbers rising. ``next_number``: that of the next new person."""

    keys: pa.FixedSizeBinaryArray
    numbers: PersonNumbers
    next_number: int

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def key_bytes(self) -> PersonKeys:
        """The keys as bytes. Shape: (n, 16); the memory is shared."""
        every = np.frombuffer(self.keys.buffers()[1] or b"", np.uint8).reshape(-1, 16)
        return every[self.keys.offset : self.keys.offset + len(self)]

    def with_keys(self, keys: PersonKeys) -> PersonTable:
        """The same persons under other keys. Shape: (n, 16), in the same order."""
        return PersonTable(binary_keys(keys), self.numbers, self.next_number)

    def find(self, keys: pa.FixedSizeBinaryArray) -> npt.NDArray[np.int64]:
        """The number of each key; -1 where it is unknown."""
        places = pc.index_in(keys, value_set=self.keys)
        found = np.full(len(keys), UNKNOWN, np.int64)
        is_known = np.asarray(places.is_valid())
        found[is_known] = self.numbers[np.asarray(places.drop_null())]
        return found

    def numbered(self, keys: pa.FixedSizeBinaryArray) -> tuple[PersonNumbers, int, PersonTable]:
        """The number of each key, how many different keys there are, and the table with those that were not known."""
        encoded = keys.dictionary_encode()
        distinct = encoded.dictionary
        numbers = self.find(distinct)
        new = np.flatnonzero(numbers == UNKNOWN)
        new = new[_order(distinct.take(pa.array(new)))]
        numbers[new] = self.next_number + np.arange(len(new))
        known = pa.concat_arrays([self.keys, distinct.take(pa.array(new))])
        table = PersonTable(known, np.append(self.numbers, numbers[new].astype(np.uint32)), self.next_number + len(new))
        return numbers.astype(np.uint32)[np.asarray(encoded.indices)], len(distinct), table

    def only(self, numbers: PersonNumbers) -> PersonTable:
        """The table of the persons with these numbers."""
        kept = np.isin(self.numbers, numbers)
        return PersonTable(self.keys.filter(pa.array(kept)), self.numbers[kept], self.next_number)


def binary_keys(keys: PersonKeys) -> pa.FixedSizeBinaryArray:
    """Shape: (n, 16) to n values of 16 bytes; the memory is shared."""
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(keys), [None, pa.py_buffer(np.ascontiguousarray(keys))])


def no_persons(partition: int, partitions: int) -> PersonTable:
    return PersonTable(pa.array([], pa.binary(16)), np.empty(0, np.uint32), first_number(partition, partitions))


def first_number(partition: int, partitions: int) -> int:
    """The numbers of a partition are this and those up to the first of the next partition."""
    return partition << NUMBER_BITS + 1 - partitions.bit_length()


def read_persons(path: Path, file: PersonFile) -> PersonTable:
    table = pq.read_table(path)
    keys = table.column(PERSON_KEY).cast(pa.binary(16)).combine_chunks()
    return PersonTable(keys, table.column(PERSON).to_numpy().astype(np.uint32), file.next_number)


def write_persons(table: PersonTable, folder: Path, earlier: PersonFile | None, partition: int, partitions: int) -> PersonFile:
    """Write the table beside the earlier one and wait until it is on the disk. Raises: BadInput if its numbers have run out."""
    if table.next_number > first_number(partition + 1, partitions):
        raise BadInput(
            f"partition {partition} has run out of person numbers",
            where=str(folder),
            fix="load all deliveries again into a warehouse with more partitions",
        )
    path = folder / next_name(partition, earlier)
    keys = pa.ExtensionArray.from_storage(pa.uuid(), table.keys)
    schema = pa.schema([pa.field(PERSON_KEY, pa.uuid(), nullable=False), pa.field(PERSON, pa.uint32(), nullable=False)])
    pq.write_table(
        pa.table([keys, pa.array(table.numbers)], schema=schema),
        path,
        compression="none",  # keys are random
        use_dictionary=False,
        column_encoding={PERSON: "DELTA_BINARY_PACKED"},
        write_page_checksum=True,
    )
    sync(path)
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return PersonFile(
        partition=partition, name=path.name, rows=len(table), bytes=path.stat().st_size, sha256=digest, next_number=table.next_number
    )


def _order(keys: pa.FixedSizeBinaryArray) -> npt.NDArray[np.int64]:
    """The order of the keys by their bytes."""
    halves = np.frombuffer(keys.buffers()[1] or b"", ">u8").reshape(-1, 2)[keys.offset : keys.offset + len(keys)].astype(np.uint64)
    return np.lexsort((halves[:, 1], halves[:, 0]))
