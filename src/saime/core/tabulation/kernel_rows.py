"""The rows of a partition as arrays, a block of whole persons at a time, whatever the size of the partition.

The files of a partition are each in the order of the person key; blocks take from every file the rows before the nearest
end of what has been read, so a person is never split, and memory is bounded by the block and by the rows of one person.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from saime.core.errors import BadInput
from saime.core.tabulation.kernel_membership import WIDEST_SPAN, ColumnClasses
from saime.core.warehouse.facts import PERSON_KEY, VALID_FROM, VALID_TO

ROWS_AT_ONCE = 1 << 18  # of one file; 10 MiB of a table with six columns
OPEN_END = np.iinfo(np.int32).max  # days; an empty end of a spell

Array = npt.NDArray[Any]
Days = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Rows:
    """``keys``: the bytes of the person keys, shape (n, 2), in the order of the files. Days count from 1970.

    ``ordinals``: for each column read, the ordinal of its value (see ColumnClasses).
    """

    keys: npt.NDArray[np.uint64]
    valid_from: Days
    valid_to: Days
    ordinals: dict[str, Array]

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def order(self) -> npt.NDArray[np.uint64]:
        """The first half of the person keys as numbers, which stand in the order of the keys."""
        return self.keys[:, 0].byteswap()

    def take(self, rows: slice | npt.NDArray[np.int64]) -> Rows:
        ordinals = {name: column[rows] for name, column in self.ordinals.items()}
        return Rows(self.keys[rows], self.valid_from[rows], self.valid_to[rows], ordinals)


def read_blocks(files: Sequence[Path], classes: dict[str, ColumnClasses]) -> Iterator[Rows]:
    """Blocks of whole persons, their rows together. Raises: BadInput if a file is not in the order of its person keys."""
    runs = [_Run(path, classes) for path in files]
    while runs := [run for run in runs if run.fill()]:
        ends = [run.rows.order[-1] for run in runs if not run.at_end]
        if len(runs) == 1 and not ends:
            yield runs[0].take_all()
            continue
        nearest = min(ends, default=None)
        taken = [run.take_all() if nearest is None else run.take_before(nearest) for run in runs]
        block = _together([rows for rows in taken if len(rows)])
        if block is not None:
            yield block
            continue
        for run in runs:  # one person fills all that was read
            run.read_on()


class _Run:
    """One file: what has been read of it and not been taken."""

    def __init__(self, path: Path, classes: dict[str, ColumnClasses]) -> None:
        self._path, self._classes = path, classes
        self._batches = _batches(path, [PERSON_KEY, VALID_FROM, VALID_TO, *classes])
        self._next = next(self._batches, None)
        self.rows: Rows = _no_rows(classes)

    @property
    def at_end(self) -> bool:
        return self._next is None

    def fill(self) -> bool:
        """Read on when nothing is left of what was read. Returns whether there are rows."""
        while not len(self.rows) and not self.at_end:
            self.read_on()
        return len(self.rows) > 0

    def read_on(self) -> None:
        if self._next is not None:
            read = _read(self._next, self._classes)
            if len(self.rows) and read.order[0] < self.rows.order[-1]:
                raise _not_in_order(str(self._path))
            self.rows = _concatenated([self.rows, read]) if len(self.rows) else read
            self._next = next(self._batches, None)

    def take_all(self) -> Rows:
        return self._take(len(self.rows))

    def take_before(self, end: np.uint64) -> Rows:
        order = self.rows.order
        if (order[1:] < order[:-1]).any():
            raise _not_in_order(str(self._path))
        return self._take(int(np.searchsorted(order, end)))

    def _take(self, count: int) -> Rows:
        taken, self.rows = self.rows.take(slice(0, count)), self.rows.take(slice(count, None))
        return taken


def _batches(path: Path, columns: list[str]) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path, memory_map=True) as file:
        for batch in file.iter_batches(batch_size=ROWS_AT_ONCE, columns=columns, use_threads=False):
            if len(batch):
                yield batch


def _read(batch: pa.RecordBatch, classes: dict[str, ColumnClasses]) -> Rows:
    return Rows(
        keys=_keys(batch.column(PERSON_KEY)),
        valid_from=_days(batch.column(VALID_FROM)),
        valid_to=_days(batch.column(VALID_TO)),
        ordinals={name: _ordinals(batch.column(name), column) for name, column in classes.items()},
    )


def _keys(column: pa.Array) -> npt.NDArray[np.uint64]:
    storage = column.storage if isinstance(column, pa.ExtensionArray) else column
    return np.frombuffer(storage.buffers()[1], np.uint64).reshape(-1, 2)[storage.offset : storage.offset + len(storage)]


def _days(column: pa.Array) -> Days:
    days = column.cast(pa.int32())
    return np.asarray(pc.fill_null(days, pa.scalar(OPEN_END, pa.int32())) if days.null_count else days)


def _ordinals(column: pa.Array, classes: ColumnClasses) -> Array:
    if classes.bounds is not None:
        return _ordinals_of_numbers(column, classes.bounds)
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.uint8())
    if column.null_count:
        column = pc.fill_null(column.cast(pa.int32()), pa.scalar(classes.empty, pa.int32()))
    return np.asarray(column)


def _ordinals_of_numbers(column: pa.Array, bounds: npt.NDArray[np.int64]) -> Array:
    numbers = np.asarray(pc.fill_null(column, pa.scalar(0, column.type)) if column.null_count else column)
    ordinals = _count_bounds(numbers, bounds)
    if column.null_count:
        ordinals = np.where(np.asarray(column.is_null()), np.uint16(len(bounds) + 1), ordinals)
    return ordinals


def _count_bounds(numbers: Array, bounds: npt.NDArray[np.int64]) -> Array:
    """How many bounds lie at or below each number."""
    if not len(bounds) or bounds[-1] - bounds[0] > WIDEST_SPAN:
        return np.searchsorted(bounds, numbers, side="right").astype(np.uint16)
    low, high = int(bounds[0]) - 1, int(bounds[-1])
    table = np.searchsorted(bounds, np.arange(low, high + 1), side="right").astype(np.uint16)
    return table[np.clip(numbers, low, high) - np.int32(low)]


def _together(parts: Sequence[Rows]) -> Rows | None:
    """The rows of several files, those of a person side by side."""
    if len(parts) <= 1:
        return parts[0] if parts else None
    rows = _concatenated(parts)
    order = np.argsort(rows.order, kind="stable")
    merged = rows.take(order)
    return merged if _is_in_order(merged) else rows.take(np.lexsort((rows.keys[:, 1].byteswap(), rows.order)))


def _is_in_order(rows: Rows) -> bool:
    """Whether rows with the same first half of the key also have their second halves in order."""
    first, second = rows.keys[:, 0], rows.keys[:, 1].byteswap()
    return bool(((first[1:] != first[:-1]) | (second[1:] >= second[:-1])).all())


def _concatenated(parts: Sequence[Rows]) -> Rows:
    ordinals = {name: np.concatenate([part.ordinals[name] for part in parts]) for name in parts[0].ordinals}
    keys, valid_from, valid_to = (np.concatenate([getattr(part, name) for part in parts]) for name in ("keys", "valid_from", "valid_to"))
    return Rows(keys, valid_from, valid_to, ordinals)


def _no_rows(classes: dict[str, ColumnClasses]) -> Rows:
    nothing = np.empty(0, np.int32)
    return Rows(np.empty((0, 2), np.uint64), nothing, nothing, dict.fromkeys(classes, nothing))


def check_order(rows: Rows, starts: npt.NDArray[np.int64]) -> None:
    """``starts``: the first row of each person. Raises: BadInput if a person may stand in several places."""
    first = rows.keys[starts].byteswap()
    rises = (first[1:, 0] > first[:-1, 0]) | ((first[1:, 0] == first[:-1, 0]) & (first[1:, 1] > first[:-1, 1]))
    if not rises.all():
        raise _not_in_order("step read_blocks of engine kernel")


def _not_in_order(where: str) -> BadInput:
    what, fix = "rows of a partition are not in the order of their persons", "load the delivery again, or count with --engine duckdb"
    return BadInput(what, where=where, fix=fix)
