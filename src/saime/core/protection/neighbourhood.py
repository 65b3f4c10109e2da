"""The cells around one that could move with it, as a small suppression problem of their own; all others are held."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from saime.core.protection.constraints import INFINITY, Flags, Knowledge, Numbers, Places
from saime.core.protection.demands import Limits
from saime.core.protection.movement import Movement
from saime.core.protection.neighbourhood_loops import grow, peel
from saime.core.protection.reduction import ranges, reduce_rows, take_rows
from saime.core.protection.solver import DUAL_SIMPLEX, new_solver
from saime.core.protection.witnesses import Witness, rows_of_cells

FIRST, FACTOR = 128, 4  # cells looked at first; how many times more when these have no answer
FEWER_ROWS = 30.0  # times the typical cost: what it counts to leave another row to be balanced, once cheap cells had no answer
REWARD = 1000.0  # for a person by whom a cell changes, where moving all cells by one person costs 1
NOTICED = 1e-3  # of the reward: a cell that holds others up by less does not count
FARTHEST = 100.0  # times that a movement is stretched at most


class Neighbourhoods:
    """``table``: a value for each cell, which agrees with the rows. ``limits``: how far each cell may move from it."""

    def __init__(self, rows: Knowledge, table: Numbers, limits: Limits) -> None:
        size, count = len(table), len(rows.lower)
        self._rows, self._table, self._limits = rows, table, limits
        self._solver = new_solver(simplex_strategy=DUAL_SIMPLEX)
        self._large_solver = new_solver(simplex_strategy=DUAL_SIMPLEX, presolve="on")
        starts, order = rows_of_cells(rows, size)
        self._by_cell = starts, np.repeat(np.arange(count, dtype=np.int64), np.diff(rows.starts))[order]
        self._by_row = rows.starts, rows.cells
        self._is_equation = rows.lower == rows.upper
        self._row_seen, self._counts = np.zeros(count, dtype=np.bool_), np.zeros(count, dtype=np.int64)
        self._left, self._column = (np.full(size, -1, dtype=np.int64) for _ in range(2))
        self._inside = np.zeros(size, dtype=np.bool_)

    def movable(self, cells: Places) -> Places:
        """Those of the cells that are not alone in an equation, once all others are held."""
        return np.asarray(peel(cells, self._by_cell, self._by_row, self._is_equation, self._inside, self._counts))

    def cheapest(
        self, place: int, change: float, costs: Numbers, typical: float, open_cells: Flags, largest: float = INFINITY
    ) -> list[Witness]:
        """The cheapest movement of open cells near ``place`` that changes it by ``change`` or more, stretched both ways; empty if none.

        ``typical``: of the costs. ``largest``: no more cells than these are looked at. Cheap cells are looked at first; if they have no
        answer, those that balance each other and have room.
        """
        most, weights = FIRST, costs
        while True:
            ball = grow(place, most, self._by_cell, self._by_row, open_cells, weights, typical, self._row_seen, self._left)
            cells = np.sort(self.movable(ball))
            moved = self._solve(cells, int(np.searchsorted(cells, place)), change, costs[cells]) if place in cells else None
            if moved is not None:
                return list(self.stretched(moved))
            if len(ball) < most or most * FACTOR > largest:
                return []
            if most == FIRST:
                weights, typical = self._weights(costs, typical, abs(change))
            most *= FACTOR

    def farthest(self, cells: Places, place: int, change: float, costs: Numbers) -> tuple[Witness | None, Places, Numbers]:
        """The cheapest movement of these cells alone that changes ``place`` by ``change``, or as far as they let it; None if not at all.

        And the cells that hold it up for want of room, the worst first, with how badly: above 0 where they should go further up.
        """
        able = np.sort(self.movable(cells))
        column = int(np.searchsorted(able, place))
        if column == len(able) or able[column] != place:
            return None, able[:0], np.zeros(0)
        movement = self._movement(able, self._solver)
        movement.set_costs(costs[able] / max(float(costs[able].sum()), 1.0))
        moved = movement.farthest(column, change, REWARD)
        pull = movement.pull()
        pull[column] = 0.0
        tight = np.argsort(-np.abs(pull), kind="stable")[: np.count_nonzero(np.abs(pull) > NOTICED * REWARD)]
        own = np.flatnonzero(moved)
        return Witness(able[own], moved[own]) if moved[column] else None, able[tight], pull[tight]

    def _movement(self, cells: Places, solver: Any) -> Movement:
        limits = Limits(self._limits.down[cells], self._limits.up[cells])
        return Movement(self._rows_over(cells), self._table[cells], np.ones(len(cells), dtype=np.bool_), limits, solver=solver)

    def _weights(self, costs: Numbers, typical: float, change: float) -> tuple[Numbers, float]:
        """Of cells and of open rows where those come first that balance each other and have room."""
        fewer = typical * FEWER_ROWS
        return costs + fewer * change / np.maximum(self._limits.down, 1.0), fewer

    def _solve(self, cells: Places, column: int, change: float, costs: Numbers) -> Witness | None:
        movement = self._movement(cells, self._solver if len(cells) <= FIRST else self._large_solver)
        movement.set_costs(costs)
        moved = movement.cheapest(column, change)
        if moved is None:
            return None
        own = np.flatnonzero(moved)
        return Witness(cells[own], moved[own])

    def stretched(self, witness: Witness) -> Iterator[Witness]:
        """The movement as far as its cells have room, and the other way round; equations are kept by any multiple, other rows maybe not."""
        if not self._is_equation[self._touched(witness.cells)].all():
            yield witness
            return
        for amounts in (witness.amounts, -witness.amounts):
            room = np.where(amounts > 0, self._limits.up[witness.cells], self._limits.down[witness.cells])
            if (share := float((room / np.abs(amounts)).min())) > 0:
                yield Witness(witness.cells, min(share, FARTHEST) * amounts)

    def _touched(self, cells: Places) -> Places:
        starts, owners = self._by_cell
        return np.unique(owners[ranges(starts[cells], starts[cells + 1])])

    def _rows_over(self, cells: Places) -> Knowledge:
        touched = self._touched(cells)
        self._inside[cells] = True
        self._column[cells] = np.arange(len(cells))
        rows = reduce_rows(take_rows(self._rows, touched), self._inside, self._table)
        self._inside[cells] = False
        return Knowledge(rows.starts, self._column[rows.cells], rows.signs, rows.lower, rows.upper)
