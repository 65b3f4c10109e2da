"""A table in the middle of all that agree with some rows and bounds, for systems of hundreds of thousands of cells.

A primal-dual interior method without costs, whose path leads to the table farthest from all bounds (Wright, Primal-Dual Interior-Point
Methods, 1997). It needs no factors of a matrix, which fill the memory and take a time that grows much faster than the system: the
equations of each step are solved by conjugate gradients, roughly on the way, as only the last steps have to meet the rows.
"""

from __future__ import annotations

import numpy as np

from saime.core.protection.constraints import INFINITY, Knowledge, Numbers, add_by_row
from saime.core.protection.demands import Limits
from saime.core.protection.middle_loops import change, earned
from saime.core.protection.propagation import farthest_moves

FIRST = 0.1  # of the way from the lower to the upper bounds, where the search starts
CENTRING = 0.5  # of the products of rooms and prices that a step aims at
ROUGH, FINE = 1e-2, 1e-3  # of what the rows miss, left by a step on the way and by one in the end
MOST_GRADIENTS = 5000
NEARLY = 0.9  # of the way to the rows, and of the way to the first bound, that a step goes at most; the search ends with such a step
MOST_STEPS, MOST_LANDINGS = 60, 12
EXACT, NEAR = 5e-7, 1e-7  # persons, or of the sum of a row if more: by what it may be missed, and what the last step aims at
LEAST = 1e-9  # persons; a cell with less room from the start stays, and the search ends where one comes to have less


def middle_table(rows: Knowledge, bounds: tuple[Numbers, Numbers]) -> Numbers | None:
    """One value a cell; None where none was found with room to both sides in each cell that is not held by its own rows."""
    search = _Search(*_equations(rows, bounds[0], _reachable(rows, *bounds)))
    for _ in range(MOST_STEPS):
        if search.step() >= NEARLY or not search.has_room():
            break
    for _ in range(MOST_LANDINGS):
        if not search.has_room():
            break
        if search.misses() <= EXACT:
            return search.values[: len(bounds[0])]
        search.land()
    return None


def _reachable(rows: Knowledge, lower: Numbers, upper: Numbers) -> Numbers:
    """The upper bounds that the rows leave; those of counts without limit would be too far away to start between."""
    moves = farthest_moves(rows, lower, Limits(np.zeros(len(lower)), upper - lower), np.ones(len(lower), dtype=np.bool_))
    return np.asarray(lower + moves.up)


def _equations(rows: Knowledge, lower: Numbers, upper: Numbers) -> tuple[Knowledge, Numbers, Numbers]:
    """Rows with two ends as equations with one more cell, which takes up what lies between them."""
    loose = np.flatnonzero(rows.lower < rows.upper)
    if not len(loose):
        return rows, lower, upper
    least, most = (_ends(rows, *ends)[loose] for ends in ((lower, upper), (upper, lower)))
    own = np.arange(len(lower), len(lower) + len(loose), dtype=np.int64)
    after = rows.starts[1:][loose]
    starts = rows.starts + np.concatenate([[0], np.cumsum(rows.lower < rows.upper)])
    cells, signs = np.insert(rows.cells, after, own), np.insert(rows.signs, after, -1.0)
    sums = np.where(rows.lower < rows.upper, 0.0, rows.lower)
    ends = np.maximum(least, rows.lower[loose]), np.minimum(most, rows.upper[loose])
    return Knowledge(starts, cells, signs, sums, sums), np.append(lower, ends[0]), np.append(upper, ends[1])


def _ends(rows: Knowledge, added: Numbers, taken: Numbers) -> Numbers:
    """The sum of each row where the cells that it adds have one value and those that it takes off another."""
    return add_by_row(rows.signs * np.where(rows.signs > 0, added[rows.cells], taken[rows.cells]), rows.starts)


class _Search:
    """``values``: where it stands. Each cell has two rooms, down and up, and a price for each, of which the products become equal."""

    def __init__(self, rows: Knowledge, lower: Numbers, upper: Numbers) -> None:
        self._rows, self._equations = rows, (rows.starts, rows.cells, rows.signs)
        self._lower, self._upper = lower, upper
        self._moves = upper - lower > LEAST
        self.values = lower + FIRST * (upper - lower)
        self._prices = np.zeros(len(rows.lower))
        self._costs = tuple(1.0 / room for room in self._rooms())

    def _rooms(self) -> tuple[Numbers, Numbers]:
        """Down and up; 1 for cells that stay."""
        rooms = self.values - self._lower, self._upper - self.values
        return np.where(self._moves, rooms[0], 1.0), np.where(self._moves, rooms[1], 1.0)

    def has_room(self) -> bool:
        return bool(min(room.min(initial=INFINITY) for room in self._rooms()) > LEAST)

    def _missing(self) -> Numbers:
        return self._rows.lower - self._rows.activity(self.values)

    def misses(self) -> float:
        return float((np.abs(self._missing()) / np.maximum(1.0, np.abs(self._rows.lower))).max(initial=0.0))

    def _earned(self, prices: Numbers) -> Numbers:
        found = np.empty(len(self.values))
        earned(self._equations, prices, found)
        return found

    def step(self) -> float:
        """Towards the rows and the middle at once; how far of the way to the rows it went."""
        (down, up), (low, high) = self._rooms(), self._costs
        aim = CENTRING * float((down * low + up * high)[self._moves].sum()) / max(1, 2 * int(self._moves.sum()))
        ease = np.where(self._moves, 1.0 / (low / down + high / up), 0.0)
        pull = aim / up - aim / down - self._earned(self._prices)
        prices = change(self._equations, ease, self._missing() + self._rows.activity(ease * pull), (ROUGH, 0.0), MOST_GRADIENTS)
        moved = ease * (self._earned(prices) - pull)
        costs = aim / down - low - low / down * moved, aim / up - high + high / up * moved
        far = min(_farthest(low, costs[0]), _farthest(high, costs[1]))
        self._prices += far * prices
        self._costs = low + far * costs[0], high + far * costs[1]
        return self._move(moved)

    def land(self) -> None:
        """By the movement to the rows that is least for the room that each cell has."""
        down, up = self._rooms()
        ease = np.where(self._moves, 1.0 / (down**-2.0 + up**-2.0), 0.0)
        self._move(ease * self._earned(change(self._equations, ease, self._missing(), (FINE, NEAR), MOST_GRADIENTS)))

    def _move(self, moved: Numbers) -> float:
        down, up = self._rooms()
        far = min(_farthest(down, moved), _farthest(up, -moved))
        self.values = self.values + far * moved
        return far


def _farthest(rooms: Numbers, moved: Numbers) -> float:
    """How much of the movement leaves some of every room; 1 at most."""
    shrinks = moved < 0
    return min(1.0, NEARLY * float((-rooms[shrinks] / moved[shrinks]).min(initial=np.inf)))
