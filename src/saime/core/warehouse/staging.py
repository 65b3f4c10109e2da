"""Checked rows, with pseudonyms in place of personal codes and households, split by person into files of a staging folder.

A staged file is an Arrow stream of ``person_key``, ``valid_from``, ``valid_to``, the stored columns and ``position``.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from saime.core.warehouse.checks import CheckedRows
from saime.core.warehouse.contract import FeedContract
from saime.core.warehouse.facts import PERSON_KEY, VALID_FROM, VALID_TO
from saime.core.warehouse.key_domains import WarehouseCipher
from saime.core.warehouse.persons import binary_keys
from saime.core.warehouse.pseudonyms import PersonKeys
from saime.core.warehouse.values import STORED

POSITION = "position"


def staged_schema(contract: FeedContract) -> pa.Schema:
    """The columns of a staged file."""
    spell = [(VALID_FROM, STORED["date"]), (VALID_TO, STORED["date"])]
    stored = [(column.name, STORED[column.type]) for column in contract.stored_columns]
    return pa.schema([(PERSON_KEY, pa.binary(16)), *spell, *stored, (POSITION, pa.int64())])


def staged_path(folder: Path, partition: int) -> Path:
    return folder / f"staged-{partition:03d}.arrow"


class Staging:
    """One open file for each partition; the partition is the top bits of the routing key."""

    def __init__(self, folder: Path, contract: FeedContract, cipher: WarehouseCipher, partitions: int) -> None:
        self._folder, self._cipher, self._partitions = folder, cipher, partitions
        self._schema, self._household = staged_schema(contract), contract.household_column
        self._open_files = ExitStack()
        self._writers: dict[int, pa.ipc.RecordBatchStreamWriter] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._open_files.close()

    def add(self, rows: CheckedRows) -> None:
        """Append the rows to the files of their partitions, each partition in the order of the delivery."""
        keys = self._cipher.person_keys(rows.codes)
        partition = partition_of(self._cipher.routing_keys(rows.codes), self._partitions)
        order = np.argsort(partition, kind="stable")
        arrays = {**rows.columns, **self._households(rows), PERSON_KEY: binary_keys(keys), POSITION: pa.array(rows.positions)}
        batch = pa.record_batch([arrays[name] for name in self._schema.names], schema=self._schema).take(pa.array(order))
        bounds = np.searchsorted(partition[order], np.arange(self._partitions + 1))
        for number in np.flatnonzero(np.diff(bounds)):
            self._writer(int(number)).write_batch(batch.slice(bounds[number], bounds[number + 1] - bounds[number]))

    def _households(self, rows: CheckedRows) -> dict[str, pa.Array]:
        """The column of households, if the feed has one, with pseudonyms in place of what was delivered."""
        if self._household is None:
            return {}
        delivered = rows.columns[self._household]
        numbers = np.asarray(delivered.fill_null(0), np.int64)
        return {self._household: pa.array(self._cipher.households(numbers), mask=np.asarray(delivered.is_null()))}

    def _writer(self, partition: int) -> pa.ipc.RecordBatchStreamWriter:
        if partition not in self._writers:
            file = self._open_files.enter_context(pa.OSFile(str(staged_path(self._folder, partition)), "wb"))
            self._writers[partition] = self._open_files.enter_context(pa.ipc.new_stream(file, self._schema))
        return self._writers[partition]


def partition_of(keys: PersonKeys, partitions: int) -> npt.NDArray[np.uint16]:
    """The partition of each routing key. Shape: (n, 16) to (n,). ``partitions`` is a power of two up to 65536."""
    top = keys[:, 0].astype(np.uint16) << 8 | keys[:, 1]
    return np.asarray(top >> np.uint16(17 - partitions.bit_length()), np.uint16)
