"""Intervals that many cells have at least, from few linear programs: for parts in which two programs a cell would take too long.

Each solution is a table that agrees with everything known, so it proves for all its cells at once what they can hold. A program moves
all cells that lack something towards what is asked of them; what is asked and not found in this way is decided by two exact programs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from saime.core.protection.audit import ROUNDING, Part, contradiction
from saime.core.protection.constraints import INFINITY, Flags, Numbers, Places
from saime.core.protection.solver import DUAL_SIMPLEX, LinearProgram

LARGE = 1000  # targets in a part; fewer are bounded exactly
ROUNDS = 40  # of programs for all cells
ENOUGH = 0.05  # of what is lacking; a round that proves less is the last


@dataclass(frozen=True)
class Asked:
    """What a cell must be able to hold: ``low`` or fewer, ``high`` or more, and whole numbers ``width`` apart. Shape: one entry a cell."""

    low: Numbers
    high: Numbers
    width: Numbers

    def at(self, places: Places) -> Asked:
        return Asked(self.low[places], self.high[places], self.width[places])


class Proofs:
    """Tables found so far: the lowest and the highest value of each target in them, ``lowest`` and ``highest``."""

    def __init__(self, part: Part, targets: Places, asked: Asked) -> None:
        self._part, self._targets, self._asked = part, targets, asked
        rows = (part.rows.starts, part.rows.cells.astype(np.int32), part.rows.signs)
        bounds = (part.rows.lower, part.rows.upper)
        self._program = LinearProgram(rows, bounds, part.bounds, strategy=DUAL_SIMPLEX, presolve=True)
        self._point = self._solve(np.zeros(len(part.places)))
        self.lowest, self.highest = self._point[targets].copy(), self._point[targets].copy()
        self.is_exact = np.zeros(len(targets), dtype=np.bool_)

    def include(self, target: int, low: float, high: float | None) -> None:
        """What is known from elsewhere that the target can hold; ``high`` None is unbounded."""
        self.lowest[target] = min(self.lowest[target], low)
        self.highest[target] = max(self.highest[target], INFINITY if high is None else high)

    def prove(self) -> None:
        """Until everything asked is proven or decided. Raises: BadInput if nothing agrees with the rows."""
        random, lacking = np.random.default_rng(0), INFINITY  # so that the first round always is, also where all lack something
        for _ in range(ROUNDS):
            up, down = self.lacks()
            before, lacking = lacking, float((up | down).sum())
            if lacking == 0 or lacking > before * (1.0 - ENOUGH):
                break
            self._round(up & (~down | (random.random(len(up)) < 0.5)), up | down)
        self._program.set_all_bounds(*self._part.bounds)
        for target in range(len(self._targets)):
            up, down = self.lacks()
            if up[target] or down[target]:
                self._decide(target)

    def lacks(self) -> tuple[Flags, Flags]:
        """Which targets have to be found higher, and lower; too narrow ones both."""
        narrow = np.floor(self.highest + ROUNDING) - np.ceil(self.lowest - ROUNDING) < self._asked.width
        undecided = ~self.is_exact
        high, low = self.highest < self._asked.high - ROUNDING, self.lowest > self._asked.low + ROUNDING
        return undecided & (narrow | high), undecided & (narrow | low)

    def _round(self, is_up: Flags, lacking: Flags) -> None:
        """All that lack something at once, each up or down, and none farther than is asked, to leave room for the others."""
        lower, upper = (ends.copy() for ends in self._part.bounds)
        asked, now = self._asked, self._point[self._targets]
        high = np.maximum(asked.high, np.ceil(self.lowest - ROUNDING) + asked.width)
        low = np.minimum(asked.low, np.floor(self.highest + ROUNDING) - asked.width)
        ups, downs = lacking & is_up, lacking & ~is_up
        upper[self._targets[ups]] = np.minimum(upper[self._targets[ups]], np.maximum(high, now)[ups])
        lower[self._targets[downs]] = np.maximum(lower[self._targets[downs]], np.minimum(low, now)[downs])
        self._program.set_all_bounds(lower, upper)
        costs = np.zeros(len(lower))
        costs[self._targets[ups]], costs[self._targets[downs]] = -1.0, 1.0
        self._keep(self._solve(costs))

    def _decide(self, target: int) -> None:
        column, ends = int(self._targets[target]), []
        for sign in (1.0, -1.0):
            costs = np.zeros(len(self._point))
            costs[column] = sign
            ends.append(self._solve(costs))
            self._keep(ends[-1])
        self.is_exact[target] = True

    def _keep(self, point: Numbers) -> None:
        self._point = point
        np.minimum(self.lowest, point[self._targets], out=self.lowest)
        np.maximum(self.highest, point[self._targets], out=self.highest)

    def _solve(self, costs: Numbers) -> Numbers:
        self._program.set_costs(costs)
        self._program.restart()
        if (point := self._program.solve()) is None:
            raise contradiction(len(self._part.places))
        return point
