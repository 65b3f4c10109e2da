"""Amounts and record keys in the kernel: rows are expanded to all cells above them, some persons at a time, and added up by person and
cell.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from saime.core.tabulation.contributions import Contributions
from saime.core.tabulation.kernel import Loops
from saime.core.tabulation.kernel_arrays import ancestors, cube_cells, distinct, single_leaves
from saime.core.tabulation.kernel_fields import NO_VALUE, StoredColumn
from saime.core.tabulation.kernel_layout import Layout, Slots
from saime.core.tabulation.kernel_lookups import Lookups
from saime.core.tabulation.kernel_membership import ColumnClasses, Integers
from saime.core.tabulation.kernel_rows import Persons, Rows
from saime.core.tabulation.specification import Specification
from saime.core.warehouse.record_keys import RecordKeyTable

ROWS_EXPANDED_AT_ONCE = 1 << 14  # about; persons stay whole


def with_amounts(layout: Layout, specification: Specification) -> dict[str, ColumnClasses]:
    """The columns to read: those of the layout, and the amounts."""
    amount = str(specification.amount)
    return {**layout.classes, amount: StoredColumn.of(amount)}


class _Expander:
    """Rows of some persons at a time, expanded to every cell above them. Persons may come in any order and parts, as long as each
    comes whole.
    """

    def __init__(self, layout: Layout, loops: Loops, specification: Specification) -> None:
        self._layout, self._loops, self._lookups = layout, loops, Lookups(layout, loops)
        self._width = len(specification.periods)

    def add_rows(self, rows: Rows) -> None:
        for some in _portions(self._loops.person_starts(rows.persons)):
            self._add_portion(rows.take(some))

    def _add_portion(self, rows: Rows) -> None:
        raise NotImplementedError

    def _expanded(self, rows: Rows) -> Iterator[tuple[Integers, Integers]]:
        """The row's number and the cell's position in the structure, for each of both, once; some periods at a time."""
        patterns = self._lookups.patterns(rows)
        for slots in self._layout.slots:
            masks = self._lookups.periods(slots, rows)
            here = np.flatnonzero((patterns >= 0) & (masks != 0))
            yield self._cells_of_rows(slots, here, patterns[here], masks[here])

    def _cells_of_rows(self, slots: Slots, rows: Integers, patterns: Integers, masks: Integers) -> tuple[Integers, Integers]:
        """Every cell of every row, each once: the row's number and the cell's position in the structure."""
        trees = self._layout.trees
        row, packed, mask = ancestors(trees, *single_leaves(trees, (rows, patterns, masks)))
        if trees.has_leaf_sets:
            row, packed, mask = distinct(row, packed, mask)
        cells = cube_cells(trees, packed) * self._width
        bits = [np.flatnonzero(mask >> bit & 1) for bit in range(len(slots.positions))]
        return np.concatenate([row[at] for at in bits]), np.concatenate(
            [cells[at] + position for at, position in zip(bits, slots.positions, strict=True)]
        )


class AmountAdder(_Expander):
    """One thread's sums of amounts. Equal rows are not left out as for counting persons: each has its amount."""

    def __init__(self, layout: Layout, loops: Loops, specification: Specification, ordered: bool) -> None:
        super().__init__(layout, loops, specification)
        self.result = Contributions(specification.structure.size, ordered=ordered)
        self._amount = str(specification.amount)

    def _add_portion(self, rows: Rows) -> None:
        amounts = rows.ordinals[self._amount].astype(np.int64)
        stated = np.flatnonzero(amounts != NO_VALUE)
        rows, amounts = rows.take(stated), amounts[stated]
        for row, cells in self._expanded(rows):
            self._take(rows.persons[row], cells, amounts[row])

    def _take(self, person: Persons, cells: Integers, amounts: Integers) -> None:
        """Add up by person and cell, and take the contributions in."""
        order, begins = _pairs(person, cells)
        if len(begins):
            self.result.take(cells[order[begins]], np.add.reduceat(amounts[order], begins), np.ones(len(begins), np.int64))


class RecordKeyAdder(_Expander):
    """One thread's sums of record keys, modulo 2**32: each person once in each cell."""

    def __init__(self, layout: Layout, loops: Loops, specification: Specification, keys: RecordKeyTable) -> None:
        super().__init__(layout, loops, specification)
        self.sums = np.zeros(specification.structure.size, np.uint32)
        self._keys = keys

    def _add_portion(self, rows: Rows) -> None:
        for row, cells in self._expanded(rows):
            order, begins = _pairs(rows.persons[row], cells)
            once = order[begins]
            np.add.at(self.sums, cells[once], self._keys.of(rows.persons[row[once]]))


def _pairs(person: Persons, cells: Integers) -> tuple[Integers, Integers]:
    """The order by person and cell, and where in it each pair begins."""
    order = np.lexsort((cells, person))
    person, cells = person[order], cells[order]
    differs = (person[1:] != person[:-1]) | (cells[1:] != cells[:-1])
    return order, np.flatnonzero(np.concatenate([[True], differs])[: len(cells)])


def _portions(starts: Integers) -> Iterator[slice]:
    """Rows of whole persons, about ROWS_EXPANDED_AT_ONCE each."""
    first = 0
    while first < len(starts) - 1:
        last = int(np.searchsorted(starts, starts[first] + ROWS_EXPANDED_AT_ONCE, side="left"))
        last = min(max(last, first + 1), len(starts) - 1)
        yield slice(int(starts[first]), int(starts[last]))
        first = last
