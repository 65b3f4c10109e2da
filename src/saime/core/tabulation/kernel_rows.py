"""The rows of a partition as arrays, a block of whole persons at a time, whatever the size of the partition.

The files of a partition are each in the order of the person numbers; blocks take from every file the rows before the nearest
end of what has been read, so a person is never split, and memory is bounded by the block and by the rows of one person.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from saime.core.errors import BadInput
from saime.core.tabulation.kernel_fields import Field
from saime.core.tabulation.kernel_membership import CODES, WIDEST_SPAN, ColumnClasses, Integers
from saime.core.warehouse.facts import PERSON, VALID_FROM, VALID_TO

ROWS_AT_ONCE = 1 << 18  # of all files of a partition; 6 MiB of a table with five columns
ENOUGH_ROWS = 1 << 16  # to be counted at once
FEWEST_ROWS = 1 << 14  # of one file, if there are many
OPEN_END = np.iinfo(np.int32).max  # days; an empty end of a spell

Array = npt.NDArray[Any]
Days = npt.NDArray[np.int32]
Persons = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Rows:
    """``persons``: person numbers in the order of the files. ``ordinals``: for each column read, that of its value (ColumnClasses).

    ``time``: the first and the last day of each spell, counted from 1970; or the months that the row holds in (Slots.of_months).
    ``fields``: of the columns that stand packed into one of ``ordinals``, in rows of layers.
    """

    persons: Persons
    time: tuple[Array, ...]
    ordinals: dict[str, Array]
    fields: tuple[Field, ...] = ()

    def __len__(self) -> int:
        return len(self.persons)

    @property
    def columns(self) -> tuple[Array, ...]:
        return (self.persons, *self.time, *self.ordinals.values())

    def is_like(self, other: Rows) -> bool:
        """Whether both were read in the same way: from rows, or from layers."""
        return self.fields == other.fields and len(self.time) == len(other.time)

    def take(self, rows: slice | npt.NDArray[np.signedinteger[Any]]) -> Rows:
        ordinals = {name: column[rows] for name, column in self.ordinals.items()}
        return Rows(self.persons[rows], tuple(part[rows] for part in self.time), ordinals, self.fields)


def read_blocks(files: Sequence[Path], classes: dict[str, ColumnClasses]) -> Iterator[Rows]:
    """The rows of fact files. Raises: BadInput if a file is not in the order of its person numbers."""
    at_once = min(ROWS_AT_ONCE, max(FEWEST_ROWS, ROWS_AT_ONCE // max(1, len(files))))
    return whole_persons([Run(str(path), _rows_of(path, classes, at_once)) for path in files])


def whole_persons(runs: Sequence[Run]) -> Iterator[Rows]:
    """Blocks of whole persons, their rows together. Raises: BadInput if a run is not in the order of its person numbers."""
    while runs := [run for run in runs if run.fill()]:
        ends = [run.last for run in runs if not run.at_end]
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


def larger(blocks: Iterable[Rows]) -> Iterator[Rows]:
    """Small blocks of whole persons put together."""
    some: list[Rows] = []
    for rows in blocks:
        if some and not rows.is_like(some[0]):
            yield concatenated(some)
            some = []
        some.append(rows)
        if sum(map(len, some)) >= ENOUGH_ROWS:  # at once, while they are in the processor's cache
            yield concatenated(some)
            some = []
    if some:
        yield concatenated(some)


class Run:
    """Rows in the order of their persons, that come in parts: what has come and not been taken."""

    def __init__(self, name: str, parts: Iterator[Rows]) -> None:
        self._name, self._parts = name, parts
        self._next = next(self._parts, None)
        self._rows: Rows | None = None

    @property
    def at_end(self) -> bool:
        return self._next is None

    @property
    def last(self) -> int:
        """The number of the last person that has come. Call after ``fill``."""
        return int(self._rows.persons[-1]) if self._rows else 0

    def fill(self) -> bool:
        """Read on when nothing is left of what has come. Returns whether there are rows."""
        while not self._rows and not self.at_end:
            self.read_on()
        return bool(self._rows)

    def read_on(self) -> None:
        if self._next is not None:
            joined = concatenated([self._rows, self._next]) if self._rows else self._next
            self._check_order(joined.persons)
            self._rows, self._next = joined, next(self._parts, None)

    def take_all(self) -> Rows:
        return self._take(len(self._rows or ()))

    def take_before(self, person: int) -> Rows:
        return self._take(int(np.searchsorted(self._rows.persons, person)) if self._rows else 0)

    def _take(self, count: int) -> Rows:
        rows = self._rows or Rows(np.empty(0, np.uint32), (), {})
        self._rows = rows.take(slice(count, None))
        return rows.take(slice(0, count))

    def _check_order(self, persons: Persons) -> None:
        if (persons[1:] < persons[:-1]).any():
            what = "rows of a partition are not in the order of their persons"
            raise BadInput(what, where=self._name, fix="load the delivery again, or count with --engine duckdb")


def rows_of_person(files: Sequence[Path], classes: dict[str, ColumnClasses], person: int) -> Rows:
    """The rows of one person; row groups that cannot hold them are not read."""
    found = [Rows(np.empty(0, np.uint32), (np.empty(0, np.int32),) * 2, dict.fromkeys(classes, np.empty(0, np.uint16)))]
    for path in files:
        table = pq.read_table(path, columns=[PERSON, VALID_FROM, VALID_TO, *classes], filters=[(PERSON, "==", person)], use_threads=False)
        found += [_as_rows(batch, classes) for batch in table.combine_chunks().to_batches()]
    return concatenated(found)


def batches(path: Path, columns: list[str], at_once: int) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path, memory_map=True) as file:
        for batch in file.iter_batches(batch_size=at_once, columns=columns, use_threads=False):
            if len(batch):
                yield batch


def _rows_of(path: Path, classes: dict[str, ColumnClasses], at_once: int) -> Iterator[Rows]:
    for batch in batches(path, [PERSON, VALID_FROM, VALID_TO, *classes], at_once):
        yield _as_rows(batch, classes)


def _as_rows(batch: pa.RecordBatch, classes: dict[str, ColumnClasses]) -> Rows:
    ordinals = {name: _ordinals(batch.column(name), column) for name, column in classes.items()}
    return Rows(np.asarray(batch.column(PERSON)), (days(batch.column(VALID_FROM)), days(batch.column(VALID_TO))), ordinals)


def days(column: pa.Array) -> Days:
    """Days from 1970; an open end is the last there is."""
    numbers = column.view(pa.int32())
    return np.asarray(pc.fill_null(numbers, pa.scalar(OPEN_END, pa.int32())) if numbers.null_count else numbers)


def _ordinals(column: pa.Array, classes: ColumnClasses) -> Array:
    if classes.bounds is not None:
        return ordinals_of_numbers(column, classes.bounds)
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.uint8())
    if column.null_count:
        narrow = pa.uint16() if 0 <= classes.empty <= CODES else pa.int32()
        kind = column.type if pa.types.is_int64(column.type) else narrow
        column = pc.fill_null(column.cast(kind), pa.scalar(classes.empty, kind))
    return np.asarray(column)


def ordinals_of_numbers(column: pa.Array, bounds: Integers) -> Array:
    numbers = np.asarray(pc.fill_null(column, pa.scalar(0, column.type)) if column.null_count else column)
    ordinals = _count_bounds(numbers, bounds)
    if column.null_count:
        ordinals = np.where(np.asarray(column.is_null()), np.uint16(len(bounds) + 1), ordinals)
    return ordinals


def _count_bounds(numbers: Array, bounds: Integers) -> Array:
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
    rows = concatenated(parts)
    return rows.take(np.argsort(rows.persons, kind="stable"))


def concatenated(parts: Sequence[Rows]) -> Rows:
    """The rows of all parts; there is at least one."""
    if len(parts) == 1:
        return parts[0]
    ordinals = {name: np.concatenate([part.ordinals[name] for part in parts]) for name in parts[0].ordinals}
    time = tuple(np.concatenate(columns) for columns in zip(*(part.time for part in parts), strict=True))
    return Rows(np.concatenate([part.persons for part in parts]), time, ordinals, parts[0].fields)
