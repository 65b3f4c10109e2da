"""Intervals that many cells have at least, from few linear programs: for parts in which two programs a cell would take too long.

One table that agrees with everything known is sought, by an interior method that stays away from all bounds. From there, other tables
are found that differ from it in few cells: by hypercubes (``hypercubes.py``), by small programs over the cells of some of these
(``clusters.py``), or over the cells around one (``neighbourhood.py``), many more for the few cells that are then left. Each table proves
for all its cells what they can hold; how it was found does not matter, as ``witnesses.py`` checks every one against all rows. What is left
is sought for all cells that lack something at once, by programs over the whole part; and what is not found so either is decided by two
programs a cell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from saime.core.errors import SaimeError
from saime.core.protection.audit import ROUNDING, Part
from saime.core.protection.clusters import Clusters
from saime.core.protection.constraints import INFINITY, Flags, Knowledge, Numbers, Places
from saime.core.protection.demands import Limits
from saime.core.protection.hypercubes import Faces, Hypercubes
from saime.core.protection.middle import middle_table
from saime.core.protection.neighbourhood import Neighbourhoods
from saime.core.protection.solver import DUAL_SIMPLEX, SOLVER
from saime.core.protection.witnesses import Witness, proven_reach

LARGE = 500  # targets in a part; fewer are bounded exactly
LEAST = 0.1  # persons that each of several hypercubes moves at least
NARROW = 0.05  # persons; what keeps the cost of cells with no room finite
TYPICAL = 1.0  # of the costs of cells with little room
NEARBY = 2048  # cells of a program around one
FARTHER, FEW = 32_768, 40  # cells of one for what is then left, and cells for which it is tried before programs over the whole part
MARGIN = 1e-3  # persons; a program is asked for so much more than is lacking, as the interior method stops before its bounds
MOST_ROUNDS = 20  # programs for all cells that lack something; one that serves none is the last
MOST_EXPOSED = 20  # cells that are found to be given away; then no more are decided
EXACT = 1e-6  # persons; a point of the interior method that misses rows by more is not used

Search = Callable[[int, float], list[Witness]]


@dataclass(frozen=True)
class Asked:
    """What a cell must be able to hold: ``low`` or fewer, ``high`` or more, and whole numbers ``width`` apart. Shape: one entry a cell."""

    low: Numbers
    high: Numbers
    width: Numbers


@dataclass(frozen=True)
class Surroundings:
    """All published cells of a system: rows over them, values (nan where unknown), and what is next to what."""

    rows: Knowledge
    values: Numbers
    faces: Faces


class Proofs:
    """Tables found so far: the lowest and the highest value of each cell in them, ``lowest`` and ``highest``. Shape: the system's cells."""

    def __init__(self, around: Surroundings, part: Part, targets: Places, asked: Asked) -> None:
        """``targets``: cells of the part, as the system counts them."""
        self._around, self._part, self._asked, self.targets = around, part, asked, targets
        size = len(around.values)
        self.lowest, self.highest = np.full(size, INFINITY), np.full(size, -INFINITY)
        self.is_exact = np.zeros(size, dtype=np.bool_)

    def include(self, cell: int, low: float, high: float | None) -> None:
        """What is known from elsewhere that the cell can hold; ``high`` None is unbounded."""
        self.lowest[cell] = min(self.lowest[cell], low)
        self.highest[cell] = max(self.highest[cell], INFINITY if high is None else high)

    def prove(self) -> None:
        """Until everything asked is proven or decided, or too much is given away. Raises: BadInput if nothing agrees with the rows."""
        if not self._lacking().any():
            return
        near = _Near(self._around, self._part)
        self._keep(self._part.places, near.point)
        for search in (near.by_hypercubes, near.by_clusters, near.by_loose_clusters, near.by_neighbours):
            self._widen_all(near, search)
        self._widen_all(near, near.by_farther_neighbours, FEW)
        near.check()
        if self._lacking().any():
            self._in_rounds(near)
            self._decide()

    def _lacking(self) -> Flags:
        up, down = self._lacks(self.targets)
        return np.asarray(up | down)

    def _lacks(self, cells: Places) -> tuple[Flags, Flags]:
        """Which have to be found higher, and lower; too narrow ones both."""
        lowest, highest = self.lowest[cells], self.highest[cells]
        narrow = ~(np.floor(highest + ROUNDING) - np.ceil(lowest - ROUNDING) >= self._asked.width[cells])
        undecided = ~self.is_exact[cells]
        high, low = highest < self._asked.high[cells] - ROUNDING, lowest > self._asked.low[cells] + ROUNDING
        return undecided & (narrow | high), undecided & (narrow | low)

    def _widen_all(self, near: _Near, search: Search, most: int | None = None) -> None:
        for cell in near.tightest_first(self.targets[self._lacking()])[:most].tolist():
            self._widen(near, cell, search)

    def _widen(self, near: _Near, cell: int, search: Search) -> None:
        for change in self._wishes(near, cell):
            for moved in search(cell, change) if self._is_lacking(cell) else ():
                self._keep(moved.cells, near.table[moved.cells] + moved.amounts)

    def _wishes(self, near: _Near, cell: int) -> list[float]:
        """How far up and down the cell has to go from the table in the middle, within its bounds, so that nothing is lacking."""
        wishes = (near.within_bounds(cell, self._wish(cell, float(near.table[cell]), is_up)) for is_up in (True, False))
        return [change for change in wishes if change]

    def _wish(self, cell: int, value: float, is_up: bool) -> float:
        """How far the cell has to go from ``value`` so that nothing is lacking; 0 where nothing is."""
        lacks = self._lacks(np.array([cell]))
        if is_up and lacks[0][0]:
            least = np.ceil(self.lowest[cell] - ROUNDING) + self._asked.width[cell]
            return float(max(least, self._asked.high[cell]) - value)
        if not is_up and lacks[1][0]:
            most = np.floor(self.highest[cell] + ROUNDING) - self._asked.width[cell]
            return float(min(most, self._asked.low[cell]) - value)
        return 0.0

    def _in_rounds(self, near: _Near) -> None:
        """Programs for all cells that lack something, each up or down, and none farther than it has to, to leave room for the others."""
        random, left = np.random.default_rng(0), len(self.targets) + 1
        for _ in range(MOST_ROUNDS):
            cells = self.targets[self._lacking()]
            if not 0 < len(cells) < left:
                break
            left = len(cells)
            lower, upper = (ends.copy() for ends in self._part.bounds)
            costs = np.zeros(len(lower))
            for cell, column in zip(cells.tolist(), np.searchsorted(self._part.places, cells).tolist(), strict=True):
                change = random.choice(self._whole_wishes(near, cell))
                costs[column] = -np.sign(change)
                if change > 0:
                    upper[column] = min(upper[column], near.table[cell] + change + MARGIN)
                else:
                    lower[column] = max(lower[column], near.table[cell] + change - MARGIN)
            self._keep_point(replace(self._part, bounds=(lower, upper)), costs)

    def _whole_wishes(self, near: _Near, cell: int) -> list[float]:
        """Those that the cell's bounds let it reach, if any are."""
        wishes = [self._wish(cell, float(near.table[cell]), is_up) for is_up in (True, False)]
        return [change for change in wishes if change and near.within_bounds(cell, change) == change] or self._wishes(near, cell) or [1.0]

    def _decide(self) -> None:
        exposed = 0
        for cell in self.targets[self._lacking()].tolist():
            if self._is_lacking(cell) and exposed < MOST_EXPOSED:
                ends = []
                for sign in (1.0, -1.0):
                    costs = np.zeros(len(self._part.places))
                    costs[np.searchsorted(self._part.places, cell)] = sign
                    ends.append(self._keep_point(self._part, costs))
                exposed += self._is_lacking(cell)
                self.is_exact[cell] = all(ends)

    def _keep_point(self, part: Part, costs: Numbers) -> bool:
        """Of the cheapest table that was found; whether it is the cheapest there is."""
        point, is_optimal = interior_point(part, costs)
        self._keep(part.places, point)
        return is_optimal

    def _is_lacking(self, cell: int) -> bool:
        up, down = self._lacks(np.array([cell]))
        return bool(up[0] or down[0])

    def _keep(self, cells: Places, values: Numbers) -> None:
        self.lowest[cells] = np.minimum(self.lowest[cells], values)
        self.highest[cells] = np.maximum(self.highest[cells], values)


class _Near:
    """Tables that differ in few cells from one in the middle of all that agree; ``table``, and ``point`` for the part alone."""

    def __init__(self, around: Surroundings, part: Part) -> None:
        self._around, self._part = around, part
        self.point = middle_point(part)
        self.table = np.nan_to_num(around.values)
        self.table[part.places] = self.point
        self._limits = Limits(np.zeros(len(self.table)), np.zeros(len(self.table)))
        self._limits.down[part.places] = np.maximum(self.point - part.bounds[0], 0.0)
        self._limits.up[part.places] = np.maximum(part.bounds[1] - self.point, 0.0)
        rows = _as_met(around.rows, self.table)
        self._near = Neighbourhoods(rows, self.table, self._limits)
        self._cubes = Hypercubes(around.faces, rows, self.table, self._limits)
        self._clusters, self._loose = Clusters(self._near, self._cubes), Clusters(self._near, self._cubes, TYPICAL)
        self._costs, self._free = 1.0 / (NARROW + self._limits.down), np.zeros(len(self.table))
        self._found: list[Witness] = []

    def tightest_first(self, cells: Places) -> Places:
        return cells[np.argsort(self._limits.down[cells], kind="stable")]

    def by_hypercubes(self, cell: int, change: float) -> list[Witness]:
        return self._both_ways(self._cubes.several(cell, change, self._free, LEAST))

    def by_clusters(self, cell: int, change: float) -> list[Witness]:
        return self._both_ways(self._clusters.farthest(cell, change, self._costs))

    def by_loose_clusters(self, cell: int, change: float) -> list[Witness]:
        return self._both_ways(self._loose.farthest(cell, change, self._costs))

    def by_neighbours(self, cell: int, change: float, most: int = NEARBY) -> list[Witness]:
        return self._noted(self._near.cheapest(cell, change, self._costs, TYPICAL, self._limits.up > 0, most))

    def by_farther_neighbours(self, cell: int, change: float) -> list[Witness]:
        return self.by_neighbours(cell, change, FARTHER)

    def within_bounds(self, cell: int, change: float) -> float:
        return float(np.clip(change, -self._limits.down[cell], self._limits.up[cell]))

    def _both_ways(self, moved: Witness | None) -> list[Witness]:
        """It, as far as there is room, and the other way round."""
        return self._noted([moved, *self._near.stretched(moved)]) if moved else []

    def _noted(self, found: list[Witness]) -> list[Witness]:
        self._found.extend(found)
        return found

    def check(self) -> None:
        """Each table once more, against all rows. Raises: SaimeError where one does not agree."""
        unknown, values = np.isnan(self._around.values), np.nan_to_num(self._around.values)
        bounds = values.copy(), values.copy()
        for own, ends in zip(bounds, self._part.bounds, strict=True):
            own[self._part.places] = ends
        proven_reach(self._around.rows, self.table, bounds, unknown, self._found)


def _as_met(rows: Knowledge, table: Numbers) -> Knowledge:
    """The rows that the table meets exactly: what it misses others by is within rounding, and more than programs forgive."""
    activity, is_equation = rows.activity(table), rows.lower == rows.upper
    lower, upper = np.minimum(rows.lower, activity), np.maximum(rows.upper, activity)
    return replace(rows, lower=np.where(is_equation, activity, lower), upper=np.where(is_equation, activity, upper))


def middle_point(part: Part) -> Numbers:
    """A table that agrees with the rows, far from all bounds; by the solver's interior method where ``middle.py`` finds none.

    Raises: BadInput if nothing agrees with the rows.
    """
    point = middle_table(part.rows, part.bounds)
    return interior_point(part, np.zeros(len(part.places)))[0] if point is None else _checked(part, point)


def interior_point(part: Part, costs: Numbers) -> tuple[Numbers, bool]:
    """The cheapest table that agrees with the rows, and whether it is sure to be.

    By the simplex method where the interior method ends without a table, or with one that misses rows. Raises: BadInput if nothing agrees
    with the rows.
    """
    interior = part.program(interior=True)
    interior.set_costs(costs)
    try:
        return _checked(part, part.solve(interior)), interior.is_optimal
    except SaimeError:
        simplex = part.program(strategy=DUAL_SIMPLEX, presolve=True)
        simplex.set_costs(costs)
        return part.solve(simplex), True


def _checked(part: Part, point: Numbers) -> Numbers:
    activity = part.rows.activity(point)
    slack = EXACT * np.maximum(1.0, np.abs(activity))
    agrees = (activity >= part.rows.lower - slack) & (activity <= part.rows.upper + slack)
    inside = (point >= part.bounds[0] - EXACT) & (point <= part.bounds[1] + EXACT)
    if not (agrees.all() and inside.all()):
        raise SaimeError("the interior method ended with a table that misses rows", where=SOLVER, fix="report this with the plan's name")
    return np.clip(point, *part.bounds)
