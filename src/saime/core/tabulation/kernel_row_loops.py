"""Loops over rows, compiled by numba: where persons begin, rows that repeat, lookups."""

# mypy: disable-error-code="misc, no-any-return"

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from saime.core.tabulation.kernel_layout import Slots
from saime.core.tabulation.kernel_membership import Integers

LOOKED_THROUGH = 64  # rows of a person

Days = npt.NDArray[np.int32]
Places = npt.NDArray[np.int32]
Marks = npt.NDArray[np.uint8]

loop = njit(cache=True, nogil=True)


@loop
def person_starts(persons: npt.NDArray[np.uint32]) -> Integers:
    """The first row of each person, and the number of rows at the end."""
    starts = np.empty(len(persons) + 1, np.int64)
    found = 0
    for row in range(len(persons)):
        starts[found] = row
        found += row == 0 or persons[row] != persons[row - 1]
    starts[found] = len(persons)
    return starts[: found + 1].copy()


@loop
def mark_changes(marks: Marks, first: int, spells: tuple[Any, Any], wide: tuple[Any, Any], narrow: tuple[Any, Any, Any, Any, Any]) -> None:
    """Mark by 1 where the spell of a row, counted from ``first``, is not that of the row before, and by 3 where another column is not.

    All columns at once, as reading them is what costs.
    """
    (a, b), (c, d), (e, f, g, h, i) = spells, wide, narrow
    a, b, c, d = a[first - 1 :], b[first - 1 :], c[first - 1 :], d[first - 1 :]
    e, f, g, h, i = e[first - 1 :], f[first - 1 :], g[first - 1 :], h[first - 1 :], i[first - 1 :]
    for row in range(len(marks)):
        at = row + 1
        in_spell = (a[row] != a[at]) | (b[row] != b[at])
        in_wide = (c[row] != c[at]) | (d[row] != d[at])
        in_narrow = (e[row] != e[at]) | (f[row] != f[at]) | (g[row] != g[at]) | (h[row] != h[at]) | (i[row] != i[at])
        marks[row] |= np.uint8(in_spell) | (np.uint8(in_wide | in_narrow) * np.uint8(3))


@loop
def marked(marks: Marks, first: int, places: Places, runs: Places, begins: Places) -> tuple[int, int]:
    """Put the marked places, counted from ``first``, into ``places``, those marked by 3 also into ``runs``, and where these stand
    in ``places``, and its end, into ``begins``. There is room for one more. Returns how many places and runs there are."""
    found, begun = 0, 0
    for row in range(len(marks)):
        places[found] = row
        found += marks[row] & 1
    for place in range(found):
        at = np.uint32(places[place])
        places[place] = runs[begun] = first + at
        begins[begun] = place
        begun += marks[at] >> 1
    begins[begun] = found
    return found, begun


@loop
def gather(column: npt.NDArray[Any], places: Places, to: npt.NDArray[Any]) -> None:
    for place in range(len(places)):
        to[place] = column[places[place]]


@loop
def join_equal(persons: npt.NDArray[np.uint32], facts: Integers, masks: Integers) -> int:
    """Give equal facts of a person their masks together, in place; returns how many rows are left. Rows without a mask are left out.

    Only the last rows are looked through: what stays apart is not wrong, and persons have few combinations.
    """
    first, found = 0, 0
    for row in range(len(persons)):
        if masks[row] == 0:
            continue
        if found > first and persons[found - 1] != persons[row]:
            first = found
        at = max(first, found - LOOKED_THROUGH)
        while at < found and facts[at] != facts[row]:
            at += 1
        if at == found:
            persons[at], facts[at], masks[at] = persons[row], facts[row], masks[row]
            found += 1
        else:
            masks[at] |= masks[row]
    return found


@loop
def spell_periods(slots: Slots, valid_from: Days, valid_to: Days, places: Places, begins: Places, masks: Integers) -> None:
    """The periods that the spells of each run of places touch, as bits. ``begins``: of the runs in ``places``, and the end."""
    first, last, from_first, to_last = slots.first, slots.last, slots.from_first, slots.to_last
    for run in range(len(masks)):
        mask = 0
        for row in range(begins[run], begins[run + 1]):
            place = np.uint32(places[row])  # without a sign, so that it is not taken for one from the end
            begin = min(max(valid_from[place], first), last) - first
            end = min(max(valid_to[place], first), last) - first
            mask |= from_first[np.uint64(begin)] & to_last[np.uint64(end)]
        masks[run] = mask


@loop
def add_looked_up(patterns: Integers, column: npt.NDArray[Any], places: Places, shift: int, bits: int, table: Integers) -> None:
    """Look up the value at each of the places, or the field of ``bits`` in it."""
    for row in range(len(places)):
        patterns[row] |= table[np.uint64((np.int64(column[np.uint32(places[row])]) >> shift) & bits)]
