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
def mark_changes(marks: npt.NDArray[np.uint8], first: int, wide: tuple[Any, Any, Any], narrow: tuple[Any, Any, Any, Any, Any]) -> None:
    """Mark where a row, counted from ``first``, is not the one before in one of the columns; all of them at once, each in registers."""
    a, b, c = wide
    d, e, f, g, h = narrow
    a, b, c = a[first - 1 :], b[first - 1 :], c[first - 1 :]
    d, e, f, g, h = d[first - 1 :], e[first - 1 :], f[first - 1 :], g[first - 1 :], h[first - 1 :]
    for row in range(len(marks)):
        at = row + 1
        in_wide = (a[row] != a[at]) | (b[row] != b[at]) | (c[row] != c[at])
        marks[row] |= in_wide | (d[row] != d[at]) | (e[row] != e[at]) | (f[row] != f[at]) | (g[row] != g[at]) | (h[row] != h[at])


@loop
def marked(marks: npt.NDArray[np.uint8], first: int, places: Places) -> int:
    """Put the marked places, counted from ``first``, into ``places``, which has room for one more; returns how many."""
    found = 0
    for row in range(len(marks)):
        places[found] = first + row
        found += marks[row]
    return found


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
def spell_periods(slots: Slots, valid_from: Days, valid_to: Days, places: Places, masks: Integers) -> None:
    """The periods that the spell at each of the places touches, as bits."""
    first, last, from_first, to_last = slots.first, slots.last, slots.from_first, slots.to_last
    for row in range(len(places)):
        begins = min(max(valid_from[places[row]], first), last) - first
        ends = min(max(valid_to[places[row]], first), last) - first
        masks[row] = from_first[begins] & to_last[ends]


@loop
def add_looked_up(patterns: Integers, column: npt.NDArray[Any], places: Places, shift: int, bits: int, table: Integers) -> None:
    """Look up the value at each of the places, or the field of ``bits`` in it."""
    for row in range(len(places)):
        patterns[row] |= table[(np.int64(column[places[row]]) >> shift) & bits]
