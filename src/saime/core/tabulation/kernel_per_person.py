"""Dimensions per person in the kernel: a row is in the codes of all rows of its person that touch the same period.

The rows' cells over the joint dimensions, and over each dimension per person, are sets by person; their product, with the
periods that both touch, is a set of packed cells that is counted like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from saime.core.tabulation.kernel import Counter, Loops
from saime.core.tabulation.kernel_arrays import Set, distinct, repeated, single_leaves
from saime.core.tabulation.kernel_layout import Layout
from saime.core.tabulation.kernel_lookups import Lookups
from saime.core.tabulation.kernel_membership import Integers
from saime.core.tabulation.kernel_repeats import Repeats
from saime.core.tabulation.kernel_rows import Rows
from saime.core.tabulation.specification import Specification


class PerPersonCounter(Counter):
    """A Counter whose rows are first joined to the codes of their person's other rows."""

    def __init__(self, layout: Layout, loops: Loops, specification: Specification) -> None:
        super().__init__(layout, loops)
        first = len(layout.memberships) - len(specification.dimensions)  # the filter, if there is one, stands ahead
        per_person = [first + place for place, dimension in enumerate(specification.dimensions) if dimension.per_person]
        joint = [place for place in range(len(layout.memberships)) if place not in per_person]
        self._repeats = Repeats(loops)
        self._parts = [_part(layout, loops, joint), *(_part(layout, loops, [*range(first), place]) for place in per_person)]

    def add_rows(self, rows: Rows, weight: int = 1) -> None:
        rows = self._repeats.left_out(rows) if len(rows.time) > 1 else rows
        starts = self._loops.person_starts(rows.persons)
        person = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        for slots, cubes in zip(self._layout.slots, self.cubes, strict=True):
            masks = self._lookups.periods(slots, rows)
            joined, *others = (self._cells(part, rows, person, masks) for part in self._parts)
            for other in others:
                joined = _product(joined, other)
            begins = self._loops.person_starts(joined[0].astype(np.uint32))
            self._loops.count(self._layout.trees, begins, joined[1], joined[2], cubes, weight)

    def _cells(self, part: Lookups, rows: Rows, person: Integers, masks: Integers) -> Set:
        """By person, the packed cells over the dimensions of the part; the fields of other dimensions are 0."""
        patterns = part.patterns(rows)
        counted = (masks != 0) & (patterns >= 0)
        return single_leaves(self._layout.trees, distinct(person[counted], patterns[counted], masks[counted]))


def _part(layout: Layout, loops: Loops, places: Sequence[int]) -> Lookups:
    """It looks up patterns over some of the memberships only."""
    memberships = tuple(layout.memberships[place] for place in places)
    tables = tuple(layout.tables[place] for place in places)
    return Lookups(replace(layout, memberships=memberships, tables=tables), loops)


def _product(ones: Set, others: Set) -> Set:
    """Each cell of a person joined to each other cell of the same person, where they meet in a period."""
    first, end = (np.searchsorted(others[0], ones[0], side=side) for side in ("left", "right"))
    rows, steps = repeated(end - first)
    places = first[rows] + steps
    mask = ones[2][rows] & others[2][places]
    meet = mask != 0
    return ones[0][rows][meet], (ones[1][rows] | others[1][places])[meet], mask[meet]
