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
def mark_changes(marks: npt.NDArray[np.uint8], values: npt.NDArray[Any], before: npt.NDArray[Any]) -> None:
    """Mark where a value is not the one before."""
    for row in range(len(marks)):
        marks[row] |= values[row] != before[row]


@loop
def marked(marks: npt.NDArray[np.uint8], first: int, places: npt.NDArray[np.int32]) -> int:
    """Put the marked places, counted from ``first``, into ``places``, which has room for one more; returns how many."""
    found = 0
    for row in range(len(marks)):
        places[found] = first + row
        found += marks[row]
    return found


@loop
def gather(column: npt.NDArray[Any], places: npt.NDArray[np.int32], to: npt.NDArray[Any]) -> None:
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
def spell_periods(slots: Slots, valid_from: Days, valid_to: Days) -> Integers:
    """The periods that each spell touches, as bits."""
    masks = np.empty(len(valid_from), np.int64)
    for row in range(len(masks)):
        begins = min(max(valid_from[row], slots.first), slots.last) - slots.first
        ends = min(max(valid_to[row], slots.first), slots.last) - slots.first
        masks[row] = slots.from_first[begins] & slots.to_last[ends]
    return masks


@loop
def add_looked_up(patterns: Integers, ordinals: npt.NDArray[Any], table: Integers) -> None:
    for row in range(len(patterns)):
        patterns[row] |= table[ordinals[row]]
