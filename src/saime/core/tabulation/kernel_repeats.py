"""Rows that repeat the row before them, as payments do that repeat a person's circumstances, are left out before anything is looked up."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from saime.core.tabulation.kernel_rows import Array, Rows

ROWS_AT_ONCE = 1 << 15  # so that all columns stay in the processor's cache between marking and looking up
WIDE, NARROW = 2, 5  # columns beside the spells that are compared at once: of four bytes, the person among them, and of two

Marks = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int32]
Columns = tuple[Array, ...]


class RepeatLoops(Protocol):
    def mark_changes(self, marks: Marks, first: int, spells: Columns, wide: Columns, narrow: Columns) -> None: ...

    def marked(self, marks: Marks, first: int, places: Places, runs: Places, begins: Places) -> tuple[int, int]: ...


class Changes(NamedTuple):
    """``places``: of the rows that differ from the one before. ``runs``: of those that differ in more than their spell.

    ``begins``: where each run begins in ``places``, and the end.
    """

    places: Places
    runs: Places
    begins: Places


def every(rows: Rows) -> Changes:
    """All rows, each a run of its own."""
    places = np.arange(len(rows) + 1, dtype=np.int32)
    return Changes(places[:-1], places[:-1], places)


class Repeats:
    """Finds the rows that differ from the one before, in memory that is used again."""

    def __init__(self, loops: RepeatLoops) -> None:
        self._loops = loops
        self._marks = np.empty(ROWS_AT_ONCE, np.uint8)
        self._places, self._runs, self._begins = np.empty((3, ROWS_AT_ONCE + 1), np.int32)

    def changes(self, rows: Rows) -> Iterator[Changes]:
        """Of some rows at a time, the first of which always counts as changed; good until the next."""
        spells, groups = tuple(_shown(days, np.int32) for days in rows.time), _groups(rows)
        for first in range(0, len(rows), ROWS_AT_ONCE):
            marks = self._marks[: len(rows) - first]
            marks[:] = 0
            for wide, narrow in groups:
                self._loops.mark_changes(marks[1:], first + 1, spells, wide, narrow)
            marks[0] = 3
            places, runs = self._loops.marked(marks, first, self._places, self._runs, self._begins)
            yield Changes(self._places[:places], self._runs[:runs], self._begins[: runs + 1])

    def left_out(self, rows: Rows) -> Rows:
        """The other rows."""
        return rows.take(np.concatenate([np.empty(0, np.int32), *(changes.places.copy() for changes in self.changes(rows))]))


def _groups(rows: Rows) -> list[tuple[Columns, Columns]]:
    """The other columns as those of four and of two bytes, as many in a group as are compared at once; the last are repeated."""
    columns = (rows.persons, *rows.ordinals.values())
    wide = [word for column in columns if column.itemsize >= 4 for word in _words(column)]
    narrow = [_shown(column.astype(np.uint16, copy=False), np.uint16) for column in columns if column.itemsize < 4]
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
