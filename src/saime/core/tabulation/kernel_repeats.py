"""Rows that repeat the row before them, as payments do that repeat a person's circumstances, are left out before anything is looked up."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from typing import Protocol

import numpy as np
import numpy.typing as npt

from saime.core.tabulation.kernel_rows import Array, Rows

ROWS_AT_ONCE = 1 << 15  # so that all columns stay in the processor's cache between marking and looking up
WIDE, NARROW = 3, 5  # columns that are compared at once: of four bytes and of two, as a person number, a spell and five codes

Marks = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int32]
Columns = tuple[Array, ...]


class RepeatLoops(Protocol):
    def mark_changes(self, marks: Marks, first: int, wide: Columns, narrow: Columns) -> None: ...

    def marked(self, marks: Marks, first: int, places: Places) -> int: ...


class Repeats:
    """Finds the rows that differ from the one before, in memory that is used again."""

    def __init__(self, loops: RepeatLoops) -> None:
        self._loops = loops
        self._marks = np.empty(ROWS_AT_ONCE, np.uint8)
        self._places = np.empty(ROWS_AT_ONCE + 1, np.int32)

    def places(self, rows: Rows) -> Iterator[Places]:
        """Where those rows are, some at a time; good until the next."""
        groups = _groups(rows)
        for first in range(0, len(rows), ROWS_AT_ONCE):
            marks, start = self._marks[: len(rows) - first], max(first, 1)
            marks[:] = 0
            marks[:1] = first == 0
            for wide, narrow in groups:
                self._loops.mark_changes(marks[start - first :], start, wide, narrow)
            yield self._places[: self._loops.marked(marks, first, self._places)]

    def left_out(self, rows: Rows) -> Rows:
        """The other rows."""
        return rows.take(np.concatenate([np.empty(0, np.int32), *(places.copy() for places in self.places(rows))]))


def _groups(rows: Rows) -> list[tuple[Columns, Columns]]:
    """The columns as those of four and of two bytes, as many in each group as are compared at once; the last are repeated."""
    wide = [word for column in rows.columns if column.itemsize >= 4 for word in _words(column)]
    narrow = [_shown(column.astype(np.uint16, copy=False), np.uint16) for column in rows.columns if column.itemsize < 4]
    narrow = narrow or [_shown(np.zeros(len(rows), np.uint16), np.uint16)]
    groups = max(-(-len(wide) // WIDE), -(-len(narrow) // NARROW))
    return [(_some(wide, group, WIDE), _some(narrow, group, NARROW)) for group in range(groups)]


def _words(column: Array) -> list[Array]:
    if column.itemsize == 4:
        return [_shown(column, np.int32)]
    return [_shown(np.ascontiguousarray(half), np.int32) for half in column.view(np.int32).reshape(-1, 2).T]


def _shown(column: Array, kind: type) -> Array:
    """As numbers of one kind that nobody writes to: compiled loops are compiled for each mixture that they meet."""
    shown: Array = column.view(kind)
    shown.flags.writeable = False
    return shown


def _some(columns: list[Array], group: int, size: int) -> Columns:
    chosen = columns[group * size : (group + 1) * size]
    return (*chosen, *repeat(columns[-1], size - len(chosen)))
