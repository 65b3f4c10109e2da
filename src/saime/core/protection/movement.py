"""The cheapest other table: how counts would have to move so that one cell holds another count and all rows still agree.

The cells that move are those a reader must not know; their support is what secondary suppression withholds.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from saime.core.protection.constraints import Flags, Knowledge, Numbers, Places, add_by_row
from saime.core.protection.demands import Limits
from saime.core.protection.reduction import reduce_rows
from saime.core.protection.solver import DUAL_SIMPLEX, LinearProgram

MOVED = 1e-6  # persons; a smaller movement is the solver's rounding


class Movement:
    """Movements of the ``movable`` cells from the true counts; cells that are not available are free.

    ``values``: true counts, nan where not available. ``free``: the least and the most that a cell not available may hold, if other
    than 0 and any number. A movement is an array over all cells, in persons.
    """

    def __init__(
        self,
        rows: Knowledge,
        values: Numbers,
        movable: Flags,
        limits: Limits,
        free: tuple[Numbers, Numbers] | None = None,
        *,
        solver: Any = None,
    ) -> None:
        absent = np.isnan(values)
        counts = np.nan_to_num(values)
        self._places: Places = np.flatnonzero(movable & ~absent)
        self._size = len(values)
        self._column = np.full(self._size, -1, dtype=np.int64)
        self._column[self._places] = np.arange(len(self._places))
        activity = reduce_rows(rows, absent | movable, np.where(absent, 0.0, counts))
        self._limits, self._solver = limits, solver
        self._free = free or (np.zeros(self._size), np.full(self._size, np.inf))
        self._program = self._build(activity, counts, np.flatnonzero(absent))

    def _build(self, rows: Knowledge, counts: Numbers, absent: Places) -> LinearProgram:
        """Columns: up and down of each movable cell, then the whole count of each cell that is not available."""
        n = len(self._places)
        column = self._column.copy()
        column[absent] = 2 * n + np.arange(len(absent))
        once, lengths = column[rows.cells], np.diff(rows.starts)
        row = np.repeat(np.arange(len(lengths)), lengths)
        moves = once < n  # these terms stand twice: up with their sign, down with the other
        order = np.argsort(np.concatenate([row, row[moves]]), kind="stable")
        columns = np.concatenate([once, once[moves] + n])[order].astype(np.int32)
        signs: Numbers = np.concatenate([rows.signs, -rows.signs[moves]])[order]
        starts = np.concatenate([[0], np.cumsum(lengths + add_by_row(moves.astype(np.float64), rows.starts))]).astype(np.int64)
        at_truth = rows.activity(counts)
        upper = np.concatenate([self._limits.up[self._places], self._limits.down[self._places], self._free[1][absent]])
        bounds = (np.concatenate([np.zeros(2 * n), self._free[0][absent]]), upper)
        return LinearProgram(
            (starts, columns, signs), (rows.lower - at_truth, rows.upper - at_truth), bounds, strategy=DUAL_SIMPLEX, solver=self._solver
        )

    def set_costs(self, costs: Numbers) -> None:
        """Cost of moving each cell by one person; shape: all cells."""
        own = costs[self._places]
        self._program.set_costs(np.concatenate([own, own, np.zeros(self._program.size - 2 * len(own))]))

    def pin(self, place: int) -> None:
        """The cell may not move any more."""
        for column in self._columns(place):
            self._program.set_bounds(column, 0.0, 0.0)

    def release(self, place: int) -> None:
        up, down = self._columns(place)
        self._program.set_bounds(up, 0.0, float(self._limits.up[place]))
        self._program.set_bounds(down, 0.0, float(self._limits.down[place]))

    def cheapest(self, place: int, change: float) -> Numbers | None:
        """The cheapest movement in which the cell changes by ``change`` persons or more; None if there is none."""
        up, down = self._columns(place)
        forward, back = (up, down) if change > 0 else (down, up)
        room = float((self._limits.up if change > 0 else self._limits.down)[place])
        if room < abs(change):
            return None
        self._program.set_bounds(forward, abs(change), room)
        self._program.set_bounds(back, 0.0, 0.0)
        point = self._program.solve()
        self.release(place)
        return None if point is None else self._movement(point)

    def farthest(self, place: int, change: float, reward: float) -> Numbers:
        """The movement in which the cell changes by ``change``, or as far towards it as the others let it; each person earns ``reward``.

        Costs as set before, which the reward has to outweigh.
        """
        forward, back = self._columns(place) if change > 0 else self._columns(place)[::-1]
        self._program.set_bounds(forward, 0.0, abs(change))
        self._program.set_bounds(back, 0.0, 0.0)  # going there and back at once earns nothing
        self._program.set_cost(forward, -reward)
        point, _ = self._program.solve_with_duals()  # there is one, as nothing has to move
        return self._movement(point)

    def pull(self) -> Numbers:
        """What a person more of room would have earned: above 0 for cells that should go further up, below 0 further down.

        Shape: all cells. After ``farthest``.
        """
        n, found = len(self._places), np.zeros(self._size)
        gains = np.maximum(-self._program.reduced_costs(), 0.0)
        found[self._places] = gains[:n] - gains[n : 2 * n]
        return found

    def _movement(self, point: Numbers) -> Numbers:
        n = len(self._places)
        movement = np.zeros(self._size)
        movement[self._places] = point[:n] - point[n : 2 * n]
        movement[np.abs(movement) < MOVED] = 0.0
        return movement

    def _columns(self, place: int) -> tuple[int, int]:
        column = int(self._column[place])
        return column, column + len(self._places)
