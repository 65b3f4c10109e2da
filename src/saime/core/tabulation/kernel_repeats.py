"""Rows that repeat the row before them, as payments do that repeat a person's circumstances, are left out before anything is looked up."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from saime.core.tabulation.kernel_rows import Array, Rows

ROWS_AT_ONCE = 1 << 15  # so that all columns stay in the processor's cache between marking and taking

Marks = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int32]


class RowLoops(Protocol):
    def mark_changes(self, marks: Marks, values: Array, before: Array) -> None: ...

    def marked(self, marks: Marks, first: int, places: Places) -> int: ...

    def gather(self, column: Array, places: Places, to: Array) -> None: ...


class Distinct:
    """Takes the rows that differ from the one before, into memory that is used again: fresh memory costs more than the work."""

    def __init__(self, loops: RowLoops) -> None:
        self._loops = loops
        self._marks = np.empty(ROWS_AT_ONCE, np.uint8)
        self._places = np.empty(ROWS_AT_ONCE + 1, np.int32)
        self._columns: tuple[Array, ...] = ()

    def take(self, rows: Rows) -> Rows:
        """Good until the next call."""
        columns = rows.columns
        self._make_room(columns)
        kept = 0
        for first in range(0, len(rows), ROWS_AT_ONCE):
            end = min(first + ROWS_AT_ONCE, len(rows))
            marks, start = self._marks[: end - first], max(first, 1)
            marks[:] = 0
            marks[:1] = first == 0
            for column in columns:
                self._loops.mark_changes(marks[start - first :], column[start:end], column[start - 1 : end - 1])
            found = self._loops.marked(marks, first, self._places)
            for column, to in zip(columns, self._columns, strict=True):
                self._loops.gather(column, self._places[:found], to[kept : kept + found])
            kept += found
        persons, *others = (to[:kept] for to in self._columns)
        spans = len(rows.time)
        return Rows(persons, tuple(others[:spans]), dict(zip(rows.ordinals, others[spans:], strict=True)))

    def _make_room(self, columns: tuple[Array, ...]) -> None:
        length = len(columns[0])
        fits = len(self._columns) == len(columns) and length <= len(self._columns[0])
        if not fits or any(mine.dtype != column.dtype for mine, column in zip(self._columns, columns, strict=True)):
            self._columns = tuple(np.empty(length, column.dtype) for column in columns)
